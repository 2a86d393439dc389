"""Measure the gate of reproductions: true ones are accepted, and tests that pass or cannot run on the old source refused.

    python -m benchmarks.authoring.reproduction [folder] [--only NAME] [--gold]

`reproductions.yml` has the tests, upon the small projects of `../proof/cheats` with their real runners (Go is played by
`../proof/standin.py`). `--gold`: merged changes of real projects instead (`../proof/gold.yml`, the cases with pytest): the
tests of each alone must be accepted, and refused on the source with the fix, and with an import that fails. Needs pip and
npm; the folder keeps what is installed. Exit code 1: the gate erred.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from benchmarks.authoring.workshop import Workshop, laid_out, workshop, written
from benchmarks.proof import cheats, gold
from benchmarks.proof.run import GIT, run
from redimento.authoring.answer_format import parse_answer
from redimento.change.edit import Change
from redimento.change.plan import plan
from redimento.settings import ChangeSettings
from redimento.verification.reproduction import examine
from redimento.verification.roles import is_test_path

_SECONDS = 20  # for a check: one of the tests never ends


@dataclass(frozen=True)
class Judged:
    """What the gate said of one test. `shows`: what it should have said."""

    project: str
    name: str
    shows: bool
    refusal: str  # "" if it was accepted

    @property
    def right(self) -> bool:
        return self.shows == (not self.refusal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--gold", action="store_true")
    options = parser.parse_args()
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="redimento-reproduction-"))).resolve()
    found = []
    for one in _merged(folder, options.only) if options.gold else _written(folder, options.only):
        found.append(one)
        print(
            f"{'right' if one.right else 'WRONG'}  {one.project}: {one.name}: {one.refusal or 'accepted'}", flush=True
        )
    print("\n| project | true ones accepted | others accepted |\n|---|---|---|")
    counts = Counter((one.project, one.shows, not one.refusal) for one in found)
    for project in [*dict.fromkeys(one.project for one in found)]:
        cells = [
            f"{counts[project, shows, True]} of {counts[project, shows, True] + counts[project, shows, False]}"
            for shows in (True, False)
        ]
        print(f"| {project} | {' | '.join(cells)} |")
    sys.exit(not all(one.right for one in found))


def _written(folder: Path, only: str) -> Iterator[Judged]:
    """Judge the tests of `reproductions.yml`."""
    path = cheats.install(folder)
    wanted = yaml.safe_load(Path(__file__).with_name("reproductions.yml").read_text("utf-8"))
    for name, tests in wanted.items():
        project = yaml.safe_load((cheats.CHEATS / name / "project.yml").read_text("utf-8"))
        checkout = folder / "written" / name
        shutil.rmtree(checkout, ignore_errors=True)
        laid_out(project["files"], checkout)
        checks = project["checks"]
        checks["commands"] = [{**command, "timeout": _SECONDS} for command in checks["commands"]]
        with workshop(checkout, checks, path) as shop:
            for test, how in tests.items():
                if only in f"{name}: {test}":
                    blocks = "\n".join(cheats.block(path, content) for path, content in how["write"].items())
                    yield Judged(name, test, how["shows"], _answered(shop, blocks))


def _merged(folder: Path, only: str) -> Iterator[Judged]:
    """Judge the tests of merged changes."""
    cases, left_out = gold.read(gold.GOLD, folder, only)
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    for case in cases:
        checkout = folder / "merged" / case.id
        gold.lay_out(case, checkout)
        if not case.reports or not gold.survey(case, checkout)[1]:
            continue  # no test of it fails on the old source
        command = {
            "name": "tests",
            "run": case.command,
            "junit": gold.REPORT,
            "timeout": 600,
            "env": dict(case.environment),
        }
        checks = {"isolation": "process", "commands": [command]}
        whole = _merged_change(checkout, case.answer)
        tests = Change(tuple(file for file in whole.files if is_test_path(file.path)))
        with workshop(checkout, checks, os.environ["PATH"]) as shop:
            yield Judged(case.id, "its tests", shows=True, refusal=_refusal(shop, tests))
            yield Judged(case.id, "with an import that fails", shows=False, refusal=_refusal(shop, _broken(tests)))
            yield Judged(case.id, "with the source", shows=False, refusal=_refusal(shop, whole))
        source = [file for file in whole.files if file not in tests.files]
        for file in source:
            _write(checkout / file.path, file.after)
        run([*GIT, "commit", "--quiet", "--all", "--message", "fixed"], checkout)
        with workshop(checkout, checks, os.environ["PATH"]) as shop:
            yield Judged(case.id, "on the source with the fix", shows=False, refusal=_refusal(shop, tests))


def _answered(shop: Workshop, answer: str) -> str:
    """Return why an answer brings no reproduction: a guard may refuse it before the gate does."""
    planned = plan(shop.root, parse_answer(answer).edits, ChangeSettings())
    return planned.refusals[0].sentence if planned.refusals else _refusal(shop, planned.change)


def _refusal(shop: Workshop, change: Change) -> str:
    with written(shop, change):
        examined = examine(shop.bench, change, shop.baseline)
    return "" if examined.reproduction else examined.refusal or "refused without a word"


def _merged_change(root: Path, answer: str) -> Change:
    planned = plan(root, parse_answer(answer).edits, ChangeSettings())
    if planned.refusals:
        sys.exit(f"{root.name}: {planned.refusals[0].sentence}")
    return planned.change


def _broken(tests: Change) -> Change:
    files = [
        replace(file, after=b"import nonexistent_helper\n" + file.after)
        if file.path.endswith(".py") and file.after
        else file
        for file in tests.files
    ]
    return Change(tuple(files))


def _write(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink()
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
