"""One run per work item: a link to the build, added only if the item's revision is unchanged, so that one of two runs wins.

A tag would need a right that many projects reserve for administrators: each run would create a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.azure.fields import CLAIM, build_of, is_claim
from redimento.azure.history import updates
from redimento.errors import AzureError, ConflictError, NotThereError
from redimento.work_items.item import WorkItem

_ROUNDS = 8  # somebody may be editing the item right now, but not eight times in a row

Json = Mapping[str, Any]


@dataclass(frozen=True)
class _Linked:
    item_id: int
    revision: int
    links: tuple[Json, ...] = ()

    def claims(self) -> dict[int, str]:
        """Return the builds that claim the item, by the position of their link."""
        return {number: build_of(link) for number, link in enumerate(self.links) if is_claim(link)}


def claim(client: AzureClient, project: str, item: WorkItem, run: str, say: Callable[[str], None]) -> int | None:
    """Link the item to this run and return its revision; None when another run that linked itself is still active.

    Runs are build ids. A link is believed only if the job's account made it, and void when its build is completed or
    deleted. It stays until a run ends, because it is all that a killed run leaves to be counted.
    """
    seen = _read(client, item.id) if item.claims else _Linked(item.id, item.revision)
    ended: set[str] = set()
    for _ in range(_ROUNDS):
        believed = _believed(client, seen, run)
        if run in believed:
            return seen.revision
        for build in sorted(believed - ended):
            if _still_runs(client, project, item.id, build, say):
                return None
            ended.add(build)
        # Somebody who foresaw the number of this build may have linked it: the link cannot be added twice.
        foreseen = {number for number, link in enumerate(seen.links) if build_of(link) == run}
        steps = _removals(foreseen) if foreseen else [_addition(run)]
        revision = _written(client, seen, steps, run, present=not foreseen)
        if revision is not None and not foreseen:
            return revision
        seen = _read(client, item.id)
    raise ConflictError(f"Work item {item.id} keeps changing and could not be claimed.", "Run it again.")


def release(client: AzureClient, item_id: int, run: str) -> None:
    """Remove this run's link, and the void and forged ones before it; a later one is of a run that took over."""
    for _ in range(_ROUNDS):
        seen = _read(client, item_id)
        claims = seen.claims()
        ours = max((number for number, build in claims.items() if build == run), default=-1)
        steps = _removals([number for number in claims if number <= ours])
        if not steps or _written(client, seen, steps, run, present=False) is not None:
            return
    raise ConflictError(
        f"Work item {item_id} keeps changing, and the link to build {run} is still on it.",
        "Remove the link; it does no harm once the run has ended.",
    )


def _believed(client: AzureClient, seen: _Linked, run: str) -> set[str]:
    """Return the builds whose claims were written by the job's account: anybody can link a build."""
    claimed = {build_of(link) for link in seen.links if is_claim(link) or build_of(link) == run}
    if not claimed:
        return set()
    ours: dict[str, bool] = {}  # by build: whether the job's account was the last to write the link to it
    for update in updates(client, seen.item_id):
        changed: Json = update.get("relations") or {}
        for link in (*(changed.get("added") or ()), *(changed.get("updated") or ())):
            ours[build_of(link)] = client.is_own(update.get("revisedBy"))
    return {build for build in claimed if ours.get(build)}


def _still_runs(client: AzureClient, project: str, item_id: int, build: str, say: Callable[[str], None]) -> bool:
    try:
        answer = client.get(f"_apis/build/builds/{build}", project=project, about=f"run {build}")
    except NotThereError:
        return False
    except AzureError as error:
        say(
            f"Work item {item_id} is claimed by run {build}, whose status cannot be read. If no run is working on it, "
            f"remove the link to that build from the work item. {error}"
        )
        return True
    return str((answer or {}).get("status")) != "completed"


def _read(client: AzureClient, item_id: int) -> _Linked:
    query = {"$expand": "relations"}
    answer = client.get(f"_apis/wit/workitems/{item_id}", query=query, about=f"work item {item_id}")
    return _Linked(item_id, int(answer["rev"]), tuple(answer.get("relations") or ()))


def _removals(numbers: Collection[int]) -> list[Json]:
    # The last one first: each removal moves those behind it.
    return [{"op": "remove", "path": f"/relations/{number}"} for number in sorted(numbers, reverse=True)]


def _addition(run: str) -> Json:
    link = {
        "rel": "ArtifactLink",
        "url": f"vstfs:///Build/Build/{run}",
        "attributes": {"name": "Build", "comment": CLAIM},
    }
    return {"op": "add", "path": "/relations/-", "value": link}


def _written(client: AzureClient, seen: _Linked, steps: Sequence[Json], run: str, *, present: bool) -> int | None:
    """Change the links and return the new revision if the item is still at the revision in `seen`, else None."""

    def happened() -> Json | None:
        now = _read(client, seen.item_id)
        return {"rev": now.revision} if (run in now.claims().values()) is present else None

    try:
        answer: Any = client.write(
            "PATCH",
            f"_apis/wit/workitems/{seen.item_id}",
            body=[{"op": "test", "path": "/rev", "value": seen.revision}, *steps],
            content_type=JSON_PATCH,
            happened=happened,
            about=f"the links of work item {seen.item_id}",
        )
    except ConflictError:
        return None
    except AzureError as error:
        if "RelationAlreadyExists" not in error.type_key:
            raise
        return None
    # A dry run sends nothing and gets no revision.
    return int(answer.get("rev") or seen.revision)
