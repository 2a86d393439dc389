"""What one run is about, what it reaches outside by, and how it ended: the values of `flow.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redimento.context.selection import Context
from redimento.context.tree import Tree
from redimento.delivery.branches import Branches, Tip
from redimento.delivery.pull_request import PullRequests
from redimento.delivery.report import Report
from redimento.events import Emit
from redimento.models.port import NOTHING_SPENT, Model, Spent
from redimento.outcome import Outcome
from redimento.run.attempt import Attempt
from redimento.run_folder import RunFolder
from redimento.settings import Settings
from redimento.work_items.board import Board
from redimento.work_items.item import WorkItem


@dataclass(frozen=True)
class Job:
    """What one run is about.

    `run` names it in claims (empty on a desk, where nobody could tell that a claim is void), `repository` in comments;
    `locked` are files with local modifications; `secrets` must reach neither a file nor a command. `journal` is where an
    interrupted write finds how to be undone: it has to outlive the job's temporary folder, as the checkout does.
    `scratch` is empty at first and gone after the run; `cache` is the folder that speeds up the next choice of context.
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
    run_url: str = ""
    locked: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()

    @property
    def marker(self) -> str:
        """The visible words by which our one comment on a work item is found again."""
        return f"Redimento, {self.repository}"


@dataclass(frozen=True)
class Ports:
    """Everything outside: the board, the repository, the model and its account, and who listens."""

    board: Board
    pull_requests: PullRequests
    branches: Branches
    tree: Tree
    model: Model
    spent: Callable[[], Spent]
    emit: Emit


@dataclass(frozen=True)
class Admitted:
    """An item that may start a run, and what an earlier run left of it. `reference` names what it asks for now."""

    item: WorkItem
    branch: str
    tip: Tip | None
    reference: str


@dataclass(frozen=True)
class Finished:
    """A run that has ended, and all there is to tell of it."""

    outcome: Outcome
    item: WorkItem | None = None
    context: Context | None = None
    attempts: tuple[Attempt, ...] = ()
    report: Report | None = None
    spent: Spent = NOTHING_SPENT
    seconds: float = 0.0
