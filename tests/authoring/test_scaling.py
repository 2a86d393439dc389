"""Twice the text takes twice the time: answers and prompts are foreign text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from redimento.authoring.answer_format import parse_answer
from redimento.authoring.continuation import joined
from redimento.authoring.elements import fenced, prose
from tests.scaling import assert_linear_in

SEARCH, WHOLE = "<<<<<<< SEARCH\n", "<<<<<<< WHOLE\n"
PAIR = f"{SEARCH}old\n=======\nnew\n>>>>>>> REPLACE\n"

# For each shape an n that takes 1 to 30 ms: long enough to measure, small enough for the caches.
SHAPES: dict[str, tuple[int, Callable[[int], str]]] = {
    "unclosed fences": (30_000, lambda n: "```a\n" * n),
    "tilde fences": (30_000, lambda n: "~~~a\n" * n),
    "fences in a fence": (30_000, lambda n: "~~~\n" + "```\n" * n),
    "fences without marks": (2_000, lambda n: "".join(f"```python\nsrc/a{i}.py\nx\ny\n```\n" for i in range(n))),
    "diffs": (5_000, lambda n: "```diff\n@@ -1 +1 @@\n-a\n+b\n```\n" * n),
    "blocks": (1_500, lambda n: "".join(f"```\nsrc/a{i}.py\n{PAIR}```\n" for i in range(n))),
    "pairs": (2_000, lambda n: "a.py\n" + "".join(f"{SEARCH}{i}\n=======\n>>>>>>> REPLACE\n" for i in range(n))),
    "pairs between prose": (1_500, lambda n: "a.py\n" + f"{PAIR}see `x` then\n" * n),
    "one whole file": (100_000, lambda n: f"```\na.py\n{WHOLE}" + "x = 1\n" * n + ">>>>>>> WHOLE\n```\n"),
    "one unclosed block": (100_000, lambda n: f"```\na.py\n{WHOLE}" + "x = 1\n" * n),
    "unclosed blocks": (10_000, lambda n: f"a.py\n{SEARCH}x\n" * n),
    "unclosed blocks in fences": (8_000, lambda n: f"{SEARCH}x\n```\n" * n),
    "fences in an unclosed block": (30_000, lambda n: f"```\na.py\n{WHOLE}" + "```x\n```\n" * n),
    "blocks cut at fences": (5_000, lambda n: "```\na.py\n" + f"{WHOLE}x\n```\nb.py\n" * n),
    "opening marks": (20_000, lambda n: SEARCH * n),
    "opening marks after blank lines": (3_000, lambda n: f"a.py\n{WHOLE}" + "\n" * n + WHOLE * n),
    "closing marks": (20_000, lambda n: ">>>>>>> REPLACE\n" * n),
    "closing marks without opening ones": (2_500, lambda n: "```\n" + "a.py\n=======\nx\n>>>>>>> REPLACE\n" * n),
    "a closing mark after blank lines": (60_000, lambda n: "```\n" + "\n" * n + "a.py\nx\n>>>>>>> REPLACE\n"),
    "dividers": (15_000, lambda n: f"a.py\n{SEARCH}" + "=======\n" * n + ">>>>>>> REPLACE\n"),
    "headings in a block": (15_000, lambda n: f"a.py\n{SEARCH}" + "=======\nx\n" * n + ">>>>>>> REPLACE\n"),
    "marks glued to fences": (3_000, lambda n: f"a.py\n```{PAIR.strip()}```\n" * n),
    "a long line of fences": (20_000, lambda n: "```" * n + SEARCH + "```" * n + "<\n>>>>>>> REPLACE" + "`" * n + "\n"),
    "heads in prose": (20_000, lambda n: 'see {"summary": ' * n),
    "braces in prose": (60_000, lambda n: "{ " * n + "\n" + "{" * n + " " * n),
    "a long path behind a mark": (40_000, lambda n: f"<<<<<<< SEARCH {'a/' * n}\n<<<<<<< SEARCH {'a.' * n}\n"),
    "diffs without a fence": (20_000, lambda n: "@@ @@ " * n + "\n" + "@@ -1 +1 @@\n" * n),
    "new paths": (20_000, lambda n: f"a.py\n<<<<<<< RENAME\n{'b.py, ' * n}\n{'b.py' * n}\n>>>>>>> RENAME\n"),
    "prose": (100_000, lambda n: "lorem ipsum\n" * n + PAIR),
    "prose with paths": (60_000, lambda n: "see `a.py` and `b.py`\n" * n + PAIR),
    "blank lines": (150_000, lambda n: "\n" * n + PAIR),
    "carriage returns": (60_000, lambda n: "\r" * n),
    "a long line of marks": (40_000, lambda n: "<" * n + "\n" + "`" * n + "\n" + PAIR),
    "a long line of labels": (15_000, lambda n: "file: " * n + "\n" + PAIR),
    "a long line of comment marks": (15_000, lambda n: "// # " * n + "\n" + PAIR),
    "a long line of quotes": (15_000, lambda n: "`a.py` " * n + "\n" + PAIR),
    "a long fence line": (20_000, lambda n: "```" + "a " * n + "\n" + PAIR),
    "nested JSON": (40_000, lambda n: '{"summary":' * n),
    "nested JSON lists": (60_000, lambda n: '```json\n{"summary": ' + "[" * n),
    "broken JSON in fences": (15_000, lambda n: '```json\n{"summary": "\n```\n' * n),
    "JSON in fences": (15_000, lambda n: '```json\n{"x": 1}\n```\n' * n),
    "commas in JSON": (80_000, lambda n: '```\n{"summary": x' + "," * n + "]" * n + "\n```"),
    "blanks in JSON": (80_000, lambda n: '```\n{"summary": x,' + " " * n + "]" * n + "\n```"),
    "backslashes in JSON": (60_000, lambda n: '```json\n{"summary": "' + "\\" * n),
    "digits in JSON": (60_000, lambda n: '{"id": ' + "9" * n + ', "summary": 1}'),
    "files in JSON": (5_000, lambda n: '{"files": [' + "".join(f'{{"path":"{i}","content":""}},' for i in range(n))),
    "criteria in JSON": (15_000, lambda n: '{"criteria": [' + '{"id":1},' * n + "{}]}"),
    "wishes in JSON": (10_000, lambda n: '{"read": [' + '"a.py:1-9", ' * n + '""], "search": [' + '{"in": []},' * n + "{}]}"),
    "files as keys in JSON": (10_000, lambda n: '{"read": {' + "".join(f'"{i}": [[1, 9]],' for i in range(n)) + '"x": 1}}'),
    "keys without values": (20_000, lambda n: '{"files" "tests"' * n),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_answer_takes_twice_the_time(name: str) -> None:
    n, shape = SHAPES[name]
    assert_linear_in(parse_answer, shape, n)


@pytest.mark.parametrize("line", ["x\n", "\n", "<", "x", " ", "```\n", SEARCH, "`", "=======\n"])
def test_twice_the_continuation_takes_twice_the_time(line: str) -> None:
    assert_linear_in(lambda text: joined(SEARCH + text, text + ">>>>>>> REPLACE\n"), lambda n: line * n, 40_000)


@pytest.mark.parametrize("line", ["\n", " \n", "```\n", "`", " ", "x `\n"])
def test_twice_the_excerpt_takes_twice_the_time(line: str) -> None:
    assert_linear_in(fenced, lambda n: line * n + "x", 20_000)


@pytest.mark.parametrize(
    "piece",
    ["```a\n", "```\n", "~~~\n", "- ", "> ", "1. ", "# x\n", "a\n=\n", "\n", " ", "\t", "#", "`", "=", "\r"],
    ids=ascii,
)
def test_twice_the_item_takes_twice_the_time(piece: str) -> None:
    assert_linear_in(prose, lambda n: piece * n + "x", 10_000)
