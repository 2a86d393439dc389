"""The pull request's title and description, the commit message, and the comment on the work item."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from redimento.delivery.earlier import DRAFT, NO_RUNS, Tally, memory
from redimento.delivery.markdown import numberless, units
from redimento.delivery.pull_request import CheckState
from redimento.delivery.report import Report
from redimento.outcome import Outcome
from redimento.text import wording
from redimento.text.foreign import one_line
from redimento.work_items.item import Kind, WorkItem

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
_WHOLE = Detail(words=50_000, criterion=2_000, tests=50, failures=200, lines=200, files=500)
# Where a whole text is longer than a comment may be (150,000 characters), its end is left out as well.
_LONGEST_WHOLE = 100_000
_CUT = "<!-- cut -->"  # in the description, where a reader does not see it
_NUMBERED = re.compile(r"\s*[(\[]?(?:AB)?#?\{id\}[)\]]?:?")  # what names an item, such as " (AB#{id})"
# https://www.conventionalcommits.org
_COMMIT_KINDS: Mapping[Kind, str] = {"bug": "fix", "task": "chore", "story": "feat"}
_COMMENT = Detail(words=600, criterion=160, tests=0, failures=3, lines=3, files=0)
SUMMARY = Detail(words=6000, failures=30, lines=30, files=60)


def title(template: str, item: WorkItem, language: str = "en") -> str:
    """Return the title of the pull request and of the commit: one line that closes no other item.

    Nothing escapes `#42` there, so it is written in letters.
    """
    kind, words = numberless(item.type, language), numberless(item.title, language)
    template = template.replace("{id}", str(item.id)) if item.id else _NUMBERED.sub("", template)
    filled = template.replace("{kind}", _COMMIT_KINDS[item.kind])
    filled = filled.replace("{type}", kind).replace("{title}", words)
    line = one_line(filled)
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def whole(report: Report) -> str:
    """Return all that a pull request has to say, of any length up to that of a comment."""
    return shortened(_described(report, _WHOLE), _LONGEST_WHOLE, "")


def description(report: Report, most: int = DESCRIPTION_UNITS) -> str:
    """Return the pull request's description: all of it, or the model's words cut first, to at most `most` UTF-16 units.

    A cut one says where the whole text is.
    """
    text = whole(report)
    if units(text) <= most:
        return text
    ending = f"\n_{wording.say('shortened', report.language)}_ {_CUT}\n"
    for detail in _LEVELS:
        text = _described(report, detail)
        if units(text + ending) <= most:
            return text + ending
    return shortened(text, most, ending)


def was_cut(description: str) -> bool:
    """Return whether a description that a run wrote has less than the whole text."""
    return _CUT in description


def _described(report: Report, detail: Detail) -> str:
    text = wording.render("pull_request/description.md.j2", report.language, report=report, detail=detail)
    return text.strip() + "\n"


def shortened(text: str, most: int, ending: str) -> str:
    """Return the first lines of `text` that fit before `ending`; the text as it is if all of it fits."""
    if units(text) <= most:
        return text
    lines: list[str] = []
    room = most - units(ending)
    for line in text.splitlines():
        room -= units(line) + 1
        if room < 0:
            break
        lines.append(line)
    return "\n".join(lines) + "\n" + ending


def from_commit(message: str, item_id: int, *, draft: bool, others: bool, language: str = "en") -> str:
    """Return the text of a pull request whose run ended after its commit. `message`: that of the commit."""
    return wording.render(
        "pull_request/from_commit.md.j2", language, message=message, item_id=item_id, draft=draft, others=others
    )


def status(state: CheckState, reasons: Sequence[str] = (), *, language: str = "en") -> str:
    """Return what the status of a pull request says in one line."""
    return " ".join(wording.render("pull_request/status.txt.j2", language, state=state, reasons=reasons).split())


def commit_body(report: Report) -> str:
    """Return the body of the commit message: the evidence in short, and the model's words as a quotation."""
    return wording.render("pull_request/commit.txt.j2", report.language, report=report).strip()


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
    answered: tuple[str, ...] = (),
    asked_after: str = "",
    language: str = "en",
) -> str:
    """Return the comment on the work item: what happened, what to do next, and what its runs cost so far.

    `notes`: finished sentences that are said whatever the outcome is. `earlier`: the address of the pull request that this
    run left as it was. `answered`: what an earlier comment asked. `asked_after`: the number of the newest comment before.
    """
    return wording.render(
        "comments/work_item.md.j2", language,
        item=item, outcome=outcome, report=report, detail=_COMMENT, marker=marker, notes=notes, answered=answered,
        memory=memory(reference, tally, earlier, asked_after, language=language), draft_mark=DRAFT,
    )  # fmt: skip


def working(
    marker: str, since: datetime, run_url: str, kept: str, answered: Sequence[str] = (), *, language: str = "en"
) -> str:
    """Return the comment on the work item while a run works. `kept`, `answered`: memory and questions of the one before it."""
    return wording.render(
        "comments/working.md.j2",
        language,
        marker=marker,
        since=since,
        run_url=run_url,
        memory=kept,
        answered=answered,
    )
