"""Lines that stand for omitted code, such as "... rest of the file unchanged ..."."""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"^(?:#+|//+|/\*+|<!--|--+|;+|%+|\{/\*|rem\b|'|\*+|\"\"\")?\s*(.*?)\s*(?:\*+/\}?|-->|\"\"\")?$", re.IGNORECASE
)
_DOTS = re.compile(r"\.{3,}|\u2026")
_LONGEST = 160  # a longer line is prose or code that mentions such words
# What is omitted, next to dots: "... existing code ...", "(rest of methods ...)", "other tests here ...".
_OMITTED_WITH_DOTS = re.compile(
    r"\b(?:rest|remain(?:s|ing|der)?|existing|unchanged|previous(?:ly)?|original|omitted|same|other|as before|keep|kept|"
    r"continue[sd]?|unmodified|left out|existente|resto|inalterado)\b",
    re.IGNORECASE,
)
# Without dots only whole sentences count: "The rest of the class remains unchanged".
_THING = r"(?:code|file|class|function|method|module|component|implementation|content|logic|imports?|tests?|fields?|script|body|definition)s?"
_WHOLE_SENTENCES = re.compile(
    rf"(?:the )?(?:rest|remainder) of (?:the |this |your |our )?(?:\w+ ){{0,2}}{_THING}(?: (?:here|unchanged|omitted|(?:goes|remains?|stays?|is|are)\b.*))?"
    rf"|(?:the )?(?:existing|unchanged|remaining|previous|original) (?:\w+ )?{_THING}(?: (?:here|unchanged|omitted|(?:goes|remains?|stays?|is|are) (?:here|unchanged|omitted|the same|as is)))?"
    rf"|(?:\w+ )?{_THING} (?:omitted|unchanged)(?: for (?:brevity|clarity))?"
    rf"|omitted for (?:brevity|clarity)|(?:no changes|unchanged)(?: (?:here|below|above))?|(?:remains?|stays?) (?:unchanged|the same|as is)",
    re.IGNORECASE,
)
# What our own excerpts show in place of lines: "\u22ee lines 10-20 left out".
_EXCERPT_GAP = re.compile(
    r"\u22ee.*\bleft out\b|(?:\.{3}|\u2026)? ?lines? \d+(?: ?[-\u2013] ?\d+)? left out\b", re.IGNORECASE
)
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc")


def is_prose(path: str) -> bool:
    """Return whether a file is text for people, by its name."""
    return path.lower().endswith(_PROSE)


def is_placeholder(line: str, *, prose: bool = False) -> bool:
    """Return whether a line is a comment or bracket that stands for omitted code.

    `prose`: the file is text for people, where only dots next to words count.
    """
    stripped = line.strip()
    if not stripped or len(stripped) > _LONGEST:
        return False
    marks = _MARKS.match(stripped)
    words = marks.group(1) if marks else stripped
    if _EXCERPT_GAP.match(words.lstrip("([{")):
        return True
    commented = words != stripped
    bracketed = stripped[0] in "([<{" and stripped[-1] in ")]>}"
    if not (commented or bracketed or _DOTS.match(stripped)):
        return False
    words = words.strip("()[]{}<> ")
    if not _DOTS.search(words):
        return commented and not prose and bool(_WHOLE_SENTENCES.fullmatch(words.rstrip(". ")))
    text = _DOTS.sub(" ", words).strip(" ,:;-()[]")
    if not text:
        return commented and not prose
    if re.search(r"[=;]|\w\(", text):
        return False
    # People also end a thought with dots: then the sentence must begin with what is omitted.
    if _DOTS.match(words):
        return bool(_OMITTED_WITH_DOTS.search(text))
    return words.endswith(("...", "\u2026")) and bool(_OMITTED_WITH_DOTS.match(text.lower().removeprefix("the ")))


def new_placeholder(path: str, written: str, known: str) -> str:
    """Return the first placeholder line of `written` that is not in `known`, the text of the file; "" if none."""
    prose = is_prose(path)
    ordinary: set[str] | None = None
    for line in written.split("\n"):
        if is_placeholder(line, prose=prose):
            ordinary = {old.strip() for old in known.split("\n")} if ordinary is None else ordinary
            if line.strip() not in ordinary:
                return line.strip()
    return ""
