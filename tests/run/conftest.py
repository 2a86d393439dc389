"""Whole runs from the outside: an emulated organisation, a checkout as an agent makes it, a recorded model."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from devops_emulator.routing import Watch
from devops_emulator.server import Emulator, running
from redimento.azure.client import AzureClient
from redimento.events import Emit, Event
from redimento.run.job import Finished
from redimento.run_options import RunOptions
from redimento.running import Ended as RunEnded
from redimento.running import carry_out

CALC = "def add(a, b):\n    return a - b\n"
CALC_TEST = "import unittest\n\nfrom calc import add\n\n\nclass AddTest(unittest.TestCase):\n    def test_zero(self):\n        self.assertEqual(add(0, 0), 0)\n"
RUNNER = '''"""Run the tests and write a JUnit report, without any library."""
import sys, unittest
from html import escape
sys.dont_write_bytecode = True
cases = []
class Result(unittest.TestResult):
    def addSuccess(self, test): cases.append((test.id(), "", ""))
    def addFailure(self, test, err): cases.append((test.id(), "failure", self._exc_info_to_string(err, test)))
    def addError(self, test, err): cases.append((test.id(), "error", self._exc_info_to_string(err, test)))
suite = unittest.defaultTestLoader.discover("tests", top_level_dir=".")
result = Result()
suite.run(result)
with open("report.xml", "w") as out:
    out.write("<testsuite>")
    for name, kind, text in cases:
        owner, _, last = name.rpartition(".")
        inner = f"<{kind} message=\\"{escape(text[-300:])}\\" type=\\"AssertionError\\"/>" if kind else ""
        out.write(f"<testcase classname=\\"{escape(owner)}\\" name=\\"{escape(last)}\\">{inner}</testcase>")
    out.write("</testsuite>")
for name, kind, text in cases:
    print(name, kind or "ok"); print(text)
sys.exit(0 if result.wasSuccessful() else 1)
'''
SETTINGS: dict[str, Any] = {
    "model": {"sdk": "recorded"},
    "checks": {
        "isolation": "process",
        "commands": [{"name": "tests", "run": "python3 run_tests.py", "junit": "report.xml", "timeout": 60}],
    },
}

GOOD_FIX = """```json
{"summary": "add() adds.", "criteria": [{"id": 1, "status": "done", "tests": ["tests/test_calc.py::AddTest::test_two"], "note": "calc.py"}]}
```
```python
calc.py
<<<<<<< SEARCH
    return a - b
=======
    return a + b
>>>>>>> REPLACE
```
```python
tests/test_calc.py
<<<<<<< SEARCH
    def test_zero(self):
=======
    def test_two(self):
        self.assertEqual(add(1, 1), 2)

    def test_zero(self):
>>>>>>> REPLACE
```
"""
BAD_FIX = GOOD_FIX.replace("return a + b", "return a * b")
REPAIR = """```json
{"summary": "add() adds.", "criteria": [{"id": 1, "status": "done", "tests": ["tests/test_calc.py::AddTest::test_two"]}]}
```
```python
calc.py
<<<<<<< SEARCH
    return a * b
=======
    return a + b
>>>>>>> REPLACE
```
"""

MALLORY = "Mallory <mallory@example.com>"

Answers = list[str | dict[str, Any]]


def git(folder: Path, *arguments: str, **environment: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Ended:
    """A finished run: its outcome, its events, its files."""

    finished: Finished
    events: tuple[Event, ...]
    calls: tuple[str, ...]
    folder: Path

    @property
    def kind(self) -> str:
        return self.finished.outcome.kind

    def conversation(self) -> list[dict[str, Any]]:
        lines = (self.folder / "conversation.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


@dataclass
class Site:
    """An organisation with the repository `calc`, user story 7, and one checkout."""

    emulator: Emulator
    checkout: Path
    tmp: Path
    runs: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    watchers: list[Watch] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        job = self.emulator.environment["calc"]
        return {**os.environ, **job, "AGENT_TEMPDIRECTORY": str(self.tmp / "agent-temp"), **self.variables}

    def client(self, token: str = "") -> AzureClient:
        return AzureClient(self.emulator.url, token or self.emulator.token, project="Shop")

    @property
    def mallory(self) -> AzureClient:
        """Azure DevOps as somebody else with every right sees it."""
        return self.client(self.emulator.tokens["mallory@example.com"])

    def clone(self, branch: str = "main") -> Path:
        """Clone a branch as Mallory; she pushes from there."""
        folder = self.tmp / f"mallory-{len([*self.tmp.glob('mallory-*')])}"
        url, token = self.environment["BUILD_REPOSITORY_URI"], self.emulator.tokens["mallory@example.com"]
        header = f"http.{url}.extraheader=AUTHORIZATION: bearer {token}"
        git(self.tmp, "clone", "-q", "--branch", branch, "--config", header, url, str(folder))
        return folder

    def get(self, path: str, **options: Any) -> Any:
        return self.client().get(path, project="Shop", **options)

    def change_item(self, **fields: str) -> None:
        names = {"title": "System.Title", "state": "System.State", "description": "System.Description"}
        patch = [{"op": "add", "path": f"/fields/{names[name]}", "value": value} for name, value in fields.items()]
        self.client().write(
            "PATCH",
            "_apis/wit/workitems/7",
            body=patch,
            content_type="application/json-patch+json",
            happened=lambda: None,
        )

    def run(self, answers: Answers, settings: Mapping[str, Any] | None = None, **options: Any) -> Ended:
        """Run item 7 with these answers, in order."""
        events: list[Event] = []
        ended = self.carry_out(answers, settings, emit=events.append, **options)
        assert ended.folder is not None
        return Ended(ended.finished, tuple(events), ended.calls, ended.folder)

    def carry_out(
        self, answers: Answers, settings: Mapping[str, Any] | None = None, emit: Emit = print, **options: Any
    ) -> RunEnded:
        base = RunOptions(
            work_item="7",
            work_item_file=None,
            payload=None,
            repo=self.checkout,
            config=self.config(answers, settings),
            run_dir=None,
            dry_run=False,
        )
        return carry_out(replace(base, **options), self.environment, emit)

    def kill(self, *arguments: str, config: Path, when: Callable[[str, str], bool]) -> None:
        """Kill a command at the first request that `when` is true of, and be the next job, which a hook starts."""
        killed: list[subprocess.Popen[bytes]] = []

        def watch(method: str, path: str) -> None:
            if when(method, path) and killed:
                killed[0].kill()
                killed[0].wait()

        self.watchers.append(watch)
        command = [sys.executable, "-m", "redimento", *arguments, "--repo", str(self.checkout), "--config", str(config)]
        nothing = subprocess.DEVNULL
        killed.append(subprocess.Popen(command, env=self.environment, stdout=nothing, stderr=nothing))
        assert killed[0].wait() == -signal.SIGKILL
        self.watchers.remove(watch)
        self.end_build()
        number = str(int(self.environment["BUILD_BUILDID"]) + 1)
        self.variables |= {"BUILD_BUILDID": number, "BUILD_REASON": "ResourceTrigger"}

    def end_build(self) -> None:
        body = {"status": "completed", "result": "failed"}
        path = f"_apis/build/builds/{self.environment['BUILD_BUILDID']}"
        self.client().write("PATCH", path, project="Shop", body=body)

    def config(self, answers: Answers, settings: Mapping[str, Any] | None = None) -> Path:
        """Write a settings file with which these answers are the model's."""
        self.runs += 1
        recording = self.tmp / f"answers-{self.runs}.jsonl"
        rows = [answer if isinstance(answer, dict) else {"text": answer} for answer in answers or ["never asked"]]
        recording.write_text("".join(json.dumps(row) + "\n" for row in rows))
        config = self.tmp / f"settings-{self.runs}.yml"
        merged = _merged(SETTINGS, settings or {})
        merged["model"]["recording"] = str(recording)
        config.write_text(yaml.safe_dump(merged))
        return config


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, Mapping) else value
    return {key: dict(value) if isinstance(value, dict) else value for key, value in merged.items()}


def write_sample(folder: Path) -> Path:
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "__init__.py").touch()
    (folder / "calc.py").write_text(CALC)
    (folder / "tests" / "test_calc.py").write_text(CALC_TEST)
    (folder / "run_tests.py").write_text(RUNNER)
    (folder / ".gitignore").write_text("report.xml\n__pycache__/\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "A calculator")
    return folder


def agent_checkout(emulator: Emulator, folder: Path, repository: str = "calc") -> Path:
    """Check out as the agent does: shallow, detached, no stored credentials."""
    folder.mkdir(parents=True)
    job = emulator.environment[repository]
    url = job["BUILD_REPOSITORY_URI"]
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {job['SYSTEM_ACCESSTOKEN']}",
    }
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", url)
    git(folder, "fetch", "-q", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main", **header)
    git(folder, "checkout", "-q", "--detach", "refs/remotes/origin/main")
    return folder


def refusing_pushes(tmp_path: Path) -> dict[str, Any]:
    """Return a seed in which a policy, which nobody can foresee from the rights, refuses the push of item 7."""
    protected = ["redimento/7-add-adds"]
    return {"repositories": [{"name": "calc", "from": str(tmp_path / "origin"), "protected": protected}]}


@pytest.fixture
def organise(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Create a site; keyword arguments are fields of work item 7, `seed` extends the seed."""
    with ExitStack() as stack:

        def make(seed: Mapping[str, Any] | None = None, **fields: str) -> Site:
            origin = write_sample(tmp_path / "origin")
            item = {
                "System.Title": "add adds",
                "System.State": "Active",
                "System.Description": "<p>calc.add subtracts. It should add.</p>",
                "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>add(1, 1) is 2</li></ul>",
                **fields,
            }
            planted = {
                "project": "Shop",
                "process": "Agile",
                "people": [MALLORY],
                "repositories": [{"name": "calc", "from": str(origin)}],
                "work_items": [{"id": 7, "type": "User Story", "fields": item}],
                **(seed or {}),
            }
            watchers: list[Watch] = []

            def watch(method: str, path: str) -> None:
                for watcher in watchers:
                    watcher(method, path)

            emulator = stack.enter_context(running(tmp_path / "organisation", seed=planted, watch=watch))
            return Site(emulator, agent_checkout(emulator, tmp_path / "agent" / "s"), tmp_path, watchers=watchers)

        yield make


@pytest.fixture
def site(organise: Callable[..., Site]) -> Site:
    return organise()


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "local")


assert shutil.which("git"), "the tests need git"
