"""How a run ended, read from what it left: its exit code, its output and its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.worlds.gate import Counted
from benchmarks.worlds.world import Start

_USD_PER_TOKEN = 50 / 1_000_000


@dataclass(frozen=True)
class Ended:
    """A run that is over. `killed`: by the world. `writes`: its requests that changed something outside."""

    run: int
    by_hand: bool
    killed: bool
    cancelled: bool
    restored: bool
    exit_code: int
    kind: str
    sentence: str
    remedy: str
    output: str
    calls: int
    usd: float
    writes: int
    requests: int

    def __str__(self) -> str:
        what = "was killed" if self.killed else f"ended with {self.exit_code}, {self.kind}: {self.sentence}"
        return f"{what} ({self.calls} calls, {self.requests} requests, {self.writes} writes)"


def read(
    counted: Counted, start: Start, output: Path, temporary: Path, exit_code: int, *, restored: bool, cancelled: bool
) -> Ended:
    """Return how a run ended; `kind` is "" if it did not say."""
    said = output.read_text("utf-8", "replace") if output.exists() else ""
    outcome: dict[str, Any] = {}
    for line in said.splitlines():
        if line.startswith('{"') and '"outcome"' in line:
            outcome = json.loads(line)
    folder = next((temporary / "redimento").glob("*"), temporary)
    conversation = folder / "conversation.jsonl"
    rows = [json.loads(line) for line in conversation.read_text().splitlines()] if conversation.exists() else []
    tokens = sum(sum(row["reply"]["usage"].values()) for row in rows if "reply" in row)
    if (folder / "defect.txt").exists():
        said += (folder / "defect.txt").read_text()
    return Ended(
        counted.number, start.by_hand, counted.dead, cancelled, restored, exit_code,
        str(outcome.get("outcome", "")), str(outcome.get("sentence", "")), str(outcome.get("remedy", "")),
        said, len(rows), tokens * _USD_PER_TOKEN, counted.writes, counted.requests,
    )  # fmt: skip
