"""The repository's own template for the text of pull requests: found as Azure Repos finds it, and filled around our text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from redimento.context.tree import Tree, texts
from redimento.delivery.markdown import units
from redimento.text import wording
from redimento.text.foreign import neutralise

# In this order, ignoring case (learn.microsoft.com/azure/devops/repos/git/pull-request-templates).
_FOLDERS = (".azuredevops/", ".vsts/", "docs/", "")
_ENDINGS = (".md", ".txt")
_LARGEST = 20_000  # bytes: more than a description can hold, at up to four bytes for a character
_MOST_UNITS = 2_790  # UTF-16 units: the rest of a description is for our text and its signature
# `## Words`, and `**Words**` alone on its line, which many teams use as a heading.
_HEADING = re.compile(
    r" {0,3}(?:#{1,6}[ \t]+(?P<words>\S.{0,200})|(?P<bold>\*\*|__)(?P<strong>[^*_]{1,200})(?P=bold):?\s*$)"
)
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)\s*$")  # of a heading, if text stands above it
_NO_TEXT = re.compile(r"\s*(?:[-*+>#|<]|\d+[.)]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_OWN_LINE = re.compile(r"<!-- Redimento", re.IGNORECASE)
# Words in headings, in English and Portuguese, the likelier place for our text first.
_FOR_TEXT = (
    re.compile(r"\b(description|summary|overview|descrição|resumo|visão geral)\b", re.IGNORECASE),
    re.compile(r"^(changes|what|mudanças|alterações|o que)\b", re.IGNORECASE),
)
_FOR_TESTS = re.compile(r"\b(test(s|ed|ing)?|verification|validation|testes?|testado|validação)\b", re.IGNORECASE)
_FOR_ITEMS = re.compile(r"\b(work items?|issues?|tickets?|stor(y|ies)|itens? de trabalho|tarefas?)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Around:
    """What stands before and after our text in a description."""

    before: str = ""
    after: str = ""

    @property
    def leaves_room(self) -> bool:
        """Whether our text has about a thousand UTF-16 units beside it."""
        return units(self.before + self.after) <= _MOST_UNITS


NOTHING_AROUND = Around()


def find(tree: Tree, target: str) -> tuple[str, str]:
    """Return path and text of the template for pull requests into the branch `target`, ("", "") without one.

    `tree` is the repository's default branch: Azure reads templates from nowhere else. That for a branch has the name of its
    first level. The text of one that is no text, or longer than a description, is "".
    """
    sizes = {entry.path: entry.size for entry in tree.entries()}
    by_name = {path.casefold(): path for path in reversed(sizes)}
    first_level = target.partition("/")[0]
    names = (f"pull_request_template/branches/{first_level}", "pull_request_template")
    wanted = (f"{folder}{name}{ending}".casefold() for name in names for folder in _FOLDERS for ending in _ENDINGS)
    path = next((by_name[name] for name in wanted if name in by_name), None)
    if path is None:
        return "", ""
    found = texts(tree, [path]) if sizes[path] <= _LARGEST else ()
    return path, next((text for _, text in found), "")


def fill(template: str, item_id: int, language: str = "en") -> Around:
    """Return the template as the text around ours: ours goes below the heading that fits best, else before everything.

    Nothing is taken out and nothing ticked: a person vouches for a checklist. What a heading about tests or work items asks
    for is added below it, in `language`.
    """
    text = _OWN_LINE.sub("<!-- (Redimento)", neutralise(template)).strip()
    if not text:
        return NOTHING_AROUND
    lines = text.split("\n")
    headings = list(_headings(lines))
    place = _place(headings)
    parts: tuple[list[str], list[str]] = ([], [])
    known = dict(headings)
    for number, line in enumerate(lines):
        side = parts[place is None or number > place]
        side.append(line)
        if number == place or number not in known:
            continue
        if _FOR_ITEMS.search(known[number]) and item_id:
            side += ["", f"#{item_id}"]
        elif _FOR_TESTS.search(known[number]):
            side += ["", wording.say("see_evidence", language)]
    before, after = ("\n".join(part).strip("\n") for part in parts)
    return Around(f"{before}\n\n" if before else "", f"\n{after}\n" if after else "")


def _place(headings: list[tuple[int, str]]) -> int | None:
    """Return the line of the heading that our text goes below."""
    for wanted in (*_FOR_TEXT, _FOR_TESTS):
        for number, words in headings:
            if wanted.search(words):
                return number
    return None


def _headings(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the last line and the words of each heading outside of code blocks and HTML comments."""
    fence, hidden, above = "", False, ""
    for number, line in enumerate(lines):
        if fence:
            closing = _FENCE.match(line)
            if closing and closing[1].startswith(fence) and not line[closing.end() :].strip():
                fence = ""
            continue
        if hidden or "<!--" in line:
            last = line.rpartition("<!--")[2] if "<!--" in line else line
            hidden, above = "-->" not in last, ""
            continue
        if opening := _FENCE.match(line):
            fence = opening[1]
        elif heading := _HEADING.match(line):
            yield number, heading["words"] or heading["strong"]
        elif above and _UNDERLINE.match(line):
            yield number, above
        above = "" if fence or _NO_TEXT.match(line) else line
