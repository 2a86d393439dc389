"""Builds: the job of each repository, its status and tags, and the variables of the job."""

from __future__ import annotations

from devops_emulator import oidc, people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, denied, find_project, now, project_reference
from devops_emulator.pipelines import definitions, queueing
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, choice, collection, hrefs, served

_STATUSES = {1: "inProgress", 2: "completed", 4: "cancelling", 8: "postponed", 32: "notStarted"}
_RESULTS = {2: "succeeded", 4: "partiallySucceeded", 8: "failed", 32: "canceled"}
# Members that are stored as the service shows them.
_SHOWN = (
    "id",
    "buildNumber",
    "status",
    "result",
    "queueTime",
    "startTime",
    "finishTime",
    "tags",
    "sourceBranch",
    "sourceVersion",
)


def running_build(organisation: Organisation, repository: Document) -> Document:
    """Return the build in progress for the repository's default branch; start one if there is none."""
    home = repositories.path(organisation, repository)
    branch = git.default_branch(home)
    commit = git.tip(home, branch) or ""
    mine = [one for one in organisation.store.all("build") if one["repository"] == repository["id"]]
    if mine and mine[-1]["status"] == "inProgress":
        build = mine[-1]
    else:
        number, moment = organisation.store.next_number("build"), now()
        build = {
            "id": number,
            # One pipeline for each repository, with the number of its first build as id.
            "definition": mine[0]["definition"] if mine else number,
            "project": repository["project"],
            "repository": repository["id"],
            "status": "inProgress",
            "buildNumber": f"{moment[:10].replace('-', '')}.{number}",
            "queueTime": moment,
            "startTime": moment,
            "tags": [],
        }
    build |= {"sourceBranch": branch, "sourceVersion": commit}
    _keep(organisation, build)
    return build


def job_variables(organisation: Organisation, repository: Document) -> dict[str, str]:
    """Return the environment variables of a job of this repository.

    Names: learn.microsoft.com/azure/devops/pipelines/build/variables.
    """
    project = repositories.project_of(organisation, repository)
    build = running_build(organisation, repository)
    me = people.job_of(organisation, project)
    return {
        "TF_BUILD": "True",
        "SYSTEM_COLLECTIONURI": organisation.url,
        "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": organisation.url,
        "SYSTEM_COLLECTIONID": organisation.id,
        "SYSTEM_TEAMPROJECT": project["name"],
        "SYSTEM_TEAMPROJECTID": project["id"],
        "SYSTEM_ACCESSTOKEN": people.job_token(organisation, project),
        "SYSTEM_HOSTTYPE": "build",
        "SYSTEM_DEFINITIONID": str(build["definition"]),
        "SYSTEM_JOBID": oidc.job_of(organisation, build),
        "SYSTEM_PLANID": oidc.plan_of(organisation, build),
        "SYSTEM_OIDCREQUESTURI": oidc.request_uri(organisation, build),
        "SYSTEM_JOBATTEMPT": "1",
        "BUILD_BUILDID": str(build["id"]),
        "BUILD_BUILDNUMBER": build["buildNumber"],
        "BUILD_BUILDURI": f"vstfs:///Build/Build/{build['id']}",
        "BUILD_REASON": "Manual",
        "BUILD_REPOSITORY_ID": repository["id"],
        "BUILD_REPOSITORY_NAME": repository["name"],
        "BUILD_REPOSITORY_PROVIDER": "TfsGit",
        "BUILD_REPOSITORY_URI": repositories.remote_url(organisation, repository),
        "BUILD_SOURCEBRANCH": build["sourceBranch"],
        "BUILD_SOURCEBRANCHNAME": build["sourceBranch"].rpartition("/")[2],
        "BUILD_SOURCEVERSION": build["sourceVersion"],
        "BUILD_REQUESTEDFOR": me["displayName"],
        "BUILD_REQUESTEDFORID": me["id"],
    }


def _keep(organisation: Organisation, build: Document) -> None:
    organisation.store.put("build", build["id"], build)


def _shape(organisation: Organisation, build: Document) -> Document:
    project = find_project(organisation, build["project"])
    name = (organisation.store.find("repository", build["repository"]) or {}).get("name", "")
    me = people.reference(organisation, people.job_of(organisation, project))
    definition = organisation.store.find("definition", build["definition"])
    url = f"{organisation.url}{project['id']}/_apis/build/Builds/{build['id']}"
    page = f"{organisation.url}{project['id']}/_build/results?buildId={build['id']}"
    return {
        **{member: build[member] for member in _SHOWN if member in build},
        "reason": build.get("reason", "manual"),
        "priority": "normal",
        "uri": f"vstfs:///Build/Build/{build['id']}",
        "url": url,
        "project": project_reference(organisation, project),
        "definition": {
            "id": build["definition"],
            "name": definition["name"] if definition else name,
            "type": "build",
            "queueStatus": "enabled",
        },
        "repository": {
            "id": build["repository"],
            "type": "TfsGit",
            "name": name,
            "clean": None,
            "checkoutSubmodules": False,
        },
        "requestedFor": me,
        "requestedBy": me,
        "lastChangedBy": me,
        "lastChangedDate": build.get("finishTime", build.get("startTime", build["queueTime"])),
        "_links": hrefs(self=url, web=page),
    }


def _find(call: Call) -> Document:
    number, project = call.values["buildId"], call.any_project()
    build = call.organisation.store.find("build", number)
    if build is None or (project and project["id"] != build["project"]):
        raise Fault(404, "BuildNotFoundException", f"The requested build {number} could not be found.")
    _require(call, build, "ViewBuilds", "View builds")
    return build


def _changeable(call: Call) -> Document:
    build = _find(call)
    _require(call, build, "UpdateBuildInformation", "Update build information")
    return build


def _require(call: Call, build: Document, right: str, name: str) -> None:
    project, definition = find_project(call.organisation, build["project"]), build["definition"]
    needs = f"{{who}} needs {name} permissions for build pipeline {definition} to perform the action."
    people.require(call.organisation, project, right, f"Access denied. {needs}", definition=definition)


def _list(call: Call) -> Answer:
    project = call.any_project()
    builds = [
        _shape(call.organisation, one)
        for one in reversed(call.organisation.store.all("build"))
        if (project is None or one["project"] == project["id"])
        and not denied(
            call.organisation,
            find_project(call.organisation, one["project"]),
            "ViewBuilds",
            definition=one["definition"],
        )
        and call.query("definitions") in ("", str(one["definition"]))
    ]
    return collection(builds[: call.number("$top", 1000)])


def _get(call: Call) -> Answer:
    return Answer(_shape(call.organisation, _find(call)))


def _update(call: Call) -> Answer:
    build, body = _changeable(call), call.object()
    if body.get("status") is not None:
        _check_may_start(call, build, body["status"])
        build["status"] = choice(body["status"], _STATUSES, "status")
    if body.get("result") is not None:
        if build["status"] != "completed":
            raise invalid("Only a completed build has a result.")
        build["result"] = choice(body["result"], _RESULTS, "result")
    if build["status"] != "notStarted":
        build.setdefault("startTime", now())
    if build["status"] == "completed":
        build.setdefault("finishTime", now())
        build.setdefault("result", "succeeded")
    _keep(call.organisation, build)
    return Answer(_shape(call.organisation, build))


def _check_may_start(call: Call, build: Document, status: object) -> None:
    """Refuse to start a run whose pipeline may not use its resources: it waits until a person permits it."""
    definition = call.organisation.store.find("definition", build["definition"])
    if build["status"] != "notStarted" or definition is None or choice(status, _STATUSES, "status") != "inProgress":
        return
    if missing := definitions.unauthorised(call.organisation, definition):
        raise Fault(
            403,
            "PipelineResourceUnauthorizedException",
            f"This pipeline needs permission to access a resource before this run can continue: {', '.join(missing)}.",
        )


def _queue(call: Call) -> Answer:
    body = call.object("definition", "sourceBranch", "sourceVersion", "templateParameters", "reason")
    definition = definitions.find(call, str((body.get("definition") or {}).get("id") or ""))
    branch = str(body.get("sourceBranch") or "")
    return Answer(_shape(call.organisation, queueing.queue(call, definition, branch, body.get("templateParameters"))))


def _tags(call: Call) -> Answer:
    return collection(_find(call)["tags"])


def _add_tags(call: Call) -> Answer:
    """Add the tag in the address, or those in the body."""
    tags = [call.values["tag"]] if "tag" in call.values else call.json()
    if not isinstance(tags, list):
        raise invalid("The tags of a build are a list of strings.")
    build = _changeable(call)
    build["tags"] += [tag for tag in dict.fromkeys(map(str, tags)) if tag not in build["tags"]]
    _keep(call.organisation, build)
    return collection(build["tags"])


def _remove_tag(call: Call) -> Answer:
    build = _changeable(call)
    build["tags"] = [tag for tag in build["tags"] if tag != call.values["tag"]]
    _keep(call.organisation, build)
    return collection(build["tags"])


RESOURCES = (
    served("Builds", {"GET": _list, "POST": _queue}, {"GET": _get, "PATCH": _update}),
    served("buildTags", {"GET": _tags, "POST": _add_tags}, {"PUT": _add_tags, "DELETE": _remove_tag}),
)
