"""Where Redimento is installed: a repository in its project, and what an administrator chose for it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redimento.azure import address
from redimento.azure.client import AzureClient
from redimento.errors import AzureError, UsageError

Json = Mapping[str, Any]

MARK = "Made by `redimento install`."
# The resource area of the identity service (azure-devops Python client, identity_client.py).
_IDENTITY_SERVICE = "8a3d49b8-91f0-46ef-b33d-dda338c25db3"


@dataclass(frozen=True)
class Choices:
    """The options of `redimento install`; "" for what was not chosen."""

    repo: Path
    url: str
    image: str
    templates: str  # project/repository@ref
    registry_connection: str
    pool: str
    area: str
    tag: str
    work_item_type: str
    replies: bool
    variable_group: str
    service_connection: str
    workload_identity_provider: str
    service_account: str
    vertex_project: str
    vertex_location: str
    gemini_key: str = field(repr=False)


def refuse_unusable(choices: Choices) -> None:
    """Raise UsageError for what would only fail in a run: after the pull request is merged, and far from here."""
    for name, value in vars(choices).items():
        option = f"--{name.replace('_', '-')}"
        if name != "gemini_key" and isinstance(value, str) and (not value.isprintable() or value != value.strip()):
            raise UsageError(f"{option} has white space around it, or characters that nobody sees.", "Write it anew.")
        if name in ("image", "workload_identity_provider", "service_account") and " " in value:
            raise UsageError(f"{option} is more than one word.", "Give one, as docs/install.md shows.")
    if re.search("[,;]", choices.tag):  # such a filter would never be met, and nobody would be told
        raise UsageError("--tag is more than one tag, and a hook can filter by one.", "Name one.")
    if not (choices.variable_group or choices.service_connection):
        raise UsageError(
            "--variable-group is empty.", "Name the group with the key, or sign in with --service-connection."
        )
    if choices.service_connection and not choices.workload_identity_provider:
        raise UsageError(
            "--service-connection needs --workload-identity-provider, which tells Google to believe it.",
            "See docs/keyless.md.",
        )


@dataclass(frozen=True)
class Site:
    """A repository, seen with an administrator's token. `issued`: secrets that were made or found on the way."""

    client: AzureClient
    project: str
    repository: str
    choices: Choices
    issued: list[str] = field(default_factory=list, repr=False)

    @property
    def pipeline(self) -> str:
        """The name of the pipeline, and of its incoming webhook."""
        return f"redimento-{self.repository}"

    @cached_property
    def repository_row(self) -> Json:
        """The repository as the server describes it; raises NotThereError."""
        row: Json = self.client.get(
            f"_apis/git/repositories/{quote(self.repository, safe='')}",
            project=self.project,
            about=f"repository {self.repository}",
        )
        return row

    @property
    def repository_id(self) -> str:
        return str(self.repository_row["id"])

    @property
    def project_id(self) -> str:
        return str(self.repository_row["project"]["id"])

    @property
    def branch(self) -> str:
        """The default branch, as a full reference. Raises AzureError for an empty repository."""
        name = str(self.repository_row.get("defaultBranch") or "")
        if not name:
            raise AzureError(f"The repository {self.repository} has no branch yet.", "Push a first commit.")
        return name

    def new_hook_name(self) -> str:
        """Return a name for the incoming webhook that nobody can guess: it is all that protects it."""
        name = f"{self.hook_prefix}{secrets.token_hex(20)}"
        self.issued.append(name)
        return name

    @property
    def hook_prefix(self) -> str:
        return f"redimento-{self.repository_id[:8]}-"

    def rows(self, path: str, **query: str) -> list[Json]:
        """Return the rows of a list in the project."""
        answer = self.client.get(path, project=self.project, query=query)
        return [row for row in (answer or {}).get("value") or [] if isinstance(row, Mapping)]

    def named(self, path: str, label: str, /, **query: str) -> Json | None:
        """Return the row of a list in the project that has a name, None if there is none."""
        return next((row for row in self.rows(path, **query) if same(row.get("name"), label)), None)

    def connection(self, name: str) -> Json | None:
        return self.named("_apis/serviceendpoint/endpoints", name, endpointNames=name)

    def group(self) -> Json | None:
        return self.named(
            "_apis/distributedtask/variablegroups", self.choices.variable_group, groupName=self.choices.variable_group
        )

    def definition(self) -> Json | None:
        """Return the pipeline with all its members, None if there is none."""
        found = self.named("_apis/build/definitions", self.pipeline, name=self.pipeline)
        if found is None:
            return None
        whole: Json = self.client.get(f"_apis/build/definitions/{found['id']}", project=self.project)
        return whole

    @cached_property
    def job_account(self) -> str:
        """The name of the account that jobs of the project have."""
        name = address.organisation(self.client.collection_url)
        settings = self.client.get("_apis/build/generalsettings", project=self.project, about="the pipeline settings")
        if settings.get("enforceJobAuthScope"):
            return f"{self.project} Build Service ({name})"
        return f"Project Collection Build Service ({name})"

    def descriptor(self, account: str) -> str:
        """Return the descriptor of an account; raises AzureError if Azure DevOps has not made it yet."""
        service = self.client.service(_IDENTITY_SERVICE)
        query = {"searchFilter": "General", "filterValue": account}
        rows = (service.get("_apis/identities", query=query, about=f"the account {account}") or {}).get("value") or []
        for row in rows:
            if row and same(row.get("providerDisplayName"), account) and row.get("isActive", True):
                return str(row["descriptor"])
        raise AzureError(
            f"The account {account} does not exist yet: Azure DevOps makes it when a pipeline of the project first runs.",
            "Run any pipeline of the project once, then run this again.",
        )

    def link(self, *segments: str, **query: str) -> str:
        """Return the address of a page of the project."""
        tail = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return self.client.web_url(self.project, *segments) + (f"?{tail}" if tail else "")


def is_ours(row: Json) -> bool:
    """Return whether a description says that `install` made this."""
    described = [row, *(row.get("serviceEndpointProjectReferences") or [])]
    return any(MARK in str(one.get("description") or "") for one in described)


def same(one: object, other: object) -> bool:
    """Compare names as Azure DevOps does."""
    return str(one or "").casefold() == str(other or "").casefold()


def hook_name(url: str) -> str:
    """Return the incoming webhook that an address is of, "" for none."""
    found = re.search(r"/_apis/public/distributedtask/webhooks/([^/?#]+)", url, re.IGNORECASE)
    return found[1] if found else ""
