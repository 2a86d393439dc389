"""Sections of a Markdown text, as people mark them in work items: by a heading, a bold line, or a line with a colon."""

from __future__ import annotations

import re

_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:\s+(.*?))?\s*#*\s*$")
# A line such as `Examples:` or `Given:` is a part of Gherkin, not a heading.
_LINE_AS_HEADING = re.compile(
    r"(?:\*\*|__)([^*_]{1,80})(?:\*\*|__):?|(?!(?:Given|When|Then|And|But|Examples?|Scenario|Scenarios|Background)\b)([A-Z][\w ]{2,40}):"
)
_FENCE = re.compile(r"^ *(`{3,}|~{3,})")


def take_section(markdown: str, title: re.Pattern[str]) -> tuple[str, str | None]:
    """Return `markdown` without its first section whose title matches, and the text of that section; None without one.

    A section ends at the next heading of its level, one under a bold line or a line with a colon also at the next such line.
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
    """Tell whether `line` is a heading whose words match, or nothing but those words if they are more than one."""
    name = title_of(line)
    if name is None and " " in line.strip():
        name = line.strip()
    return name is not None and title.fullmatch(name) is not None


def title_of(line: str) -> str | None:
    """Return the words of a line that is a heading or stands for one, without marks; None for other lines."""
    heading = _HEADING.match(line)
    if heading:
        return (heading[2] or "").strip("*_: ")
    marked = _LINE_AS_HEADING.fullmatch(line.rstrip())
    return (marked[1] or marked[2]).strip("*_: ") if marked else None


def inside_fences(lines: list[str]) -> list[bool]:
    """Tell for each line whether it belongs to a fenced block, the fences included."""
    inside: list[bool] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
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
    heading = _HEADING.match(line)
    return len(heading[1]) if heading else 0
