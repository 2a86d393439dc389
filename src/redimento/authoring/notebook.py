"""What an attempt has asked to see and what it was shown: each later request shows it again, word for word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from redimento.authoring.pieces import finding_piece
from redimento.authoring.share import cost, filled
from redimento.exploration.wish import Changed, Finding, Wish
from redimento.verification.trial import TrialResult

_SMALLEST = 1_000  # tokens; with fewer left, an entry says too little to be worth a call
_TRYING_SECONDS = 300.0  # for all tries of an attempt
_MOST_LOOKS = 40  # answers that only ask: each costs a call, however little it brings
_SHARE = 2  # an answer takes a half of what is left at most, so that the next one can still ask


@dataclass(frozen=True)
class Entry:
    """One finding as every request shows it. `tokens`: what it takes of the budget; `changed`: what the files held then."""

    finding: Finding
    text: str
    tokens: int
    changed: Changed

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(excerpt.path for excerpt in self.finding.excerpts)

    def outdated(self, changed: Changed) -> frozenset[str]:
        """Return the files that this entry shows with other content than they have now."""
        return frozenset(path for path in self.paths if changed.get(path, ...) != self.changed.get(path, ...))

    def holds(self, changed: Changed) -> bool:
        """Return whether the same wish would bring the same. What shows no file (a search) may depend on each of them."""
        return not self.outdated(changed) if self.paths else self.changed == changed


@dataclass(frozen=True)
class Notebook:
    """The entries of an attempt, oldest first, with `budget` tokens for all of them. Entries never change.

    `trials`: what was tried so far, of `most_trials`.
    """

    budget: int
    entries: tuple[Entry, ...] = ()
    trials: tuple[TrialResult, ...] = ()
    most_trials: int = 0

    @property
    def left(self) -> int:
        return self.budget - sum(entry.tokens for entry in self.entries)

    @property
    def full(self) -> bool:
        return self.left < _SMALLEST

    @property
    def tries_left(self) -> int:
        spent = sum(trial.seconds for trial in self.trials)
        return max(self.most_trials - len(self.trials), 0) if spent < _TRYING_SECONDS else 0


def unanswered(notebook: Notebook, wishes: Sequence[Wish], changed: Changed) -> tuple[Wish, ...]:
    """Return the wishes, each once, that no entry answers as the files are now."""
    answered = {entry.finding.wish for entry in notebook.entries if entry.holds(changed)}
    return tuple(wish for wish in dict.fromkeys(wishes) if wish not in answered)


def noted(notebook: Notebook, findings: Sequence[Finding], changed: Changed) -> tuple[Notebook, tuple[Wish, ...]]:
    """Return the notebook with what is new in the findings, and the wishes for which there was no room.

    A large finding is shown in part, and what two wishes bring is shown once. All together take a fortieth of the budget at
    least, so that a model which asks forever ends.
    """
    known = {(entry.finding.excerpts, entry.finding.text) for entry in notebook.entries if entry.holds(changed)}
    each = {(finding.excerpts, finding.text): finding for finding in reversed(findings)}
    new = [finding for shown, finding in reversed(each.items()) if shown not in known]
    room = max(notebook.left // _SHARE, min(notebook.left, _SMALLEST))
    texts = filled([finding_piece(finding, room) for finding in new], room)
    texts += [""] * (len(new) - len(texts))
    entries = [
        Entry(finding, text, cost(text), dict(changed)) for finding, text in zip(new, texts, strict=True) if text
    ]
    if entries:
        free = notebook.budget // _MOST_LOOKS - sum(entry.tokens for entry in entries)
        entries[-1] = replace(entries[-1], tokens=entries[-1].tokens + max(0, free))
    dropped = tuple(finding.wish for finding, text in zip(new, texts, strict=True) if not text)
    return replace(notebook, entries=(*notebook.entries, *entries)), dropped


def with_room(notebook: Notebook, needed: str) -> Notebook:
    """Return the notebook with a third of it free, if it can be: without the oldest entries whose files `needed` does not name."""
    left, kept = notebook.left, []
    for entry in notebook.entries:
        if 3 * left < notebook.budget and not any(path in needed for path in entry.paths):
            left += entry.tokens
        else:
            kept.append(entry)
    return replace(notebook, entries=tuple(kept))
