"""Take merged changes of real projects through the whole program: none of them may become a draft wrongly.

The changes are those of `../shared/bench/gold/dev.jsonl`, the projects mirrors beside it; `gold.yml` names the cases
whose own tests can run here. Run: `python -m benchmarks.proof.gold [folder] [--only PATTERN] [--gold FILE]`; needs pip
and git. BENCH_MIRROR names the folder of the mirrors where it is not found as `.mirror` above this repository.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.proof.cheats import cell, said, see
from benchmarks.proof.run import GIT, run, table
from redimento.verification.reports.reading import read_reports
from redimento.verification.roles import is_test_path

HERE = Path(__file__).resolve().parent
GOLD = HERE.parents[2] / "shared" / "bench" / "gold" / "dev.jsonl"
REPORT = ".junit.xml"
HEAD = re.compile(r"```json\n.*?\n```\n", re.DOTALL)
TESTS_NAMED = 5  # in the answer; models name few


@dataclass(frozen=True)
class Case:
    """A merged change, and how its tests are run."""

    id: str
    mirror: Path
    base: str
    title: str
    description: str
    answer: str
    files: Sequence[str]
    command: str
    environment: Mapping[str, str]
    built: Mapping[str, str]  # files that the project's build would write

    @property
    def reports(self) -> bool:
        return "pytest" in self.command


@dataclass(frozen=True)
class Row:
    """What came out. `changed`: existing tests whose old form fails on the new source."""

    case: str
    changed: int
    proving: int
    outcome: str
    said: str
    seconds: float


def mirrors() -> Path | None:
    """Return the folder of the mirrors, found as the scorers of the bench find it."""
    if "BENCH_MIRROR" in os.environ:
        return Path(os.environ["BENCH_MIRROR"])
    return next((above / ".mirror" for above in HERE.parents if (above / ".mirror").is_dir()), None)


def read(gold: Path, folder: Path, only: str) -> tuple[list[Case], list[str]]:
    """Return the cases that can run, and for every other one why it cannot."""
    wanted = yaml.safe_load((HERE / "gold.yml").read_text("utf-8"))
    found = {line["id"]: line for line in map(json.loads, gold.read_text("utf-8").splitlines())}
    above = mirrors()
    cases, left_out = [], []
    for name, how in wanted["cases"].items():
        if not re.search(only, name):
            continue
        line = found.get(name)
        mirror = above / line["mirror"] / "repo" if above and line else None
        if line is None or mirror is None or not mirror.is_dir():
            left_out.append(f"{name}: {'no mirror of its project' if line else 'not in the file'}")
            continue
        python = installed(folder / "venvs" / how["needs"], wanted["environments"][how["needs"]])
        cases.append(
            Case(
                id=name,
                mirror=mirror,
                base=line["base_commit"],
                title=line["title"],
                description=line["description"],
                answer=line["answer"],
                files=line["files"],
                command=command(python, how["run"]),
                environment={"PYTHONPATH": how["path"]},
                built=how.get("files", {}),
            )
        )
    return cases, left_out


def command(python: Path, words: str) -> str:
    if words.startswith("pytest "):
        options = f"-q -p no:cacheprovider -o junit_family=xunit2 --junitxml={REPORT}"
        return f"{python} -m pytest {options} {words.removeprefix('pytest ')}"
    return f"{python} {words} --parallel 1"


def installed(folder: Path, packages: Sequence[str]) -> Path:
    """Make an environment with these packages, unless it is there, and return its Python."""
    python, done = folder / "bin" / "python", folder / "installed"
    if not done.exists() or done.read_text("utf-8").split() != list(packages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", folder], folder.parent)
        run([python, "-m", "pip", "install", "--quiet", *packages], folder)
        done.write_text("\n".join(packages), encoding="utf-8")
    return python


def lay_out(case: Case, checkout: Path) -> None:
    """Write the tree at its base as a repository of one commit."""
    shutil.rmtree(checkout, ignore_errors=True)
    checkout.mkdir(parents=True)
    archive = ["git", "--git-dir", str(case.mirror), "archive", case.base]
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as packed:
        subprocess.run(["tar", "-x"], cwd=checkout, stdin=packed.stdout, check=True)
    for path, text in case.built.items():
        (checkout / path).write_text(text, encoding="utf-8")
    with (checkout / ".gitignore").open("a", encoding="utf-8") as file:
        file.write(f"\n{REPORT}\n__pycache__/\n")
    for arguments in (("init", "--quiet"), ("add", "--all", "--force"), ("commit", "--quiet", "--message", "base")):
        run([*GIT, *arguments], checkout)


def outcomes(case: Case, checkout: Path) -> dict[str, bool]:
    """Run the tests and return which pass; without a report the check as a whole is one test."""
    (checkout / REPORT).unlink(missing_ok=True)
    environment = {**os.environ, **case.environment, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(shlex.split(case.command), cwd=checkout, env=environment, capture_output=True, check=False)
    if not case.reports:
        return {"": done.returncode == 0}
    return {test.id: test.outcome == "passed" for test in read_reports(REPORT, checkout).tests}


def survey(case: Case, checkout: Path) -> tuple[list[str], list[str]]:
    """Return the tests whose old form fails on the new source, and those whose new form fails on the old source.

    A model would have to name both. The tree is as before afterwards.
    """
    tests = [path for path in case.files if is_test_path(path)]
    source = [path for path in case.files if path not in tests]
    before = outcomes(case, checkout)
    after = mixed(case, checkout, old=[])
    old_tests = mixed(case, checkout, old=tests)
    changed = [test for test, passed in before.items() if passed and not old_tests.get(test)]
    if not case.reports:
        return ([path for path in tests if in_base(checkout, path)] if changed else []), []
    old_source = mixed(case, checkout, old=source)
    return changed, [test for test, passed in after.items() if passed and not old_source.get(test)]


def mixed(case: Case, checkout: Path, *, old: Sequence[str]) -> dict[str, bool]:
    """Run the tests on the change without what it does to the files `old`, and put the tree back."""
    answer = checkout.with_name("gold.md")
    answer.write_text(case.answer, encoding="utf-8")
    run([sys.executable, "-m", "redimento", "apply", answer, "--repo", checkout], checkout)
    for path in old:
        if in_base(checkout, path):
            run([*GIT, "checkout", "--quiet", "HEAD", "--", path], checkout)
        else:
            (checkout / path).unlink(missing_ok=True)
    seen = outcomes(case, checkout)
    run([*GIT, "reset", "--quiet", "--hard"], checkout)
    run([*GIT, "clean", "--quiet", "-fd"], checkout)
    return seen


def in_base(checkout: Path, path: str) -> bool:
    done = subprocess.run([*GIT, "cat-file", "-e", f"HEAD:{path}"], cwd=checkout, capture_output=True, check=False)
    return done.returncode == 0


def measure(case: Case, folder: Path) -> Row:
    """Survey the change, then give it to the program as a model would."""
    shutil.rmtree(folder, ignore_errors=True)
    checkout = folder / "repository"
    lay_out(case, checkout)
    changed, proving = survey(case, checkout)
    head: dict[str, Any] = {
        "summary": case.title,
        "criteria": [{"id": 1, "status": "done", "tests": proving[:TESTS_NAMED], "note": case.files[0]}],
        "changed_tests": [
            {"test": test, "why": "It expects what the item changes.", "criterion": 1} for test in changed
        ],
    }
    (folder / "answers").mkdir()
    text = HEAD.sub(lambda _: f"```json\n{json.dumps(head)}\n```\n", case.answer, count=1)
    (folder / "answers" / "1.md").write_text(text, encoding="utf-8")
    # First, for the fences of some descriptions are never closed.
    item = f"# {case.title}\n\n## Acceptance criteria\n\n- {case.title}\n\n## Description\n\n{case.description}\n"
    (folder / "work-item.md").write_text(item, encoding="utf-8")
    check: dict[str, Any] = {"name": "tests", "run": case.command, "env": dict(case.environment), "timeout": 900}
    settings = {
        "model": {"sdk": "recorded", "recording": str(folder / "answers")},
        "checks": {"isolation": "process", "commands": [check | ({"junit": REPORT} if case.reports else {})]},
        "change": {"max_shrink_percent": 100},
    }
    (folder / "settings.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "tmp").mkdir()
    began = time.perf_counter()
    seen = see(folder, {**os.environ, "TMPDIR": str(folder / "tmp")})
    return Row(case.id, len(changed), len(proving), seen.outcome, said(seen), time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take merged changes of real projects through the whole program.")
    parser.add_argument("folder", nargs="?", type=Path, help="keeps the environments and what the runs left")
    parser.add_argument("--only", default="", metavar="PATTERN", help="the cases whose ids match")
    parser.add_argument("--gold", type=Path, default=GOLD, metavar="FILE", help="the changes")
    options = parser.parse_args()
    if not options.gold.is_file():
        print(f"Skipped: {options.gold} is not there.")
        return
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="redimento-gold-"))).resolve()
    cases, left_out = read(options.gold, folder, options.only)
    rows = []
    for case in cases:
        row = measure(case, folder / "runs" / case.id)
        rows.append(row)
        print(f"{case.id}: {row.outcome}, {row.said}", file=sys.stderr, flush=True)
    print(
        table(
            "change | old tests it breaks | fail-to-pass | outcome | the pull request says | s",
            [
                (cell(row.case), row.changed, row.proving, row.outcome, cell(row.said), f"{row.seconds:.0f}")
                for row in rows
            ],
        )
    )
    for reason in left_out:
        print(f"Skipped: {reason}.")
    print(f"\nDelivered: {sum(row.outcome == 'delivered' for row in rows)} of {len(rows)}. Everything is in {folder}.")
    sys.exit(0 if all(row.outcome == "delivered" for row in rows) else 1)


if __name__ == "__main__":
    main()
