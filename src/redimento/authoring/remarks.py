"""Render what reviewers ask of a change, as numbered requests with the lines that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redimento.authoring.elements import data, fenced, line, prose
from redimento.authoring.pieces import file_pieces, head_and_tail, rendered
from redimento.authoring.share import Part, Piece, shrinking

_LONGEST_NAME = 200
_LONGEST_QUOTE = 2_000  # characters of the lines that a request is about
_LONGEST_DIFFERENCE = 40_000


@dataclass(frozen=True)
class Request:
    """What a thread asks. `said`: name and text of each comment, the oldest first. `place`: file and lines in words, and
    `lines` as they are there.
    """

    said: tuple[tuple[str, str], ...]
    place: str = ""
    lines: str = ""


def told(requests: Sequence[Request], difference: str, budget: int) -> str:
    """Return the requests and the difference of the pull request as the model reads them; "" without a pull request."""
    if not requests and not difference:
        return ""
    parts = {
        "remarks": Part([_piece(number, each) for number, each in enumerate(requests, 1)], 0.7),
        "difference": Part(file_pieces("the difference", difference, _LONGEST_DIFFERENCE), 1.0),
    }
    return rendered("remarks", budget, parts)


def _piece(number: int, request: Request) -> Piece:
    heading = f"## Request {number}"
    place = f"\nOn {data(line(request.place)[:_LONGEST_NAME])}" if request.place else ""
    quote = f":\n{data(fenced(head_and_tail(request.lines, _LONGEST_QUOTE)))}" if request.lines else ""

    def show(most: int) -> str:
        said = (
            data(f"{line(name)[:_LONGEST_NAME]}:\n{prose(head_and_tail(text, most))}") for name, text in request.said
        )
        return "\n".join([f"{heading}{place}{quote}", *said])

    longest = max((len(text) for _, text in request.said), default=1)
    return shrinking(heading.lstrip("# "), show, longest)
