"""Find the work item to work on, from the command line, the environment or the body of a service hook."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from redimento.errors import UsageError

VARIABLE = "REDIMENTO_WORK_ITEM"

Source = Literal["option", "environment", "payload"]

_NUMBER = re.compile(r"[0-9]{1,10}")
_ADDRESS = re.compile(r"https?://[^\s?#]{1,1000}/_workitems/edit/([0-9]{1,10})/?(?:[?#]\S{0,1000})?")
# Azure Pipelines leaves a macro unexpanded when the variable does not exist (learn.microsoft.com, "Define variables").
_UNEXPANDED = re.compile(r"\s*\$[(\[{].*[)\]}]\s*", re.DOTALL)
_LARGEST_ID = 2_147_483_647  # work item ids are 32-bit integers
_LARGEST_PAYLOAD = 16 * 1024 * 1024  # bytes; a hook sends a whole revision, large text fields included
_NAMES: dict[Source, str] = {
    "option": "--work-item",
    "environment": f"the variable {VARIABLE}",
    "payload": "the body of the service hook (--payload)",
}


@dataclass(frozen=True)
class Trigger:
    """The work item of this run, and where its number came from."""

    item_id: int
    source: Source


def read_trigger(option: str | None, environment: Mapping[str, str], payload: Path | None) -> Trigger:
    """Return the work item to work on.

    `option` is the number or the address of a work item, `payload` a file with the body of workitem.updated or
    workitem.created. Only digits are accepted, and a refused value is never quoted: it may come from a stranger. An
    unexpanded macro such as `$(Name)` counts as unset.

    Raises UsageError when a value is not a number, when two sources disagree, and when no source has one.
    """
    found: dict[Source, int] = {}
    if _is_set(option):
        found["option"] = _number(option, "option", address=True)
    if _is_set(environment.get(VARIABLE)):
        found["environment"] = _number(environment[VARIABLE], "environment", address=True)
    if payload is not None:
        found["payload"] = _from_payload(payload)
    if not found:
        raise UsageError(
            "No work item was given.",
            f"Give its number with --work-item or in the variable {VARIABLE}, or the body of a service hook with --payload.",
        )
    if len(set(found.values())) > 1:
        named = " and ".join(_NAMES[source] for source in found)
        raise UsageError(f"Different work items are given by {named}.", "Give the number in one place only.")
    source, item_id = next(iter(found.items()))
    return Trigger(item_id, source)


def _is_set(value: str | None) -> bool:
    return bool(value and value.strip() and not _UNEXPANDED.fullmatch(value))


def _number(value: object, source: Source, *, address: bool = False) -> int:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str):
        found = _ADDRESS.fullmatch(text) if address else None
        digits = found[1] if found else text
        if _NUMBER.fullmatch(digits) and 0 < int(digits) <= _LARGEST_ID:
            return int(digits)
    raise UsageError(
        f"The value of {_NAMES[source]} is not the number of a work item.",
        f"It must be digits only, at most {_LARGEST_ID}.",
    )


def _from_payload(path: Path) -> int:
    body = _body(path)
    resource = body.get("resource") if isinstance(body, dict) else None
    event = body.get("eventType") if isinstance(body, dict) else None
    if isinstance(resource, dict):
        # An update's `id` is the number of the update, not of the work item.
        if event in ("workitem.updated", None) and "workItemId" in resource:
            return _number(resource["workItemId"], "payload")
        if event == "workitem.created" and "id" in resource:
            return _number(resource["id"], "payload")
    raise UsageError(
        f"{path} is not the body of a work item event.",
        "Give the JSON body of workitem.updated (resource.workItemId) or workitem.created (resource.id).",
    )


def _body(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_PAYLOAD + 1)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or 'unknown reason'}.", "Check the path of --payload."
        ) from error
    if len(raw) > _LARGEST_PAYLOAD:
        raise UsageError(f"{path} is larger than 16 MiB.", "Give the body of a single work item event.")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid JSON.", "Give the body of the service hook unchanged.") from error
