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
from devops_emulator.boards import attachments, changes, items, links, notes, processes
from devops_emulator.boards.work_items import create_item
from devops_emulator.faults import Fault, StartError
from devops_emulator.organisation import GIT_RIGHTS, PROJECT_RIGHTS, Organisation, now, projects
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document

_TEXTS = {"type": "array", "items": {"type": "string"}}
_GIT_DENIAL = {"type": "array", "items": {"enum": list(GIT_RIGHTS)}}
_REPOSITORY = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[^/\\\\]+$"},
        "from": {"type": "string"},
        "protected": _TEXTS,
        "deny": _GIT_DENIAL,
    },
}
_WORK_ITEM = {
    "type": "object",
    "required": ["type", "fields"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"type": "string"},
        "fields": {"type": "object", "required": ["System.Title"]},
        "markdown": _TEXTS,
        "comments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["text"],
                "additionalProperties": False,
                "properties": {
                    "text": {"type": "string"},
                    "format": {"enum": ["markdown", "html"]},
                    "author": {"type": "string"},
                    "date": {"type": "string"},
                },
            },
        },
        "relations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["rel"],
                "additionalProperties": False,
                "properties": {
                    "rel": {"type": "string"},
                    "id": {"type": "integer"},
                    "url": {"type": "string"},
                    "attributes": {"type": "object"},
                },
            },
        },
        "attachments": _TEXTS,
    },
}
_PROJECT = {
    "type": "object",
    "required": ["project"],
    "additionalProperties": False,
    "properties": {
        "project": {"type": "string", "minLength": 1},
        "process": {"enum": list(processes.PROCESSES)},
        "deny": {"type": "array", "items": {"enum": [*GIT_RIGHTS, *PROJECT_RIGHTS]}},
        "people": _TEXTS,
        "repositories": {"type": "array", "items": _REPOSITORY},
        "work_items": {"type": "array", "items": _WORK_ITEM},
    },
}
SCHEMA: Mapping[str, Any] = {"type": "array", "items": _PROJECT}


def read_seed(file: Path) -> list[Document]:
    """Read a seed file (YAML, of which JSON is a part); raises StartError naming the place that is wrong."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StartError(f"The seed {file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"The seed {file} is no valid YAML or JSON: {' '.join(str(error).split())}.") from error
    return check_seed(content, str(file))


def check_seed(content: Any, name: str = "given") -> list[Document]:
    """Check a seed, one project or a list of them; raises StartError naming the place that is wrong."""
    several = isinstance(content, list)
    # Through JSON and back: dates become texts, and the caller's own value stays untouched.
    seeded: list[Document] = json.loads(json.dumps(content if several else [content], default=str))
    problems = sorted(
        jsonschema.Draft202012Validator(SCHEMA).iter_errors(seeded), key=lambda one: list(one.absolute_path)
    )
    if problems:
        path = list(problems[0].absolute_path)
        raise StartError(f"The seed {name} is wrong at {_place(path if several else path[1:])}: {problems[0].message}.")
    return seeded


def _place(path: list[Any]) -> str:
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return written.lstrip(".") or "its top"


def plant(organisation: Organisation, seeded: list[Document], base: Path) -> None:
    """Fill an empty organisation from a checked seed; paths in it start at `base`.

    Raises StartError when the organisation is not empty, or when the seed names what is not there. All or nothing.
    """
    known = [project["name"] for project in projects(organisation)]
    if known:
        raise StartError(
            f"The folder {organisation.folder} already holds an organisation with the projects {', '.join(known)}: start it "
            "without a seed, or name an empty folder."
        )
    with organisation.store.transaction():
        for index, part in enumerate(seeded):
            _plant_project(organisation, part, base, f"[{index}]" if len(seeded) > 1 else "")
        for place, item, wanted in _wanted_relations(organisation, seeded):
            _relate(organisation, place, item, wanted)


def _plant_project(organisation: Organisation, part: Document, base: Path, place: str) -> None:
    name = part["project"].strip()
    if any(known["name"].casefold() == name.casefold() for known in projects(organisation)):
        raise StartError(f"The seed names the project {name} twice, the second time at {place}.")
    project = {
        "id": str(uuid4()),
        "name": name,
        "process": part.get("process", "Agile"),
        "deny": part.get("deny", []),
        "created": now(),
    }
    organisation.store.put("project", project["id"], project)
    for person in part.get("people", []):
        people.known_person(organisation, person)
    for index, wanted in enumerate(part.get("repositories", [])):
        _plant_repository(organisation, project, wanted, base, f"{place}.repositories[{index}]".lstrip("."))
    for index, wanted in enumerate(part.get("work_items", [])):
        _plant_item(organisation, project, wanted, base, f"{place}.work_items[{index}]".lstrip("."))


def _plant_repository(organisation: Organisation, project: Document, wanted: Document, base: Path, place: str) -> None:
    name = wanted["name"]
    if any(
        known["name"].casefold() == name.casefold() for known in repositories.repositories_of(organisation, project)
    ):
        raise StartError(f"The seed is wrong at {place}: the repository {name} is named twice.")
    source = (base / wanted["from"]).resolve() if "from" in wanted else None
    if source is not None and not source.is_dir():
        raise StartError(f"The seed is wrong at {place}.from: there is no folder {source}.")
    try:
        repositories.add_repository(
            organisation,
            project,
            name,
            source=source,
            protected=tuple(wanted.get("protected", ())),
            deny=tuple(wanted.get("deny", ())),
        )
    except git.GitError as error:
        raise StartError(f"The seed is wrong at {place}.from: {source} is no git repository ({error}).") from error


def _plant_item(organisation: Organisation, project: Document, wanted: Document, base: Path, place: str) -> None:
    if "id" in wanted and organisation.store.find("work_item", wanted["id"]) is not None:
        raise StartError(f"The seed is wrong at {place}.id: the work item {wanted['id']} is there already.")
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
        notes.add_note(
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
    """List the relations of a seed, once every item has its number: an item may point to one further down."""
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
        # The other end may have been written by an earlier relation of the seed.
        if not links.has_relation(item, links.relation(organisation, value)):
            changes.apply_patch(organisation, item, [{"op": "add", "path": "/relations/-", "value": value}])
    except Fault as fault:
        raise StartError(f"The seed is wrong at {place}: {fault.message}") from fault
