"""What teams write around their criteria, in the languages they write: titles, what is left out, that
there are none, and user stories.

`phrases.json` has the phrases of each language. In a phrase `a|b` is one word or the other, `(a)` may be left out, and `…`
stands for at most 30 more characters. The patterns here match text that `folded` returned.
"""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import chain
from pathlib import Path

_PHRASES: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("phrases.json").read_text("utf-8"))


def folded(text: str) -> str:
    """Return text without case, accents and long blanks, in which words are compared."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    return re.sub(r"[^\S\n]+", " ", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def _any(kind: str) -> str:
    phrases = chain.from_iterable(language.get(kind, ()) for language in _PHRASES.values())
    return "|".join(_pattern(phrase.split(" ")) for phrase in phrases)


def _pattern(words: list[str]) -> str:
    """Return the pattern of a phrase; blanks belong to the word that may be left out."""
    first, *others = words
    if first.startswith("("):
        return f"(?:{_word(first)} )?{_pattern(others)}"
    return _word(first) + "".join(
        "(?: [^\\n]{0,30})?" if word == "…" else f"(?: {_word(word)})?" if word.startswith("(") else f" {_word(word)}"
        for word in others
    )


def _word(word: str) -> str:
    return f"(?:{'|'.join(re.escape(folded(each)) for each in word.strip('()').split('|'))})"


_EXCLUDED = rf"(?:(?:{_any('before')}) )?(?:{_any('excluded')})(?: ?/ ?[^\n]{{1,20}})?(?: ?\([^()\n]{{0,60}}\))?"
TITLE = re.compile(_any("title"))
EXCLUDED_TITLE = re.compile(f"{_EXCLUDED}|{_any('later')}")
EXCLUDED_START = re.compile(rf"[\s*_>#]*+{_EXCLUDED}[*_]{{0,3}}\s*(?:[:;\u2013-]|\n|$)")
ROLE, WISH = (re.compile(_any(kind)) for kind in ("role", "wish"))  # of a user story: "As a …", "I want …"
NONE = re.compile(rf"(?:n ?[./\\] ?[ad]\.?|n/?a ?[-\u2013:,(].{{1,60}}|{_any('none')}|[-\u2013\u2014.?/]+)[.!]?")
