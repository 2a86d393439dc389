"""Time 100 blocks on a file of 20,000 lines, through the whole plan: matching, limits, syntax gate and secret scan.

python benchmarks/edits/apply_speed.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from redimento.change.apply import apply
from redimento.change.beneath import Found
from redimento.change.edit import Edit, Replace
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

_FUNCTION = "def function_{n}(value):\n    total = value + {n}\n    return total * {n}\n\n"
_BLOCKS = 100


def main() -> None:
    """Print the best of three for exact blocks and for blocks quoted without indentation."""
    text = "".join(_FUNCTION.format(n=n) for n in range(5_000))
    exact = [f"    total = value + {n}\n    return total * {n}\n" for n in range(0, 5_000, 5_000 // _BLOCKS)]
    shifted = ["".join(line[4:] for line in block.splitlines(keepends=True)) for block in exact]
    for name, blocks in (("exact", exact), ("without indentation", shifted)):
        edits = [Replace("big.py", block, block.replace("* ", "- ")) for block in blocks]
        applying, planning = _seconds(_applied, text, edits), _seconds(_planned, text, edits)
        print(
            f"{len(edits)} blocks, {text.count(chr(10))} lines, {name}: apply {applying:.3f} s, whole plan {planning:.3f} s"
        )


def _applied(text: str, edits: Sequence[Edit]) -> None:
    content = Found(text.encode(), 0o100644)
    if apply(edits, lambda _: content).refusals:
        raise SystemExit("not applied")


def _planned(text: str, edits: Sequence[Edit]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "big.py").write_text(text)
        if plan(Path(folder), edits, ChangeSettings()).refusals:
            raise SystemExit("not planned")


def _seconds(work: Callable[[str, Sequence[Edit]], None], text: str, edits: Sequence[Edit]) -> float:
    """Return the shortest of three times."""
    times: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        work(text, edits)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
