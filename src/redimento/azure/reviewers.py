"""Resolve reviewers in the settings to the identity ids that Azure Repos expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from redimento.azure.client import AzureClient
from redimento.settings import Reviewer
from redimento.text.foreign import neutralise

# The resource area of the identity service (azure-devops Python client, identity_client.py).
_IDENTITY_SERVICE = "8a3d49b8-91f0-46ef-b33d-dda338c25db3"
_SUGGESTED = 3

Json = Mapping[str, Any]


def resolve(
    client: AzureClient, reviewers: Sequence[Reviewer], project: str
) -> tuple[tuple[Reviewer, ...], tuple[str, ...]]:
    """Look up mail addresses, names of people and groups, and ids; return the reviewers by id in lower case.

    Each unknown or ambiguous name becomes a sentence that says what would work. A group of `project` may be named without it.
    Raises AzureError where accounts cannot be looked up.
    """
    found: dict[str, Reviewer] = {}
    warnings: list[str] = []
    service = client.service(_IDENTITY_SERVICE) if reviewers else client
    for reviewer in reviewers:
        name = reviewer.name.strip()
        rows = _identities(service, name)
        exact = _exact(rows, name, project)
        if len(exact) == 1:
            identity = str(exact[0]["id"]).lower()
            required = reviewer.required or (identity in found and found[identity].required)
            found[identity] = Reviewer(identity, required=required)
        else:
            warnings.append(_not_found(name, exact, rows))
    return tuple(found.values()), tuple(warnings)


def _identities(service: AzureClient, name: str) -> list[Json]:
    query = {"identityIds": name} if _is_id(name) else {"searchFilter": "General", "filterValue": name}
    rows = (service.get("_apis/identities", query=query, about=f"reviewer '{name}'") or {}).get("value") or []
    # Deleted identities are still found, as inactive ones.
    return [row for row in rows if row and row.get("isActive", True)]


def _exact(rows: Sequence[Json], name: str, project: str) -> Sequence[Json]:
    """Return the identities with this name: the search also finds those whose names only begin like it."""
    if _is_id(name):
        return rows
    wanted = name.casefold()
    of_project = [row for row in rows if f"[{project}]\\{name}".casefold() == _shown(row).casefold()]
    by_name = [row for row in rows if wanted in {each.casefold() for each in _names(row)}]
    return of_project or by_name


def _not_found(name: str, exact: Sequence[Json], near: Sequence[Json]) -> str:
    shown = neutralise(name)
    if exact:
        which = f"Use {_listed(exact)} in pull_request.reviewers"
        return f"Reviewer '{shown}' was not added: {len(exact)} accounts have that name. {which}, or an id."
    hint = f"Did you mean {_listed(near)}?" if near else r"Use a mail address, a group as [Project]\Group, or an id."
    return f"Reviewer '{shown}' was not added: nobody has that name. {hint}"


def _listed(rows: Sequence[Json]) -> str:
    return neutralise(" or ".join(f"'{_unique(row)}'" for row in rows[:_SUGGESTED]))


def _unique(row: Json) -> str:
    """Return the name that finds this identity alone: of a person the mail address, of a group also its project."""
    if row.get("isContainer"):
        return _shown(row)
    return next((name for name in _properties(row, "Mail", "Account") if "@" in name), str(row["id"]))


def _shown(row: Json) -> str:
    return str(row.get("providerDisplayName") or "")


def _names(row: Json) -> Iterator[str]:
    yield from (str(row[key]) for key in ("providerDisplayName", "customDisplayName") if row.get(key))
    yield from _properties(row, "Account", "Mail")


def _properties(row: Json, *keys: str) -> Iterator[str]:
    properties: Json = row.get("properties") or {}
    values = ((properties.get(key) or {}).get("$value") for key in keys)
    yield from (str(value) for value in values if value)


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
