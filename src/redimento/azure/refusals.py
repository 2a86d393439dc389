"""What a refusal of Azure DevOps means: which error, which right is missing, and who needs it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from redimento.azure.answer import HttpAnswer
from redimento.errors import AzureError, ConflictError, NotThereError, PermissionMissingError, SignInError
from redimento.text.foreign import neutralise, redact

# Names of the permission bits in messages → their names on the security page (docs/organizations/security/permissions.md).
_RIGHTS = {
    "GenericRead": "Read",
    "GenericContribute": "Contribute",
    "CreateBranch": "Create branch",
    "CreateTag": "Create tag",
    "ForcePush": "Force push (rewrite history, delete branches and tags)",
    "PullRequestContribute": "Contribute to pull requests",
    "PolicyExempt": "Bypass policies when pushing",
    "ViewBuilds": "View builds",
}
# Refusals of Azure Boards carry a number, not the name of a permission bit.
_RIGHTS_BY_NUMBER = {
    "TF401289": "Create tag definition",
    "TF237111": "Edit work items in this node",
    "TF401320": "Edit work items in this node",
}
_LONGEST_MESSAGE = 600
_QUOTED_RIGHT = re.compile(r"'([A-Z][A-Za-z]+)' permission")
_NUMBER = re.compile(r"\b(?:TF|VS)\d{5,7}\b")
_BUILD_ACCOUNT = re.compile(r"Build\\([0-9a-f-]{36})", re.IGNORECASE)
_STATUS_UNAUTHORIZED = 401
_STATUS_FORBIDDEN = 403
_STATUS_NOT_FOUND = 404
_STATUSES_CONFLICT = (409, 412)
_STATUS_THROTTLED = 429

SIGN_IN_REMEDY = (
    "Map the job's token on the step (env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)). It ends with its job: "
    "when a very long job met this, run it again."
)


@dataclass(frozen=True)
class BuildIdentity:
    r"""The account behind the job's token: one of two, by the job authorization scope of the project.

    `Build\<guid>` in a message is the project's account when the guid is the project's id.
    """

    organisation: str
    project: str = ""
    project_id: str = ""

    def named(self, message: str = "") -> str:
        """Return the account as the security pages spell it, as far as `message` tells which one it is."""
        collection = f"Project Collection Build Service ({self.organisation})"
        if not self.project:
            return collection
        project = f"{self.project} Build Service ({self.organisation})"
        account = _BUILD_ACCOUNT.search(message)
        if account and self.project_id:
            return project if account[1].lower() == self.project_id.lower() else collection
        return f"{project} (or {collection}, where jobs are not limited to their project)"


@dataclass(frozen=True)
class ServerMessage:
    """The error body of Azure DevOps; empty strings where it says nothing."""

    message: str
    type_key: str
    number: str  # TF401232, VS403351 …


def complaint(answer: HttpAnswer, secrets: Iterable[str] = ()) -> ServerMessage:
    """Read an error body: JSON with `message` and `typeKey`, else plain text; neutralised, and without the secrets."""
    try:
        body = answer.parsed()
    except ValueError:
        body = None
    if isinstance(body, dict):
        message, type_key = str(body.get("message") or ""), str(body.get("typeKey") or "")
    else:
        message, type_key = ("" if answer.is_html else answer.body.decode("utf-8", "replace")), ""
    message = " ".join(redact(neutralise(message), secrets).split())[:_LONGEST_MESSAGE]
    number = _NUMBER.search(message)
    return ServerMessage(message, redact(neutralise(type_key), secrets)[:200], number[0] if number else "")


def is_sign_in_page(answer: HttpAnswer) -> bool:
    """Tell whether this is the way Azure DevOps asks a browser to sign in: a page or a redirect instead of an error.

    203 with HTML or 302 for a missing, expired or invalid token (MicrosoftDocs/vsts-rest-api-specs issues 97 and 574).
    """
    if answer.status in (203, _STATUS_UNAUTHORIZED) or 300 <= answer.status < 400:  # noqa: PLR2004  # HTTP's own classes
        return True
    return answer.status < 300 and answer.is_html  # noqa: PLR2004


def sign_in_error(answer: HttpAnswer, call: str, secrets: Iterable[str] = ()) -> SignInError:
    """Return the error for an answer that asks to sign in; the `secrets` are kept out of its sentences."""
    if answer.status == _STATUS_UNAUTHORIZED:
        how = "with 401"
    elif 300 <= answer.status < 400:  # noqa: PLR2004  # HTTP's own classes
        how = f"with a redirect ({answer.status})"
    else:
        how = f"with a sign-in page ({answer.status})"
    said = complaint(answer, secrets)
    told = f" Azure DevOps said: {said.message}" if said.message else ""
    return SignInError(
        f"Azure DevOps did not accept the token: {call} was answered {how}.",
        f"{SIGN_IN_REMEDY}{told}",
        status=answer.status,
        type_key=said.type_key,
    )


def refusal(
    answer: HttpAnswer, *, call: str, about: str, identity: BuildIdentity, secrets: Iterable[str] = ()
) -> AzureError:
    """Return the error that `answer` (a 4xx or 5xx) stands for.

    `call` is method and address without query, `about` what the user would call the thing, "" when unknown;
    the `secrets` are kept out of the sentences.
    """
    said = complaint(answer, secrets)
    subject = about or call
    if answer.status == _STATUS_FORBIDDEN or said.number in _RIGHTS_BY_NUMBER:
        return _missing_right(answer, said, call, subject, identity)
    if answer.status == _STATUS_NOT_FOUND:
        return _not_there(said, call, about, identity)
    if answer.status in _STATUSES_CONFLICT:
        return ConflictError(
            f"Somebody else changed {subject} first: {said.message.rstrip('.') or answer.status}.",
            "Run it again.",
            status=answer.status,
            type_key=said.type_key,
        )
    if answer.status == _STATUS_THROTTLED:
        return AzureError(
            f"Azure DevOps is throttling this pipeline: {call} was refused with 429.",
            "Wait five minutes, or let fewer jobs run at a time.",
            status=answer.status,
            type_key=said.type_key,
        )
    reason = said.message or "it gave no reason"
    verb = "refused" if answer.status < 500 else "failed at"  # noqa: PLR2004  # HTTP's own classes
    remedy = "" if answer.status < 500 else "See https://status.dev.azure.com and run it again."  # noqa: PLR2004
    return AzureError(
        f"Azure DevOps {verb} {call} ({answer.status}): {reason.rstrip('.')}.",
        remedy,
        status=answer.status,
        type_key=said.type_key,
    )


def _missing_right(
    answer: HttpAnswer, said: ServerMessage, call: str, subject: str, identity: BuildIdentity
) -> PermissionMissingError:
    quoted = _QUOTED_RIGHT.search(said.message)
    right = _RIGHTS.get(quoted[1], quoted[1]) if quoted else _RIGHTS_BY_NUMBER.get(said.number, "")
    who = identity.named(said.message)
    page = _security_page(call, right)
    if right:
        sentence = f"{who} lacks the right '{right}', needed for {subject}."
        remedy = f"Grant it in {page}."
    else:
        sentence = f"{who} lacks a right that is needed for {subject}."
        remedy = f"Look in {page}."
    if said.message:
        remedy += f" Azure DevOps said: {said.message}"
    return PermissionMissingError(sentence, remedy, status=answer.status, type_key=said.type_key)


def _not_there(said: ServerMessage, call: str, about: str, identity: BuildIdentity) -> NotThereError:
    if not said.type_key:
        # A wrong route is answered in plain text, so the fault is the address and not the thing.
        return NotThereError(
            f"Azure DevOps knows no address for {call}.",
            "Check the collection URL (SYSTEM_COLLECTIONURI), and that the server is Azure DevOps Server 2020 or later.",
            status=_STATUS_NOT_FOUND,
        )
    who = identity.named(said.message)
    right = "'View work items in this node'" if "/wit/" in call else "'Read'"
    told = f" Azure DevOps said: {said.message}" if said.message else ""
    return NotThereError(
        f"{_capital(about or call)} does not exist or may not be seen.",
        f"Check the name or number; if it is there, grant {who} the right {right} in {_security_page(call, right)}.{told}",
        status=_STATUS_NOT_FOUND,
        type_key=said.type_key,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _security_page(call: str, right: str) -> str:
    if right == "Create tag definition":
        return "Project settings > Permissions"
    if "/wit/" in call or "in this node" in right:
        return "Project settings > Project configuration > Areas > (the area) > Security"
    if "/git/" in call:
        return "Project settings > Repositories > (the repository) > Security"
    if "/build/" in call:
        return "Pipelines > (the pipeline) > Manage security"
    return "Project settings > Permissions"
