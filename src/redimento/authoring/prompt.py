"""Render the prompts from `templates/prompts/`.

Constant parts come first and the task last: the service's implicit cache needs an identical prefix.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from redimento.change.edit import Change, Refusal
from redimento.context.selection import Context, Excerpt
from redimento.settings import ChangeSettings, CheckCommand, ProjectSettings
from redimento.text import wording
from redimento.verification.evidence import Verdict
from redimento.work_items.item import Comment, WorkItem

LANGUAGES = {
    "python": "Python",
    "typescript": "TypeScript",
    "javascript": "JavaScript",
    "csharp": "C#",
    "java": "Java",
    "go": "Go",
}
_BACKTICKS = re.compile(r"^[^\S\n]*(`{3,})", re.MULTILINE)  # \s* would take quadratic time on blank lines
_MAX_FAILURES = 12
_MAX_MESSAGE = 4_000  # characters of one failure


@dataclass(frozen=True)
class Briefing:
    """The start of every call of a run: the role, and the task with its material."""

    system: str
    task: str


def briefing(
    item: WorkItem,
    context: Context,
    project: ProjectSettings,
    *,
    change: ChangeSettings = ChangeSettings(),  # noqa: B008  frozen
    filtered: Sequence[str] = (),
    checks: Sequence[CheckCommand] = (),
    comments: Sequence[Comment] | None = None,
) -> Briefing:
    """Return the role and the task.

    `filtered`: patterns of files behind a git filter. `comments` replaces those of the item, to hide some of them.
    """
    language = project.language.lower() or context.language
    rules = f"prompts/languages/{language}.md.j2" if language in LANGUAGES else "prompts/languages/generic.md.j2"
    system = wording.render(
        "prompts/system.md.j2",
        language_name=LANGUAGES.get(language, "The code"),
        language_rules=wording.render(rules).strip(),
        kind_rules=wording.render(f"prompts/kinds/{item.kind}.md.j2").strip(),
    )
    task = wording.render(
        "prompts/task.md.j2",
        item=item,
        context=context,
        project=project,
        change=change,
        filtered=filtered,
        checks=checks,
        comments=item.comments if comments is None else comments,
    )
    return Briefing(system, task)


def ask(*, lesson: str = "", of: int = 1) -> str:
    """Return the request at the end of a first prompt; `lesson`: learnt from a discarded attempt."""
    return wording.render("prompts/ask.md.j2", lesson=lesson, of=of)


def unreadable(problems: Sequence[str]) -> str:
    return wording.render("prompts/unreadable.md.j2", problems=problems)


def rest(kept: Sequence[str]) -> str:
    return wording.render("prompts/rest.md.j2", kept=kept)


def material(found: Sequence[str], *, last: bool) -> str:
    return wording.render("prompts/material.md.j2", found=found, last=last)


def missing_criteria(summary: str, change: Change, missing: Sequence[tuple[int, str]]) -> str:
    """Return the request to answer criteria that an answer left out."""
    files, removed = _written_and_removed(change)
    return wording.render("prompts/criteria.md.j2", summary=summary, files=files, removed=removed, missing=missing)


def refused(
    summary: str, kept: Sequence[str], refusals: Sequence[Refusal], files: Sequence[str], whole: Sequence[str]
) -> str:
    """Return the request to correct edits that could not be applied.

    `kept`: paths of the accepted edits. `files`: the current files, as text. `whole`: paths to be written whole.
    """
    return wording.render(
        "prompts/refused.md.j2", summary=summary, kept=kept, refusals=refusals, files=files, whole=whole
    )


def repair(summary: str, change: Change, verdict: Verdict, tests: Sequence[str]) -> str:
    """Return the request to repair new failures. `tests`: the failing tests, as text."""
    failures = verdict.new_failures[:_MAX_FAILURES]
    failing = {failure.check for failure in failures if not failure.test and failure.kind == "fails"}
    files, removed = _written_and_removed(change)
    return wording.render(
        "prompts/repair.md.j2",
        summary=summary,
        files=files,
        removed=removed,
        failures=[
            {"check": failure.check, "test": failure.test, "message": head_and_tail(failure.message)}
            for failure in failures
            if failure.test or failure.kind != "fails"
        ],
        outputs=[
            {"name": r.name, "reason": r.reason, "exit_code": r.exit_code, "output": head_and_tail(r.output, 12_000)}
            for r in verdict.after.results
            if r.name in failing
        ],
        tests=tests,
    )


def contents(change: Change) -> list[str]:
    """Return the files of a change with their new content, as text."""
    return [excerpt(file) for file in _written_and_removed(change)[0]]


def _written_and_removed(change: Change) -> tuple[list[Excerpt], list[str]]:
    """Return the files of a change with their new content, and the paths it removes."""
    files = [
        Excerpt(file.path, file.after.decode("utf-8", "replace"), tokens=0, score=0.0, spans=None)
        for file in change.files
        if file.after is not None
    ]
    return files, [file.path for file in change.files if file.after is None]


def head_and_tail(text: str, most: int = _MAX_MESSAGE) -> str:
    """Return `text` cut to about `most` characters in its middle, which matters least."""
    if len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head]}\n… {len(text) - most:,} characters omitted …\n{text[head - most :]}"


def fenced(text: str) -> str:
    """Return `text` in a fence that nothing in it can close."""
    longest = max((len(match.group(1)) for match in _BACKTICKS.finditer(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


def excerpt(file: Excerpt) -> str:
    """Return a file with its name as heading, which marks excerpts."""
    what = "" if file.spans is None else " (excerpts; the numbers are not part of the file)"
    return f"## {file.path}{what}\n{fenced(file.text)}"


wording.add_filter("fenced", fenced)
wording.add_filter("excerpt", excerpt)
