from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest

from redimento.context.tokens import estimate
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Wish
from redimento.local.folder_tree import FolderTree
from tests.exploration.conftest import CART, ask, folder

LARGE = "\n\n".join(f"def part_{n}():\n    return {n}\n" for n in range(900))


@pytest.mark.parametrize(
    ("target", "text", "spans"),
    [
        ("lines.txt:2-3", "⋮ lines 1-1 left out\nline 2\nline 3\n⋮ lines 4-30 left out", ((2, 3),)),
        ("lines.txt:29-999", "⋮ lines 1-28 left out\nline 29\nline 30", ((29, 30),)),
        ("lines.txt:29-", "⋮ lines 1-28 left out\nline 29\nline 30", ((29, 30),)),
        ("lines.txt:30:7", "⋮ lines 1-29 left out\nline 30", ((30, 30),)),
        ("lines.txt#L29-L30", "⋮ lines 1-28 left out\nline 29\nline 30", ((29, 30),)),
        ("lines.txt:-1", "line 1\n⋮ lines 2-30 left out", ((1, 1),)),
        (
            "lines.txt: 2-3, 9 ,L5-L5",
            (
                "⋮ lines 1-1 left out\nline 2\nline 3\n⋮ lines 4-4 left out\nline 5\n⋮ lines 6-8 left out\nline 9\n"
                "⋮ lines 10-30 left out"
            ),
            ((2, 3), (5, 5), (9, 9)),
        ),
    ],
)
def test_lines_are_read_with_their_numbers(
    tmp_path: Path, target: str, text: str, spans: tuple[tuple[int, int], ...]
) -> None:
    tree = folder(tmp_path, {"lines.txt": "".join(f"line {number}\n" for number in range(1, 31))})
    (excerpt,) = ask(tree, "read", target).excerpts
    assert (excerpt.path, excerpt.text, excerpt.spans) == ("lines.txt", text, spans)
    assert excerpt.tokens == estimate(text)


@pytest.mark.parametrize(
    "target",
    [
        *("src/shop/cart.py", "./src/shop/cart.py", "shop/cart.py", "src\\shop\\cart.py", "SRC/Shop/CART.py"),
        *("/src/shop/cart.py", "`src/shop/cart.py`", "shop.cart", "src.shop.cart"),
    ],
)
def test_a_path_is_understood_as_it_is_meant(shop: FolderTree, target: str) -> None:
    found = ask(shop, "read", target)
    assert [(excerpt.path, excerpt.text, excerpt.spans) for excerpt in found.excerpts] == [
        ("src/shop/cart.py", CART.removesuffix("\n"), None)
    ]
    assert found.text == ""


def test_a_path_that_begins_above_the_repository_is_said_to_be_another(shop: FolderTree) -> None:
    found = ask(shop, "read", "/agent/_work/1/s/src/shop/prices.py:1")
    assert [(excerpt.path, excerpt.spans) for excerpt in found.excerpts] == [("src/shop/prices.py", ((1, 1),))]
    assert found.text == "`/agent/_work/1/s/src/shop/prices.py` was taken for `src/shop/prices.py`."


def test_a_path_is_understood_in_any_unicode_form(tmp_path: Path) -> None:
    tree = folder(tmp_path, {normalize("NFD", "öl/café.md"): "a\n"})
    assert [excerpt.text for excerpt in ask(tree, "read", normalize("NFC", "ÖL/café.md")).excerpts] == ["a"]


def test_a_path_that_fits_several_files_names_them_the_likely_first(shop: FolderTree) -> None:
    found = ask(shop, "read", "cart.py", best=["src/shop/cart.py"])
    assert found.excerpts == ()
    assert found.text.split("\n")[1:] == ["src/shop/cart.py", "src/legacy/cart.py"]


@pytest.mark.parametrize(
    ("target", "near"),
    [
        ("src/shop/carts.py", "src/shop/cart.py"),
        ("src/shop/price.py", "src/shop/prices.py"),
        ("tests/cart_test.py", "tests/test_cart.py"),
        ("src/web/basket.tsx", "src/web/Basket.ts"),
    ],
)
def test_a_wrong_path_is_answered_with_the_nearest(shop: FolderTree, target: str, near: str) -> None:
    found = ask(shop, "read", target)
    assert found.text.startswith("The repository has no file")
    assert near in found.text.split("\n")[1:3]


def test_nothing_near_is_said(shop: FolderTree) -> None:
    assert ask(shop, "read", "zzz/qqq.xyz").text == "The repository has no file and no definition `zzz/qqq.xyz`."


@pytest.mark.parametrize(
    ("target", "path", "first"),
    [
        ("Cart.total", "src/shop/cart.py", 12),
        ("Cart::total", "src/shop/cart.py", 12),
        ("shop.cart.Cart.total()", "src/shop/cart.py", 12),
        ("src/shop/cart.py::Cart::total", "src/shop/cart.py", 12),
        ("src/shop/cart.py:price", "", 0),
        ("tests/test_cart.py::test_total", "tests/test_cart.py", 4),
        ("Basket", "src/web/Basket.ts", 1),
        ("RATE", "src/shop/prices.py", 1),
        ("Order", "src/api/order.proto", 1),
    ],
)
def test_a_name_is_answered_with_its_definition(shop: FolderTree, target: str, path: str, first: int) -> None:
    found = ask(shop, "read", target)
    places = [(excerpt.path, excerpt.spans[0][0] if excerpt.spans else 1) for excerpt in found.excerpts]
    assert places == ([(path, first)] if path else [])


def test_a_name_with_several_definitions_shows_them_tests_last(shop: FolderTree) -> None:
    found = ask(shop, "read", "total")
    assert [(excerpt.path, excerpt.spans) for excerpt in found.excerpts] == [
        ("src/shop/cart.py", ((12, 17),)),
        ("src/web/Basket.ts", ((2, 4),)),
    ]


@pytest.mark.parametrize(
    ("target", "path", "line"),
    [
        ("Cart.Amount", "cart.go", 3),
        ("func Amount", "cart.go", 3),
        ("cart_total", "cart.c", 3),
        ("Cart::total", "cart.cc", 1),
        ("Shop.Cart.Total", "Cart.cs", 3),
        ("Cart->sum()", "cart.php", 3),
        ("--dry-run", "", 0),
        ("test_it[1-True]", "tests/test_it.py", 1),
        ("tests/test_it.py::test_it[1-True]", "tests/test_it.py", 1),
    ],
)
def test_names_are_understood_as_their_language_writes_them(tmp_path: Path, target: str, path: str, line: int) -> None:
    files = {
        "cart.go": "package a\n\nfunc (c *Cart) Amount() int {\n\treturn 0\n}\n",
        "cart.h": "int cart_total(struct cart *c);\n",
        "cart.c": "int x;\n\nstatic int cart_total(struct cart *c)\n{\n\treturn other(c);\n}\n",
        "cart.cc": "int Cart::total() const {\n  return 0;\n}\n",
        "Cart.cs": "namespace Shop;\npublic class Cart {\n  public int Total() {\n    return 0;\n  }\n}\n",
        "cart.php": "<?php\nclass Cart {\n  function sum() {\n  }\n}\n",
        "tests/test_it.py": "def test_it(n, b):\n    assert n\n",
    }
    found = ask(folder(tmp_path, files), "read", target)
    places = [(excerpt.path, excerpt.spans[0][0] if excerpt.spans else 1) for excerpt in found.excerpts]
    assert places[:1] == ([(path, line)] if path else [])
    assert "There is no" not in found.text


def test_a_container_that_does_not_exist_is_named(shop: FolderTree) -> None:
    found = ask(shop, "read", "Wallet.price")
    assert found.text == "There is no `Wallet.price`; these are definitions of `price`."
    assert [excerpt.path for excerpt in found.excerpts] == ["src/shop/prices.py"]


def test_a_large_file_is_answered_with_its_outline(tmp_path: Path) -> None:
    found = ask(folder(tmp_path, {"large.py": LARGE}), "read", "large.py")
    (excerpt,) = found.excerpts
    assert "def part_0():\n⋮ lines 2-4 left out\ndef part_1():" in excerpt.text
    assert "return" not in excerpt.text
    assert f"Lines 1-3598 of `large.py` take about {estimate(LARGE.rstrip()):,} tokens." in found.text
    assert "`large.py:first-last`" in found.text
    assert excerpt.tokens < 10_000


def test_the_outline_of_a_language_without_a_grammar_is_what_looks_like_definitions(tmp_path: Path) -> None:
    methods = "".join(f"  def part_{n}\n    return_the_number {n}\n  end\n" for n in range(900))
    (excerpt,) = ask(folder(tmp_path, {"a.rb": f"class Cart\n{methods}end\n"}), "read", "a.rb").excerpts
    assert excerpt.text.startswith("class Cart\n  def part_0\n⋮ lines 3-4 left out\n  def part_1\n")


def test_a_large_text_is_answered_with_its_beginning(tmp_path: Path) -> None:
    (excerpt,) = ask(folder(tmp_path, {"a.txt": "some words\n" * 9_000}), "read", "a.txt").excerpts
    assert excerpt.spans == ((1, 60),)


def test_lines_that_are_too_many_are_cut_and_said(tmp_path: Path) -> None:
    found = ask(folder(tmp_path, {"large.py": LARGE}), "read", "large.py:101-3000,1-2")
    (excerpt,) = found.excerpts
    assert excerpt.spans
    assert excerpt.spans[0] == (1, 2)
    assert excerpt.tokens < 11_000
    assert f"Lines {excerpt.spans[1][1] + 1}-3000 of `large.py` take about " in found.text


def test_of_an_endless_line_the_beginning_is_shown(tmp_path: Path) -> None:
    tree = folder(tmp_path, {"a.txt": f"first\n{'word ' * 100_000}\nlast\n"})
    for target in ("a.txt:1-3", "a.txt"):
        (excerpt,) = ask(tree, "read", target).excerpts
        assert excerpt.text.startswith("first\nword word")
        assert excerpt.text.endswith("⋮ 499,800 characters left out ⋮\nlast")
        assert excerpt.spans == ((1, 3),)
        assert excerpt.tokens < 400


def test_a_long_line_that_fits_is_shown_as_it_is_so_that_it_can_be_quoted(tmp_path: Path) -> None:
    picture = f"const picture = '{'word ' * 7_000}';"
    tree = folder(tmp_path, {"a.js": "x();\n" * 9_000 + f"{picture}\n" + "y();\n" * 9_000})
    (excerpt,) = ask(tree, "read", "a.js:8990-9010").excerpts
    assert picture in excerpt.text
    found = ask(tree, "read", "a.js:8500-9500")
    assert "characters left out ⋮\ny();" in found.excerpts[0].text
    assert found.text == "Long lines are cut: to quote one, ask for it alone."


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("cart.test.ts", "  it('counts {n}', async () => {{"), ("test/cart.js", "\ttest.each([1])(`x`, f)\n  test.only(`counts {n}`, () => {{"),
        ("cart_test.go", '\tt.Run("counts {n}", func(t *testing.T) {{'),
    ],
)  # fmt: skip
def test_the_outline_of_tests_has_their_titles(tmp_path: Path, path: str, test: str) -> None:
    tests = "".join(
        f"{test.format(n=n)}\n    expect_a_long_row_of_words(1, 2, {n});\n  }});\n\n" * 3 for n in range(300)
    )
    start = "describe('the cart', () => {\n" if "go" not in path else "func TestCart(t *testing.T) {\n"
    (excerpt,) = ask(folder(tmp_path, {path: f"{start}{tests}}});\n"}), "read", path).excerpts
    assert excerpt.text.startswith(start)
    assert "counts 0" in excerpt.text
    assert "counts 9" in excerpt.text
    assert "expect_a_long" not in excerpt.text


def test_a_snapshot_is_read_and_listed_but_not_searched(tmp_path: Path) -> None:
    tree = folder(
        tmp_path, {"src/Cart.test.tsx": "total\n", "src/__snapshots__/Cart.test.tsx.snap": "exports = total\n"}
    )
    test = ask(tree, "read", "src/Cart.test.tsx:1")
    assert test.text == "Its snapshots are in `src/__snapshots__/Cart.test.tsx.snap`."
    (excerpt,) = ask(tree, "read", "Cart.test.tsx.snap").excerpts
    assert excerpt.text == "exports = total"
    assert "src/__snapshots__/Cart.test.tsx.snap" in ask(tree, "list", "src").text
    assert "snap" not in ask(tree, "search", "total").text


def test_a_long_class_is_shown_by_its_heads(tmp_path: Path) -> None:
    methods = "".join(f"    def part_{n}(self):\n        return {n}\n\n" for n in range(900))
    found = ask(folder(tmp_path, {"large.py": f"class Large:\n{methods}"}), "read", "Large")
    (excerpt,) = found.excerpts
    assert "class Large:" in excerpt.text
    assert "    def part_1(self):\n⋮" in excerpt.text
    assert "Only a part of `Large` is shown." in found.text


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (".env", "secrets"),
        ("a/id_rsa:1", "secrets"),
        ("data.bin.py", "binary"),
        ("long.txt", "larger than"),
        ("../outside.py", "no file"),
        ("/etc/passwd", "no file"),
        ("src/nothing.py", "no file"),
        ("src/shop/prices.py:31-40", "5 lines"),
        ("src/shop/prices.py:4-3", "not have lines 4-3"),
        ("src/shop/prices.py:0", "not have lines 0-0"),
        ("", "path:first-last"),
        ("a\nb", "path:first-last"),
        ("a\0b", "path:first-last"),
        ("a" * 1_000_000, "path:first-last"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_sentence(
    shop: FolderTree, tmp_path: Path, target: str, why: str
) -> None:
    (tmp_path / "data.bin.py").write_bytes(b"a\0b")
    folder(tmp_path, {"a/id_rsa": "key\n", "long.txt": "word " * 200_000})
    found = ask(shop, "read", target)
    assert found.excerpts == ()
    assert why in found.text
    assert len(found.text) < 2_000


def test_what_the_settings_exclude_is_not_shown_by_any_wish(shop: FolderTree) -> None:
    hidden = ["src/shop/"]
    assert "context.exclude" in ask(shop, "read", "src/shop/cart.py", exclude=hidden).text
    asked = [Wish("read", "Cart"), Wish("read", "shop/cart.py"), Wish("search", "class Cart"), Wish("uses", "Cart")]
    for found in explorer(shop, exclude=hidden, best=(), cache=None)(asked, {}):
        assert not [excerpt for excerpt in found.excerpts if "shop/" in excerpt.path]
        assert "src/shop/cart.py:" not in found.text
    assert "shop" not in ask(shop, "list", "src", exclude=hidden).text


def test_the_change_as_it_stands_is_read(shop: FolderTree) -> None:
    changed = {
        "src/shop/cart.py": b"def new_total():\n    return 1\n",
        "src/shop/added.py": "def café():\n    return 'é'\n".encode("latin-1"),
        "src/legacy/cart.py": None,
    }
    assert ask(shop, "read", "cart.py", changed=changed).excerpts[0].text == "def new_total():\n    return 1"
    assert "def café" in ask(shop, "read", "added.py", changed=changed).excerpts[0].text
    assert "no file" in ask(shop, "read", "src/legacy/cart.py", changed=changed).text
    assert ask(shop, "read", "new_total", changed=changed).excerpts[0].path == "src/shop/cart.py"
    assert ask(shop, "search", "def .*total", changed=changed).text == (
        "src/shop/cart.py:1: def new_total():\ntests/test_cart.py:4: def test_total():"
    )
    listed = ask(shop, "list", "src", changed=changed).text
    assert "src/shop/added.py" in listed
    assert "src/legacy" not in listed
    assert "src/shop/cart.py:1" not in ask(shop, "uses", "price", changed=changed).text


def test_a_new_file_that_may_not_be_shown_is_not(shop: FolderTree) -> None:
    changed = {"config/.env": b"TOKEN=1\n"}
    assert "secrets" in ask(shop, "read", "config/.env", changed=changed).text
    assert "Nothing" in ask(shop, "search", "TOKEN", changed=changed).text


def test_a_folder_or_a_glob_is_listed(shop: FolderTree) -> None:
    assert "src/shop/prices.py" in ask(shop, "read", "src/shop").text
    assert "src/shop/prices.py" in ask(shop, "read", "src/**/p*.py").text
