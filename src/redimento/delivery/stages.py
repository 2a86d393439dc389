"""The stages of a run, as the board shows them by state and tag."""

from __future__ import annotations

from typing import Literal

from redimento.settings import UpdateSettings
from redimento.work_items.mark import Mark

# `over`: the run ended without a pull request and without questions.
Stage = Literal["started", "delivered", "questions", "over"]


def mark_of(stage: Stage, updates: UpdateSettings, *, again: bool) -> Mark:
    """Return what the item should have at this stage. `again`: an earlier run came as far for the same request."""
    started, delivered, questions = updates.tag_started, updates.tag_delivered, updates.tag_questions
    marks = {
        "started": Mark(updates.state_started, started, (questions,)),
        "delivered": Mark(updates.state_delivered, delivered, (started, questions)),
        "questions": Mark(updates.state_questions, questions, (started, delivered), back=True),
        "over": Mark(without=(started,)),
    }
    found = marks[stage]
    return Mark(found.state, found.tag, tuple(filter(None, found.without)), found.back, again and bool(found.tag))
