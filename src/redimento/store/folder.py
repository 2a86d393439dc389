"""A store in a folder, for the processes of one machine."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from redimento.locks import waited_for
from redimento.store.bucket import Level, emptied, full, taken
from redimento.store.port import Bucket, StoreError
from redimento.store.seal import seal, unseal

LARGEST = 200_000_000  # bytes of all values; the oldest go first
_LONGEST_CHANGE = 10.0  # seconds to wait for others who change a number
_HOUR = 3600.0
_BEING_WRITTEN = 60.0  # seconds; a draft has no end yet


@dataclass(frozen=True)
class FolderStore:
    """Each value is a file. `secret` authenticates them, b"" for none."""

    folder: Path
    secret: bytes = b""
    largest: int = LARGEST
    clock: Callable[[], float] = time.time

    def get(self, key: str) -> bytes | None:
        """Return the value; see Store."""
        try:
            return unseal(self.secret, key, self._file(key).read_bytes(), self.clock())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(_said(error)) from error

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value atomically, and remove the oldest ones if there is no room for it."""
        file = self._file(key)
        draft = file.with_suffix(f".{uuid.uuid4().hex}.draft")
        ends = self.clock() + seconds
        sealed = seal(self.secret, key, value, ends)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(sealed))
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
                made.write(sealed)
            os.utime(draft, (ends, ends))  # so that no file has to be read to know its end
            draft.replace(file)
        except OSError as error:
            raise StoreError(_said(error)) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def add(self, key: str, amount: float, seconds: float) -> float:
        """Add to a number; see Store."""
        with self._changing(key):
            value = self.get(key)
            with _readable():
                total = (float(value) if value else 0.0) + amount
            self.put(key, repr(total).encode(), seconds)
        return total

    def take(self, bucket: Bucket, amount: float, most: float) -> float:
        """Take from a bucket; see Store."""
        with self._changing(bucket.name):
            level, wait = taken(bucket, self._level(bucket), amount, most, self.clock())
            self._keep(bucket, level)
        return wait

    def empty(self, bucket: Bucket, seconds: float) -> None:
        """Let everybody wait; see Store."""
        with self._changing(bucket.name):
            self._keep(bucket, emptied(bucket, self._level(bucket), seconds, self.clock()))

    @contextmanager
    def held(self, key: str, seconds: float) -> Iterator[bool]:
        """Hold a lock; see Store. The kernel releases it."""
        with ExitStack() as stack:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                got = stack.enter_context(waited_for(self._file(key).with_suffix(".lock"), seconds))
            except OSError as error:
                raise StoreError(_said(error)) from error
            yield got

    @contextmanager
    def _changing(self, key: str) -> Iterator[None]:
        with self.held(key, _LONGEST_CHANGE) as got:
            if not got:
                raise StoreError("other runs hold it for too long")
            yield

    def _level(self, bucket: Bucket) -> Level:
        kept = self.get(bucket.name)
        if not kept:
            return full(bucket, self.clock())
        with _readable():
            amount, at = json.loads(kept)
            return Level(float(amount), float(at))

    def _keep(self, bucket: Bucket, level: Level) -> None:
        self.put(bucket.name, json.dumps(astuple(level)).encode(), _HOUR)

    def _file(self, key: str) -> Path:
        return self.folder / hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()

    def _make_room(self, size: int) -> None:
        """Remove what has ended, and what ends next until there is room: the oldest answers, and numbers last of all."""
        found = sorted((facts.st_mtime, facts.st_size, path) for path, facts in self._files())
        total = size + sum(length for _, length, _ in found)
        for ends, length, path in found:
            if total <= self.largest and ends > self.clock() - _BEING_WRITTEN:
                return
            path.unlink(missing_ok=True)
            total -= length

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):  # another run removed it
                if not entry.name.endswith(".lock"):
                    yield Path(entry.path), entry.stat()


@contextmanager
def _readable() -> Iterator[None]:
    """Without a secret, anybody can write a number that is none."""
    try:
        yield
    except (ValueError, TypeError, RecursionError):
        raise StoreError("a number in it cannot be read") from None


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__
