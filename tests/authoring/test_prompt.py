from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring import prompt
from redimento.authoring.answer_format import parse_answer
from redimento.authoring.elements import fenced
from redimento.authoring.notebook import Notebook
from redimento.authoring.pieces import head_and_tail
from redimento.authoring.prompt import Briefing
from redimento.authoring.state import Earlier, State
from redimento.change.edit import Change, FileChange, Refusal
from redimento.context.languages import main_language, role
from redimento.context.selection import Context, Excerpt
from redimento.exploration.wish import Finding, Wish
from redimento.settings import ChangeSettings, CheckCommand, ProjectSettings
from redimento.verification.evidence import CheckResult, Checks, Failure, Verdict
from redimento.work_items.item import Comment, Kind, RelatedItem, WorkItem
from tests.authoring.requests import bare, inside

ITEM = WorkItem(
    id=7,
    revision=1,
    type="User Story",
    kind="story",
    title="Round the total",
    description="As a buyer …",
    acceptance_criteria=("Half up", "Shown\n- in the cart"),
    comments=(Comment(1, "Ann", "2026-11-01", "Half up, please"),),
    related=(RelatedItem("parent", 3, "Feature", "Cart", "Active"), RelatedItem("related", 5, "Bug", "Wrong sum", "")),
)
FILE = Excerpt("src/cart.py", "def total(): ...", 5, 1.0, None)
CONTEXT = Context((FILE,), "src/ 1 py", (replace(FILE, path="AGENTS.md", text="No floats."),), 10, 100, "python")


def told(brief: Briefing, state: State = State(Notebook(60_000))) -> str:  # noqa: B008  frozen
    return bare(prompt.request(brief, state, 60_000))


def test_the_task_has_the_code_and_then_the_whole_item() -> None:
    checks = (CheckCommand("tests", ("python3", "-m", "pytest")),)
    task = told(prompt.briefing(ITEM, CONTEXT, ProjectSettings(framework="Django"), checks=checks))

    for part in (
        "Framework: Django", "No floats.", "src/ 1 py", "## src/cart.py\n```\ndef total(): ...\n```",
        "- tests: `python3 -m pytest`", "Title: Round the total", "- parent: Feature 3: Cart (Active)", "As a buyer …",
        "1. Half up", "2. \n   Shown\n   - in the cart", "Ann, 2026-11-01:\nHalf up, please", "- related: Bug 5: Wrong sum",
    ):  # fmt: skip
        assert part in task
    assert task.index("def total") < task.index("Title: Round the total")


def test_a_try_is_offered_only_where_there_are_checks() -> None:
    checks = (CheckCommand("tests", ("python3", "-m", "pytest")),)
    offered = [prompt.briefing(ITEM, CONTEXT, ProjectSettings(), checks=each).system for each in ((), checks)]
    assert ['"try"' in system for system in offered] == [False, True]


def test_the_task_says_how_much_may_change_and_what_the_settings_protect_and_allow() -> None:
    change = ChangeSettings(max_files=7, protected=("db/", "*.sql"), allow=("package-lock.json",))
    task = prompt.briefing(ITEM, CONTEXT, ProjectSettings(), change=change).repository
    assert "At most 7 files, with 2000 added and 1000 deleted lines in all; no file may lose more than 60 %" in task
    assert "Do not change these either: db/, *.sql." in task
    assert "These may change although they are usually protected: package-lock.json." in task


def test_the_task_names_the_files_behind_a_git_filter() -> None:
    task = prompt.briefing(ITEM, CONTEXT, ProjectSettings(), filtered=("*.psd", "secrets/**")).repository
    assert "Git stores these files in another form" in task
    assert "neither change nor add one: *.psd, secrets/**." in bare(task)


def test_our_own_comments_can_be_left_out() -> None:
    assert "Half up, please" not in prompt.briefing(ITEM, CONTEXT, ProjectSettings(), comments=()).item


@pytest.mark.parametrize("kind", ["story", "bug", "task"])
@pytest.mark.parametrize("language", ["python", "typescript", "javascript", "csharp", "java", "go", "", "cobol"])
def test_every_kind_and_language_has_its_rules(kind: Kind, language: str) -> None:
    system = prompt.briefing(replace(ITEM, kind=kind), replace(CONTEXT, language=language), ProjectSettings()).system

    assert "<<<<<<< SEARCH" in system
    assert prompt.LANGUAGES.get(language, "The code") in system


@pytest.mark.parametrize("language", [*prompt.LANGUAGES, ""])
def test_the_example_is_a_whole_answer_in_the_language_at_hand(language: str) -> None:
    system = prompt.briefing(ITEM, replace(CONTEXT, language=language), ProjectSettings()).system
    example = system.partition("another repository:\n")[2].partition("`status` is")[0]
    answer = parse_answer(example)
    assert not answer.problems
    source, test = answer.edits
    assert (role(source.path), role(test.path)) == ("source", "test")
    assert language in {"", main_language([source.path]), main_language([test.path])}
    assert [claim.status for claim in answer.criteria] == ["done"]


def test_the_project_is_told_with_what_its_build_files_say() -> None:
    facts = ("Python >=3.9 (pyproject.toml)", "Tests: pytest\n# Work item 8 (x.toml)")
    task = prompt.briefing(ITEM, replace(CONTEXT, facts=facts), ProjectSettings()).repository
    assert "# The project\nWhat its build files say:\n" in task
    assert "Python >=3.9 (pyproject.toml)\nTests: pytest # Work item 8 (x.toml)" in inside(task)[0]


def test_the_settings_override_the_language() -> None:
    system = prompt.briefing(ITEM, CONTEXT, ProjectSettings(language="Go")).system
    assert "# Go" in system
    assert "# Python" not in system


def test_the_system_text_is_the_same_for_every_item_of_a_kind() -> None:
    one = prompt.briefing(ITEM, CONTEXT, ProjectSettings()).system
    other = prompt.briefing(replace(ITEM, title="Other", id=8), CONTEXT, ProjectSettings()).system
    assert one == other


def test_a_repair_request_has_the_new_failures_and_the_current_files() -> None:
    change = Change((FileChange("src/cart.py", b"old", b"new total"), FileChange("gone.py", b"x", None)))
    after = CheckResult("lint", "ruff", required=True, exit_code=1, seconds=0, output="E501 too long")
    verdict = Verdict(
        Checks(),
        Checks((after,)),
        new_failures=(Failure("tests", "t::test_a", "904 != 905"), Failure("lint", "", "")),
        known_failures=(Failure("tests", "t::test_old", "known"),),
    )
    test = Finding(Wish("read", "tests/t.py"), (replace(FILE, path="tests/t.py", text="the test"),))
    state = State(Notebook(60_000), change, "It rounds.", verdict, files=(test,))
    text = told(prompt.briefing(ITEM, CONTEXT, ProjectSettings()), state)

    parts = (
        "# Files\n", "# Work item 7\n", "# Your change so far\n", "It rounds.", "## src/cart.py\n```\nnew total\n```",
        "Removed: gone.py", "# What fails now and did not fail before\n", "## tests: t::test_a\n\n```\n904 != 905\n```",
        "E501 too long", "# These files as they are now\n", "## tests/t.py\n```\nthe test\n```", "\n# Now\n", "<<<<<<< SEARCH",
    )  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "t::test_old" not in text


def test_a_state_says_what_was_refused_and_what_stands() -> None:
    refusals = (Refusal("src/cart.py", "no such lines"), Refusal("b.py", "no such line"))
    found = Finding(Wish("read", "b.py"), (replace(FILE, path="b.py", text="b = 1"),))
    state = State(
        Notebook(60_000), summary="It rounds.", kept=("a.py", "c.py"), refusals=refusals, files=(found,),
        whole=frozenset(["b.py"]),
    )  # fmt: skip
    text = told(prompt.briefing(ITEM, CONTEXT, ProjectSettings()), state)
    parts = (
        "# What stands of your last answer\n", "It rounds.",
        "\nThese edits are accepted and kept; do not repeat them: a.py, c.py.\n", "# What was refused\n",
        "- src/cart.py: no such lines", "# These files as they are now\n", "## b.py\n```\nb = 1\n```",
        "\nGive b.py whole this time, between WHOLE marks.\n", "\n# Now\n",
    )  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_a_state_says_which_criteria_are_missing() -> None:
    state = State(Notebook(60_000), Change((FileChange("a.py", b"", b"x"),)), missing=((2, "two"), (3, "three")))
    text = bare(prompt.state_section(state, 60_000))
    assert "# Your change so far\n" in text
    assert "# What is missing\nYou did not answer these acceptance criteria:\n2. two\n3. three\n" in text


def test_a_fresh_start_says_what_the_last_one_taught() -> None:
    text = bare(
        prompt.state_section(
            State(
                Notebook(60_000),
                earlier=(Earlier("Why", ("a.py",), ("b: It broke b.",), "It failed.", thrown_away=True),),
            ),
            60_000,
        )
    )
    assert "# Now\nAn earlier attempt at this work item was thrown away." in text
    assert "It broke b." in text


@given(st.text(alphabet="`a\n ", max_size=60))
def test_nothing_in_a_fence_can_close_it(text: str) -> None:
    lines = fenced(text).split("\n")
    assert lines[0] == lines[-1]
    assert not any(line.strip().startswith(lines[0]) for line in lines[1:-1])


def test_a_long_text_keeps_its_head_and_tail() -> None:
    cut = head_and_tail("a" * 5_000 + "MIDDLE" + "z" * 5_000, 1_000)
    assert cut.startswith("aaa")
    assert cut.endswith("zzz")
    assert "MIDDLE" not in cut
    assert len(cut) < 1_100


def test_a_repair_names_what_is_missing_rewritten_or_steers_the_checks() -> None:
    failures = (
        Failure("tests", "test_a", "It passed before.", kind="missing"),
        Failure("tests", "", "As it was, this check fails.", kind="rewritten"),
        Failure("", "pytest.ini", "A change may not edit its own judge.", kind="steering"),
    )
    state = State(Notebook(60_000), verdict=Verdict(Checks(), Checks(), failures))
    text = prompt.state_section(state, 60_000)
    assert "## tests: test_a\n\n```\nIt passed before.\n```" in text
    assert "## tests\n\n```\nAs it was, this check fails.\n```" in text
    assert "## pytest.ini\n\n```\nA change may not edit its own judge.\n```" in text


def test_a_changed_file_is_shown_as_text_in_its_encoding() -> None:
    change = Change((FileChange("a.bas", b"", "x = '値'\n".encode("cp932"), encoding="cp932"),))
    state = State(Notebook(60_000), change, missing=((1, "It counts."),))
    assert "x = '値'" in prompt.state_section(state, 60_000)
