"""Send the emulator every described request with random parameters: it must have a refusal for each wrong one.

`python -m benchmarks.fuzz.fuzz_emulator --requests 10000` needs the descriptions in ../shared.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from devops_emulator.server import Emulator, running
from tests.specifications import Operation, Schema, operations, specification

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_JUNK = (
    "",
    " ",
    "0",
    "-1",
    "99999999999999999999",
    "null",
    "ä ✓",
    "../..",
    "%00",
    "a" * 300,
    "[]",
    "{}",
    "true",
    "'\"<",
)
_VALUES: tuple[Any, ...] = (None, True, False, 0, -1, 2**70, 1.5, "", "x", "ä\0", [], [[]], {}, {"id": None}, [None])
_PLAUSIBLE = {
    "organization": ("emulated",),
    "project": ("Shop",),
    "team": ("Shop Team",),
    "repositoryId": ("calc",),
    "pullRequestId": ("1",),
    "id": ("7", "1"),
    "workItemId": ("7",),
    "commentId": ("1",),
    "threadId": ("1",),
    "buildId": ("1",),
    "type": ("User Story", "Task", "$Task"),
    "labelIdOrName": ("redimento",),
    "iterationId": ("1",),
    "revisionNumber": ("1",),
    "updateNumber": ("1",),
    "definitionId": ("1",),
}
_TEXTS = ("refs/heads/main", "refs/heads/other", "calc", "7", "/fields/System.Title", "/relations/-", "/rev", "text", "active", "all")  # fmt: skip


@dataclass(frozen=True)
class Surprise:
    """A request for which nobody wrote a refusal: it got a 500, or an exception of the emulator was turned into a 400."""

    method: str
    address: str
    body: str
    said: str


class _Unexpected(logging.Handler):
    """Keeps what the boundary around all requests tells of exceptions that it caught."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


@contextmanager
def _watched_boundary() -> Iterator[list[str]]:
    handler, log = _Unexpected(), logging.getLogger("devops_emulator.routing")
    log.addHandler(handler)
    log.propagate = False
    try:
        yield handler.seen
    finally:
        log.propagate = True
        log.removeHandler(handler)


@contextmanager
def organisation(folder: Path) -> Iterator[tuple[Emulator, Client]]:
    """Provide an organisation with a repository, an item and a pull request, and a client that needs no socket."""
    applications: list[WSGIApplication] = []

    def around(application: WSGIApplication) -> WSGIApplication:
        applications.append(application)
        return application

    item = {"id": 7, "type": "User Story", "fields": {"System.Title": "T"}, "comments": [{"text": "C"}]}
    seed = {"project": "Shop", "repositories": [{"name": "calc"}], "work_items": [item]}
    with running(folder, seed=seed, around=around) as emulator:
        client = Client(applications[0])
        parents: list[str] = []
        for branch in ("main", "other"):
            change = {"changeType": "add", "item": {"path": f"/{branch}"}, "newContent": {"content": "x"}}
            push = {
                "refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": "0" * 40}],
                "commits": [{"comment": "c", "changes": [change], "parents": parents}],
            }
            pushed = send(client, emulator, "POST", "/emulated/Shop/_apis/git/repositories/calc/pushes", push)
            parents = [pushed["commits"][0]["commitId"]]
        opened = {"sourceRefName": "refs/heads/other", "targetRefName": "refs/heads/main", "title": "T"}
        send(client, emulator, "POST", "/emulated/Shop/_apis/git/repositories/calc/pullrequests", opened)
        yield emulator, client


def send(client: Client, emulator: Emulator, method: str, path: str, body: Any) -> Any:
    """Send a request with the job's token and return the JSON of its answer."""
    headers = {"Authorization": f"Bearer {emulator.token}"}
    return client.open(path, method=method, json=body, headers=headers, query_string={"api-version": "7.1"}).json


def surprises(folder: Path, number: int, seed: int) -> tuple[list[Surprise], Counter[int]]:
    """Send so many requests; return those that surprised the emulator, and how many got which status."""
    dice, statuses, found = random.Random(seed), Counter[int](), list[Surprise]()
    with organisation(folder) as (emulator, client), _watched_boundary() as unexpected:
        described = [one for one in operations("7.1") if _is_routed(client, emulator, one)]
        for _ in range(number):
            operation = dice.choice(described)
            path = re.sub(r"\{(\w+)\}", lambda found: _segment(dice, found[1]), operation.template)
            query = {name: _query(dice, one) for name, one in operation.query.items() if dice.random() < 0.3}
            query["api-version"] = operation.version if dice.random() < 0.97 else dice.choice(_JUNK)
            body = _body(dice, operation)
            headers = {"Authorization": f"Bearer {emulator.token}"}
            if operation.content_types:
                headers["Content-Type"] = operation.content_types[0]
            answer = client.open(path, method=operation.method.upper(), data=body, headers=headers, query_string=query)
            statuses[answer.status_code] += 1
            if answer.status_code >= 500 or unexpected:
                said = unexpected[0] if unexpected else answer.text[:300]
                found.append(Surprise(operation.method, f"{path} {query}", body.decode("utf-8", "replace")[:400], said))
                unexpected.clear()
    return found, statuses


def _is_routed(client: Client, emulator: Emulator, operation: Operation) -> bool:
    path = re.sub(r"\{(\w+)\}", lambda found: _PLAUSIBLE.get(found[1], ("1",))[0], operation.template)
    signed_in = {"Authorization": f"Bearer {emulator.token}"}
    return client.open(path, method="HEAD", headers=signed_in).mimetype != "text/plain"


def _segment(dice: random.Random, name: str) -> str:
    known = _PLAUSIBLE.get(name)
    if name in ("organization", "project") or (known and dice.random() < 0.85):
        return dice.choice(known or ("1",))
    return dice.choice(("1", "2", *_JUNK[2:])).replace("/", "_")


def _query(dice: random.Random, described: Schema) -> str:
    if "enum" in described and dice.random() < 0.7:
        return str(dice.choice(described["enum"]))
    if described["type"] == "integer" and dice.random() < 0.7:
        return str(dice.randint(0, 3))
    return dice.choice((*_TEXTS, *_JUNK))


def _body(dice: random.Random, operation: Operation) -> bytes:
    if operation.body is None:
        return b"" if dice.random() < 0.9 else b"{"
    if dice.random() < 0.05:
        return dice.choice((b"", b"{", b"[1", b"\xff", b"[" * 500, b'"x"', b"null"))
    return json.dumps(_value(dice, operation, operation.body, 0)).encode()


def _value(dice: random.Random, operation: Operation, schema: Schema, depth: int) -> Any:
    """Return a value that more or less has this schema."""
    if dice.random() < 0.06 or depth > 5:
        return dice.choice(_VALUES)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name == "JsonPatchDocument":
            schema = {"type": "array", "items": {"$ref": "#/definitions/JsonPatchOperation"}}
        else:
            schema = specification(operation.release, operation.area)["definitions"][name]
        return _value(dice, operation, schema, depth + 1)
    if "enum" in schema:
        return dice.choice(schema["enum"])
    if schema.get("type") == "array":
        return [_value(dice, operation, schema.get("items", {}), depth + 1) for _ in range(dice.randint(0, 2))]
    if members := _members(operation, schema):
        return {name: _value(dice, operation, one, depth + 1) for name, one in members.items() if dice.random() < 0.5}
    return _plain(dice, schema.get("type", ""))


def _members(operation: Operation, schema: Schema) -> Schema:
    found: Schema = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        name = part.get("$ref", "").rpartition("/")[2]
        found |= _members(operation, specification(operation.release, operation.area)["definitions"].get(name, part))
    return found


def _plain(dice: random.Random, kind: str) -> Any:
    if kind == "integer":
        return dice.choice((0, 1, 7, -1, 2**40))
    if kind == "boolean":
        return dice.random() < 0.5
    return dice.choice((*_TEXTS, *_JUNK, *_VALUES))


def main() -> int:
    """Send requests and print those that surprised the emulator."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz.fuzz_emulator", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, statuses = surprises(Path(folder) / "organisation", options.requests, options.seed)
    for one in found:
        print(f"{one.method} {one.address}\n  {one.body}\n  {one.said}")
    print(dict(statuses.most_common()))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
