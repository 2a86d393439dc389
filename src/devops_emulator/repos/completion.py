"""Complete pull requests: on request where the branch's policies are met, and by auto-complete once they are."""

from __future__ import annotations

from dataclasses import replace

from devops_emulator import people
from devops_emulator.boards import changes, events, processes
from devops_emulator.boards import links as work_item_links
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.repos import branch_policies, git, merging, pull_request, pushes, repositories
from devops_emulator.store import Document


def complete(organisation: Organisation, repository: Document, pull: Document, expected: str) -> None:
    """Merge a pull request whose source is `expected`; raises Fault if that is stale, or a policy is not met."""
    if expected != pull["sourceCommit"]:
        raise Fault(
            409 if expected else 400,
            "GitPullRequestStaleException",
            "TF401192: The pull request cannot be completed because the source branch has been modified since the last "
            "merge attempt; send lastMergeSourceCommit with its newest commit.",
        )
    if pull["isDraft"]:
        raise invalid("TF401403: A draft pull request cannot be completed: publish it first.")
    if unmet := branch_policies.unmet(repository, pull):
        raise Fault(
            403,
            "GitPullRequestUpdateRejectedByPolicyException",
            f"The pull request cannot be completed, because policies are not met: {', '.join(unmet)}.",
        )
    _merge(organisation, repository, pull)


def auto_complete(organisation: Organisation) -> None:
    """Complete every pull request with auto-complete whose policies are met, as whoever set it."""
    for pull in organisation.store.all("pull_request"):
        if pull["status"] != "active" or pull["isDraft"] or "autoCompleteSetBy" not in pull or pull["conflicts"]:
            continue
        repository = repositories.find_repository(organisation, pull["repository"], None)
        if not branch_policies.unmet(repository, pull):
            owner = people.person_by_id(organisation, pull["autoCompleteSetBy"])
            caller = None if owner["id"] == people.job(organisation)["id"] else owner
            _merge(replace(organisation, caller=caller), repository, pull)


def close(organisation: Organisation, pull: Document, status: str) -> None:
    """Set the status of a pull request that is active no more."""
    pull |= {"status": status, "closed": now(), "closedBy": people.me(organisation)["id"]}


def linked_items(organisation: Organisation, pull: Document) -> list[Document]:
    link = work_item_links.pull_request_link(pull_request.artifact(pull))
    return [item for item in organisation.store.all("work_item") if work_item_links.has_relation(item, link)]


def _merge(organisation: Organisation, repository: Document, pull: Document) -> None:
    options = pull.get("completionOptions", {})
    subject = f"Merged PR {pull['id']}: {pull['title']}"
    message = options.get("mergeCommitMessage") or f"{subject}\n\n{pull['description']}".strip()
    strategy = options.get("mergeStrategy") or ("squash" if options.get("squashMerge") else "noFastForward")
    made = merging.finished(
        organisation, repository, pull["sourceCommit"], pull["targetCommit"], strategy=strategy, message=message
    )
    if made is None:
        pull["mergeStatus"] = "conflicts"
        return
    home = repositories.path(organisation, repository)
    git.run(home, "update-ref", pull["target"], made, pull["targetCommit"])
    moved = {pull["target"]: (pull["targetCommit"], made)}
    if options.get("deleteSourceBranch"):
        git.run(home, "update-ref", "-d", pull["source"], pull["sourceCommit"])
        moved[pull["source"]] = (pull["sourceCommit"], git.ZERO)
    pull["mergeCommit"] = made
    close(organisation, pull, "completed")
    pull_request.keep(organisation, pull)
    pushes.record(organisation, repository, moved)
    if options.get("transitionWorkItems"):
        _close_work_items(organisation, pull)


def _close_work_items(organisation: Organisation, pull: Document) -> None:
    for item in linked_items(organisation, pull):
        project = find_project(organisation, item["project"])
        done = next(known.name for known in processes.states(project, item["type"]) if known.category == "Completed")
        step = {"op": "add", "path": "/fields/System.State", "value": done}
        events.changed(organisation, changes.apply_patch(organisation, item, [step]))
