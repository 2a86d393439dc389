"""Security namespaces, their rights, and the tokens of what they protect.

Ids and bits: learn.microsoft.com/azure/devops/organizations/security/namespace-reference; tokens of areas and pipelines: the
same page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

GIT = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87"
AREAS = "83e28ad4-2d72-4ceb-97b0-c7726d5502c3"
BUILD = "33344d9c-fc72-4d6f-aba5-fa317101a7e9"
TAGGING = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2"

# Rights that this organisation knows, under the names of its seeds.
BITS: Mapping[str, Mapping[str, int]] = {
    GIT: {
        "GenericRead": 2,
        "GenericContribute": 4,
        "ForcePush": 8,
        "CreateBranch": 16,
        "ManagePermissions": 8192,
        "PullRequestContribute": 16384,
    },
    AREAS: {"EditAreaNode": 2, "WorkItemRead": 16, "WorkItemWrite": 32},
    BUILD: {"ViewBuilds": 1, "UpdateBuildInformation": 64, "QueueBuilds": 128, "AdministerBuildPermissions": 16384},
    TAGGING: {"CreateTagDefinition": 2},
}
# All bits of a namespace, also those that nothing here asks for.
ALL_BITS = {GIT: 2**16 - 1, AREAS: 2**10 - 1, BUILD: 2**17 - 1, TAGGING: 2**4 - 1}
# The right to change who may do what.
KEEPERS = {
    GIT: "ManagePermissions",
    AREAS: "EditAreaNode",
    BUILD: "AdministerBuildPermissions",
    TAGGING: "ManagePermissions",
}
# What separates a token from those below it.
SEPARATORS = {GIT: "/", AREAS: ":", BUILD: "/", TAGGING: "/"}


def of_right(right: str) -> str:
    """Return the namespace of a right, "" for one that no list can grant."""
    return next((namespace for namespace, bits in BITS.items() if right in bits), "")


def area_id(project: str, area: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{project}/area/{area.casefold()}"))


def area_token(project: str, area: str) -> str:
    """Return the token of an area, which names its chain of nodes."""
    names = area.split("\\")
    chain = ["\\".join(names[: end + 1]) for end in range(len(names))]
    return ":".join(f"vstfs:///Classification/Node/{area_id(project, each)}" for each in chain)


def lineage(namespace: str, token: str) -> Sequence[str]:
    """Return a token and those above it, the nearest first."""
    separator = SEPARATORS[namespace]
    # "vstfs:///…" has colons of its own.
    parts = token.replace("vstfs:", "vstfs;").split(separator)
    return [separator.join(parts[:end]).replace("vstfs;", "vstfs:") for end in range(len(parts), 0, -1)]
