"""One Azure DevOps organisation: its name, its token, its projects, and who may do what."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4, uuid5

from devops_emulator.faults import Fault
from devops_emulator.security import namespaces
from devops_emulator.store import Document, Store, pick

NAME = "emulated"

# Rights a seed can deny the job's identity, by project or by repository; and single people, as `limited`.
GIT_RIGHTS = ("GenericRead", "GenericContribute", "CreateBranch", "ForcePush", "PullRequestContribute")
PROJECT_RIGHTS = (
    "WorkItemRead",
    "WorkItemWrite",
    "CreateTagDefinition",
    "EditSubscriptions",
    "ViewBuilds",
    "UpdateBuildInformation",
    "QueueBuilds",
)
ADMINISTRATION = (
    "CreateServiceEndpoint",
    "CreateVariableGroup",
    "CreateDefinition",
    "AdministerResource",
    "ManagePermissions",
    "EditAreaNode",
    "AdministerBuildPermissions",
)


@dataclass(frozen=True)
class Organisation:
    """An organisation kept in `folder` and served at `url` (the collection URL, ending with a slash)."""

    folder: Path
    url: str
    store: Store
    id: str
    token: str
    deliver: Callable[[Document, Document], object] = field(repr=False)
    """Send a body (second argument) to a subscription's consumer (first) in the background."""
    caller: Document | None = None
    """The person whose token the request carries; None for the job of the collection's build service."""

    @property
    def repositories(self) -> Path:
        return self.folder / "repositories"


def open_organisation(
    folder: Path, url: str, store: Store, deliver: Callable[[Document, Document], object]
) -> Organisation:
    """Open the organisation in the store, or create it; its token is generated once and kept."""
    with store.transaction():
        kept = store.find("organisation", NAME)
        if kept is None:
            # Real job tokens are long opaque strings; the length exposes code that stores or masks them wrongly.
            kept = {"id": str(uuid4()), "token": secrets.token_urlsafe(48)}
            store.put("organisation", NAME, kept)
    return Organisation(folder, url, store, kept["id"], kept["token"], deliver)


def projects(organisation: Organisation) -> list[Document]:
    return organisation.store.all("project")


def find_project(organisation: Organisation, name_or_id: str) -> Document:
    """Return a project by name or GUID; raises Fault 404 TF200016."""
    absent = Fault(
        404,
        "ProjectDoesNotExistWithNameException",
        f"TF200016: The following project does not exist: {name_or_id}. Verify that the name of the project is correct "
        "and that the project exists on the specified Azure DevOps Server.",
    )
    return pick(projects(organisation), name_or_id, ("id", "name"), absent)


def build_service(organisation: Organisation) -> str:
    return str(uuid5(UUID(organisation.id), "build"))


def denied(
    organisation: Organisation,
    project: Document,
    right: str,
    repository: Document | None = None,
    *,
    area: str = "",
    definition: int = 0,
    token: str = "",
) -> bool:
    """Return whether the caller lacks a right in a project, repository, area or pipeline.

    An access control entry decides, the nearest first; without one a build service lacks what the seed denies it, and a
    person what the seed names as their limits. `token` is the security token, if the caller has it already.
    """
    caller = organisation.caller
    namespace = namespaces.of_right(right)
    if namespace:
        wanted = token or _token(namespace, project, repository, area, definition)
        bit = namespaces.BITS[namespace][right]
        identity = caller["id"] if caller else build_service(organisation)
        for each in namespaces.lineage(namespace, wanted):
            entry = (organisation.store.find("entries", f"{namespace}/{each}") or {}).get(identity)
            if entry and (entry["allow"] | entry["deny"]) & bit:
                return not entry["allow"] & bit
    if caller is not None and not caller.get("service"):
        return right in project.get("limited", {}).get(caller["uniqueName"].casefold(), ())
    if namespace == namespaces.GIT and repository is None and token.count("/") > 1:
        repository = organisation.store.find("repository", token.split("/")[2])
    return right in project.get("deny", ()) or (repository is not None and right in repository.get("deny", ()))


def _token(namespace: str, project: Document, repository: Document | None, area: str, definition: int) -> str:
    if namespace == namespaces.AREAS:
        return namespaces.area_token(project["id"], area or project["name"])
    if namespace == namespaces.BUILD:
        return f"{project['id']}/{definition}" if definition else str(project["id"])
    if namespace == namespaces.TAGGING:
        return f"/{project['id']}"
    return f"repoV2/{project['id']}/{repository['id']}" if repository else f"repoV2/{project['id']}"


def project_reference(organisation: Organisation, project: Document) -> Document:
    """Shape a project as other resources reference it (core.json, TeamProjectReference)."""
    return {
        "id": project["id"],
        "name": project["name"],
        "description": project.get("description", ""),
        "url": f"{organisation.url}_apis/projects/{project['id']}",
        "state": "wellFormed",
        "revision": 1,
        "visibility": "private",
        "lastUpdateTime": project["created"],
    }


def now() -> str:
    """Return the current time as the service writes it: ISO 8601, UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
