"""A small repository in several languages, and a way to ask for one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from redimento.context.tree import Entry, PastChange, PastCommit, Tree
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Changed, Finding, Kind, Wish
from redimento.local.folder_tree import FolderTree

CART = '''"""The cart."""

from shop.prices import price


class Cart:
    """What somebody wants to buy."""

    def __init__(self):
        self.lines = []

    def total(self):
        return sum(price(line) for line in self.lines)


def total(carts):
    return sum(cart.total() for cart in carts)
'''
FILES = {
    "src/shop/__init__.py": "",
    "src/shop/cart.py": CART,
    "src/shop/prices.py": "RATE = 2\n\n\ndef price(line):\n    return line.amount * RATE\n",
    "src/legacy/cart.py": "def legacy_total():\n    return 0\n",
    "src/web/Basket.ts": "export class Basket {\n  total(): number {\n    return 0;\n  }\n}\n",
    "src/api/order.proto": "message Order {\n  int32 total = 1;\n}\n",
    "tests/test_cart.py": "from shop.cart import Cart\n\n\ndef test_total():\n    assert Cart().total() == 0\n",
    "docs/cart.md": "# Cart\n\nThe total is what `Cart.total()` returns.\n",
    ".env": "PASSWORD=hunter2\n",
}


def ask(
    tree: Tree, kind: Kind, target: str, within: str = "", around: int = 0, *,
    changed: Changed | None = None, exclude: Sequence[str] = (), best: Sequence[str] = (),
) -> Finding:  # fmt: skip
    (found,) = explorer(tree, exclude=exclude, best=best, cache=None)(
        [Wish(kind, target, within, around)], changed or {}
    )
    return found


def folder(root: Path, files: dict[str, str]) -> FolderTree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return FolderTree(root)


@dataclass(frozen=True)
class LargeTree:
    """A tree whose files say that they have 599,000 bytes, without the time that reading them would take."""

    tree: FolderTree
    commit: str = ""

    def entries(self) -> Sequence[Entry]:
        return [replace(entry, size=599_000) for entry in self.tree.entries()]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return self.tree.read(paths)

    def history(self, limit: int) -> Sequence[PastCommit]:
        return ()

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:
        return ()


@pytest.fixture
def shop(tmp_path: Path) -> FolderTree:
    return folder(tmp_path, FILES)
