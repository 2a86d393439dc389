"""The Board port over one file: what would go to Azure Boards goes to the run folder."""

from __future__ import annotations

import fcntl
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from redimento.errors import NotThereError, UsageError
from redimento.local.item_file import read_item
from redimento.run_folder import RunFolder
from redimento.store.tape import Tape
from redimento.work_items.attachment import LARGEST
from redimento.work_items.item import Attachment, StateCategory, WorkItem
from redimento.work_items.mark import Mark


class FileBoard:
    """One work item in `file`; its comment, states and claim are files in `folder`. `tape`: the files that the item shows."""

    def __init__(self, file: Path, folder: RunFolder, fields: Sequence[str] = (), tape: Tape | None = None) -> None:
        self._file = file
        self._tape = tape or Tape()
        self._fields = fields
        self._folder = folder
        self._lock: int | None = None

    def load(self, item_id: int) -> WorkItem:
        """Return the item. Raises NotThereError if the file holds another number, UsageError if it is not an item."""
        item = read_item(self._file, self._fields)
        if item.id != item_id:
            raise NotThereError(
                f"{self._file} holds work item {item.id}, not {item_id}.", "Name the file that holds it."
            )
        return item

    def read(self, attachment: Attachment) -> bytes:
        """Return the content of a file beside the work item file, which may come from somebody else: no other file."""
        name = attachment.url or attachment.name
        try:
            return b64decode(
                self._tape.heard("file", name, lambda: b64encode(self._content(name)).decode()), validate=True
            )
        except (ValueError, TypeError):
            raise UsageError("The recorded file cannot be read.", "Record the run again.") from None

    def _content(self, name: str) -> bytes:
        folder = self._file.parent.resolve()
        try:
            path = (folder / unquote(name)).resolve()
            if not path.is_relative_to(folder) or not path.is_file():
                raise UsageError("There is no such file beside the work item file.", f"Put it into {folder}.")
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except (OSError, ValueError) as error:  # the second for a name with a NUL
            raise UsageError("The file cannot be read.", "Check its name and its permissions.") from error
        if len(content) > LARGEST:
            raise UsageError("It has more than 4 MB.", "Cut it down to what matters.")
        return content

    def category(self, item: WorkItem) -> StateCategory:
        """Return what the file says."""
        return item.state_category

    def changed_by_run(self, item: WorkItem) -> bool:  # noqa: ARG002 - part of the port; a run never writes the file
        return False

    def requester(self, item: WorkItem, run: str) -> str:  # noqa: ARG002 - part of the port
        """Return nobody: whoever runs it at a desk commits it, too."""
        return ""

    def again(self, item: WorkItem) -> WorkItem:
        """Return the item as the file has it now."""
        return self.load(item.id)

    def claim(self, item: WorkItem, run: str) -> WorkItem | None:
        """Lock a file in the folder, so that the claim ends with the process, however that ends."""
        if self._lock is not None:
            return item
        # The file stays: if it were removed, one run could lock the old file and another a new one.
        lock = os.open(self._folder.path / "claim.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        os.truncate(lock, 0)
        os.write(lock, f"work item {item.id}, run {run}\n".encode())
        self._lock = lock
        return item

    def release(self, item_id: int, run: str) -> None:  # noqa: ARG002 - part of the port; there is only one item here
        """Release the claim, if this board holds it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def comment(self, item_id: int, marker: str, markdown: str, *, known: int | None = None) -> str:  # noqa: ARG002 - part of the port; there is only one item, and its comment is a file
        """Write the comment as Markdown, replacing the one with the same marker; return its file URL."""
        name = re.sub(r"[^A-Za-z0-9]+", "-", marker).strip("-")[:60] or "comment"
        return self._folder.write_text(f"comment-{name}.md", markdown).resolve().as_uri()

    def mark(self, item: WorkItem, wanted: Mark, *, current: bool = False) -> tuple[WorkItem, tuple[str, ...]]:  # noqa: ARG002 - part of the port; nobody else writes the file
        """Append the state, as the settings name it, to `state.txt`, and write the tags to `tags.txt`, if they differ."""
        state, tags = wanted.state or item.state, wanted.tags(item.tags)
        if state != item.state:
            noted = self._folder.path / "state.txt"
            earlier = noted.read_text("utf-8").splitlines() if noted.exists() else [item.state]
            self._folder.write_text(noted.name, "\n".join([*earlier, state]) + "\n")
        if tags != item.tags:
            self._folder.write_text("tags.txt", "\n".join(tags) + "\n")
        return replace(item, state=state, tags=tags), ()
