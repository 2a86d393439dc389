"""Move references: every kind of push ends here, is recorded with its pusher, and refreshes its pull requests."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping

from werkzeug.wrappers import Response

from devops_emulator import people
from devops_emulator.faults import Fault, no_repository
from devops_emulator.organisation import Organisation, now
from devops_emulator.pipelines import definitions
from devops_emulator.repos import git, policy, pull_request, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Call

# The effect of a push is the difference before and after it: one push at a time.
_receiving = threading.Lock()


def refused(organisation: Organisation, repository: Document, name: str, old: str, new: str) -> tuple[str, str] | None:
    home = repositories.path(organisation, repository)
    return policy.refusal(
        name,
        old,
        new,
        protected=repository["protected"],
        denied=repositories.rights_denied(organisation, repository),
        is_ancestor=lambda before, after: git.is_ancestor(home, before, after),
    )


def record(organisation: Organisation, repository: Document, moved: Mapping[str, tuple[str, str]]) -> Document:
    """Record moved references (GitPush) and refresh the affected pull requests."""
    number = organisation.store.next_number("push")
    push = {
        "pushId": number,
        "repository": repository["id"],
        "date": now(),
        "refUpdates": [{"name": name, "oldObjectId": old, "newObjectId": new} for name, (old, new) in moved.items()],
        "pushedBy": people.me(organisation)["id"],
    }
    organisation.store.put("push", number, push)
    pull_request.watch(organisation, repository, moved)
    for name in moved:
        definitions.pushed(organisation, repository, name)
    return push


def creators(organisation: Organisation, repository: Document) -> dict[str, Document]:
    """Return by reference who created it with a push."""
    found = {}
    for push in organisation.store.all("push"):
        for update in push["refUpdates"]:
            if push["repository"] == repository["id"] and update["oldObjectId"] == git.ZERO:
                found[update["name"]] = people.person_by_id(organisation, push["pushedBy"])
    return found


def serve_git(call: Call) -> Response:
    """Serve git's own protocol with `git http-backend`."""
    organisation = call.organisation
    try:
        repository = repositories.find_repository(organisation, call.values["repository"], call.values["project"])
    except Fault:
        fault = no_repository(call.values["repository"])
        return Response(f"{fault.message}\n", status=404, content_type="text/plain; charset=utf-8")
    if not call.values["rest"].endswith("git-receive-pack"):
        return _backend(call, repository)
    with _receiving:
        home = repositories.path(organisation, repository)
        before = git.references(home, "refs/heads/", "refs/tags/")
        answer = _backend(call, repository)
        after = git.references(home, "refs/heads/", "refs/tags/")
        moved = {
            name: (before.get(name, git.ZERO), after.get(name, git.ZERO))
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
        if moved:
            with organisation.store.transaction():
                record(organisation, repository, moved)
    return answer


def _backend(call: Call, repository: Document) -> Response:
    organisation, request = call.organisation, call.request
    # Chunked bodies arrive in one piece; compressed ones are unpacked by the backend.
    body = request.get_data()
    rules = {"protected": repository["protected"], "denied": repositories.rights_denied(organisation, repository)}
    variables = {
        "GIT_PROJECT_ROOT": str(organisation.repositories),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository['id']}.git/{call.values['rest']}",
        "QUERY_STRING": request.query_string.decode(),
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": people.me(organisation)["id"],
        "REMOTE_ADDR": request.remote_addr or "",
        "EMULATOR_POLICY": json.dumps(rules),
        "EMULATOR_HOOK": policy.__file__,
        "EMULATOR_PYTHON": sys.executable,
    }
    done = subprocess.run(
        ["git", "http-backend"],  # noqa: S607 - the git on the PATH
        input=body,
        capture_output=True,
        env=git.environment(organisation.folder, variables),
        check=False,
    )
    head, _, payload = done.stdout.partition(b"\r\n\r\n")
    fields = [line.partition(":") for line in head.decode("latin-1").split("\r\n") if ":" in line]
    headers = {name.strip(): value.strip() for name, _, value in fields}
    status = int(headers.pop("Status", "200 OK" if head else "500").split()[0])
    return Response(payload, status=status, headers=headers)
