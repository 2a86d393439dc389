"""Auto-complete: which merge the policies of a branch allow, and whether they wait for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from redimento.azure.client import AzureClient
from redimento.errors import UsageError

NOBODY = "00000000-0000-0000-0000-000000000000"  # as whoever set it: cancels it
# Ids of policy types (`_apis/policy/types`).
_MERGE = "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab"
_APPROVALS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
# In the order in which one is chosen where none is named: Azure's own default first.
_ALLOWING = {
    "noFastForward": "allowNoFastForward",
    "squash": "allowSquash",
    "rebaseMerge": "allowRebaseMerge",
    "rebase": "allowRebase",
}

Json = Mapping[str, Any]


def allowed(client: AzureClient, project: str, repository: str, branch: str) -> tuple[str, ...]:
    """Return the merge strategies that the policies of a branch allow.

    Raises UsageError where no person has to approve: auto-complete would then merge what nobody has looked at.
    """
    query = {"repositoryId": repository, "refName": f"refs/heads/{branch}"}
    about = f"the policies of {branch}"
    rows = client.get("_apis/git/policy/configurations", project=project, query=query, about=about)["value"]
    required = [
        (str(row["type"]["id"]).lower(), row.get("settings") or {})
        for row in rows
        if row.get("isEnabled") and row.get("isBlocking") and not row.get("isDeleted")
    ]
    if not any(_asks_a_person(kind, settings) for kind, settings in required):
        raise UsageError(
            f"No required policy of {branch} makes a person approve, so auto-complete would merge what nobody has seen.",
            "Require a minimum number of reviewers in the policies of the branch, or remove `pull_request.auto_complete`.",
        )
    limits = [set(_strategies(settings)) for kind, settings in required if kind == _MERGE]
    return tuple(name for name in _ALLOWING if all(name in limit for limit in limits))


def chosen(allowing: tuple[str, ...], wanted: str) -> str:
    """Return the merge strategy to use; "auto" takes the first that is allowed. Raises UsageError."""
    if wanted in allowing:
        return wanted
    if wanted == "auto" and allowing:
        return allowing[0]
    if not allowing:
        raise UsageError(
            "The policies of the target branch together allow no kind of merge, so nobody can complete the pull request.",
            "Allow one in the policies of the branch.",
        )
    raise UsageError(
        f"The policies of the target branch do not allow the merge '{wanted}'; they allow: {', '.join(allowing)}.",
        "Choose one of them, or `auto`, as `pull_request.auto_complete.merge`.",
    )


def _asks_a_person(kind: str, settings: Json) -> bool:
    if kind == _APPROVALS:
        return int(settings.get("minimumApproverCount") or 0) > 0
    # With patterns it concerns some files only.
    return kind == _REVIEWERS and bool(settings.get("requiredReviewerIds")) and not settings.get("filenamePatterns")


def _strategies(settings: Json) -> Iterator[str]:
    if "useSquashMerge" in settings and not any(name in settings for name in _ALLOWING.values()):  # of older servers
        yield "squash" if settings["useSquashMerge"] else "noFastForward"
    yield from (strategy for strategy, name in _ALLOWING.items() if settings.get(name))
