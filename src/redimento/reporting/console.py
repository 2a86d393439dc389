"""What a person sees during and after a run. Only this room and the command line print."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from redimento.delivery.report import Report
from redimento.events import Emit, Event, Loaded, StepEnded, StepStarted, Warned
from redimento.outcome import OutcomeKind
from redimento.reporting.live import Following, LiveLine, ticking
from redimento.reporting.progress import Progress, sentence
from redimento.reporting.terminal import Kind, badge, is_plain, mark
from redimento.run.job import Finished
from redimento.text.foreign import json_line, neutralise, one_line
from redimento.text.redaction import Secrets

SILENCE = 60.0  # seconds
_REDRAWN = 0.5  # seconds
_OUTCOMES: Final[dict[OutcomeKind, Kind]] = {
    "delivered": "good", "draft": "doubt", "questions": "doubt", "skipped": "note", "failed": "bad",
    "continues": "note",
}  # fmt: skip
_CRITERIA: Final[dict[str, Kind]] = {"proved": "good", "passes": "good", "fails": "bad", "not": "bad"}
_CHECKS: Final[dict[str, Kind]] = {"passes": "good", "fails": "bad", "lost tests": "bad"}


class Dialect(Protocol):
    """The logging commands of a pipeline agent: each function returns one line."""

    def group(self, title: str) -> str: ...
    def endgroup(self) -> str: ...
    def log_issue(
        self, kind: Literal["error", "warning"], message: str, *, path: str = "", line: int | None = None
    ) -> str: ...
    def set_progress(self, percent: int, text: str) -> str: ...
    def set_variable(self, name: str, value: str) -> str: ...
    def name_run(self, environ: Mapping[str, str], item_id: int, title: str) -> Iterator[str]: ...
    def upload_summary(self, file: Path) -> str: ...


@contextmanager
def pipeline_listener(
    dialect: Dialect, stream: TextIO, secrets: Secrets, environment: Mapping[str, str], *, silence: float = SILENCE
) -> Iterator[Emit]:
    """Yield a listener that writes groups, progress and issues for the agent, with foreign text neutralised.

    After `silence` seconds without a line it says what still works.
    """
    following = Following(partial(_pipeline_lines, dialect, environment), partial(_write, stream), secrets)
    with ticking(silence / 6, partial(following.beat, silence)):
        yield following.emit


def _pipeline_lines(
    dialect: Dialect, environment: Mapping[str, str], event: Event, before: Progress, now: Progress
) -> Iterator[str]:
    match event:
        case StepStarted(_, title):
            yield dialect.group(title)
        case StepEnded(name, seconds, ok):
            yield f"{name}: {'done' if ok else 'ended'} after {seconds:.1f} s"
            yield dialect.endgroup()
        case Warned(text, path):
            yield dialect.log_issue("warning", text, path=path)
        case _ if text := sentence(event):
            yield text
    if isinstance(event, Loaded):
        yield from dialect.name_run(environment, event.id, event.title)
    if now.percent > before.percent:
        yield dialect.set_progress(now.percent, now.activity)


@contextmanager
def terminal_listener(console: Console, secrets: Secrets, *, silence: float = SILENCE) -> Iterator[Emit]:
    """Yield a listener that prints a line for what has ended, and keeps one at the bottom that moves.

    Where nothing can move, it says after `silence` seconds without a line what still works.
    """
    if is_plain(console) or not console.file.isatty():

        def write(*told: RenderableType) -> None:
            for line in told:
                console.print(line, soft_wrap=True)  # a file has no width

        following = Following(partial(_terminal_lines, console, moves=False), write, secrets)
        with ticking(silence / 6, partial(following.beat, silence)):
            yield following.emit
        return
    live = LiveLine(console)
    following = Following(partial(_terminal_lines, console, moves=True), live.leave, secrets)
    live.now = following.still
    with ticking(_REDRAWN, live.leave):
        try:
            yield following.emit
        finally:
            live.remove()


def _terminal_lines(
    console: Console, event: Event, _before: Progress, now: Progress, *, moves: bool
) -> Iterator[RenderableType]:
    def indented(text: Text) -> RenderableType:
        return Padding(text, (0, 0, 0, 2)) if moves else Text("  ") + text

    match event:
        case StepStarted(_, title) if not moves:
            yield Text(one_line(title), style="bold")
        case StepEnded(_, seconds, ok):
            sign = mark(console, "good" if ok else "bad") or Text("done: " if ok else "ended: ")
            yield Text.assemble(sign, (now.activity, "bold"), (f"  {seconds:.1f} s", "dim"))
        case Warned(text):
            sign = Text("warning: ") if is_plain(console) else badge("!", "doubt")
            yield indented(sign + Text(neutralise(text)))
        case _ if text := sentence(event):
            yield indented(Text(text))


def show_pipeline_end(
    dialect: Dialect,
    stream: TextIO,
    finished: Finished,
    summary: Path | None,
    calls: tuple[str, ...] = (),
    *,
    outputs: Mapping[str, str] | None = None,
) -> None:
    """Write the outcome, the output variables, also the `outputs`, and the summary for the agent unless another job goes on."""
    outcome = finished.outcome
    text = f"{outcome.sentence} {outcome.remedy}".strip()
    lines = [f"{outcome.kind}: {neutralise(text)}"]
    if report := finished.report:  # the summary has the rest
        evidence = [f"criterion {one.id}: {one.status}: {one.text}" for one in report.criteria]
        evidence += [
            f"check {one.name}: {one.standing}: {one.before} before, {one.after} after" for one in report.checks
        ]
        lines += [f"  {one_line(line)}" for line in (*evidence, report.old_judge) if line]
    lines += [f"  {index}. {neutralise(question)}" for index, question in enumerate(outcome.questions, start=1)]
    if outcome.pull_request_url:
        lines.append(outcome.pull_request_url)
    lines += [f"not done (dry run): {neutralise(call)}" for call in calls]
    lines += [dialect.log_issue("error", problem) for problem in outcome.problems]
    if outcome.kind in {"failed", "draft"}:
        lines.append(dialect.log_issue("error" if outcome.kind == "failed" else "warning", text))
    variables = {  # for later steps and jobs
        "outcome": outcome.kind,
        "pullRequestId": str(outcome.pull_request_id or ""),
        "pullRequestUrl": outcome.pull_request_url,
        "branch": outcome.branch,
        "costUsd": f"{finished.spent.usd:.4f}",
        **(outputs or {}),
    }
    lines += [dialect.set_variable(name, value) for name, value in variables.items()]
    lines.append(dialect.set_progress(100, outcome.kind))
    if summary is not None and "digest" not in variables:
        lines.append(dialect.upload_summary(summary))
    _write(stream, *lines)


@dataclass(frozen=True)
class Listing:
    """What a command says of many work items: to people, as JSON, and to the agent as logging commands."""

    title: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    value: Any
    commands: Sequence[str]


def show_terminal_listing(console: Console, listing: Listing) -> None:
    table = Table(*listing.heading, box=None, pad_edge=False, title=Text(one_line(listing.title)), title_justify="left")
    for row in listing.rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console.print(table)


def show_pipeline_listing(stream: TextIO, listing: Listing) -> None:
    rows = ["  " + one_line(f"{first}: {', '.join(filter(None, rest))}") for first, *rest in listing.rows]
    _write(stream, one_line(listing.title), *rows, *listing.commands)


def print_json(stream: TextIO, value: Any) -> None:
    _write(stream, json_line(value))


def _write(stream: TextIO, *lines: str) -> None:
    stream.write("\n".join((*lines, "")))
    stream.flush()


def show_terminal_end(
    console: Console, finished: Finished, folder: Path | None, calls: tuple[str, ...], checkout: Path | None = None
) -> None:
    """Print the end of a run: outcome, reasons, criteria, checks, cost, run folder.

    `checkout`: where the branch of a local run is, None if it is not to be looked at.
    """
    outcome = finished.outcome
    console.print()
    for problem in outcome.problems:
        console.print(Text(neutralise(problem)), soft_wrap=True)
    reasons = finished.report.draft_reasons if finished.report and outcome.kind == "draft" else ()
    first, *others = reasons or (outcome.sentence,)
    whole = not console.file.isatty()  # a file has no width
    console.print(badge(outcome.kind.upper(), _OUTCOMES[outcome.kind]) + Text(neutralise(first)), soft_wrap=whole)
    for text in filter(None, (*others, outcome.remedy)):
        console.print(Text(neutralise(text)), soft_wrap=whole)
    for number, question in enumerate(outcome.questions, start=1):
        console.print(Text(f"  {number}. {neutralise(question)}"))
    if finished.report is not None:
        _show_report(console, finished.report)
    _show_rest(console, finished, folder, None if calls else checkout)
    if calls:
        console.print("\nNot done, because this is a dry run:")
        for call in calls:
            console.print(Text(f"  {neutralise(call)}"), soft_wrap=True)


def _show_report(console: Console, report: Report) -> None:
    for one in report.verdict.forbidden if report.verdict else ():
        wanted = f"criterion {one.criterion}" if one.criterion else "the description"
        console.print(Text(one_line(f"The old test {one.test} forbade what {wanted} asks for.")))
    if report.criteria:
        console.print(Text("Acceptance criteria", style="bold"))
        table = Table(box=None, show_header=False, pad_edge=False)
        for criterion in report.criteria:
            status = mark(console, _CRITERIA.get(criterion.standing, "doubt")) + Text(criterion.status)
            tests = "".join(f"\n{one_line(test.name)}" for test in criterion.tests)
            table.add_row(status, Text(one_line(criterion.text)) + Text(tests, style="dim"))
        console.print(table)
    if report.checks:
        table = Table("Check", "Before", "After", box=None, pad_edge=False)
        for check in report.checks:
            sign = mark(console, _CHECKS.get(check.standing, "doubt")) if check.standing != "not needed" else Text()
            after = sign + Text(neutralise(f"{check.standing}: {check.after}"))
            table.add_row(Text(neutralise(check.name)), Text(neutralise(check.before)), after)
        console.print(table)
    if report.old_judge:
        console.print(Text(one_line(report.old_judge)))


def _show_rest(console: Console, finished: Finished, folder: Path | None, checkout: Path | None) -> None:
    outcome, spent, cost, command = finished.outcome, finished.spent, "", ""
    if spent.calls or spent.kept:
        cost = (
            f"${spent.usd:.4f} in {spent.calls} model {'call' if spent.calls == 1 else 'calls'}"
            f"{f' (${spent.estimated_usd:.4f} of it estimated)' if spent.estimated else ''}"
            f"{f', ${spent.saved_usd:.4f} saved' if spent.saved_usd else ''}"
            f"{f' ({spent.kept} answers were kept)' if spent.kept else ''}, {finished.seconds:.1f} s"
        )
    if checkout and outcome.commit and outcome.pull_request_url.startswith("file:"):
        place = () if checkout.resolve() == Path.cwd() else ("-C", str(checkout))
        command = shlex.join(("git", *place, "switch", outcome.branch))
    rows = {
        "pull request": outcome.pull_request_url,
        "branch": outcome.branch,
        "cost": cost,
        "run folder": str(folder or ""),
        "look at it": command,
    }
    width = max((len(name) for name, value in rows.items() if value), default=0)
    for name, value in rows.items():
        if value:
            console.print(Text.assemble((f"{name:>{width}}  ", "dim"), value), soft_wrap=True)
