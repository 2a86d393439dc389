"""Parse what models really write, without ever raising."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring.answer import Answer, CriterionClaim, Trial
from redimento.authoring.answer_format import parse_answer
from redimento.change.edit import Delete, Edit, Rename, Replace, Undivided, WriteWhole
from redimento.exploration.wish import Wish

PAIR = "<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n"
EDIT = Replace("src/a.py", "old\n", "new\n")
ANSWER = f"""Here is the change.
```json
{{"summary": "Rounds totals", "criteria": [{{"id": 1, "status": "done", "tests": ["t::a"], "note": "n"}}],
 "build_instructions": "make", "documentation": "d"}}
```
```python
src/a.py
{PAIR}```
"""


def edits(text: str) -> tuple[Edit, ...]:
    answer = parse_answer(text)
    assert answer.problems == ()
    assert not answer.incomplete
    return answer.edits


def test_a_head_and_its_blocks() -> None:
    assert parse_answer(ANSWER) == Answer(
        summary="Rounds totals",
        edits=(EDIT,),
        criteria=(CriterionClaim(1, "done", ("t::a",), "n"),),
        build_instructions="make",
        documentation="d",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"```python\nsrc/a.py\n{PAIR}```\n",
        f"````\nsrc/a.py\n{PAIR}````\n",
        f"~~~python\nsrc/a.py\n{PAIR}~~~\n",
        f"src/a.py\n```python\n{PAIR}```\n",
        f"src/a.py\n{PAIR}",
        f"**src/a.py**\n```python\n{PAIR}```\n",
        f"### `src/a.py`\n\n```python\n{PAIR}```\n",
        f"Now I change `src/a.py`:\n```python\n{PAIR}```\n",
        f"File: src/a.py\n```python\n{PAIR}```\n",
        f"```python src/a.py\n{PAIR}```\n",
        f"```python:src/a.py\n{PAIR}```\n",
        f'```python title="src/a.py"\n{PAIR}```\n',
        f'```python\n"src/a.py"\n{PAIR}```\n',
        f"```python\n# src/a.py\n{PAIR}```\n",
        f"```python\n./src/a.py:\n{PAIR}```\n",
        f"```diff\n--- a/src/a.py\n+++ b/src/a.py\n{PAIR}```\n",
        f"  ```python\n  src/a.py\n{PAIR}  ```\n",
        f"```python\nsrc/a.py\n\n{PAIR}\n```\n",
        f"```python\nsrc/a.py\n{PAIR}>>>>>>> REPLACE\n```\n",
        f"```python\nsrc/a.py\n<<<<<<< SEARCH\n{PAIR}```\n",
        f"```<<<<<<< SEARCH src/a.py\n{PAIR.removeprefix('<<<<<<< SEARCH' + chr(10))}```\n",
        f"src/a.py\n```{PAIR.removesuffix(chr(10))}```\n",
        f"src/a.py\n```python {PAIR.removesuffix(chr(10))}```\n",
        f"```python src/a.py {PAIR.removesuffix(chr(10))} ```\n",
        f"src/a.py\n~~~~{PAIR.removesuffix(chr(10))}~~~~\n",
        f"```python\n{PAIR.replace('SEARCH', 'SEARCH src/a.py')}```\n",
        f"```python\n{PAIR.replace('SEARCH', 'SEARCH: `src/a.py`')}```\n",
        f"```python\n{PAIR.replace('SEARCH', 'SEARCH (src/a.py)')}```\n",
        f"```python\n{PAIR.replace('SEARCH', 'search src/a.py:10-12')}```\n",
        f"In `b.py` it is wrong.\n```python\n{PAIR.replace('SEARCH', 'SEARCH src/a.py')}```\n",
        f"```python\nsrc/a.py\n{PAIR.replace('SEARCH', 'SEARCH (the old lines)')}```\n",
        f"```python\nsrc/a.py:10\n{PAIR}```\n",
        f"```python\nsrc/a.py (lines 10-12)\n{PAIR}```\n",
        f"```python\nsrc/a.py\n{PAIR.removesuffix('>>>>>>> REPLACE' + chr(10))}```\n",
        f"```python\nsrc/a.py\n{PAIR.removeprefix('<<<<<<< SEARCH' + chr(10))}```\n",
        f"```python\nsrc/a.py\n{PAIR.replace('<<<<<<< ', '<<<<<< ').replace('=======', '======')}```\n",
        f"```python\nsrc/a.py\n{PAIR.replace('SEARCH', 'ORIGINAL').replace('REPLACE', 'UPDATED')}```\n",
        f"```python\nsrc/a.py\n{PAIR}",
        f"\ufeff```python\nsrc/a.py\n{PAIR}```\n",
        f"```python\nsrc/a.py\n{PAIR}```\n".replace("\n", "\r\n"),
        f"```python\nsrc/a.py\n{PAIR}```\nIn short:\n```python\nsrc/a.py\n{PAIR}```\n",
        "```python\nsrc/a.py\n<<<<<<< SEARCH\n```python\nold\n```\n=======\n```python\nnew\n```\n>>>>>>> REPLACE\n```\n",
    ],
)
def test_an_edit_in_every_form_that_models_write(text: str) -> None:
    assert edits(text) == (EDIT,)


def test_several_pairs_in_one_fence_with_prose_between() -> None:
    second = PAIR.replace("old", "older")
    assert edits(f"```\nsrc/a.py\n{PAIR}\n{second}```\nAnd then:\n```\nb c/d.py\n{PAIR}```\n") == (
        EDIT,
        Replace("src/a.py", "older\n", "new\n"),
        Replace("b c/d.py", "old\n", "new\n"),
    )


def test_prose_before_a_further_pair_is_not_mistaken_for_a_path() -> None:
    second = PAIR.replace("old", "older")
    for prose in ["...", "Then fix it.", "and/or this", "See e.g. the next one:"]:
        assert edits(f"src/a.py\n```\n{PAIR}\n{prose}\n\n{second}```\n") == (
            EDIT,
            Replace("src/a.py", "older\n", "new\n"),
        )


def test_whole_delete_rename_create_and_everywhere() -> None:
    text = (
        "```\na.py\n<<<<<<< WHOLE\nx = 1\n\n>>>>>>> WHOLE\n```\n```\nold.md\n<<<<<<< DELETE\n>>>>>>> DELETE\n```\n"
        "```\na/b.md\n<<<<<<< RENAME\nc/d.md\n>>>>>>> RENAME\n```\n```\nn.py\n<<<<<<< SEARCH\n=======\ny\n>>>>>>> REPLACE\n```\n"
        "```\nm.py\n<<<<<<< SEARCH ALL\nfoo\n=======\nbar\n>>>>>>> REPLACE\n```\n"
    )
    assert edits(text) == (
        WriteWhole("a.py", "x = 1\n\n"),
        Delete("old.md"),
        Rename("a/b.md", "c/d.md"),
        Replace("n.py", "", "y\n"),
        Replace("m.py", "foo\n", "bar\n", everywhere=True),
    )


def test_fences_inside_a_markdown_file_belong_to_it() -> None:
    content = '# Title\n```sh\nmake\n```\n````\n```json\n{"summary": "not the head"}\n```\n````\n'
    answer = parse_answer(f"```markdown\nREADME.md\n<<<<<<< WHOLE\n{content}>>>>>>> WHOLE\n```\n")
    assert answer == Answer(edits=(WriteWhole("README.md", content),))


def test_every_line_that_may_divide_a_block_is_a_reading() -> None:
    text = "```\na.rst\n<<<<<<< SEARCH ALL\nOld\n=======\n=======\nNew\n>>>>>>> REPLACE\n```\n"
    assert edits(text) == (
        Undivided("a.rst", (("Old\n", "=======\nNew\n"), ("Old\n=======\n", "New\n")), everywhere=True),
    )


def test_underlined_headings_in_a_whole_file_belong_to_it() -> None:
    content = "Title\n=======\n\n=======\nUpdate\n=======\n"
    assert edits(f"```\na.rst\n<<<<<<< WHOLE\n{content}>>>>>>> WHOLE\n```\n") == (WriteWhole("a.rst", content),)


@pytest.mark.parametrize(
    "path",
    [
        "{{cookiecutter.slug}}/app.py", "{{cookiecutter.slug}}/Makefile", "{{ cookiecutter.slug }}/app.py", "{{name}}.py",
        "src/{% if x %}a{% endif %}.py", "app/[id]/(group)/page.tsx", "(group)/[...all]/page.tsx", "+page.svelte",
        "src/routes/+page.svelte", "data/a=1/b=2.csv", "a=b.txt", "a;b/c.txt", "docs/my file (2).md", "a&b/it's.md",
        "packages/@scope/$x/%y%/a,b.ts",
    ],
)  # fmt: skip
def test_a_path_may_hold_any_character_of_a_name(path: str) -> None:
    assert edits(f"```\n{path}\n{PAIR}```\n") == (Replace(path, "old\n", "new\n"),)
    assert edits(f"<<<<<<< SEARCH {path}\n{PAIR.partition(chr(10))[2]}") == (Replace(path, "old\n", "new\n"),)


@pytest.mark.parametrize("path", ["{{cookiecutter.slug}}/app.py", "app/[id]/(group)/page.tsx", "data/a=1/b=2.csv"])
@pytest.mark.parametrize(
    "form", ["### `{}`\n```\n", "**{}**\n```\n", "{}\n\n```py\n", "Now `{}`:\n```\n", "```py {}\n"]
)
def test_such_a_path_is_found_outside_the_fence(path: str, form: str) -> None:
    assert edits(f"{form.replace('{}', path)}{PAIR}```\n") == (Replace(path, "old\n", "new\n"),)


@pytest.mark.parametrize(
    "opening",
    ["**docs/my file.md**\n```md\n", "`docs/my file.md`\n```md\n", "Now I change `docs/my file.md` a little:\n```\n", "### 1. `docs/my file.md`\n\n```\n", "File: `docs/my file.md`\n```\n"],
)  # fmt: skip
def test_a_quoted_path_may_hold_blanks(opening: str) -> None:
    assert edits(f"{opening}{PAIR}```\n") == (Replace("docs/my file.md", "old\n", "new\n"),)


def test_a_quoted_command_is_no_path() -> None:
    for command in ("python manage.py", "pytest tests/test_a.py", "make a.b, c.d"):
        text = f"src/a.py\n```\n{PAIR}```\nThen run `{command}` and:\n```\n{PAIR.replace('old', 'older')}```\n"
        assert {edit.path for edit in edits(text)} <= {"src/a.py"} or parse_answer(text).problems


def test_longer_marks_allow_a_file_that_contains_marks() -> None:
    text = "```\na.rst\n<<<<<<<<< SEARCH\nOld\n=======\n<<<<<<< HEAD\n=========\nNew\n=======\n>>>>>>> REPLACE\n>>>>>>>>> REPLACE\n```\n"
    assert edits(text) == (Replace("a.rst", "Old\n=======\n<<<<<<< HEAD\n", "New\n=======\n>>>>>>> REPLACE\n"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"```\n{PAIR}```\n", "has no path"),
        ("```\na.py\n<<<<<<< SEARCH\nold\n>>>>>>> REPLACE\n```\n", "has no ======= line"),
        (f"```\na.rst\n{PAIR.replace('old', 20 * ('=======' + chr(10)))}```\n", "not clear which one divides"),
        ("```\na.py\n<<<<<<< RENAME\nb.py\nc.py\n>>>>>>> RENAME\n```\n", "more than one new path"),
        ("```\na.py\n<<<<<<< RENAME\nb.py, c.py\n>>>>>>> RENAME\n```\n", "more than one new path"),
        ("```\na.py\n<<<<<<< RENAME\nb.py and c.py\n>>>>>>> RENAME\n```\n", "more than one new path"),
        ("--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b\n", "A diff cannot be applied"),
        ("```\ndiff --git a/x.py b/x.py\n-a\n+b\n```\n", "A diff cannot be applied"),
        ("```diff\n--- x.py\n+++ x.py\n@@ ... @@\n-a\n+b\n```\n", "A diff cannot be applied"),
        ('{"summary": "s"}\n--- x.py\n+++ x.py\n-a\n+b\n', "A diff cannot be applied"),
        ("```\n--- x.py\n+++ x.py\n@@\n-a\n+b\n```\n", "A diff cannot be applied"),
        ("*** Begin Patch\n*** Update File: x.py\n@@\n-a\n+b\n*** End Patch\n", "A diff cannot be applied"),
        ('{"files": [{"path": "a.bin", "content": "AAEC", "encoding": "base64"}]}', "is in base64"),
        ("```\na.py\n<<<<<<< RENAME\n>>>>>>> RENAME\n```\n", "has no new path"),
        (f"a.py\n<<<<<<< SEARCH\nold\n=======\nx\nb.py\n{PAIR}", "was never closed"),
        ("```python\nsrc/a.py\nx = 1\ny = 2\n```\n", "The fence for src/a.py has no mark"),
        ("```diff\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n```\n", "A diff cannot be applied"),
        ('```json\n{"summary": "a" "b"}\n```\n', "The JSON cannot be parsed"),
        ('{"files": [{"content": "x"}]}', "has no path"),
        ('{"files": [{"path": "a.py", "content": 3}]}', "has no content"),
        ("I would rather not.", "Found no edit block and no JSON head"),
        ("", "Found no edit block and no JSON head"),
    ],
)
def test_what_cannot_be_parsed_is_explained_to_the_model(text: str, problem: str) -> None:
    answer = parse_answer(text)
    assert problem in "\n".join(answer.problems)


def test_a_problem_does_not_lose_the_other_blocks() -> None:
    answer = parse_answer(f"```\n{PAIR}```\n```\nsrc/a.py\n{PAIR}```\n")
    assert answer.edits == (EDIT,)
    assert len(answer.problems) == 1


def test_a_fence_without_marks_is_fine_if_it_shows_an_edited_file_or_a_command() -> None:
    assert edits(f"{ANSWER}```python\nsrc/a.py\nold\n```\n```bash\n./run.sh\nmake test\n```\n") == (EDIT,)


@pytest.mark.parametrize("end", ["```\nb.py\n<<<<<<< WHOLE\nx = 1\n", "```\nb.py\n<<<<<<< SEARCH\nx\n=======\ny\n"])
def test_a_truncated_answer_keeps_its_complete_blocks(end: str) -> None:
    for truncated in (True, False):
        answer = parse_answer(ANSWER + end, truncated=truncated)
        assert answer.edits == (EDIT,)
        assert answer.incomplete
        assert answer.summary == "Rounds totals"


def test_an_inner_fence_does_not_end_a_truncated_answer() -> None:
    answer = parse_answer("```\nREADME.md\n<<<<<<< WHOLE\n# T\n```sh\nmake\n```\n", truncated=True)
    assert answer.edits == ()
    assert answer.incomplete


def test_requests_to_read_and_questions() -> None:
    assert parse_answer('```json\n{"read": ["a.py", "b.py:10-80"], "search": ["\\d+ items"]}\n```') == Answer(
        wishes=(Wish("read", "a.py"), Wish("read", "b.py:10-80"), Wish("search", "\\d+ items"))
    )
    assert parse_answer('{"questions": "Which one?"}') == Answer(questions=("Which one?",))


ORIGINAL = {
    "files": [{"path": "src/a.tsx", "content": "a\n", "language": "typescript", "type": "source"}],
    "tests": [{"path": "./src/a.test.tsx", "content": "t\n", "language": "typescript", "type": "test"}],
    "documentation": "## Notes",
    "dependencies": ["react", {"name": "left-pad", "version": "1.3.0"}],
    "buildInstructions": "npm test",
}


@pytest.mark.parametrize(
    "form",
    ["{}", "```json\n{}\n```", "Sure:\n\n```\n{}\n```\nDone.", "~~~json\n{}\n~~~\n", "Sure:\n{}\nDone.", "Here it is: {}"],
)  # fmt: skip
def test_files_in_json_are_accepted(form: str) -> None:
    assert parse_answer(form.replace("{}", json.dumps(ORIGINAL, indent=2))) == Answer(
        edits=(WriteWhole("src/a.tsx", "a\n"), WriteWhole("src/a.test.tsx", "t\n")),
        build_instructions="npm test",
        documentation="## Notes",
    )


def test_complete_files_in_json_that_was_cut_off_are_kept() -> None:
    text = json.dumps(ORIGINAL)
    answer = parse_answer(text[: text.index("t\\n")], truncated=True)
    assert answer.edits == (WriteWhole("src/a.tsx", "a\n"),)
    assert answer.incomplete


def test_json_with_trailing_commas_raw_breaks_and_bad_escapes_is_read() -> None:
    assert parse_answer('```json\n{"summary": "two\nlines", "search": ["\\w+",],}\n```') == Answer(
        summary="two\nlines", wishes=(Wish("search", "\\w+"),)
    )
    assert parse_answer(r'{"summary": "\d \\d \" ,] \", }", "questions": [],}').summary == '\\d \\d " ,] ", }'


@pytest.mark.parametrize(
    ("status", "read"),
    [("done", "done"), ("Implemented", "done"), ("partial", "partly"), ("no", "not"), (None, "not"), (3, "not")],
)
def test_synonyms_of_a_status(status: object, read: str) -> None:
    head = json.dumps({"summary": "s", "criteria": [{"id": "2", "status": status}, {"id": 0}, {"id": True}, "x", {}]})
    (claim,) = parse_answer(head).criteria
    assert (claim.id, claim.status) == (2, read)


_PIECES = st.sampled_from(
    ["```\n", "```json\n", "a.py\n", "<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "<<<<<<< WHOLE\n", ">>>>>>> WHOLE\n", "x\n", "{", '"summary": ', "\ud800", "\0", "\r",
     "```<<<<<<< SEARCH b.py\n", ">>>>>>> REPLACE```\n", "{{a}}/b.py\n", "**b c.md**\n", "@@ -1 +1 @@\n", "~~~\n", "<<<<<<< RENAME\n"]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=8), max_size=25).map("".join), st.booleans())
def test_any_text_is_an_answer(text: str, truncated: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
    answer = parse_answer(text, truncated=truncated)
    assert (
        answer.edits
        or answer.problems
        or answer.incomplete
        or answer.summary
        or answer.questions
        or answer.wishes
        or answer.trial
        or answer.submit
    )
    for edit in answer.edits:
        assert edit.path
        assert "\n" not in edit.path


_LINES = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=20).filter(
    lambda line: not line.strip().startswith(("<<<<<", "=====", ">>>>>", "```")) and "\ufeff" not in line
)


@given(st.lists(_LINES, max_size=6), st.lists(_LINES, max_size=6))
def test_a_well_formed_block_is_parsed_exactly(old: list[str], new: list[str]) -> None:
    search, replacement = "".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)
    text = f"```\nsrc/a.py\n<<<<<<< SEARCH\n{search}=======\n{replacement}>>>>>>> REPLACE\n```\n"
    assert parse_answer(text).edits == (Replace("src/a.py", search, replacement),)


@pytest.mark.parametrize(
    "between",
    ["Now let `src/b.py` call `helper.run`:", "Move it from `src/b.py` to `src/c.py`:", "src/my other file.py"],
)
def test_a_block_after_a_mention_of_other_files_does_not_go_into_the_previous_file(between: str) -> None:
    answer = parse_answer(f"src/a.py\n```\n{PAIR}```\n\n{between}\n```\n{PAIR.replace('old', 'older')}```\n")
    assert answer.edits == (EDIT,)
    assert "has no path" in answer.problems[0]


def test_a_further_pair_after_plain_prose_goes_into_the_previous_file() -> None:
    text = f"src/a.py\n```\n{PAIR}```\n\nAnd then the other place.\n```\n{PAIR.replace('old', 'older')}```\n"
    assert edits(text) == (EDIT, Replace("src/a.py", "older\n", "new\n"))


@pytest.mark.parametrize("opening", ["src/c.py\n\n```python", "**`src/c.py`**\n```python", "```python src/c.py"])
def test_a_file_without_marks_is_reported_if_its_path_is_outside_the_fence(opening: str) -> None:
    answer = parse_answer(f"src/a.py\n```\n{PAIR}```\n\n{opening}\nimport os\nx = 1\n```\n")
    assert answer.edits == (EDIT,)
    assert answer.problems[0].startswith("The fence for src/c.py has no mark")


@pytest.mark.parametrize("heading", ["### 1. src/a.py", "2) `src/a.py`"])
def test_a_path_in_a_numbered_heading(heading: str) -> None:
    assert edits(f"{heading}\n```\n{PAIR}```\n") == (EDIT,)


def test_a_file_in_a_list_loses_the_indentation_of_the_list() -> None:
    text = "1. A page:\n   ```md\n   a.md\n   <<<<<<< WHOLE\n   # A\n\n       code\n   >>>>>>> WHOLE\n   ```\n"
    assert edits(text) == (WriteWhole("a.md", "# A\n\n    code\n"),)


def test_indented_marks_around_unindented_lines_change_nothing() -> None:
    assert edits("a.md\n```\n  <<<<<<< WHOLE\n# A\n  b\n  >>>>>>> WHOLE\n```\n") == (WriteWhole("a.md", "# A\n  b\n"),)


@pytest.mark.parametrize("fence", ["```", "```python"])
def test_an_unclosed_block_ends_before_the_next_fence(fence: str) -> None:
    shown = "```sh\nmake\n```\n"
    text = f"b.py\n{fence}\n<<<<<<< WHOLE\nx = 1\n```\nThen run\n{shown}\nsrc/a.py\n{fence}\n{PAIR}```\n"
    assert edits(text) == (WriteWhole("b.py", "x = 1\n"), EDIT)


def test_an_unclosed_markdown_block_is_not_cut_at_its_own_fences() -> None:
    text = f"README.md\n```markdown\n<<<<<<< WHOLE\n# T\n```sh\nx\n```\nrest\n\nsrc/a.py\n```\n{PAIR}```\n"
    answer = parse_answer(text)
    assert all(edit.path != "README.md" for edit in answer.edits)
    assert "never closed" in answer.problems[0]


def test_a_delete_block_with_two_paths_deletes_neither() -> None:
    answer = parse_answer("`keep.py` replaces it.\n```\n<<<<<<< DELETE\nold.py\n>>>>>>> DELETE\n```\n")
    assert answer.edits == ()
    assert "names keep.py and old.py" in answer.problems[0]


@pytest.mark.parametrize("line", ["<<<<<<< REPLACE", ">>>> REPLACE", ">>>>>>> REPLACE>>>>>>> REPLACE", "<<<<<<< WHOLE"])
def test_a_mark_of_an_answer_never_gets_into_a_file(line: str) -> None:
    block = f"```\na.sql\n{{0}} SEARCH\nold\n{{1}}\nnew\n{line}\n{{2}} REPLACE\n```\n"
    answer = parse_answer(block.format("<" * 7, "=" * 7, ">" * 7))
    assert answer.edits == ()
    assert answer.problems
    # With longer marks, the file has such lines.
    (edit,) = parse_answer(block.format("<" * 9, "=" * 9, ">" * 9)).edits
    assert edit == Replace("a.sql", "old\n", f"new\n{line}\n")


def test_a_merge_conflict_in_the_old_text_needs_longer_marks() -> None:
    conflict = "<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\n"
    assert parse_answer(f"```\na.txt\n<<<<<<< SEARCH\n{conflict}=======\nb\n>>>>>>> REPLACE\n```\n").problems
    longer = parse_answer(f"```\na.txt\n<<<<<<<<< SEARCH\n{conflict}=========\nb\n>>>>>>>>> REPLACE\n```\n")
    assert longer.edits == (Replace("a.txt", conflict, "b\n"),)


def test_a_diff_in_a_list_is_asked_for_again() -> None:
    answer = parse_answer(
        '{"summary": "x"}\n1. Change it:\n\n   --- a/x.py\n   +++ b/x.py\n   @@ -1 +1 @@\n   -a\n   +b\n'
    )
    assert any("diff" in problem for problem in answer.problems)


@pytest.mark.parametrize("said", [{"isBase64": True}, {"contentEncoding": "base64"}, {"type": "base64"}])
def test_base64_is_refused_however_it_is_named(said: dict[str, object]) -> None:
    answer = parse_answer(json.dumps({"summary": "x", "files": [{"path": "a.dat", "content": "aGk=", **said}]}))
    assert answer.edits == ()
    assert any("base64" in problem for problem in answer.problems)


@pytest.mark.parametrize(
    ("said", "wishes"),
    [
        ({"read": "a.py"}, [Wish("read", "a.py")]),
        ({"read": ["a.py:1-9,20-30", " Cart.total "]}, [Wish("read", "a.py:1-9,20-30"), Wish("read", "Cart.total")]),
        ({"read": [{"path": "a.py", "lines": "1-9, 20-30"}]}, [Wish("read", "a.py:1-9,20-30")]),
        ({"read": [{"file": "a.py", "lines": [1, 9]}]}, [Wish("read", "a.py:1-9")]),
        ({"read": [{"path": "a.py", "ranges": [[1, 9], "20-30"]}]}, [Wish("read", "a.py:1-9,20-30")]),
        ({"read": {"a.py": "1-9", "b.py": []}}, [Wish("read", "a.py:1-9"), Wish("read", "b.py")]),
        ({"list": ["src/", {"glob": "**/*.proto"}]}, [Wish("list", "src/"), Wish("list", "**/*.proto")]),
        ({"search": [r" \d+ "]}, [Wish("search", r" \d+ ")]),
        (
            {"search": {"pattern": "x", "in": "src/**", "around": 3}},
            [Wish("search", "x", "src/**", 3)],
        ),
        ({"search": [{"query": "x", "path": ["src/"], "context": 10**9}]}, [Wish("search", "x", "src/", 20)]),
        ({"uses": ["Cart.total", {"name": "f", "path": "a.py"}]}, [Wish("uses", "Cart.total"), Wish("uses", "f")]),
        ({"history": ["a.py:10-40"]}, [Wish("history", "a.py:10-40")]),
        ({"search": ["b"], "read": ["a", "a"]}, [Wish("read", "a"), Wish("search", "b")]),
    ],
)
def test_wishes_in_any_form(said: dict[str, object], wishes: list[Wish]) -> None:
    assert list(parse_answer(f"```json\n{json.dumps(said)}\n```").wishes) == wishes


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["path", "pattern", "lines", "in", "around", "name", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["read", "list", "search", "uses", "history", "try"]),
)
def test_no_wish_is_too_strange(value: object, key: str) -> None:
    answer = parse_answer(f"```json\n{json.dumps({key: value})}\n```")
    for wish in answer.wishes:
        assert wish.target.strip()
        assert 0 <= wish.around <= 20


def test_an_answer_has_a_bounded_number_of_wishes() -> None:
    answer = parse_answer(json.dumps({"read": [f"{n}.py" for n in range(10_000)], "search": ["x" * 10_000]}))
    assert len(answer.wishes) == 40


@pytest.mark.parametrize(
    ("said", "trial"),
    [
        ({"check": "tests", "tests": ["t::a"]}, Trial("tests", ("t::a",))),
        ({"check": "tests"}, Trial("tests")),
        ({"tests": "t::a"}, Trial("", ("t::a",))),
        ("tests", Trial("tests")),
        (["t::a"], Trial("", ("t::a",))),
        (None, None),
        ([], None),
    ],
)
def test_what_an_answer_wants_to_try(said: object, trial: Trial | None) -> None:
    answer = parse_answer(f"```json\n{json.dumps({'try': said})}\n```\n```\nsrc/a.py\n{PAIR}```\n")
    assert (answer.trial, answer.edits) == (trial, (EDIT,))


@pytest.mark.parametrize(
    ("said", "submits"), [(True, True), (False, False), ("true", False), (1, False), (None, False)]
)
def test_what_was_tried_is_submitted_by_a_word(said: object, submits: bool) -> None:  # noqa: FBT001
    answer = parse_answer(f"```json\n{json.dumps({'submit': said})}\n```")
    assert answer.submit == submits
    assert bool(answer.problems) != submits
