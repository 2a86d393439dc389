"""Commits and files of a repository over REST."""

from __future__ import annotations

from pathlib import Path

from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, choice, collection


def commit_shape(organisation: Organisation, repository: Document, commit: str) -> Document:
    """Shape a commit (GitCommitRef)."""
    home = repositories.path(organisation, repository)
    raw = git.text(home, "show", "-s", "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B", commit)
    full, parents, an, ae, at, cn, ce, ct, message = raw.split("\0")
    url = repositories.reference(organisation, repository)["url"]
    return {
        "commitId": full,
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
    return collection([commit_shape(call.organisation, repository, one) for one in listed.split()])


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
    tree = git.text(home, "rev-parse", f"{commit}^{{tree}}")
    return Answer(commit_shape(call.organisation, repository, commit) | {"treeId": tree})


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
    if place and not _entries(home, commit, place, recursive=False):
        raise _no_item(call, commit, place)
    url = repositories.reference(call.organisation, repository)["url"]
    entries = [("040000", "tree", git.text(home, "rev-parse", f"{commit}:{place}"), place)]
    if recursion != "none":
        entries += _entries(home, commit, f"{place}/" if place else "", recursive=recursion == "full")
    return collection([_entry(url, commit, entry) for entry in entries])


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
        home, "ls-tree", "-z", *(["-r", "-t"] if recursive else []), commit, "--", *([place] if place else [])
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


_HOME = "{project}/_apis/{area}/repositories/{repositoryId}/{resource}"

RESOURCES = (
    Resource(
        "c2570c3b-5b3f-41b8-98bf-5407bfde8d58",
        "git",
        "commits",
        f"{_HOME}/{{commitId}}",
        {"GET": _commits},
        {"GET": _commit_of},
        version=2,
    ),
    Resource(
        "fb93c0db-47ed-4a31-8c20-47552878fb44",
        "git",
        "items",
        f"{_HOME}/{{*path}}",
        {"GET": _items},
        {"GET": _items},
        version=1,
    ),
)
