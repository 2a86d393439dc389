"""Convert a model call to and from a JSON object: a line of `conversation.jsonl` in the run folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, get_args

import jsonschema

from redimento.models.port import Failure, ModelError, ModelReply, ModelRequest, Usage
from redimento.text.foreign import NONCE

_MOST = 10**9  # of tokens, seconds and attempts: sums of larger numbers fit no float
_COUNT = {"type": "integer", "minimum": 0, "maximum": _MOST}
_REPLY = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string"},
        "model": {"type": "string"},
        "finish": {"type": "string"},
        "truncated": {"type": "boolean"},
        "usage": {
            "type": "object",
            "properties": {"prompt": _COUNT, "cached": _COUNT, "output": _COUNT, "thoughts": _COUNT},
            "additionalProperties": False,
        },
        "seconds": {"type": "number", "minimum": 0, "maximum": _MOST},
        "attempts": {"type": "integer", "minimum": 1, "maximum": _MOST},
    },
}
_ERROR = {
    "type": "object",
    "required": ["kind", "sentence"],
    "properties": {
        "kind": {"enum": list(get_args(Failure))},
        "sentence": {"type": "string"},
        "remedy": {"type": "string"},
        "retryable": {"type": "boolean"},
        "usage": {"anyOf": [_REPLY["properties"]["usage"], {"type": "null"}]},  # type: ignore[index]
    },
}
_LINE = {
    "type": "object",
    "properties": {
        "purpose": {"type": "string"},
        "model": {"type": "string"},
        "reply": _REPLY,
        "error": _ERROR,
        "kept": _REPLY["properties"]["usage"],  # type: ignore[index]  # of the call that paid for the answer
    },
    "oneOf": [{"required": ["reply"]}, {"required": ["error"]}, _REPLY],
}
_VALIDATOR = jsonschema.Draft202012Validator(_LINE)


def to_json(request: ModelRequest, outcome: ModelReply | ModelError, *, model: str) -> dict[str, Any]:
    """Return a call and its outcome as JSON; the writer redacts it."""
    line: dict[str, Any] = {"purpose": request.purpose, "model": model, "asked": digest(request)}
    line["request"] = _shown(request)
    if isinstance(outcome, ModelReply):
        line["reply"] = asdict(outcome)
    else:
        usage = asdict(outcome.usage) if outcome.usage else None
        line["error"] = {
            "kind": outcome.kind,
            "sentence": outcome.sentence,
            "remedy": outcome.remedy,
            "retryable": outcome.retryable,
            "usage": usage,
        }
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
        except (ValueError, RecursionError):
            continue
        kept, asked = row.get("kept"), row.get("asked")
        if isinstance(reply, ModelReply) and isinstance(asked, str) and reply.text.strip():
            yield asked, kept is not None, reply if kept is None else replace(reply, usage=Usage(**kept))


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
    problem = next(iter(_VALIDATOR.iter_errors(line)), None)
    if problem is not None:
        raise ValueError(problem.message[:200])
    purpose = line.get("purpose", "")
    if "error" in line:
        error = line["error"]
        usage = Usage(**error["usage"]) if error.get("usage") else None
        return purpose, ModelError(
            error["sentence"],
            error.get("remedy", ""),
            kind=error["kind"],
            retryable=error.get("retryable", False),
            usage=usage,
        )
    reply = line.get("reply", line)
    reply["text"].encode()  # raises for a lone surrogate, which is legal in JSON but cannot be written to a file
    return purpose, ModelReply(
        text=reply["text"],
        model=reply.get("model", line.get("model", "recorded")),
        usage=Usage(**reply.get("usage", {})),
        finish=reply.get("finish", "STOP"),
        truncated=reply.get("truncated", False),
        seconds=reply.get("seconds", 0.0),
        attempts=reply.get("attempts", 1),
    )
