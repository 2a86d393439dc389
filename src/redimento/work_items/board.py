"""The Board port: where work items live."""

from __future__ import annotations

from typing import Literal, Protocol

from redimento.work_items.item import WorkItem

Claim = Literal["won", "taken"]


class Board(Protocol):
    """Azure Boards, or local files."""

    def load(self, item_id: int) -> WorkItem:
        """Return the item with its fields, all comments, and the titles of related items.

        Raises NotThereError, SignInError, PermissionMissingError, AzureError; UsageError for an unsupported type.
        """
        ...

    def claim(self, item: WorkItem, run: str) -> Claim:
        """Mark the item as claimed by `run`; of two concurrent runs only one gets "won".

        The claim of a run that has ended is taken over.
        """
        ...

    def release(self, item_id: int, run: str) -> None:
        """Remove this run's claim, if it has one."""
        ...

    def comment(self, item_id: int, marker: str, markdown: str) -> str:
        """Create or update the one comment that carries `marker`; return its address ("" if unknown)."""
        ...

    def set_state(self, item_id: int, state: str) -> None:
        """Move the item to `state`, unless it is already in that state."""
        ...
