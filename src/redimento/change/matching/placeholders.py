"""Lines that stand for omitted code, such as "... rest of the file unchanged ..."."""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"^(?:#+|//+|/\*+|<!--|--+|;+|%+|\{/\*|rem\b|'|\*+|\"\"\")?\s*(.*?)\s*(?:\*+/\}?|-->|\"\"\")?$", re.IGNORECASE
)
_DOTS = re.compile(r"\.{3,}|\u2026")
_SPREAD = re.compile(r"\.{3}\w+")
_LONGEST = 160  # a longer line is prose or code that mentions such words
# Next to dots: "... existing code ...", "(rest of methods ...)", "... other tests here". Words before it say little.
_LEAD = r"(?:(?:and|with|plus|then|see|keep|keeping|continues?|insert|add|include|all|any|some|the|your|our|this|of|here|more|as)\s+)*"
_REST = r"(?:rest|remainder|remains|unchanged|unmodified|omitted|resto|inalterado|(?:same )?as before|same as (?:above|before))"
_SUCH = r"(?:existing|remaining|unchanged|unmodified|previous|original|same|other|existente|omitted)"
_CODE = r"(?:code|file|class|function|method|module|component|implementation|content|logic|import|test|script|body|definition|field|c\wdigo)(?:e?s)?"
_PART = (
    r"(?:attribute|setting|config\w*|option|route|handler|case|line|prop|state|hook|style|rule|statement|block|section|column|parameter|"
    r"argument|variable|constant|key|value|element|part|stuff|thing|url|endpoint|dependenc|step|job|service|type|interface|struct|enum|"
    r"member|constructor|helper|util|decorator|comment|docstring|propert|entr|row|quer|item|model|view|schema|migration|node|event|listener|check|validation|setup|markup|html|css|jsx|template)(?:e?s|y|ies)?"
)
# What may follow without saying anything of its own: "is unchanged", "goes here", "stays exactly the same".
_TAIL = (
    r"(?:\s+(?:is|are|goes?|remains?|stays?|be|here|there|unchanged|omitted|untouched|intact|identical|kept|shown|the|same|as|was|were|it|its|"
    r"before|below|above|previously|left|out|not|exactly|completely|in|place|for|brevity|clarity|simplicity|from|this|to|you|your|of|"
    r"file|class|function|method|module|component|code|original|existing|implementation|previous|version|aqui|inalterado))*"
)
_VERB = r"\b(?:is|are|was|were|goes|will|would|must|should|can|may|has|have|gets?|stays?|remains?|keeps?|needs?|comes?|takes?|uses?)\b"
_OMITTED = re.compile(
    rf"{_LEAD}(?:{_SUCH}\s+)*(?:{_REST}(?!.*(?:{_VERB}|,|\bbut\b)).*|{_REST}\s+(?:(?!{_VERB})[\w'-]+\s+){{0,6}}{_VERB}{_TAIL}|\w+\s+existente"
    rf"|{_SUCH}(?:\s+[\w'-]+){{0,2}}\s+(?:{_CODE}|{_PART}){_TAIL}|{_SUCH}{_TAIL})",
    re.IGNORECASE,
)
_OMITTED_BETWEEN_DOTS = re.compile(rf"{_LEAD}(?:{_SUCH}|{_REST})\b(?!.*{_VERB}).*", re.IGNORECASE)
_OMITTED_BEFORE_DOTS = re.compile(
    rf"(?:the )?(?:(?:rest|remainder)\b(?!.*{_VERB}).*|{_SUCH}(?:\s+[\w'-]+){{0,2}}\s+{_CODE}{_TAIL}|{_SUCH}{_TAIL})",
    re.IGNORECASE,
)
# Without dots only whole sentences count: "The rest of the class remains unchanged".
_WHOLE_SENTENCES = re.compile(
    rf"(?:the )?(?:rest|remainder) of (?:the |this |your |our )?(?:\w+ ){{0,2}}{_CODE}{_TAIL}"
    rf"|(?:the )?(?:existing|unchanged|remaining|previous|original) (?:\w+ )?{_CODE}{_TAIL}"
    rf"|(?:\w+ )?{_CODE} (?:omitted|unchanged)(?: for (?:brevity|clarity))?"
    rf"|omitted for (?:brevity|clarity)|no changes (?:here|below|above)|unchanged(?: (?:here|below|above))?|(?:remains?|stays?) (?:unchanged|the same|as is)",
    re.IGNORECASE,
)
# What our own excerpts show in place of lines: "\u22ee lines 10-20 left out".
_EXCERPT_GAP = re.compile(
    r"\u22ee.*\bleft out\b|(?:\.{3}|\u2026) ?[\d,]+ (?:lines|characters) (?:left out|omitted)\b|(?:\.{3}|\u2026)? ?lines? \d+(?: ?[-\u2013] ?\d+)? left out\b",
    re.IGNORECASE,
)
_CUT_LINE = re.compile(r"\u22ee [\d,]+ characters left out \u22ee")  # what they show of a long line
_PROSE = (".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc")


def is_prose(path: str) -> bool:
    """Return whether a file is text for people, by its name."""
    return path.lower().endswith(_PROSE)


def is_placeholder(line: str, *, prose: bool = False) -> bool:
    """Return whether a line is a comment or bracket that stands for omitted code.

    `prose`: the file is text for people, where only dots next to words count.
    """
    stripped = line.strip()
    if _CUT_LINE.search(stripped):
        return True
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
    if _SPREAD.fullmatch(words):
        return False
    ends_with_dots = words.endswith(("...", "\u2026"))
    if _DOTS.match(words):
        between = ends_with_dots and _OMITTED_BETWEEN_DOTS.fullmatch(text)
        return bool(between or _OMITTED.fullmatch(text))
    # People also end a thought with dots.
    return ends_with_dots and _OMITTED_BEFORE_DOTS.fullmatch(text) is not None


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
