"""What became of pull requests in Azure Repos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from redimento.azure.client import AzureClient
from redimento.azure.shape import readable
from redimento.delivery.pull_request import Acceptance
from redimento.errors import RedimentoError

_UNMERGED: dict[str, Acceptance] = {"abandoned": "abandoned", "active": "open"}


@dataclass(frozen=True)
class AzureReviews:
    client: AzureClient
    project: str

    def acceptance(self, repository: str, number: int, commits: frozenset[str]) -> Acceptance:
        """Return what people did with a pull request; "unknown" if it is gone, elsewhere, or hidden from this account."""
        if repository in {"", ".", ".."}:  # a record can name anything, and these would lead to another address
            return "unknown"
        try:
            return self._acceptance(repository, number, commits)
        except RedimentoError:
            return "unknown"

    @readable
    def _acceptance(self, repository: str, number: int, commits: frozenset[str]) -> Acceptance:
        path = f"_apis/git/repositories/{quote(repository, safe='')}/pullrequests/{number}"
        found: Mapping[str, Any] = self.client.get(path, project=self.project, about=f"pull request {number}")
        if found["status"] != "completed":
            return _UNMERGED.get(found["status"], "unknown")
        merged = str((found.get("lastMergeSourceCommit") or {}).get("commitId") or "")
        return "unknown" if not merged or not commits else "unchanged" if merged in commits else "changed"
