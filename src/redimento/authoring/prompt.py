"""Render the prompts from `templates/prompts/`.

A request begins with all that the one before it began with: the service's implicit cache needs an identical prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redimento.authoring import remarks, ticket
from redimento.authoring.elements import data, fenced, prose
from redimento.authoring.pieces import (
    changed_piece,
    criterion,
    failure_piece,
    file_pieces,
    finding_piece,
    name_list,
    output_piece,
    refusal_piece,
    rendered,
    test_piece,
    text_piece,
    trial_piece,
    wish_text,
)
from redimento.authoring.share import Part, Piece
from redimento.authoring.state import Earlier, State
from redimento.context.selection import Context
from redimento.models.port import Image
from redimento.settings import ChangeSettings, CheckCommand, ProjectSettings
from redimento.text import wording
from redimento.text.foreign import NONCE
from redimento.verification.evidence import Checks, Verdict
from redimento.work_items.attachment import Shown
from redimento.work_items.item import Comment, WorkItem
from redimento.work_items.replies import Answered

LANGUAGES = {
    "python": "Python",
    "typescript": "TypeScript",
    "javascript": "JavaScript",
    "csharp": "C#",
    "java": "Java",
    "go": "Go",
}
_MOST_FAILURES = 12
_LARGE = 6  # a file that takes more than this part of the budget is not shown whole
_LONGEST_EARLIER = 1_500  # characters


@dataclass(frozen=True)
class Briefing:
    """What every request of a run has in common: the role, the repository and the work item."""

    system: str
    repository: str
    item: str
    images: tuple[Image, ...] = ()


def briefing(
    item: WorkItem,
    context: Context,
    project: ProjectSettings,
    *,
    change: ChangeSettings = ChangeSettings(),  # noqa: B008  frozen
    filtered: Sequence[str] = (),
    checks: Sequence[CheckCommand] = (),
    comments: Sequence[Comment] | None = None,
    attachments: Sequence[Shown] = (),
    item_budget: int = ticket.BUDGET,
    answers: Sequence[Answered] = (),
    requests: Sequence[remarks.Request] = (),
    difference: str = "",
    team_language: str = "en",
) -> Briefing:
    """Return the role, the repository and the work item as texts.

    `filtered`: patterns of files behind a git filter. `comments` replaces those of the item, to hide some of them.
    `answers`: replies to earlier questions. `item_budget`: the tokens that the item may take, and the `requests` of
    reviewers with the `difference` that they saw. `team_language`: what the model writes for people is in it.
    """
    language = project.language.lower() or context.language
    rules = f"prompts/languages/{language}.md.j2" if language in LANGUAGES else "prompts/languages/generic.md.j2"
    system = wording.render(
        "prompts/system.md.j2",
        nonce=NONCE,
        team_language=wording.LANGUAGES[team_language],
        language_name=LANGUAGES.get(language, "The code"),
        language_rules=wording.render(rules).strip(),
        example=wording.render(f"prompts/examples/{language if language in LANGUAGES else 'python'}.md.j2").strip(),
        kind_rules=wording.render(f"prompts/kinds/{item.kind}.md.j2").strip(),
        checks=checks,
    )
    repository = wording.render(
        "prompts/repository.md.j2", context=context, project=project, change=change, filtered=filtered, checks=checks
    )
    told = ticket.told(item, item.comments if comments is None else comments, attachments, item_budget, answers)
    images = tuple(Image(one.picture.media_type, one.picture.content) for one in attachments if one.picture)
    told += remarks.told(requests, difference, item_budget)
    return Briefing(system, repository, told, images)


def request(brief: Briefing, state: State, budget: int) -> str:
    """Return the request for a state: what stays the same first, then the notebook, the item and what stands so far.

    The state itself takes at most `budget` tokens.
    """
    read = [entry.text for entry in state.notebook.entries]
    seen = wording.render("prompts/notebook.md.j2", entries=read) if read else ""
    return brief.repository + seen + brief.item + state_section(state, budget)


def state_section(state: State, budget: int) -> str:
    """Return what stands so far, and what is asked for now, in at most `budget` tokens."""
    verdict = state.verdict or Verdict(Checks(), Checks())
    failing = {failure.check for failure in verdict.new_failures if not failure.test and failure.kind == "fails"}
    failures = [failure_piece(one) for one in verdict.new_failures if one.test or one.kind != "fails"]
    outputs = [output_piece(result) for result in verdict.after.results if result.name in failing]
    problems = [text_piece(problem, problem, lambda text: f"- {data(prose(text))}") for problem in state.problems]
    removed = [file.path for file in state.change.files if file.after is None]
    large = budget // _LARGE
    changed = [changed_piece(file, large, state.whole) for file in state.change.files if file.after is not None]
    files = [finding_piece(one, large, state.whole, heading=False) for one in state.files]
    reproduced = state.reproduction.tests[:1] if state.reproduction else ()
    parts = {
        "problems": Part(problems, 0.2),
        "missing": Part([criterion(*each) for each in state.missing], 0.4),
        "refusals": Part([refusal_piece(one) for one in state.refusals], 0.4),
        "failures": Part(failures, 0.3, most=_MOST_FAILURES),
        "changed": Part(changed, 0.6),
        "files": Part(files, 0.6),
        "outputs": Part(outputs, 0.6),
        "summary": Part(file_pieces("the summary", state.summary), 0.4),
        "trial": Part([trial_piece(one) for one in state.notebook.trials[-1:]], 0.5),
        "reproduction": Part([test_piece(one) for one in reproduced], 0.3),
        "earlier": Part([_earlier_piece(one) for one in state.earlier], 0.5),
        "kept": name_list(state.kept, 0.4),
        "removed": name_list(removed, 0.4),
        "reverted": name_list(state.reverted, 0.4),
        "repeated": name_list([wish_text(wish) for wish in state.repeated], 0.4),
        "dropped": name_list([wish_text(wish) for wish in state.dropped], 1.0),
    }
    return rendered("request", budget, parts, state=state)


def rest(kept: Sequence[str], budget: int) -> str:
    return rendered("rest", budget, {"kept": name_list(kept, 1.0)})


def _earlier_piece(one: Earlier) -> Piece:
    text = wording.render("prompts/earlier.md.j2", one=one)
    return text_piece("an earlier attempt", text, lambda shorter: data(fenced(shorter)), _LONGEST_EARLIER)
