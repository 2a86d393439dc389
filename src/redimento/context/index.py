"""An inverted index of the digests, kept between runs: a later run touches only the words it looks for.

The file is a sequence of self-contained blocks, one per run: a head in JSON (keys, lengths, imports, terms and words),
then tables of numbers that lead from each term to its words and from each word to its files.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, chain, compress, repeat
from pathlib import Path
from typing import Any, BinaryIO, Final

from redimento.context.cache import LARGEST, append
from redimento.context.clues import Clues
from redimento.context.digest import Digest
from redimento.context.matching import NOTHING, Match
from redimento.context.words import terms

# Changes with the format, or with how terms are made of words, so that an old file is never misread.
_FORM: Final = 5
_SIZES: Final = 3 * 4  # bytes before a block: the lengths of its head and of its tables, and the checksum of both
_HIDDEN: Final = -1  # the length of a file that may not be shown


def recall(folder: Path | None, wanted: Collection[str], clues: Clues) -> Iterator[tuple[str, Match | None]]:
    """Yield key and match of what is kept for `wanted`, None for a file that may not be shown; each key once.

    A damaged or foreign index counts up to the damage; it is deleted, so that the next run starts a new one.
    """
    missing = set(wanted)
    if folder is None or not missing:
        return
    path = _file(folder)
    try:
        with path.open("rb") as file:
            for block in _blocks(file):
                if missing.isdisjoint(block.keys):
                    continue
                for key, match in zip(block.keys, block.matches(clues), strict=True):
                    if key in missing:
                        missing.discard(key)
                        yield key, match
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        with suppress(OSError):
            path.unlink()


def keep(folder: Path, fresh: Mapping[str, Digest | None], sources: int = 0) -> None:
    """Add the digests of `fresh`, by key; None for a file that may not be shown.

    `sources` is the size of the tree in bytes. The index may grow as large (that of Linux takes 0.4 of it): one that
    starts over halfway helps nobody. Each run reads all of it, so that smaller trees have a lower limit.
    """
    if not fresh:
        return
    postings: defaultdict[str, list[int]] = defaultdict(list)  # word → file, count, file, count …
    for number, found in enumerate(fresh.values()):
        if found:
            definitions = frozenset(found.definitions)
            for word, count in found.words.items():
                postings[word] += (number, count << 1 | (word in definitions))
    words = sorted(postings)
    of_term: defaultdict[str, list[int]] = defaultdict(list)  # term → words
    for number, word in enumerate(words):
        for term in terms(word):
            of_term[term].append(number)
    head: dict[str, Any] = {
        "keys": list(fresh),
        "lengths": [sum(found.words.values()) if found else _HIDDEN for found in fresh.values()],
        "imports": [found.imports if found else () for found in fresh.values()],
        "words": "\n".join(words),
        "terms": "\n".join(of_term),
    }
    tables = [
        array("I", numbers)
        for lists in (list(of_term.values()), [postings[word] for word in words])
        for numbers in ([0, *accumulate(map(len, lists))], chain.from_iterable(lists))
    ]
    head["tables"] = [len(table) for table in tables]
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    numbers = b"".join(table.tobytes() for table in tables)
    sizes = array("I", (len(text), len(numbers), zlib.crc32(numbers, zlib.crc32(text))))
    append(_file(folder), sizes.tobytes() + text + numbers, max(LARGEST, sources))


def _file(folder: Path) -> Path:
    return folder / f"digests-{_FORM}-{sys.byteorder}.bin"


@dataclass(frozen=True, slots=True)
class _Block:
    """A `starts` table holds where in the next table the row of each term or word begins, and where the last one ends."""

    keys: list[str]
    lengths: list[int]
    imports: list[list[str]]
    words: list[str]  # sorted
    terms: list[str]
    term_starts: array[int]
    term_words: array[int]
    word_starts: array[int]
    word_files: array[int]  # index of a file, then twice the occurrences, plus one if the file defines the word

    def matches(self, clues: Clues) -> list[Match | None]:
        """Return the match of each file."""
        hits: list[dict[str, int]] = [{} for _ in self.keys]
        defined: list[set[str]] = [set() for _ in self.keys]
        for place, wanted in self._wanted(clues):
            for number, count, _ in self._row(place):
                of_file = hits[number]
                for term in wanted:
                    of_file[term] = of_file.get(term, 0) + count
        for name in clues.told_names:
            place = bisect_left(self.words, name)
            if self.words[place : place + 1] == [name]:
                for number, _, defines in self._row(place):
                    if defines:
                        defined[number].add(name)
        return [
            None
            if length == _HIDDEN
            else Match(
                length,
                hits[number],
                frozenset(defined[number]) or NOTHING,
                tuple(self.imports[number]),
            )
            for number, length in enumerate(self.lengths)
        ]

    def _wanted(self, clues: Clues) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the index of each word that stands for wanted terms, sorted, and those terms."""
        found: dict[int, tuple[str, ...]] = {}
        several: set[int] = set()
        for number in compress(range(len(self.terms)), map(clues.terms.__contains__, self.terms)):
            places = self.term_words[self.term_starts[number] : self.term_starts[number + 1]]
            several.update(filter(found.__contains__, places))
            found.update(zip(places, repeat((self.terms[number],))))
        for place in sorted(found):
            # Judging a word is slow, and needless for most: they stand for one term.
            yield place, clues.wanted.terms(self.words[place]) if place in several else found[place]

    def _row(self, place: int) -> Iterator[tuple[int, int, int]]:
        """Yield for each file that has the word: its index, occurrences, and whether it defines the word."""
        row = self.word_files[self.word_starts[place] : self.word_starts[place + 1]]
        for number, coded in zip(row[::2], row[1::2], strict=True):
            yield number, coded >> 1, coded & 1


def _blocks(file: BinaryIO) -> Iterator[_Block]:
    """Yield the blocks of an index. Raises ValueError, TypeError or LookupError where it is damaged."""
    while sizes := file.read(_SIZES):
        text_size, numbers_size, checksum = array("I", sizes)
        if text_size + numbers_size > LARGEST:
            raise ValueError("The block is too large.")
        text, numbers = file.read(text_size), file.read(numbers_size)
        if zlib.crc32(numbers, zlib.crc32(text)) != checksum:
            raise ValueError("The block is damaged.")
        head = json.loads(text)
        keys, lengths, imports = head["keys"], head["lengths"], head["imports"]
        if not len(keys) == len(lengths) == len(imports):
            raise ValueError("Not every file is described.")
        if {type(length) for length in lengths} - {int} or {type(one) for one in chain(keys, *imports)} - {str}:
            raise TypeError("A file is not described as we do.")
        yield _Block(
            keys,
            lengths,
            imports,
            head["words"].split("\n"),
            head["terms"].split("\n"),
            *_tables(numbers, head["tables"]),
        )


def _tables(numbers: bytes, lengths: Sequence[int]) -> Iterator[array[int]]:
    everything = array("I", numbers)
    end = 0
    for length in lengths:
        yield everything[end : end + length]
        end += length
