"""Queries for work items: their numbers, in the order of the query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redimento.azure.client import AzureClient
from redimento.azure.shape import readable
from redimento.work_items.trigger import LARGEST_ID

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
        """Return what a query in WIQL finds. Raises AzureError, which says what is wrong with it."""
        answer = self.client.query(
            "_apis/wit/wiql", body={"query": wiql}, project=self.project, query={"$top": str(MOST)}, about="the query"
        )
        return _numbers(answer)

    @readable
    def saved(self, identity: str) -> tuple[int, ...]:
        """Return what a saved query finds; `identity` is its id."""
        path, top = f"_apis/wit/wiql/{identity}", {"$top": str(MOST)}
        return _numbers(self.client.get(path, project=self.project, query=top, about=f"the saved query {identity}"))


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
