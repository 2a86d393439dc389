"""What the job's account must be allowed to do: one table for the documents and for every error about a missing right."""

from __future__ import annotations

import re
from dataclasses import dataclass

REPOSITORY_PAGE = "Project settings > Repositories > (the repository) > Security"
AREA_PAGE = "Project settings > Project configuration > Areas > (the area) > Security"
PIPELINE_PAGE = "Pipelines > (the pipeline) > Manage security"
PROJECT_PAGE = "Project settings > Permissions"


@dataclass(frozen=True)
class Right:
    """A right as the page that grants it spells it (docs/organizations/security/permissions.md).

    `bit` is its name in messages of the service and `mask` its number in the security namespace of its page
    (docs/organizations/security/namespace-reference.md); `numbers` are those of errors that mean that it is missing.
    """

    name: str
    bit: str
    page: str
    mask: int
    needed_for: str = ""  # "": a run does not need it
    numbers: tuple[str, ...] = ()


RIGHTS = (
    Right("Read", "GenericRead", REPOSITORY_PAGE, 2, "reading branches and pull requests"),
    Right("Contribute", "GenericContribute", REPOSITORY_PAGE, 4, "pushing commits, and auto-complete"),
    Right("Create branch", "CreateBranch", REPOSITORY_PAGE, 16, "the branch of a work item"),
    Right(
        "Contribute to pull requests",
        "PullRequestContribute",
        REPOSITORY_PAGE,
        16_384,
        "opening and updating pull requests, their status and our comment on them",
    ),
    Right("View work items in this node", "WORK_ITEM_READ", AREA_PAGE, 16, "reading the work item"),
    Right(
        "Edit work items in this node",
        "WORK_ITEM_WRITE",
        AREA_PAGE,
        32,
        "the claim, the link, the comment and the state",
        ("TF237111",),
    ),
    Right("View builds", "ViewBuilds", PIPELINE_PAGE, 1, "telling whether a run that claims the item has ended"),
    # Known from messages only. The first is needed once, where no label of that name exists in the project.
    Right("Create tag definition", "CREATE_TAG", PROJECT_PAGE, 2, numbers=("TF401289",)),
    Right("Create tag", "CreateTag", REPOSITORY_PAGE, 32),
    Right("Force push (rewrite history, delete branches and tags)", "ForcePush", REPOSITORY_PAGE, 8),
    Right("Bypass policies when pushing", "PolicyExempt", REPOSITORY_PAGE, 128),
)
CREATE_TAG_DEFINITION = next(right for right in RIGHTS if right.name == "Create tag definition")
_QUOTED = re.compile(r"'([A-Z][A-Za-z]+)' permission")
_WRITTEN_OUT = re.compile(r"\bneeds ([A-Z][a-z]+(?: [a-z]+){0,4}) permissions?\b")
_NUMBER = re.compile(r"\bTF\d{5,7}\b")
_BUILD_ACCOUNT = re.compile(r"Build\\([0-9a-f-]{36})", re.IGNORECASE)


def missing_right(message: str, page: str) -> Right | None:
    """Return the right that a message of the service says is missing, None if it names none.

    An unknown right gets the name that the message has, and `page`.
    """
    numbers = set(_NUMBER.findall(message))
    found = next((right for right in RIGHTS if numbers & {*right.numbers}), None)
    named = _QUOTED.search(message) or _WRITTEN_OUT.search(message)
    if found is not None or named is None:
        return found
    known = next((right for right in RIGHTS if named[1] in (right.bit, right.name)), None)
    return known or Right(named[1], named[1], page, 0)


def lacking(who: str, right: Right, needed_for: str) -> tuple[str, str]:
    """Return the sentence and the remedy for an account without a right."""
    return f"{who} lacks the right '{right.name}', needed for {needed_for}.", f"Grant it in {right.page}."


@dataclass(frozen=True)
class Account:
    r"""The account behind the job's token: one of two, depending on the project's job authorization scope.

    `Build\<guid>` in a message is the project's account if the guid is the project's id.
    """

    organisation: str
    project: str = ""
    project_id: str = ""
    personal: bool = False  # not a job's account, but the reader's own

    def named(self, message: str = "") -> str:
        """Return the account as the security pages spell it; both accounts unless `message` identifies one."""
        if self.personal:
            return "Your account"
        collection = f"Project Collection Build Service ({self.organisation})"
        if not self.project:
            return collection
        project = f"{self.project} Build Service ({self.organisation})"
        account = _BUILD_ACCOUNT.search(message)
        if account and self.project_id:
            return project if account[1].lower() == self.project_id.lower() else collection
        return f"{project} (or {collection}, where jobs are not limited to their project)"
