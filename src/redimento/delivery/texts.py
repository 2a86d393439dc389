"""The pull request's title and description, the commit message, and the comment on the work item."""

from __future__ import annotations

from dataclasses import dataclass

from redimento.delivery.earlier import NO_RUNS, Tally
from redimento.delivery.markdown import numberless, units
from redimento.delivery.report import Report
from redimento.outcome import Outcome
from redimento.text import wording
from redimento.text.foreign import neutralise
from redimento.work_items.item import WorkItem

# Azure refuses 4,000 and seems to count UTF-16 units (scala-steward#3572, renovate cuts at 3,999); this leaves a margin.
DESCRIPTION_UNITS = 3_900
TITLE_LENGTH = 250  # a title of 419 characters was refused elsewhere (dotnet/arcade-services#1148)


@dataclass(frozen=True)
class Detail:
    """How much a text shows: characters, or entries of a list. If a description does not fit, the next level is tried.

    `words` are the model's: they are cut first.
    """

    words: int
    criterion: int = 300
    tests: int = 6
    failures: int = 12
    lines: int = 10
    files: int = 30


_LEVELS = (
    Detail(words=1500),
    Detail(words=600),
    Detail(words=250),
    Detail(words=250, criterion=160, tests=3, failures=8, lines=6, files=15),
    Detail(words=250, criterion=90, tests=2, failures=4, lines=4, files=8),
    Detail(words=120, criterion=60, tests=1, failures=2, lines=2, files=4),
    Detail(words=0, criterion=30, tests=0, failures=1, lines=1, files=0),
)
_COMMENT = Detail(words=600, criterion=160, tests=0, failures=3, lines=3, files=0)
SUMMARY = Detail(words=6000, failures=30, lines=30, files=60)


def title(template: str, item: WorkItem) -> str:
    """Return the title of the pull request and of the commit: one line that closes no other item.

    Nothing escapes `#42` there, so it is written in letters.
    """
    kind, words = numberless(item.type), numberless(item.title)
    filled = template.replace("{id}", str(item.id)).replace("{type}", kind).replace("{title}", words)
    line = " ".join(neutralise(filled).split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def description(report: Report, most: int = DESCRIPTION_UNITS) -> str:
    """Return the pull request's description, the model's words cut first, to at most `most` UTF-16 units."""
    text = ""
    for detail in _LEVELS:
        text = wording.render("pull_request/description.md.j2", report=report, detail=detail).strip() + "\n"
        if units(text) <= most:
            return text
    return shortened(text, most)


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
    """Return the body of the commit message: the evidence in short, and the model's words as a quotation."""
    return wording.render("pull_request/commit.txt.j2", report=report).strip()


def comment(
    item: WorkItem,
    outcome: Outcome,
    report: Report | None,
    *,
    marker: str,
    reference: str,
    tally: Tally = NO_RUNS,
    notes: tuple[str, ...] = (),
    earlier: str = "",
) -> str:
    """Return the comment on the work item: what happened, what to do next, and what its runs cost so far.

    `notes`: finished sentences that are said whatever the outcome is. `earlier`: the address of the pull request that this
    run left as it was.
    """
    return wording.render(
        "comments/work_item.md.j2",
        item=item, outcome=outcome, report=report, detail=_COMMENT, marker=marker, reference=reference, tally=tally,
        notes=notes, earlier=earlier,
    )  # fmt: skip
