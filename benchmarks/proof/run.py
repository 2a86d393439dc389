"""Fix a planted defect in three real projects, and print the pull requests and their evidence.

The projects are downloaded from their registries by name and version, with their own test suites. Ours is `projects/`: a
small defect, a work item, settings, and the answers of a model. Run `python benchmarks/proof/run.py [folder]`; needs pip,
npm and git. The folder keeps everything, downloads included.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECTS = Path(__file__).parent / "projects"
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", "-c", "init.defaultBranch=main")
# Commands are timed from outside Redimento, by wrappers on PATH: clock, user, system.
STOPWATCH = """#!/bin/bash
TIMEFORMAT='%R %U %S'
{{ time "{tool}" "$@" 2>&3; }} 3>&2 2>>"{times}"
"""


@dataclass(frozen=True)
class Bench:
    """One downloaded project: its git repository, the folder for PATH, and the file with the times of its commands."""

    name: str
    checkout: Path
    tools: Path
    times: Path


@dataclass(frozen=True)
class Times:
    """Wall-clock and processor time in seconds; a busy machine distorts the latter less."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Row:
    """One row of the tables."""

    project: str
    baseline: str
    new_failures: str  # after each answer; per candidate
    after: str
    proofs: str
    rounds: str
    candidate: str
    outcome: str
    commands: int
    whole: Times
    of_commands: Times

    @property
    def overhead(self) -> Times:
        """Everything except the commands; the recorded model takes no time."""
        return Times(self.whole.clock - self.of_commands.clock, self.whole.processor - self.of_commands.processor)


def run(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Times:
    """Run a command that must succeed and return its times, child processes included."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command))} failed in {folder} with exit code {done.returncode}.")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Times(time.perf_counter() - began, worked)


def fetch(wanted: Mapping[str, Any], downloads: Path) -> Path:
    """Download the archive of one project, unless present, and return its path."""
    name, version = wanted["name"], wanted["version"]
    downloads.mkdir(parents=True, exist_ok=True)
    there = sorted(downloads.glob(f"{name}-{version}.t*gz")) + sorted(downloads.glob(f"{name}-{version}.tar.gz"))
    if not there:
        if wanted["registry"] == "npm":
            run(["npm", "pack", "--silent", f"{name}@{version}"], downloads)
        else:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
            run([*pip, f"{name}=={version}"], downloads)
        there = sorted(downloads.glob(f"{name}-{version}.t*gz")) + sorted(downloads.glob(f"{name}-{version}.tar.gz"))
    return there[0]


def install(wanted: Mapping[str, Any], folder: Path) -> Path:
    """Install the project's test tools where its checkout finds them, and return the folder of their commands."""
    if wanted["registry"] == "npm":
        if not (folder / "node_modules").is_dir():
            run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *wanted["tools"]], folder)
        return folder / "node_modules" / ".bin"
    if not (folder / "venv").is_dir():
        run([sys.executable, "-m", "venv", folder / "venv"], folder)
        run([folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted["tools"]], folder)
    return folder / "venv" / "bin"


def prepare(project: Path, folder: Path) -> Bench:
    """Create a git repository of the project, with the defect in its only commit."""
    wanted = yaml.safe_load((project / "project.yml").read_text("utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    archive = fetch(wanted, folder / "downloads")
    commands = install(wanted, folder)
    checkout = folder / project.name
    shutil.rmtree(checkout, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder) as unpacked, tarfile.open(archive) as file:
        file.extractall(unpacked, filter="data")
        next(Path(unpacked).iterdir()).rename(checkout)
    for change in wanted["defect"]:
        path = checkout / change["file"]
        text = path.read_text("utf-8")
        if text.count(change["before"]) != 1:
            sys.exit(f"{path}: the text to replace does not occur exactly once.")
        path.write_text(text.replace(change["before"], change["after"]), encoding="utf-8")
    for added in wanted.get("added", ()):
        (checkout / added["file"]).write_text(added["text"], encoding="utf-8")
    (checkout / ".gitignore").write_text("__pycache__/\n.junit.xml\n*.egg-info/\n", encoding="utf-8")
    run([*GIT, "init", "--quiet"], checkout)
    run([*GIT, "add", "."], checkout)
    run([*GIT, "commit", "--quiet", "--message", f"{wanted['name']} {wanted['version']}"], checkout)
    times = folder / "times.txt"
    return Bench(project.name, checkout, timed(commands, folder / "timed", times), times)


def timed(commands: Path, folder: Path, times: Path) -> Path:
    """Wrap each tool that the checks use in a stopwatch."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("python3", "pytest", "mocha"):
        if (commands / name).exists():
            shim = folder / name
            shim.write_text(STOPWATCH.format(tool=commands / name, times=times), encoding="utf-8")
            shim.chmod(shim.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return folder


def measure(project: Path, bench: Bench, folder: Path) -> Row:
    """Run the work item and build the row from the record of the run."""
    settings = yaml.safe_load((project / "settings.yml").read_text("utf-8"))
    settings["model"]["recording"] = str(project / "answers")
    config, run_folder = folder / "settings.yml", folder / "run"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.rmtree(run_folder, ignore_errors=True)
    bench.times.write_text("", encoding="utf-8")
    bench.times.chmod(0o666)
    (folder / "tmp").mkdir(exist_ok=True)
    whole = run(
        [
            sys.executable, "-m", "redimento", "run", "--work-item-file", project / "work-item.md",
            "--repo", bench.checkout, "--config", config, "--run-dir", run_folder, "--json",
        ],
        folder,
        {**os.environ, "PATH": f"{bench.tools}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(folder / "tmp")},
    )  # fmt: skip
    noted = [[float(each) for each in line.split()] for line in bench.times.read_text("utf-8").splitlines()]
    record = json.loads((run_folder / "record.json").read_text("utf-8"))
    verdict = json.loads((run_folder / "verification.json").read_text("utf-8"))
    of_commands = Times(sum(each[0] for each in noted), sum(each[1] + each[2] for each in noted))
    return row(project.name, record, verdict, commands=len(noted), whole=whole, of_commands=of_commands)


def row(
    name: str,
    record: Mapping[str, Any],
    verdict: Mapping[str, Any],
    *,
    commands: int,
    whole: Times,
    of_commands: Times,
) -> Row:
    chosen = record["candidates"][0]
    in_order = sorted(record["candidates"], key=lambda each: int(each["number"]))
    before = [test["outcome"] for check in verdict["before"]["results"] for test in check["tests"]]
    failed = sum(outcome in {"failed", "error"} for outcome in before)
    proofs = chosen["proofs"]
    return Row(
        project=name,
        baseline=f"{len(before)} tests, {failed} failed",
        new_failures="; ".join(" → ".join(map(str, each["failuresByRound"])) for each in in_order),
        after=f"{len(verdict['known_failures'])} known, {len(verdict['fixed'])} fixed, {len(verdict['flaky'])} flaky",
        proofs=f"{sum(proof['proves'] for proof in proofs)} of {len(proofs)}",
        rounds=str(chosen["rounds"]),
        candidate=f"{chosen['number']} of {record['settings']['model']['candidates']}",
        outcome=record["outcome"]["kind"],
        commands=commands,
        whole=whole,
        of_commands=of_commands,
    )


def table(head: str, rows: Sequence[Sequence[object]]) -> str:
    columns = head.split(" | ")
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def evidence(rows: Sequence[Row]) -> str:
    return table(
        "project | baseline | new failures | final verdict | fail-to-pass | repair rounds | candidate | outcome",
        [
            (each.project, each.baseline, each.new_failures, each.after, each.proofs, each.rounds, each.candidate, each.outcome)
            for each in rows
        ],
    )  # fmt: skip


def times(rows: Sequence[Row]) -> str:
    return table(
        "project | commands | run, s | overhead, s | overhead, processor s",
        [
            (each.project, each.commands, f"{each.whole.clock:.1f}", f"{each.overhead.clock:.1f}", f"{each.overhead.processor:.1f}")
            for each in rows
        ],
    )  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="redimento-proof-")).resolve()
    rows = []
    for project in sorted(path.parent for path in PROJECTS.glob("*/project.yml")):
        bench = prepare(project, folder / project.name)
        rows.append(measure(project, bench, folder / project.name))
        for text in sorted((folder / project.name / "run" / "pull-requests").rglob("pull-request.md")):
            print(f"{'=' * 20} {project.name}\n{text.read_text('utf-8')}")
    print(f"{evidence(rows)}\n\n{times(rows)}")
    print(f"\nEverything is in {folder}.")


if __name__ == "__main__":
    main()
