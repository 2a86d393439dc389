"""One test as a report tells it, before it has an id."""

from __future__ import annotations

from typing import NamedTuple

from redimento.verification.evidence import Outcome
from redimento.verification.reports.elements import Element


class Case(NamedTuple):
    """What a report says of one test. `suites`: the names of the suites around it, outermost first.

    `definition`: what TRX calls the place where the class name stands. The message is in pieces because most messages
    are never needed.
    """

    name: str
    classname: str
    outcome: Outcome
    suites: tuple[str, ...] = ()
    file: str = ""
    seconds: str = ""
    headline: str = ""
    kind: str = ""
    text: str = ""
    definition: str = ""


class Definition(NamedTuple):
    """The class name of the tests that name this definition."""

    name: str
    classname: str


def text_of(element: Element | None, *path: str) -> str:
    """Return the text of the element at `path` below `element`, or ""."""
    for tag in path:
        element = element.child(tag) if element is not None else None
    return element.text if element is not None else ""
