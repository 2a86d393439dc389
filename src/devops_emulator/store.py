"""The storage of the organisation: JSON documents in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devops_emulator.faults import Fault

Document = dict[str, Any]


def pick(documents: Iterable[Document], name: str, keys: tuple[str, ...], absent: Fault) -> Document:
    """Return the document with `name`, in any case, under one of its `keys`; raises `absent`."""
    for document in documents:
        if name.casefold() in [str(document[key]).casefold() for key in keys]:
            return document
    raise absent


class Store:
    """Documents by kind and key, changed only inside `transaction()`.

    A document that is read is a copy: changes to it are stored only when it is put back.
    """

    def __init__(self, file: Path) -> None:
        # One connection behind one lock: requests run in threads, and each is short.
        self._connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        self._inside = False
        self._later: list[Callable[[], object]] = []
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Apply everything inside or nothing, then run the calls registered with `afterwards`."""
        with self._lock:
            if self._inside:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._inside = True
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._later.clear()
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._inside = False
            later, self._later = self._later, []
        for call in later:
            call()

    def discard(self) -> None:
        """Undo what the current transaction did so far, for requests that only validate."""
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")
        self._later.clear()

    def afterwards(self, call: Callable[[], object]) -> None:
        """Run `call` after the current transaction is committed, never after a rollback."""
        self._later.append(call)

    def find(self, kind: str, key: str | int) -> Document | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ? AND key = ?", (kind, str(key))
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str) -> list[Document]:
        """Return the documents of a kind in the order they were added."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ? ORDER BY rowid", (kind,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def keys(self, kind: str) -> list[str]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT key FROM documents WHERE kind = ? ORDER BY rowid", (kind,)
            ).fetchall()
        return [key for (key,) in rows]

    def put(self, kind: str, key: str | int, body: Document) -> None:
        with self._lock:
            self._connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (kind, str(key), json.dumps(body)),
            )

    def remove(self, kind: str, key: str | int) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, str(key)))

    def next_number(self, counter: str, *, at_least: int = 1) -> int:
        """Return the next number; each is used once, even after a restart."""
        last = (self.find("counter", counter) or {"last": 0})["last"]
        number = max(last + 1, at_least)
        self.put("counter", counter, {"last": number})
        return int(number)
