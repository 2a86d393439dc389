"""The values of `flow.py`: the job, its ports, and how the run ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from redimento.authoring.remarks import Request
from redimento.change.base import Base
from redimento.change.edit import NO_CHANGE, Change
from redimento.context.selection import Context
from redimento.context.tree import Tree
from redimento.delivery.branches import Branches, Tip
from redimento.delivery.earlier import Concluded, Tally
from redimento.delivery.pull_request import PullRequest, PullRequests
from redimento.delivery.report import Report
from redimento.events import Emit, Moment
from redimento.models.port import NOTHING_SPENT, Model, Spent
from redimento.outcome import Outcome
from redimento.run.attempt import Attempt
from redimento.run_folder import RunFolder
from redimento.settings import Settings
from redimento.store.tape import Tape
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.work_items.board import Board
from redimento.work_items.item import WorkItem


@dataclass(frozen=True)
class Job:
    """The work item of one run, and where to work on it.

    `run` identifies the run in claims (empty in a local run, whose claim nobody could recognise as stale), `repository`
    in comments, `base` is the commit that it starts from. `branch` names the branch of an item, and `branch_like` matches every name that it can have had. `by_hand`:
    a person started the run, not a change of the item. `secrets` must reach neither a file nor a command. `journal` undoes an interrupted write: like the
    checkout, it must outlive the job's temporary folder. `scratch` is empty at first and gone after the run; `cache` is
    the folder that speeds up the next choice of context. `undecided`: what to ask instead of doing any work, because no
    rule says to which repository the item belongs. `tape`: what the run hears from outside.
    `failed`: how the part before this one ended, if it has made no change. `repeated`: the job that delivers runs again.
    """

    item_id: int
    settings: Settings
    root: Path
    folder: RunFolder
    scratch: Path
    cache: Path | None
    journal: Path
    target: str
    branch: Callable[[WorkItem], str]
    project: str = ""
    repository: str = ""
    run: str = ""
    base: str = ""
    by_hand: bool = True
    branch_like: re.Pattern[str] = re.compile(r"(?!)")
    run_url: str = ""
    undecided: tuple[str, ...] = ()
    secrets: Secrets = NO_SECRETS
    tape: Tape = field(default_factory=Tape)
    failed: Finished | None = None
    repeated: bool = False

    @property
    def marker(self) -> str:
        """The visible text that identifies our one comment on a work item."""
        return f"Redimento, {self.repository}"


@dataclass(frozen=True)
class Ports:
    """Everything outside: the board, the repository, the model and what it cost, and the listener."""

    board: Board
    pull_requests: PullRequests
    branches: Branches
    tree: Tree
    base: Base
    model: Model
    spent: Callable[[], Spent]
    emit: Emit


@dataclass(frozen=True)
class Wanted:
    """What is asked for besides the work item: what reviewers `requests` of the change that is `standing` in a pull request.

    `difference`: the same change as a patch.
    """

    requests: tuple[Request, ...] = ()
    standing: Change = NO_CHANGE
    difference: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """What people wrote, and the files that they wrote it on."""
        said = (text for request in self.requests for _, text in request.said)
        return (*said, *(request.place for request in self.requests if request.place), *self.standing.paths)


NOTHING_WANTED = Wanted()


@dataclass(frozen=True)
class Admitted:
    """An item that may start a run, and what an earlier run left. `reference` identifies what the run is asked for.

    `past`: the runs before this one. `concluded`: one of them brought about all that belongs on the pull request, as a
    draft or ready. `again`: one of them may have marked the item for the same request. `unfinished`: this one did not bring
    about all. `notes`: sentences about what it left to people on the item.
    """

    item: WorkItem
    branch: str
    tip: Tip | None
    pull_request: PullRequest | None
    reference: str
    past: Tally
    concluded: Concluded = ""
    again: bool = False
    unfinished: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stopped:
    """A run that stops before it spends.

    `settles`: only after it has removed dead claims, and brought about what a killed run has not for `unfinished`, or shown
    that one that seems to work does not, for `killed`, or taken off the tag that alone still says so, for `tagged`.
    """

    outcome: Outcome
    item: WorkItem
    settles: bool = False
    unfinished: Admitted | None = None
    killed: Admitted | None = None
    tagged: Admitted | None = None


@dataclass(frozen=True)
class Finished:
    """A finished run and everything to report about it."""

    outcome: Outcome
    item: WorkItem | None = None
    context: Context | None = None
    attempts: tuple[Attempt, ...] = ()
    report: Report | None = None
    spent: Spent = NOTHING_SPENT
    seconds: float = 0.0
    timeline: tuple[Moment, ...] = ()
