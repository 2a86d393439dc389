"""Which work items are wanted: numbers, a query, or a saved query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from redimento.errors import UsageError
from redimento.work_items.trigger import LARGEST_ID, is_set, item_number

_VARIABLES = {"--ids": "REDIMENTO_IDS", "--query": "REDIMENTO_QUERY", "--saved-query": "REDIMENTO_SAVED_QUERY"}
_SEPARATORS = re.compile(r"[\s,;]+")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_QUERY = 32_000  # characters that the service accepts (learn.microsoft.com, "WIQL syntax")
_MOST_IDS = 1_000


@dataclass(frozen=True)
class Wanted:
    """Exactly one of these is given. `ids` has each number once, in ascending order."""

    ids: tuple[int, ...] = ()
    query: str = ""
    saved_query: str = ""


def read_wanted(given: Mapping[str, str | None], environment: Mapping[str, str]) -> Wanted:
    """Return what the options `given`, or else the variables of the same names, ask for.

    An unexpanded macro such as `$(Name)` counts as unset, and a refused value is never quoted: it may come from a
    stranger. Raises UsageError unless exactly one is given, and when it is malformed.
    """
    found = {name: str(value).strip() for name, value in given.items() if is_set(value)}
    if not found:
        found = {name: environment[each].strip() for name, each in _VARIABLES.items() if is_set(environment.get(each))}
    if len(found) != 1:
        count = "No work items were given" if not found else f"Work items are given by {' and by '.join(found)}"
        raise UsageError(f"{count}.", f"Give one of {', '.join(_VARIABLES)} (or {', '.join(_VARIABLES.values())}).")
    name, text = next(iter(found.items()))
    if name == "--ids":
        return Wanted(ids=read_ids(text))
    if name == "--saved-query":
        if not _ID.fullmatch(text):
            raise UsageError(
                "The value of --saved-query is not the id of a query.", "Copy it from the query's address."
            )
        return Wanted(saved_query=text.lower())
    if len(text) > _LONGEST_QUERY:
        raise UsageError(
            f"The query has more than {_LONGEST_QUERY:,} characters.", "Save it in Azure Boards (--saved-query)."
        )
    return Wanted(query=text)


def read_ids(text: str) -> tuple[int, ...]:
    """Return the numbers in a list such as `3, 1,2`, each once, in ascending order. Raises UsageError."""
    parts = [part for part in _SEPARATORS.split(text) if part] if is_set(text) else []
    numbers = {item_number(part) for part in parts}
    if not parts:
        raise UsageError("No work items were given.", "Give their numbers: --ids 1,2,3.")
    if 0 in numbers:
        raise UsageError(
            "A value of --ids is not the number of a work item.",
            f"They must be digits only, at most {LARGEST_ID}, with commas between them.",
        )
    if len(numbers) > _MOST_IDS:
        raise UsageError(f"--ids has more than {_MOST_IDS:,} numbers.", "Give fewer at a time.")
    return tuple(sorted(numbers))
