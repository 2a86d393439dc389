"""A pull request as it is stored and shown: its commits, its iterations, its trial merge."""

from __future__ import annotations

from collections.abc import Mapping

from devops_emulator import people
from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation, now
from devops_emulator.repos import git, merging, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Call, hrefs

_LISTED_DESCRIPTION = 400


def load(call: Call, *, write: bool = False) -> tuple[Document, Document]:
    """Return the pull request of a call and its repository.

    Raises Fault 404 TF401180 for an unknown one, and 403 TF401027 if `write` and the right to contribute is missing.
    """
    organisation, text = call.organisation, call.values["pullRequestId"]
    repository = repositories.of_call(call) if "repositoryId" in call.values else None
    found = organisation.store.find("pull_request", text)
    if found is not None and repository is None:
        repository = repositories.find_repository(organisation, found["repository"], call.values.get("project"))
    if found is None or repository is None or found["repository"] != repository["id"]:
        raise Fault(404, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found.")
    if write:
        repositories.check_right(organisation, repository, "PullRequestContribute")
    return found, repository


def keep(organisation: Organisation, pull: Document) -> None:
    organisation.store.put("pull_request", pull["id"], pull)


def of_repository(organisation: Organisation, repository: Document) -> list[Document]:
    return [pull for pull in organisation.store.all("pull_request") if pull["repository"] == repository["id"]]


def url(organisation: Organisation, pull: Document) -> str:
    home = f"{organisation.url}{pull['project']}/_apis/git/repositories/{pull['repository']}"
    return f"{home}/pullRequests/{pull['id']}"


def artifact(pull: Document) -> str:
    """Return the address that work items link to: `vstfs:///Git/PullRequestId/...`."""
    return f"vstfs:///Git/PullRequestId/{pull['project']}%2F{pull['repository']}%2F{pull['id']}"


def refresh(organisation: Organisation, repository: Document, pull: Document, *, reason: str = "push") -> None:
    """Read the branches again: a moved source is a new iteration, and the trial merge is repeated."""
    home = repositories.path(organisation, repository)
    source, target = git.tip(home, pull["source"]), git.tip(home, pull["target"])
    if source is None or target is None:
        return
    iterations = pull["iterations"]
    if not iterations or iterations[-1]["source"] != source or reason == "retarget":
        moment = now()
        before = iterations[-1]["source"] if iterations else None
        if before is not None and reason == "push" and not git.is_ancestor(home, before, source):
            reason = "forcePush"
        iterations.append(
            {
                "id": len(iterations) + 1,
                "source": source,
                "target": target,
                "base": git.merge_base(home, source, target) or target,
                "author": people.me(organisation)["id"],
                "moment": moment,
                "reason": reason if len(iterations) else "create",
                "description": git.text(home, "show", "-s", "--format=%s", source),
            }
        )
    trial = merging.attempt(
        organisation,
        repository,
        source,
        target,
        f"Merge pull request {pull['id']} from {git.branch(pull['source'])} into {git.branch(pull['target'])}",
    )
    pull |= {
        "sourceCommit": source,
        "targetCommit": target,
        "mergeCommit": trial.commit,
        "mergeStatus": "succeeded" if trial.commit else "conflicts",
        "conflicts": list(trial.conflicts),
    }
    if trial.commit:
        git.run(home, "update-ref", f"refs/pull/{pull['id']}/merge", trial.commit)
    keep(organisation, pull)


def watch(organisation: Organisation, repository: Document, moved: Mapping[str, tuple[str, str]]) -> None:
    """Refresh the active pull requests whose source or target moved."""
    for pull in of_repository(organisation, repository):
        if pull["status"] == "active" and (pull["source"] in moved or pull["target"] in moved):
            refresh(organisation, repository, pull)


def shape(organisation: Organisation, repository: Document, pull: Document, *, listed: bool = False) -> Document:
    """Shape a pull request (GitPullRequest); lists truncate the description."""
    home, here = repositories.reference(organisation, repository), url(organisation, pull)
    shown = {
        "repository": home,
        "pullRequestId": pull["id"],
        "codeReviewId": pull["id"],
        "status": pull["status"],
        "createdBy": person(organisation, pull["createdBy"]),
        "creationDate": pull["created"],
        "title": pull["title"],
        "sourceRefName": pull["source"],
        "targetRefName": pull["target"],
        "mergeStatus": pull["mergeStatus"],
        "isDraft": pull["isDraft"],
        "mergeId": pull["mergeId"],
        "lastMergeSourceCommit": _commit(home, pull["sourceCommit"]),
        "lastMergeTargetCommit": _commit(home, pull["targetCommit"]),
        "reviewers": [reviewer(organisation, pull, one) for one in pull["reviewers"]],
        "url": here,
        "supportsIterations": True,
        "artifactId": artifact(pull).replace("%2F", "%2f"),
    }
    if pull["description"]:
        cut = _LISTED_DESCRIPTION if listed else len(pull["description"])
        shown["description"] = pull["description"][:cut]
    if pull["labels"]:
        shown["labels"] = [label(organisation, pull, one) for one in pull["labels"]]
    if pull["mergeCommit"]:
        shown["lastMergeCommit"] = _commit(home, pull["mergeCommit"])
    if pull["conflicts"]:
        shown["mergeFailureType"] = "none"
        shown["mergeFailureMessage"] = f"Conflicts in {', '.join(pull['conflicts'])}"
    if "autoCompleteSetBy" in pull:
        shown["autoCompleteSetBy"] = person(organisation, pull["autoCompleteSetBy"])
    if "closed" in pull:
        shown |= {"closedDate": pull["closed"], "closedBy": person(organisation, pull["closedBy"])}
    shown |= {name: pull[name] for name in ("completionOptions", "mergeOptions") if name in pull}
    if not listed:
        shown["_links"] = hrefs(
            self=here,
            repository=home["url"],
            workItems=f"{here}/workitems",
            sourceBranch=f"{home['url']}/{pull['source']}",
            targetBranch=f"{home['url']}/{pull['target']}",
            statuses=f"{here}/statuses",
            iterations=f"{here}/iterations",
        )
    return shown


def reviewer(organisation: Organisation, pull: Document, kept: Document) -> Document:
    """Shape a reviewer (IdentityRefWithVote)."""
    return {
        **kept,
        **person(organisation, kept["id"]),
        "reviewerUrl": f"{url(organisation, pull)}/reviewers/{kept['id']}",
    }


def label(organisation: Organisation, pull: Document, kept: Document) -> Document:
    return kept | {"active": True, "url": f"{url(organisation, pull)}/labels/{kept['id']}"}


def person(organisation: Organisation, identity: str) -> Document:
    return people.reference(organisation, people.person_by_id(organisation, identity))


def _commit(home: Document, commit: str) -> Document:
    return {"commitId": commit, "url": f"{home['url']}/commits/{commit}"}
