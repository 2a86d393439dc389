"""How text looks on a terminal, light or dark, wide or narrow, and where there is none."""

from __future__ import annotations

from typing import Final, Literal, TextIO

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from redimento.text.foreign import neutralise

Kind = Literal["good", "bad", "doubt", "note"]

# Text keeps the terminal's own colour. A colour stands behind a mark only, with one on it that differs from it in all
# usual palettes: yellow or green letters cannot be read on white, red ones not on black.
STYLES: Final[dict[Kind, str]] = {
    "good": "black on green",
    "bad": "bright_white on red",
    "doubt": "black on yellow",
    "note": "black on cyan",
}
_SIGNS: Final[dict[Kind, str]] = {"good": "✔", "bad": "✘", "doubt": "?", "note": "!"}
_DIFF = {"+": STYLES["good"], "-": STYLES["bad"]}
_MARKDOWN = {
    "rule.line": "dim",
    "markdown.code": "bold",
    "markdown.code_block": "none",
    "markdown.block_quote": "none",
    "markdown.item.bullet": "none",
    "markdown.item.number": "none",
    "markdown.link": "underline",
    "markdown.link_url": "underline",
    "markdown.table.border": "dim",
    "markdown.table.header": "bold",
}


def open_terminal(*, plain: bool = False, stderr: bool = False, file: TextIO | None = None) -> Console:
    """Return a standard stream. With `plain` it is as a file is: no colour, no marks, nothing moves."""
    system: Literal["auto"] | None = None if plain else "auto"
    return Console(file=file, stderr=stderr, color_system=system, highlight=False, theme=Theme(_MARKDOWN))


def is_plain(console: Console) -> bool:
    """Return whether it shows words only: it is no terminal, or is to be plain, or cannot print marks."""
    return console.color_system is None or not console.encoding.startswith("utf")


def mark(console: Console, kind: Kind) -> Text:
    """Return a coloured mark with a space behind it, or nothing where words must do."""
    return Text() if is_plain(console) else badge(_SIGNS[kind], kind)


def badge(text: str, kind: Kind) -> Text:
    return Text.assemble((f" {text} ", STYLES[kind]), " ")


def diff(text: str) -> Text:
    """Return a unified diff of foreign text with the signs of its lines coloured."""
    shown, in_head = Text(), False
    for line in neutralise(text).splitlines(keepends=True):
        if line.startswith(("diff ", "@@")):
            in_head = line.startswith("diff ")
            shown.append(line, style="bold" if in_head else "dim")
        elif in_head:
            shown.append(line, style="dim")
        else:
            shown.append(line[:1], style=_DIFF.get(line[:1], "")).append(line[1:])
    return shown
