"""Tell a caller what it may do, by the same rule that refuses it: no answer here can disagree with a refusal.

Tokens: github.com/Azure/azure-devops-cli-extension, doc/security_tokens.md. A token that names nothing grants nothing, where
the service would fall back on its parent: a wrongly built one should show.
"""

from __future__ import annotations

import re

from devops_emulator.boards import areas
from devops_emulator.faults import Fault, body_missing, malformed
from devops_emulator.organisation import Organisation, denied, projects
from devops_emulator.security import namespaces
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, served

_MEMBERS = frozenset({"securitynamespaceid", "token", "permissions", "value"})
_UNIT = "(?:[0-9a-f]{4})+"  # the UTF-16 units of one part of a branch's name, little end first
_REFERENCE = re.compile(rf"refs/(?:heads|tags)/(?:{_UNIT}/)*")
# Rights that nobody is denied here.
_FREE = {namespaces.GIT: 32 | 64, namespaces.AREAS: 1, namespaces.TAGGING: 1}


def _project_of(organisation: Organisation, namespace: str, token: str) -> Document | None:
    """Return the project of what a token names, None where it names nothing."""
    if namespace == namespaces.AREAS:
        return next((one for one in projects(organisation) if token in areas.tokens(organisation, one)), None)
    if namespace == namespaces.GIT:
        root, _, rest = token.partition("/")
        identifier, _, rest = rest.partition("/")
        return (
            _project(organisation, identifier) if root == "repoV2" and _is_git(organisation, identifier, rest) else None
        )
    if namespace == namespaces.TAGGING:
        return _project(organisation, token.removeprefix("/")) if token.startswith("/") else None
    identifier, _, definition = token.partition("/")
    known = {str(one["definition"]) for one in organisation.store.all("build")} | {
        *organisation.store.keys("definition")
    }
    return _project(organisation, identifier) if not definition or definition in known else None


def _project(organisation: Organisation, identifier: str) -> Document | None:
    return next((one for one in projects(organisation) if one["id"] == identifier.lower()), None)


def _is_git(organisation: Organisation, project: str, rest: str) -> bool:
    """Return whether `rest` names a repository of the project and a reference of it; without either all of them are meant."""
    if not rest:
        return True
    identifier, _, reference = rest.partition("/")
    repository = organisation.store.find("repository", identifier.lower())
    ours = repository is not None and repository["project"] == project.lower()
    return ours and (not reference or _REFERENCE.fullmatch(reference) is not None)


def _effective(organisation: Organisation, namespace: str, token: str) -> int:
    project = _project_of(organisation, namespace, token)
    if project is None:
        return 0
    held = (
        bit
        for right, bit in namespaces.BITS[namespace].items()
        if not denied(organisation, project, right, token=token)
    )
    return sum(held) | _FREE.get(namespace, 0)


def _evaluate(call: Call) -> Answer:
    body = {name.casefold(): value for name, value in call.object().items()}
    if unknown := body.keys() - {"alwaysallowadministrators", "evaluations"}:
        raise malformed(f"Could not find member '{min(unknown)}' on object of type 'PermissionEvaluationBatch'.")
    wanted = body.get("evaluations")
    if not isinstance(wanted, list):
        raise body_missing("eval.Evaluations")
    return Answer({"evaluations": [_evaluated(call.organisation, one) for one in wanted]})


def _evaluated(organisation: Organisation, wanted: Document) -> Document:
    given = {name.casefold(): value for name, value in wanted.items()}
    if unknown := given.keys() - _MEMBERS:
        raise malformed(f"Could not find member '{min(unknown)}' on object of type 'PermissionEvaluation'.")
    token, permissions = given.get("token"), given.get("permissions", 0)
    if not isinstance(token, str):
        raise body_missing("token")
    if not isinstance(permissions, int) or isinstance(permissions, bool):
        raise malformed(f"The value '{permissions}' is not valid for permissions.")
    identifier = str(given.get("securitynamespaceid")).lower()
    if identifier not in namespaces.BITS:
        raise Fault(
            404, "InvalidSecurityNamespaceException", f"The security namespace {identifier} is not registered here."
        )
    return {
        "securityNamespaceId": identifier,
        "token": token,
        "permissions": permissions,
        "value": _effective(organisation, identifier, token) & permissions == permissions,
    }


RESOURCES = (served("PermissionEvaluationBatch", {"POST": _evaluate}),)
