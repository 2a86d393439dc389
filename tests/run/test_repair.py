"""One attempt: which calls it makes, which state it keeps, why it stops. The checks read the tree that is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from redimento.authoring.answer import CriterionClaim
from redimento.change.edit import Change
from redimento.errors import LimitError, RedimentoError
from redimento.events import Event, Note, Repair
from redimento.models.port import ModelError
from redimento.run.attempt import Attempt, AttemptPlan, make_attempt
from redimento.run.proposal import Workspace
from redimento.settings import ChangeSettings
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Failure, Proof, TestResult, Verdict
from redimento.verification.old_judge import Substitute
from tests.run.scripted import DOWN, LIMIT, ORIGINAL, QUESTION, UNFIT, Script, Scripted, fails, head, session, whole


def replaced(old: str, new: str) -> str:
    return f"```\nfailing.txt\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n"


UNDONE = whole("failing.txt", ORIGINAL)
NO_PROGRESS, NO_ROUNDS = "two rounds in a row made no progress", "no rounds are left"


@dataclass
class Stage:
    """A tree with `failing.txt`, and an attempt in it. `trace`: every call to the outside, in order."""

    root: Path
    model: Scripted
    trace: list[str]
    plan: AttemptPlan
    saved: list[Attempt]
    events: list[Event] = field(default_factory=list)

    def attempt(self) -> Attempt:
        return make_attempt(session(self.model), self.plan, self.events.append)

    @property
    def tree(self) -> str:
        return state((self.root / "failing.txt").read_text())


def state(text: str) -> str:
    """Return the checks that fail with `text`, "ok" for none, and "original" for the untouched file."""
    return "original" if text == ORIGINAL else " ".join(text.splitlines()[1:]) or "ok"


def written(attempt: Attempt) -> str:
    return next(state((file.after or b"").decode()) for file in attempt.change.files if file.path == "failing.txt")


def judge(text: str) -> Verdict:
    """Return a verdict with a failure or a proof for each line: `a`, `optional:a`, `proof:a`, `unproved:a`."""
    kinds = [line.rpartition(":")[::2] for line in text.splitlines() if not line.startswith("#")]
    failures = tuple(
        Failure("tests", name, f"{name}\n is  wrong", required=kind != "optional")
        for kind, name in kinds
        if kind in {"", "optional"}
    )
    proofs = tuple(
        Proof(name, "failed" if kind == "proof" else "passed", "passed") for kind, name in kinds if "proo" in kind
    )
    tests = tuple(TestResult(name, "failed", file=f"tests/{name}.py") for name in ("a", "b", "c"))
    result = CheckResult("tests", "make", required=True, exit_code=0, seconds=0, output="", tests=tests)
    return Verdict(Checks(), Checks((result,)), new_failures=failures, proofs=proofs)


def stage(folder: Path, answers: Script, *, rounds: int = 3, criteria: tuple[str, ...] = ()) -> Stage:
    root = folder / "tree"
    root.mkdir()
    failing = root / "failing.txt"
    failing.write_text(ORIGINAL)
    trace: list[str] = []
    saved: list[Attempt] = []

    def verify(change: Change, announced: Sequence[ChangedTest], substitute: Substitute) -> Verdict:
        text = failing.read_text()
        trace.append(f"verify {state(text)}")
        assert [file.after for file in change.files if file.path == "failing.txt"] in ([], [text.encode()])
        with substitute({"failing.txt": ORIGINAL.encode()}):
            assert failing.read_text() == ORIGINAL
        assert failing.read_text() == text
        return judge(text)

    def save(attempt: Attempt) -> None:
        saved.append(attempt)
        trace.append(f"save {written(attempt)}{'' if attempt.verdict else ' unverified'}")

    plan = AttemptPlan(
        workspace=Workspace(root, ChangeSettings()),
        journal=folder / "journal",
        criteria=criteria,
        settle=lambda: trace.append("settle"),
        verify=verify,
        rounds=rounds,
        save=save,
    )
    return Stage(root, Scripted(answers, trace), trace, plan, saved)


@dataclass(frozen=True)
class Case:
    answers: Script
    kept: str
    failures: tuple[int, ...]
    trace: str  # of the repair, after the first verdict
    stopped: str = ""
    rounds: int = 3


CASES = {
    "verified at once": Case([fails()], "ok", (0,), ""),
    "optional failures need no repair": Case([fails("optional:a")], "optional:a", (0,), ""),
    "no rounds allowed": Case([fails("a")], "a", (1,), "", f"1 new failure: {NO_ROUNDS}", rounds=0),
    "better and better": Case(
        [fails("a", "b"), fails("a"), fails()], "ok", (2, 1, 0),
        "repair, verify a, save a, repair, verify ok, save ok",
    ),
    "rounds run out": Case(
        [fails("a", "b", "c"), fails("a", "b")], "a b", (3, 2), "repair, verify a b, save a b",
        f"2 new failures: {NO_ROUNDS}", rounds=1,
    ),
    "model error in a repair": Case([fails("a"), DOWN], "a", (1,), "repair", "The model is down. Wait."),
    "limit in a repair": Case([fails("a"), LIMIT], "a", (1,), "repair", "The limit is reached. Raise it."),
    "limit after a better round": Case(
        [fails("a", "b"), fails("a"), LIMIT], "a", (2, 1), "repair, verify a, save a, repair", "The limit is reached",
    ),
    "model error in a fresh start": Case(
        [fails("a"), fails("a", "b"), DOWN], "a", (1, 2), "repair, verify a b, fresh start", "The model is down",
    ),
    "limit in a fresh start": Case(
        [fails("a"), fails("a", "b"), LIMIT], "a", (1, 2), "repair, verify a b, fresh start", "The limit is reached",
    ),
    "unfit edits in a repair": Case(
        [fails("a"), UNFIT, UNFIT, UNFIT], "a", (1,), "repair, correct, correct", "could not be applied",
    ),
    "unfit edits in a fresh start": Case(
        [fails("a"), fails("b"), UNFIT, UNFIT, UNFIT], "a", (1, 1), "repair, verify b, fresh start, correct, correct",
        "could not be applied",
    ),
    "a fresh start helps": Case(
        [fails("a"), fails("a", "b"), fails()], "ok", (1, 2, 0),
        "repair, verify a b, fresh start, verify ok, save ok",
    ),
    "a fresh start begins at the untouched tree": Case(
        [fails("a"), fails("a", "b"), replaced("# original", "# changed")], "ok", (1, 2, 0),
        "repair, verify a b, fresh start, verify ok, save ok",
    ),
    "a repair begins at the best state": Case(
        [fails("a", "b"), replaced("b", "# b")], "a # b", (2, 1), "repair, verify a # b, save a # b", NO_ROUNDS, rounds=1,
    ),
    "two worse rounds": Case(
        [fails("a"), fails("a", "b"), fails("a", "b", "c")], "a", (1, 2, 3),
        "repair, verify a b, fresh start, verify a b c", f"1 new failure: {NO_PROGRESS}",
    ),
    "equal is not better": Case(
        [fails("a"), fails("b"), fails("c")], "a", (1, 1, 1), "repair, verify b, fresh start, verify c", NO_PROGRESS,
    ),
    "a better round forgives a worse one": Case(
        [fails("a", "b"), fails("a", "b", "c"), fails("a"), fails("b"), fails("c")], "a", (2, 3, 1, 1, 1),
        "repair, verify a b c, fresh start, verify a, save a, repair, verify b, fresh start, verify c", NO_PROGRESS,
        rounds=9,
    ),
    "worse in the last round": Case(
        [fails("a"), fails("a", "b")], "a", (1, 2), "repair, verify a b", NO_ROUNDS, rounds=1,
    ),
    "questions in a repair": Case(
        [fails("a"), QUESTION, fails()], "ok", (1, 1, 0), "repair, fresh start, verify ok, save ok",
    ),
    "questions in a fresh start": Case(
        [fails("a"), fails("a", "b"), QUESTION], "a", (1, 2, 1), "repair, verify a b, fresh start", NO_PROGRESS,
    ),
    "a repair that undoes the change": Case(
        [fails("a"), UNDONE, UNDONE], "a", (1, 1, 1), "repair, fresh start", NO_PROGRESS,
    ),
    "a repair that changes nothing": Case(
        [fails("a"), fails("a"), QUESTION], "a", (1, 1, 1), "repair, fresh start", NO_PROGRESS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_repair_keeps_the_best_state_and_says_why_it_stops(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    made = stage(tmp_path, list(case.answers), rounds=case.rounds)
    attempt = made.attempt()

    assert written(attempt) == made.tree == case.kept
    assert attempt.failures_by_round == case.failures
    assert attempt.rounds == made.trace.count("repair") + made.trace.count("fresh start")
    assert attempt.verdict == judge((made.root / "failing.txt").read_text())
    first = written(made.saved[0])
    begin = ["author", "settle", f"save {first} unverified", f"verify {first}", f"save {first}"]
    assert made.trace == [*begin, *filter(None, case.trace.split(", "))]
    assert case.stopped in attempt.stopped
    assert bool(case.stopped) == bool(attempt.stopped)
    assert (
        replace(made.saved[-1], rounds=attempt.rounds, failures_by_round=case.failures, stopped=attempt.stopped)
        == attempt
    )


def test_notes_count_the_failures_of_each_round(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a"), fails("a", "b"), fails()])
    made.attempt()

    assert [event.text for event in made.events if isinstance(event, (Note, Repair))] == [
        "Repair round 1: 1 new failure.",
        "2 new failures after round 1: going back to the better state.",
        "Repair round 2: 1 new failure.",
    ]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (["a", "optional:x", "optional:y"], ["a", "b"]),
        (["a", "optional:x"], ["a", "optional:x", "optional:y"]),
        (["a", "proof:p"], ["a"]),
        (["a", "proof:p"], ["a", "unproved:p"]),
        (["a"], ["a", "# longer"]),
    ],
    ids=["required failures", "failures", "proofs", "proofs that prove", "size"],
)
def test_states_are_compared_by_failures_then_proofs_then_size(
    tmp_path: Path, better: list[str], worse: list[str]
) -> None:
    for name, (first, second) in {"worse": (better, worse), "better": (worse, better)}.items():
        (tmp_path / name).mkdir()
        made = stage(tmp_path / name, [fails(*first), fails(*second)], rounds=1)
        made.attempt()
        assert made.tree == " ".join(better)


@pytest.mark.parametrize("answers", [[DOWN], [LIMIT], [UNFIT, UNFIT, UNFIT], [UNFIT, LIMIT]])
def test_an_error_before_the_first_change_ends_the_attempt(tmp_path: Path, answers: Script) -> None:
    made = stage(tmp_path, answers)
    with pytest.raises((ModelError, LimitError)):
        made.attempt()
    assert made.tree == "original"
    assert made.saved == []


@pytest.mark.parametrize(
    ("answer", "trace"),
    [
        (QUESTION, ["author"]),
        (head(nothing_to_do="it is there"), ["author"]),
        (UNDONE, ["author", "settle"]),
    ],
    ids=["questions", "nothing to do", "no difference"],
)
def test_an_answer_without_a_change_is_not_verified(tmp_path: Path, answer: str, trace: list[str]) -> None:
    made = stage(tmp_path, [answer], criteria=("one", "two"))
    attempt = made.attempt()

    assert attempt.change == Change()
    assert (attempt.verdict, attempt.verified, made.tree) == (None, False, "original")
    assert made.trace == trace


def test_every_state_notes_what_was_forgiven(tmp_path: Path) -> None:
    answers = [replaced("  # original", "# changed\na\nb"), replaced("  b", "# b")]
    made = stage(tmp_path, [*answers], rounds=1)
    made.attempt()

    assert made.tree == "a # b"
    assert ["matched by indentation" in " ".join(saved.notes) for saved in made.saved] == [True, True, True]


def test_an_interrupted_fresh_start_leaves_the_best_state(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a"), fails("b"), KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        made.attempt()
    assert made.tree == "a"


def test_a_failing_verification_is_not_taken_for_a_model_error(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a")])

    def broken(change: Change, announced: Sequence[ChangedTest], substitute: Substitute) -> Verdict:
        raise RedimentoError("No disk.")

    with pytest.raises(RedimentoError, match=r"No disk\."):
        make_attempt(session(made.model), replace(made.plan, verify=broken), made.events.append)
    assert made.trace[-1] == "save a unverified"


def test_a_repair_request_shows_the_change_and_the_failing_tests_outside_of_it(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a", "c") + whole("tests/c.py", "test = 1\n"), fails()])
    made.attempt()

    request = made.model.prompt(1)
    assert "# changed\na\nc\n" in request
    assert "content of tests/a.py" in request
    assert "content of tests/b.py" not in request  # passes
    assert "content of tests/c.py" not in request  # is shown as part of the change
    assert "An earlier attempt" not in request


def test_a_fresh_start_learns_from_the_discarded_state(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a", "b", "c", "d"), fails("a", "b", "c", "d", "e"), fails()])
    made.attempt()

    thrown_away = "An earlier attempt at this work item was thrown away."
    assert thrown_away not in made.model.prompt(0)
    request = made.model.prompt(2)
    for line in (thrown_away, "It ended with 4 new failures", "It changed failing.txt.", "Failed: a: a is wrong"):
        assert line in request
    assert "# changed" not in request


def test_after_a_round_without_progress_the_model_thinks_more(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a", "b"), fails("a", "b"), fails("a"), fails("c"), fails()], rounds=5)
    made.attempt()
    assert [request.thinking for request in made.model.asked] == ["medium", "medium", "high", "medium", "high"]


def test_what_was_read_is_seen_in_every_later_request_of_the_attempt(tmp_path: Path) -> None:
    answers: Script = [
        head(read=["x.py"]), fails("a"), head(read=["failing.txt"]), UNFIT, fails("a", "b"), head(read=["y.py"]), fails(),
    ]  # fmt: skip
    made = stage(tmp_path, answers)
    assert made.attempt().verified

    calls = [call for call in made.trace if not call.startswith(("verify", "save", "settle"))]
    assert calls == ["author", "author", "repair", "repair", "correct", "fresh start", "fresh start"]
    for number in range(1, 7):
        assert "content of x.py" in made.model.prompt(number).partition("# Work item")[0]
    for number in (3, 4):  # as the change left it
        assert "## failing.txt\n```\n# changed\na\n```" in made.model.prompt(number).partition("# Work item")[0]
    assert "# What was refused" in made.model.prompt(4)
    assert "as in the repository again: failing.txt." in made.model.prompt(5)
    assert "content of y.py" in made.model.prompt(6)


def test_a_model_that_only_asks_in_a_repair_leaves_the_change_as_it_stands(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails("a"), *[head(read=["x.py"])] * 9])
    attempt = made.attempt()
    assert made.tree == "a"
    assert "did nothing but ask" in attempt.stopped
    assert made.trace.count("repair") == 4


def test_a_repair_keeps_claims_and_summary_that_it_does_not_repeat(tmp_path: Path) -> None:
    first = head(summary="First.", criteria=[{"id": 1, "status": "not"}, {"id": 2, "status": "partly"}])
    second = head(criteria=[{"id": 1, "status": "done"}])
    made = stage(tmp_path, [first + fails("a", "b"), second + fails("a"), head(summary="Third.") + fails()])
    made.attempt()

    claims = (CriterionClaim(1, "done"), CriterionClaim(2, "partly"))
    assert [(attempt.answer.summary, attempt.answer.criteria) for attempt in made.saved[2:]] == [
        ("First.", claims), ("Third.", claims),
    ]  # fmt: skip


def test_missing_criteria_are_requested_before_the_change_is_verified(tmp_path: Path) -> None:
    made = stage(tmp_path, [fails(), head(criteria=[{"id": 1, "status": "done"}])], criteria=("It works",))
    attempt = made.attempt()

    assert attempt.answer.criteria == (CriterionClaim(1, "done"),)
    assert made.trace[:3] == ["author", "settle", "criteria"]
