"""A Model whose answers are kept for other runs that ask exactly the same."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from threading import Lock

from redimento.models import conversation
from redimento.models.port import Model, ModelReply, ModelRequest
from redimento.store.memory import MemoryStore
from redimento.store.port import Store
from redimento.text.redaction import NO_SECRETS, Secrets


@dataclass(frozen=True)
class KeptModel:
    """`asked` is all that determines an answer besides the request: library, address, model, tier, version of the prompts.

    `book` is told of each answer that another call has paid for, with the usage of that call. Of `wait` seconds at most it
    waits for a run that asks the same. `rounds`: how often this run has begun anew, to ask the same for the same answers.
    """

    model: Model
    store: Store
    asked: tuple[str, ...]
    seconds: float
    wait: float
    book: Callable[[ModelRequest, ModelReply], ModelReply]
    secrets: Secrets = NO_SECRETS
    rounds: Callable[[], int] = int
    _draws: Counter[tuple[str, int]] = field(default_factory=Counter, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return the kept answer, or else the model's. Of runs that ask at the same time, one pays."""
        request = self.secrets.redacted(request)
        key = self._key(request)
        if found := self._found(key):
            return self.book(request, found)
        with self.store.held(key, self.wait):
            if found := self._found(key):
                return self.book(request, found)
            reply = self.model.answer(request)
            self.store.put(key, _stored(self.secrets.redacted(reply)), self.seconds)
        return reply

    def _key(self, request: ModelRequest) -> str:
        """Return the key of an answer: who asks the same a second time wants another one, as candidates do."""
        asked = conversation.digest(request)
        with self._lock:
            draw = (asked, self.rounds())
            self._draws[draw] += 1
            return _key(self.asked, asked, self._draws[draw])

    def _found(self, key: str) -> ModelReply | None:
        stored = self.store.get(key)
        try:
            _, reply = conversation.from_json(json.loads(stored)) if stored else ("", None)
        except (ValueError, RecursionError):  # of another version, or not ours
            return None
        return reply if isinstance(reply, ModelReply) and reply.text.strip() else None


def store_of(answers: Iterable[tuple[str, ModelReply]]) -> Store:
    """Return a store for a KeptModel with nothing else in `asked`, which holds the answers to what was asked."""
    store, draws = MemoryStore(), Counter[str]()
    for asked, reply in answers:
        draws[asked] += 1
        store.put(_key((), asked, draws[asked]), _stored(reply), float("inf"))
    return store


def _key(around: tuple[str, ...], asked: str, draw: int) -> str:
    return f"answer {hashlib.sha256(json.dumps([around, asked]).encode()).hexdigest()} {draw}"


def _stored(reply: ModelReply) -> bytes:
    return json.dumps(asdict(reply), ensure_ascii=False).encode("utf-8", "backslashreplace")
