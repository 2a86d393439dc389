"""Twice the text of a work item's file takes twice the time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.local.item_file import read_item
from tests.scaling import assert_linear

SHAPES: dict[str, tuple[str, int, Callable[[int], str]]] = {
    "blank lines before the title": ("item.md", 100_000, lambda n: "\n" * n + "T"),
    "a long title": ("item.md", 20_000, lambda n: "# " + "a #" * n),
    "marks after the title": ("item.md", 100_000, lambda n: "# T " + "#" * n),
    "blanks in the title": ("item.md", 100_000, lambda n: "# T" + " " * n + "x"),
    "a long underline": ("item.md", 100_000, lambda n: "T\n" + "=" * n + "x"),
    "front matter without an end": ("item.md", 5_000, lambda n: "---\n" + "--\n..\n" * n),
    "sections": ("item.md", 2_000, lambda n: "T\n\n" + "## Repro steps\n\na\n\n" * n),
    "criteria": ("item.md", 2_000, lambda n: "T\n\n## Acceptance criteria\n\n" + "- a\n" * n),
    "fields of Azure": ("item.yml", 500, lambda n: "title: T\n" + "".join(f"a.b{i}: c\n" for i in range(n))),
    "tags": ("item.yml", 20_000, lambda n: "title: T\ntags: " + "a;" * n),
    "comments": ("item.yml", 100, lambda n: "title: T\ncomments:\n" + "- a\n" * n),
    "open brackets": ("item.yml", 5_000, lambda n: "title: " + "[" * n),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_item_files(tmp_path: Path, shape: str) -> None:
    name, size, of_size = SHAPES[shape]
    files = []
    for count in (size, 2 * size):
        (tmp_path / str(count)).mkdir()
        files.append(tmp_path / str(count) / name)
        files[-1].write_text(of_size(count))

    def read(file: Path) -> None:
        with suppress(UsageError):
            read_item(file)

    assert_linear(read, *files)
