"""Show findings: to a person on a terminal, and to the agent of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from redimento.adoption.finding import Finding, Severity, exit_code
from redimento.azure.pipelines import endgroup, group, log_issue
from redimento.reporting.terminal import Kind, mark
from redimento.text.foreign import one_line

_KINDS: Final[dict[Severity, Kind]] = {"ok": "good", "note": "note", "problem": "bad", "unknown": "doubt"}
_NARROWEST, _WIDEST = 60, 140  # columns


def for_agent(findings: Sequence[Finding]) -> str:
    """Return lines with a group for each topic; a problem is an error of the run's page, a note is text."""
    return "\n".join((*_agent_lines(findings), _verdict(findings)))


def _agent_lines(findings: Sequence[Finding]) -> Iterator[str]:
    for topic, several in groupby(findings, key=lambda one: one.topic):
        yield group(_title(topic))
        problems = []
        for one in several:
            line = " ".join(part for part in (f"{one.name}: {one.sentence}", one.remedy, one.address) if part)
            yield f"{one.severity:<8} {one_line(line)}"
            problems += [line] if one.severity == "problem" else []
        yield endgroup()
        yield from (log_issue("error", line) for line in problems)  # outside the group, which starts out closed


def show(console: Console, findings: Sequence[Finding]) -> None:
    """Print a table for each topic, as wide as the terminal within bounds."""
    width = min(max(console.width, _NARROWEST), _WIDEST)
    for topic, several in groupby(findings, key=lambda one: one.topic):
        table = Table(
            box=None, show_header=False, pad_edge=False, title=_title(topic), title_justify="left", width=width
        )
        table.add_column(width=11, no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        table.add_column(ratio=3, overflow="fold")
        for one in several:
            sign = mark(console, _KINDS[one.severity]) + Text(one.severity)
            table.add_row(sign, Text(one_line(one.name)), _said(one))
        console.print(table, width=width)
        console.print()
    console.print(Text(_verdict(findings), style="bold"), width=width)


def _said(finding: Finding) -> Text:
    text = Text(one_line(finding.sentence))
    for more in (finding.remedy, finding.address):
        if more:
            text.append(f"\n{one_line(more)}")
    return text


def _verdict(findings: Sequence[Finding]) -> str:
    counted = {severity: sum(one.severity == severity for one in findings) for severity in _KINDS}
    told = ", ".join(f"{number} {severity}" for severity, number in counted.items() if number)
    code = exit_code(findings)
    stopped = f"A run would stop with exit code {code}." if code else "Nothing that was found out would stop a run."
    return f"{stopped} ({told})"


def _title(topic: str) -> str:
    return "Azure DevOps" if topic == "azure devops" else topic.capitalize()
