"""Projects and their pipeline settings over REST, and the resource areas that Microsoft's clients request first."""

from __future__ import annotations

from devops_emulator.organisation import find_project, project_reference, projects
from devops_emulator.wire import Answer, Call, collection, hrefs, served

DEFAULTS = {
    # A new organisation limits jobs to their project; here a job is the collection's, unless a seed says so.
    "enforceJobAuthScope": False,
    "enforceJobAuthScopeForReleases": False,
    "enforceReferencedRepoScopedToken": False,
    "enforceSettableVar": True,
    "publishPipelineMetadata": False,
    "statusBadgesArePrivate": True,
}


def _settings(call: Call) -> Answer:
    return Answer(call.project["settings"])


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
    served("projects", {"GET": _list}, {"GET": _get}),
    served("generalsettings", {"GET": _settings}),
    served("ResourceAreas", {"GET": _areas}, {"GET": _area}),
)
