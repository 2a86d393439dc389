"""Write the bill of materials of what the image adds to its base: CycloneDX 1.6 (cyclonedx.org/docs/1.6/json).

Usage: sbom.py PRODUCT ENVIRONMENT FILE. Runs on the Debian from which the Python in ENVIRONMENT comes. It has neither time
nor random number, so the same input gives the same file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any


def main(product: Path, environment: Path, file: Path) -> None:
    (redimento,) = distributions(path=[str(product)])
    (packages,) = environment.glob("lib/python3*/site-packages")
    parts = [*_libraries(environment / "python"), *map(_python_package, distributions(path=[str(packages)]))]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**_python_package(redimento), "type": "application"}},
        "components": sorted(parts, key=lambda part: str(part["purl"])),
    }
    file.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _python_package(package: Distribution) -> dict[str, Any]:
    name, version = package.metadata["Name"], package.version
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    key = "License-Expression"
    licences = {"licenses": [{"expression": package.metadata[key]}]} if key in package.metadata else {}
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, **licences}


def _libraries(python: Path) -> Iterator[dict[str, Any]]:
    """Yield the Debian packages that Python and its libraries were copied from: scanners no longer see them as such."""
    names = [f"*/{file.name}" for file in python.rglob("*.so*")] + [
        f"/usr/bin/{file.name}" for file in python.glob("bin/*")
    ]
    owners = {line.partition(": ")[0] for line in _output("dpkg-query", "--search", *names).splitlines()}
    lines = _output("dpkg-query", "--show", "--showformat=${Package} ${Version} ${Architecture}\n", *sorted(owners))
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text("utf-8").splitlines() if "=" in line
    )
    distribution = f"{release['ID']}-{release['VERSION_ID']}".replace('"', "")
    for line in lines.splitlines():
        name, version, architecture = line.split()
        purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}&distro={distribution}".replace("+", "%2B")
        yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
