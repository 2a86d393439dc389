"""One Azure DevOps organisation: its name, its token, its projects, and who may do what."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from devops_emulator.faults import Fault
from devops_emulator.store import Document, Store

NAME = "emulated"

# What a seed may take away from the job's identity, by project or by repository.
GIT_RIGHTS = ("GenericRead", "GenericContribute", "CreateBranch", "ForcePush", "PullRequestContribute")
PROJECT_RIGHTS = ("WorkItemRead", "WorkItemWrite", "EditSubscriptions", "UpdateBuildInformation")


@dataclass(frozen=True)
class Organisation:
    """An organisation kept in `folder` and served at `url` (the collection URL, ending with a slash)."""

    folder: Path
    url: str
    store: Store
    id: str
    token: str
    deliver: Callable[[Document, Document], None] = field(repr=False)
    """Send a body (second) to a subscription's consumer (first), in the background."""

    @property
    def repositories(self) -> Path:
        return self.folder / "repositories"


def open_organisation(
    folder: Path, url: str, store: Store, deliver: Callable[[Document, Document], None]
) -> Organisation:
    """Open the organisation kept in the store, or found it: the token is drawn once and stays."""
    with store.transaction():
        kept = store.find("organisation", NAME)
        if kept is None:
            # Job tokens of the service are long opaque strings; the length keeps code honest that stores or masks them.
            kept = {"id": str(uuid4()), "token": secrets.token_urlsafe(48)}
            store.put("organisation", NAME, kept)
    return Organisation(folder, url, store, kept["id"], kept["token"], deliver)


def projects(organisation: Organisation) -> list[Document]:
    return organisation.store.all("project")


def find_project(organisation: Organisation, name_or_id: str) -> Document:
    """Find a project by name or guid; raises Fault 404 TF200016."""
    wanted = name_or_id.casefold()
    for project in projects(organisation):
        if wanted in (project["id"], project["name"].casefold()):
            return project
    raise Fault(
        404,
        "ProjectDoesNotExistWithNameException",
        f"TF200016: The following project does not exist: {name_or_id}. Verify that the name of the project is correct "
        "and that the project exists on the specified Azure DevOps Server.",
    )


def denied(project: Document, right: str, repository: Document | None = None) -> bool:
    """Tell whether the job's identity lacks a right in a project, or in one repository of it."""
    return right in project.get("deny", ()) or (repository is not None and right in repository.get("deny", ()))


def project_reference(organisation: Organisation, project: Document) -> Document:
    """Shape a project as other resources refer to it (core.json, TeamProjectReference)."""
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
    """Name this moment as the service does: ISO 8601, UTC, with a fraction."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
