"""Time one call of a ranker, f(tree, issue, budget, meta), without its imports: one_call.py MODULE:FUNCTION FOLDER ISSUE.

It runs in the environment of the ranker, so it imports only that.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

BUDGET = 50_000  # tokens


def _processor() -> float:
    """Return the processor seconds of this process and its ended children."""
    return sum(os.times()[:4])


def main(arguments: list[str]) -> None:
    """Print wall and processor seconds, and how many files the answer names, as JSON."""
    name, folder, issue = arguments
    module, _, function = name.partition(":")
    ranker = getattr(importlib.import_module(module), function)
    with tempfile.TemporaryDirectory() as small:  # imports what the ranker loads lazily
        Path(small, "one.py").write_text("def one():\n    return two()\n")
        ranker(small, "one", BUDGET, {"id": "warm-up"})
    text = Path(issue).read_text("utf-8")
    wall, processor = time.perf_counter(), _processor()
    answer = ranker(folder, text, BUDGET, {"id": "measured"})
    seconds = {"wall": time.perf_counter() - wall, "processor": _processor() - processor}
    files = answer["files"] if isinstance(answer, dict) else answer
    paths = {file["path"] if isinstance(file, dict) else file for file in files}
    sys.stdout.write(json.dumps({**seconds, "files": len(paths)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
