"""From an answer to a change: what the model may correct, what is kept, when it ends."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from redimento.authoring.answer import Answer, CriterionClaim
from redimento.authoring.notebook import Notebook
from redimento.authoring.state import State
from redimento.change.base import PLAIN_FOLDER, Base
from redimento.change.edit import NO_CHANGE, Change, Delete, Edit, FileChange, Rename, Replace, WriteWhole
from redimento.context.selection import Excerpt
from redimento.events import Event, Note, Refused
from redimento.exploration.wish import Changed, Finding, Wish
from redimento.models.port import ModelError
from redimento.repository.base import CommitBase
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree
from redimento.run.proposal import Proposal, Workspace, complete, propose
from redimento.settings import ChangeSettings
from redimento.text.redaction import Secrets
from redimento.verification.evidence import ChangedTest
from tests.run.conftest import git
from tests.run.scripted import DOWN, LIMIT, QUESTION, Script, Scripted, head, session, whole

BLANK = State(Notebook(60_000))
GOOD = Replace("a.py", "a = 1\n", "a = 2\n")
UNFIT = Replace("b.py", "no such line\n", "b = 2\n")
FITTING = "```\nb.py\n<<<<<<< SEARCH\nb = 1\n=======\nb = 3\n>>>>>>> REPLACE\n```\n"
UNFITTING = FITTING.replace("b = 1", "nothing like it")
SECRET = "tok-12345-secret"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.py").write_text(f"{name} = 1\n")
    return tmp_path


def proposed(
    root: Path,
    model: Scripted,
    answer: Answer,
    already: Change = NO_CHANGE,
    *,
    max_files: int = 20,
    base: Base = PLAIN_FOLDER,
) -> Proposal:
    workspace = Workspace(root, ChangeSettings(max_files=max_files), base, Secrets(("", SECRET)))
    return propose(session(model), workspace, State(Notebook(60_000), already), answer, lambda _: None)


def contents(proposal: Proposal) -> dict[str, str | None]:
    return {file.path: None if file.after is None else file.after.decode() for file in proposal.change.files}


def test_edits_that_apply_need_no_further_call(root: Path) -> None:
    answer = Answer(edits=(GOOD,), questions=("Still?",))
    proposal = proposed(root, Scripted([]), answer)

    assert proposal.answer == answer
    assert contents(proposal) == {"a.py": "a = 2\n"}
    assert (root / "a.py").read_text() == "a = 1\n"


def test_a_lock_file_costs_no_correction(root: Path) -> None:
    proposal = proposed(root, Scripted([]), Answer(edits=(GOOD, WriteWhole("yarn.lock", "a\n"))))

    assert contents(proposal) == {"a.py": "a = 2\n"}
    assert proposal.change.left_out == ("yarn.lock",)


def test_a_lock_file_is_left_out_of_a_correction_too(root: Path) -> None:
    model = Scripted([FITTING])
    proposal = proposed(root, model, Answer(edits=(GOOD, UNFIT, WriteWhole("yarn.lock", "a\n"))))

    assert contents(proposal) == {"a.py": "a = 2\n", "b.py": "b = 3\n"}
    assert proposal.change.left_out == ("yarn.lock",)
    assert "accepted and kept; do not repeat them: a.py." in model.prompt(0)


def test_equal_refusals_are_said_once_with_their_count(root: Path) -> None:
    said: list[Event] = []
    edits: tuple[Edit, ...] = (*(WriteWhole("AGENTS.md", f"{n}\n") for n in range(3)), UNFIT)
    model = Scripted([FITTING])
    propose(session(model), Workspace(root, ChangeSettings()), BLANK, Answer(edits=edits), said.append)

    assert model.prompt(0).count("AGENTS.md is protected") == 1
    assert "in the settings.) (3 times)" in model.prompt(0)
    assert said == [Refused(4, "AGENTS.md: 3, b.py: 1")]


def test_a_correction_keeps_the_edits_of_other_files(root: Path) -> None:
    model = Scripted([FITTING])
    claims = (CriterionClaim(1, "done"),)
    proposal = proposed(root, model, Answer(edits=(GOOD, UNFIT), summary="First.", criteria=claims))

    assert contents(proposal) == {"a.py": "a = 2\n", "b.py": "b = 3\n"}
    assert (proposal.answer.summary, proposal.answer.criteria) == ("First.", claims)
    assert model.trace == ["correct"]
    request = model.prompt(0)
    assert "accepted and kept; do not repeat them: a.py." in request
    assert "content of b.py" in request
    assert "content of a.py" not in request
    assert "whole this time" not in request


def test_a_correction_may_repeat_what_is_kept_and_replace_summary_and_claims(root: Path) -> None:
    again = "```\na.py\n<<<<<<< SEARCH\na = 1\n=======\na = 2\n>>>>>>> REPLACE\n```\n"
    second = head(summary="Second.", criteria=[{"id": 1, "status": "done"}])
    answer = Answer(edits=(GOOD, UNFIT), summary="First.", criteria=(CriterionClaim(1, "not"),))
    proposal = proposed(root, Scripted([second + again + FITTING]), answer)

    assert proposal.answer.edits == (GOOD, Replace("b.py", "b = 1\n", "b = 3\n"))
    assert (proposal.answer.summary, proposal.answer.criteria) == ("Second.", (CriterionClaim(1, "done"),))


def test_the_second_failure_of_a_file_requests_it_whole(root: Path) -> None:
    model = Scripted([UNFITTING, whole("b.py", "b = 4\n")])
    proposal = proposed(root, model, Answer(edits=(UNFIT,)))

    assert contents(proposal) == {"b.py": "b = 4\n"}
    assert "whole this time" not in model.prompt(0)
    assert "Give b.py whole this time, between WHOLE marks." in model.prompt(1)
    assert "No edit is accepted so far." in model.prompt(0)


def test_failures_are_counted_for_each_file(root: Path) -> None:
    model = Scripted([FITTING + UNFITTING.replace("b.py", "c.py"), whole("c.py", "c = 4\n")])
    proposal = proposed(root, model, Answer(edits=(UNFIT,)))

    assert "whole this time" not in model.prompt(1)
    assert contents(proposal) == {"b.py": "b = 3\n", "c.py": "c = 4\n"}


def test_two_failed_corrections_are_the_last(root: Path) -> None:
    model = Scripted([UNFITTING, UNFITTING, FITTING])
    with pytest.raises(ModelError, match=r"even after 2 corrections\. b\.py: ") as failure:
        proposed(root, model, Answer(edits=(UNFIT,)))
    assert failure.value.kind == "not_applicable"
    assert model.trace == ["correct", "correct"]


def test_corrections_go_on_while_fewer_edits_are_refused(root: Path) -> None:
    names = "abcdef"
    for name in names:
        (root / f"{name}.py").write_text(f"{name} = 1\n")
    wrong = {name: UNFITTING.replace("b.py", f"{name}.py") for name in names}
    model = Scripted([
        *("".join(wrong[name] for name in names[number:]) + whole(f"{names[number - 1]}.py", "x = 1\n") for number in range(1, 6)),
        whole("f.py", "x = 1\n"),
    ])  # fmt: skip
    edits = tuple(Replace(f"{name}.py", "no such line\n", "x = 1\n") for name in names)
    assert len(contents(proposed(root, model, Answer(edits=edits)))) == 6
    assert model.trace == ["correct"] * 6


def test_what_was_read_for_one_correction_is_seen_in_the_next(root: Path) -> None:
    model = Scripted([head(read=["c.py"]), UNFITTING, FITTING])
    proposal = proposed(root, model, Answer(edits=(UNFIT,)))
    assert "content of c.py" in model.prompt(2).partition("# Work item")[0]
    assert [entry.finding.wish.target for entry in proposal.notebook.entries] == ["c.py"]


def test_of_a_large_file_a_correction_does_not_show_an_outline_in_place_of_what_stands_above(root: Path) -> None:
    def outlined(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
        return [
            Finding(one, (Excerpt(one.target, "⋮ lines 1-8 left out\nb = 1", 0, 0.0, ((9, 9),)),)) for one in wishes
        ]

    model = Scripted([FITTING])
    propose(session(model, look=outlined), Workspace(root, ChangeSettings()), BLANK, Answer(edits=(UNFIT,)), print)
    assert "# What was refused" in model.prompt(0)
    assert "⋮ lines 1-8 left out" not in model.prompt(0)


def test_a_correction_keeps_the_tests_that_the_answer_names_as_made_wrong(root: Path) -> None:
    named = (ChangedTest("t::a", "two now", 1),)
    proposal = proposed(root, Scripted([FITTING]), Answer(edits=(GOOD, UNFIT), changed_tests=named))
    assert proposal.answer.changed_tests == named


def test_three_reasons_are_enough(root: Path) -> None:
    edits = tuple(Delete(f"missing{number}.py") for number in range(4))
    again = "".join(f"```\nmissing{n}.py\n<<<<<<< DELETE\n>>>>>>> DELETE\n```\n" for n in range(4))
    with pytest.raises(ModelError) as failure:
        proposed(root, Scripted([again, again]), Answer(edits=edits))
    assert "missing2.py: " in failure.value.sentence
    assert "missing3.py: " not in failure.value.sentence


@pytest.mark.parametrize("error", [DOWN, LIMIT])
def test_an_error_in_a_correction_is_raised(root: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        proposed(root, Scripted([error]), Answer(edits=(UNFIT,)))


@pytest.mark.parametrize(
    ("correction", "questions", "edits"),
    [(QUESTION, ("Which?",), {}), (head(questions=["Which?"]) + FITTING, (), {"a.py": "a = 2\n", "b.py": "b = 3\n"})],
)
def test_a_question_ends_the_corrections_unless_it_comes_with_edits(
    root: Path, correction: str, questions: tuple[str, ...], edits: dict[str, str]
) -> None:
    proposal = proposed(root, Scripted([correction]), Answer(edits=(GOOD, UNFIT)))
    assert proposal.answer.questions == questions
    assert contents(proposal) == edits


def test_a_refusal_of_the_whole_change_keeps_no_edit(root: Path) -> None:
    model = Scripted([FITTING])
    proposal = proposed(root, model, Answer(edits=(GOOD, WriteWhole("b.py", "b = 9\n"))), max_files=1)

    assert contents(proposal) == {"b.py": "b = 3\n"}
    assert "No edit is accepted so far." in model.prompt(0)
    assert "the whole answer: The change touches 2 files" in model.prompt(0)
    assert "content of" not in model.prompt(0)


def test_a_problem_of_parsing_keeps_all_edits(root: Path) -> None:
    model = Scripted([FITTING])
    proposal = proposed(root, model, Answer(edits=(GOOD,), problems=("A block has no path.",)))

    assert contents(proposal) == {"a.py": "a = 2\n", "b.py": "b = 3\n"}
    assert "the whole answer: A block has no path." in model.prompt(0)


def test_a_rename_to_a_refused_path_is_not_kept(root: Path) -> None:
    model = Scripted([FITTING])
    proposal = proposed(root, model, Answer(edits=(GOOD, Rename("c.py", ".git/config"))))

    assert contents(proposal) == {"a.py": "a = 2\n", "b.py": "b = 3\n"}
    assert "do not repeat them: a.py." in model.prompt(0)


def test_a_file_with_local_modifications_is_refused(root: Path) -> None:
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Start"]):
        git(root, *arguments)
    (root / "c.py").write_text("c = 2\n")
    checkout = open_checkout(root)
    base = CommitBase(GitTree(checkout, checkout.head))
    model = Scripted([FITTING])

    proposal = proposed(root, model, Answer(edits=(WriteWhole("c.py", "c = 3\n"),)), base=base)

    assert contents(proposal) == {"b.py": "b = 3\n"}
    assert "- c.py: c.py has uncommitted changes" in model.prompt(0)


def test_a_secret_of_the_run_is_refused_without_repeating_it(root: Path) -> None:
    model = Scripted([FITTING])
    answer = Answer(edits=(WriteWhole("b.py", f"b = '{SECRET}'\n"), Delete("c.py")))
    proposal = proposed(root, model, answer)

    assert contents(proposal) == {"b.py": "b = 3\n", "c.py": None}
    assert "b.py: it would contain a secret of this run" in model.prompt(0)
    assert SECRET not in model.prompt(0)


HELD = f"a = 1\nkey = '{SECRET}'\n"


@pytest.mark.parametrize(
    "edit",
    [
        Replace("a.py", "a = 1\n", "a = 2\n"),
        Replace("a.py", f"key = '{SECRET}'", "key = os.environ['KEY']"),
        WriteWhole("a.py", "a = 2\n"),
        Delete("a.py"),
    ],
)
def test_a_file_that_holds_a_secret_can_be_edited(root: Path, edit: Replace | WriteWhole | Delete) -> None:
    (root / "a.py").write_text(HELD)
    assert proposed(root, Scripted([]), Answer(edits=(edit,))).change.paths == ("a.py",)


@pytest.mark.parametrize("form", [SECRET, "%74ok-12345-secret", base64.b64encode(SECRET.encode()).decode()])
def test_an_edit_may_not_write_what_was_shown_in_place_of_a_secret(root: Path, form: str) -> None:
    (root / "a.py").write_text(HELD.replace(SECRET, form))
    model = Scripted([FITTING])
    proposal = proposed(root, model, Answer(edits=(WriteWhole("a.py", "a = 2\nkey = '***'\n"),)))
    assert contents(proposal) == {"b.py": "b = 3\n"}
    assert "a.py: a line that it changes holds a secret, shown as ***: leave it as it is" in model.prompt(0)


def test_a_secret_in_another_encoding_is_refused(root: Path) -> None:
    (root / "a.py").write_bytes("a = 1\r\n".encode("utf-16"))
    model = Scripted([FITTING])
    proposed(root, model, Answer(edits=(Replace("a.py", "a = 1\n", f"a = '{SECRET}'\n"),)))
    assert "it would contain a secret of this run" in model.prompt(0)


@pytest.mark.parametrize(
    "edit", [WriteWhole("a.py", f"{HELD}{HELD}"), WriteWhole(f"{SECRET}.py", "x = 1\n"), Rename("a.py", "d.py")]
)
def test_an_edit_may_not_copy_a_secret(root: Path, edit: WriteWhole | Rename) -> None:
    (root / "a.py").write_text(HELD)
    model = Scripted([FITTING])
    proposed(root, model, Answer(edits=(edit,)))
    assert "it would contain a secret of this run" in model.prompt(0)


def test_a_correction_sees_the_files_as_an_earlier_change_left_them(root: Path) -> None:
    (root / "b.py").write_text("b = 2\n")
    already = Change((FileChange("b.py", b"b = 1\n", b"b = 2\n"),))
    model = Scripted([FITTING.replace("b = 1", "b = 2")])
    proposal = proposed(root, model, Answer(edits=(UNFIT, Replace("c.py", "no such line\n", "c = 2\n"))), already)

    assert "## b.py\n```\nb = 2\n```" in model.prompt(0)
    assert "content of b.py" not in model.prompt(0)
    assert "content of c.py" in model.prompt(0)
    assert contents(proposal) == {"b.py": "b = 3\n"}


def test_the_number_of_refusals_is_announced(root: Path) -> None:
    events: list[Event] = []
    workspace = Workspace(root, ChangeSettings())
    propose(session(Scripted([FITTING])), workspace, BLANK, Answer(edits=(UNFIT,)), events.append)
    assert events == [Refused(1, "b.py: 1")]


CRITERIA = ("one", "two")
FIRST = (CriterionClaim(1, "done"),)
BOTH = (*FIRST, CriterionClaim(2, "partly"))
SECOND = head(criteria=[{"id": 1, "status": "not"}, {"id": 2, "status": "partly"}])


@pytest.mark.parametrize(
    ("answers", "claims", "edits"),
    [
        ([SECOND], BOTH, {"a.py": "a = 2\n"}),
        ([SECOND + FITTING], BOTH, {"a.py": "a = 2\n", "b.py": "b = 3\n"}),
        ([SECOND + UNFITTING], FIRST, {"a.py": "a = 2\n"}),
        ([SECOND + FITTING + ">>>>>>> REPLACE\n```\nx\n>>>>>>> REPLACE\n```\n"], FIRST, {"a.py": "a = 2\n"}),
        ([DOWN], FIRST, {"a.py": "a = 2\n"}),
        ([LIMIT], FIRST, {"a.py": "a = 2\n"}),
    ],
    ids=["head", "edits", "unfit edits", "problems", "model error", "limit"],
)
def test_missing_criteria_are_requested_once(
    root: Path, answers: Script, claims: tuple[CriterionClaim, ...], edits: dict[str, str]
) -> None:
    model = Scripted(answers)
    workspace = Workspace(root, ChangeSettings())
    events: list[Event] = []
    proposal = proposed(root, Scripted([]), Answer(edits=(GOOD,), summary="First.", criteria=FIRST))
    completed = complete(session(model), workspace, CRITERIA, proposal, events.append)

    assert completed.answer.criteria == claims
    assert completed.answer.summary == "First."
    assert contents(completed) == edits
    assert {edit.path for edit in completed.answer.edits} == set(edits)
    assert model.trace == ["criteria"]
    assert "2. two" in model.prompt(0)
    assert "1. one" not in model.prompt(0)
    assert events == [Note("The answer leaves out 1 of 2 acceptance criteria; asking once more.")]


@pytest.mark.parametrize(
    ("criteria", "edits"), [(("one",), (GOOD,)), ((), (GOOD,)), (CRITERIA, ())], ids=["answered", "none", "no change"]
)
def test_no_criteria_are_requested_if_none_are_missing_or_nothing_changed(
    root: Path, criteria: tuple[str, ...], edits: tuple[Replace, ...]
) -> None:
    proposal = proposed(root, Scripted([]), Answer(edits=edits, criteria=FIRST))
    assert complete(session(Scripted([])), Workspace(root, ChangeSettings()), criteria, proposal, print) == proposal


def test_an_error_that_is_no_models_is_not_swallowed(root: Path) -> None:
    proposal = proposed(root, Scripted([]), Answer(edits=(GOOD,)))
    with pytest.raises(KeyboardInterrupt):
        complete(session(Scripted([KeyboardInterrupt()])), Workspace(root, ChangeSettings()), CRITERIA, proposal, print)
