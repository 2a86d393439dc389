"""Work item types and states of the four default processes of Azure Boards.

Source: Azure Boards documentation, "Choose a process" and the workflow page of each process.
"""

from __future__ import annotations

from dataclasses import dataclass

from devops_emulator.faults import Fault


@dataclass(frozen=True)
class State:
    name: str
    category: str
    """One of Proposed, InProgress, Resolved, Completed, Removed."""


COLORS = {
    "Proposed": "b2b2b2",
    "InProgress": "007acc",
    "Resolved": "ff9d00",
    "Completed": "339933",
    "Removed": "ffffff",
}


def _states(text: str) -> tuple[State, ...]:
    pairs = (part.split("=") for part in text.split(", "))
    return tuple(State(name, category) for name, category in pairs)


_AGILE = _states("New=Proposed, Active=InProgress, Resolved=Resolved, Closed=Completed, Removed=Removed")
_AGILE_TASK = _states("New=Proposed, Active=InProgress, Closed=Completed, Removed=Removed")
_AGILE_BUG = _states("New=Proposed, Active=InProgress, Resolved=Resolved, Closed=Completed")
_OPEN = _states("Active=InProgress, Closed=Completed")
_SCRUM = _states("New=Proposed, Approved=Proposed, Committed=InProgress, Done=Completed, Removed=Removed")
_SCRUM_LARGE = _states("New=Proposed, In Progress=InProgress, Done=Completed, Removed=Removed")
_SCRUM_TASK = _states("To Do=Proposed, In Progress=InProgress, Done=Completed, Removed=Removed")
_IMPEDIMENT = _states("Open=InProgress, Closed=Completed")
_CMMI = _states("Proposed=Proposed, Active=InProgress, Resolved=Resolved, Closed=Completed")
_CMMI_RISK = _states("Proposed=Proposed, Active=InProgress, Closed=Completed")
_CMMI_REVIEW = _states("Active=InProgress, Resolved=Resolved, Closed=Completed")
_BASIC = _states("To Do=Proposed, Doing=InProgress, Done=Completed")

PROCESSES: dict[str, dict[str, tuple[State, ...]]] = {
    "Agile": {
        "Epic": _AGILE,
        "Feature": _AGILE,
        "User Story": _AGILE,
        "Task": _AGILE_TASK,
        "Bug": _AGILE_BUG,
        "Issue": _OPEN,
    },
    "Scrum": {
        "Epic": _SCRUM_LARGE,
        "Feature": _SCRUM_LARGE,
        "Product Backlog Item": _SCRUM,
        "Task": _SCRUM_TASK,
        "Bug": _SCRUM,
        "Impediment": _IMPEDIMENT,
    },
    "CMMI": {
        "Epic": _CMMI,
        "Feature": _CMMI,
        "Requirement": _CMMI,
        "Task": _CMMI,
        "Bug": _CMMI,
        "Change Request": _CMMI,
        "Issue": _CMMI,
        "Risk": _CMMI_RISK,
        "Review": _CMMI_REVIEW,
    },
    "Basic": {"Epic": _BASIC, "Issue": _BASIC, "Task": _BASIC},
}


def type_name(process: str, name: str) -> str:
    """Return a work item type in the spelling of its process; raises Fault 404 VS402323 for an unknown one."""
    for known in PROCESSES[process]:
        if known.casefold() == name.casefold():
            return known
    raise Fault(
        404,
        "WorkItemTypeNotFoundException",
        f"VS402323: Work item type {name} does not exist in a project of the process {process}, or you do not have "
        "permission to access it.",
    )


def states(process: str, kind: str) -> tuple[State, ...]:
    return PROCESSES[process][type_name(process, kind)]
