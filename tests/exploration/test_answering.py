"""Wishes are foreign text: they never raise, and their answers are bounded, in order, and the same on a busy machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.context.tokens import estimate
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Kind, Wish
from redimento.local.folder_tree import FolderTree
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree
from redimento.text.redaction import Secrets
from tests.exploration.conftest import FILES, LargeTree, ask, folder
from tests.repository.conftest import make_repo
from tests.scaling import assert_linear_in

KINDS: tuple[Kind, ...] = ("read", "list", "search", "uses", "history")
ODD = (
    *(
        "\0",
        "\u202e",
        "\ud800",
        "`",
        "\n",
        "..",
        "/",
        "//",
        ":",
        ":1-",
        ":-2,3",
        "::",
        "**/",
        "*",
        "[",
        "{",
        "}",
        "\\E",
    ),
    *("\\", "(a+)+$", "(?i)", "(", "|", "\\pL", "\\n", "--output=x", ":(glob)", "total", "Cart", "Cart.total", "src"),
    *("src/shop/cart.py", "cart.py", "tests", ".env", "é", "\u0301", "$", "9" * 30),
)
foreign = st.one_of(st.lists(st.sampled_from(ODD), max_size=6).map("".join), st.text(max_size=40))
wish = st.builds(Wish, st.sampled_from(KINDS), foreign, foreign, st.integers(-5, 10**9))
changes = st.dictionaries(
    st.sampled_from(("src/shop/cart.py", "src/new.py", ".env", "a/b.bin", "docs/cart.md")),
    st.one_of(st.none(), st.binary(max_size=60), st.just(b"def total():\n    return Cart()\n")),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FolderTree:
    return folder(tmp_path_factory.mktemp("shop"), FILES)


@settings(max_examples=150, deadline=None)
@given(st.lists(wish, max_size=6), changes)
def test_every_wish_is_answered_in_order_and_within_bounds(
    whole: FolderTree, wishes: list[Wish], changed: dict[str, bytes | None]
) -> None:
    explore = explorer(whole, exclude=(), best=["src/shop/cart.py"], cache=None)
    found = explore(wishes, changed)
    assert [finding.wish for finding in found] == wishes
    for finding in found:
        assert finding.text or finding.excerpts
        assert estimate(finding.text) + sum(excerpt.tokens for excerpt in finding.excerpts) < 20_000
        assert "hunter2" not in finding.text
        assert all(excerpt.path != ".env" for excerpt in finding.excerpts)
        assert all(changed.get(excerpt.path, b"") is not None for excerpt in finding.excerpts)
    assert found == explore(wishes, changed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", ["a", "a/", "../", "(", "(a+)+", "*", "a.", "\0", "\u202e", ":1,", "{", "[a-z]*"])
def test_a_million_characters_are_answered_with_a_short_sentence(whole: FolderTree, kind: Kind, unit: str) -> None:
    target = unit * (1_000_000 // len(unit))
    found = ask(whole, kind, target, within=target)
    assert found.excerpts == ()
    assert 0 < len(found.text) < 1_000


def test_no_part_of_a_secret_is_shown(tmp_path: Path) -> None:
    secret = "c" + "0123456789" * 150
    repo = make_repo(
        tmp_path / "repo", {"a.py": f"{'x' * 150} {secret}\nlong {secret}\n", "b.py": f"call('{secret}')\n"}
    )
    repo.commit({"a.py": "x\n"}, f"{'y' * 190} {secret}")
    checkout = open_checkout(repo.path)
    tree = GitTree(checkout, checkout.head)
    changed = {"new.py": f"{'z' * 180} {secret}\n{'w' * 950} {secret}\n".encode()}
    wishes = [
        *(Wish("read", "b.py"), Wish("read", "new.py:1"), Wish("read", "new.py:2"), Wish("search", "[xzcl]")),
        *(Wish("search", "0", around=2), Wish("uses", "call"), Wish("history", "a.py"), Wish("history", ".")),
    ]
    found = explorer(tree, exclude=(), best=(), cache=None, secrets=Secrets((secret,)))(wishes, changed)
    shown = str(found)
    assert shown.count("***") >= len(wishes)
    assert "c0123" not in shown
    assert "0123456789" not in shown


def test_the_same_wish_is_answered_once(whole: FolderTree) -> None:
    found = explorer(whole, exclude=(), best=(), cache=None)([Wish("list", "src"), Wish("list", "src")] * 50, {})
    assert len(found) == 100
    assert all(finding == found[0] for finding in found)


def test_all_searches_of_an_answer_share_one_allowance(tmp_path: Path) -> None:
    tree = LargeTree(folder(tmp_path, {f"{n:03}.py": "hit\n" for n in range(300)}))
    wishes = [Wish("search", f"hit|{n}") for n in range(10)]
    found = explorer(tree, exclude=(), best=(), cache=None)(wishes, {})
    assert ["not searched" in finding.text for finding in found] == [False] * 8 + [True] * 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["src/part7/modul.py", "part7", "*/m*[0-9]/*", "(m|o)+7"])
def test_the_time_is_linear_in_the_number_of_files(tmp_path: Path, kind: Kind, target: str) -> None:
    def tree(count: int) -> FolderTree:
        files = {f"src/part{n % 20}/module{n}.py": f"def part{n}(): part7()\n" for n in range(count)}
        return folder(tmp_path / str(count), files)

    assert_linear_in(lambda tree: ask(tree, kind, target), tree, 150)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("search", "(a+)+$"), ("search", "(a|aa)*b"), ("search", ".*.*.*x"), ("search", "a([^é]*b)?"), ("search", r"a(\n|[^é])*"),
        ("search", "^"), ("uses", "total"), ("read", "total"), ("read", "a.py"), ("read", "a.py:1,3,5-"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["a", "a\n", "total({\n", "class a:\n    def total(): total\n"])
def test_the_time_is_linear_in_the_size_of_a_file(tmp_path: Path, kind: Kind, target: str, unit: str) -> None:
    def tree(size: int) -> FolderTree:
        return folder(tmp_path / str(size), {"a.py": unit * (size // len(unit))})

    assert_linear_in(lambda tree: ask(tree, kind, target), tree, 30_000)
