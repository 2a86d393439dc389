"""The iterations of a pull request (one for each push), their changes, and its commits."""

from __future__ import annotations

from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, pull_request, repositories
from devops_emulator.repos.contents import commit_shape
from devops_emulator.store import Document, pick
from devops_emulator.wire import Answer, Call, collection, served

_KINDS = {"A": "add", "M": "edit", "D": "delete", "R": "rename", "T": "edit", "C": "add"}


def _shape(organisation: Organisation, iteration: Document) -> Document:
    return {
        "id": iteration["id"],
        "description": iteration["description"],
        "author": pull_request.person(organisation, iteration["author"]),
        "createdDate": iteration["moment"],
        "updatedDate": iteration["moment"],
        "sourceRefCommit": {"commitId": iteration["source"]},
        "targetRefCommit": {"commitId": iteration["target"]},
        "commonRefCommit": {"commitId": iteration["base"]},
        "hasMoreCommits": False,
        "reason": iteration["reason"],
    }


def _list(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return collection([_shape(call.organisation, one) for one in pull["iterations"]])


def _iteration(call: Call, pull: Document) -> Document:
    wanted = call.values["iterationId"]
    absent = Fault(404, "GitPullRequestIterationNotFoundException", f"VS403404: There is no iteration {wanted}.")
    return pick(pull["iterations"], wanted, ("id",), absent)


def _get(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return Answer(_shape(call.organisation, _iteration(call, pull)))


def _changes(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    iteration = _iteration(call, pull)
    against = call.number("$compareTo", 0)
    before = pull["iterations"][against - 1]["source"] if 1 <= against <= len(pull["iterations"]) else iteration["base"]
    home = repositories.path(call.organisation, repository)
    listed = git.text(home, "diff", "--raw", "-z", "--no-abbrev", "--find-renames", before, iteration["source"])
    entries: list[Document] = []
    parts = iter(listed.split("\0"))
    for head in parts:
        if not head:
            continue
        _, _, old, new, kind = head.lstrip(":").split()
        place = next(parts)
        entry: Document = {"changeTrackingId": len(entries) + 1, "changeId": len(entries) + 1}
        entry["changeType"] = _KINDS[kind[0]]
        if kind[0] in "RC":
            entry["originalPath"] = f"/{place}"
            place = next(parts)
        entry["item"] = {"objectId": new, "originalObjectId": old, "path": f"/{place}"}
        entries.append(entry)
    return Answer({"changeEntries": call.page(entries, 2000)})


def _commits(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    home = repositories.path(call.organisation, repository)
    last = pull["iterations"][-1]
    listed = git.text(home, "rev-list", f"{last['base']}..{last['source']}").split()
    return collection([commit_shape(call.organisation, repository, commit) for commit in listed])


RESOURCES = (
    served("pullRequestIterations", {"GET": _list}, {"GET": _get}),
    served("pullRequestIterationChanges", {"GET": _changes}),
    served("pullRequestCommits", {"GET": _commits}),
)
