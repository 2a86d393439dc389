"""Git repositories of a project: stored bare in the organisation's folder, read over REST."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from devops_emulator import people
from devops_emulator.faults import Fault, invalid, needs_git_permission, no_repository
from devops_emulator.organisation import GIT_RIGHTS, Organisation, denied, find_project, now, project_reference
from devops_emulator.repos import git
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, inner, served

# Interpreter and hook come with each push: the next start may use another installation.
_HOOK = '#!/bin/sh\nexec "$EMULATOR_PYTHON" -I "$EMULATOR_HOOK" "$@"\n'


def path(organisation: Organisation, repository: Document) -> Path:
    return organisation.repositories / f"{repository['id']}.git"


def add_repository(
    organisation: Organisation,
    project: Document,
    name: str,
    *,
    source: Path | None = None,
    protected: tuple[str, ...] = (),
    deny: tuple[str, ...] = (),
) -> Document:
    """Create a repository, empty or with the branches and tags of another; raises GitError."""
    repository = {
        "id": str(uuid4()),
        "project": project["id"],
        "name": name,
        "protected": [f"refs/heads/{git.branch(branch)}" for branch in protected],
        "deny": list(deny),
        "policies": [],
        "disabled": False,
        "created": now(),
    }
    home = path(organisation, repository)
    home.parent.mkdir(exist_ok=True)
    try:
        _fill(home, source)
    except git.GitError:
        shutil.rmtree(home, ignore_errors=True)
        raise
    hook = home / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_HOOK, encoding="utf-8")
    hook.chmod(0o755)
    organisation.store.put("repository", repository["id"], repository)
    return repository


def _fill(home: Path, source: Path | None) -> None:
    git.run(home, "init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(home))
    if source is not None:
        git.run(home, "fetch", "--quiet", str(source), "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        head = git.text(home, "ls-remote", "--symref", str(source), "HEAD").partition("\n")[0]
        branches = git.references(home, "refs/heads/")
        # A source with a detached HEAD has no current branch: try the usual names.
        wanted = head.removeprefix("ref: ").partition("\t")[0] if head.startswith("ref: ") else ""
        for name in (wanted, "refs/heads/main", "refs/heads/master", *branches):
            if name in branches:
                git.run(home, "symbolic-ref", "HEAD", name)
                break


def repositories_of(organisation: Organisation, project: Document) -> list[Document]:
    return [known for known in organisation.store.all("repository") if known["project"] == project["id"]]


def is_taken(organisation: Organisation, project: Document, name: str) -> bool:
    return any(known["name"].casefold() == name.casefold() for known in repositories_of(organisation, project))


def find_repository(
    organisation: Organisation, name_or_id: str, project: str | None, *, disabled: bool = False
) -> Document:
    """Return a repository by GUID, or by name within its project; raises Fault 404 TF401019.

    A disabled one is not there, for git and REST alike, except for reading and changing its own description (`disabled`).
    """
    owner = find_project(organisation, project) if project else None
    wanted = name_or_id.casefold()
    for repository in organisation.store.all("repository"):
        by_name = owner is not None and repository["name"].casefold() == wanted
        if (repository["id"] == wanted or by_name) and owner in (None, project_of(organisation, repository)):
            if lacks(organisation, repository, "GenericRead") or (repository["disabled"] and not disabled):
                break
            return repository
    raise no_repository(name_or_id)


def of_call(call: Call, *, disabled: bool = False) -> Document:
    found, project = call.values["repositoryId"], call.values.get("project")
    return find_repository(call.organisation, found, project, disabled=disabled)


def project_of(organisation: Organisation, repository: Document) -> Document:
    return find_project(organisation, repository["project"])


def lacks(organisation: Organisation, repository: Document, right: str) -> bool:
    return denied(organisation, project_of(organisation, repository), right, repository)


def check_right(organisation: Organisation, repository: Document, right: str) -> None:
    if lacks(organisation, repository, right):
        raise needs_git_permission(right, people.me(organisation)["uniqueName"])


def rights_denied(organisation: Organisation, repository: Document) -> list[str]:
    return [right for right in GIT_RIGHTS if lacks(organisation, repository, right)]


def remote_url(organisation: Organisation, repository: Document) -> str:
    project = project_of(organisation, repository)
    return f"{organisation.url}{quote(project['name'])}/_git/{quote(repository['name'])}"


def author(organisation: Organisation) -> dict[str, str]:
    """Return the environment with the author of the server's own commits."""
    me = people.me(organisation)
    name, mail = me["displayName"], f"{me['id']}@emulated.invalid"
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
    }


def reference(organisation: Organisation, repository: Document) -> Document:
    project = project_of(organisation, repository)
    return {
        "id": repository["id"],
        "name": repository["name"],
        "url": f"{organisation.url}{project['id']}/_apis/git/repositories/{repository['id']}",
        "project": project_reference(organisation, project),
        "remoteUrl": remote_url(organisation, repository),
        "isDisabled": repository["disabled"],
    }


def shape(organisation: Organisation, repository: Document) -> Document:
    home = path(organisation, repository)
    shown = reference(organisation, repository)
    branches = git.references(home, "refs/heads/")
    # The service omits the member for an empty repository.
    if branches:
        shown["defaultBranch"] = git.default_branch(home)
    size = sum(file.stat().st_size for file in (home / "objects").rglob("*") if file.is_file())
    return shown | {"webUrl": shown["remoteUrl"], "size": size, "isInMaintenance": False}


def _list(call: Call) -> Answer:
    project = call.any_project()
    known = repositories_of(call.organisation, project) if project else call.organisation.store.all("repository")
    readable = [one for one in known if not lacks(call.organisation, one, "GenericRead")]
    return collection([shape(call.organisation, one) for one in readable])


def _create(call: Call) -> Answer:
    body = call.object()
    name = str(body.get("name") or "").strip()
    if not name or "/" in name:
        raise invalid("VS800070: The name of a repository must not be empty or contain a slash.")
    wanted = call.values.get("project") or str(inner(body.get("project")).get("id") or "")
    project = find_project(call.organisation, wanted)
    if is_taken(call.organisation, project, name):
        sentence = f"TF400948: A Git repository with the name {name} already exists."
        raise Fault(409, "GitRepositoryNameAlreadyExistsException", sentence)
    return Answer(shape(call.organisation, add_repository(call.organisation, project, name)), status=201)


def _get(call: Call) -> Answer:
    return Answer(shape(call.organisation, of_call(call, disabled=True)))


def _update(call: Call) -> Answer:
    """Disable or enable a repository, which a job may not do."""
    repository, body = of_call(call, disabled=True), call.object()
    if call.organisation.caller is None:
        raise needs_git_permission("EditPolicies", people.me(call.organisation)["uniqueName"])
    if body.keys() != {"isDisabled"} or not isinstance(body["isDisabled"], bool):
        raise invalid("Only isDisabled of a repository can be updated.")
    repository["disabled"] = body["isDisabled"]
    call.organisation.store.put("repository", repository["id"], repository)
    return Answer(shape(call.organisation, repository))


RESOURCES = (served("repositories", {"GET": _list, "POST": _create}, {"GET": _get, "PATCH": _update}),)
