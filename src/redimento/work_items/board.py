"""The Board port: where work items live."""

from __future__ import annotations

from typing import Protocol

from redimento.work_items.item import Attachment, StateCategory, WorkItem
from redimento.work_items.mark import Mark


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

    def category(self, item: WorkItem) -> StateCategory:
        """Return the category of the item's state, "" if it cannot be found out."""
        ...

    def changed_by_run(self, item: WorkItem) -> bool:
        """Return whether the account of this job made the newest change of the item."""
        ...

    def requester(self, item: WorkItem, run: str) -> str:
        """Return who asked for the run, as `Name <mail>`: who queued the build `run`, or without one changed the item.

        "" if that is no person with an email address.
        """
        ...

    def claim(self, item: WorkItem, run: str) -> WorkItem | None:
        """Mark the item as claimed by `run`; of two concurrent runs only one wins, and the other gets None.

        Returns the item as claimed. Unless its revision is the next one, it changed meanwhile, and is loaded again. The
        claim of a run that has ended is taken over.
        """
        ...

    def again(self, item: WorkItem) -> WorkItem:
        """Return the item as it is now. Raises NotThereError and so on, as `load` does."""
        ...

    def release(self, item_id: int, run: str) -> None:
        """Remove this run's claim, if it has one."""
        ...

    def comment(self, item_id: int, marker: str, markdown: str, *, known: int | None = None) -> str:
        """Create or update the one comment that carries `marker`; return its address ("" if unknown).

        `known` is its number, 0 if there is none; without it the comment is looked for.
        """
        ...

    def mark(self, item: WorkItem, wanted: Mark, *, current: bool = False) -> tuple[WorkItem, tuple[str, ...]]:
        """Give the item a state and tags, unless a person has changed the state that `item` says, or it is a later one.

        Returns the item as it is then, and a finished sentence for what stayed because of that. `current`: nothing has
        changed the item since it was read. Raises UsageError for a state that its type does not have.
        """
        ...
