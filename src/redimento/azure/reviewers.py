"""Resolve reviewers in the settings to the identity ids that Azure Repos expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redimento.azure.client import AzureClient
from redimento.errors import AzureError
from redimento.text.foreign import neutralise

# The resource area of the identity service (azure-devops Python client, identity_client.py).
_IDENTITY_SERVICE = "8a3d49b8-91f0-46ef-b33d-dda338c25db3"

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Reviewers:
    """The identity ids found, and a sentence for each name that was not."""

    ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def resolve(client: AzureClient, names: Iterable[str]) -> Reviewers:
    """Look up mail addresses, display names and ids; an unknown or ambiguous name becomes a warning."""
    wanted = [name.strip() for name in names if name.strip()]
    if not wanted:
        return Reviewers()
    ids: dict[str, None] = {}
    warnings: list[str] = []
    try:
        service = client.service(_IDENTITY_SERVICE)
        for name in wanted:
            found = _identities(service, name)
            if len(found) == 1:
                ids[found[0]] = None
                continue
            reason = "nobody has that name" if not found else f"{len(found)} accounts have that name"
            warnings.append(
                f"Reviewer '{neutralise(name)}' was not added: {reason}. Use the mail address or id in pull_request.reviewers."
            )
    except AzureError as error:
        warnings.append(f"No reviewers were added, because accounts cannot be looked up. {error}")
    return Reviewers(tuple(ids), tuple(warnings))


def _identities(service: AzureClient, name: str) -> list[str]:
    query = {"identityIds": name} if _is_id(name) else {"searchFilter": "General", "filterValue": name}
    rows = (service.get("_apis/identities", query=query, about=f"reviewer '{name}'") or {}).get("value") or []
    # The search is fuzzy, and still returns deleted identities, as inactive ones.
    active = [row for row in rows if row and row.get("isActive", True)]
    exact = [row for row in active if name.casefold() in _names(row)]
    return [str(row["id"]) for row in exact or active]


def _names(row: Json) -> set[str]:
    properties: Json = row.get("properties") or {}
    values = [row.get("providerDisplayName"), row.get("customDisplayName")]
    values += [(properties.get(key) or {}).get("$value") for key in ("Account", "Mail")]
    return {str(value).casefold() for value in values if value}


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
