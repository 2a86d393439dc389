"""Pushes over REST: commits written without a checkout, moving a reference under the same policy as git."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path

from devops_emulator import people
from devops_emulator.faults import Fault, body_missing, invalid
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, pushes, refs, repositories
from devops_emulator.repos.contents import commit_shape
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, choice, collection, objects, served

_CONTENT = {0: "rawtext", 1: "base64encoded"}
_CHANGES = {1: "add", 2: "edit", 8: "rename", 16: "delete"}


def _push(call: Call) -> Answer:
    organisation, repository = call.organisation, repositories.of_call(call)
    body = call.object()
    updates, commits = objects(body.get("refUpdates")), objects(body.get("commits"))
    if len(updates) != 1 or not commits:
        raise body_missing("refUpdates")
    name, old = str(updates[0].get("name")), str(updates[0].get("oldObjectId"))
    home = repositories.path(organisation, repository)
    # A new branch starts at the parent of its first commit, or empty.
    start = old if old != git.ZERO else next(iter(commits[0].get("parents") or []), "")
    base = git.tip(home, str(start)) if start else None
    made = []
    for commit in commits:
        base = _commit(organisation, home, base, commit)
        made.append(base)
    result = refs.move(organisation, repository, {"name": name, "oldObjectId": old, "newObjectId": made[-1]})
    if not result["success"]:
        raise _push_refused(result)
    moved = {name: (old, made[-1])}
    push = pushes.record(organisation, repository, moved)
    shown = push_shape(organisation, repository, push)
    shown["commits"] = [commit_shape(organisation, repository, commit) for commit in made]
    return Answer(shown, status=201)


def _push_refused(result: Document) -> Fault:
    if result["updateStatus"] == "staleOldObjectId":
        return Fault(
            409,
            "GitReferenceStaleException",
            f"TF401028: The reference '{result['name']}' has already been updated by another client, so you cannot "
            "update it. Please try again.",
        )
    if "customMessage" in result:
        kind = (
            "GitRefUpdateRejectedByPolicyException"
            if result["updateStatus"] == "rejectedByPolicy"
            else "GitNeedsPermissionException"
        )
        return Fault(403, kind, result["customMessage"])
    return invalid(f"The reference {result['name']} was not updated: {result['updateStatus']}.")


def _commit(organisation: Organisation, home: Path, base: str | None, commit: Document) -> str:
    """Write one commit of a push into the object database; return its id."""
    index = {"GIT_INDEX_FILE": str(home / f"index-{organisation.store.next_number('index')}")}
    try:
        if base is not None:
            git.run(home, "read-tree", base, extra=index)
        for change in objects(commit.get("changes")):
            _stage(home, index, change)
        tree = git.text(home, "write-tree", extra=index)
    except git.GitError as error:
        raise invalid(f"TF401029: The push could not be applied: {error}.") from error
    finally:
        Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
    parents = ["-p", base] if base else []
    message = str(commit.get("comment") or "").encode()
    return git.text(home, "commit-tree", tree, *parents, given=message, extra=repositories.author(organisation))


def _stage(home: Path, index: dict[str, str], change: Document) -> None:
    kind = choice(change.get("changeType"), _CHANGES, "changeType")
    place = str((change.get("item") or {}).get("path") or "").removeprefix("/")
    source = str(change.get("sourceServerItem") or "").removeprefix("/") or place
    listed = git.text(home, "ls-files", "--stage", "--", f":(literal){source}", extra=index)
    if kind != "add" and not listed:
        raise invalid(f"TF401029: The path {source} does not exist.")
    if kind == "add" and listed:
        raise invalid(f"TF401029: The path {place} exists already.")
    blob = listed.split()[1] if kind == "rename" else ""
    if change.get("newContent"):
        blob = git.text(home, "hash-object", "-w", "--stdin", given=_content(change["newContent"]))
    entries = f"0 {git.ZERO}\t{source}\0" if kind in ("delete", "rename") else ""
    if kind != "delete":
        entries += f"100644 {blob}\t{place}\0"
    git.run(home, "update-index", "-z", "--index-info", given=entries.encode(), extra=index)
    # Git skips invalid paths and reports them only on stderr.
    if kind != "delete" and not git.text(home, "ls-files", "--", f":(literal){place}", extra=index):
        raise invalid(f"TF401029: The path '{place}' is not valid.")


def _content(content: Document) -> bytes:
    text = str(content.get("content") or "")
    if choice(content.get("contentType") or "rawtext", _CONTENT, "contentType") == "rawtext":
        return text.encode()
    try:
        return b64decode(text, validate=True)
    except Base64Error as error:
        raise invalid("The newContent of a change is not valid base64.") from error


def push_shape(organisation: Organisation, repository: Document, push: Document, *, updates: bool = True) -> Document:
    url = repositories.reference(organisation, repository)["url"]
    shown = {
        "pushId": push["pushId"],
        "date": push["date"],
        "url": f"{url}/pushes/{push['pushId']}",
        "repository": repositories.reference(organisation, repository),
        "pushedBy": people.reference(organisation, people.person_by_id(organisation, push["pushedBy"])),
    }
    if updates:
        shown["refUpdates"] = [{"repositoryId": repository["id"], **update} for update in push["refUpdates"]]
    return shown


def _pushes(call: Call) -> Answer:
    repository = repositories.of_call(call)
    wanted, pusher = call.query("searchCriteria.refName"), call.query("searchCriteria.pusherId").lower()
    kept = [
        push
        for push in reversed(call.organisation.store.all("push"))
        if push["repository"] == repository["id"]
        and (not wanted or any(update["name"] == wanted for update in push["refUpdates"]))
        and pusher in ("", push["pushedBy"])
    ]
    updates = call.flag("searchCriteria.includeRefUpdates")
    page = call.page(kept, 100)
    return collection([push_shape(call.organisation, repository, push, updates=updates) for push in page])


RESOURCES = (served("pushes", {"GET": _pushes, "POST": _push}),)
