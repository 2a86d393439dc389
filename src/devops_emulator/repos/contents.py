"""Commits and files of a repository over REST."""

from __future__ import annotations

from pathlib import Path

from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, choice, collection, served

_RECURSIONS = {0: "none", 1: "oneLevel", 4: "oneLevelPlusNestedEmptyFolders", 120: "full"}


def commit_shape(organisation: Organisation, repository: Document, commit: str) -> Document:
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
    paths = [f":(literal){place}"] if place else []
    listed = git.text(home, "rev-list", f"--max-count={top}", f"--skip={skip}", start, "--", *paths)
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
    alone = place and not call.query("recursionLevel") and not call.query("scopePath")
    place = call.query("scopePath").strip("/") or place
    if place:
        entries = _entries(home, commit, "--", place)
    else:
        entries = [f"040000 tree {git.text(home, 'rev-parse', f'{commit}^{{tree}}')}\t"]
    if not entries:
        raise Fault(
            404,
            "GitItemNotFoundException",
            f"TF401174: The item '/{place}' could not be found in the repository '{call.values['repositoryId']}' at the "
            f"version specified by '<Commit: {commit} >'.",
        )
    recursion = call.choice("recursionLevel", _RECURSIONS, "none")
    if " tree " in entries[0].partition("\t")[0] and recursion != "none":
        every = ["-r", "-t"] if recursion == "full" else []
        entries += _entries(home, *every, commit, "--", *([f"{place}/"] if place else []))
    url = repositories.reference(call.organisation, repository)["url"]
    shown = [_shape(url, commit, entry) for entry in entries]
    return _content(call, home, shown[0]) if alone else collection(shown)


def _entries(home: Path, *arguments: str) -> list[str]:
    return git.text(home, "ls-tree", "-z", *arguments).split("\0")[:-1]


def _shape(url: str, commit: str, entry: str) -> Document:
    head, _, place = entry.partition("\t")
    _, kind, identity = head.split()
    return {
        "objectId": identity,
        "gitObjectType": kind,
        "commitId": commit,
        "path": f"/{place}",
        "url": f"{url}/items?path=/{place}&versionType=Commit&version={commit}",
        **({"isFolder": True} if kind == "tree" else {}),
    }


def _content(call: Call, home: Path, shown: Document) -> Answer:
    accepted = call.request.headers.get("Accept", "").casefold()
    wants_bytes = call.query("$format").casefold() in ("octetstream", "text") or call.flag("download")
    if shown["gitObjectType"] == "blob":
        content = git.run(home, "cat-file", "blob", shown["objectId"]).stdout
        if wants_bytes or accepted.startswith(("application/octet-stream", "text/plain", "*/*")) or not accepted:
            return Answer(content, content_type="text/plain" if "text" in accepted else "application/octet-stream")
        if call.flag("includeContent"):
            shown["content"] = content.decode("utf-8", "replace")
    return Answer(shown)


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


RESOURCES = (
    served("commits", {"GET": _commits}, {"GET": _commit_of}),
    served("items", {"GET": _items}, {"GET": _items}),
)
