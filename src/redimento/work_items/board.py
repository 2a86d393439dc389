"""The Board port: where work items live."""

from __future__ import annotations

from typing import Literal, Protocol

from redimento.work_items.item import Attachment, WorkItem

Claim = Literal["won", "taken"]


class Board(Protocol):
    """Azure Boards, or local files."""

    def load(self, item_id: int) -> WorkItem:
        """Return the item with its fields, all comments, the texts of its parent and children, and the titles of others.

        Raises NotThereError, SignInError, PermissionMissingError, AzureError.
        """
        ...

    def read(self, attachment: Attachment) -> bytes:
        """Return the content of an attachment or of a picture in a text.

        Raises RedimentoError where it is not the board's own, is too large or cannot be read.
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
