"""A model's answer as values; `answer_format.py` parses them from text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from redimento.change.edit import Edit
from redimento.exploration.wish import Wish
from redimento.verification.evidence import ChangedTest


@dataclass(frozen=True)
class CriterionClaim:
    """The model's claim about one acceptance criterion or remark, numbered from 1; unconfirmed until the checks run."""

    id: int
    status: Literal["done", "partly", "not"]
    tests: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Trial:
    """A wish to run some tests of a check (all of them if `tests` is empty) with the edits of the answer. `check` may be ""."""

    check: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A parsed answer: questions, wishes to see more, or a change. `problems` go back to the model."""

    summary: str = ""
    questions: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
    edits: tuple[Edit, ...] = ()
    trial: Trial | None = None
    submit: bool = False  # the change that stands is complete
    criteria: tuple[CriterionClaim, ...] = ()
    remarks: tuple[CriterionClaim, ...] = ()
    build_instructions: str = ""
    documentation: str = ""
    changed_tests: tuple[ChangedTest, ...] = ()
    nothing_to_do: str = ""  # the reason, where the model sees nothing to change
    problems: tuple[str, ...] = ()
    incomplete: bool = False  # the text ended inside a block; `edits` has the complete ones


def merged(earlier: Answer, later: Answer) -> Answer:
    """Join two parts of an answer; the texts of the later part win.

    A path that both parts edit keeps all its edits, in order.
    """
    texts = ("summary", "trial", "criteria", "remarks", "build_instructions", "documentation", "changed_tests")
    kept = {name: getattr(later, name) or getattr(earlier, name) for name in texts}
    return replace(later, edits=tuple(dict.fromkeys((*earlier.edits, *later.edits))), **kept)
