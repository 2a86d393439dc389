"""Projects over REST, and the resource areas that Microsoft's clients request first."""

from __future__ import annotations

from devops_emulator.organisation import find_project, project_reference, projects
from devops_emulator.wire import Answer, Call, Resource, collection, hrefs


def _list(call: Call) -> Answer:
    page = call.page(projects(call.organisation), 100)
    return collection([project_reference(call.organisation, project) for project in page])


def _get(call: Call) -> Answer:
    project = find_project(call.organisation, call.values["projectId"])
    shown = project_reference(call.organisation, project)
    if call.flag("includeCapabilities"):
        shown["capabilities"] = {
            "processTemplate": {"templateName": project["process"]},
            "versioncontrol": {"sourceControlType": "Git", "gitEnabled": "True", "tfvcEnabled": "False"},
        }
    shown["_links"] = hrefs(self=shown["url"])
    return Answer(shown)


def _areas(call: Call) -> Answer:
    # Azure DevOps Server answers like this: every area is at the collection's own address.
    del call
    return Answer({"count": 0, "value": None})


def _area(call: Call) -> Answer:
    return Answer({"id": call.values["areaId"], "name": "", "locationUrl": call.organisation.url})


RESOURCES = (
    Resource(
        "603fe2ac-9723-48b9-88ad-09305aa6c6e1",
        "core",
        "projects",
        "_apis/{resource}/{projectId}",
        {"GET": _list},
        {"GET": _get},
        version=4,
    ),
    Resource(
        "e81700f7-3be2-46de-8624-2eb35882fcaa",
        "Location",
        "ResourceAreas",
        "_apis/{resource}/{areaId}",
        {"GET": _areas},
        {"GET": _area},
        preview=True,
        version_optional=True,
    ),
)
