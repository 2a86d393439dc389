"""Show each locked package with its licence and installed size, and what changed since the last commit.

Exit 1 when a licence is not on the list below: a new one is read by a person before it is added.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", re.MULTILINE)
_LICENCES = re.compile(
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF|MPL|Mozilla Public|Unlicense|0BSD|Zlib", re.IGNORECASE
)
_MEGABYTE = 1_000_000


def main() -> int:
    """Print one line a package, the largest first."""
    before, runtime = _pins(_committed("requirements-dev.lock")), _pins(Path("requirements.lock").read_text("utf-8"))
    unknown = []
    rows = []
    for name, version in _pins(Path("requirements-dev.lock").read_text("utf-8")).items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform or Python
        licence = _licence(found)
        if not _LICENCES.search(licence):
            unknown.append(f"{name} {version}: {licence or 'no licence named'}")
        old = before.get(name)
        change = "" if old == version else "new" if old is None else f"was {old}"
        rows.append((_megabytes(found), name, version, "image" if name in runtime else "", licence, change))
    for megabytes, *row in sorted(rows, reverse=True):
        sys.stdout.write(
            f"{megabytes:6.1f} MB  "
            + "  ".join(word.ljust(w) for word, w in zip(row, (32, 18, 6, 40, 0), strict=True))
            + "\n"
        )
    image = sum(megabytes for megabytes, _, _, place, *_ in rows if place)
    sys.stdout.write(f"{image:6.1f} MB in the image, {sum(row[0] for row in rows):.1f} MB in all\n")
    gone = sorted(before.keys() - {row[1] for row in rows})
    if gone:
        sys.stdout.write(f"no longer locked, or for another platform: {', '.join(gone)}\n")
    for line in unknown:
        sys.stderr.write(f"Read this licence, then add it to .ci/review_lock.py: {line}\n")
    return 1 if unknown else 0


def _pins(lock: str) -> dict[str, str]:
    return {name.lower(): version for name, version in _PIN.findall(lock)}


def _committed(path: str) -> str:
    done = subprocess.run(["git", "show", f"HEAD:{path}"], capture_output=True, text=True, check=False)  # noqa: S603, S607  a fixed command of the maintainer's
    return done.stdout


def _licence(found: Distribution) -> str:
    meta = found.metadata
    classified = [
        line.rpartition(" :: ")[2] for line in meta.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    said = meta.get("License-Expression") or ", ".join(classified) or meta.get("License") or ""
    return str(said).partition("\n")[0][:40]


def _megabytes(found: Distribution) -> float:
    files = (Path(str(file.locate())) for file in found.files or [])
    return sum(file.stat().st_size for file in files if file.is_file()) / _MEGABYTE


if __name__ == "__main__":
    sys.exit(main())
