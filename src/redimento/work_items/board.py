"""The Board port: where work items live."""

from __future__ import annotations

from typing import Literal, Protocol

from redimento.work_items.item import WorkItem

Claim = Literal["won", "taken"]


class Board(Protocol):
    """Azure Boards, or plain files on a desk."""

    def load(self, item_id: int) -> WorkItem:
        """Return the whole item: fields, all comments, titles of its relatives.

        Raises NotThereError, SignInError, PermissionMissingError, AzureError; UsageError for a kind that is refused.
        """
        ...

    def claim(self, item: WorkItem, run: str) -> Claim:
        """Mark the item as worked on by `run`; only one of two concurrent runs gets "won".

        A claim whose run has ended is void and is taken over.
        """
        ...

    def release(self, item_id: int, run: str) -> None:
        """Remove this run's claim; no error when it is not there."""
        ...

    def comment(self, item_id: int, marker: str, markdown: str) -> str:
        """Write the one comment that carries `marker`, or rewrite it in place; return its address ("" if unknown)."""
        ...

    def set_state(self, item_id: int, state: str) -> None:
        """Move the item to `state`; does nothing when it is there already."""
        ...
