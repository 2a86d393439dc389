"""Branch policies: listed over REST, and what of them still keeps a pull request from being completed.

Type ids and settings: MicrosoftDocs/azure-devops-docs, and what `_apis/policy/types` of public organisations lists.
"""

from __future__ import annotations

from collections.abc import Iterator

from devops_emulator import people
from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation
from devops_emulator.repos import repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, served

TYPES = {
    "Minimum number of reviewers": "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd",
    "Required reviewers": "fd2167ab-b0be-447a-8ec8-39368250530e",
    "Status": "cbdc66da-9728-4af8-aada-9a5a32e4a226",
    "Require a merge strategy": "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab",
    "Comment requirements": "c6a1889d-b943-4856-b76f-9e46bb6b0df2",
}
_ALLOWING = {
    "noFastForward": "allowNoFastForward",
    "squash": "allowSquash",
    "rebase": "allowRebase",
    "rebaseMerge": "allowRebaseMerge",
}
_APPROVED, _REJECTED = 5, -10
_OPEN_THREADS = ("active", "pending")


def planted(organisation: Organisation, repository_id: str, wanted: Document) -> Document:
    """Return the policy that a seed describes (PolicyConfiguration)."""
    number = organisation.store.next_number("policy")
    settings = dict(wanted.get("settings", {}))
    if names := settings.pop("requiredReviewers", ()):
        settings["requiredReviewerIds"] = [people.known_person(organisation, name)["id"] for name in names]
    scope = [{"refName": f"refs/heads/{wanted['branch']}", "matchKind": "Exact", "repositoryId": repository_id}]
    return {
        "id": number,
        "revision": 1,
        "type": {"id": TYPES[wanted["type"]], "displayName": wanted["type"]},
        "isEnabled": wanted.get("enabled", True),
        "isBlocking": wanted.get("blocking", True),
        "isDeleted": False,
        "settings": {**settings, "scope": scope},
    }


def unmet(repository: Document, pull: Document) -> list[str]:
    """Return the names of the required policies that keep a pull request from being completed."""
    return [
        policy["type"]["displayName"]
        for policy in repository["policies"]
        if policy["isEnabled"] and policy["isBlocking"] and _applies(policy, pull["target"])
        if not _met(pull, policy["type"]["id"], policy["settings"])
    ]


def _applies(policy: Document, branch: str) -> bool:
    return any(place["refName"] == branch for place in policy["settings"]["scope"])


def _met(pull: Document, kind: str, settings: Document) -> bool:
    votes = {one["id"]: one["vote"] for one in pull["reviewers"]}
    if kind == TYPES["Minimum number of reviewers"]:
        counted = [vote for who, vote in votes.items() if settings.get("creatorVoteCounts") or who != pull["createdBy"]]
        approvals = sum(vote >= _APPROVED for vote in counted)
        return approvals >= settings.get("minimumApproverCount", 1) and _REJECTED not in votes.values()
    if kind == TYPES["Required reviewers"]:
        return all(votes.get(who, 0) >= _APPROVED for who in settings.get("requiredReviewerIds", ()))
    if kind == TYPES["Status"]:
        return _posted(pull, settings) in ("succeeded", "notApplicable")
    if kind == TYPES["Comment requirements"]:
        return not any(thread.get("status") in _OPEN_THREADS for thread in pull["threads"])
    strategy = pull.get("completionOptions", {}).get("mergeStrategy") or "noFastForward"
    return bool(settings.get(_ALLOWING[strategy]))


def _posted(pull: Document, settings: Document) -> str:
    """Return the newest state of the status that a policy asks for; one of an older iteration may count no more."""
    context = (settings.get("statusName"), settings.get("statusGenre") or "")
    newest = pull["iterations"][-1]["id"]
    states = [
        status["state"]
        for status in pull["statuses"]
        if (status["context"]["name"], status["context"]["genre"]) == context
        and not (settings.get("invalidateOnSourceUpdate") and status.get("iterationId", newest) != newest)
    ]
    return states[-1] if states else ""


def _list(call: Call) -> Answer:
    organisation, project = call.organisation, call.any_project()
    wanted, branch, kind = (call.query(name).casefold() for name in ("repositoryId", "refName", "policyType"))
    if project is None:
        raise Fault(404, "ProjectDoesNotExistException", "TF200016: The request names no project.")
    found = []
    for repository in repositories.repositories_of(organisation, project):
        if wanted in ("", repository["id"]):
            repositories.check_right(organisation, repository, "GenericRead")
            found += [_shape(organisation, project, policy) for policy in _chosen(repository, branch, kind)]
    return collection(found)


def _chosen(repository: Document, branch: str, kind: str) -> Iterator[Document]:
    for policy in repository["policies"]:
        if kind in ("", policy["type"]["id"]) and (not branch or _applies(policy, branch)):
            yield policy


def _shape(organisation: Organisation, project: Document, policy: Document) -> Document:
    home = f"{organisation.url}{project['id']}/_apis/policy"
    kind = policy["type"]
    return policy | {
        "createdDate": project["created"],
        "url": f"{home}/configurations/{policy['id']}",
        "type": kind | {"url": f"{home}/types/{kind['id']}"},
    }


RESOURCES = (served("policyConfigurations", {"GET": _list}),)
