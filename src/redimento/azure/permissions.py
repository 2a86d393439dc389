"""Ask Azure DevOps which rights the token's account has. Asking changes nothing.

The request is in security.json of the REST specification (github.com/MicrosoftDocs/vsts-rest-api-specs, 7.1); the
namespaces are listed in docs/organizations/security/namespace-reference.md, the tokens in Microsoft's
azure-devops-cli-extension, doc/security_tokens.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from redimento.azure.client import AzureClient
from redimento.azure.shape import readable
from redimento.delivery.rights import AREA_PAGE, PIPELINE_PAGE, PROJECT_PAGE, REPOSITORY_PAGE, Right
from redimento.errors import AzureError

NAMESPACES = {
    REPOSITORY_PAGE: "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87",
    AREA_PAGE: "83e28ad4-2d72-4ceb-97b0-c7726d5502c3",
    PIPELINE_PAGE: "33344d9c-fc72-4d6f-aba5-fa317101a7e9",
    PROJECT_PAGE: "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2",  # of its rights only those on tag definitions
}


@dataclass(frozen=True)
class Place:
    """What rights are asked for: a repository, or one branch of it, an area, given by the ids of its nodes from the root
    on, and a pipeline. "" and () for what is not asked for.
    """

    project_id: str
    repository_id: str = ""
    branch: str = ""
    area: tuple[str, ...] = ()
    pipeline: str = ""

    def token(self, page: str) -> str:
        """Return how the namespace of a page names this place."""
        if page == REPOSITORY_PAGE:
            # Each part of a branch's name is a level of its own, in UTF-16.
            parts = [part.encode("utf-16-le", "surrogatepass").hex() for part in self.branch.split("/") if part]
            reference = "/".join(("refs/heads", *parts, "")) if parts else ""
            return f"repoV2/{self.project_id}/{self.repository_id}/{reference}"
        if page == AREA_PAGE:
            return ":".join(f"vstfs:///Classification/Node/{node}" for node in self.area)
        if page == PIPELINE_PAGE:
            return f"{self.project_id}/{self.pipeline}"
        return f"/{self.project_id}"


@dataclass(frozen=True)
class Permissions:
    """What the server says of the token's account in one project: its rights, and what it reaches."""

    client: AzureClient
    project_id: str

    @readable
    def held(self, wanted: Sequence[tuple[Right, Place]]) -> tuple[bool, ...]:
        """Return for each right whether the account has it there, with one request. Raises AzureError."""
        evaluations = [
            {"securityNamespaceId": NAMESPACES[right.page], "token": place.token(right.page), "permissions": right.mask}
            for right, place in wanted
        ]
        answer = self.client.get(
            "_apis/security/permissionevaluationbatch",
            body={"alwaysAllowAdministrators": False, "evaluations": evaluations},
            about="the rights of this account",
        )
        told = answer["evaluations"]
        if len(told) != len(evaluations) or not all(
            isinstance(one["value"], bool) and one["permissions"] == asked["permissions"]
            for one, asked in zip(told, evaluations, strict=True)
        ):
            raise ValueError("evaluations")
        return tuple(one["value"] for one in told)

    @readable
    def area(self, path: str) -> tuple[str, ...]:
        """Return the ids of the nodes from the root on to the area `path`, as work items spell it. Raises AzureError."""
        names = [name.strip() for name in path.split("\\")]
        depth = max(len(names) - 1, 0)
        place, about = "_apis/wit/classificationnodes/Areas", "the areas of the project"
        node = self.client.get(place, project=self.project_id, query={"$depth": str(depth)}, about=about)
        return tuple(_way(node, names[1:], path))

    @readable
    def general_settings(self) -> Mapping[str, Any]:
        """Return what the project says about the reach of its jobs. Raises AzureError."""
        path, about = "_apis/build/generalsettings", "the settings of the project's pipelines"
        found: Mapping[str, Any] = dict(self.client.get(path, project=self.project_id, about=about))
        return found

    @readable
    def repository(self, repository_id: str) -> Mapping[str, Any]:
        """Return a repository as the server describes it. Raises AzureError."""
        path = f"_apis/git/repositories/{quote(repository_id, safe='')}"
        found: Mapping[str, Any] = dict(self.client.get(path, project=self.project_id, about="the repository"))
        return found


def _way(node: Mapping[str, Any], names: Sequence[str], path: str) -> Iterator[str]:
    yield str(node["identifier"])
    for name in names:
        below = [each for each in node.get("children") or () if str(each["name"]).casefold() == name.casefold()]
        if not below:
            raise AzureError(f"The project has no area {path!r}.", "Check work_items.areas in .redimento.yml.")
        node = below[0]
        yield str(node["identifier"])
