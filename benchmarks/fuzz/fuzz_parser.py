"""Fuzz the answer parser and the application of edits in memory, with atheris.

    python benchmarks/fuzz/fuzz_parser.py -max_total_time=600 [CORPUS]

Every input is a model's answer, built from block marks, paths, code and noise. It must parse, and each edit must be
applied or refused, without an exception; files that no edit names stay unchanged.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["redimento"]):
    from redimento.authoring.answer_format import parse_answer
    from redimento.change.apply import apply
    from redimento.change.beneath import Found

_FILES = {
    "src/app.py": Found(
        b"def total(prices):\r\n    return sum(prices)\r\n\r\n\r\ndef count(prices):\r\n    return len(prices)\r\n",
        0o100644,
    ),
    "notes.txt": Found("caf\u00e9\n\nlast".encode("latin-1"), 0o100644),
}
_PIECES = [
    b"```\n", b"```python\n", b"~~~\n", b"<<<<<<< SEARCH\n", b"<<<<<<< SEARCH ALL\n", b"=======\n", b">>>>>>> REPLACE\n", b"<<<<<<< WHOLE\n",
    b">>>>>>> WHOLE\n", b"<<<<<<< DELETE\n>>>>>>> DELETE\n", b"<<<<<<< RENAME\n", b">>>>>>> RENAME\n", b"src/app.py\n",
    b"notes.txt\n", b"**`src/app.py`**:\n", b"--- a/src/app.py\n", b"```ts:src/web.ts\n", b"    return sum(prices)\n",
    b"def total(prices):\n", b"return len(prices)\n", b"...\n", b"12 | def total(prices):\n", b"-    return sum(prices)\n", b"\n",
    b'{"summary": "s", "criteria": [{"id": 1, "status": "done"}]}\n', b'{"files": [{"path": "a.py", "content": "x\\n"}',
    b'{"questions": ["why"],}\n', b"]}", b"\xe2\x80\x9c", b"\r\n", b"\xef\xbb\xbf", b"# ... rest of the code ...\n",
]  # fmt: skip


def one_input(content: bytes) -> None:
    """Parse one input and apply its edits."""
    data = atheris.FuzzedDataProvider(content)
    truncated = data.ConsumeBool()
    pieces: list[bytes] = []
    while data.remaining_bytes() and len(pieces) < 60:
        pieces.append(data.ConsumeBytes(6) if data.ConsumeIntInRange(0, 7) == 0 else data.PickValueInList(_PIECES))
    answer = parse_answer(b"".join(pieces).decode("utf-8", "replace"), truncated=truncated)
    if not answer.edits:
        return
    applied = apply(answer.edits, _FILES.get)
    if len(applied.edits) + len(applied.refusals) < len(answer.edits):
        raise AssertionError("an edit was neither applied nor refused")
    named = {edit.path for edit in answer.edits}
    for path, found in applied.files.items():
        if path not in named and path in _FILES and found != _FILES[path]:
            raise AssertionError(f"changed {path}, which no edit names")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
