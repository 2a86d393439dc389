"""Find what to work on, from the command line, the environment or the body of a service hook."""

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
_PLACE = r"https?://[^\s?#]{1,1000}/"
_MORE = r"/?(?:[?#]\S{0,1000})?"
# Azure Pipelines leaves a macro unexpanded when the variable does not exist (learn.microsoft.com, "Define variables").
_UNEXPANDED = re.compile(r"\s*\$[(\[{].*[)\]}]\s*", re.DOTALL)
LARGEST_ID = 2_147_483_647  # ids of work items and pull requests are 32-bit integers
_LARGEST_PAYLOAD = 16 * 1024 * 1024  # bytes; a hook sends a whole revision, large text fields included


@dataclass(frozen=True)
class _Subject:
    """What a run can be about. `events`: where the resource of each event has its number; None where no event is named.

    `at_desk`: what to do without one where no agent is.
    """

    name: str
    option: str
    variable: str
    address: re.Pattern[str]
    events: Mapping[str | None, tuple[str, ...]]
    at_desk: str

    def called(self, source: Source) -> str:
        return {
            "option": self.option,
            "environment": f"the variable {self.variable}",
            "payload": "the body of the service hook (--payload)",
        }[source]


_WORK_ITEM = _Subject(
    "work item",
    "--work-item",
    VARIABLE,
    re.compile(rf"{_PLACE}_workitems/edit/([0-9]{{1,10}}){_MORE}"),
    # An update's `id` is the number of the update, not of the work item.
    {
        "workitem.updated": ("workItemId",),
        None: ("workItemId",),
        "workitem.created": ("id",),
        "workitem.commented": ("id",),
    },
    "At a desk, write the item into a file whose first line is its title: redimento run --work-item-file story.md. With the "
    "variables of a job set: --work-item NUMBER. To see a run first: redimento demo.",
)
_PULL_REQUEST = _Subject(
    "pull request",
    "--pull-request",
    "REDIMENTO_PULL_REQUEST",
    re.compile(rf"{_PLACE}_git/[^\s/?#]{{1,300}}/pullrequest/([0-9]{{1,10}}){_MORE}"),
    {"ms.vss-code.git-pullrequest-comment-event": ("pullRequest", "pullRequestId")},
    "With the variables of a job set: --pull-request NUMBER.",
)


@dataclass(frozen=True)
class Trigger:
    """The work item of this run, and where its number came from."""

    item_id: int
    source: Source


def read_trigger(option: str | None, environment: Mapping[str, str], payload: Path | None) -> Trigger:
    """Return the work item to work on.

    `option` is the number or the address of a work item, `payload` a file with the body of workitem.updated,
    workitem.created or workitem.commented. Only digits are accepted, and a refused value is never quoted: it may come from
    a stranger. An unexpanded macro such as `$(Name)` counts as unset.

    Raises UsageError when a value is not a number, when two sources disagree, and when no source has one.
    """
    source, number = _read(_WORK_ITEM, option, environment, payload)
    return Trigger(number, source)


def read_pull_request(option: str | None, environment: Mapping[str, str], payload: Path | None) -> int:
    """Return the number of the pull request to work on, as `read_trigger` does; `payload` is a comment event."""
    return _read(_PULL_REQUEST, option, environment, payload)[1]


def _read(
    subject: _Subject, option: str | None, environment: Mapping[str, str], payload: Path | None
) -> tuple[Source, int]:
    found: dict[Source, int] = {}
    if is_set(option):
        found["option"] = _number(subject, option, "option", address=True)
    if is_set(environment.get(subject.variable)):
        found["environment"] = _number(subject, environment[subject.variable], "environment", address=True)
    if payload is not None:
        found["payload"] = _from_payload(subject, payload)
    if not found:
        raise UsageError(
            f"No {subject.name} was given.",
            f"Queue the pipeline with its number. A step of your own gives it with {subject.option} or in the variable "
            f"{subject.variable}, or the body of a service hook with --payload."
            if environment.get("TF_BUILD")
            else subject.at_desk,
        )
    if len(set(found.values())) > 1:
        named = " and ".join(subject.called(source) for source in found)
        raise UsageError(f"Different {subject.name}s are given by {named}.", "Give the number in one place only.")
    return next(iter(found.items()))


def item_number(text: str) -> int:
    """Return the number of a work item that a text is, 0 if it is none."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= LARGEST_ID else 0


def is_set(value: str | None) -> bool:
    """Return whether there is a value; an unexpanded macro such as `$(Name)` is none."""
    return bool(value and value.strip() and not _UNEXPANDED.fullmatch(value))


def _number(subject: _Subject, value: object, source: Source, *, address: bool = False) -> int:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str):
        found = subject.address.fullmatch(text) if address else None
        if number := item_number(found[1] if found else text):
            return number
    raise UsageError(
        f"The value of {subject.called(source)} is not the number of a {subject.name}.",
        f"It must be digits only, at most {LARGEST_ID}.",
    )


def _from_payload(subject: _Subject, path: Path) -> int:
    body = _body(path)
    event = body.get("eventType") if isinstance(body, dict) else None
    found: Any = body.get("resource") if isinstance(body, dict) else None
    keys = subject.events.get(event) if event is None or isinstance(event, str) else None
    for key in keys or ():
        found = found.get(key) if isinstance(found, dict) else None
    if keys and found is not None:
        return _number(subject, found, "payload")
    named = ", ".join(f"{name} (resource.{'.'.join(where)})" for name, where in subject.events.items() if name)
    raise UsageError(f"{path} is not the body of a {subject.name} event.", f"Give the JSON body of {named}.")


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
