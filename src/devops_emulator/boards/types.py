"""Work item types and their states, and link types, over REST."""

from __future__ import annotations

from urllib.parse import quote

from devops_emulator.boards import links, processes
from devops_emulator.boards.items import readable_item, reference
from devops_emulator.faults import malformed
from devops_emulator.organisation import find_project
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, collection, listed


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
    project = find_project(call.organisation, call.values["project"])
    return collection([_shape(call, project, name) for name in processes.PROCESSES[project["process"]]])


def _get(call: Call) -> Answer:
    project = find_project(call.organisation, call.values["project"])
    return Answer(_shape(call, project, processes.type_name(project["process"], call.values["type"])))


def _list_states(call: Call) -> Answer:
    project = find_project(call.organisation, call.values["project"])
    return collection(_states(project, call.values["type"]))


def _relation_types(call: Call) -> Answer:
    named = {rel: name for rel, (_, name) in links.BETWEEN_ITEMS.items()} | links.RESOURCE_LINKS
    return collection(
        [
            {
                "referenceName": rel,
                "name": name,
                "attributes": {
                    "usage": "workItemLink" if rel in links.BETWEEN_ITEMS else "resourceLink",
                    "enabled": True,
                },
                "url": f"{call.organisation.url}_apis/wit/workItemRelationTypes/{quote(rel)}",
            }
            for rel, name in named.items()
        ]
    )


def _linked_to(call: Call) -> Answer:
    wanted = listed(call.object().get("artifactUris"))
    if not wanted:
        raise malformed("The artifactUris of the body must not be empty.")
    project = call.project()
    found: dict[str, list[Document]] = {str(uri): [] for uri in wanted}
    for item in call.organisation.store.all("work_item"):
        addresses = {link["url"].casefold() for link in item["revisions"][-1]["relations"]}
        for uri, references in found.items():
            if uri.casefold() in addresses and (project is None or project["id"] == item["project"]):
                references.append(reference(call.organisation, readable_item(call.organisation, item["id"])))
    return Answer({"artifactUrisQueryResult": found})


RESOURCES = (
    Resource(
        "7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa",
        "wit",
        "workItemTypes",
        "{project}/_apis/{area}/{resource}/{type}",
        {"GET": _list},
        {"GET": _get},
        version=2,
        project_required=True,
    ),
    Resource(
        "7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa",
        "wit",
        "states",
        "{project}/_apis/{area}/workItemTypes/{type}/{resource}",
        {"GET": _list_states},
        version=1,
        project_required=True,
    ),
    Resource(
        "f5d33bc9-5b49-4a3c-a9bd-f3cd46dd2165",
        "wit",
        "workItemRelationTypes",
        "_apis/{area}/{resource}",
        {"GET": _relation_types},
        version=2,
    ),
    Resource(
        "a9a9aa7a-8c09-44d3-ad1b-46e855c1e3d3",
        "wit",
        "artifactUriQuery",
        "{project}/_apis/{area}/{resource}",
        {"POST": _linked_to},
        version=1,
    ),
)
