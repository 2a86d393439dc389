"""Agent queues: the pools of agents that a project may use."""

from __future__ import annotations

from devops_emulator.organisation import Organisation
from devops_emulator.pipelines import permissions
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, served

HOSTED = "Azure Pipelines"


def add_queue(organisation: Organisation, project: Document, name: str) -> None:
    """Add a queue; every pipeline may use the hosted one."""
    number = organisation.store.next_number("queue")
    queue = {"id": number, "project": project["id"], "name": name}
    organisation.store.put("queue", number, queue)
    if name == HOSTED:
        permissions.open_to_all(organisation, "queue", str(number))


def _list(call: Call) -> Answer:
    project = call.project
    wanted = [name.casefold() for name in call.query("queueNames").split(",") if name]
    if name := call.query("queueName"):
        wanted.append(name.casefold())
    return collection(
        [
            {
                "id": queue["id"],
                "projectId": project["id"],
                "name": queue["name"],
                "pool": {"id": queue["id"], "name": queue["name"], "isHosted": queue["name"] == HOSTED},
            }
            for queue in call.organisation.store.all("queue")
            if queue["project"] == project["id"] and (not wanted or queue["name"].casefold() in wanted)
        ]
    )


RESOURCES = (served("queues", {"GET": _list}),)
