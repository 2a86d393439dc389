"""What a run is doing and has done, in a person's words, made of its facts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redimento.events import (
    Answered,
    Applied,
    Asked,
    CheckFinished,
    CheckStarted,
    Event,
    Loaded,
    Note,
    Proved,
    PullRequestWritten,
    Refused,
    Repair,
    Stage,
    StepEnded,
    StepStarted,
)
from redimento.text.foreign import one_line

_ASKED = {
    "reproduce": "The model writes a test that shows the fault",
    "author": "The model writes the change",
    "try": "The model looks at what it tried",
    "correct": "The model corrects its edits",
    "criteria": "The model answers to the criteria",
    "fresh start": "The model starts afresh",
    "repair": "The model repairs the change",
}
_ON: dict[Stage, str] = {
    "before": "on the code as it was",
    "after": "on the change",
    "old tests": "with the tests as they were",
}
# Where each step begins and ends, in percent of a run; most of its time goes by while the change is written and checked.
_STEPS = {"admit": (0, 5), "gather": (5, 10), "author": (10, 90), "deliver": (90, 100)}
_LEFT = 0.85  # of the way to the end of a step, after one more fact or minute


@dataclass(frozen=True)
class Progress:
    """`step`: the last one that began, and whether it is `working`. `asked`: what the model does; `check`: which one runs, maybe at the same time.

    `moves`: how often this step has got further.
    """

    step: str = ""
    working: bool = False
    title: str = ""
    asked: str = ""
    check: str = ""
    moves: int = 0
    tokens: int = 0
    usd: float = 0.0

    @property
    def activity(self) -> str:
        """What is going on, on one line."""
        return ", ".join(filter(None, (self.asked, self.check))) or one_line(self.title)

    @property
    def spent(self) -> str:
        return f"{self.tokens:,} tokens, ${self.usd:.4f}" if self.tokens else ""

    @property
    def percent(self) -> int:
        """How far the run is. How long a step takes nobody knows: each move takes a part of what is left of it."""
        start, end = _STEPS.get(self.step, (0, 100 if self.step else 0))
        return round(end - (end - start) * _LEFT**self.moves)

    def after(self, event: Event) -> Progress:
        match event:
            case StepStarted(name, title):
                return Progress(name, working=True, title=title, tokens=self.tokens, usd=self.usd)
            case StepEnded():
                return replace(self, working=False, asked="", check="")
            case Asked(purpose):
                return replace(self, asked=_ASKED.get(purpose, "The model answers"))
            case Answered():
                spent = replace(self, tokens=event.tokens_so_far, usd=event.usd_so_far)
                return replace(spent, asked="", moves=self.moves + 1)
            case CheckStarted(name, stage, number, of):
                return replace(self, check=f"check {number} of {of}: {one_line(name)} {_ON[stage]}")
            case CheckFinished():
                return replace(self, check="", moves=self.moves + 1)
            case Note() | Refused() | Repair() | Applied() | Proved() | PullRequestWritten():
                return replace(self, moves=self.moves + 1)
        return self


def sentence(event: Event) -> str:
    """Return a line that stays, "" for what is none: it shows otherwise, or is for machines."""
    match event:
        case Note() | Refused() | Repair():
            return one_line(event.text)
        case Loaded(number, type_, title):
            return one_line(f"{type_}{f' {number}' if number else ''}: {title}")
        case Answered(_, _, "ok"):
            return f"The model answered after {event.seconds:.0f} s: {event.tokens:,} tokens, ${event.usd:.4f}."
        case Answered(_, _, "kept"):
            return "An earlier run had asked the same: its answer costs nothing."
        case Answered():
            return f"The model did not answer ({event.status}) in {event.seconds:.0f} s."
        case Applied():
            files = f"{event.files} file{'s' * (event.files != 1)}"
            return f"The change is in place: {files}, +{event.added} -{event.removed} lines."
        case CheckFinished():
            ended = "passes" if event.ok else "fails"
            return f"The check {one_line(event.name)} {ended} {_ON[event.stage]}, {event.seconds:.1f} s."
        case Proved():
            new = f"{event.failures} new failure{'s' * (event.failures != 1)}"
            tests = f"{event.proving} of {event.tests} new or changed tests fail without the change, "
            return f"{tests if event.tests else ''}{new} with it."
        case PullRequestWritten() if event.url:
            return f"The pull request is {'new' if event.created else 'updated'}: {one_line(event.url)}"
    return ""


def clock(seconds: float) -> str:
    """Return a time as 1:05, or 1:01:05 after an hour."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"  # noqa: PLR2004
