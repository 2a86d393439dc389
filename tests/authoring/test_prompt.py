from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring import prompt
from redimento.authoring.elements import fenced
from redimento.authoring.pieces import head_and_tail
from redimento.change.edit import Change, FileChange
from redimento.context.selection import Context, Excerpt
from redimento.settings import ChangeSettings, CheckCommand, ProjectSettings
from redimento.verification.evidence import CheckResult, Checks, Failure, Verdict
from redimento.work_items.item import Comment, Kind, RelatedItem, WorkItem
from tests.authoring.requests import bare

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


def test_the_task_has_the_code_and_then_the_whole_item() -> None:
    checks = (CheckCommand("tests", ("python3", "-m", "pytest")),)
    task = bare(prompt.briefing(ITEM, CONTEXT, ProjectSettings(framework="Django"), checks=checks).task)

    for part in (
        "Framework: Django", "No floats.", "src/ 1 py", "## src/cart.py\n```\ndef total(): ...\n```",
        "- tests: `python3 -m pytest`", "Title: Round the total", "Part of Feature 3: Cart", "As a buyer …",
        "1. Half up", "2. \n   Shown\n   - in the cart", "Ann, 2026-11-01:\nHalf up, please", "- related: Bug 5, Wrong sum",
    ):  # fmt: skip
        assert part in task
    assert task.index("def total") < task.index("Title: Round the total")


def test_the_task_lists_what_the_settings_protect_and_allow() -> None:
    change = ChangeSettings(protected=("db/", "*.sql"), allow=("package-lock.json",))
    task = prompt.briefing(ITEM, CONTEXT, ProjectSettings(), change=change).task
    assert "Do not change these either: db/, *.sql." in task
    assert "These may change although they are usually protected: package-lock.json." in task
    assert "What may change here" not in prompt.briefing(ITEM, CONTEXT, ProjectSettings()).task


def test_the_task_names_the_files_behind_a_git_filter() -> None:
    task = prompt.briefing(ITEM, CONTEXT, ProjectSettings(), filtered=("*.psd", "secrets/**")).task
    assert "# What may change here\nGit stores these files in another form" in task
    assert "neither change nor add one: *.psd, secrets/**." in bare(task)


def test_our_own_comments_can_be_left_out() -> None:
    assert "Half up, please" not in prompt.briefing(ITEM, CONTEXT, ProjectSettings(), comments=()).task


@pytest.mark.parametrize("kind", ["story", "bug", "task"])
@pytest.mark.parametrize("language", ["python", "typescript", "javascript", "csharp", "java", "go", "", "cobol"])
def test_every_kind_and_language_has_its_rules(kind: Kind, language: str) -> None:
    system = prompt.briefing(replace(ITEM, kind=kind), replace(CONTEXT, language=language), ProjectSettings()).system

    assert "<<<<<<< SEARCH" in system
    assert prompt.LANGUAGES.get(language, "The code") in system


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
    text = bare(prompt.repair("It rounds.", change, verdict, ("## tests/t.py\nthe test",), 60_000))

    for part in ("new total", "Removed: gone.py", "t::test_a", "904 != 905", "E501 too long", "the test"):
        assert part in text
    assert "t::test_old" not in text


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
    text = prompt.repair("Add totals", Change(), Verdict(Checks(), Checks(), failures), (), 60_000)
    assert "## tests: test_a\n\n```\nIt passed before.\n```" in text
    assert "## tests\n\n```\nAs it was, this check fails.\n```" in text
    assert "## pytest.ini\n\n```\nA change may not edit its own judge.\n```" in text


def test_a_changed_file_is_shown_as_text_in_its_encoding() -> None:
    change = Change((FileChange("a.bas", b"", "x = '値'\n".encode("cp932"), encoding="cp932"),))
    assert "x = '値'" in prompt.missing_criteria("", change, [(1, "It counts.")], 60_000)
