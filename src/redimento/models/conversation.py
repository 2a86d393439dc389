"""Convert a model call to and from a JSON object: a line of `conversation.jsonl` in the run folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from redimento.models.port import Failure, ModelError, ModelReply, ModelRequest, Usage
from redimento.store.plain import made
from redimento.text.foreign import NONCE

_MOST_SECONDS = 10.0**9
_MEMBERS = frozenset(each.name for each in fields(ModelReply))


@dataclass(frozen=True)
class _Failed:
    """What a line says of a ModelError."""

    kind: Failure
    sentence: str
    remedy: str = ""
    retryable: bool = False
    usage: Usage | None = None


def to_json(request: ModelRequest, outcome: ModelReply | ModelError, *, model: str) -> dict[str, Any]:
    """Return a call and its outcome as JSON; the writer redacts it."""
    line: dict[str, Any] = {"purpose": request.purpose, "model": model, "asked": digest(request)}
    line["request"] = _shown(request)
    if isinstance(outcome, ModelReply):
        line["reply"] = asdict(outcome)
    else:
        line["error"] = {name: getattr(outcome, name) for name in ("kind", "sentence", "remedy", "retryable")}
        line["error"]["usage"] = asdict(outcome.usage) if outcome.usage else None
    return line


def digest(request: ModelRequest) -> str:
    """Return a hash of all in a request that determines its answer: the same in each process that asks the same.

    The tier does not: a call that the flex tier turned away is asked of the standard one.
    """
    whole = asdict(replace(request, purpose="", timeout_seconds=0.0, tier="standard"))
    text = json.dumps(whole, default=lambda picture: hashlib.sha256(picture).hexdigest()).replace(NONCE, "")
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def answered(content: bytes) -> Iterator[tuple[str, bool, ModelReply]]:
    """Yield the answers of a conversation: what was asked, as `digest` gives it, whether it was kept, and the answer.

    Left out are failures, and lines that cannot be read, as of a run that was killed while it wrote one.
    """
    for line in content.split(b"\n"):
        try:
            row = json.loads(line)
            _, reply = from_json(row)
            asked, kept = row.get("asked"), "kept" in row
            if isinstance(reply, ModelReply) and isinstance(asked, str) and reply.text.strip():
                yield asked, kept, replace(reply, usage=made(Usage, row["kept"])) if kept else reply
        except (ValueError, RecursionError):
            continue


def _shown(request: ModelRequest) -> dict[str, Any]:
    """Return a request as JSON, with the size of each picture in its place."""
    shown = asdict(replace(request, messages=()))
    for message in request.messages:
        images = [{"media_type": each.media_type, "bytes": len(each.content)} for each in message.images]
        turn = {"role": message.role, "text": message.text}
        shown["messages"] += (turn | {"images": images} if images else turn,)
    return shown


def from_json(line: Any) -> tuple[str, ModelReply | ModelError]:
    """Return the purpose ("" for any) and the outcome, from a recorded line or from a bare reply with `text`.

    Raise ValueError with the reason for anything else.
    """
    told: Any = line.get("reply", line) if isinstance(line, dict) else None
    purpose = line.get("purpose", "") if isinstance(told, dict) else None
    if not isinstance(purpose, str) or len({"reply", "error", "text"} & {*line}) != 1:
        raise ValueError("it must have one of reply, error and text, and its purpose is text")
    if "kept" in line:
        made(Usage, line["kept"])
    if "error" in line:
        return purpose, ModelError(**vars(made(_Failed, line["error"])))
    usual = {"model": line.get("model", "recorded"), "usage": {}, "finish": "STOP"}
    reply = made(ModelReply, usual | {name: value for name, value in told.items() if name in _MEMBERS})
    reply.text.encode()  # raises for a lone surrogate, which is legal in JSON but cannot be written to a file
    return purpose, replace(reply, seconds=min(max(0.0, reply.seconds), _MOST_SECONDS))
