"""Find sections in Markdown as people mark them in work items: with a heading, a bold line, or a line ending in a colon."""

from __future__ import annotations

import re

# Closing hashes are cut off afterwards: in the pattern they took cubic time, 2.4 s for a heading with 1,000 spaces.
_HEADING = re.compile(r" {0,3}(#{1,6})(?:\s(.*)|#*\s*)$")
# Lines such as `Examples:` or `Given:` belong to Gherkin.
_LINE_AS_HEADING = re.compile(
    r"(?:\*\*|__)([^*_]{1,80})(?:\*\*|__):?|(?!(?:Given|When|Then|And|But|Examples?|Scenario|Scenarios|Background)\b)([A-Z][\w ]{2,40}):"
)
FENCE = re.compile(r"^ *(`{3,}|~{3,})")


def take_section(markdown: str, title: re.Pattern[str]) -> tuple[str, str | None]:
    """Return `markdown` without the first section whose title matches, and that section's text (None if there is none).

    A section ends at the next heading of its level; one under a bold or colon line also ends at the next such line.
    """
    lines = markdown.split("\n")
    fenced = inside_fences(lines)
    for start, line in enumerate(lines):
        if fenced[start] or not is_titled(line, title):
            continue
        end = _end(lines, fenced, start)
        rest = "\n".join([*lines[:start], *lines[end:]])
        return re.sub(r"\n{3,}", "\n\n", rest).strip("\n"), "\n".join(lines[start + 1 : end]).strip("\n")
    return markdown, None


def is_titled(line: str, title: re.Pattern[str]) -> bool:
    """Return whether `line` is a heading that matches `title`, or is just the title itself in several words."""
    name = title_of(line)
    if name is None and " " in line.strip():
        name = line.strip()
    return name is not None and title.fullmatch(name) is not None


def heading(line: str) -> tuple[int, str] | None:
    """Return the level and the words of a Markdown heading (`## Words ##`), None for any other line."""
    found = _HEADING.match(line)
    return (len(found[1]), (found[2] or "").strip().rstrip("#").rstrip()) if found else None


def title_of(line: str) -> str | None:
    """Return the words of a heading, a bold line or a line ending in a colon, without marks; None for other lines."""
    found = heading(line)
    if found:
        return found[1].strip("*_: ")
    marked = _LINE_AS_HEADING.fullmatch(line.rstrip())
    return (marked[1] or marked[2]).strip("*_: ") if marked else None


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
