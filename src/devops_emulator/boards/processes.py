"""Work item types and states of the four default processes of Azure Boards.

Source: Azure Boards documentation, "Choose a process" and the workflow page of each process.
"""

from __future__ import annotations

from dataclasses import dataclass

from devops_emulator.faults import Fault
from devops_emulator.store import Document


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


def workflow(text: str) -> tuple[State, ...]:
    """Return the states in a text such as "New=Proposed, Active=InProgress"."""
    pairs = (part.split("=") for part in text.split(", "))
    return tuple(State(name, category) for name, category in pairs)


_AGILE = workflow("New=Proposed, Active=InProgress, Resolved=Resolved, Closed=Completed, Removed=Removed")
_AGILE_TASK = workflow("New=Proposed, Active=InProgress, Closed=Completed, Removed=Removed")
_AGILE_BUG = workflow("New=Proposed, Active=InProgress, Resolved=Resolved, Closed=Completed")
_OPEN = workflow("Active=InProgress, Closed=Completed")
_SCRUM = workflow("New=Proposed, Approved=Proposed, Committed=InProgress, Done=Completed, Removed=Removed")
_SCRUM_LARGE = workflow("New=Proposed, In Progress=InProgress, Done=Completed, Removed=Removed")
_SCRUM_TASK = workflow("To Do=Proposed, In Progress=InProgress, Done=Completed, Removed=Removed")
_IMPEDIMENT = workflow("Open=InProgress, Closed=Completed")
_CMMI = workflow("Proposed=Proposed, Active=InProgress, Resolved=Resolved, Closed=Completed")
_CMMI_RISK = workflow("Proposed=Proposed, Active=InProgress, Closed=Completed")
_CMMI_REVIEW = workflow("Active=InProgress, Resolved=Resolved, Closed=Completed")
_BASIC = workflow("To Do=Proposed, Doing=InProgress, Done=Completed")

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


def states(project: Document, kind: str) -> tuple[State, ...]:
    """Return the states of a type in the order of its workflow: a project can have other ones than its process."""
    name = type_name(project["process"], kind)
    own = project.get("states", {}).get(name)
    return workflow(own) if own else PROCESSES[project["process"]][name]
