"""The status of a pull request that a branch policy can require: redimento/checks."""

from __future__ import annotations

from functools import partial

from redimento.azure.client import AzureClient
from redimento.delivery.pull_request import CheckStatus
from redimento.errors import AzureError

_CONTEXT = {"genre": "redimento", "name": "checks"}
_LONGEST = 200  # characters; no limit is documented, and it is shown on one line


def post(client: AzureClient, path: str, status: CheckStatus) -> None:
    """Post a status on the iteration of its commit, so that it does not speak for later pushes.

    `path` is that of the pull request. The newest status of a context counts (repos/git/pull-request-status.md).
    """
    iteration = client.eventually(partial(_iteration, client, path, status.commit))
    if iteration is None:
        raise AzureError(
            f"Azure DevOps does not show the commit {status.commit[:12]} in the pull request yet.",
            "Queue the run again by hand.",
        )
    body = {
        "state": status.state,
        "description": status.sentence[:_LONGEST],
        "context": _CONTEXT,
        "iterationId": iteration,
        **({"targetUrl": status.url} if status.url else {}),
    }
    # Posting it twice does no harm.
    client.write("POST", f"{path}/statuses", body=body, happened=lambda: None, about="the status")


def _iteration(client: AzureClient, path: str, commit: str) -> int | None:
    """Return the newest iteration with this source commit, None if there is none (yet)."""
    rows = client.get(f"{path}/iterations", about="the iterations of the pull request")["value"]
    found = [int(row["id"]) for row in rows if (row.get("sourceRefCommit") or {}).get("commitId") == commit]
    return max(found, default=None)
