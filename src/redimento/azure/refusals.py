"""Interpret error answers of Azure DevOps: which error, which right is missing, and who needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from redimento.azure.answer import HttpAnswer
from redimento.errors import AzureError, ConflictError, NotThereError, PermissionMissingError, SignInError
from redimento.text.redaction import NO_SECRETS, Secrets

# Permission bits as messages name them → as the security page does (docs/organizations/security/permissions.md).
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
# Errors of Azure Boards carry a number, not the name of a permission bit.
_RIGHTS_BY_NUMBER = {
    "TF401289": "Create tag definition",
    "TF237111": "Edit work items in this node",
    "TF401320": "Edit work items in this node",
}
_AREA_PAGE = "Project settings > Project configuration > Areas > (the area) > Security"
_PROJECT_PAGE = "Project settings > Permissions"
# Part of the URL → the page that grants its rights, and the right to read there.
_PAGES = {
    "/_apis/wit/": (_AREA_PAGE, "View work items in this node"),
    "/_apis/git/": ("Project settings > Repositories > (the repository) > Security", "Read"),
    "/_apis/build/": ("Pipelines > (the pipeline) > Manage security", "View builds"),
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
    "Map the job's token on the step (env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)). It expires with its job: "
    "if this was a very long job, run it again."
)


@dataclass(frozen=True)
class BuildIdentity:
    r"""The account behind the job's token: one of two, depending on the project's job authorization scope.

    `Build\<guid>` in a message is the project's account if the guid is the project's id.
    """

    organisation: str
    project: str = ""
    project_id: str = ""

    def named(self, message: str = "") -> str:
        """Return the account as the security pages spell it; both accounts unless `message` identifies one."""
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
    """The error body of Azure DevOps; "" for absent fields."""

    message: str
    type_key: str
    number: str  # TF401232, VS403351 …

    @property
    def quoted(self) -> str:
        """The message as a sentence to append, "" when there is none."""
        return f" Azure DevOps said: {self.message}" if self.message else ""


def server_message(answer: HttpAnswer, secrets: Secrets = NO_SECRETS) -> ServerMessage:
    """Read an error body: JSON with `message` and `typeKey`, or plain text; neutralised, with the secrets redacted."""
    try:
        body = answer.parsed()
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        message, type_key = str(body.get("message") or ""), str(body.get("typeKey") or "")
    else:
        message, type_key = ("" if answer.is_html else answer.body.decode("utf-8", "replace")), ""
    message = " ".join(secrets.clean(message).split())[:_LONGEST_MESSAGE]
    number = _NUMBER.search(message)
    return ServerMessage(message, secrets.clean(type_key)[:200], number[0] if number else "")


def is_sign_in_page(answer: HttpAnswer) -> bool:
    """Return whether Azure DevOps asks a browser to sign in: 401, or a page or redirect instead of an error.

    203 with HTML or 302 for a missing, expired or invalid token (MicrosoftDocs/vsts-rest-api-specs issues 97 and 574).
    """
    if answer.status in (203, _STATUS_UNAUTHORIZED) or 300 <= answer.status < 400:  # noqa: PLR2004  # HTTP's own classes
        return True
    return answer.status < 300 and answer.is_html  # noqa: PLR2004


def sign_in_error(answer: HttpAnswer, call: str, secrets: Secrets = NO_SECRETS) -> SignInError:
    """Return the error for an answer that asks to sign in, with the `secrets` redacted."""
    if answer.status == _STATUS_UNAUTHORIZED:
        how = "with 401"
    elif 300 <= answer.status < 400:  # noqa: PLR2004  # HTTP's own classes
        how = f"with a redirect ({answer.status})"
    else:
        how = f"with a sign-in page ({answer.status})"
    reported = server_message(answer, secrets)
    return SignInError(
        f"Azure DevOps did not accept the token: {call} was answered {how}.",
        f"{SIGN_IN_REMEDY}{reported.quoted}",
        status=answer.status,
        type_key=reported.type_key,
    )


def refusal(
    answer: HttpAnswer, *, call: str, about: str, identity: BuildIdentity, secrets: Secrets = NO_SECRETS
) -> AzureError:
    """Return the error for `answer` (a 4xx or 5xx), with the `secrets` redacted.

    `call` is method and URL without query; `about` is the resource in the user's words, "" when unknown.
    """
    reported = server_message(answer, secrets)
    subject = about or call
    if answer.status == _STATUS_FORBIDDEN or reported.number in _RIGHTS_BY_NUMBER:
        return _missing_right(answer, reported, call, subject, identity)
    if answer.status == _STATUS_NOT_FOUND:
        return _not_there(reported, call, about, identity)
    if answer.status in _STATUSES_CONFLICT:
        return ConflictError(
            f"Somebody else changed {subject} first: {reported.message.rstrip('.') or answer.status}.",
            "Run it again.",
            status=answer.status,
            type_key=reported.type_key,
        )
    if answer.status == _STATUS_THROTTLED:
        return AzureError(
            f"Azure DevOps is throttling this pipeline: {call} was refused with 429.",
            "Wait five minutes, or run fewer jobs at a time.",
            status=answer.status,
            type_key=reported.type_key,
        )
    reason = reported.message or "it gave no reason"
    verb = "refused" if answer.status < 500 else "failed at"  # noqa: PLR2004  # HTTP's own classes
    remedy = "" if answer.status < 500 else "See https://status.dev.azure.com and run it again."  # noqa: PLR2004
    return AzureError(
        f"Azure DevOps {verb} {call} ({answer.status}): {reason.rstrip('.')}.",
        remedy,
        status=answer.status,
        type_key=reported.type_key,
    )


def _missing_right(
    answer: HttpAnswer, reported: ServerMessage, call: str, subject: str, identity: BuildIdentity
) -> PermissionMissingError:
    quoted = _QUOTED_RIGHT.search(reported.message)
    right = _RIGHTS.get(quoted[1], quoted[1]) if quoted else _RIGHTS_BY_NUMBER.get(reported.number, "")
    who = identity.named(reported.message)
    page, _ = _page_and_right_to_read(call)
    if right == "Create tag definition":
        page = _PROJECT_PAGE
    elif right.endswith("in this node"):  # a call to another area may fail because of the work item
        page = _AREA_PAGE
    if right:
        sentence = f"{who} lacks the right '{right}', needed for {subject}."
        remedy = f"Grant it in {page}.{reported.quoted}"
    else:
        sentence = f"{who} lacks a right that is needed for {subject}."
        remedy = f"Check its rights in {page}.{reported.quoted}"
    return PermissionMissingError(sentence, remedy, status=answer.status, type_key=reported.type_key)


def _not_there(reported: ServerMessage, call: str, about: str, identity: BuildIdentity) -> NotThereError:
    if not reported.type_key:
        # A wrong route gets a plain-text answer: the URL is wrong, not the resource.
        return NotThereError(
            f"Azure DevOps has no such address: {call}.",
            "Check the collection URL (SYSTEM_COLLECTIONURI), and that the server is Azure DevOps Server 2020 or later.",
            status=_STATUS_NOT_FOUND,
        )
    who = identity.named(reported.message)
    page, right = _page_and_right_to_read(call)
    return NotThereError(
        f"{_capital(about or call)} does not exist, or this job may not read it.",
        f"Check the name or number; if it exists, grant {who} the right '{right}' in {page}.{reported.quoted}",
        status=_STATUS_NOT_FOUND,
        type_key=reported.type_key,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _page_and_right_to_read(call: str) -> tuple[str, str]:
    return next(
        (found for part, found in _PAGES.items() if part in call), (_PROJECT_PAGE, "View project-level information")
    )
