"""Interpret error answers of Azure DevOps: which error, which right is missing, and who needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from redimento.azure.exchange import HttpAnswer
from redimento.delivery.rights import (
    AREA_PAGE,
    PIPELINE_PAGE,
    PROJECT_PAGE,
    REPOSITORY_PAGE,
    Account,
    Right,
    lacking,
    missing_right,
)
from redimento.errors import AzureError, ConflictError, NotThereError, PermissionMissingError, SignInError
from redimento.text.redaction import NO_SECRETS, Secrets

# Part of the URL → the page that grants its rights, and the right to read there.
_PAGES = {
    "/_apis/wit/": (AREA_PAGE, "View work items in this node"),
    "/_apis/git/": (REPOSITORY_PAGE, "Read"),
    "/_apis/build/": (PIPELINE_PAGE, "View builds"),
}
# What a number means, and the way out, where the status alone would mislead.
_BY_NUMBER = {
    "TF401179": (
        "There is already an active pull request for this branch, so {subject} was not opened.",
        "Run it again: it is updated then.",
    ),
    "TF401398": (
        "A branch of {subject} does not exist (any more), so it cannot be opened.",
        "Check `pull_request.target` in .redimento.yml, and run it again.",
    ),
}
_OVERTAKEN = frozenset({"TF26071", "VS403351"})  # the item has another revision; an older server sends them with 400
_RULE = re.compile(r"Rule Error for field ([^.]{1,128})\.(?: Error code: ([\w, ]{1,200}))?")
_OUTAGE = re.compile(rb"unavailable|maintenance|temporar|try again|outage", re.IGNORECASE)
_OUTAGE_REMEDY = "See https://status.dev.azure.com and run it again."
_LONGEST_MESSAGE = 600
_PLURAL = re.compile(r"the (?:\w+ ){0,2}\w+[^us]s(?: (?:of|to|on) |$)")
_NUMBER = re.compile(r"\b(?:TF|VS)\d{5,7}\b")
_STATUS_UNAUTHORIZED = 401
_STATUS_FORBIDDEN = 403
_STATUS_NOT_FOUND = 404
_STATUSES_CONFLICT = (409, 412)
_STATUS_PROXY = 407
_STATUS_THROTTLED = 429
_HEAD = 4_000  # bytes of a page that tell what it is about

SIGN_IN_REMEDY = (
    "Map the job's token on the step (env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)). It expires with its job: "
    "if this was a very long job, run it again."
)

PERSONAL_REMEDY = "Take a token of this organisation that has not expired, with the scopes that docs/install.md lists."


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
    return answer.status < 300 and answer.is_html and not is_outage(answer)  # noqa: PLR2004


def is_outage(answer: HttpAnswer) -> bool:
    """Return whether a page says that the service, or something before it, is out of order: with 200 as well."""
    return answer.is_html and answer.status != 203 and _OUTAGE.search(answer.body[:_HEAD]) is not None  # noqa: PLR2004


def outage_error(answer: HttpAnswer, call: str) -> AzureError:
    """Return the error for a page in place of an answer."""
    return AzureError(
        f"Azure DevOps, or a server before it, answered {call} with a page that says it is out of order.",
        _OUTAGE_REMEDY,
        status=answer.status,
    )


def sign_in_error(
    answer: HttpAnswer, call: str, secrets: Secrets = NO_SECRETS, *, personal: bool = False
) -> SignInError:
    """Return the error for an answer that asks to sign in, with the `secrets` redacted; `personal`: not a job's token."""
    if answer.status == _STATUS_UNAUTHORIZED:
        how = "with 401"
    elif 300 <= answer.status < 400:  # noqa: PLR2004  # HTTP's own classes
        how = f"with a redirect ({answer.status})"
    else:
        how = f"with a sign-in page ({answer.status})"
    reported = server_message(answer, secrets)
    return SignInError(
        f"Azure DevOps did not accept the token: {call} was answered {how}.",
        f"{PERSONAL_REMEDY if personal else SIGN_IN_REMEDY}{reported.quoted}",
        status=answer.status,
        type_key=reported.type_key,
    )


def refusal(
    answer: HttpAnswer, *, call: str, about: str, identity: Account, secrets: Secrets = NO_SECRETS
) -> AzureError:
    """Return the error for `answer` (a 4xx or 5xx), with the `secrets` redacted.

    `call` is method and URL without query; `about` is the resource in the user's words, "" when unknown.
    """
    reported = server_message(answer, secrets)
    kind, sentence, remedy = _meant(answer.status, reported, call, about, identity)
    return kind(sentence, remedy, status=answer.status, type_key=reported.type_key)


_Meant = tuple[type[AzureError], str, str]  # the kind of error, its sentence and its remedy


def _meant(status: int, reported: ServerMessage, call: str, about: str, identity: Account) -> _Meant:
    subject = about or call
    if status == _STATUS_PROXY:
        sentence = f"The proxy before Azure DevOps asks for a user name and a password: {call} was answered with 407."
        return AzureError, sentence, "Add them to HTTPS_PROXY as a secret variable, or let the proxy pass this host."
    page, _ = _page_and_right_to_read(call)
    right = missing_right(reported.message, page)
    if status == _STATUS_FORBIDDEN or (right is not None and reported.number in right.numbers):
        return _missing_right(reported, right, subject=subject, page=page, account=identity)
    if rule := _RULE.search(reported.message):  # TF401320: a rule of the process, not a missing right
        why = f" ({rule[2].strip()})" if rule[2] else ""
        sentence = f"A rule of the process for the field '{rule[1]}'{why} does not let {subject} be saved."
        remedy = f"Give '{rule[1]}' a valid value on the work item, or change the rule in the process."
        return AzureError, sentence, f"{remedy}{reported.quoted}"
    if reported.number in _BY_NUMBER:
        sentence, remedy = _BY_NUMBER[reported.number]
        kind = ConflictError if status in _STATUSES_CONFLICT else AzureError
        return kind, sentence.format(subject=subject), f"{remedy}{reported.quoted}"
    if status == _STATUS_NOT_FOUND:
        return _not_there(reported, call, about, identity)
    if status in _STATUSES_CONFLICT or reported.number in _OVERTAKEN:
        sentence = f"Somebody else changed {subject} first: {reported.message.rstrip('.') or status}."
        return ConflictError, sentence, "Run it again."
    if status == _STATUS_THROTTLED:
        sentence = f"Azure DevOps is throttling this pipeline: {call} was refused with 429."
        return AzureError, sentence, "Wait five minutes, or run fewer jobs at a time."
    reason = reported.message or "it gave no reason"
    ours = status < 500  # noqa: PLR2004  # HTTP's own classes
    sentence = f"Azure DevOps {'refused' if ours else 'failed at'} {call} ({status}): {reason.rstrip('.')}."
    return AzureError, sentence, "" if ours else _OUTAGE_REMEDY


def _missing_right(
    reported: ServerMessage, right: Right | None, *, subject: str, page: str, account: Account
) -> _Meant:
    who = account.named(reported.message)
    if right:
        # A bit such as GenericRead exists for other things than repositories, too.
        sentence, remedy = lacking(who, right if right.numbers else replace(right, page=page), subject)
    else:
        sentence, remedy = f"{who} lacks a right that is needed for {subject}.", f"Check its rights in {page}."
    return PermissionMissingError, sentence, f"{remedy}{reported.quoted}"


def _not_there(reported: ServerMessage, call: str, about: str, identity: Account) -> _Meant:
    if not reported.type_key:
        # A wrong route gets a plain-text answer: the URL is wrong, not the resource.
        remedy = (
            "Check the collection URL (SYSTEM_COLLECTIONURI), and that the server is Azure DevOps Server 2020 or later."
        )
        return NotThereError, f"Azure DevOps has no such address: {call}.", remedy
    who = "your account" if identity.personal else identity.named(reported.message)
    page, right = _page_and_right_to_read(call)
    verb, pronoun = ("do", "them") if _PLURAL.match(about) else ("does", "it")
    reader = "you" if identity.personal else "this job"
    remedy = f"Check the name or number; if it exists, grant {who} the right '{right}' in {page}.{reported.quoted}"
    subject = about or call
    return (
        NotThereError,
        f"{subject[:1].upper()}{subject[1:]} {verb} not exist, or {reader} may not read {pronoun}.",
        remedy,
    )


def _page_and_right_to_read(call: str) -> tuple[str, str]:
    return next(
        (found for part, found in _PAGES.items() if part in call), (PROJECT_PAGE, "View project-level information")
    )
