"""The checks of a case: one test for each block of the merged change.

A test passes while its file is untouched, so that all pass before the change and each fault is a new failure; when the file
is as merged; or when the block's new lines stand in one piece and its old ones do not. As a script, for a run of the whole
program: `hunks.py SPEC JUNIT`, in the tree.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from xml.sax.saxutils import quoteattr

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a check starts it in another folder

from benchmarks.authoring.gold import Block, place_of

_SHOWN = 2  # lines that a failure names
_LONGEST = 120  # characters of each


def failures(
    blocks: Sequence[Block],
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    now: Mapping[str, str | None],
) -> list[str]:
    """Return the message of each block's test, "" where it passes."""
    return ["" if _passes(block, before, after, now) else _message(block) for block in blocks]


def _passes(
    block: Block, before: Mapping[str, str | None], after: Mapping[str, str | None], now: Mapping[str, str | None]
) -> bool:
    text = now[block.path]
    if text in (before[block.path], after[block.path]):
        return True
    if block.kind != "replace" or text is None:
        return False
    lines = text.split("\n")
    gone = place_of((after[block.path] or "").split("\n"), block.old_lines) < 0
    return place_of(lines, block.new_lines) >= 0 and not (gone and place_of(lines, block.old_lines) >= 0)


def _message(block: Block) -> str:
    written = [line for line in block.new_lines if line.strip()]
    fresh = [line for line in written if line not in block.old_lines] or written
    shown = [line.strip()[:_LONGEST] for line in fresh[:_SHOWN]]
    return f"AssertionError: {block.path}: expected here {json.dumps(shown or 'no such file', ensure_ascii=False)}"


def name(number: int) -> str:
    return f"hunk_{number:04d}"


def texts(root: Path, paths: Sequence[str]) -> dict[str, str | None]:
    """Return the files as they are, with their own line ends."""
    return {path: (root / path).read_bytes().decode() if (root / path).is_file() else None for path in paths}


def write_spec(
    file: Path, blocks: Sequence[Block], before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> None:
    spec = {"blocks": [asdict(block) for block in blocks], "before": before, "after": after}
    file.write_text(json.dumps(spec), "utf-8")


def main(spec: str, junit: str) -> None:
    values = json.loads(Path(spec).read_text("utf-8"))
    blocks = [Block(**value) for value in values["blocks"]]
    messages = failures(blocks, values["before"], values["after"], texts(Path(), list(values["before"])))
    cases = [
        f'<testcase classname="oracle" name="{name(number)}">'
        + (f"<failure message={quoteattr(message)}/>" if message else "")
        + "</testcase>"
        for number, message in enumerate(messages)
    ]
    Path(junit).write_text(f'<testsuite name="oracle">{"".join(cases)}</testsuite>', "utf-8")
    sys.exit(any(messages))


if __name__ == "__main__":
    main(*sys.argv[1:])
