"""Turn the output of a failed git network command into an error with a remedy."""

from __future__ import annotations

import re
from typing import Final

from redimento.delivery.rights import REPOSITORY_PAGE, Account, missing_right
from redimento.errors import AzureError, ConflictError, GitError

# What git reports for a reference that moved, before and after talking to the server, and Azure Repos' number for it.
_OVERTAKEN: Final = re.compile(
    r"stale info|fetch first|non-fast-forward|already exists|failed to update ref|cannot lock ref|incorrect old value"
    r"|TF401028",
    re.IGNORECASE,
)
# Branches `a` and `a/b` cannot both exist: git stores one as a file and the other in a folder of the same name.
_IN_THE_WAY: Final = re.compile(r"'refs/heads/([^']+)' exists; cannot create", re.IGNORECASE)
_TRANSIENT: Final = re.compile(
    r"Could not resolve host|Failed to connect|Connection (?:refused|reset|timed out|was reset)|Operation timed out"
    r"|Empty reply from server|early EOF|unexpected disconnect|hung up unexpectedly|RPC failed|SSL_ERROR_SYSCALL"
    r"|GnuTLS recv error|transfer closed|Recv failure|Send failure|returned error: (?:429|5\d\d)",
    re.IGNORECASE,
)
_THROTTLED: Final = "TF400733"
_PROXY: Final = re.compile(r"\b407\b.*CONNECT|CONNECT.*\b407\b|returned error: 407", re.IGNORECASE)
_NOT_SIGNED_IN: Final = re.compile(
    r"Authentication failed|could not read (?:Username|Password)|returned error: (?:203|30[1278]|401)|unable to update url"
    r"|TF400813",
    re.IGNORECASE,
)
_LONGEST_REASON: Final = 500
_NUMBER: Final = re.compile(r"\b(?:TF|VS)\d{5,6}\b")
_PAGE_INSTEAD: Final = re.compile(
    r"not valid: is this a git repository|info/refs not found|unexpected .*content-type|bad line length character|git-http-push failed",
    re.IGNORECASE,
)


SOME_ACCOUNT: Final = Account("{organisation}", "{project}")  # of a checkout whose pipeline is not known


def is_transient(said: str) -> bool:
    """Return whether trying again may help."""
    if _THROTTLED in said:
        return True
    return _TRANSIENT.search(said) is not None and _NUMBER.search(said) is None


def rejection(action: str, said: str, account: Account = SOME_ACCOUNT) -> GitError | AzureError:
    """Return the error for a failed command; `action` completes "… failed", `said` is the output of git."""
    numbers = " ".join(dict.fromkeys(_NUMBER.findall(said)))
    reason = _reason(said)
    if other := _IN_THE_WAY.search(said):
        return GitError(
            f"{action} failed: the name conflicts with the existing branch {other[1]!r}.",
            "Rename that branch, or change `pull_request.branch`.",
        )
    if _OVERTAKEN.search(said) and "TF402455" not in numbers:
        return ConflictError(
            f"{action} failed because somebody else changed the branch first: {reason}",
            "Run again: the new run starts from the branch as it is now.",
        )
    if "TF402455" in numbers:
        return GitError(
            f"{action} failed: a branch policy only allows changes by pull request (TF402455). {reason}",
            "Set `pull_request.branch` to a name outside the protected pattern, or change the policy.",
        )
    if _PROXY.search(said):
        return GitError(
            f"{action} failed: the proxy asks for a user name and a password (407).",
            "Add them to HTTPS_PROXY as a secret variable, or let the proxy pass this host.",
        )
    if _THROTTLED in said or "returned error: 429" in said:
        return GitError(
            f"{action} failed: Azure DevOps is throttling this pipeline. {reason}",
            "Wait five minutes, or run fewer jobs at a time.",
        )
    if right := missing_right(said, REPOSITORY_PAGE):
        return GitError(
            f"{action} failed: the right '{right.name}' is missing{f' ({numbers})' if numbers else ''}. {reason}",
            f"Grant it in {right.page} to {account.named(said)}.",
        )
    if _NOT_SIGNED_IN.search(said):
        return GitError(
            f"{action} failed: the server did not accept the token. {reason}",
            "Map it on the step: `env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }`; in a very long job it may have "
            "expired.",
        )
    if "TF401019" in numbers or "not found" in said or "returned error: 403" in said:
        return GitError(
            f"{action} failed: the repository does not exist, is disabled, or this job may not read it. {reason}",
            f"Enable it in Project settings > Repositories if it is disabled, or grant 'Read' in {REPOSITORY_PAGE} to {account.named(said)}; if 'Protect access to repositories' is on, the pipeline must also declare "
            "the repository.",
        )
    if _PAGE_INSTEAD.search(said):
        return no_git_server(action, reason)
    return GitError(f"{action} failed: {reason}", "Run again; if it keeps failing, ask the owner of the repository.")


def no_git_server(action: str, reason: str = "It listed no branch.") -> GitError:
    """Return the error for a page in place of git's answer; git takes an empty one for an empty repository."""
    return GitError(
        f"{action} failed: no git server answered. {reason}",
        "Check BUILD_REPOSITORY_URI and the token (SYSTEM_ACCESSTOKEN), and whether a proxy or an outage page answers "
        "instead (https://status.dev.azure.com), then run again.",
    )


def _reason(said: str) -> str:
    lines = [line.removeprefix("remote:").strip() for line in said.splitlines()]
    numbered = [line for line in lines if _NUMBER.search(line)]
    marked = [line for line in lines if line.startswith(("fatal:", "error:", "!"))]
    reason = " ".join(dict.fromkeys(numbered or marked or lines))[:_LONGEST_REASON] or "git gave no reason"
    return f"{reason.rstrip('.')}."
