from __future__ import annotations

import json
import zlib
from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.context.cache import append
from redimento.context.clues import read_clues
from redimento.context.digest import digest
from redimento.context.index import keep, recall
from redimento.context.matching import match

CLUES = read_clues("Wrong totalPrice of carts\n\nThe `Cart` of `totalPrice`, $price and façade is wrong.")
SOURCE = "class Cart:\n    def totalPrice(self):\n        return self.price + Prices.cart_total\n\nimport shop.façade\n"
WORDS = st.lists(
    st.sampled_from(["Cart", "carts", "totalPrice", "class Cart", "def price", "façade", "x", "import cart", "\n"])
)


def block(head: object, numbers: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return array("I", (len(text), len(numbers), zlib.crc32(numbers, zlib.crc32(text)))).tobytes() + text + numbers


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


@given(sources=st.lists(WORDS.map(" ".join), min_size=1, max_size=6, unique=True))
def test_a_kept_digest_matches_like_a_fresh_one(tmp_path_factory: pytest.TempPathFactory, sources: list[str]) -> None:
    folder = tmp_path_factory.mktemp("cache")
    digests = {source: digest(source.encode(), "python") for source in sources}
    for part in (sources[::2], sources[1::2]):
        keep(folder, {source: digests[source] for source in part})
    recalled = dict(recall(folder, sources, CLUES))
    matched = {source: match(source.encode(), "python", CLUES) for source in sources}
    assert recalled == matched
    for source, kept in recalled.items():  # sums of floats depend on the order
        assert kept
        assert list(kept.hits) == list(matched[source].hits)


def test_a_hidden_file_is_remembered_and_an_unknown_key_is_not_found(tmp_path: Path) -> None:
    keep(tmp_path, {"hidden": None, "shown": digest(SOURCE.encode(), "python")})
    assert dict(recall(tmp_path, ["hidden", "unknown"], CLUES)) == {"hidden": None}
    assert dict(recall(tmp_path / "nowhere", ["hidden"], CLUES)) == {}


def test_an_index_counts_up_to_the_damage_and_the_next_run_starts_a_new_one(tmp_path: Path) -> None:
    for key in ("a", "b"):
        keep(tmp_path, {key: digest(SOURCE.encode(), "python")})
    content = only_file(tmp_path).read_bytes()
    only_file(tmp_path).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert list(dict(recall(tmp_path, ["a", "b"], CLUES))) == ["a"]
    keep(tmp_path, {"b": digest(SOURCE.encode(), "python")})
    assert list(dict(recall(tmp_path, ["b"], CLUES))) == ["b"]


HEAD: dict[str, Any] = {
    "keys": ["a"], "lengths": [1], "imports": [["b"]], "words": "cart", "terms": "cart", "tables": [2, 1, 2, 2],
}  # fmt: skip
TABLES = array("I", (0, 1, 0, 0, 2, 0, 2))


@pytest.mark.parametrize(
    "changed",
    [{"keys": None}, {"keys": [["a"]]}, {"keys": []}, {"lengths": ["x"]}, {"lengths": [True]}, {"imports": [[7]]},
     {"imports": [None]}, {"words": 7}, {"terms": []}, {"tables": [2, 1, 2]}, {"tables": ["x"] * 4}, {"tables": None}],
)  # fmt: skip
def test_a_foreign_index_is_empty(tmp_path: Path, changed: dict[str, Any]) -> None:
    keep(tmp_path, {"a": None})
    only_file(tmp_path).write_bytes(block(HEAD, TABLES.tobytes()))
    assert {key: found and found.hits for key, found in recall(tmp_path, ["a"], CLUES)} == {"a": {"cart": 1}}
    only_file(tmp_path).write_bytes(block(HEAD | changed, TABLES.tobytes()))
    assert dict(recall(tmp_path, ["a"], CLUES)) == {}
    assert list(tmp_path.iterdir()) == []


@given(numbers=st.lists(st.integers(0, 9) | st.just(2**32 - 1), min_size=7, max_size=7))
def test_no_foreign_numbers_raise_an_error(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    folder = tmp_path_factory.mktemp("cache")
    keep(folder, {"a": None})
    only_file(folder).write_bytes(block(HEAD, array("I", numbers).tobytes()))
    assert list(dict(recall(folder, ["a"], CLUES))) in (["a"], [])


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 11, b"\xff" * 100, block([]), block("x"), block(HEAD)[:-1], block(HEAD, b"x")]
)
def test_a_file_that_is_not_an_index_is_empty(tmp_path: Path, content: bytes) -> None:
    keep(tmp_path, {"a": None})
    only_file(tmp_path).write_bytes(content)
    assert dict(recall(tmp_path, ["a"], CLUES)) == {}


def test_a_cache_file_is_started_anew_before_it_grows_too_large(tmp_path: Path) -> None:
    for content in (b"ab", b"cd", b"e"):
        append(tmp_path / "kept", content, largest=4)
    assert only_file(tmp_path).read_bytes() == b"e"
    append(tmp_path / "kept", b"fgh", largest=4)
    assert only_file(tmp_path).read_bytes() == b"efgh"
