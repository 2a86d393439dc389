"""Read a work item from a YAML, Markdown or text file."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from redimento.errors import UsageError
from redimento.text import marked_yaml
from redimento.work_items.criteria import asked_for
from redimento.work_items.item import Attachment, Comment, Field, RelatedItem, Relation, StateCategory, WorkItem
from redimento.work_items.kinds import kind_of
from redimento.work_items.rich_text.html import to_markdown
from redimento.work_items.sections import take_sections
from redimento.work_items.trigger import LARGEST_ID

_LARGEST = 4 * 1024 * 1024  # bytes
_YAML = frozenset({".yml", ".yaml", ".json"})
_USUAL_TYPE = "User Story"

# Azure's reference names (learn.microsoft.com, "Work item field index") → ours.
_AZURE = {
    "System.Id": "id",
    "System.Rev": "revision",
    "System.WorkItemType": "type",
    "System.Title": "title",
    "System.State": "state",
    "System.TeamProject": "project",
    "System.AreaPath": "area",
    "System.IterationPath": "iteration",
    "System.Tags": "tags",
    "System.AssignedTo": "assigned_to",
    "System.Description": "description",
    "Microsoft.VSTS.Common.Priority": "priority",
    "Microsoft.VSTS.Common.Severity": "severity",
    "Microsoft.VSTS.Common.AcceptanceCriteria": "acceptance_criteria",
    "Microsoft.VSTS.TCM.ReproSteps": "repro_steps",
    "Microsoft.VSTS.TCM.SystemInfo": "system_info",
    "rev": "revision",
}
_WORDS = ("type", "title", "state", "project", "area", "iteration", "assigned_to", "priority", "severity", "url")
_RICH = ("description", "repro_steps", "system_info")
_OTHERS = ("id", "revision", "state_category", "tags", "acceptance_criteria", "comments", "related", "attachments")
_KNOWN = frozenset((*_WORDS, *_RICH, *_OTHERS))
_CATEGORIES: tuple[StateCategory, ...] = get_args(StateCategory)
_RELATIONS: tuple[Relation, ...] = get_args(Relation)

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_TITLE_MARK = re.compile(r"#{1,6}\s+")
_UNDERLINE = re.compile(r"\A=+[ \t]*(?:\n|\Z)")
_SECTIONS = {
    "repro_steps": re.compile(r"(?:repro(?:duction)? steps|steps to reproduce|how to reproduce)", re.IGNORECASE),
    "system_info": re.compile(r"system info(?:rmation)?", re.IGNORECASE),
}


def read_item(path: Path, further: Sequence[str] = ()) -> WorkItem:
    """Return the work item in `path`.

    YAML and JSON hold the fields of WorkItem under our names or Azure's, also under `fields`. In Markdown and plain text
    the first line is the title; sections called acceptance criteria, repro steps and system info become those fields,
    and front matter gives the others. `further`: names of Azure's fields to keep besides those that a WorkItem has; other
    ones are ignored. Raises UsageError for a file that cannot be read or does not describe an item.
    """
    text = _text(path)
    if path.suffix.lower() in _YAML:
        return _item(_mapping(text, path), further, path)
    return _item(_from_markdown(text, path), further, path)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or 'unknown reason'}.", "Check the path.") from error
    if len(raw) > _LARGEST:
        raise UsageError(f"{path} is larger than 4 MiB.", "Shorten the description of the work item.")
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    if "\0" in text:
        raise UsageError(f"{path} is not a text file.", "Use YAML, Markdown or plain text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mapping(text: str, path: Path, first_line: int = 0) -> dict[str, Any]:
    document = marked_yaml.read(text)
    if document.problems:
        place, where, reason = document.problems[0]
        named = f"{'.'.join(map(str, where))}: " if where else ""
        raise UsageError(f"{path}:{place.line + first_line}: {named}{reason}.", "Correct the YAML.")
    if not isinstance(document.data, dict):
        raise UsageError(
            f"{path} does not describe a work item.", "Write its fields as `title: …` and `description: …`."
        )
    return document.data


def _from_markdown(text: str, path: Path) -> dict[str, Any]:
    front = _FRONT_MATTER.match(text)
    data = _mapping(front[1], path, first_line=1) if front and front[1].strip() else {}
    body = text[front.end() :] if front else text
    if "title" not in data and "System.Title" not in data:
        first, _, body = body.strip("\n").partition("\n")
        body = _UNDERLINE.sub("", body)
        data["title"] = _title(first.strip())
    for name, title in _SECTIONS.items():
        if name not in data:
            body, sections = take_sections(body, title, most=1)
            data |= {name: sections[0]} if sections and sections[0] else {}
    data.setdefault("description", body.strip("\n"))
    return data


def _title(line: str) -> str:
    """Return the text of a Markdown heading, without opening and closing marks."""
    mark = _TITLE_MARK.match(line)
    line = line[mark.end() :] if mark else line
    text = line.rstrip("#")
    return text.rstrip() if text[-1:].isspace() else line


def _item(written: Mapping[str, Any], further: Sequence[str], path: Path) -> WorkItem:
    fields = _named(written, path)
    own = {**written, **written.get("fields", {})}
    kept = [(name, to_markdown(_long_text(own[name], name, path))) for name in further if name in own]
    words = {name: _word(fields.get(name, ""), name, path) for name in _WORDS}
    if not words["title"]:
        raise UsageError(f"{path} has no title.", "Give it one: the first line of Markdown, or `title:` in YAML.")
    rich = {name: to_markdown(_long_text(fields.get(name, ""), name, path)) for name in _RICH}
    type_name = words["type"] or _USUAL_TYPE
    rich["description"], criteria = _asked_for(rich["description"], fields.get("acceptance_criteria", ""), path)
    return WorkItem(
        **{**words, **rich, "type": type_name},
        id=_number(fields.get("id", 0), "id", path),
        revision=_number(fields.get("revision", 1), "revision", path),
        kind=kind_of(type_name),
        state_category=_one_of(_CATEGORIES, fields.get("state_category", ""), "state_category", path),
        tags=_tags(fields.get("tags", ""), path),
        acceptance_criteria=criteria,
        fields=tuple(Field(name, text) for name, text in kept if text.strip()),
        claims=(),
        links=(),
        comments=tuple(_comment(entry, n, path) for n, entry in enumerate(_entries(fields, "comments", path), start=1)),
        related=tuple(_related(entry, path) for entry in _entries(fields, "related", path)),
        attachments=tuple(_attachment(entry, path) for entry in _entries(fields, "attachments", path)),
    )


def _named(written: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the fields under our names, without fields of Azure that we do not use. Misspelt ones are errors."""
    inner = written.get("fields", {})
    if not isinstance(inner, dict):
        raise _wrong("fields", "a mapping", path)
    named: dict[str, Any] = {}
    for key, value in [*written.items(), *inner.items()]:
        name = _AZURE.get(key, key)
        if name in _KNOWN:
            named[name] = value
        elif key != "fields" and "." not in key and key != "relations":
            close = difflib.get_close_matches(key, sorted(_KNOWN), n=1)
            raise UsageError(
                f'{path}: "{key[:60]}" is not a field of a work item.',
                f'Did you mean "{close[0]}"?' if close else f"Use one of {', '.join(sorted(_KNOWN))}.",
            )
    return named


def _wrong(name: str, expected: str, path: Path) -> UsageError:
    return UsageError(f"{path}: {name} must be {expected}.", "Correct the file.")


def _word(value: Any, name: str, path: Path) -> str:
    if isinstance(value, dict):  # how Azure writes a person
        value = value.get("displayName") or value.get("uniqueName")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(name, "text: put it in quotes", path)
    return " ".join(str(value).split())


def _long_text(value: Any, name: str, path: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(name, "text", path)
    return str(value).strip("\n")


def _number(value: Any, name: str, path: Path) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,10}", text) or int(text) > LARGEST_ID:
        raise _wrong(name, f"a number from 0 to {LARGEST_ID}", path)
    return int(text)


def _one_of(known: tuple[Any, ...], value: Any, name: str, path: Path) -> Any:
    if value not in known:
        raise _wrong(name, f"one of {', '.join(each for each in known if each)}", path)
    return value


def _tags(value: Any, path: Path) -> tuple[str, ...]:
    """Return the tags of a list, or of one text as Azure writes it: "one; two"."""
    parts = value if isinstance(value, list) else _word(value, "tags", path).split(";")
    return tuple(word for part in parts if (word := _word(part, "tags", path)))


def _asked_for(description: str, value: Any, path: Path) -> tuple[str, tuple[str, ...]]:
    if isinstance(value, list):
        texts = (to_markdown(_long_text(each, "acceptance_criteria", path)).strip() for each in value)
        if criteria := tuple(text for text in texts if text):
            return description, criteria
        value = ""
    return asked_for(description, to_markdown(_long_text(value, "acceptance_criteria", path)))


def _entries(fields: Mapping[str, Any], name: str, path: Path) -> list[dict[str, Any]]:
    written = fields.get(name, [])
    if not isinstance(written, list):
        raise _wrong(name, "a list", path)
    entries = [{"text": entry, "name": entry} if isinstance(entry, str) else entry for entry in written]
    if not all(isinstance(entry, dict) for entry in entries):
        raise _wrong(name, "a list of texts or mappings", path)
    return entries


def _comment(entry: Mapping[str, Any], number: int, path: Path) -> Comment:
    return Comment(
        id=_number(entry.get("id", number), "comments.id", path),
        author=_word(entry.get("author", ""), "comments.author", path),
        created=_word(entry.get("created", ""), "comments.created", path),
        text=to_markdown(_long_text(entry.get("text", ""), "comments.text", path)),
    )


def _related(entry: Mapping[str, Any], path: Path) -> RelatedItem:
    return RelatedItem(
        relation=_one_of(_RELATIONS, entry.get("relation", "related"), "related.relation", path),
        id=_number(entry.get("id", 0), "related.id", path),
        type=_word(entry.get("type", ""), "related.type", path),
        title=_word(entry.get("title", ""), "related.title", path),
        state=_word(entry.get("state", ""), "related.state", path),
        text=to_markdown(_long_text(entry.get("text", ""), "related.text", path)),
    )


def _attachment(entry: Mapping[str, Any], path: Path) -> Attachment:
    return Attachment(
        name=_word(entry.get("name", ""), "attachments.name", path),
        url=_word(entry.get("url", ""), "attachments.url", path),
        size=_number(entry.get("size", 0), "attachments.size", path),
    )
