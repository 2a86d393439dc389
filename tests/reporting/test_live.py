"""The line that moves on a real terminal, the signs of life where there is none, and colours that can be read."""

from __future__ import annotations

import codecs
import fcntl
import io
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from rich.cells import cell_len

from redimento.azure import pipelines
from redimento.events import Answered, Asked, CheckStarted, Emit, StepEnded, StepStarted
from redimento.reporting import console
from redimento.reporting.progress import clock
from redimento.reporting.terminal import STYLES, badge, diff, mark, open_terminal
from redimento.text.redaction import NO_SECRETS

RUN = r"""
import sys
from contextlib import suppress
from redimento.events import Answered, CheckStarted, Loaded, StepEnded, StepStarted
from redimento.interruption import interruptible
from redimento.reporting import console, terminal
from redimento.text.redaction import NO_SECRETS
hostile = "\u6f22\u5b57\u26a0\ufe0f\u202e\x1b[2J\x1b]0;x\x07\x9b\r\n\t"
with suppress(KeyboardInterrupt), interruptible(), console.terminal_listener(terminal.open_terminal(), NO_SECRETS) as emit:
    emit(StepStarted("gather", "Select the context"))
    emit(Loaded(7, "Bug", hostile + "a title"))
    emit(StepEnded("gather", 1.0))
    emit(StepStarted("author", "Write, check and repair the change"))
    emit(Answered("author", "m", "ok", 34.0, 12_000, 0, 345, 0, 0.0119, 12_345, 0.0119))
    emit(CheckStarted(hostile * 3 + "tests that have a long name", "after", 2, 3))
    sys.stdin.readline()
"""
# Text and background of each style in palettes that are common: black, red, green, yellow, cyan, bright white.
PALETTES = {
    "xterm": ("#000000", "#cd0000", "#00cd00", "#cdcd00", "#00cdcd", "#ffffff"),
    "Tango (GNOME)": ("#2e3436", "#cc0000", "#4e9a06", "#c4a000", "#06989a", "#eeeeec"),
    "Campbell (Windows)": ("#0c0c0c", "#c50f1f", "#13a10e", "#c19c00", "#3a96dd", "#f2f2f2"),
    "Visual Studio Code": ("#000000", "#cd3131", "#0dbc79", "#e5e510", "#11a8cd", "#e5e5e5"),
    "Solarized": ("#073642", "#dc322f", "#859900", "#b58900", "#2aa198", "#fdf6e3"),
}


def screen(output: str) -> list[str]:
    """Return the lines that a terminal shows. Fails at a control character or sequence that is not ours."""
    lines = [""]
    column = 0
    output = re.sub(r"\x1b[^A-Za-z]*\Z", "", output)  # the rest of it has not been read yet
    for code, control, text in re.findall(
        r"(\x1b\[\??[0-9;]*[A-Za-z])|([\x00-\x1f\x7f-\x9f])|([^\x00-\x1f\x7f-\x9f]+)", output
    ):
        if code == "\x1b[J":
            lines[-1] = lines[-1][:column]
        elif code:
            assert code in {"\x1b[?7l", "\x1b[?7h"} or code.endswith("m"), code
        elif control:
            assert control in "\r\n", repr(control)
            column = 0
            lines += [""] * (control == "\n")
        else:
            lines[-1] = lines[-1][:column] + text + lines[-1][column + len(text) :]
            column += len(text)
    return lines


class Terminal:
    """A program on a pseudo-terminal of its own, and all that it has written."""

    def __init__(self, columns: int) -> None:
        process, self.descriptor = pty.fork()
        if not process:
            os.read(0, 1)  # the size is set
            # Not this process's environment: readline, which pytest loads, has put COLUMNS into it.
            environment = {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
            os.execve(sys.executable, [sys.executable, "-c", RUN], environment)
        self.process, self.output = process, ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.resize(columns)
        os.write(self.descriptor, b"\n")

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def until(self, expected: str) -> str:
        """Read until the last line on the screen is as expected, and return it."""
        found = None
        while not (found := re.fullmatch(expected, screen(self.output)[-1])):
            assert self._read(), self.output
        return found[0]

    def end(self) -> list[str]:
        """Read until the program has ended, and return all lines."""
        while self._read():
            pass
        return screen(self.output)

    def _read(self) -> bool:
        """Read some more; return whether there was something within a minute."""
        if not select.select([self.descriptor], [], [], 60)[0]:
            return False
        try:
            self.output += self._decoder.decode(os.read(self.descriptor, 65_536))
        except OSError:  # how Linux says that nobody has the other end open
            return False
        return True


@contextmanager
def terminal(columns: int) -> Iterator[Terminal]:
    made = Terminal(columns)
    try:
        yield made
    finally:
        os.close(made.descriptor)  # hangs up
        os.waitpid(made.process, 0)


def test_the_line_moves_fits_follows_a_resize_and_is_gone_after_an_interruption() -> None:
    with terminal(60) as shown:
        narrow = shown.until(r"0:0[1-9]  check 2 of 3: .*…  12,345 tokens, \$0\.0119")
        shown.resize(140)
        wide = shown.until(r".*on the change  12,345 tokens, \$0\.0119")
        os.write(shown.descriptor, b"\x03")
        left = shown.end()

    assert cell_len(narrow) < 60 <= cell_len(wide) < 140
    assert not left[-1]
    kept = [line.strip() for line in left if line.strip() and "^C" not in line]
    assert kept == [
        "Bug 7: 漢字⚠️ a title",
        "✔  Select the context  1.0 s",
        "The model answered after 34 s: 12,345 tokens, $0.0119.",
    ]
    assert shown.output.rindex("\x1b[?7h") > shown.output.rindex("\x1b[?7l")


def _work(emit: Emit, enough: Callable[[], bool]) -> None:
    emit(StepStarted("author", "Write the change"))
    emit(Asked("author", "m", 1))
    ends = time.monotonic() + 30
    while not enough():
        assert time.monotonic() < ends
        time.sleep(0.01)
    emit(Answered("author", "m", "ok", 34.0, 12_000, 0, 345, 0, 0.0119, 12_345, 0.0119))
    emit(CheckStarted("tests", "after", 1, 2))
    emit(StepEnded("author", 1.0))


def test_the_agent_hears_once_in_a_while_that_a_silent_step_works_and_how_far_it_is() -> None:
    stream = io.StringIO()
    with console.pipeline_listener(pipelines, stream, NO_SECRETS, {}, silence=0.05) as emit:
        _work(emit, lambda: stream.getvalue().count("value=") >= 12)

    percents = [int(found) for found in re.findall(r"task\.setprogress value=(\d+)", stream.getvalue())]
    assert percents == sorted(set(percents))
    assert percents[0] == 10
    assert 60 < percents[-1] < 90
    assert "0:00 The model writes the change\n" in stream.getvalue()


def test_where_nothing_can_move_a_step_shows_that_it_works_without_any_control_character() -> None:
    stream = io.StringIO()
    with console.terminal_listener(open_terminal(file=stream), NO_SECRETS, silence=0.05) as emit:
        _work(emit, lambda: "The model writes the change" in stream.getvalue())

    lines = stream.getvalue().splitlines()
    assert lines[0] == "Write the change"
    assert lines[1] == "  0:00 The model writes the change"
    assert lines[-1] == "done: Write the change  1.0 s"
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_step_that_speaks_is_not_interrupted_by_signs_of_life() -> None:
    stream = io.StringIO()
    with console.terminal_listener(open_terminal(file=stream), NO_SECRETS) as emit:
        emit(StepStarted("author", "Write the change"))
        emit(Asked("author", "m", 1))
        time.sleep(0.1)

    assert stream.getvalue() == "Write the change\n"


def test_marks_have_colours_or_none_or_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def shown(*, plain: bool = False, encoding: str = "utf-8") -> str:
        written = io.BytesIO()
        screen = open_terminal(plain=plain, file=io.TextIOWrapper(written, encoding=encoding, write_through=True))
        screen.print(mark(screen, "good") + badge("DRAFT", "doubt"), diff("-old\n+new\n"), sep="\n")
        return written.getvalue().decode(encoding)

    assert "\x1b[30;42m ✔ " in shown()
    assert "\x1b[97;41m-\x1b[0mold\n" in shown()
    assert shown(plain=True) == " DRAFT  \n-old\n+new\n\n"
    assert "✔" not in shown(encoding="ascii")
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown() == " ✔   DRAFT  \n-old\n+new\n\n"


def test_a_diff_shows_signs_of_lines_and_no_control_characters() -> None:
    shown = diff("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a comment\n+\x1b[31mnew\u202e\n")

    assert shown.plain.endswith("@@\n--- a comment\n+new\n")
    assert [span.style for span in shown.spans if span.end - span.start == 1] == [STYLES["bad"], STYLES["good"]]


@pytest.mark.parametrize("palette", PALETTES)
def test_a_mark_can_be_read_whatever_the_background_of_the_terminal(palette: str) -> None:
    colours = dict(zip(("black", "red", "green", "yellow", "cyan", "bright_white"), PALETTES[palette], strict=True))
    for style in STYLES.values():
        text, _, behind = style.partition(" on ")
        assert _contrast(colours[text], colours[behind]) > 3, style  # what WCAG 2.2, 1.4.11, asks of signs


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_time_is_short() -> None:
    assert [clock(seconds) for seconds in (0.9, 65, 3_665)] == ["0:00", "1:05", "1:01:05"]
