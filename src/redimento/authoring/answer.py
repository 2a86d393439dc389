"""A model's answer as values; `answer_format.py` parses them from text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from redimento.change.edit import Edit
from redimento.verification.evidence import ChangedTest


@dataclass(frozen=True)
class CriterionClaim:
    """The model's claim about one acceptance criterion, numbered from 1; unconfirmed until the checks run."""

    id: int
    status: Literal["done", "partly", "not"]
    tests: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """A parsed answer: questions, a request to read more, or a change. `problems` go back to the model."""

    summary: str = ""
    questions: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    criteria: tuple[CriterionClaim, ...] = ()
    build_instructions: str = ""
    documentation: str = ""
    changed_tests: tuple[ChangedTest, ...] = ()
    nothing_to_do: str = ""  # the reason, where the model sees nothing to change
    problems: tuple[str, ...] = ()
    incomplete: bool = False  # the text ended inside a block; `edits` has the complete ones
