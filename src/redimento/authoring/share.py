"""Share the tokens of a request among its parts, the most important part first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from redimento.context.tokens import estimate

_LEAST = 200  # tokens: with fewer, a piece says too little, so later pieces are left out instead


@dataclass(frozen=True)
class Piece:
    """Something that a request should show: its text and, if it is too long, `within` a number of tokens.

    `within` returns "" if so few tokens cannot say anything.
    """

    name: str
    text: str
    within: Callable[[int], str] = lambda _: ""


@dataclass(frozen=True)
class Part:
    """Pieces of one kind, the most important first, of which at most `most` are shown.

    `share`: the part of the tokens left by more important parts that it may take, if not everything fits.
    """

    pieces: Sequence[Piece]
    share: float
    most: int = 1_000


def shared(budget: int, parts: Mapping[str, Part]) -> tuple[dict[str, list[str]], list[str]]:
    """Return what is shown of each part, and the names of the pieces left out. `parts`: the most important first.

    Written on lines of their own, the texts take at most `budget` tokens.
    """
    needs = {name: sum(cost(piece.text) for piece in part.pieces[: part.most]) for name, part in parts.items()}
    later = sum(needs.values())
    shown: dict[str, list[str]] = {}
    left_out: list[str] = []
    for name, part in parts.items():
        later -= needs[name]
        texts = filled(part.pieces[: part.most], max(int(budget * part.share), budget - later))
        budget -= sum(map(cost, texts))
        shown[name] = [text for text in texts if text]
        left_out += [piece.name for piece, text in zip(part.pieces, texts, strict=False) if not text]
        left_out += [piece.name for piece in part.pieces[len(texts) :]]
    return shown, left_out


def cost(text: str) -> int:
    """Return the tokens that `text` takes on lines of its own, with a blank line behind it; 0 for no text."""
    return estimate(f"{text}\n") if text else 0


def largest(render: Callable[[int], str], size: int, tokens: int) -> str:
    """Return `render(n)` for about the largest n from 1 to `size` that takes at most `tokens`, "" if there is none.

    Each try is smaller by a tenth at least, so all together take linear time.
    """
    while size > 0 and tokens > 0:
        text = render(size)
        taken = cost(text)
        if taken <= tokens:
            return text
        size = int(size * 0.9 * tokens / taken)
    return ""


def shrinking(name: str, render: Callable[[int], str], size: int) -> Piece:
    """Return a piece that renders `size` characters or items, or as many as fit."""
    return Piece(name, render(size), lambda tokens: largest(render, size, tokens))


def filled(pieces: Sequence[Piece], tokens: int) -> list[str]:
    """Return one text for each of the first pieces, "" where nothing fits: short ones as they are, long ones alike.

    Pieces behind those that are returned do not fit at all.
    """
    costs = [cost(piece.text) for piece in pieces]
    left = tokens
    count = 0
    for needed in costs:
        left -= min(needed, _LEAST)
        if left < 0:
            break
        count += 1
    texts = [""] * count
    for position, number in enumerate(sorted(range(count), key=costs.__getitem__)):
        fair = tokens // (count - position)
        piece = pieces[number]
        text = piece.text if costs[number] <= fair else piece.within(fair)
        texts[number] = text if cost(text) <= fair else ""
        tokens -= cost(texts[number])
    return texts
