"""The history of a work item: who changed what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from redimento.azure.client import AzureClient

_PAGE = 200


def updates(client: AzureClient, project: str, item_id: int) -> Iterator[Mapping[str, Any]]:
    """Yield the updates of an item, oldest first."""
    path, about, start = f"_apis/wit/workItems/{item_id}/updates", f"the history of work item {item_id}", 0
    while True:
        query = {"$top": str(_PAGE), "$skip": str(start)}
        page = client.get(path, project=project, query=query, about=about)["value"]
        yield from page
        if len(page) < _PAGE:
            return
        start += _PAGE
