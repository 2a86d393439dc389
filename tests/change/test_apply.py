"""Edits apply in order, each to the result of the earlier ones."""

from __future__ import annotations

import pytest

from redimento.change.apply import Applied, apply
from redimento.change.beneath import Found
from redimento.change.edit import Delete, Edit, Rename, Replace, WriteWhole


def applied(files: dict[str, str], *edits: Edit) -> Applied:
    return apply(edits, lambda path: Found(files[path].encode(), 0o100644) if path in files else None)


def after(outcome: Applied) -> dict[str, str | None]:
    assert outcome.refusals == ()
    return {path: found.content.decode() if found else None for path, found in outcome.files.items()}


def reasons(outcome: Applied) -> str:
    return "\n".join(refusal.reason for refusal in outcome.refusals)


def test_blocks_for_one_file_apply_in_order() -> None:
    edits = [Replace("a", "one\n", "1\n"), Replace("a", "three\n", "3\n"), Replace("a", "1\ntwo\n", "1\n2\n")]
    assert after(applied({"a": "one\ntwo\nthree\n"}, *edits)) == {"a": "1\n2\n3\n"}


def test_blocks_that_share_unchanged_lines_both_apply() -> None:
    edits = [Replace("a", "a\nb\n", "A\nb\n"), Replace("a", "b\nc\n", "b\nC\n")]
    assert after(applied({"a": "a\nb\nc\n"}, *edits)) == {"a": "A\nb\nC\n"}


def test_a_block_that_overlaps_an_earlier_one_is_refused() -> None:
    outcome = applied({"a": "a\nb\nc\n"}, Replace("a", "a\nb\n", "X\n"), Replace("a", "b\nc\n", "Y\n"))
    assert "overlaps an earlier block" in reasons(outcome)
    assert outcome.edits == (Replace("a", "a\nb\n", "X\n"),)


def test_a_similar_match_may_not_undo_an_earlier_block() -> None:
    text = "class Duration:\n    first = 'a long enough line that stays'\n    message = 'HH:MM:SS'\n    last = 'another long line that stays'\n"
    edits = [
        Replace("a", "    message = 'HH:MM:SS'\n", "    message = 'HH:MM:ss'\n"),
        Replace("a", text, text + "    more = 1\n"),
    ]
    assert "overlaps an earlier block" in reasons(applied({"a": text}, *edits))


def test_an_already_applied_block_counts_as_done() -> None:
    outcome = applied(
        {"a": "def f():\n    return compute(2)\n"}, Replace("a", "    return compute(1)\n", "    return compute(2)\n")
    )
    assert after(outcome) == {"a": "def f():\n    return compute(2)\n"}
    assert outcome.notes == ("a: a block was already applied.",)


@pytest.mark.parametrize(
    ("search", "replacement"),
    [
        # A deletion whose kept lines are there anyway.
        ("    if a > 2:\n        log(a)\n    return result_total\n", "    return result_total\n"),
        # The one new line occurs somewhere else.
        ("    return old_call()\n", "    return result_total\n"),
    ],
)
def test_lines_that_were_there_before_do_not_prove_that_a_block_was_applied(search: str, replacement: str) -> None:
    text = "def f(a):\n    if a > 1:\n        print(a)\n    return result_total\n"
    assert "is not in the file" in reasons(applied({"a": text}, Replace("a", search, replacement)))


@pytest.mark.parametrize(
    ("text", "search", "replacement"),
    [
        ("a = 1\nb = 2\n", "1 | a = 1\n2 | b = 2\n", "1 | a = 1\n2 | b = 3\n    c = 4\n"),
        ("name: foo\nb: 2\n", "- name: foo\n", "x: 1\n- name: bar\n"),
    ],
)
def test_prefixes_on_some_lines_of_a_replacement_never_get_into_the_file(
    text: str, search: str, replacement: str
) -> None:
    assert "is not in the file" in reasons(applied({"a": text}, Replace("a", search, replacement)))


def test_a_diff_instead_of_the_new_lines_is_refused() -> None:
    text = "a: 1\nb: 2\nc: 3\n"
    assert "is a diff" in reasons(applied({"a": text}, Replace("a", text, " a: 1\n-b: 2\n+b: 4\n c: 3\n")))


def test_lines_that_become_a_list_are_not_a_diff() -> None:
    assert after(applied({"a": "one\ntwo\n"}, Replace("a", "one\ntwo\n", "- one\n- two\n"))) == {"a": "- one\n- two\n"}


def test_added_lines_are_not_added_twice() -> None:
    text = "import os\nimport sys\n"
    assert after(applied({"a": text}, Replace("a", "import os\n", "import os\nimport sys\n"))) == {"a": text}


def test_a_longer_word_is_not_an_addition_that_is_already_there() -> None:
    assert after(applied({"a": "foobar()\n"}, Replace("a", "foo", "foobar"))) == {"a": "foobarbar()\n"}


def test_every_occurrence_is_replaced_on_request() -> None:
    edit = Replace("a", "test", "exam", everywhere=True)
    assert after(applied({"a": "test testing\ntest\n"}, edit)) == {"a": "exam examing\nexam\n"}
    assert "not in the file" in reasons(applied({"a": "none\n"}, edit))


def test_an_empty_search_creates_a_new_file() -> None:
    assert after(applied({}, Replace("new.txt", "", "x\n"))) == {"new.txt": "x\n"}


def test_a_block_for_a_missing_file_is_refused() -> None:
    assert "missing.py does not exist" in reasons(applied({}, Replace("missing.py", "a\n", "b\n")))


def test_a_new_file_can_be_edited_by_the_next_block() -> None:
    edits: list[Edit] = [WriteWhole("n.py", "a = 1\nb = 2\n"), Replace("n.py", "b = 2  \n", "b = 3\n")]
    assert after(applied({}, *edits)) == {"n.py": "a = 1\nb = 3\n"}


def test_delete_rename_and_edit_under_the_new_name() -> None:
    edits: list[Edit] = [Rename("old.py", "new.py"), Replace("new.py", "a\n", "b\n"), Delete("gone.py")]
    assert after(applied({"old.py": "a\n", "gone.py": "x\n"}, *edits)) == {
        "old.py": None,
        "new.py": "b\n",
        "gone.py": None,
    }


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Delete("absent"), "cannot be deleted, because it does not exist"),
        (Rename("absent", "b"), "cannot be renamed, because it does not exist"),
        (Rename("a", "b"), "b already exists"),
        (Replace("binary", "x\n", "y\n"), "is a binary file"),
        (WriteWhole("binary", "y\n"), "is a binary file"),
    ],
)
def test_impossible_operations_are_refused(edit: Edit, reason: str) -> None:
    assert reason in reasons(applied({"a": "a\n", "b": "b\n", "binary": "x\0y\n"}, edit))


@pytest.mark.parametrize(
    "line",
    [
        "# ... rest of the file unchanged ...",
        "// ... existing code ...",
        "# ...",
        "/* ... */",
        "<!-- rest of the file remains the same -->",
        "(rest of methods ...)",
        "... (other tests unchanged)",
        "# The rest of the class remains unchanged.",
        "// existing code here",
        "# [previous implementation omitted ...]",
        "// \u2026 resto do arquivo existente \u2026",
        "# code omitted for brevity",
        "{/* ... rest of component ... */}",
        "-- ... remaining queries ...",
        "# ... the rest of your handlers goes here ...",
        "// ... all other routes remain unchanged",
        "# ... keep the existing validation logic",
        "// ... rest of component code with useState",
        "# ... (other fields stay exactly the same) ...",
        "// [rest of the file is unchanged]",
        "# ... continue with the rest of the file",
        "# No changes below",
        "# \u2026 c\u00f3digo existente \u2026",
    ],
)
def test_a_placeholder_for_omitted_code_is_refused(line: str) -> None:
    outcome = applied({"a.py": "a()\n"}, Replace("a.py", "a()\n", f"b()\n    {line}\n"))
    assert "leaves out code" in reasons(outcome)
    assert "leaves out code" in reasons(applied({}, WriteWhole("n.py", f"b()\n{line}\n")))


@pytest.mark.parametrize(
    "line",
    [
        "...",
        "def f() -> int: ...",
        "args = [*rest, ...]",
        "# Keep the existing code path until the flag is gone",
        "# The rest of the options is documented in docs/options.md",
        "print('... existing users ...')",
        "# Other methods",
        "// loading...",
        "# existing customers keep their discount",
        "# see the previous implementation for why...",
        "- The remaining items ... are listed below",
        "# ... existing behaviour is kept for v1 clients",
        "// ... and so on",
        "# rest of the arguments are passed to the parser",
        "// other fields unchanged since v2",
        "# The rest of the method is only reached on errors",
        "# The remainder of this file is compressed using zlib.",
        "# ... otherwise the previous value is used",
        "// ... the rest is handled by the caller",
        "# ... because other tests depend on it",
        "# ... with the original salt and 5 iterations.",
        "# ... as existing clients expect",
        "# Existing users first...",
        "# Continue with next item...",
        "# No changes",
        "// ...rest",
        "{...props}",
        "/* rest of the grid is filled by auto-placement */",
        "<!-- existing file uploads are listed here by date -->",
        "> rest",
    ],
)
def test_ordinary_text_is_not_a_placeholder(line: str) -> None:
    assert after(applied({}, WriteWhole("n.py", f"{line}\n"))) == {"n.py": f"{line}\n"}


def test_a_placeholder_that_is_in_the_file_is_ordinary_text() -> None:
    text = "(rest of methods ...)\n(unchanged code ...)\n"
    edit = Replace("a.txt", text, "(unchanged code ...)\n(rest of methods ...)\n")
    assert after(applied({"a.txt": text}, edit)) == {"a.txt": "(unchanged code ...)\n(rest of methods ...)\n"}


def test_an_already_applied_block_is_found_with_another_indentation() -> None:
    text = "def f():\n        return compute(2)\n"
    edit = Replace("a", "    return compute(1)\n", "    return compute(2)\n")
    assert after(applied({"a": text}, edit)) == {"a": text}


def test_a_block_applied_twice_is_applied_once() -> None:
    edit = Replace("a", "old_call_name()\n", "something_entirely_different()\n")
    outcome = applied({"a": "old_call_name()\n"}, edit, edit)
    assert after(outcome) == {"a": "something_entirely_different()\n"}
    assert outcome.notes == ("a: a block was already applied.",)


@pytest.mark.parametrize(
    ("now", "searched", "is_applied"),
    [
        ("abcdef-ghijkl", "abcdef-ghijkx", True),
        ("abcdef-ghijk", "abcdef-ghijx", False),  # 11 letters may be there by chance
        ("abcdefghijklmnopqrst", "abcdefghijklmnop0000", True),
        ("abcdefghijklmnopqrst", "abcdefghijklmno00000", False),  # less than 80 % alike: another line
    ],
)
def test_only_a_telling_line_proves_that_a_block_was_applied(now: str, searched: str, is_applied: bool) -> None:  # noqa: FBT001  # a table
    outcome = applied({"a": f"{now}\n"}, Replace("a", f"{searched}\n", f"{now}\n"))
    assert (outcome.refusals == ()) is is_applied


def test_a_replacement_that_occurs_twice_does_not_prove_that_a_block_was_applied() -> None:
    text = "    return compute(2)\n\n    return compute(2)\n"
    block = Replace("a", "    return compute(1)\n", "    return compute(2)\n")
    assert "is not in the file" in reasons(applied({"a": text}, block))


@pytest.mark.parametrize(
    ("text", "search", "replacement", "expected"),
    [
        ("import os\nimport sys\n", "import sys\n", "import os\nimport sys\n", "import os\nimport sys\n"),
        ("import os\nimport sys", "import os", "import os\nimport sys", "import os\nimport sys"),
        ("import os\nimport sys.x\n", "import os", "import os\nimport sys", "import os\nimport sys\nimport sys.x\n"),
        ("sys\n", "sys\n", "os\nsys\n", "os\nsys\n"),
    ],
    ids=["before", "at the end", "a longer line", "at the start"],
)
def test_only_the_same_lines_are_not_added_twice(text: str, search: str, replacement: str, expected: str) -> None:
    assert after(applied({"a": text}, Replace("a", search, replacement))) == {"a": expected}


def test_every_occurrence_keeps_the_line_endings_around_it() -> None:
    edit = Replace("a", "x\n", "y\nz\n", everywhere=True)
    assert after(applied({"a": "x\r\nb\nx\nx\r\n"}, edit)) == {"a": "y\r\nz\r\nb\ny\nz\ny\r\nz\r\n"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x\nax\nx\n", "y\nax\ny\n"),
        ("x\nx", "y\ny"),
        ("  x\nx\n", "  x\ny\n"),
    ],
)
def test_whole_lines_are_replaced_everywhere_but_no_parts_of_lines(text: str, expected: str) -> None:
    assert after(applied({"a": text}, Replace("a", "x\n", "y\n", everywhere=True))) == {"a": expected}


def test_every_line_may_be_deleted_everywhere() -> None:
    edit = Replace("a", "x\n", "", everywhere=True)
    assert after(applied({"a": "x\nx\na\nx"}, edit)) == {"a": "a\n"}


@pytest.mark.parametrize("search", ["total\n", "  total\n"])
def test_a_part_of_a_line_is_not_replaced_everywhere_and_the_refusal_says_what_to_write(search: str) -> None:
    outcome = applied({"a": "x = total\n\nreturn total + total\n"}, Replace("a", search, "sum\n", everywhere=True))
    assert "only a part of lines 1, 3: write a SEARCH block for each of these lines" in reasons(outcome)
    assert "is not in the file" in reasons(applied({"a": "x\n"}, Replace("a", search, "sum\n", everywhere=True)))
