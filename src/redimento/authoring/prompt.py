"""Render the prompts from `templates/prompts/`.

Constant parts come first and the task last: the service's implicit cache needs an identical prefix.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from redimento.authoring.elements import NONCE, data, line, prose
from redimento.authoring.pieces import (
    LONGEST_NAME,
    Found,
    changed_piece,
    failure_piece,
    found_piece,
    name_list,
    output_piece,
    refusal_piece,
    summary_piece,
    text_piece,
)
from redimento.authoring.share import Part, cost, largest, shared
from redimento.change.edit import Change, Refusal
from redimento.context.selection import Context
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
_MOST_FAILURES = 12
_LEFT_OUT = 120  # tokens kept for naming what is left out
_MOST_NAMES = 8


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
        nonce=NONCE,
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


def unreadable(problems: Sequence[str], budget: int) -> str:
    pieces = [text_piece(problem, problem, lambda text: f"- {data(prose(text))}") for problem in problems]
    return _request("unreadable", budget, {"problems": Part(pieces, 1.0)})


def rest(kept: Sequence[str], budget: int) -> str:
    return _request("rest", budget, {"kept": name_list(kept, 1.0)})


def material(found: Sequence[Found], budget: int, *, last: bool) -> str:
    return _request("material", budget, {"found": Part([found_piece(one, budget) for one in found], 1.0)}, last=last)


def missing_criteria(summary: str, change: Change, missing: Sequence[tuple[int, str]], budget: int) -> str:
    """Return the request to answer criteria that an answer left out."""
    criteria = [text_piece(f"criterion {number}", text, partial(_numbered, number)) for number, text in missing]
    parts = {"missing": Part(criteria, 0.4), **_so_far(summary, change, budget)}
    return _request("criteria", budget, parts, several=len(missing) > 1)


def _numbered(number: int, text: str) -> str:
    return f"{number}. " + data(prose(text)).replace("\n", "\n   ")


def refused(
    summary: str,
    kept: Sequence[str],
    refusals: Sequence[Refusal],
    *,
    changed: Change,
    found: Mapping[str, Found],
    whole: Collection[str],
    budget: int,
) -> str:
    """Return the request to correct edits that could not be applied.

    `kept`: paths of the accepted edits. `changed`, `found`: the files of the refused edits, by path where they are as in
    the repository. `whole`: paths to be written whole if they are shown whole.
    """
    files = [
        *(changed_piece(file, budget, whole) for file in changed.files if file.after is not None),
        *(found_piece(one, budget, path if path in whole else "") for path, one in found.items()),
    ]
    parts = {
        "refusals": Part([refusal_piece(one) for one in refusals], 0.4),
        "files": Part(files, 0.8),
        "summary": Part([summary_piece(summary)], 0.5),
        "kept": name_list(kept, 0.8),
    }
    return _request("refused", budget, parts)


def repair(summary: str, change: Change, verdict: Verdict, tests: Sequence[Found], budget: int) -> str:
    """Return the request to repair new failures. `tests`: the files of the failing tests."""
    failing = {failure.check for failure in verdict.new_failures if not failure.test and failure.kind == "fails"}
    failures = [failure_piece(one) for one in verdict.new_failures if one.test or one.kind != "fails"]
    outputs = [output_piece(result) for result in verdict.after.results if result.name in failing]
    parts = {
        "failures": Part(failures, 0.3, most=_MOST_FAILURES),
        **_so_far(summary, change, budget),
        "outputs": Part(outputs, 0.6),
        "tests": Part([found_piece(one, budget) for one in tests], 1.0),
    }
    return _request("repair", budget, parts)


def _request(template: str, budget: int, parts: Mapping[str, Part], **values: object) -> str:
    """Return the request with as much of the parts, the most important first, as `budget` tokens allow."""
    path = f"prompts/{template}.md.j2"
    frame = wording.render(path, **values, **{name: [""] for name in parts}, left_out="")
    shown, names = shared(budget - cost(frame) - _LEFT_OUT, parts)
    return wording.render(path, **values, **shown, left_out=_left_out(names))


def _left_out(names: Sequence[str]) -> str:
    """Return a sentence that names what is left out, as far as `_LEFT_OUT` tokens allow; "" if nothing is."""

    def sentence(count: int) -> str:
        named = [line(name)[:LONGEST_NAME] for name in names[: count - 1]]
        return wording.render("prompts/left_out.md.j2", names=named, more=len(names) - len(named))

    return largest(sentence, min(len(names), _MOST_NAMES) + 1, _LEFT_OUT) if names else ""


def _so_far(summary: str, change: Change, budget: int) -> dict[str, Part]:
    return {
        "files": Part([changed_piece(file, budget) for file in change.files if file.after is not None], 0.6),
        "summary": Part([summary_piece(summary)], 0.3),
        "removed": name_list([file.path for file in change.files if file.after is None], 0.3),
    }
