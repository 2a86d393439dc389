"""Convert the JSON of Azure Boards to work item values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from redimento.work_items.criteria import criteria_in_description, split_criteria
from redimento.work_items.html import to_markdown
from redimento.work_items.item import Attachment, Comment, RelatedItem, Relation, StateCategory, WorkItem
from redimento.work_items.kinds import kind_of

Json = Mapping[str, Any]

TAGS = "System.Tags"
STATE = "System.State"
TYPE = "System.WorkItemType"
PROJECT = "System.TeamProject"
TITLE = "System.Title"
_DESCRIPTION = "System.Description"
_CRITERIA = "Microsoft.VSTS.Common.AcceptanceCriteria"
_REPRO_STEPS = "Microsoft.VSTS.TCM.ReproSteps"
_SYSTEM_INFO = "Microsoft.VSTS.TCM.SystemInfo"

_RELATIONS: dict[str, Relation] = {
    "System.LinkTypes.Hierarchy-Reverse": "parent",
    "System.LinkTypes.Hierarchy-Forward": "child",
    "System.LinkTypes.Related": "related",
    "System.LinkTypes.Dependency-Reverse": "predecessor",
    "System.LinkTypes.Dependency-Forward": "successor",
    "System.LinkTypes.Duplicate-Forward": "duplicate",
    "System.LinkTypes.Duplicate-Reverse": "duplicate",
}
CLAIM = "Redimento is working on this item"
_BUILD_URL = re.compile(r"vstfs:///Build/Build/(\d{1,10})", re.IGNORECASE)
_ITEM_URL = re.compile(r"/_apis/wit/workitems/(\d{1,10})$", re.IGNORECASE)
_CATEGORIES: tuple[StateCategory, ...] = ("Proposed", "InProgress", "Resolved", "Completed", "Removed")
# Tags that Azure's editors write. Not just any tag: `List<Order>` in Markdown is not HTML.
_HTML = re.compile(
    r"</?(?:div|p|br|span|b|strong|i|em|u|s|a|img|font|ul|ol|li|table|thead|tbody|tr|td|th|h[1-6]|pre|code|blockquote|hr)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


def work_item(
    answer: Json, *, comments: Iterable[Comment], related: Iterable[RelatedItem], state_category: StateCategory
) -> WorkItem:
    """Return the item from an answer with `$expand=all`; raise UsageError for an unsupported type."""
    fields: Json = answer.get("fields") or {}
    formats: Json = answer.get("multilineFieldsFormat") or {}

    def long_text(name: str) -> str:
        found = _field_like(fields, name)
        return markdown(str(fields.get(found) or ""), str(formats.get(found) or ""))

    type_name = str(fields.get(TYPE) or "")
    description, criteria = long_text(_DESCRIPTION), split_criteria(long_text(_CRITERIA))
    if not criteria:  # Basic and CMMI types have no field for criteria
        description, criteria = criteria_in_description(description)
    return WorkItem(
        id=int(answer["id"]),
        revision=int(answer["rev"]),
        type=type_name,
        kind=kind_of(type_name),
        title=str(fields.get(TITLE) or ""),
        state=str(fields.get(STATE) or ""),
        state_category=state_category,
        project=str(fields.get(PROJECT) or ""),
        area=str(fields.get("System.AreaPath") or ""),
        iteration=str(fields.get("System.IterationPath") or ""),
        tags=split_tags(str(fields.get(TAGS) or "")),
        assigned_to=person(fields.get("System.AssignedTo")),
        priority=str(fields.get("Microsoft.VSTS.Common.Priority") or ""),
        severity=str(fields.get("Microsoft.VSTS.Common.Severity") or ""),
        description=description,
        acceptance_criteria=criteria,
        repro_steps=long_text(_REPRO_STEPS),
        system_info=long_text(_SYSTEM_INFO),
        comments=tuple(comments),
        related=tuple(related),
        attachments=tuple(_attachments(answer.get("relations") or ())),
        claims=tuple(build_of(link) for link in answer.get("relations") or () if is_claim(link)),
        url=str(((answer.get("_links") or {}).get("html") or {}).get("href") or ""),
    )


def comment(answer: Json, *, ours: bool) -> Comment:
    """Return one comment. Older servers call its id `commentId`, as recorded answers show."""
    return Comment(
        id=comment_id(answer),
        author=person(answer.get("createdBy")),
        created=str(answer.get("createdDate") or ""),
        text=markdown(str(answer.get("text") or ""), str(answer.get("format") or "")),
        ours=ours,
    )


def comment_id(answer: Json) -> int:
    return int(answer.get("id") or answer.get("commentId") or 0)


def relatives(relations: Iterable[Json]) -> dict[int, Relation]:
    """Return the kind of relation by id of the linked item, in the order of `relations`."""
    found: dict[int, Relation] = {}
    for relation in relations:
        kind = _RELATIONS.get(str(relation.get("rel")))
        number = _ITEM_URL.search(str(relation.get("url")))
        if kind and number:
            found.setdefault(int(number[1]), kind)
    return found


def build_of(relation: Json) -> str:
    """Return the id of the build that a relation links to, "" for any other relation."""
    found = _BUILD_URL.fullmatch(str(relation.get("url")))
    return found[1] if found and relation.get("rel") == "ArtifactLink" else ""


def is_claim(relation: Json) -> bool:
    """Return whether a relation says that a run works on the item. Anybody can write one."""
    attributes: Json = relation.get("attributes") or {}
    return bool(build_of(relation)) and attributes.get("comment") == CLAIM


def category(states: Iterable[Json], state: str) -> StateCategory:
    """Return the category of a state: names differ by process and language, categories do not."""
    for row in states:
        if str(row.get("name", "")).casefold() == state.casefold():
            return next((known for known in _CATEGORIES if known == row.get("category")), "")
    return ""


def split_tags(text: str) -> tuple[str, ...]:
    """Return the tags of `System.Tags`, which is one string: "one; two"."""
    return tuple(tag for part in text.split(";") if (tag := part.strip()))


def person(value: Any) -> str:
    """Return the name of an identity: an object over REST, a string in older answers and in hooks."""
    if isinstance(value, Mapping):
        return str(value.get("displayName") or value.get("uniqueName") or "")
    return str(value or "")


def markdown(text: str, text_format: str = "") -> str:
    """Return `text` as Markdown: unchanged if its format is Markdown or it has no HTML tags, else converted.

    Only API 7.2 names the format of a field; 7.1 gives no hint.
    """
    if text_format.casefold() == "markdown" or not _HTML.search(text):
        return text.strip()
    return to_markdown(text)


def _field_like(fields: Json, name: str) -> str:
    """Return `name`, or a custom field with the same last part if `name` is absent.

    Some processes define their own: `Custom.AcceptanceCriteria` for `Microsoft.VSTS.Common.AcceptanceCriteria`.
    """
    if name in fields:
        return name
    last = name.rpartition(".")[2].casefold()
    return next((other for other in fields if other.rpartition(".")[2].casefold().replace("_", "") == last), name)


def _attachments(relations: Iterable[Json]) -> Iterable[Attachment]:
    for relation in relations:
        if relation.get("rel") == "AttachedFile":
            attributes: Json = relation.get("attributes") or {}
            yield Attachment(
                name=str(attributes.get("name") or ""),
                url=str(relation.get("url") or ""),
                size=int(attributes.get("resourceSize") or 0),
            )
