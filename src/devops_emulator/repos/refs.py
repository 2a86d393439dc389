"""References, commits and files over REST, and pushes made without git."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from pathlib import Path
from typing import Any

from devops_emulator import people
from devops_emulator.faults import Fault, body_missing, invalid
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, pushes, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, choice, collection

_CONTENT = {0: "rawtext", 1: "base64encoded"}
_CHANGES = {1: "add", 2: "edit", 8: "rename", 16: "delete"}


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
                "url": f"{_url(call, repository)}/refs?filter={name.removeprefix('refs/')}",
            }
            for name, commit in git.references(home, "refs/heads/", "refs/tags/", "refs/pull/").items()
            if name.removeprefix("refs/").startswith(prefix) and contains in name.casefold()
        ]
    )


def _update(call: Call, watch: pushes.Watcher) -> Answer:
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
        pushes.record(call.organisation, repository, moved)
        watch(call.organisation, repository, moved)
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


def _push(call: Call, watch: pushes.Watcher) -> Answer:
    organisation, repository = call.organisation, repositories.of_call(call)
    body = call.object()
    updates, commits = body.get("refUpdates") or [], body.get("commits") or []
    if len(updates) != 1 or not commits:
        raise body_missing("refUpdates")
    name, old = str(updates[0].get("name")), str(updates[0].get("oldObjectId"))
    home = repositories.path(organisation, repository)
    base = (
        old
        if old != git.ZERO
        else (git.tip(home, str(commits[0].get("parents", [""])[0])) if commits[0].get("parents") else None)
    )
    made = []
    for commit in commits:
        base = _commit(organisation, home, base, commit)
        made.append(base)
    result = move(organisation, repository, {"name": name, "oldObjectId": old, "newObjectId": made[-1]})
    if not result["success"]:
        raise _push_refused(result)
    moved = {name: (old, made[-1])}
    push = pushes.record(organisation, repository, moved)
    watch(organisation, repository, moved)
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
        return Fault(403, "GitNeedsPermissionException", result["customMessage"])
    return invalid(f"The reference {result['name']} was not updated: {result['updateStatus']}.")


def _commit(organisation: Organisation, home: Path, base: str | None, commit: Document) -> str:
    """Write one commit of a push into the object database; returns its id."""
    index = {"GIT_INDEX_FILE": str(home / f"index-{organisation.store.next_number('index')}")}
    try:
        if base is not None:
            git.run(home, "read-tree", base, extra=index)
        for change in commit.get("changes") or []:
            _stage(home, index, change)
        tree = git.text(home, "write-tree", extra=index)
    except git.GitError as error:
        raise invalid(f"TF401029: The push could not be applied: {error}.") from error
    finally:
        Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
    parents = ["-p", base] if base else []
    message = str(commit.get("comment") or "").encode()
    return git.text(home, "commit-tree", tree, *parents, given=message, extra=author(organisation))


def author(organisation: Organisation) -> dict[str, str]:
    me = people.job(organisation)
    name, mail = me["displayName"], f"{me['id']}@emulated.invalid"
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
    }


def _stage(home: Path, index: dict[str, str], change: Document) -> None:
    kind = choice(change.get("changeType"), _CHANGES, "changeType")
    place = str((change.get("item") or {}).get("path") or "").removeprefix("/")
    source = str(change.get("sourceServerItem") or "").removeprefix("/")
    listed = git.text(home, "ls-files", "--", f":(literal){source or place}", extra=index)
    if kind != "add" and not listed:
        raise invalid(f"TF401029: The path {source or place} does not exist.")
    if kind == "add" and listed:
        raise invalid(f"TF401029: The path {place} exists already.")
    blob = ""
    if kind == "rename":
        blob = git.text(home, "ls-files", "--stage", "--", f":(literal){source}", extra=index).split()[1]
    if kind in ("delete", "rename"):
        git.run(home, "update-index", "--force-remove", "--", source or place, extra=index)
    if change.get("newContent"):
        blob = git.text(home, "hash-object", "-w", "--stdin", given=_content(change["newContent"]))
    if kind != "delete":
        git.run(home, "update-index", "--add", "--cacheinfo", f"100644,{blob},{place}", extra=index)


def _content(content: Document) -> bytes:
    text = str(content.get("content") or "")
    if choice(content.get("contentType") or "rawtext", _CONTENT, "contentType") == "rawtext":
        return text.encode()
    try:
        return b64decode(text, validate=True)
    except Base64Error as error:
        raise invalid("The newContent of a change is no valid base64 text.") from error


def push_shape(organisation: Organisation, repository: Document, push: Document) -> Document:
    url = repositories.reference(organisation, repository)["url"]
    return {
        "pushId": push["pushId"],
        "date": push["date"],
        "url": f"{url}/pushes/{push['pushId']}",
        "repository": repositories.reference(organisation, repository),
        "pushedBy": people.reference(organisation, people.person_by_id(organisation, push["pushedBy"])),
        "refUpdates": [{"repositoryId": repository["id"], **update} for update in push["refUpdates"]],
    }


def _pushes(call: Call) -> Answer:
    repository = repositories.of_call(call)
    kept = [push for push in call.organisation.store.all("push") if push["repository"] == repository["id"]]
    wanted = call.query("searchCriteria.refName")
    kept = [push for push in kept if not wanted or any(update["name"] == wanted for update in push["refUpdates"])]
    kept.reverse()
    page = kept[call.number("$skip", 0) :][: call.number("$top", 100)]
    return collection([push_shape(call.organisation, repository, push) for push in page])


def commit_shape(organisation: Organisation, repository: Document, commit: str) -> Document:
    """Shape a commit (GitCommitRef)."""
    home = repositories.path(organisation, repository)
    raw = git.text(
        home, "show", "-s", "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B", commit
    )
    full, tree, parents, an, ae, at, cn, ce, ct, message = raw.split("\0")
    url = repositories.reference(organisation, repository)["url"]
    return {
        "commitId": full,
        "treeId": tree,
        "parents": parents.split(),
        "author": {"name": an, "email": ae, "date": at},
        "committer": {"name": cn, "email": ce, "date": ct},
        "comment": message.strip(),
        "url": f"{url}/commits/{full}",
        "remoteUrl": f"{repositories.remote_url(organisation, repository)}/commit/{full}",
    }


def _commits(call: Call) -> Answer:
    repository = repositories.of_call(call)
    home = repositories.path(call.organisation, repository)
    start = _version(call, home, "searchCriteria.itemVersion")
    top = call.number("$top", call.number("searchCriteria.$top", 100))
    skip = call.number("$skip", call.number("searchCriteria.$skip", 0))
    place = call.query("searchCriteria.itemPath").removeprefix("/")
    listed = git.text(
        home,
        "rev-list",
        f"--max-count={top}",
        f"--skip={skip}",
        start,
        "--",
        *([f":(literal){place}"] if place else []),
    )
    return collection([_without_details(commit_shape(call.organisation, repository, one)) for one in listed.split()])


def _without_details(commit: Document) -> Document:
    return {name: value for name, value in commit.items() if name not in ("parents", "treeId")}


def _commit_of(call: Call) -> Answer:
    repository = repositories.of_call(call)
    home = repositories.path(call.organisation, repository)
    commit = git.tip(home, call.values["commitId"])
    if commit is None:
        raise Fault(
            404,
            "GitCommitDoesNotExistException",
            f"TF401175: The version descriptor <Commit: {call.values['commitId']}> could not be resolved to a version.",
        )
    return Answer(commit_shape(call.organisation, repository, commit))


def _items(call: Call) -> Answer:
    repository = repositories.of_call(call)
    home = repositories.path(call.organisation, repository)
    commit = _version(call, home, "versionDescriptor")
    place = (call.query("path") or call.values.get("path") or "").strip("/")
    if place and not call.query("recursionLevel") and not call.query("scopePath"):
        return _item(call, repository, commit, place)
    place = call.query("scopePath").strip("/") or place
    recursion = call.choice(
        "recursionLevel", {0: "none", 1: "oneLevel", 4: "oneLevelPlusNestedEmptyFolders", 120: "full"}, "none"
    )
    if (
        place
        and not _entries(home, commit, f"{place}/", recursive=False)
        and not _entries(home, commit, place, recursive=False)
    ):
        raise _no_item(call, commit, place)
    url = repositories.reference(call.organisation, repository)["url"]
    root = _entry(url, commit, ("040000", "tree", git.text(home, "rev-parse", f"{commit}:{place}"), place))
    below = (
        []
        if recursion == "none"
        else _entries(home, commit, f"{place}/" if place else "", recursive=recursion == "full")
    )
    return collection([root, *(_entry(url, commit, entry) for entry in below)])


def _item(call: Call, repository: Document, commit: str, place: str) -> Answer:
    home = repositories.path(call.organisation, repository)
    entries = _entries(home, commit, place, recursive=False)
    if not entries:
        raise _no_item(call, commit, place)
    shown = _entry(repositories.reference(call.organisation, repository)["url"], commit, entries[0])
    accepted = call.request.headers.get("Accept", "").casefold()
    wants_bytes = call.query("$format").casefold() in ("octetstream", "text") or call.flag("download")
    if shown["gitObjectType"] == "blob":
        content = git.run(home, "cat-file", "blob", shown["objectId"]).stdout
        if wants_bytes or accepted.startswith(("application/octet-stream", "text/plain", "*/*")) or not accepted:
            return Answer(content, content_type="text/plain" if "text" in accepted else "application/octet-stream")
        if call.flag("includeContent"):
            shown["content"] = content.decode("utf-8", "replace")
    return Answer(shown)


def _entries(home: Path, commit: str, place: str, *, recursive: bool) -> list[tuple[str, str, str, str]]:
    listed = git.text(
        home, "ls-tree", "-z", *(["-r", "-t"] if recursive else []), commit, "--", *([f"{place}"] if place else [])
    )
    entries = []
    for line in filter(None, listed.split("\0")):
        head, _, name = line.partition("\t")
        mode, kind, identity = head.split()
        entries.append((mode, kind, identity, name))
    return entries


def _entry(url: str, commit: str, entry: tuple[str, str, str, str]) -> Document:
    _, kind, identity, place = entry
    shown = {
        "objectId": identity,
        "gitObjectType": kind,
        "commitId": commit,
        "path": f"/{place}",
        "url": f"{url}/items?path=/{place}&versionType=Commit&version={commit}",
    }
    return shown | ({"isFolder": True} if kind == "tree" else {})


def _no_item(call: Call, commit: str, place: str) -> Fault:
    return Fault(
        404,
        "GitItemNotFoundException",
        f"TF401174: The item '/{place}' could not be found in the repository '{call.values['repositoryId']}' at the "
        f"version specified by '<Commit: {commit} >'.",
    )


def _version(call: Call, home: Path, prefix: str) -> str:
    name = call.query(f"{prefix}.version") or call.query("version")
    kind = call.query(f"{prefix}.versionType") or call.query("versionType") or "branch"
    kind = choice(kind, {0: "branch", 1: "tag", 2: "commit"}, "versionType")
    if not name:
        found = git.tip(home, "HEAD")
    else:
        found = git.tip(home, {"branch": f"refs/heads/{name}", "tag": f"refs/tags/{name}", "commit": name}[kind])
    if found is None:
        raise Fault(
            404,
            "GitUnresolvableToCommitException",
            f"TF401175: The version descriptor <{kind.title()}: {name or 'default branch'}> could not be resolved to a "
            f"version in the repository {call.values['repositoryId']}.",
        )
    return found


def _url(call: Call, repository: Document) -> str:
    return str(repositories.reference(call.organisation, repository)["url"])


def resources(watch: pushes.Watcher) -> tuple[Resource, ...]:
    """List the resources of this room; `watch` hears of every reference that moved."""

    def update(call: Call) -> Answer:
        return _update(call, watch)

    def push(call: Call) -> Answer:
        return _push(call, watch)

    inside: dict[str, Any] = {"area": "git", "version": 2}
    home = "{project}/_apis/{area}/repositories/{repositoryId}/{resource}"
    return (
        Resource(
            "2d874a60-a811-4f62-9c9f-963a6ea0a55b",
            name="refs",
            template=home,
            many={"GET": _list, "POST": update},
            **inside,
        ),
        Resource(
            "ea98d07b-3c87-4971-8ede-a613694ffb55",
            name="pushes",
            template=f"{home}/{{pushId}}",
            many={"GET": _pushes, "POST": push},
            **(inside | {"version": 3}),
        ),
        Resource(
            "c2570c3b-5b3f-41b8-98bf-5407bfde8d58",
            name="commits",
            template=f"{home}/{{commitId}}",
            many={"GET": _commits},
            one={"GET": _commit_of},
            **inside,
        ),
        Resource(
            "fb93c0db-47ed-4a31-8c20-47552878fb44",
            name="items",
            template=f"{home}/{{path}}",
            many={"GET": _items},
            one={"GET": _items},
            **inside,
        ),
    )
