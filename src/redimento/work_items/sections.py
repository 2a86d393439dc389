"""Find sections in Markdown as people mark them in work items: with a heading, a bold line, or a line ending in a colon."""

from __future__ import annotations

import re

from redimento.work_items.gherkin import is_keyword
from redimento.work_items.phrases import folded

# Closing hashes are cut off afterwards: in the pattern they took cubic time, 2.4 s for a heading with 1,000 spaces.
_HEADING = re.compile(r" {0,3}(#{1,6})(?:\s(.*)|#*\s*)$")
_JIRA_HEADING = re.compile(r"h([1-6])\. +(\S.*)$")
_LINE_AS_HEADING = re.compile(
    r"(?:\*{1,2}|__?)([^*_]{1,80})(?:\*{1,2}|__?)[:\uff1a]?|((?:\d{1,2}[.)] )?(?![a-z])[^\W\d_][\w \-/'()]{1,60})[:\uff1a]"
)
_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,3}[.)]?\s+")
_ORNAMENT = re.compile("[\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f]+\\s*")
FENCE = re.compile(r"^ *(`{3,}|~{3,})")


def take_sections(markdown: str, title: re.Pattern[str], most: int = 1_000) -> tuple[str, tuple[str, ...]]:
    """Return `markdown` without the first `most` sections whose title matches, and their texts.

    A section ends at the next heading of its level; one under a bold or colon line also ends at the next such line.
    """
    lines = markdown.split("\n")
    fenced = inside_fences(lines)
    kept: list[str] = []
    found: list[str] = []
    at = 0
    while at < len(lines):
        if len(found) == most or fenced[at] or not is_titled(lines[at], title):
            kept.append(lines[at])
            at += 1
            continue
        end = _end(lines, fenced, at)
        found.append("\n".join(lines[at + 1 : end]).strip("\n"))
        at = end
    if not found:
        return markdown, ()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n"), tuple(found)


def is_titled(line: str, title: re.Pattern[str]) -> bool:
    """Return whether `line` is a heading that matches `title`, or is just the title itself."""
    name = title_of(line)
    if name is None:
        name = _ORNAMENT.sub("", line.strip()).rstrip(":\uff1a?- ")
        if name[:1].islower() and " " not in name:  # the last word of a sentence
            return False
    return title.fullmatch(folded(name)) is not None


def heading(line: str) -> tuple[int, str] | None:
    """Return the level and the words of a heading of Markdown (`## Words ##`) or Jira (`h2. Words`), or None."""
    if found := _HEADING.match(line):
        return len(found[1]), (found[2] or "").strip().rstrip("#").rstrip()
    jira = _JIRA_HEADING.match(line)
    return (int(jira[1]), jira[2].strip()) if jira else None


def title_of(line: str) -> str | None:
    """Return the words of a heading, a bold line or a line ending in a colon, without marks; None for other lines."""
    found = heading(line)
    if found:
        return _bare(found[1])
    marked = _LINE_AS_HEADING.fullmatch(line.rstrip())
    name = _bare(marked[1] or marked[2]) if marked else ""
    return name if name and not is_keyword(name) else None


def _bare(words: str) -> str:
    """Return the words of a heading without emphasis, a number in front and ornaments."""
    return _NUMBER.sub("", _ORNAMENT.sub("", words).strip("*_:\uff1a?- ")).strip("*_ ")


def inside_fences(lines: list[str]) -> list[bool]:
    """Return for each line whether it belongs to a fenced block, fences included."""
    inside: list[bool] = []
    fence = ""
    for line in lines:
        mark = FENCE.match(line)
        inside.append(bool(fence or mark))
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
    return inside


def _end(lines: list[str], fenced: list[bool], start: int) -> int:
    level = _level(lines[start])
    for index in range(start + 1, len(lines)):
        if fenced[index]:
            continue
        found = _level(lines[index])
        if found and (not level or found <= level):
            return index
        if not level and not found and title_of(lines[index]) is not None:
            return index
    return len(lines)


def _level(line: str) -> int:
    found = heading(line)
    return found[0] if found else 0
