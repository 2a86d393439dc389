"""Choose the work items that get a job of their own, and name these jobs as a matrix of Azure Pipelines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from redimento.azure import pipelines
from redimento.azure.boards import MOST_OUTLINES, AzureBoard
from redimento.azure.queries import Queries
from redimento.batch.wanted import Wanted
from redimento.events import Emit
from redimento.reporting.console import Listing
from redimento.repository.checkout import open_checkout
from redimento.run_options import RunOptions, load_settings
from redimento.settings import WorkItemSettings
from redimento.wiring.organisation import connected
from redimento.work_items.admission import closed, refusal
from redimento.work_items.item import WorkItem


@dataclass(frozen=True)
class Plan:
    """`items` get a job each; `left_out` says why others do not, by number; `later` were not looked at."""

    items: tuple[WorkItem, ...]
    left_out: Mapping[int, str]
    later: int

    @property
    def matrix(self) -> dict[str, dict[str, str]]:
        """The variables of each job by the name of its leg, in which only letters, digits and `_` may stand."""
        return {f"item_{item.id}": {"workItem": str(item.id)} for item in self.items}


def plan(wanted: Wanted, options: RunOptions, environment: Mapping[str, str], emit: Emit, *, most: int) -> Plan:
    """Return at most `most` of the wanted items that a run would be admitted to, by the settings of the repository.

    Raises RedimentoError.
    """
    given = open_checkout(options.repo)
    with connected(environment) as connection:
        connection.repository(given)
        settings = load_settings(given, options, environment, emit)
        board, project = connection.board(emit, settings), connection.agent.project
        queries = Queries(connection.client, project)
        numbers = wanted.ids or (queries.asked(wanted.query) if wanted.query else queries.saved(wanted.saved_query))
        items: list[WorkItem] = []
        left_out: dict[int, str] = {}
        for looked_at, (number, item) in enumerate(_outlined(numbers, board)):
            if len(items) == most:
                return Plan(tuple(items), left_out, len(numbers) - looked_at)
            reason = _reason(item, board, settings.work_items, project)
            if item is None or reason:
                left_out[number] = reason
            else:
                items.append(item)
        return Plan(tuple(items), left_out, 0)


def _outlined(numbers: Sequence[int], board: AzureBoard) -> Iterator[tuple[int, WorkItem | None]]:
    for start in range(0, len(numbers), MOST_OUTLINES):
        page = numbers[start : start + MOST_OUTLINES]
        found = {item.id: item for item in board.outlines(page)}
        yield from ((number, found.get(number)) for number in page)


def _reason(item: WorkItem | None, board: AzureBoard, settings: WorkItemSettings, project: str) -> str:
    """Return why a run would not be admitted; what comments and pull requests say of earlier runs costs too much to ask."""
    if item is None:
        return "It does not exist, or this job may not read it."
    return refusal(item, settings, project, lambda: board.category(item)) or (
        "" if settings.states else closed(item, board.category(item))
    )


def listing(made: Plan) -> Listing:
    """Return the plan for people, as JSON, and as the output variables `matrix` and `count`.

    Azure refuses an empty matrix, or makes one job without variables of it: the condition of the jobs has to ask for
    `count` first.
    """
    chosen = [(str(item.id), item.type, item.state, item.title) for item in made.items]
    later = f" {made.later} more are left for a later plan (--most)." if made.later else ""
    value = {
        "items": [{"id": item.id, "type": item.type, "state": item.state, "title": item.title} for item in made.items],
        "leftOut": [{"id": number, "reason": reason} for number, reason in made.left_out.items()],
        "later": made.later,
        "matrix": made.matrix,
    }
    return Listing(
        f"{len(chosen)} of {len(chosen) + len(made.left_out) + made.later} work items get a run.{later}",
        ("Work item", "Type", "State", "Title, or why it gets no run"),
        [*chosen, *((str(number), "", "", reason) for number, reason in made.left_out.items())],
        value,
        [
            pipelines.set_variable("matrix", json.dumps(made.matrix, separators=(",", ":"))),
            pipelines.set_variable("count", str(len(made.items))),
        ],
    )
