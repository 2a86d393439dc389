"""A Model whose answers are kept for other runs that ask exactly the same."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from threading import Lock

from redimento.models import conversation
from redimento.models.port import Model, ModelReply, ModelRequest
from redimento.store.port import Store
from redimento.text.redaction import NO_SECRETS, Secrets


@dataclass(frozen=True)
class KeptModel:
    """`asked` is all that determines an answer besides the request: library, address, model, tier, version of the prompts.

    `book` is told of each answer that another call has paid for, with the usage of that call. Of `wait` seconds at most it
    waits for a run that asks the same.
    """

    model: Model
    store: Store
    asked: tuple[str, ...]
    seconds: float
    wait: float
    book: Callable[[ModelRequest, ModelReply], ModelReply]
    secrets: Secrets = NO_SECRETS
    _draws: Counter[str] = field(default_factory=Counter, repr=False)
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
            kept = asdict(self.secrets.redacted(reply))
            self.store.put(key, json.dumps(kept, ensure_ascii=False).encode("utf-8", "backslashreplace"), self.seconds)
        return reply

    def _key(self, request: ModelRequest) -> str:
        """Return the key of an answer: who asks the same a second time wants another one, as candidates do."""
        whole = asdict(replace(request, purpose="", timeout_seconds=0.0))
        text = json.dumps([self.asked, whole], default=lambda picture: hashlib.sha256(picture).hexdigest())
        digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
        with self._lock:
            self._draws[digest] += 1
            return f"answer {digest} {self._draws[digest]}"

    def _found(self, key: str) -> ModelReply | None:
        stored = self.store.get(key)
        try:
            _, reply = conversation.from_json(json.loads(stored)) if stored else ("", None)
        except (ValueError, RecursionError):  # of another version, or not ours
            return None
        return reply if isinstance(reply, ModelReply) and reply.text.strip() else None
