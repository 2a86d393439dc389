"""The pull request's title and description, the commit message, and the comment on the work item."""

from __future__ import annotations

from dataclasses import dataclass

from redimento.delivery.markdown import units
from redimento.delivery.report import Report
from redimento.outcome import Outcome
from redimento.text import wording
from redimento.text.foreign import neutralise
from redimento.work_items.item import WorkItem

# Azure refuses 4,000 and seems to count UTF-16 units (scala-steward#3572, renovate cuts at 3,999); this leaves a margin.
DESCRIPTION_UNITS = 3_900
TITLE_LENGTH = 250  # a title of 419 characters was refused elsewhere (dotnet/arcade-services#1148)


@dataclass(frozen=True)
class _Detail:
    """How much a description shows. If it does not fit, the next level is tried."""

    summary: int
    criterion: int
    note: int
    tests: int
    failures: int
    files: int
    documentation: int


_LEVELS = (
    _Detail(summary=1500, criterion=300, note=300, tests=6, failures=12, files=30, documentation=600),
    _Detail(summary=1000, criterion=160, note=160, tests=3, failures=8, files=15, documentation=300),
    _Detail(summary=700, criterion=90, note=80, tests=2, failures=4, files=8, documentation=0),
    _Detail(summary=400, criterion=60, note=0, tests=1, failures=2, files=4, documentation=0),
    _Detail(summary=250, criterion=30, note=0, tests=0, failures=1, files=0, documentation=0),
)


def title(template: str, item: WorkItem) -> str:
    """Return the title of the pull request and of the commit: one line, without logging commands."""
    filled = template.replace("{id}", str(item.id)).replace("{type}", item.type).replace("{title}", item.title)
    line = " ".join(neutralise(filled).split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def description(report: Report) -> str:
    """Return the pull request's description, shortened section by section to at most DESCRIPTION_UNITS."""
    text = ""
    for detail in _LEVELS:
        text = wording.render("pull_request/description.md.j2", report=report, detail=detail).strip() + "\n"
        if units(text) <= DESCRIPTION_UNITS:
            return text
    return shortened(text, DESCRIPTION_UNITS)


def shortened(text: str, most: int) -> str:
    """Return the first lines of `text` that fit, with a note that the run's report has the rest."""
    ending = "\n\n_Shortened: the run's report has the rest._\n"
    lines: list[str] = []
    for line in text.splitlines():
        if units("\n".join([*lines, line]) + ending) > most:
            break
        lines.append(line)
    return "\n".join(lines) + ending


def commit_body(report: Report) -> str:
    """Return the body of the commit message: the summary, wrapped at 72 characters."""
    return wording.render("pull_request/commit.txt.j2", report=report).strip()


def comment(item: WorkItem, outcome: Outcome, report: Report | None, *, marker: str, reference: str) -> str:
    """Return the comment on the work item: what happened, and what to do next."""
    return wording.render(
        "comments/work_item.md.j2", item=item, outcome=outcome, report=report, marker=marker, reference=reference
    )
