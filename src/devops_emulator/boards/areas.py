"""The areas of a project, as a tree of nodes (workItemTracking.json, WorkItemClassificationNode)."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote
from uuid import UUID

from devops_emulator.boards import items
from devops_emulator.faults import Fault, malformed
from devops_emulator.organisation import Organisation
from devops_emulator.security import namespaces
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, hrefs, served

_MOST = 1 << 31


def _known(organisation: Organisation, project: Document) -> dict[str, str]:
    """Return the areas by folded path, parents first: those of the seed, of the items, and all above them."""
    used = [items.area_of(one) for one in organisation.store.all("work_item") if one["project"] == project["id"]]
    found = {project["name"].casefold(): project["name"]}
    for path in (*project["areas"], *filter(None, used)):
        names = path.split("\\")
        for end in range(1, len(names) + 1):
            area = "\\".join(names[:end])
            found.setdefault(area.casefold(), area)
    return found


def tokens(organisation: Organisation, project: Document) -> Collection[str]:
    return {namespaces.area_token(project["id"], area) for area in _known(organisation, project).values()}


def _get(call: Call) -> Answer:
    project = call.project
    group = call.values["structureGroup"]
    if group.casefold() != "areas":
        raise malformed(f"The value '{group}' is not valid for structureGroup here: only Areas is emulated.")
    path = call.values.get("path", "").replace("/", "\\").strip("\\")
    known = _known(call.organisation, project)
    area = known.get("\\".join(filter(None, (project["name"], path))).casefold())
    if area is None:
        raise Fault(
            404, "ClassificationNodeNotFoundException", f"VS402485: The area or iteration path {path} was not found."
        )
    shown = _shape(call, project, area, known, call.number("$depth", 0))
    return Answer(shown | {"_links": hrefs(self=shown["url"])})


def _shape(call: Call, project: Document, area: str, known: dict[str, str], depth: int) -> Document:
    below = f"{area.casefold()}\\"
    children = [one for folded, one in known.items() if folded.startswith(below) and "\\" not in folded[len(below) :]]
    names, node = area.split("\\"), namespaces.area_id(project["id"], area)
    home = f"{call.organisation.url}{project['id']}/_apis/wit/classificationNodes/Areas"
    shown: Document = {
        "id": UUID(node).int % _MOST,
        "identifier": node,
        "name": names[-1],
        "structureType": "area",
        "hasChildren": bool(children),
        "path": "\\" + "\\".join((project["name"], "Area", *names[1:])),
        "url": "/".join((home, *map(quote, names[1:]))),
    }
    if children and depth:
        shown["children"] = [_shape(call, project, one, known, depth - 1) for one in children]
    return shown


RESOURCES = (served("classificationNodes", {"GET": _get}, {"GET": _get}),)
