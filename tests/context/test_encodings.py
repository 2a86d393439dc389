"""The prompt shows the text of a file, whatever its encoding: what the model copies from it is found in the file."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from redimento.change.edit import Replace
from redimento.change.plan import plan
from redimento.context.select import select
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Finding, Wish
from redimento.local.folder_tree import FolderTree
from redimento.settings import ChangeSettings, ContextSettings
from tests.text.test_encoding import LEGACY

_WIDE = ("utf-16", "utf-16-le", "utf-8-sig", "utf-32")
TEXTS = [*LEGACY, *((LEGACY[0][0], codec) for codec in _WIDE)]


@pytest.mark.parametrize(("text", "codec"), TEXTS, ids=[codec for _, codec in TEXTS])
def test_every_door_shows_the_text_and_it_is_found_again(text: str, codec: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(text.encode(codec))
    tree = FolderTree(tmp_path)
    shown = text.removesuffix("\n")
    line = text.split("\n", maxsplit=1)[0]
    read, found = asked(tree, Wish("read", "a.py"), Wish("search", line[2:8]))
    assert [excerpt.text for excerpt in read.excerpts] == [shown]
    assert found.text == f"a.py:1: {line}"
    context = select(tree, "Change a.py", settings=ContextSettings(), budget=5_000, conventions=["a.py"])
    assert [each.text for each in context.conventions] == [shown]
    context = select(tree, "Change a.py", settings=ContextSettings(), budget=5_000)
    assert [each.text for each in context.excerpts] == [shown]
    outcome = plan(tmp_path, [Replace("a.py", f"{line}\n", "# x\n")], ChangeSettings())
    assert outcome.refusals == ()


def test_editorconfig_decides_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / ".editorconfig").write_text("[*]\ncharset = latin1\n")
    (tmp_path / "a.txt").write_bytes(b"x = '\xd1'\n")
    (read,) = asked(FolderTree(tmp_path), Wish("read", "a.txt"))
    assert [excerpt.text for excerpt in read.excerpts] == ["x = 'Ñ'"]


def test_a_file_is_asked_for_in_any_unicode_form(tmp_path: Path) -> None:
    (tmp_path / normalize("NFD", "café.md")).write_text("a\n")
    (read,) = asked(FolderTree(tmp_path), Wish("read", normalize("NFC", "café.md")))
    assert [excerpt.text for excerpt in read.excerpts] == ["a"]


def asked(tree: FolderTree, *wishes: Wish) -> list[Finding]:
    return list(explorer(tree, exclude=(), best=(), cache=None)(wishes, {}))
