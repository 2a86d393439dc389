"""One run per work item: a tag, written only if the item's revision is unchanged, so that one of two runs wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.azure.fields import TAGS, split_tags
from redimento.errors import AzureError, ConflictError, NotThereError
from redimento.text.foreign import neutralise
from redimento.work_items.board import Claim
from redimento.work_items.item import WorkItem

_PREFIX = "redimento-run-"
_ROUNDS = 8  # somebody may be editing the item right now, but not eight times in a row


@dataclass(frozen=True)
class _Tagged:
    item_id: int
    revision: int
    tags: tuple[str, ...]


def claim(client: AzureClient, project: str, item: WorkItem, run: str, say: Callable[[str], None]) -> Claim:
    """Tag the item with this run; return "taken" when another run with such a tag is still active.

    Runs are build ids. A tag whose build is completed or deleted is void and is replaced.
    """
    ours = _PREFIX + run
    seen = _Tagged(item.id, item.revision, item.tags)
    void: set[str] = set()
    for _ in range(_ROUNDS):
        if ours in seen.tags:
            return "won"
        for tag in seen.tags:
            if _is_claim(tag) and tag not in void:
                if _still_runs(client, project, item.id, tag, say):
                    return "taken"
                void.add(tag)
        wanted = (*(tag for tag in seen.tags if tag not in void), ours)
        if _written(client, seen, wanted):
            return "won"
        seen = _read(client, item.id)
    raise ConflictError(f"Work item {item.id} keeps changing and could not be claimed.", "Run it again.")


def release(client: AzureClient, item_id: int, run: str) -> None:
    """Remove this run's tag; do nothing when it is absent."""
    for _ in range(_ROUNDS):
        seen = _read(client, item_id)
        wanted = tuple(tag for tag in seen.tags if tag != _PREFIX + run)
        if wanted == seen.tags or _written(client, seen, wanted):
            return
    raise ConflictError(
        f"Work item {item_id} keeps changing, and the tag {_PREFIX}{run} is still on it.",
        "Remove the tag; it does no harm once the run has ended.",
    )


def _is_claim(tag: str) -> bool:
    return tag.startswith(_PREFIX)


def _still_runs(client: AzureClient, project: str, item_id: int, tag: str, say: Callable[[str], None]) -> bool:
    build = tag.removeprefix(_PREFIX)
    remedy = f"If no run is working on it, remove the tag '{neutralise(tag)}' from the work item."
    if not build.isdecimal():
        say(f"Work item {item_id} is claimed by a run outside a pipeline. {remedy}")
        return True
    try:
        answer = client.get(f"_apis/build/builds/{int(build)}", project=project, about=f"run {build}")
    except NotThereError:
        return False
    except AzureError as error:
        say(f"Work item {item_id} is claimed by run {build}, whose status cannot be read. {remedy} {error}")
        return True
    return str((answer or {}).get("status")) != "completed"


def _read(client: AzureClient, item_id: int) -> _Tagged:
    query = {"fields": f"System.Rev,{TAGS}"}
    answer = client.get(f"_apis/wit/workitems/{item_id}", query=query, about=f"work item {item_id}")
    fields = answer.get("fields") or {}
    return _Tagged(item_id, int(answer["rev"]), split_tags(str(fields.get(TAGS) or "")))


def _written(client: AzureClient, seen: _Tagged, wanted: tuple[str, ...]) -> bool:
    """Write the tags and return True if the item is still at the revision in `seen`, else return False."""

    def happened() -> Mapping[str, Any] | None:
        now = _read(client, seen.item_id)
        return {"rev": now.revision} if set(now.tags) == set(wanted) else None

    body = [
        {"op": "test", "path": "/rev", "value": seen.revision},
        {"op": "add", "path": f"/fields/{TAGS}", "value": "; ".join(wanted)},
    ]
    try:
        client.write(
            "PATCH",
            f"_apis/wit/workitems/{seen.item_id}",
            body=body,
            content_type=JSON_PATCH,
            happened=happened,
            about=f"the tags of work item {seen.item_id}",
        )
    except ConflictError:
        return False
    return True
