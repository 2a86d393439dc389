"""Several candidates of one run, in a local repository with real checks: calls, order, what is kept, what is put back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from redimento.events import Event, Note, Warned
from redimento.local.board import FileBoard
from redimento.local.pull_requests import FolderPullRequests
from redimento.models.port import NOTHING_SPENT
from redimento.repository.base import CommitBase
from redimento.repository.branches import Author, CheckoutBranches
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree
from redimento.run import flow
from redimento.run.job import Finished, Job, Ports
from redimento.run_folder import open_run_folder
from redimento.settings import (
    AuthoringSettings,
    CheckCommand,
    CheckSettings,
    ContextSettings,
    ModelSettings,
    Sdk,
    Settings,
    Thinking,
)
from tests.run.conftest import git
from tests.run.scripted import DOWN, LIMIT, ORIGINAL, QUESTION, UNFIT, Script, Scripted, fails, head, whole

# The test passes with any source, so that it proves nothing; with `expects` it fails for the original.
VACUOUS = whole("tests/test_x.sh", "true\n")
EXPECTS = whole("tests/test_x.sh", "grep -q changed failing.txt || { echo AssertionError: not changed; false; }\n")
RUNNER = CheckCommand("suite", "test ! -e tests/test_x.sh || sh tests/test_x.sh # make test")

# One check that reports a failed test for each line of `failing.txt` but the first.
REPORT = r"""
{ echo '<testsuite><testcase name="always"/>'
  sed -n '2,$ s,.*,<testcase name="&"><failure message="AssertionError"/></testcase>,p' failing.txt
  echo '</testsuite>'
} > report.xml
test "$(wc -l < failing.txt)" = 1
"""
REPORTED = (CheckCommand("tests", REPORT, junit="report.xml"),)
OPTIONAL = CheckCommand("optional", "! grep -qx a failing.txt", required=False)
NEVER = (CheckCommand("never", "false"),)  # before and after


@dataclass
class Local:
    """A repository with `failing.txt`, and runs in it without any server."""

    root: Path
    tmp: Path

    def run(
        self,
        model: Scripted,
        events: list[Event],
        *,
        candidates: int = 3,
        commands: Sequence[CheckCommand] = REPORTED,
        setup: tuple[str, ...] = (),
        rounds: int = 0,
        sdk: Sdk = "recorded",
        thinking: Thinking = "medium",
        exclude: tuple[str, ...] = (),
        authoring: AuthoringSettings = AuthoringSettings(),  # noqa: B008  frozen
    ) -> Finished:
        checkout = open_checkout(self.root)
        folder = open_run_folder(self.tmp / "run")
        item = self.tmp / "item.md"
        item.write_text("Change it\n\nThe file failing.txt should change.\n")
        settings = Settings(
            model=ModelSettings(sdk=sdk, thinking=thinking, candidates=candidates),
            checks=CheckSettings(setup, tuple(commands), isolation="process", repair_rounds=rounds),
            context=ContextSettings(exclude=exclude),
            authoring=authoring,
        )
        job = Job(
            item_id=0,
            settings=settings,
            root=self.root,
            folder=folder,
            scratch=self.tmp / "scratch",
            cache=self.tmp / "cache",
            journal=self.tmp / "journal",
            target="main",
            branch=lambda _: "redimento/item",
        )
        tree = GitTree(checkout, checkout.head)
        ports = Ports(
            FileBoard(item, folder),
            FolderPullRequests(folder),
            CheckoutBranches(checkout, Author("Redimento", "redimento@noreply.invalid")),
            tree,
            CommitBase(tree),
            model,
            lambda: NOTHING_SPENT,
            events.append,
        )
        finished = flow.run(job, ports)
        assert git(self.root, "status", "--porcelain") == ""
        assert not list((self.tmp / "scratch").glob("candidate-*/*"))
        return finished

    @property
    def patch(self) -> str:
        return (self.tmp / "run" / "change.patch").read_text()


@pytest.fixture
def local(tmp_path: Path) -> Local:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "failing.txt").write_text(ORIGINAL)
    (root / ".gitignore").write_text("report.xml\n")
    (root / "notes.txt").write_text("one\ntwo\nthree\n")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Start")
    return Local(root, tmp_path)


@dataclass(frozen=True)
class Case:
    answers: Script
    order: tuple[int, ...]  # the numbers of the attempts, the chosen one first
    kind: str = "draft"
    commands: tuple[CheckCommand, ...] = REPORTED


CASES = {
    "the first is good": Case([fails(), fails("a"), fails("b")], (1, 2, 3), "delivered"),
    "a failed candidate, then a good one": Case([fails("a"), fails(), DOWN], (2, 1), "delivered"),
    "a model error, then a good one": Case([DOWN, fails(), DOWN], (2,), "delivered"),
    "unfit edits, then a good one": Case([UNFIT, UNFIT, UNFIT, fails(), DOWN], (2,), "delivered"),
    "a good one, last": Case([fails("a"), DOWN, fails()], (3, 1), "delivered"),
    "model errors only": Case([DOWN, DOWN, DOWN], (), "failed"),
    "a limit at the first": Case([LIMIT], (), "failed"),
    "a limit after a model error": Case([DOWN, LIMIT], (), "failed"),
    "a limit after a failed one": Case([fails("a"), LIMIT, LIMIT], (1,)),
    "equals keep their order": Case([fails("a"), fails("b"), fails("c")], (1, 2, 3)),
    "fewest failures first": Case([fails("a", "b"), fails("c"), fails("a", "b", "c")], (2, 1, 3)),
    "questions first": Case([QUESTION], (1,), "questions"),
    "questions end the attempts": Case([fails("a"), QUESTION], (1, 2)),
    "nothing to change": Case([head(nothing_to_do="it is there")], (1,), "skipped"),
    "no checks": Case([fails("a")], (1,), commands=()),
    "a vacuous test, then a proof": Case([fails() + VACUOUS, fails() + EXPECTS, DOWN], (2, 1), "delivered", (RUNNER,)),
    "a proof counts more than an optional failure": Case(
        [fails() + VACUOUS, fails("a") + EXPECTS, DOWN], (2, 1), "delivered", (RUNNER, OPTIONAL),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_all_candidates_are_made_and_sorted_by_their_checks(local: Local, name: str) -> None:
    case = CASES[name]
    model = Scripted(list(case.answers))
    finished = local.run(model, [], commands=case.commands)

    assert finished.outcome.kind == case.kind, finished.outcome
    assert tuple(attempt.number for attempt in finished.attempts) == case.order
    assert model.answers == []
    if case.kind in {"delivered", "draft"}:
        (changed,) = (file for file in finished.attempts[0].change.files if file.path == "failing.txt")
        added = [line for line in local.patch.splitlines() if line.startswith("+") and "failing.txt" not in line]
        assert {f"+{line}" for line in (changed.after or b"").decode().splitlines()} <= set(added)
        assert finished.report is not None
        assert finished.report.summary == "A change for: Change it"
        assert (finished.report.candidate, finished.report.candidates) == (case.order[0], len(case.order))


def test_the_run_folder_has_the_patch_of_the_chosen_candidate(local: Local) -> None:
    local.run(Scripted([fails("a"), fails("a", "b"), fails("a", "c")]), [])
    assert local.patch.count("+a\n") == 1
    assert "+b\n" not in local.patch
    assert "+c\n" not in local.patch


def test_candidates_are_announced(local: Local) -> None:
    events: list[Event] = []
    local.run(Scripted([DOWN, fails()]), events, candidates=2)
    notes = [event.text for event in events if isinstance(event, Note) and "andidate" in event.text]
    assert notes == ["Candidate 1 of 2.", "Candidate 1 failed: The model is down. Wait.", "Candidate 2 of 2."]


def test_a_single_candidate_is_not_announced(local: Local) -> None:
    events: list[Event] = []
    model = Scripted([fails()])
    local.run(model, events, candidates=1)
    assert not [event for event in events if isinstance(event, Note) and "andidate" in event.text]
    assert "earlier attempts" not in model.prompt(0)


@pytest.mark.parametrize(
    ("sdk", "thinking", "expected"),
    [
        ("recorded", "minimal", ["minimal", "low", "medium"]),
        ("recorded", "medium", ["medium", "high", "high"]),
        ("google-genai", "low", ["low", "medium", "high"]),
        ("recorded", "xhigh", ["xhigh", "xhigh", "xhigh"]),
        ("google-generativeai", "medium", ["medium", "medium", "medium"]),
    ],
)
def test_later_candidates_think_harder_where_the_sdk_can(
    local: Local, sdk: Sdk, thinking: Thinking, expected: list[str]
) -> None:
    model = Scripted([fails("a"), fails("b"), fails("c")])
    local.run(model, [], sdk=sdk, thinking=thinking, commands=NEVER)

    assert [request.thinking for request in model.asked] == expected


def test_a_later_candidate_learns_from_the_earlier_ones(local: Local) -> None:
    model = Scripted([head(summary="Half of it.") + fails("a"), fails("b"), fails("c")])
    local.run(model, [], candidates=3, rounds=0)

    told = ("There are earlier attempts at this work item.", "It ended with 1 new failure", "It changed failing.txt.",
            "What it took to be right: Half of it.", "Failed: a: AssertionError")  # fmt: skip
    assert not any(line in model.prompt(0) for line in told)
    assert all(line in model.prompt(1) for line in told)
    assert "Failed: b: AssertionError" in model.prompt(2)


def test_with_a_setup_later_candidates_get_their_own_prepared_trees(local: Local) -> None:
    setup = f'pwd >> "{local.tmp}/places"'
    local.run(Scripted([fails(), fails(), fails()]), [], setup=(setup,), commands=NEVER)

    places = (local.tmp / "places").read_text().splitlines()
    assert [Path(place).name for place in places] == ["repository", "candidate-2", "candidate-3"]
    assert not list((local.tmp / "scratch").glob("checks*"))


def test_without_a_setup_candidates_take_turns_in_the_checkout(local: Local) -> None:
    where = CheckCommand("where", f'pwd >> "{local.tmp}/places"; false')
    local.run(Scripted([fails(), fails(), fails()]), [], commands=(where,))
    assert {Path(place).name for place in (local.tmp / "places").read_text().splitlines()} == {"repository"}


@pytest.mark.parametrize(
    ("setup", "warnings", "remarks"),
    [
        ("true", [], []),
        (
            "echo no network; exit 3",
            ["checks.setup failed (exit code 3): no network"],
            ["`checks.setup` failed (exit code 3), so the checks may have run with less than they need."],
        ),
    ],
)
def test_a_failed_setup_is_a_warning_and_a_remark(
    local: Local, setup: str, warnings: list[str], remarks: list[str]
) -> None:
    events: list[Event] = []
    finished = local.run(Scripted([fails()]), events, setup=(setup,), candidates=1)
    assert [event.text.strip() for event in events if isinstance(event, Warned)] == warnings
    verdict = finished.attempts[0].verdict
    assert verdict is not None
    assert list(verdict.remarks()) == remarks


def test_a_report_that_is_not_found_is_said_once_in_a_run(local: Local) -> None:
    events: list[Event] = []
    failing = CheckCommand("never", "false", junit="out/*.xml")
    local.run(Scripted([fails(), fails(), fails()]), events, commands=(failing,))
    assert [event.text for event in events if isinstance(event, Warned)] == [
        "never: No report matches `out/*.xml`, so there is no evidence per test."
    ]


def test_the_repair_of_a_candidate_is_limited_by_the_settings(local: Local) -> None:
    model = Scripted([fails("a", "b", "c"), fails("a", "b"), fails("a"), fails()])
    finished = local.run(model, [], candidates=1, rounds=2)

    assert model.trace == ["author", "repair", "repair"]
    assert finished.attempts[0].failures_by_round == (3, 2, 1)


@pytest.mark.parametrize(
    ("answer", "commands", "rounds", "reasons"),
    [
        (fails(), REPORTED, 0, ()),
        (fails("a"), (), 0, ("No checks are configured, so nothing verified this change.",)),
        (
            fails("a"), REPORTED, 0,
            (
                "1 required test or check fails because of this change.",
                "The repair ended with 1 new failure: no rounds are left.",
            ),
        ),
        (
            fails("a", "b"), (*REPORTED, OPTIONAL), 1,
            ("2 required tests or checks fail because of this change.", "The model is down. Wait."),
        ),
        (fails("a"), (OPTIONAL,), 0, ("No required check could judge this change: ",)),
    ],
    ids=["verified", "no checks", "one failure", "two required failures", "no required check"],
)  # fmt: skip
def test_a_draft_says_why_it_is_one(
    local: Local, answer: str, commands: tuple[CheckCommand, ...], rounds: int, reasons: tuple[str, ...]
) -> None:
    finished = local.run(Scripted([answer, DOWN]), [], candidates=1, commands=commands, rounds=rounds)

    assert finished.report is not None
    assert len(finished.report.draft_reasons) == len(reasons)
    assert all(map(str.startswith, finished.report.draft_reasons, reasons))
    assert finished.outcome.kind == ("draft" if reasons else "delivered")


def test_the_model_reads_files_and_lines_and_searches_but_not_what_is_excluded(local: Local) -> None:
    read = head(read=["notes.txt:2-2", "failing.txt", "missing.txt"], search=["t[wh]", "orig"])
    model = Scripted([read, fails()])
    local.run(model, [], exclude=("failing.txt",), candidates=1)

    material = model.prompt(1)
    assert "## notes.txt (excerpts; the numbers are not part of the file)\n```\n⋮ lines 1-1 left out\ntwo\n" in material
    assert "`failing.txt` is not shown" in material
    assert "no file and no definition `missing.txt`" in material
    assert "notes.txt:2: two" in material
    assert "notes.txt:3: three" in material
    assert "# original" not in material
    assert material.index("missing.txt") < material.index("notes.txt:3")


@pytest.mark.timeout(400)
def test_of_two_candidates_the_one_that_passes_the_other_s_tests_wins(local: Local) -> None:
    """Both wrote the same test file. The second is larger, and its test fails for the first, not the other way round."""
    pytest_run = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml")
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    checks = (CheckCommand("tests", pytest_run, junit="report.xml", env=env),)
    vacuous = "\n\ndef test_nothing():\n    assert add\n"
    (local.root / "calc.py").write_text("def add(a, b):\n    return 0\n")
    (local.root / "test_old.py").write_text("def test_old():\n    assert True\n")
    git(local.root, "add", "calc.py", "test_old.py")
    git(local.root, "commit", "-qm", "more")
    first = whole("calc.py", "def add(a, b):\n    return 3\n")
    first += whole("test_new.py", "from calc import add\n\n\ndef test_small():\n    assert add(1, 2) == 3\n" + vacuous)
    second = whole("calc.py", "def add(a, b):\n    # both, whatever they are\n    return a + b\n")
    second += whole("test_new.py", "from calc import add\n\n\ndef test_equal():\n    assert add(2, 2) == 4\n" + vacuous)
    finished = local.run(Scripted([first, second]), [], commands=checks, candidates=2, rounds=0)

    assert [attempt.number for attempt in finished.attempts] == [2, 1]
