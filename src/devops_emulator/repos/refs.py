"""References over REST: listing them, and moving them as far as the policy lets."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import body_missing
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, pushes, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, collection


def _list(call: Call) -> Answer:
    repository = repositories.of_call(call)
    home = repositories.path(call.organisation, repository)
    prefix, contains = call.query("filter"), call.query("filterContains").casefold()
    me = people.reference(call.organisation, people.job(call.organisation))
    return collection(
        [
            {
                "name": name,
                "objectId": commit,
                "creator": me,
                "url": f"{repositories.reference(call.organisation, repository)['url']}/refs?filter={name.removeprefix('refs/')}",
            }
            for name, commit in git.references(home, "refs/heads/", "refs/tags/", "refs/pull/").items()
            if name.removeprefix("refs/").startswith(prefix) and contains in name.casefold()
        ]
    )


def _update(call: Call) -> Answer:
    repository = repositories.of_call(call)
    wanted = call.json()
    if not isinstance(wanted, list) or not wanted:
        raise body_missing("refUpdates")
    results, moved = [], {}
    for update in wanted:
        result = move(call.organisation, repository, update)
        results.append(result)
        if result["success"]:
            moved[result["name"]] = (result["oldObjectId"], result["newObjectId"])
    if moved:
        pushes.happened(call.organisation, repository, moved)
    return collection(results)


def move(organisation: Organisation, repository: Document, update: Document) -> Document:
    """Move one reference as far as it may be moved (GitRefUpdateResult)."""
    home = repositories.path(organisation, repository)
    name, old, new = (str(update.get(member) or "") for member in ("name", "oldObjectId", "newObjectId"))
    result = {"repositoryId": repository["id"], "name": name, "oldObjectId": old, "newObjectId": new}
    current = git.references(home, name).get(name, git.ZERO) if name.startswith("refs/") else git.ZERO
    status, message = "succeeded", ""
    if git.run(home, "check-ref-format", name, ok=(0, 1)).returncode or not name.startswith(
        ("refs/heads/", "refs/tags/")
    ):
        status = "invalidRefName"
    elif current != old:
        status = "staleOldObjectId"
    elif new != git.ZERO and git.tip(home, new) is None:
        status = "unresolvableToCommit"
    else:
        status, message = pushes.refused(organisation, repository, name, old, new) or ("succeeded", "")
    if status == "succeeded":
        git.run(
            home,
            "update-ref",
            "-d" if new == git.ZERO else "--create-reflog",
            name,
            *([] if new == git.ZERO else [new]),
        )
    return (
        result
        | {"updateStatus": status, "success": status == "succeeded"}
        | ({"customMessage": message} if message else {})
    )


RESOURCES = (
    Resource(
        "2d874a60-a811-4f62-9c9f-963a6ea0a55b",
        "git",
        "refs",
        "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
        {"GET": _list, "POST": _update},
        version=2,
    ),
)
