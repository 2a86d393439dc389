"""A model that replays a recording: an earlier run or handwritten files. No network, no key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from redimento.errors import UsageError
from redimento.models import conversation
from redimento.models.port import Model, ModelError, ModelReply, ModelRequest, Usage

CONVERSATION = "conversation.jsonl"
_FORMS = (
    "A recording is a run folder, a .jsonl file with one object with `text` per line, a .md or .txt file with a single "
    "answer, or a folder of such files."
)


@dataclass(frozen=True)
class _Entry:
    purpose: str  # empty: answers any call
    outcome: ModelReply | ModelError
    kept: bool = False


@dataclass
class _Recorded:
    source: Path
    entries: list[_Entry]
    name: str = "recorded"
    _lock: Lock = field(default_factory=Lock, repr=False)

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return the next answer for this purpose, or raise the recorded failure."""
        with self._lock:
            for position, entry in enumerate(self.entries):
                if entry.purpose in {"", request.purpose}:
                    del self.entries[position]
                    break
            else:
                raise self._nothing_left(request)
        if isinstance(entry.outcome, ModelError):
            raise entry.outcome
        return entry.outcome

    def _nothing_left(self, request: ModelRequest) -> ModelError:
        others = ", ".join(sorted({entry.purpose for entry in self.entries}))
        return ModelError(
            f"The recording {self.source} has no answer left for the call {request.purpose!r}"
            + (f"; it still has some for: {others}." if others else "."),
            "Record more answers, or set model.sdk to google-genai to ask Gemini itself.",
            kind="no_recording",
        )


def open_model(recording: Path) -> Model:
    """Return a model that gives the recorded answers, each once, in order.

    An answer recorded for a purpose only answers calls with that purpose. Raise UsageError, with file and line, for an
    unreadable recording.
    """
    entries = [entry for file in _files(recording) for entry in _entries(file)]
    if not entries:
        raise UsageError(f"The recording {recording} has no answers.", _FORMS)
    return _Recorded(recording, entries)


def replay_model(run: Path, content: bytes, name: str) -> Model:
    """Return a model that gives the answers of a run's conversation, but for those that it had from other runs.

    There may be none. Raise UsageError for an unreadable one.
    """
    entries = _lines(run / CONVERSATION, content.decode("utf-8", "replace"))
    return _Recorded(run, [entry for entry in entries if not entry.kept], name)


def _files(recording: Path) -> list[Path]:
    if recording.is_file():
        return [recording]
    if not recording.is_dir():
        raise UsageError(f"There is no recording at {recording}.", "Correct model.recording. " + _FORMS)
    if (recording / CONVERSATION).is_file():
        return [recording / CONVERSATION]
    if (recording / "record.json").is_file():
        # A run folder without a conversation; its summary.md is not an answer of a model.
        raise UsageError(
            f"The run in {recording} ended before its first model call, so there is nothing to replay.", _FORMS
        )
    files = [file for file in recording.iterdir() if file.is_file() and file.suffix in {".jsonl", ".md", ".txt"}]
    return sorted(file for file in files if not file.name.startswith("."))


def _entries(file: Path) -> Iterator[_Entry]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The recording {file} cannot be read as UTF-8 text: {error}.", _FORMS) from None
    if file.suffix == ".jsonl":
        yield from _lines(file, text)
    elif text.strip():
        yield _Entry("", ModelReply(text, "recorded", Usage(), "STOP"))


def _lines(file: Path, text: str) -> Iterator[_Entry]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            purpose, outcome = conversation.from_json(row)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{file}:{number}: this line is not a recorded answer: {error}.", _FORMS) from None
        yield _Entry(purpose, outcome, "kept" in row)
