"""References over REST: listing them, and moving them where the policy allows it."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import body_missing
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, pushes, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, objects, served


def _list(call: Call) -> Answer:
    repository = repositories.of_call(call)
    home = repositories.path(call.organisation, repository)
    prefix, contains = call.query("filter"), call.query("filterContains").casefold()
    creators = pushes.creators(call.organisation, repository)
    return collection(
        [
            {
                "name": name,
                "objectId": commit,
                "creator": people.reference(call.organisation, creators.get(name) or people.job(call.organisation)),
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
    for update in objects(wanted):
        result = move(call.organisation, repository, update)
        results.append(result)
        if result["success"]:
            moved[result["name"]] = (result["oldObjectId"], result["newObjectId"])
    if moved:
        pushes.record(call.organisation, repository, moved)
    return collection(results)


def move(organisation: Organisation, repository: Document, update: Document) -> Document:
    """Move one reference if that is allowed (GitRefUpdateResult)."""
    name, old, new = (str(update.get(member) or "") for member in ("name", "oldObjectId", "newObjectId"))
    status, message = _obstacle(organisation, repository, name, old, new) or ("succeeded", "")
    if status == "succeeded":
        change = ["-d", name] if new == git.ZERO else [name, new]
        try:
            # The old value protects a concurrent push by git.
            git.run(repositories.path(organisation, repository), "update-ref", *change, old)
        except git.GitError:
            # A branch `a` and a branch `a/b` exclude each other.
            status = "refNameConflict"
    result: Document = {
        "repositoryId": repository["id"],
        "name": name,
        "oldObjectId": old,
        "newObjectId": new,
        "updateStatus": status,
        "success": status == "succeeded",
    }
    return result | ({"customMessage": message} if message else {})


def _obstacle(
    organisation: Organisation, repository: Document, name: str, old: str, new: str
) -> tuple[str, str] | None:
    home = repositories.path(organisation, repository)
    if not name.startswith(("refs/heads/", "refs/tags/")):
        return "invalidRefName", ""
    if git.run(home, "check-ref-format", name, ok=(0, 1)).returncode:
        return "invalidRefName", ""
    if git.references(home, name).get(name, git.ZERO) != old:
        return "staleOldObjectId", ""
    if new != git.ZERO and git.tip(home, new) is None:
        return "unresolvableToCommit", ""
    return pushes.refused(organisation, repository, name, old, new)


RESOURCES = (served("refs", {"GET": _list, "POST": _update}),)
