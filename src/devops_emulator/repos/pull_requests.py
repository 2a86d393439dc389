"""Pull requests over REST: creating, finding and changing them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from devops_emulator import people, tags
from devops_emulator.boards import events, items
from devops_emulator.faults import Fault, body_missing, invalid
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.repos import completion, git, pull_request, repositories
from devops_emulator.repos.marks import new_label, new_reviewer
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, choice, collection, members, served

# "A description for a pull request must not be longer than 4000 characters": UTF-16 units, as .NET counts.
_LONGEST_DESCRIPTION = 4_000
_LONGEST_OPTIONS = 4_000
_STATUSES = {0: "notSet", 1: "active", 2: "abandoned", 3: "completed", 4: "all"}
_STRATEGIES = {1: "noFastForward", 2: "squash", 3: "rebase", 4: "rebaseMerge"}
_CHANGEABLE = (
    "status", "title", "description", "isDraft", "targetRefName", "completionOptions", "mergeOptions", "autoCompleteSetBy",
    "lastMergeSourceCommit",
)  # fmt: skip
_OPTIONS = (
    "autoCompleteIgnoreConfigIds", "bypassPolicy", "bypassReason", "deleteSourceBranch", "mergeCommitMessage",
    "mergeStrategy", "squashMerge", "transitionWorkItems", "triggeredByAutoComplete",
)  # fmt: skip


def _create(call: Call) -> Answer:
    organisation, repository = call.organisation, repositories.of_call(call)
    body = call.object()
    repositories.check_right(organisation, repository, "PullRequestContribute")
    source, target = str(body.get("sourceRefName") or ""), str(body.get("targetRefName") or "")
    if not body.get("title"):
        raise body_missing("title")
    _check_branches(organisation, repository, source, target)
    _check_description(body.get("description"))
    for other in pull_request.of_repository(organisation, repository):
        if other["status"] == "active" and (other["source"], other["target"]) == (source, target):
            raise Fault(
                409,
                "GitPullRequestExistsException",
                "TF401179: An active pull request for the source and target branch already exists.",
            )
    me = people.me(organisation)
    pull: Document = {
        "id": organisation.store.next_number("pull_request"),
        "repository": repository["id"],
        "project": repository["project"],
        "status": "active",
        "createdBy": me["id"],
        "created": now(),
        "title": str(body["title"]),
        "description": str(body.get("description") or ""),
        "source": source,
        "target": target,
        "isDraft": bool(body.get("isDraft")),
        "mergeId": str(uuid4()),
        "labels": [new_label(label) for label in body.get("labels") or []],
        "reviewers": [new_reviewer(organisation, one.get("id"), one) for one in body.get("reviewers") or []],
        "iterations": [],
        "threads": [],
        "statuses": [],
        "properties": {},
    }
    # The service ignores autoCompleteSetBy on creation.
    if body.get("completionOptions"):
        pull["completionOptions"] = _completion_options(body["completionOptions"])
    project = repositories.project_of(organisation, repository)
    tags.check_may_use(organisation, project, [label["name"] for label in pull["labels"]])
    linked = [_linkable(organisation, reference) for reference in body.get("workItemRefs") or []]
    pull_request.refresh(organisation, repository, pull)
    for item in linked:
        events.link_pull_request(organisation, item, pull_request.artifact(pull))
    shown = pull_request.shape(organisation, repository, pull)
    # The service merges after it has answered.
    return Answer(shown | {"mergeStatus": "queued"}, status=201)


def _linkable(organisation: Organisation, reference: Document) -> Document:
    item = items.readable_item(organisation, reference.get("id") or "")
    items.check_may_write(organisation, find_project(organisation, item["project"]), items.area_of(item))
    return item


def _check_branches(organisation: Organisation, repository: Document, source: str, target: str) -> None:
    home = repositories.path(organisation, repository)
    for name in (source, target):
        if not name.startswith("refs/heads/") or git.tip(home, name) is None:
            raise Fault(
                400,
                "GitPullRequestStaleException",
                f"TF401398: The pull request cannot be activated because the source and/or the target branch no longer "
                f"exists, or the requested reference is not a branch: '{name}'.",
            )
    if source == target:
        raise invalid("TF401400: The source and the target of a pull request must be different branches.")


def _check_description(text: Any) -> None:
    if isinstance(text, str) and len(text.encode("utf-16-le")) // 2 > _LONGEST_DESCRIPTION:
        raise invalid(f"A description for a pull request must not be longer than {_LONGEST_DESCRIPTION} characters.")


def _completion_options(options: Document) -> Document:
    options = members(options, _OPTIONS)
    if len(str(options)) > _LONGEST_OPTIONS:
        raise invalid(
            f"Completion options have exceeded the maximum encoded length ({len(str(options))}/{_LONGEST_OPTIONS})."
        )
    if options.get("mergeStrategy") is not None:
        options = options | {"mergeStrategy": choice(options["mergeStrategy"], _STRATEGIES, "mergeStrategy")}
    return options


def _list(call: Call) -> Answer:
    return _found(call, pull_request.of_repository(call.organisation, repositories.of_call(call)))


def _of_project(call: Call) -> Answer:
    project, pulls = call.project, call.organisation.store.all("pull_request")
    return _found(call, [pull for pull in pulls if pull["project"] == project["id"]])


def _found(call: Call, pulls: list[Document]) -> Answer:
    organisation = call.organisation
    status = call.choice("searchCriteria.status", _STATUSES, "active")
    wanted = {
        "source": call.query("searchCriteria.sourceRefName"),
        "target": call.query("searchCriteria.targetRefName"),
        "createdBy": call.query("searchCriteria.creatorId").lower(),
        "repository": call.query("searchCriteria.repositoryId").lower(),
    }
    reviewer = call.query("searchCriteria.reviewerId").lower()
    matching = [
        pull
        for pull in reversed(pulls)
        if (status == "all" or pull["status"] == ("active" if status == "notSet" else status))
        and all(not text or pull[name] == text for name, text in wanted.items())
        and (not reviewer or any(one["id"] == reviewer for one in pull["reviewers"]))
    ]
    homes = [
        (repositories.find_repository(organisation, pull["repository"], None), pull)
        for pull in call.page(matching, 101)
    ]
    return collection([pull_request.shape(organisation, home, pull, listed=True) for home, pull in homes])


def _get(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    shown = pull_request.shape(call.organisation, repository, pull)
    if call.flag("includeWorkItemRefs"):
        shown["workItemRefs"] = _work_item_references(call.organisation, pull)
    return Answer(shown)


def _update(call: Call) -> Answer:
    organisation = call.organisation
    pull, repository = pull_request.load(call, write=True)
    body = call.object(*_CHANGEABLE)
    if not body:
        raise invalid(f"Only {', '.join(_CHANGEABLE)} of a pull request can be updated.")
    if pull["status"] != "active" and body.get("status") not in ("active", 1):
        raise Fault(
            403, "GitPullRequestNotEditableException", "TF401181: The pull request cannot be edited due to its state."
        )
    _check_description(body.get("description"))
    pull |= {name: body[name] for name in ("title", "description", "isDraft", "mergeOptions") if name in body}
    if "completionOptions" in body:
        pull["completionOptions"] = _completion_options(body["completionOptions"] or {})
    if "autoCompleteSetBy" in body:
        _set_auto_complete(organisation, repository, pull, body["autoCompleteSetBy"] or {})
    if body.get("targetRefName") and body["targetRefName"] != pull["target"]:
        _check_branches(organisation, repository, pull["source"], body["targetRefName"])
        pull["target"] = body["targetRefName"]
        pull_request.refresh(organisation, repository, pull, reason="retarget")
    if "status" in body:
        _set_status(organisation, repository, pull, body)
    pull_request.keep(organisation, pull)
    return Answer(pull_request.shape(organisation, repository, pull))


def _set_auto_complete(organisation: Organisation, repository: Document, pull: Document, identity: Document) -> None:
    given = str(identity.get("id") or "")
    # Create-pull-request task, issues 114 and 184: the right to contribute to pull requests alone is not enough.
    repositories.check_right(organisation, repository, "GenericContribute")
    # An id of zeros cancels it, as the web page does.
    if not given.strip("0-"):
        pull.pop("autoCompleteSetBy", None)
        return
    if pull["isDraft"]:
        raise invalid("TF401402: Auto-complete cannot be set on a draft pull request: publish it first.")
    if given.casefold() != people.me(organisation)["id"]:
        raise invalid("The pull request to update was not valid: auto-complete can be set for oneself only.")
    pull["autoCompleteSetBy"] = people.me(organisation)["id"]


def _set_status(organisation: Organisation, repository: Document, pull: Document, body: Document) -> None:
    status = choice(body["status"], _STATUSES, "status")
    if status == "completed":
        completion.complete(
            organisation, repository, pull, str((body.get("lastMergeSourceCommit") or {}).get("commitId") or "")
        )
    elif status == "abandoned":
        completion.close(organisation, pull, "abandoned")
    elif status == "active" and pull["status"] == "abandoned":
        _check_branches(organisation, repository, pull["source"], pull["target"])
        pull["status"] = "active"
        pull.pop("closed", None)
        pull_request.refresh(organisation, repository, pull)
    elif status != "active" or pull["status"] == "completed":
        raise invalid(f"A pull request that is {pull['status']} cannot become {status}.")


def _work_item_references(organisation: Organisation, pull: Document) -> list[Document]:
    return [
        items.reference(organisation, item) | {"id": str(item["id"])}
        for item in completion.linked_items(organisation, pull)
    ]


def _work_items(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return collection(_work_item_references(call.organisation, pull))


RESOURCES = (
    served("pullRequests", {"GET": _list, "POST": _create}, {"GET": _get, "PATCH": _update}),
    served("pullRequestsOfProject", {"GET": _of_project}),
    served("pullRequestsById", {}, {"GET": _get}),
    served("pullRequestWorkItems", {"GET": _work_items}),
)
