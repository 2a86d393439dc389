"""Refused requests, in the shape Azure DevOps uses."""

from __future__ import annotations

from typing import Any


class StartError(Exception):
    """The emulator cannot start; the text is a sentence with its remedy."""


class Fault(Exception):  # noqa: N818 - a refusal is an answer here, not an error
    """A refused request: HTTP status, `typeKey` and message of the JSON body.

    The body has the shape `{"$id", "innerException", "message", "typeName", "typeKey", "errorCode", "eventId"}`.
    """

    def __init__(self, status: int, type_key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.type_key = type_key
        self.message = message

    def body(self) -> dict[str, Any]:
        namespace = _namespace(self.type_key)
        return {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": f"{namespace}.{self.type_key}, {namespace}",
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": 3200 if namespace.endswith("WorkItemTracking.Server") else 3000,
        }


def _namespace(type_key: str) -> str:
    if type_key.startswith("Git"):
        return "Microsoft.TeamFoundation.Git.Server"
    if type_key.startswith(("WorkItem", "RuleValidation", "RelationAlreadyExists")):
        return "Microsoft.TeamFoundation.WorkItemTracking.Server"
    return "Microsoft.VisualStudio.Services.Common"


def invalid(message: str) -> Fault:
    return Fault(400, "InvalidArgumentValueException", message)


def malformed(message: str) -> Fault:
    return Fault(400, "VssPropertyValidationException", message)


def body_missing(what: str) -> Fault:
    return malformed(f"Value cannot be null. Parameter name: {what}")


def wrong_content_type(given: str, method: str, wanted: str) -> Fault:
    return Fault(
        415,
        "VssRequestContentTypeNotSupportedException",
        f'The request indicated a Content-Type of "{given}" for method type "{method}" which is not supported. Valid '
        f"content types for this method are: {wanted}.",
    )


def needs_git_permission(right: str, identity: str) -> Fault:
    """Refuse because a Git right is missing (403 TF401027)."""
    return Fault(
        403,
        "GitNeedsPermissionException",
        f"TF401027: You need the Git '{right}' permission to perform this action. "
        f"Details: identity '{identity}', scope 'repository'.",
    )


def no_work_item(number: int | str) -> Fault:
    return Fault(
        404,
        "WorkItemUnauthorizedAccessException",
        f"TF401232: Work item {number} does not exist, or you do not have permissions to read it.",
    )


def no_repository(name: str) -> Fault:
    return Fault(
        404,
        "GitRepositoryNotFoundException",
        f"TF401019: The Git repository with name or identifier {name} does not exist or you do not have permissions "
        "for the operation you are attempting.",
    )
