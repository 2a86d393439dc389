"""What the organisation refuses, in the shape in which Azure DevOps says it."""

from __future__ import annotations

from typing import Any


class StartError(Exception):
    """The emulator cannot start; the text is a finished sentence with its remedy."""


class Fault(Exception):  # noqa: N818 - a refusal is an answer here, not an error
    """A refused request: HTTP status, `typeKey` and message of the JSON body.

    Its shape is that of Azure DevOps: `{"$id", "innerException", "message", "typeName", "typeKey", "errorCode", "eventId"}`.
    """

    def __init__(self, status: int, type_key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.type_key = type_key
        self.message = message

    def body(self) -> dict[str, Any]:
        namespace = _NAMESPACES.get(self.type_key, "Microsoft.VisualStudio.Services.Common")
        return {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": f"{namespace}.{self.type_key}, {namespace}",
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": 3200 if namespace.endswith("WorkItemTracking.Server") else 3000,
        }


_GIT = "Microsoft.TeamFoundation.Git.Server"
_BOARDS = "Microsoft.TeamFoundation.WorkItemTracking.Server"
_NAMESPACES = {
    "GitNeedsPermissionException": _GIT,
    "GitPullRequestExistsException": _GIT,
    "GitPullRequestNotEditableException": _GIT,
    "GitPullRequestNotFoundException": _GIT,
    "GitPullRequestStaleException": _GIT,
    "GitRepositoryNotFoundException": _GIT,
    "GitItemNotFoundException": _GIT,
    "GitCommitDoesNotExistException": _GIT,
    "GitUnresolvableToCommitException": _GIT,
    "GitRefUpdateRejectedByPolicyException": _GIT,
    "GitReferenceStaleException": _GIT,
    "RuleValidationException": _BOARDS,
    "WorkItemUnauthorizedAccessException": _BOARDS,
    "WorkItemRevisionMismatchException": _BOARDS,
    "WorkItemTypeNotFoundException": _BOARDS,
    "WorkItemTrackingFieldDefinitionNotFoundException": _BOARDS,
    "RelationAlreadyExistsException": _BOARDS,
}


def invalid(message: str) -> Fault:
    return Fault(400, "InvalidArgumentValueException", message)


def body_missing(what: str) -> Fault:
    return Fault(400, "VssPropertyValidationException", f"Value cannot be null. Parameter name: {what}")


def needs_git_permission(right: str, identity: str) -> Fault:
    """Refuse for want of a Git right (403 TF401027)."""
    return Fault(403, "GitNeedsPermissionException", permission_text(right, identity))


def permission_text(right: str, identity: str) -> str:
    return (
        f"TF401027: You need the Git '{right}' permission to perform this action. "
        f"Details: identity '{identity}', scope 'repository'."
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
