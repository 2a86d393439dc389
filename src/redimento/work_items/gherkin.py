"""The words of Gherkin in every language that it has.

`gherkin_languages.json` has the keywords of Cucumber's parser, one line for each language (gherkin-official 42.0.1,
github.com/cucumber/gherkin; MIT licence, © 2017 Cucumber Ltd, Gaspar Nagy, Björn Rasmusson, Peter Sergeant and contributors).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Role = Literal["given", "when", "then", "and", ""]
_ROLES: dict[str, Role] = {"given": "given", "when": "when", "then": "then", "and": "and", "but": "and"}
_NAMED = re.compile(r"\s*#\s*language\s*:\s*([A-Za-z-]{2,12})\s*$")
_USUAL = "en"
_EMPHASIS = r"[*_]{0,2}"
_MOST_LINES = 2_000  # that are looked at
_LANGUAGES: dict[str, dict[str, list[str]]] = {
    language: {part: [word for word in words if word.strip() != "*"] for part, words in parts.items()}
    for language, parts in json.loads(Path(__file__).with_name("gherkin_languages.json").read_text("utf-8")).items()
}
_FEWEST = 2  # lines with keywords, before a text counts as Gherkin of a language other than English


@dataclass(frozen=True)
class Dialect:
    """The patterns of one language; they match at the start of a line without white space before it."""

    scenario: re.Pattern[str]
    background: re.Pattern[str]
    feature: re.Pattern[str]
    step: re.Pattern[str]
    then_within: re.Pattern[str]

    def role(self, line: str) -> Role:
        """Return what kind of step the line is, "" if it is none."""
        found = self.step.match(line.strip())
        return _ROLES[found.lastgroup] if found and found.lastgroup else ""

    def is_scenario(self, line: str) -> bool:
        return self.scenario.match(line.strip()) is not None

    def is_background(self, line: str) -> bool:
        return self.background.match(line.strip()) is not None

    def opens(self, line: str) -> bool:
        """Return whether Gherkin may begin with the line."""
        return self.is_scenario(line) or self.role(line) == "given" or self.feature.match(line.strip()) is not None


def dialect_of(text: str) -> Dialect:
    """Return the language in which the text is written, if it has the keywords of one; English otherwise."""
    lines = text.split("\n")[:_MOST_LINES]
    named = next((found[1] for line in lines if (found := _NAMED.match(line))), "")
    if named in _LANGUAGES:
        return _dialect(named)
    seen: dict[str, set[str]] = {}
    count: dict[str, int] = {}
    for line in lines:
        for language, part in _keywords_of(line.strip(" \t*_#|-+>")):
            seen.setdefault(language, set()).add(part)
            count[language] = count.get(language, 0) + 1
    english = count.get(_USUAL, 0)
    best = max(count, key=lambda language: (count[language], language == _USUAL), default=_USUAL)
    parts = seen.get(best, set())
    certain = "scenario" in parts or ("given" in parts and "then" in parts) or {"when", "then"} <= parts
    return _dialect(best if certain and count[best] >= max(_FEWEST, english) else _USUAL)


def is_keyword(words: str) -> bool:
    """Return whether a line like `Examples:` belongs to Gherkin rather than to the text around it."""
    return words.casefold() in _with_colon()


def _keywords_of(line: str) -> Iterable[tuple[str, str]]:
    """Return the languages that have a keyword at the start of the line, each once, and the part that it begins."""
    by_text, longest = _starts()
    folded = line[:longest].casefold()
    found: dict[str, str] = {}
    for length in range(len(folded), 0, -1):
        for keyword, language, part in by_text.get(folded[:length].rstrip(), ()):
            behind = line[len(keyword.rstrip()) :]
            if part == "scenario":
                fits = ":" in behind[:40] or "\uff1a" in behind[:40]
            else:
                fits = not keyword.endswith(" ") or behind[:1].isspace() or behind[:1] in ("*", "_", ":", ",")
            if fits:
                found.setdefault(language, part)
    return found.items()


@cache
def _starts() -> tuple[Mapping[str, Sequence[tuple[str, str, str]]], int]:
    """Return keyword, language and part by the keyword in lower case, and how many characters may hold one."""
    by_text: dict[str, list[tuple[str, str, str]]] = {}
    for language, words in _LANGUAGES.items():
        for part in ("given", "when", "then", "scenario", "scenarioOutline"):
            for keyword in words[part]:
                one = (keyword, language, "scenario" if part.startswith("scenario") else part)
                by_text.setdefault(keyword.strip().casefold(), []).append(one)
    return by_text, max(map(len, by_text)) + 1


@cache
def _with_colon() -> frozenset[str]:
    # The words of other languages for a step or a background are headings elsewhere: `Context`, `Data`, `Hintergrund`.
    english = (*_ROLES, "background", "scenario", "scenarioOutline", "examples")
    return frozenset(
        word.strip().casefold()
        for language, words in _LANGUAGES.items()
        for part in (english if language == _USUAL else english[-3:])
        for word in words[part]
    )


@cache
def _dialect(language: str) -> Dialect:
    words = _LANGUAGES[language]
    steps = "|".join(f"(?P<{part}>{_any(words[part])})" for part in _ROLES)
    scenarios = [*words["scenario"], *words["scenarioOutline"]]
    # In some languages the word for examples begins with the word for a scenario.
    examples = "|".join(re.escape(word) for word in words["examples"] if word not in scenarios)
    then = "|".join(re.escape(f" {word.strip()} ") for word in words["then"])
    return Dialect(
        scenario=re.compile(
            rf"{_EMPHASIS}(?!(?:{examples})\s*[:\uff1a])(?:{_any(scenarios)})[^:\uff1a]{{0,40}}[:\uff1a]", re.IGNORECASE
        ),
        background=re.compile(rf"{_EMPHASIS}(?:{_any(words['background'])})\s*[:\uff1a]", re.IGNORECASE),
        feature=re.compile(rf"{_EMPHASIS}(?:{_any([*words['feature'], *words['rule']])})\s*[:\uff1a]", re.IGNORECASE),
        step=re.compile(f"{_EMPHASIS}(?:{steps})", re.IGNORECASE),
        then_within=re.compile(then, re.IGNORECASE),
    )


def _any(keywords: Sequence[str]) -> str:
    """Return a pattern for the keywords, the longest first; one that needs a space behind it ends a word."""
    ordered = sorted(keywords, key=len, reverse=True)
    return "|".join(
        re.escape(word.strip()) + (r"(?!\w)" if word.strip()[-1].isascii() or word.endswith(" ") else "")
        for word in ordered
    )
