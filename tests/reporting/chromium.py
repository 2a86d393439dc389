"""A page in headless Chromium, driven over its debugging pipe: JSON that ends in NUL, on descriptors 3 and 4."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal


class Tab:
    """One tab. `events`: all that the browser has told beside its answers, as name and parameters."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._numbers = write, read, count(1)
        self._rest, self._session = b"", ""
        self.events: list[tuple[str, Any]] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> Any:
        """Give an order and return its result."""
        number = next(self._numbers)
        order = {"id": number, "method": method, "params": parameters}
        order |= {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(order).encode() + b"\0")
        while True:
            told = self._told()
            if told.get("id") == number:
                assert "error" not in told, told
                return told["result"]
            self.events.append((told.get("method", ""), told.get("params")))

    def open(
        self,
        file: Path,
        *,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        media: Literal["screen", "print"] = "screen",
    ) -> None:
        """Load a file, as a phone does if it is narrow, and wait until it is there."""
        self.events.clear()
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.do("Emulation.setEmulatedMedia", media=media, features=features)
        self.do("Page.navigate", url=file.as_uri())
        while "Page.loadEventFired" not in {name for name, _ in self.events}:
            told = self._told()
            self.events.append((told.get("method", ""), told.get("params")))

    def value(self, expression: str) -> Any:
        """Return what JavaScript finds in the page; the page's own policy does not bind it."""
        got = self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    def pdf(self) -> bytes:
        return base64.b64decode(self.do("Page.printToPDF")["data"])

    def _told(self) -> Any:
        while b"\0" not in self._rest:
            got = os.read(self._read, 1 << 20)
            assert got, "Chromium has ended"
            self._rest += got
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)


@contextmanager
def chromium(program: str, profile: Path) -> Iterator[Tab]:
    """Start Chromium with a profile of its own, and end it."""
    orders, answers = os.pipe(), os.pipe()
    # The shell puts the pipes where Chromium looks for them.
    script = f'exec "$0" "$@" 3<&{orders[0]} 4>&{answers[1]}'
    options = (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
        "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={profile}",
    )  # fmt: skip
    with subprocess.Popen(
        ["bash", "-c", script, program, *options], pass_fds=(orders[0], answers[1]), stderr=subprocess.DEVNULL
    ) as process:
        os.close(orders[0])
        os.close(answers[1])
        try:
            yield Tab(orders[1], answers[0])
        finally:
            process.kill()
            os.close(orders[1])
            os.close(answers[0])
