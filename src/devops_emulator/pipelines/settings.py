"""The pipeline settings of a project (build.json, PipelineGeneralSettings)."""

from __future__ import annotations

from devops_emulator.organisation import find_project
from devops_emulator.wire import Answer, Call, Resource

DEFAULTS = {
    # A new organisation limits jobs to their project; here a job is the collection's, unless a seed says so.
    "enforceJobAuthScope": False,
    "enforceJobAuthScopeForReleases": False,
    "enforceReferencedRepoScopedToken": False,
    "enforceSettableVar": True,
    "publishPipelineMetadata": False,
    "statusBadgesArePrivate": True,
}


def _get(call: Call) -> Answer:
    return Answer(find_project(call.organisation, call.values["project"])["settings"])


RESOURCES = (
    Resource(
        "c4aefd19-30ff-405b-80ad-aca021e7242a",
        "build",
        "generalsettings",
        "{project}/_apis/{area}/{resource}",
        {"GET": _get},
        version=1,
        project_required=True,
    ),
)
