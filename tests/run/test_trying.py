"""Tries and reproductions in whole local runs, with real git and real pytest."""

from __future__ import annotations

import json
import sys

import pytest

from redimento.events import Event, Note
from redimento.reporting.files import write_files
from redimento.run.job import Finished
from redimento.run_folder import open_run_folder
from redimento.settings import AuthoringSettings, CheckCommand
from tests.run.conftest import git
from tests.run.scripted import DOWN, LIMIT, QUESTION, UNFIT, Script, Scripted, head, whole
from tests.run.test_candidates import Local, local

__all__ = ["local"]

PYTEST = CheckCommand(
    "tests", (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=report.xml"), junit="report.xml",
    env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
)  # fmt: skip
WRONG, RIGHT = "def total(prices):\n    return sum(prices) + 1\n", "def total(prices):\n    return sum(prices)\n"
FIX = "```\ncart.py\n<<<<<<< SEARCH\nsum(prices) + 1\n=======\nsum(prices)\n>>>>>>> REPLACE\n```\n"
HALF = "```\ncart.py\n<<<<<<< SEARCH\nsum(prices) + 1\n=======\nsum(prices) + 2\n>>>>>>> REPLACE\n```\n"
REST = "```\ncart.py\n<<<<<<< SEARCH\nsum(prices) + 2\n=======\nsum(prices)\n>>>>>>> REPLACE\n```\n"
TEST = whole("tests/test_total.py", "from cart import total\n\n\ndef test_total():\n    assert total([2]) == 2\n")
PASSES = whole("tests/test_total.py", "from cart import total\n\n\ndef test_total():\n    assert total([2])\n")
WEAK = "```\ntests/test_total.py\n<<<<<<< SEARCH\n    assert total([2]) == 2\n=======\n    assert total([2])\n>>>>>>> REPLACE\n```\n"
SUBMIT = head(submit=True, summary="The total counts each price once.")


def trying(*tests: str, check: str = "tests") -> str:
    return head(**{"try": {"check": check, "tests": [*tests]}})


@pytest.fixture
def shop(local: Local) -> Local:
    (local.root / "tests").mkdir()
    (local.root / "cart.py").write_text(WRONG)
    (local.root / "conftest.py").touch()
    (local.root / "tests" / "test_old.py").write_text(
        "from cart import total\n\n\ndef test_old():\n    assert total([]) in {0, 1}\n"
    )
    git(local.root, "add", ".")
    git(local.root, "commit", "-qm", "A shop")
    return local


def run(
    shop: Local,
    answers: Script,
    *,
    reproduce: bool = False,
    rounds: int = 0,
    commands: tuple[CheckCommand, ...] = (PYTEST,),
) -> tuple[Finished, Scripted, list[Event]]:
    model, events = Scripted(answers), list[Event]()
    authoring = AuthoringSettings(reproduce="always" if reproduce else "never")
    finished = shop.run(model, events, candidates=1, commands=commands, rounds=rounds, authoring=authoring)
    assert model.answers == []
    return finished, model, events


def cart(finished: Finished) -> str:
    return next((file.after or b"").decode() for file in finished.attempts[0].change.files if file.path == "cart.py")


def test_what_is_tried_stays_and_is_submitted_without_being_sent_again(shop: Local) -> None:
    finished, model, _ = run(shop, [trying("tests/test_total.py") + FIX + TEST, SUBMIT])

    assert finished.outcome.kind == "delivered"
    assert model.trace == ["author", "try"]
    assert cart(finished) == RIGHT
    assert "# What you tried" in model.prompt(1)
    assert "tests.test_total::test_total: passed" in model.prompt(1)
    assert "return sum(prices)\n" in model.prompt(1).partition("# Your change so far")[2]
    (trial,) = finished.attempts[0].trials
    assert [test.outcome for test in trial.tests] == ["passed"]


def test_a_failing_try_shows_why_and_the_next_edits_go_on_from_it(shop: Local) -> None:
    finished, model, _ = run(shop, [trying("tests/test_total.py::test_total") + HALF + TEST, REST])

    assert finished.outcome.kind == "delivered"
    assert "assert 4 == 2" in model.prompt(1)
    assert cart(finished) == RIGHT


def test_a_try_without_edits_runs_the_tests_of_the_tree(shop: Local) -> None:
    _, model, _ = run(shop, [trying("tests/test_old.py"), FIX + TEST])
    assert model.trace == ["author", "try"]
    assert "tests.test_old::test_old: passed" in model.prompt(1)


def test_a_probe_prints_and_is_taken_away_again(shop: Local) -> None:
    probe = whole(
        "tests/test_probe.py", "from cart import total\n\n\ndef test_probe():\n    print('it is', total([2]))\n"
    )
    gone = "```\ntests/test_probe.py\n<<<<<<< DELETE\n>>>>>>> DELETE\n```\n"
    finished, model, _ = run(shop, [trying("tests/test_probe.py") + probe, gone + FIX + TEST])
    assert "it is 3" in model.prompt(1)
    assert finished.attempts[0].change.paths == ("cart.py", "tests/test_total.py")


def test_a_model_that_tries_forever_submits_what_it_tried_last(shop: Local) -> None:
    tries = [trying("tests/test_old.py") + edits for edits in (HALF + TEST, REST, "", FIX + HALF)]
    finished, model, _ = run(shop, [tries[0], tries[1], tries[2], tries[2], tries[2], tries[2]])

    assert model.trace == ["author", *["try"] * 5]
    assert "There are no tries left" in model.prompt(5)
    assert len(finished.attempts[0].trials) == 3
    assert finished.outcome.kind == "delivered"
    assert cart(finished) == RIGHT


@pytest.mark.parametrize("failure", [LIMIT, DOWN, "nothing to read"])
def test_what_was_tried_is_not_lost_when_the_model_fails(shop: Local, failure: str | BaseException) -> None:
    answers: Script = [failure] * 3 if isinstance(failure, str) else [failure]
    finished, *_ = run(shop, [trying("tests/test_total.py") + FIX + TEST, *answers])
    assert finished.outcome.kind == "delivered"


def test_a_test_alone_is_not_submitted_when_the_model_fails_after_a_try(shop: Local) -> None:
    finished, *_ = run(shop, [TEST, trying("tests/test_old.py"), LIMIT], reproduce=True)
    assert finished.outcome.kind == "failed"


def test_a_try_of_an_unknown_check_says_which_there_are(shop: Local) -> None:
    _, model, _ = run(shop, [trying("a", check="lint") + FIX + TEST, SUBMIT])
    assert "There is no check of this name. The checks are: tests." in model.prompt(1)


def test_without_checks_no_try_is_offered(shop: Local) -> None:
    _, model, _ = run(shop, [trying("tests/test_total.py") + FIX], commands=())
    assert '"try" into the JSON block' not in model.prompt(0)


def test_a_failing_test_comes_first_and_belongs_to_the_change(shop: Local) -> None:
    finished, model, events = run(shop, [TEST, FIX], reproduce=True)

    assert model.trace == ["reproduce", "author"]
    assert "First reproduce the fault." in model.prompt(0)
    assert "assert 3 == 2" in model.prompt(1).partition("reproduces the fault: make")[2]
    assert finished.outcome.kind == "delivered"
    assert finished.attempts[0].change.paths == ("cart.py", "tests/test_total.py")
    assert finished.report is not None
    assert [(proof.test, proof.proves) for proof in finished.report.reproduction] == [
        ("tests.test_total::test_total", True)
    ]
    assert "Reproduced: tests.test_total::test_total fails on the code as it is." in [
        event.text for event in events if isinstance(event, Note)
    ]


def test_the_request_for_the_change_begins_as_that_for_the_test(shop: Local) -> None:
    _, model, _ = run(shop, [TEST, FIX], reproduce=True)
    first, second = (model.prompt(number).partition("# Now")[0].partition("# Your change")[0] for number in (0, 1))
    assert first == second


def test_a_test_that_shows_nothing_is_asked_for_again_with_the_reason_and_more_thought(shop: Local) -> None:
    finished, model, _ = run(shop, [PASSES, FIX, TEST, FIX], reproduce=True)

    assert model.trace == ["reproduce"] * 3 + ["author"]
    assert "It passes on the code as it is." in model.prompt(1)
    assert "Only tests may change in this step, and it changes cart.py." in model.prompt(2)
    assert [request.thinking for request in model.asked] == ["medium", "high", "high", "medium"]
    assert finished.attempts[0].reproduction is not None


@pytest.mark.parametrize(
    "answers", [[PASSES] * 3, [head(nothing_to_do="It is about texts.")], [UNFIT] * 3, ["nothing"] * 3]
)
def test_without_a_test_that_shows_the_fault_the_change_is_written_all_the_same(shop: Local, answers: Script) -> None:
    finished, model, _ = run(shop, [*answers, FIX + TEST], reproduce=True)
    assert model.trace[-1] == "author"
    assert finished.outcome.kind == "delivered"
    assert finished.attempts[0].reproduction is None


def test_questions_come_before_a_reproduction(shop: Local) -> None:
    finished, *_ = run(shop, [QUESTION], reproduce=True)
    assert finished.outcome.kind == "questions"


def test_the_test_that_reproduces_the_fault_cannot_be_weakened(shop: Local) -> None:
    finished, model, _ = run(shop, [TEST, WEAK + FIX], reproduce=True)
    assert model.trace == ["reproduce", "author"]
    assert "the edits were left out" in " ".join(finished.attempts[0].notes)
    assert finished.outcome.kind == "delivered"
    assert b"== 2" in (finished.attempts[0].change.files[1].after or b"")
    assert finished.attempts[0].reproduction is not None


@pytest.mark.parametrize(
    ("added", "after"), [("@pytest.mark.skip\n", "    assert"), ("", "    total = lambda _: 2\n    assert")]
)
def test_lines_that_keep_the_test_from_failing_leave_no_reproduction(shop: Local, added: str, after: str) -> None:
    text = f"import pytest\n\nfrom cart import total\n\n\n{added}def test_total():\n    assert total([2]) == 2\n"
    finished, *_ = run(
        shop, [TEST, whole("tests/test_total.py", text.replace("    assert", after)) + FIX], reproduce=True
    )
    assert finished.report is not None
    assert finished.report.reproduction == ()


def test_a_path_that_a_try_left_behind_is_free_for_the_next_edits(shop: Local) -> None:
    leaves = whole("tests/test_leaves.py", "def test_leaves():\n    open('prices.txt', 'w').close()\n")
    gone = "```\ntests/test_leaves.py\n<<<<<<< DELETE\n>>>>>>> DELETE\n```\n"
    tried = trying("tests/test_leaves.py") + leaves
    finished, *_ = run(shop, [tried, gone + FIX + TEST + whole("prices.txt", "one\n")])
    assert finished.attempts[0].change.paths == ("cart.py", "prices.txt", "tests/test_total.py")


def test_a_reproduction_that_turns_an_existing_test_round_is_called_so(shop: Local) -> None:
    turned = whole("tests/test_old.py", (shop.root / "tests" / "test_old.py").read_text().replace("in {0, 1}", "== 0"))
    finished, *_ = run(shop, [turned, FIX], reproduce=True)
    (text,) = (shop.tmp / "run" / "pull-requests").rglob("pull-request.md")
    assert finished.outcome.kind == "delivered"
    assert "no new test, it existed and passed with another expectation" in text.read_text()


def test_a_reproduction_that_was_wrong_may_be_replaced_with_a_reason(shop: Local) -> None:
    wrong = TEST.replace("== 2", "== 1")
    right = WEAK.replace("== 2", "== 1").replace("assert total([2])\n>>", "assert total([2]) == 2\n>>")
    why = head(changed_tests=[{"test": "tests/test_total.py::test_total", "why": "The sum of 2 is 2."}])
    finished, *_ = run(shop, [wrong, why + right + FIX], reproduce=True)
    assert finished.outcome.kind == "delivered"
    assert finished.attempts[0].reproduction is None


def test_a_fresh_start_keeps_the_reproduction(shop: Local) -> None:
    worse = "```\ncart.py\n<<<<<<< SEARCH\nreturn sum(prices) + 2\n=======\nreturn None  # no better, and longer\n>>>>>>> REPLACE\n```\n"
    finished, model, _ = run(shop, [TEST, HALF, worse, FIX], reproduce=True, rounds=3)
    assert model.trace == ["reproduce", "author", "repair", "fresh start"]
    assert finished.outcome.kind == "delivered"
    assert finished.attempts[0].change.paths == ("cart.py", "tests/test_total.py")


def test_record_and_page_show_the_reproduction_and_what_was_tried(shop: Local) -> None:
    finished, *_ = run(shop, [TEST, trying("tests/test_total.py") + FIX, SUBMIT], reproduce=True)
    folder = shop.tmp / "run"
    write_files(open_run_folder(folder), finished, None)
    (record,) = json.loads((folder / "record.json").read_text())["candidates"]
    assert record["reproduction"] == ["tests.test_total::test_total"]
    assert record["trials"][0]["tests"] == {"tests.test_total::test_total": "passed"}
    page = (folder / "report.html").read_text()
    assert "The reproduction: a test that was written before the change" in page
    assert "Tried by the model: tests <code>tests/test_total.py</code>" in page
