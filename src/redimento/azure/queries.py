"""Queries for work items: their numbers, in the order of the query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redimento.azure.client import AzureClient
from redimento.azure.shape import readable
from redimento.errors import AzureError, UsageError
from redimento.work_items.trigger import LARGEST_ID

_BAD_REQUEST = 400
_TOO_MANY = "VS402337"  # more than 20,000 items
MOST = 1_000  # numbers of one query; the service itself gives up at 20,000


@dataclass(frozen=True)
class Queries:
    """Queries in one project. Both methods return each number once, the most important one first if the query sorts.

    Of a query for links, both ends of each link are returned.
    """

    client: AzureClient
    project: str

    @readable
    def asked(self, wiql: str) -> tuple[int, ...]:
        """Return what a query in WIQL finds. Raises UsageError, which says what is wrong with it, and AzureError."""
        remedy = "Correct the query; the editor of queries in Azure Boards tries it, and saves it for --saved-query."
        return self._found("_apis/wit/wiql", "the query", remedy, body={"query": wiql})

    @readable
    def saved(self, identity: str) -> tuple[int, ...]:
        """Return what a saved query finds; `identity` is its id."""
        remedy = "Open the query in Azure Boards and correct it there."
        return self._found(f"_apis/wit/wiql/{identity}", f"the saved query {identity}", remedy)

    def _found(self, path: str, about: str, remedy: str, body: Any = None) -> tuple[int, ...]:
        try:
            top = {"$top": str(MOST)}
            return _numbers(self.client.get(path, project=self.project, query=top, body=body, about=about))
        except AzureError as error:
            if error.status != _BAD_REQUEST:
                raise
            if _TOO_MANY in error.sentence:
                remedy = "Narrow it, as by a state or an area."
            raise UsageError(f"The query cannot be used. {error.sentence}", remedy) from error


def _numbers(answer: Mapping[str, Any]) -> tuple[int, ...]:
    found = dict.fromkeys(_number(reference["id"]) for reference in _references(answer))
    numbers = list(found)[:MOST]
    return tuple(numbers if answer.get("sortColumns") else sorted(numbers))


def _references(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from answer.get("workItems") or ()
    for link in answer.get("workItemRelations") or ():
        yield from filter(None, (link.get("source"), link.get("target")))


def _number(value: object) -> int:
    if type(value) is not int or not 0 < value <= LARGEST_ID:
        raise ValueError("not the number of a work item")
    return value
