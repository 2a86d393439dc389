"""Twice the foreign text takes twice the time: files of a repository, paths, work items, files of the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redimento.context import index
from redimento.context.clues import read_clues
from redimento.context.digest import digest
from redimento.context.exclusion import looks_generated, reason
from redimento.context.languages import role
from redimento.context.likely_tests import likely_tests
from redimento.context.naming import named_files
from redimento.context.outline import outline
from redimento.context.segments import cut
from redimento.context.tokens import estimate
from redimento.context.words import identifiers, terms
from tests.scaling import assert_linear

LANGUAGES = ("python", "javascript", "typescript", "tsx", "go", "java", "rust", "csharp", "")
# Small enough for the caches of the processor: beyond them, twice the input can take three times as long.
CODE = ("a(", "\n\tpublic a<b> ", "\nfrom a import (", "from 'a", "\xff")


@pytest.mark.parametrize("language", LANGUAGES)
def test_digests(language: str) -> None:
    for unit in CODE:
        assert_linear(lambda content: digest(content, language), *twice(unit, 16_000))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("unit", ["(", "[\n", "x = 1\n", "#a\n"])
def test_segments_of_any_text(language: str, unit: str) -> None:
    assert_linear(lambda content: cut(content, language), *twice(unit, 6_000))


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("java", "class A{\n", "}\n"),
        ("java", "class A { void m(){\n", "}}\n"),
        ("javascript", "function f(){\n", "}\n"),
        ("javascript", "a = {b: () => (", ")}"),
        ("typescript", "class A{m(){\n", "}}\n"),
        ("rust", "mod a{\n", "}\n"),
        ("csharp", "class A{\n", "}\n"),
        ("go", "func f(){\n", "}\n"),
    ],
)
def test_segments_of_nested_definitions(language: str, before: str, after: str) -> None:
    contents = ((before * count + after * count).encode() for count in (1_500, 3_000))
    assert_linear(lambda content: cut(content, language), *contents)


@pytest.mark.parametrize(
    "unit",
    ["a", "aB", "A_", "a.b", "-/", "a.py/", "a.py ", "<!--", "`a", "```\n", "https://a", "Error: ", "error", "'a b c", "1: ", "a:1:"],
)  # fmt: skip
def test_clues(unit: str) -> None:
    assert_linear(read_clues, *(f"Title\n{unit * (size // len(unit))}" for size in (20_000, 40_000)))


@pytest.mark.parametrize(
    "count", [identifiers, terms, estimate, lambda text: looks_generated(text.encode())],
    ids=["identifiers", "terms", "tokens", "generated"],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["a", "aB", "A_", "0a ", " ", "é", "\n", "Code generated "])
def test_words_and_tokens(count: Callable[[str], object], unit: str) -> None:
    assert_linear(count, unit * 30_000, unit * 60_000)


@pytest.mark.parametrize("unit", ["a/", "tests.", "test_", "-", "a-min.", "_generated."])
def test_roles_and_exclusion_of_paths(unit: str) -> None:
    for judge in (role.__wrapped__, lambda path: reason(path, 10)):
        assert_linear(judge, *(unit * (size // len(unit)) for size in (4_000, 8_000)))


def test_paths_that_an_item_names() -> None:
    def named(count: int) -> frozenset[str]:
        return named_files([f"y/src{n}/a.py" for n in range(count)], [f"src{n}/a.py" for n in range(count)])

    assert len(named(10)) == 10
    assert_linear(named, 400, 800)


def test_outlines() -> None:
    assert_linear(lambda count: outline([f"a{n}/b{n}/c.py" for n in range(count)], 500), 1_000, 2_000)
    assert_linear(lambda count: outline(["a/" * count + "b.py"], 500, best=["a/" * count + "b.py"]), 1_000, 2_000)


def test_likely_tests() -> None:
    def found(count: int) -> dict[str, tuple[str, ...]]:
        return likely_tests([f"tests/{n}/test_a.py" for n in range(count)], ["a.py"] * 10, {})

    assert_linear(found, 1_000, 2_000)


def test_the_index_of_the_cache(tmp_path: Path) -> None:
    clues = read_clues("Wrong `name_1`\n\nIt is wrong.")
    source = "".join(f"def name_{n}(): return part_{n}\n" for n in range(40)).encode()

    def kept(count: int) -> list[str]:
        keys = [str(n) for n in range(count)]
        index.keep(tmp_path / str(count), dict.fromkeys(keys, digest(source, "python")))
        return keys

    assert_linear(lambda keys: list(index.recall(tmp_path / str(len(keys)), keys, clues)), kept(400), kept(800))


def twice(unit: str, size: int) -> tuple[bytes, bytes]:
    once = (unit * (size // len(unit))).encode("latin-1")
    return once, 2 * once
