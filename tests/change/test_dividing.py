"""Which line divides a block is shown by the file, through the answer's text and `apply`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring.answer_format import parse_answer
from redimento.change.apply import apply
from redimento.change.beneath import Found
from redimento.change.edit import Replace

RULE = "=======\n"


def outcome(path: str, before: str | None, inside: str) -> str:
    """Return the file after the block with these lines between its marks, or "refused"."""
    answer = parse_answer(f"```\n{path}\n<<<<<<< SEARCH\n{inside}>>>>>>> REPLACE\n```\n")
    assert answer.problems == ()
    applied = apply(answer.edits, lambda _: None if before is None else Found(before.encode(), 0o100644))
    found = applied.files.get(path)
    assert applied.refusals == () or found is None or found.content.decode() == before
    assert all("not clear which one divides" in refusal.reason for refusal in applied.refusals)
    return "refused" if applied.refusals or found is None else found.content.decode()


@pytest.mark.parametrize("path", ["HISTORY.rst", "history.md", "notes.txt", "a.py"])
@pytest.mark.parametrize(
    ("before", "inside", "after"),
    [
        # An underlined heading at the end of the old text, and another one in the new text.
        (f"History\n{RULE}\ntext\n", f"History\n{RULE}{RULE}Releases\n========\n", "Releases\n========\n\ntext\n"),
        (f"History\n{RULE}\ntext\n", f"History\n{RULE}{RULE}Changes\n{RULE}", f"Changes\n{RULE}\ntext\n"),
        (f"History\n{RULE}\ntext\n", f"History\n{RULE}{RULE}News\n----\n", "News\n----\n\ntext\n"),
        # On both sides, with text below.
        (f"Old\n{RULE}text\n", f"Old\n{RULE}text\n{RULE}New\n{RULE}text\n", f"New\n{RULE}text\n"),
        # Only in the old text, only in the new text.
        (f"Old\n{RULE}text\nend\n", f"Old\n{RULE}text\n{RULE}new\n", "new\nend\n"),
        ("Old\nend\n", f"Old\n{RULE}New\n{RULE}text\n", f"New\n{RULE}text\nend\n"),
        (f"Old\n{RULE}text\nend\n", f"Old\n{RULE}text\n{RULE}", "end\n"),
        # A title between two lines.
        (f"{RULE}History\n{RULE}x\n", f"{RULE}History\n{RULE}{RULE}{RULE}Changes\n{RULE}", f"{RULE}Changes\n{RULE}x\n"),
        ("Old\nend\n", f"Old\n{RULE}{RULE}Changes\n{RULE}", f"{RULE}Changes\n{RULE}end\n"),
        # A new file.
        (None, f"{RULE}Title\n{RULE}text\n", f"Title\n{RULE}text\n"),
        ("\n", f"\n{RULE}Title\n{RULE}text\n", f"Title\n{RULE}text\n"),
        # The last line lacks its line break.
        ("Old\n=======\ntext", f"Old\n{RULE}text\n{RULE}new\n", "new"),
    ],
)
def test_the_old_text_that_is_in_the_file_shows_the_divider(
    path: str, before: str | None, inside: str, after: str
) -> None:
    assert outcome(path, before, inside) == after


@pytest.mark.parametrize(
    ("path", "before", "inside"),
    [
        ("a.rst", f"History\n{RULE}", f"History\n{RULE}{RULE}Changes\n"),  # the underline, or a divider written twice
        ("a.rst", "old\n", f"old\n{RULE}{RULE}new\n"),  # a line of its own, or a divider written twice
        ("a.py", f"old\nx\n{RULE}", f"old\n{RULE}{RULE}new\n"),
        ("a.py", "-------\n", f"-------\n{RULE}{RULE}"),  # another underline, or a deletion
        ("a.rst", "other\n", f"old\n{RULE}a\n{RULE}new\n"),
        ("a.rst", "  old\n", f"old\n{RULE}a\n{RULE}new\n"),  # only forgiving white space
        ("a.rst", None, f"old\n{RULE}a\n{RULE}new\n"),
        # The longer old text is meant, and has a slip.
        ("a.md", f"Old\n{RULE}\nit's\n", f"Old\n{RULE}\nit\u2019s\n{RULE}New\n{RULE}\nit's new\n"),
        ("a.md", f"Old\n{RULE}text\n", f"Old\n=======  \n{RULE}New\n{RULE}"),
        ("a.md", f"Old\n{RULE}\na\nb\n", f"Old\n{RULE}...\nb\n{RULE}New\n{RULE}...\nb\n"),
        # The new text ends with a divider, or is there twice.
        ("a.sql", "old\n", f"old\n{RULE}new\n{RULE}"),
        ("a.md", "old\n", f"old\n{RULE}a longer sentence\n{RULE}"),
        ("a.sql", "old\n", f"old\n{RULE}new\n{RULE}new\n"),
        # The divider is shorter than the lines around it.
        ("a.md", f"History\n{RULE}", f"History\n{RULE}======\nChanges\n{RULE}"),
    ],
)
def test_an_unclear_divider_is_refused(path: str, before: str | None, inside: str) -> None:
    assert outcome(path, before, inside) == "refused"


@pytest.mark.parametrize("mark", ["=======", "-------", "~~~~~~~"])
def test_no_heading_gets_two_underlines(mark: str) -> None:
    before = Found(f"History\n{mark}\n\ntext\n".encode(), 0o100644)
    edit = Replace("a.rst", "History\n", f"Releases\n{mark}{mark[0]}\n")
    (refusal,) = apply([edit], lambda _: before).refusals
    assert "two lines under one heading" in refusal.reason
    assert apply([Replace("a.rst", "History\n", "Changes\n")], lambda _: before).refusals == ()


def test_a_divider_that_was_written_twice_is_forgiven_in_code() -> None:
    assert outcome("a.py", "old\nx\n", f"old\n{RULE}{RULE}new\n") == "new\nx\n"
    assert outcome("a.py", "old\nx\n", f"old\n{RULE}{RULE}{RULE}new\n") == "new\nx\n"


_LINES = st.lists(st.sampled_from(["=======", "History", "text", "", "==========", "-------"]), max_size=7)


@given(_LINES, _LINES, _LINES, st.sampled_from(["a.rst", "a.py"]))
def test_a_block_is_applied_as_one_of_its_readings_or_refused(
    rest: list[str], old: list[str], new: list[str], path: str
) -> None:
    before = "".join(f"{line}\n" for line in [*old, *rest])
    inside = "".join(f"{line}\n" for line in [*old, "=======", *new])
    answer = parse_answer(f"```\n{path}\n<<<<<<< SEARCH\n{inside}>>>>>>> REPLACE\n```\n")
    applied = apply(answer.edits, lambda _: Found(before.encode(), 0o100644))
    if applied.refusals:
        return
    lines = inside.split("\n")[:-1]
    found = applied.files[path]
    assert found is not None
    readings = [
        ("".join(f"{line}\n" for line in lines[:number]), "".join(f"{line}\n" for line in lines[number + 1 :]))
        for number, line in enumerate(lines)
        if line == "======="
    ]
    assert any(search.strip("\n") in before for search, _ in readings)
