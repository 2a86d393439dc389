"""Convert the JSON of Azure Boards to work item values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, get_args
from urllib.parse import unquote

from redimento.azure.exchange import account_id
from redimento.work_items.criteria import asked_for
from redimento.work_items.item import Attachment, Comment, Field, RelatedItem, Relation, StateCategory, WorkItem
from redimento.work_items.kinds import kind_of
from redimento.work_items.rich_text.html import to_markdown

Json = Mapping[str, Any]

TAGS = "System.Tags"
STATE = "System.State"
TYPE = "System.WorkItemType"
PROJECT = "System.TeamProject"
TITLE = "System.Title"
COMMENT_COUNT = "System.CommentCount"
CHANGED_BY = "System.ChangedBy"
DESCRIPTION = "System.Description"
CRITERIA = "Microsoft.VSTS.Common.AcceptanceCriteria"
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
_LONGEST_RELATED = 20_000  # characters of a parent or child
# Artifact links to git, of which project and repository are ids (learn.microsoft.com, "Link type reference").
_GIT_URL = re.compile(
    r"vstfs:///Git/(?:PullRequestId/[^/%]{1,60}%2f[^/%]{1,60}%2f(?P<pull>[0-9]{1,10})"
    r"|Commit/[^/%]{1,60}%2f[^/%]{1,60}%2f(?P<commit>[0-9a-f]{7,64})"
    r"|Ref/[^/%]{1,60}%2f[^/%]{1,60}%2fGB(?P<branch>[^\s]{1,300}))",
    re.IGNORECASE,
)


def work_item(
    answer: Json,
    *,
    comments: Iterable[Comment],
    related: Iterable[RelatedItem],
    state_category: StateCategory = "",
    further: Iterable[str] = (),
) -> WorkItem:
    """Return the item from an answer with `$expand=all`. `further`: the names of fields to keep besides the usual ones."""
    fields: Json = answer.get("fields") or {}
    relations = answer.get("relations") or ()
    long_text = partial(_long_text, answer)
    type_name = str(fields.get(TYPE) or "")
    description, criteria = asked_for(long_text(DESCRIPTION), long_text(CRITERIA))
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
        fields=tuple(Field(name, text) for name in further if (text := long_text(name).strip())),
        comments=tuple(comments),
        related=tuple(related),
        links=tuple(_links(relations)),
        attachments=tuple(_attachments(relations)),
        claims=tuple(build_of(link) for link in relations if is_claim(link)),
        changed_by=account_id(fields.get(CHANGED_BY)),
        url=str(((answer.get("_links") or {}).get("html") or {}).get("href") or ""),
    )


def comment(answer: Json, *, ours: bool) -> Comment:
    """Return one comment. Older servers call its id `commentId`, as recorded answers show."""
    return Comment(
        id=comment_id(answer),
        author=person(answer.get("createdBy")),
        created=str(answer.get("createdDate") or ""),
        text=to_markdown(str(answer.get("text") or ""), str(answer.get("format") or "")),
        ours=ours,
    )


def comment_id(answer: Json) -> int:
    return int(answer.get("id") or answer.get("commentId") or 0)


def related_item(answer: Json, relation: Relation) -> RelatedItem:
    """Return a related item: its description and criteria as well, if the answer has them."""
    fields: Json = answer.get("fields") or {}
    texts = (_long_text(answer, DESCRIPTION), _long_text(answer, CRITERIA))
    return RelatedItem(
        relation=relation,
        id=int(answer["id"]),
        type=str(fields.get(TYPE) or ""),
        title=str(fields.get(TITLE) or ""),
        state=str(fields.get(STATE) or ""),
        text="\n\n".join(filter(None, texts))[:_LONGEST_RELATED],
    )


def values(answer: Json, names: Iterable[str]) -> tuple[Field, ...]:
    """Return the fields of these names as they are stored, without those that are absent."""
    fields: Json = answer.get("fields") or {}
    return tuple(Field(name, person(fields[name])) for name in names if fields.get(name) is not None)


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
            return next((known for known in get_args(StateCategory) if known == row.get("category")), "")
    return ""


def split_tags(text: str) -> tuple[str, ...]:
    """Return the tags of `System.Tags`, which is one string: "one; two"."""
    return tuple(tag for part in text.split(";") if (tag := part.strip()))


def person(value: Any) -> str:
    """Return the name of an identity: an object over REST, a string in older answers and in hooks."""
    if isinstance(value, Mapping):
        return str(value.get("displayName") or value.get("uniqueName") or "")
    return str(value or "")


def _long_text(answer: Json, name: str) -> str:
    """Return a field as Markdown; API 7.2 says in which format it is written."""
    fields: Json = answer.get("fields") or {}
    formats: Json = answer.get("multilineFieldsFormat") or {}
    found = _field_like(fields, name)
    value = fields.get(found)
    text = person(value) if isinstance(value, Mapping) else "" if value is None else str(value)
    return to_markdown(text, str(formats.get(found) or ""))


def _field_like(fields: Json, name: str) -> str:
    """Return `name`, or a custom field with the same last part if `name` is absent.

    Some processes define their own: `Custom.AcceptanceCriteria` for `Microsoft.VSTS.Common.AcceptanceCriteria`.
    """
    if name in fields:
        return name
    last = name.rpartition(".")[2].casefold()
    return next((other for other in fields if other.rpartition(".")[2].casefold().replace("_", "") == last), name)


def _links(relations: Iterable[Json]) -> Iterator[str]:
    """Yield the name of each linked pull request, commit, branch and page."""
    for relation in relations:
        url = str(relation.get("url") or "")
        found = _GIT_URL.fullmatch(url) if relation.get("rel") == "ArtifactLink" else None
        if found and found["pull"]:
            yield f"pull request {found['pull']}"
        elif found and found["commit"]:
            yield f"commit {found['commit'][:12]}"
        elif found:
            yield f"branch {unquote(found['branch'])}"
        elif relation.get("rel") == "Hyperlink":
            words = str((relation.get("attributes") or {}).get("comment") or "")
            yield f"{url} ({words})" if words else url


def _attachments(relations: Iterable[Json]) -> Iterable[Attachment]:
    for relation in relations:
        if relation.get("rel") == "AttachedFile":
            attributes: Json = relation.get("attributes") or {}
            yield Attachment(
                name=str(attributes.get("name") or ""),
                url=str(relation.get("url") or ""),
                size=int(attributes.get("resourceSize") or 0),
            )
