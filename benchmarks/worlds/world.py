"""A world: how an organisation starts out, which runs there are, and what happens before and during them."""

from __future__ import annotations

import random
import struct
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Moment = Literal["before", "after"]

# What a server or a proxy does: instead of the effect, or after it.
FAULTS = (
    "500", "503", "429", "outage page", "page with 200", "gateway timeout", "no answer", "no right any more",
    "no answer after the effect", "gateway timeout after the effect", "500 after the effect",
)  # fmt: skip
# What happens to a run.
BLOWS = ("kill", "cancel", "second run", "second run", "switch")
CLOCK, REMARK = "clock", "remark"
# What people do; see people.py.
DEEDS = (
    "commit", "commit in conflict", "amend", "rebase", "squash", "delete the branch", "make a branch",
    "retitle", "write around", "rewrite", "publish", "mark as draft", "invite", "uninvite", "label", "unlabel",
    "abandon", "reactivate", "complete", "complete and delete", "retarget", "open another",
    "change the item", "change the item", "rename the item", "comment", "quote our comment", "delete our comment",
    "answer", "close", "remove", "reopen", "tag", "link",
    "move the target", "move the target in conflict", CLOCK,
)  # fmt: skip
TAGS = {"tag_started": "working", "tag_delivered": "delivered", "tag_questions": "asks"}
SECONDS = (-400 * 86_400, -3_600, 3_600, 400 * 86_400)  # by which a clock can be wrong
WRONG = struct.Struct("d")  # such seconds, in the file of a machine's clock


@dataclass(frozen=True)
class Event:
    """Something that happens before run `run` starts (`request` 0), or at its request of that number.

    `value` chooses among variations, such as which text or how long.
    """

    what: str
    run: int
    request: int = 0
    moment: Moment = "before"
    value: int = 0

    def __str__(self) -> str:
        where = f"{self.moment} request {self.request} of run {self.run}" if self.request else f"before run {self.run}"
        return f"{self.what} ({self.value}) {where}"


@dataclass(frozen=True)
class Start:
    """One run: whether a person queued it, and what the model answers (see answers.py).

    `revise`: of the pull request that is there, if one is.
    """

    by_hand: bool
    answers: str
    revise: bool = False


@dataclass(frozen=True)
class World:
    """Everything that a seed draws."""

    seed: int
    settings: dict[str, Any]
    item: dict[str, str]
    starts: tuple[Start, ...]
    events: tuple[Event, ...]
    dropped: tuple[int, ...] = field(default=())

    def without(self, numbers: Collection[int]) -> World:
        """Return the world without the events of these numbers, which stay those of the whole world."""
        kept = tuple(event for number, event in enumerate(self.events) if number not in numbers)
        return replace(self, events=kept, dropped=tuple(sorted(numbers)))


_ANSWERS = ("good", "good", "good", "good", "good", "stumbling", "garbage", "idle", "questions", "down")


def draw(seed: int) -> World:
    """Return the world of a seed, always the same."""
    dice = random.Random(seed)
    starts = tuple(Start(dice.random() < 0.4, dice.choice(_ANSWERS)) for _ in range(dice.randint(1, 3)))
    starts += (Start(by_hand=dice.random() < 0.5, answers="good"),)
    events = tuple(_event(dice, len(starts)) for _ in range(dice.randint(3, 9)))
    item = {
        "System.Title": dice.choice(("add adds", "Add & adds", "add añade ✓", "x" * 255)),
        "System.Description": dice.choice(("It should add.", "<p>calc.add subtracts.</p><p>It should add.</p>")),
        "System.State": dice.choice(("New", "Active", "Active")),
    }
    settings = _settings(dice)
    _add_marks(settings, random.Random(f"marks of {seed}"))
    starts, events = _with_remarks(starts, events, random.Random(f"remarks of {seed}"))
    return World(seed, settings, item, starts, tuple(sorted(events, key=_order)))


def _with_remarks(
    starts: tuple[Start, ...], events: tuple[Event, ...], dice: random.Random
) -> tuple[tuple[Start, ...], tuple[Event, ...]]:
    """Let people remark on the pull requests of some worlds, and runs answer them, with dice of their own."""
    if dice.random() < 0.6:
        return starts, events
    places = [
        (dice.randrange(1, len(starts)), dice.choice((0, 0, dice.randint(1, 12)))) for _ in range(dice.randint(1, 3))
    ]
    remarks = tuple(Event(REMARK, run, request, "after", dice.randrange(1000)) for run, request in places)
    return tuple(replace(one, revise=dice.random() < 0.4) for one in starts), (*events, *remarks)


def _event(dice: random.Random, runs: int) -> Event:
    kinds = dice.choices((FAULTS, BLOWS, DEEDS), (3, 2, 5))[0]
    during = kinds is not DEEDS or dice.random() < 0.4
    request = dice.randint(1, 18) if during else 0
    return Event(
        dice.choice(kinds), dice.randrange(runs), request, dice.choice(("before", "after")), dice.randrange(1000)
    )


def _order(event: Event) -> tuple[int, int, bool]:
    return event.run, event.request, event.moment == "after"


def _add_marks(settings: dict[str, Any], dice: random.Random) -> None:
    """Draw how runs show what they do, and in which language, with dice of their own."""
    settings["language"] = dice.choice(("en", "en", "pt-BR"))
    settings["pull_request"]["status"] = dice.random() < 0.4
    settings["updates"]["state_started"] = dice.choice(("", "", "Active", "category:InProgress"))
    if dice.random() < 0.6:
        settings["updates"] |= TAGS


def _settings(dice: random.Random) -> dict[str, Any]:
    checks = [{"name": "adds", "run": "grep -q 'a + b' calc.py"}] if dice.random() < 0.15 else []
    return {
        "model": {
            "sdk": "recorded",
            "max_output_tokens": 4096,
            "max_cost_usd": dice.choice((0.6, 2.0, 2.0)),
            "input_usd_per_million": 50.0,
            "output_usd_per_million": 50.0,
        },
        "work_items": {
            "max_runs": dice.choice((3, 20, 20)),
            "max_cost_usd": dice.choice((4.0, 20.0, 20.0)),
            "states": dice.choice(([], [], ["New", "Active", "Resolved"])),
        },
        "checks": {"isolation": "process", "commands": checks},
        "updates": {
            "comment": dice.random() < 0.85,
            "state_delivered": dice.choice(("", "", "Resolved")),
            "state_questions": dice.choice(("", "", "New")),
        },
        "pull_request": {
            "commits_of_others": dice.choice(("add", "add", "stop")),
            "labels": dice.choice(([], ["redimento"], ["redimento", "bot"])),
            "reviewers": dice.choice(([], ["mallory@example.com"], ["mallory@example.com", "nobody@example.com"])),
        },
    }
