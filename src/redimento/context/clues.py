"""Read clues from the text of a work item: words, names, paths, quoted phrases."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby, pairwise
from typing import Final

from redimento.context.commonplace import telling
from redimento.context.vocabulary import Wanted
from redimento.context.words import STOP, identifiers, terms


@dataclass(frozen=True)
class Clues:
    """What to look for. Weights are relative: 1 is a word that occurs once in prose."""

    title: frozenset[str]  # terms of the first line
    terms: Mapping[str, float]  # stems of words and parts of names, and whole names in lower case
    pairs: Mapping[tuple[str, str], float]  # adjacent terms
    names: frozenset[str]  # names of code as written: backticked, called, dotted, camelCase, snake_case
    told_names: frozenset[str]  # those that occur in prose: code examples call much that is not to be changed
    paths: tuple[str, ...]  # with an extension, as written; without stack traces, which pass through too many files
    told_paths: tuple[str, ...]  # those that occur in prose: 9 in 10 of these are changed, few of the others
    phrases: tuple[str, ...]  # that the code may contain literally: quoted texts, error messages
    written: Mapping[str, str]  # each term as the text writes it first

    @cached_property
    def wanted(self) -> Wanted:
        """Return the lookup from words to the `terms` they stand for."""
        return Wanted(self.terms)


_COMMENT: Final = re.compile(r"<!--.{0,8000}?-->", re.DOTALL)
_FENCE: Final = re.compile(r"^(?:```|~~~)[^\n]*\n(.*?)(?:^(?:```|~~~)|\Z)", re.DOTALL | re.MULTILINE)
_URL: Final = re.compile(r"https?://[^\s)\]>\"']+")
_PERMALINK: Final = re.compile(r"/(?:blob|tree|src)/[^/\s]+/([^\s#?)\]>]+)")

# Repetitions that could overlap themselves are bounded: the text is foreign and must not slow the run down.
_ENDINGS: Final = (
    r"(?:pyi?|pyx|tsx?|jsx?|[mc]js|go|java|rs|cs|cshtml|razor|vue|svelte|html?|cc|cpp|hp?p?|css|s[ca]ss|less|pcss|sql|proto"
    r"|kt|swift|rb|php|scala|sh|ps1|tpl|c|m|xml|json|ya?ml|toml|ini|cfg|md|rst)"
)
_PATH: Final = re.compile(rf"(?<![\w@])(?:[A-Za-z]:)?[\w.\-/\\]{{0,200}}[\w\-]\.{_ENDINGS}(?![\w.]{{0,40}}\w)")
_DOTTED: Final = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:(?:\.|::|#)[A-Za-z_]\w*)+")
_TICKED: Final = re.compile(r"`{1,2}([^`\n]{2,120})`")
_CALLED: Final = re.compile(r"\b([A-Za-z_]\w{2,})\(")
_SHAPED: Final = re.compile(
    r"\b(?:[a-z][a-z0-9]*[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*|\w+_\w+|[A-Z]{2,}[a-z]\w*|[A-Z][A-Z0-9_]{3,})\b"
)
_WORDLIKE: Final = re.compile(r"[A-Za-z_]\w{2,}")

_QUOTED: Final = re.compile(
    r"\"([^\"\n]{6,200})\"|'([^'\n]{6,200})'|“([^”\n]{6,200})”|`([^`\n]{6,200})`|\u00b4([^\u00b4\n]{6,200})\u00b4"
)
_ERROR: Final = re.compile(
    r"^[^\n]{0,60}?(?:\b\w*(?:Error|Exception|Warning|Failure|Invalid\w*)\b|\b(?:error|panic|fatal|warning|FAIL)\b)[^:\n]{0,40}: ?([^\n]{6,300})$",
    re.MULTILINE,
)
_FRAME: Final = re.compile(
    r"\s*(?:File \"|at |\d{1,3}: |[^\s:`]{1,200}:\d+(?::\d+)?(?:$|[: ])|[^\n]{0,300}(?:\", line \d+|\.\w{1,5}:\d+\)$))"
)  # a line of a stack trace or of a compiler
_CODE_LINE: Final = re.compile(
    r"(?!\s{0,40}(?:[-*+>]|\d{1,3}[.)])\s)"
    r"(?:\s{4}\s{0,40}\S|>>> |\.\.\. |In \[\d+\]: |\s{0,40}[})\]]{1,5}[;,]?\s*$|[^\n]{0,300}[;{]\s*$"
    r"|(?:import [\w.]+(?: as \w+)?|from [\w.]+ import [^\n]{1,200}|(?:def|class|for|while|with|if) [^\n]{1,200}:)\s*$"
    r"|[\w.]{1,60} = \S|[\w.]{1,60}\([^\n]{0,200}\)\s*$|@\w{1,60})"
)  # a line that is code, were it in a fence
_LEAST_PASTED: Final = 2  # lines in a row
_LONGEST_TITLE: Final = 300  # characters: more is a text without a title
_HYPHENATED: Final = re.compile(r"(?<![\w.\-/])[a-zA-Z]\w{0,40}(?:-\w{1,40}){1,6}(?![\w\-/])")
_SHORTEST_NAME: Final = 3
_LONGEST_TEXT: Final = 60_000  # characters: more is a pasted log

# The weight of a word by where it occurs; the best of a dozen values each on the development cases.
_TITLE_WEIGHT: Final = 4.0
_PROSE_WEIGHT: Final = 0.85
_TICKED_WEIGHT: Final = 4.0  # in addition to that of prose
_CODE_WEIGHT: Final = 0.1
_MOST_LINES: Final = 400  # searched for pairs


def read_clues(text: str) -> Clues:
    """Read the clues from the Markdown of a work item, whose first line is the title."""
    text = _COMMENT.sub(" ", text[:_LONGEST_TEXT]).strip()
    first_line, _, body = text.partition("\n")
    title, body = first_line.lstrip("# ")[:_LONGEST_TITLE], f"{first_line.lstrip('# ')[_LONGEST_TITLE:]}\n{body}"
    told, pasted = _told_and_pasted(_FENCE.sub("\n", body))
    code = "\n".join([*(match.group(1) for match in _FENCE.finditer(body)), pasted])
    prose = _URL.sub(" ", told)
    plain = _URL.sub(" ", text)
    return Clues(
        title=_terms(title),
        terms=_weigh_terms(title, prose, code),
        pairs=_weigh_pairs(text),
        names=frozenset(_names(title, plain)),
        told_names=frozenset(_told_names(f"{title}\n{prose}")),
        paths=tuple(dict.fromkeys(_paths(_without_frames(text)))),
        told_paths=tuple(dict.fromkeys(_paths(_without_frames(_FENCE.sub("\n", text))))),
        phrases=tuple(dict.fromkeys(_phrases(plain))),
        written={term: word for word in reversed(identifiers(text)) for term in terms(word)},
    )


def _told_and_pasted(text: str) -> tuple[str, str]:
    """Return the prose of a text without fences, and the code that was pasted into it: runs of lines that look like it."""
    parts: tuple[list[str], list[str]] = ([], [])
    for is_code, run in groupby(text.split("\n"), key=lambda line: bool(_CODE_LINE.match(line))):
        lines = list(run)
        parts[is_code and len(lines) >= _LEAST_PASTED].extend(lines)
    return "\n".join(parts[0]), "\n".join(parts[1])


def _terms(text: str) -> frozenset[str]:
    return frozenset(term for word in identifiers(text) if word.lower() not in STOP for term in terms(word))


def _weigh_terms(title: str, prose: str, code: str) -> dict[str, float]:
    counts: defaultdict[str, float] = defaultdict(float)
    ticked = " ".join(_TICKED.findall(prose))
    ticked = " ".join((ticked, *chain.from_iterable(map(_spellings, _HYPHENATED.findall(ticked)))))
    weighed = ((title, _TITLE_WEIGHT), (prose, _PROSE_WEIGHT), (ticked, _TICKED_WEIGHT), (code, _CODE_WEIGHT))
    for text, weight in weighed:
        for word in identifiers(text):
            if word.lower() in STOP:
                continue
            for term in terms(word):
                counts[term] += weight
    return {term: math.log2(1 + count) * telling(term) for term, count in counts.items()}


def _weigh_pairs(text: str) -> dict[tuple[str, str], float]:
    counts: Counter[tuple[str, str]] = Counter()
    for number, line in enumerate(text.split("\n")[:_MOST_LINES]):
        row = [term for word in identifiers(line) if word.lower() not in STOP for term in terms(word)]
        for pair in pairwise(row):
            counts[pair] += 1 if number else 2
    return {pair: math.log2(1 + count) for pair, count in counts.items() if pair[0] != pair[1]}


def _told_names(prose: str) -> Iterator[str]:
    yield from _SHAPED.findall(prose)
    for ticked in _TICKED.findall(prose):
        yield from _WORDLIKE.findall(ticked)
        yield from chain.from_iterable(map(_spellings, _HYPHENATED.findall(ticked)))


def _spellings(hyphenated: str) -> tuple[str, str]:
    """Return how code writes a hyphenated name: `set_cmd_text` and `setCmdText` for `set-cmd-text`."""
    first, *others = hyphenated.split("-")
    return "_".join((first, *others)), first + "".join(part[:1].upper() + part[1:] for part in others)


def _names(title: str, text: str) -> Iterator[str]:
    yield from _told_names(text)
    yield from _CALLED.findall(text)
    for dotted in _DOTTED.findall(text):
        yield from (part for part in re.split(r"\.|::|#", dotted) if len(part) >= _SHORTEST_NAME)
    yield from (word for word in _WORDLIKE.findall(title) if word.lower() not in STOP)


def _paths(text: str) -> Iterator[str]:
    for url in _URL.findall(text):
        linked = _PERMALINK.search(url)
        if linked:
            yield linked.group(1)
    for written in _PATH.findall(_URL.sub(" ", text)):
        path = written.replace("\\", "/").removeprefix("./")
        if path:
            yield path


def _without_frames(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not _FRAME.match(line))


def _phrases(text: str) -> Iterable[str]:
    for match in _QUOTED.finditer(text):
        quoted = next(group for group in match.groups() if group)
        if " " in quoted.strip():
            yield quoted.strip()
    for match in _ERROR.finditer(text):
        yield match.group(1).strip()
