"""The work item as every later step sees it: Markdown and lists, no HTML, no Azure JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["story", "bug", "task"]
Relation = Literal["parent", "child", "related", "predecessor", "successor", "duplicate"]
StateCategory = Literal["Proposed", "InProgress", "Resolved", "Completed", "Removed", ""]


@dataclass(frozen=True)
class Comment:
    id: int
    author: str
    created: str  # ISO 8601
    text: str  # Markdown
    ours: bool = False  # written by the account of this job, as the server states


@dataclass(frozen=True)
class RelatedItem:
    relation: Relation
    id: int
    type: str
    title: str
    state: str
    text: str = ""  # Markdown; of a parent or child


@dataclass(frozen=True)
class Attachment:
    name: str
    url: str
    size: int = 0  # bytes, 0 when unknown


@dataclass(frozen=True)
class Field:
    """A field that the settings name, because the team keeps requirements in it."""

    name: str  # its reference name in Azure
    text: str  # Markdown


@dataclass(frozen=True)
class WorkItem:
    """One work item. Texts are Markdown; empty means absent."""

    id: int
    revision: int
    type: str
    kind: Kind
    title: str
    state: str = ""
    state_category: StateCategory = ""
    project: str = ""
    area: str = ""
    iteration: str = ""
    tags: tuple[str, ...] = ()
    assigned_to: str = ""
    priority: str = ""
    severity: str = ""
    description: str = ""
    acceptance_criteria: tuple[str, ...] = ()
    repro_steps: str = ""
    system_info: str = ""
    fields: tuple[Field, ...] = ()
    comments: tuple[Comment, ...] = ()
    related: tuple[RelatedItem, ...] = ()
    links: tuple[str, ...] = ()  # pull requests, commits, branches and pages, by name
    attachments: tuple[Attachment, ...] = ()
    claims: tuple[str, ...] = ()  # runs that say they work on it
    changed_by: str = ""  # id of the account that made the newest change
    url: str = ""


def written_text(item: WorkItem, comments: Sequence[Comment]) -> str:
    """Return everything people wrote on the item, `comments` last; the context is chosen by this text."""
    parts = [item.title, item.description, *item.acceptance_criteria, item.repro_steps, item.system_info]
    parts += [field.text for field in item.fields]
    return "\n\n".join(part for part in (*parts, *(comment.text for comment in comments)) if part)
