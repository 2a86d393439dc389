"""What a person sees during and after a run. Only this room and the command line print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from redimento.delivery.report import Report
from redimento.events import Emit, Event, Loaded, Note, StepEnded, StepStarted, Warned
from redimento.outcome import Outcome
from redimento.run.job import Finished
from redimento.text.foreign import json_line, neutralise
from redimento.text.redaction import Secrets

STEPS = ("admit", "gather", "author", "deliver")
_COLOURS = {"delivered": "green", "draft": "yellow", "questions": "yellow", "skipped": "cyan", "failed": "red"}
_MARKS = {
    "proved": ("✔", "green"),
    "passes": ("✔", "green"),
    "fails": ("✘", "red"),
    "claimed": ("?", "yellow"),
    "partly": ("~", "yellow"),
    "not": ("✘", "red"),
    "unanswered": ("?", "red"),
}
_CHECK_COLOURS = {
    "passes": "green",
    "fails": "red",
    "lost tests": "red",
    "flaky": "yellow",
    "fails as before": "yellow",
    "not needed": "dim",
}


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


def pipeline_listener(dialect: Dialect, stream: TextIO, secrets: Secrets, environment: Mapping[str, str]) -> Emit:
    """Return a listener that writes groups, progress and issues for the agent, with foreign text neutralised."""

    def emit(event: Event) -> None:
        stream.writelines(secrets.redact(line) + "\n" for line in _pipeline_lines(dialect, event, environment))
        stream.flush()

    return emit


def _pipeline_lines(dialect: Dialect, event: Event, environment: Mapping[str, str]) -> Iterator[str]:
    match event:
        case StepStarted(name, title):
            percent = 100 * STEPS.index(name) // len(STEPS) if name in STEPS else 0
            yield dialect.set_progress(percent, title)
            yield dialect.group(title)
        case StepEnded(name, seconds, ok):
            yield f"{name}: {'done' if ok else 'ended'} after {seconds:.1f} s"
            yield dialect.endgroup()
        case Note(text):
            yield neutralise(text)
        case Loaded(number, _, title):
            yield neutralise(_item_line(event))
            yield from dialect.name_run(environment, number, title)
        case Warned(text, path):
            yield dialect.log_issue("warning", text, path=path)


def _item_line(item: Loaded) -> str:
    return f"{item.type}{f' {item.id}' if item.id else ''}: {item.title}"


@contextmanager
def terminal_listener(console: Console, secrets: Secrets) -> Iterator[Emit]:
    """Yield a listener that shows the current step and prints a line for each finished one."""
    with console.status("") as status:

        def emit(event: Event) -> None:
            match event:
                case StepStarted(_, title):
                    status.update(Text(title, style="bold"))
                    if not console.is_terminal:
                        console.print(Text(title, style="bold"))
                case StepEnded(name, seconds, ok):
                    mark = Text("✔ ", style="green") if ok else Text("✘ ", style="red")
                    console.print(mark + Text(name, style="bold") + Text(f"  {seconds:.1f} s", style="dim"))
                case Note() | Loaded():
                    text = event.text if isinstance(event, Note) else _item_line(event)
                    console.print(Padding(Text(secrets.clean(text)), (0, 0, 0, 2)))
                case Warned(text):
                    warning = Text(secrets.clean(text), style="yellow")
                    console.print(Padding(warning, (0, 0, 0, 2)))

        yield emit


def show_pipeline_end(
    dialect: Dialect, stream: TextIO, finished: Finished, summary: Path | None, calls: tuple[str, ...] = ()
) -> None:
    """Write the outcome, the output variables and the summary for the agent."""
    outcome = finished.outcome
    text = f"{outcome.sentence} {outcome.remedy}".strip()
    lines = [f"{outcome.kind}: {neutralise(text)}"]
    lines += _report_lines(finished.report) if finished.report else []
    lines += [f"  {index}. {neutralise(question)}" for index, question in enumerate(outcome.questions, start=1)]
    if outcome.pull_request_url:
        lines.append(outcome.pull_request_url)
    lines += [f"not done (dry run): {neutralise(call)}" for call in calls]
    lines += [dialect.log_issue("error", problem) for problem in outcome.problems]
    if outcome.kind in {"failed", "draft"}:
        lines.append(dialect.log_issue("error" if outcome.kind == "failed" else "warning", text))
    lines += [dialect.set_variable(name, value) for name, value in variables(finished).items()]
    lines.append(dialect.set_progress(100, outcome.kind))
    if summary is not None:
        lines.append(dialect.upload_summary(summary))
    stream.write("\n".join(lines) + "\n")
    stream.flush()


def _report_lines(report: Report) -> list[str]:
    """Return criteria, checks and the old judge, one line each; the summary has the rest."""
    lines = [f"criterion {one.id}: {one.status}: {one.text}" for one in report.criteria]
    lines += [
        f"check {check.name}: {check.standing}: {check.before} before, {check.after} after" for check in report.checks
    ]
    return [f"  {_one_line(line)}" for line in (*lines, *filter(None, [report.old_judge]))]


def _one_line(text: str) -> str:
    return " ".join(neutralise(text).split())


def variables(finished: Finished) -> dict[str, str]:
    """Return the output variables for later steps and jobs."""
    outcome = finished.outcome
    return {
        "outcome": outcome.kind,
        "pullRequestId": str(outcome.pull_request_id or ""),
        "pullRequestUrl": outcome.pull_request_url,
        "branch": outcome.branch,
        "costUsd": f"{finished.spent.usd:.4f}",
    }


def as_json(finished: Finished, folder: Path | None, calls: tuple[str, ...]) -> dict[str, Any]:
    """Return what `--json` prints about a run."""
    outcome = finished.outcome
    return {
        "outcome": outcome.kind,
        "sentence": outcome.sentence,
        "remedy": outcome.remedy,
        "problems": list(outcome.problems),
        "questions": list(outcome.questions),
        "branch": outcome.branch,
        "commit": outcome.commit,
        "pullRequestId": outcome.pull_request_id or None,
        "pullRequestUrl": outcome.pull_request_url or None,
        "costUsd": round(finished.spent.usd, 6),
        "savedUsd": round(finished.spent.saved_usd, 6),
        "seconds": round(finished.seconds, 2),
        "runFolder": str(folder) if folder else None,
        "calls": list(calls),
        "exitCode": outcome.exit_code,
    }


@dataclass(frozen=True)
class Listing:
    """What a command says of many work items: to people, as JSON, and to the agent as logging commands."""

    title: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    value: Any
    commands: Sequence[str]


def show_terminal_listing(console: Console, listing: Listing) -> None:
    table = Table(
        *listing.heading, box=None, pad_edge=False, title=Text(_one_line(listing.title)), title_justify="left"
    )
    for row in listing.rows:
        table.add_row(*(Text(_one_line(cell)) for cell in row))
    console.print(table)


def show_pipeline_listing(stream: TextIO, listing: Listing) -> None:
    rows = ["  " + _one_line(", ".join(filter(None, row))) for row in listing.rows]
    stream.write("\n".join([_one_line(listing.title), *rows, *listing.commands]) + "\n")
    stream.flush()


def print_json(stream: TextIO, value: Any) -> None:
    stream.write(json_line(value) + "\n")
    stream.flush()


def show_terminal_end(console: Console, finished: Finished, folder: Path | None, calls: tuple[str, ...]) -> None:
    """Print the end of a run: outcome, reasons, criteria, checks, cost, run folder."""
    outcome = finished.outcome
    console.print()
    for problem in outcome.problems:
        console.print(Text(neutralise(problem)), soft_wrap=True)
    heading = Text(f" {outcome.kind.upper()} ", style=f"bold reverse {_COLOURS[outcome.kind]}")
    reasons = finished.report.draft_reasons if finished.report and outcome.kind == "draft" else ()
    first, *others = reasons or (outcome.sentence,)
    console.print(heading + Text(" ") + Text(neutralise(first)))
    for reason in others:
        console.print(Text(neutralise(reason)))
    if outcome.remedy:
        console.print(Text(neutralise(outcome.remedy), style="dim"))
    for number, question in enumerate(outcome.questions, start=1):
        console.print(Text(f"  {number}. {neutralise(question)}"))
    if finished.report is not None:
        _show_report(console, finished.report)
    _show_rest(console, finished, outcome, folder)
    if calls:
        console.print("\nNot done, because this is a dry run:")
        for call in calls:
            console.print(Text(f"  {neutralise(call)}"))


def _show_report(console: Console, report: Report) -> None:
    for one in report.verdict.forbidden if report.verdict else ():
        wanted = f"criterion {one.criterion}" if one.criterion else "the description"
        console.print(Text(_one_line(f"The old test {one.test} forbade what {wanted} asks for.")))
    if report.criteria:
        table = Table(title="Acceptance criteria", title_justify="left", box=None, show_header=False, pad_edge=False)
        for criterion in report.criteria:
            mark, colour = _MARKS[criterion.standing]
            tests = ", ".join(test.name for test in criterion.tests)
            status = Text(f"{mark} {criterion.status}", style=colour)
            table.add_row(status, Text(_one_line(criterion.text)), Text(_one_line(tests), style="dim"))
        console.print(table)
    if report.checks:
        table = Table("Check", "Before", "After", box=None, pad_edge=False, title="Checks", title_justify="left")
        for check in report.checks:
            after = Text(neutralise(f"{check.standing}: {check.after}"), style=_CHECK_COLOURS[check.standing])
            table.add_row(Text(neutralise(check.name)), Text(neutralise(check.before)), after)
        console.print(table)
    if report.old_judge:
        console.print(Text(_one_line(report.old_judge)))


def _show_rest(console: Console, finished: Finished, outcome: Outcome, folder: Path | None) -> None:
    rows: list[tuple[str, str]] = []
    if outcome.pull_request_url:
        rows.append(("pull request", outcome.pull_request_url))
    if outcome.branch:
        rows.append(("branch", outcome.branch))
    spent = finished.spent
    rows.append(
        (
            "cost",
            (
                f"${spent.usd:.4f} in {spent.calls} model {'call' if spent.calls == 1 else 'calls'}"
                f"{f' (${spent.estimated_usd:.4f} of it estimated)' if spent.estimated else ''}"
                f"{f', ${spent.saved_usd:.4f} saved' if spent.saved_usd else ''}"
                f"{f' ({spent.kept} answers were kept)' if spent.kept else ''}, {finished.seconds:.1f} s"
            ),
        )
    )
    if folder is not None:
        rows.append(("run folder", str(folder)))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.print(Text(f"{name:>{width}}  ", style="dim") + Text(value), soft_wrap=True)
