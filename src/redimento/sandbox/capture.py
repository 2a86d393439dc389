"""Keep the head and tail of a command's output in bounded memory."""

from __future__ import annotations

from redimento.text.redaction import Secrets

HEAD_BYTES = 32 * 1024
TAIL_BYTES = 96 * 1024
FLOOD_BYTES = 256 * 1024 * 1024
_LONGEST_KEY = 128  # longer than any Gemini key: a cut must not leave a fragment that no pattern matches


class Capture:
    """A buffer of at most `HEAD_BYTES + 2 * TAIL_BYTES` bytes; `total` counts every byte written."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def write(self, data: bytes) -> None:
        self.total += len(data)
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]

    @property
    def flooded(self) -> bool:
        return self.total > FLOOD_BYTES

    def text(self, secrets: Secrets) -> str:
        """Return the kept output, safe to print and without secrets; a note replaces what was left out."""
        tail = bytes(self._tail[-TAIL_BYTES:])
        omitted = self.total - len(self._head) - len(tail)
        if omitted <= 0:
            return _clean(bytes(self._head) + tail, secrets)
        margin = max(_LONGEST_KEY, secrets.longest)
        head = _clean(bytes(self._head), secrets)[:-margin]
        rest = _clean(tail, secrets)[margin:]
        return f"{head}\n[… {omitted + 2 * margin:,} bytes left out …]\n{rest}"


def _clean(data: bytes, secrets: Secrets) -> str:
    return secrets.clean(data.decode("utf-8", "replace"))
