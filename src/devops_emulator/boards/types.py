"""Work item types and their states, and link types, over REST."""

from __future__ import annotations

from urllib.parse import quote

from devops_emulator.boards import links, processes
from devops_emulator.boards.items import latest, readable_item, reference
from devops_emulator.faults import malformed
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, listed, served


def _shape(call: Call, project: Document, name: str) -> Document:
    url = f"{call.organisation.url}{project['id']}/_apis/wit/workItemTypes/{quote(name)}"
    return {
        "name": name,
        "referenceName": f"Microsoft.VSTS.WorkItemTypes.{name.replace(' ', '')}",
        "description": "",
        "color": "009CCC",
        "isDisabled": False,
        "states": _states(project, name),
        "url": url,
    }


def _states(project: Document, name: str) -> list[Document]:
    return [
        {"name": state.name, "color": processes.COLORS[state.category], "category": state.category}
        for state in processes.states(project, name)
    ]


def _list(call: Call) -> Answer:
    project = call.project
    return collection([_shape(call, project, name) for name in processes.PROCESSES[project["process"]]])


def _get(call: Call) -> Answer:
    project = call.project
    return Answer(_shape(call, project, processes.type_name(project["process"], call.values["type"])))


def _list_states(call: Call) -> Answer:
    project = call.project
    return collection(_states(project, call.values["type"]))


def _relation_types(call: Call) -> Answer:
    named = {rel: name for rel, (_, name) in links.BETWEEN_ITEMS.items()} | links.RESOURCE_LINKS
    usage = {True: "workItemLink", False: "resourceLink"}
    return collection(
        [
            {
                "referenceName": rel,
                "name": name,
                "attributes": {"usage": usage[rel in links.BETWEEN_ITEMS], "enabled": True},
                "url": f"{call.organisation.url}_apis/wit/workItemRelationTypes/{quote(rel)}",
            }
            for rel, name in named.items()
        ]
    )


def _linked_to(call: Call) -> Answer:
    wanted, project = listed(call.object().get("artifactUris")), call.any_project()
    if not wanted:
        raise malformed("The artifactUris of the body must not be empty.")
    found: dict[str, list[Document]] = {str(uri): [] for uri in wanted}
    for item in call.organisation.store.all("work_item"):
        addresses = {link["url"].casefold() for link in latest(item)["relations"]}
        for uri, references in found.items():
            if uri.casefold() in addresses and (project is None or project["id"] == item["project"]):
                references.append(reference(call.organisation, readable_item(call.organisation, item["id"])))
    return Answer({"artifactUrisQueryResult": found})


RESOURCES = (
    served("workItemRelationTypes", {"GET": _relation_types}),
    served("artifactUriQuery", {"POST": _linked_to}),
    served("workItemTypes", {"GET": _list}, {"GET": _get}),
    served("states", {"GET": _list_states}),
)
