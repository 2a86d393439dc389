"""The seed of an organisation: a YAML or JSON file with projects, repositories and work items."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import yaml

from devops_emulator import people
from devops_emulator.boards import attachments, changes, items, links, processes, queries
from devops_emulator.boards.work_items import create_item
from devops_emulator.faults import Fault, StartError
from devops_emulator.organisation import (
    ADMINISTRATION,
    GIT_RIGHTS,
    PROJECT_RIGHTS,
    Organisation,
    find_project,
    now,
    projects,
)
from devops_emulator.pipelines import endpoints, queues
from devops_emulator.projects import DEFAULTS
from devops_emulator.repos import branch_policies, git, repositories
from devops_emulator.store import Document


def _object(required: list[str], properties: Document) -> Document:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def _list(items: Document) -> Document:
    return {"type": "array", "items": items}


_TEXT = {"type": "string"}
_TEXTS = _list(_TEXT)
_POLICY = _object(
    ["branch", "type"],
    {
        "branch": _TEXT,
        "type": {"enum": list(branch_policies.TYPES)},
        "enabled": {"type": "boolean"},
        "blocking": {"type": "boolean"},
        "settings": {"type": "object"},  # as the service has them; `requiredReviewers` are people here
    },
)
_REPOSITORY = _object(
    ["name"],
    {
        "name": {"type": "string", "pattern": "^[^/\\\\]+$"},
        "from": _TEXT,
        "protected": _TEXTS,
        "deny": _list({"enum": list(GIT_RIGHTS)}),
        "policies": _list(_POLICY),
    },
)
_STATE = rf"[^=,]+=({'|'.join(processes.COLORS)})"
_WORKFLOW = f"^{_STATE}(, {_STATE})*$"
_COMMENT = _object(["text"], {"text": _TEXT, "format": {"enum": ["markdown", "html"]}, "author": _TEXT, "date": _TEXT})
_RELATION = _object(["rel"], {"rel": _TEXT, "id": {"type": "integer"}, "url": _TEXT, "attributes": {"type": "object"}})
_WORK_ITEM = _object(
    ["type", "fields"],
    {
        "id": {"type": "integer", "minimum": 1},
        "type": _TEXT,
        "fields": {"type": "object", "required": ["System.Title"]},
        "markdown": _TEXTS,
        "comments": _list(_COMMENT),
        "relations": _list(_RELATION),
        "attachments": _TEXTS,
    },
)
_CONNECTION = _object(["name"], {"name": _TEXT, "id": _TEXT, "authorized": {"type": "boolean"}})
_ADMINISTERED = [*GIT_RIGHTS, *PROJECT_RIGHTS, *ADMINISTRATION]
_SETTINGS = {name: {"type": "boolean"} for name in DEFAULTS}
_PROJECT = _object(
    ["project"],
    {
        "project": {"type": "string", "minLength": 1},
        "process": {"enum": list(processes.PROCESSES)},
        "deny": _list({"enum": [*GIT_RIGHTS, *PROJECT_RIGHTS]}),
        "required": {"type": "object", "additionalProperties": _TEXTS},
        "required_by_state": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": _TEXTS},
        },
        "states": {"type": "object", "additionalProperties": {"type": "string", "pattern": _WORKFLOW}},
        "people": _TEXTS,
        "groups": _TEXTS,
        "limited": {"type": "object", "additionalProperties": _list({"enum": _ADMINISTERED})},
        "settings": {"type": "object", "additionalProperties": False, "properties": _SETTINGS},
        "areas": _TEXTS,
        "queues": _TEXTS,
        "repositories": _list(_REPOSITORY),
        "service_connections": _list(_CONNECTION),
        "queries": {"type": "object", "additionalProperties": _TEXT},
        "work_items": _list(_WORK_ITEM),
    },
)
SCHEMA: Mapping[str, Any] = _list(_PROJECT)


def read_seed(file: Path) -> list[Document]:
    """Read and check a seed file (YAML or JSON); raises StartError with the place of the first problem."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StartError(f"The seed {file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"The seed {file} is not valid YAML or JSON: {' '.join(str(error).split())}.") from error
    return check_seed(content, str(file))


def check_seed(content: Any, name: str = "given") -> list[Document]:
    """Check a seed, one project or a list of them; raises StartError with the place of the first problem."""
    several = isinstance(content, list)
    # Through JSON and back: dates become strings, and the caller's value is not modified.
    seeded: list[Document] = json.loads(json.dumps(content if several else [content], default=str))
    problems = sorted(
        jsonschema.Draft202012Validator(SCHEMA).iter_errors(seeded), key=lambda one: list(one.absolute_path)
    )
    if problems:
        path = list(problems[0].absolute_path)
        raise StartError(f"The seed {name} is wrong at {_place(path if several else path[1:])}: {problems[0].message}.")
    return seeded


def _place(path: list[Any]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "its top"


def plant(organisation: Organisation, seeded: list[Document], base: Path) -> None:
    """Fill an empty organisation from a checked seed, completely or not at all; its paths are relative to `base`.

    Raises StartError when the organisation is not empty, or when the seed mentions something that does not exist.
    """
    known = [project["name"] for project in projects(organisation)]
    if known:
        raise StartError(
            f"The folder {organisation.folder} already holds an organisation with the projects {', '.join(known)}: start it "
            "without a seed, or choose an empty folder."
        )
    with organisation.store.transaction():
        for index, part in enumerate(seeded):
            _plant_project(organisation, part, base, f"[{index}]" if len(seeded) > 1 else "")
        for place, item, wanted in _wanted_relations(organisation, seeded):
            _relate(organisation, place, item, wanted)
        # Only now: what an account may not do, the seed still does in its name.
        for part in seeded:
            project = find_project(organisation, part["project"].strip())
            organisation.store.put("project", project["id"], project | {"deny": part.get("deny", [])})


def _plant_project(organisation: Organisation, part: Document, base: Path, place: str) -> None:
    name = part["project"].strip()
    if any(known["name"].casefold() == name.casefold() for known in projects(organisation)):
        raise StartError(f"The seed is wrong at {place}: duplicate project {name}.")
    project = {
        "id": str(uuid4()),
        "name": name,
        "process": part.get("process", "Agile"),
        "deny": [],
        "required": part.get("required", {}),  # by type of work item: fields that a rule of the process wants filled
        "required_by_state": part.get("required_by_state", {}),  # and those that one of its states wants
        "states": part.get(
            "states", {}
        ),  # by type: "New=Proposed, Active=InProgress, ...", in place of those of the process
        # By mail address: what this person may not do; everybody else may do everything.
        "limited": {mail.casefold(): rights for mail, rights in part.get("limited", {}).items()},
        "settings": DEFAULTS | part.get("settings", {}),
        "areas": part.get("areas", []),
        "created": now(),
    }
    organisation.store.put("project", project["id"], project)
    for person in part.get("people", []):
        people.known_person(organisation, person)
    for group in part.get("groups", []):
        people.add_group(organisation, project, group)
    for identity, text in part.get("queries", {}).items():  # WIQL by the id of a saved query
        try:
            queries.keep_query(organisation, project, identity.casefold(), text)
        except Fault as fault:
            raise StartError(f"The seed is wrong at {place}.queries.{identity}: {fault.message}") from fault
    for queue in ("Azure Pipelines", "Default", *part.get("queues", [])):
        queues.add_queue(organisation, project, queue)
    for connection in part.get("service_connections", []):
        endpoints.add_connection(organisation, project, connection)
    for index, wanted in enumerate(part.get("repositories", [])):
        _plant_repository(organisation, project, wanted, base, f"{place}.repositories[{index}]".lstrip("."))
    for index, wanted in enumerate(part.get("work_items", [])):
        _plant_item(organisation, project, wanted, base, f"{place}.work_items[{index}]".lstrip("."))


def _plant_repository(organisation: Organisation, project: Document, wanted: Document, base: Path, place: str) -> None:
    name = wanted["name"]
    if repositories.is_taken(organisation, project, name):
        raise StartError(f"The seed is wrong at {place}: duplicate repository {name}.")
    source = (base / wanted["from"]).resolve() if "from" in wanted else None
    if source is not None and not source.is_dir():
        raise StartError(f"The seed is wrong at {place}.from: the folder {source} does not exist.")
    try:
        repository = repositories.add_repository(
            organisation,
            project,
            name,
            source=source,
            protected=tuple(wanted.get("protected", ())),
            deny=tuple(wanted.get("deny", ())),
        )
    except git.GitError as error:
        raise StartError(f"The seed is wrong at {place}.from: {source} is not a git repository ({error}).") from error
    repository["policies"] = [
        branch_policies.planted(organisation, repository["id"], policy) for policy in wanted.get("policies", ())
    ]
    organisation.store.put("repository", repository["id"], repository)


def _plant_item(organisation: Organisation, project: Document, wanted: Document, base: Path, place: str) -> None:
    if "id" in wanted and organisation.store.find("work_item", wanted["id"]) is not None:
        raise StartError(f"The seed is wrong at {place}.id: duplicate work item {wanted['id']}.")
    steps = [{"op": "add", "path": f"/fields/{name}", "value": value} for name, value in wanted["fields"].items()]
    steps += [
        {"op": "add", "path": f"/multilineFieldsFormat/{name}", "value": "Markdown"}
        for name in wanted.get("markdown", [])
    ]
    try:
        item, _ = create_item(organisation, project, wanted["type"], steps, number=wanted.get("id"), bypass=True)
    except Fault as fault:
        raise StartError(f"The seed is wrong at {place}: {fault.message}") from fault
    wanted["id"] = item["id"]
    for comment in wanted.get("comments", []):
        author = comment.get("author", "")
        items.add_note(
            organisation,
            item,
            comment["text"],
            markdown=comment.get("format") == "markdown",
            author=items.person_text(people.known_person(organisation, author)) if author else "",
            moment=comment.get("date", ""),
        )
    revision = items.latest(item)
    revision["fields"]["System.CommentCount"] = len(item["comments"])
    for index, name in enumerate(wanted.get("attachments", [])):
        file = base / name
        try:
            content = file.read_bytes()
        except OSError as error:
            raise StartError(f"The seed is wrong at {place}.attachments[{index}]: {file}: {error.strerror}.") from error
        revision["relations"].append(links.attached(attachments.keep(organisation, file.name, content)))
    organisation.store.put("work_item", item["id"], item)


def _wanted_relations(organisation: Organisation, seeded: list[Document]) -> Iterator[tuple[str, Document, Document]]:
    """Yield the relations of a seed once every item has its number: an item may link to a later one."""
    for number, part in enumerate(seeded):
        for index, wanted in enumerate(part.get("work_items", [])):
            for position, relation in enumerate(wanted.get("relations", [])):
                prefix = f"[{number}]." if len(seeded) > 1 else ""
                place = f"{prefix}work_items[{index}].relations[{position}]"
                yield place, items.readable_item(organisation, wanted["id"]), relation


def _relate(organisation: Organisation, place: str, item: Document, wanted: Document) -> None:
    url = wanted.get("url") or f"{organisation.url}_apis/wit/workItems/{wanted.get('id')}"
    value = {"rel": wanted["rel"], "url": url, "attributes": wanted.get("attributes", {})}
    try:
        # An earlier relation of the seed may have added this one as its other end.
        if not links.has_relation(item, links.relation(organisation, value)):
            changes.apply_patch(organisation, item, [{"op": "add", "path": "/relations/-", "value": value}])
    except Fault as fault:
        raise StartError(f"The seed is wrong at {place}: {fault.message}") from fault
