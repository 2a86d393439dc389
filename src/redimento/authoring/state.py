"""What an attempt has and knows: each request to the model is rendered from this value alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redimento.authoring.notebook import Notebook, with_room
from redimento.change.edit import NO_CHANGE, Change, Refusal
from redimento.exploration.wish import Changed, Finding, Wish
from redimento.verification.evidence import Verdict
from redimento.verification.reproduction import Reproduction


@dataclass(frozen=True)
class Earlier:
    """An earlier attempt in short: what it took to be right, the files it changed, what failed, and how it ended."""

    summary: str
    files: tuple[str, ...]
    failures: tuple[str, ...]  # test: first line of the message
    verdict: str
    thrown_away: bool = False


@dataclass(frozen=True)
class State:
    """The state of an attempt between two calls.

    `change` stands so far, `summary` describes it, and `verdict` is what the checks said of it. `kept`: the paths of the
    last answer's edits that apply; `refusals`: of the others; `files`: those that this is about, as they are now; `whole`:
    paths to be written whole. `missing`: criteria without a claim. `earlier`: other attempts at the item. `reproduction`: the
    test that `change` has to make pass; `reproducing`: it is asked for now. `tried`: the last answer was a try. `problems`:
    why the last answer could not be used. `repeated`, `dropped`: the last answer's wishes that were met before, and those
    without room. `closed`: the model may not ask to see more.
    """

    notebook: Notebook
    change: Change = NO_CHANGE
    summary: str = ""
    verdict: Verdict | None = None
    kept: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    files: tuple[Finding, ...] = ()
    whole: frozenset[str] = frozenset()
    missing: tuple[tuple[int, str], ...] = ()
    earlier: tuple[Earlier, ...] = ()
    reproduction: Reproduction | None = None
    reproducing: bool = False
    tried: bool = False
    problems: tuple[str, ...] = ()
    repeated: tuple[Wish, ...] = ()
    dropped: tuple[Wish, ...] = ()
    closed: bool = False

    @property
    def changed(self) -> Changed:
        """What the files hold that the change touched."""
        return {file.path: file.after for file in self.change.files}

    @property
    def reverted(self) -> tuple[str, ...]:
        """The files that the notebook shows with an earlier change, and that are as in the repository again."""
        outdated = {path for entry in self.notebook.entries for path in entry.outdated(self.changed)}
        return tuple(sorted(outdated - {*self.change.paths}))


def begun(state: State) -> State:
    """Return the state at the beginning of a conversation, with room in the notebook for it."""
    failures = state.verdict.new_failures if state.verdict else ()
    told = (*(one.told for one in failures), *(one.test for one in failures), *(r.reason for r in state.refusals))
    named = (*state.change.paths, *(refusal.path for refusal in state.refusals), *told)
    return replace(state, notebook=with_room(state.notebook, "\n".join(named)))
