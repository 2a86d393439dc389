"""Change a work item: a JSON Patch becomes its next revision, or is refused as the service refuses it."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from devops_emulator import people, tags
from devops_emulator.boards import items, links, processes
from devops_emulator.faults import Fault, malformed
from devops_emulator.organisation import Organisation, find_project
from devops_emulator.store import Document

_READ_ONLY = (
    "System.Id",
    "System.Rev",
    "System.CreatedBy",
    "System.CreatedDate",
    "System.ChangedBy",
    "System.ChangedDate",
    "System.RevisedDate",
    "System.AuthorizedAs",
    "System.AuthorizedDate",
    "System.Watermark",
    "System.AreaId",
    "System.IterationId",
    "System.AttachedFileCount",
    "System.ExternalLinkCount",
    "System.HyperLinkCount",
    "System.RelatedLinkCount",
    "System.RemoteLinkCount",
    "System.CommentCount",
    "System.TeamProject",
    "System.Parent",
    "System.NodeName",
)
_WRITABLE = (
    "System.Title",
    "System.State",
    "System.Reason",
    "System.Description",
    "System.Tags",
    "System.AreaPath",
    "System.IterationPath",
    "System.WorkItemType",
    "System.AssignedTo",
    "System.History",
    "System.BoardColumn",
    "System.BoardColumnDone",
    "System.BoardLane",
)
_KNOWN = {name.casefold(): name for name in (*_READ_ONLY, *_WRITABLE)}
_OTHER = re.compile(r"^(Microsoft\.VSTS|Custom)\.[A-Za-z0-9_.-]+$", re.IGNORECASE)
_OPERATIONS = frozenset({"add", "replace", "remove", "test", "copy", "move"})
_LONGEST_TITLE = 255
# Object limits of Azure Boards (learn.microsoft.com, "Work tracking, process, and project limits").
_LONGEST_TEXT = 1_000_000
_MOST_TAGS = 100
_MOST_ATTACHMENTS = 100
_MOST_LINKS = 1_000
_FORMATS = frozenset({"html", "markdown"})


@dataclass
class Draft:
    """The state of an item while the operations of a patch are applied."""

    fields: Document
    relations: list[Document]
    formats: Document
    history: str = ""


def apply_patch(
    organisation: Organisation, item: Document, operations: Any, *, base: Document | None = None, bypass: bool = False
) -> list[Document]:
    """Apply JSON Patch operations to an item and store its new revision; `base` has the initial fields of a new item.

    Returns the changed items, the patched one first; none if the patch changes nothing. Raises Fault 400 for a patch
    that breaks a rule and 412 for a failed `/rev` test.
    """
    if not isinstance(operations, list) or not all(isinstance(step, dict) for step in operations):
        raise malformed("You must pass a valid patch document in the body of the request.")
    known = items.latest(item) if item["revisions"] else items.EMPTY | {"fields": base or {}}
    draft = Draft(deepcopy(items.carried(known)), deepcopy(known["relations"]), dict(known["formats"]))
    for step in operations:
        _apply(organisation, item, draft, step, bypass=bypass)
    project = find_project(organisation, item["project"])
    if not bypass:
        tags.check_may_use(organisation, project, str(draft.fields.get("System.Tags") or "").split(";"))
    _check_rules(project, item, draft)
    same = (
        draft.fields == items.carried(known)
        and draft.relations == known["relations"]
        and draft.formats == known["formats"]
    )
    if item["revisions"] and same and not draft.history:
        return []
    if draft.history:
        items.add_note(organisation, item, draft.history)
        draft.fields["System.History"] = draft.history
    items.add_revision(organisation, item, fields=draft.fields, relations=draft.relations, formats=draft.formats)
    return [item, *links.mirror(organisation, item, known["relations"], draft.relations)]


def _apply(organisation: Organisation, item: Document, draft: Draft, step: Document, *, bypass: bool) -> None:
    operation = str(step.get("op", "")).casefold()
    path = str(step.get("path") or "")
    if operation not in _OPERATIONS:
        raise malformed(f"The patch operation '{step.get('op')}' is not supported.")
    top, _, rest = path.removeprefix("/").partition("/")
    value = step.get("value")
    if operation in ("copy", "move"):
        value = _source_value(draft, str(step.get("from") or ""), move=operation == "move")
    match top.casefold():
        case "rev" | "id":
            _test_number(item, top, operation, value)
        case "fields":
            _set_field(organisation, draft, _field_name(rest), {"op": operation, "value": value}, bypass=bypass)
        case "relations":
            _set_relation(organisation, item, draft, step | {"path": rest, "op": operation})
        case "multilinefieldsformat":
            if str(value).casefold() not in _FORMATS:
                raise malformed(f"The value '{value}' is not valid for multilineFieldsFormat.")
            draft.formats[_field_name(rest)] = str(value).casefold()
        case _:
            raise malformed(f"Work item patch does not support patching the top level property at path {path}.")


def _test_number(item: Document, top: str, operation: str, value: Any) -> None:
    if operation != "test":
        raise malformed(f"The path /{top} can only be tested.")
    actual = item["id"] if top.casefold() == "id" else len(item["revisions"])
    if str(value) != str(actual):
        raise Fault(
            412,
            "WorkItemRevisionMismatchException",
            "VS403351: Test Operation for path /rev failed: the work item has been changed by someone else since you "
            f"loaded it (expected {value}, found {actual}).",
        )


def _source_value(draft: Draft, path: str, *, move: bool) -> Any:
    top, _, name = path.removeprefix("/").partition("/")
    if top.casefold() != "fields":
        raise malformed(f"Only fields can be copied or moved, not {path}.")
    name = _field_name(name)
    if name not in draft.fields:
        raise malformed(f"There is no value at {path}.")
    return draft.fields.pop(name) if move else draft.fields[name]


def _set_field(organisation: Organisation, draft: Draft, name: str, step: Document, *, bypass: bool) -> None:
    operation, value = step["op"], step.get("value")
    if operation == "test":
        if draft.fields.get(name) != value:
            sentence = f"VS402625: Test Operation for path /fields/{name} failed."
            raise Fault(412, "VssPropertyValidationException", sentence)
        return
    if name in _READ_ONLY and not bypass:
        raise _rule(name, "ReadOnly")
    if isinstance(value, dict):
        # A client may write an identity back as it was read.
        value = value.get("uniqueName") or value.get("displayName")
    if operation == "remove" or value in (None, ""):
        draft.fields.pop(name, None)
        return
    if name == "System.History":
        draft.history = str(value)
        return
    if name == "System.Tags":
        value = joined_tags(str(value))
    if name in items.PERSONS:
        value = items.person_text(people.known_person(organisation, str(value)))
    draft.fields[name] = value


def joined_tags(text: str) -> str:
    """Return tags as they are stored: without duplicates, separated by a semicolon and a space."""
    tags: dict[str, str] = {}
    for tag in re.split(r"[;,]", text):
        if tag.strip():
            tags.setdefault(tag.strip().casefold(), tag.strip())
    return "; ".join(tags.values())


def _set_relation(organisation: Organisation, item: Document, draft: Draft, step: Document) -> None:
    place, operation, value = step["path"], step["op"], step.get("value")
    if place == "-" and operation == "add":
        link = links.relation(organisation, value)
        links.check_addable(item, draft.relations, link)
        draft.relations.append(link)
        return
    index, _, member = place.partition("/")
    if not index.isdigit() or int(index) >= len(draft.relations):
        raise malformed(f"There is no relation at /relations/{place}.")
    if operation == "remove" and not member:
        del draft.relations[int(index)]
        return
    if member == "attributes/comment" and operation in ("add", "replace"):
        draft.relations[int(index)]["attributes"]["comment"] = value
        return
    raise malformed(f"The operation {operation} is not supported at /relations/{place}.")


def field_name(name: str) -> str | None:
    """Return the reference name of a field in the server's spelling, None if there is no such field."""
    return _KNOWN.get(name.casefold()) or (name if _OTHER.match(name) else None)


def _field_name(name: str) -> str:
    if known := field_name(name):
        return known
    raise Fault(400, "WorkItemTrackingFieldDefinitionNotFoundException", f"TF51535: Cannot find field {name}.")


def _check_rules(project: Document, item: Document, draft: Draft) -> None:
    fields = draft.fields
    title = fields.get("System.Title")
    if not title:
        raise _rule("System.Title", "Required, InvalidEmpty")
    if len(str(title)) > _LONGEST_TITLE:
        raise _rule("System.Title", "InvalidTooLong")
    _check_limits(draft)
    states = processes.states(project, item["type"])
    fields.setdefault("System.State", states[0].name)
    spelled = {state.name.casefold(): state.name for state in states}
    state = spelled.get(str(fields["System.State"]).casefold())
    if state is None:
        raise Fault(
            400,
            "RuleValidationException",
            f"The field 'State' contains the value '{fields['System.State']}' that is not in the list of supported "
            "values. TF401320: Rule Error for field State. Error code: HasValues, LimitedToValues, InvalidListValue.",
        )
    fields["System.State"] = state
    required = project.get("required", {}).get(item["type"], ())
    in_state = project.get("required_by_state", {}).get(item["type"], {}).get(state, ())
    for name in (*required, *in_state):
        if not fields.get(name) and item["revisions"]:
            raise _rule(name, "Required, InvalidEmpty")
    for name in ("System.AreaPath", "System.IterationPath"):
        root = str(fields.setdefault(name, project["name"])).partition("\\")[0]
        if root.casefold() != project["name"].casefold():
            raise Fault(
                400, "RuleValidationException", f"TF401347: Invalid tree name given for work item, field '{name}'."
            )


def _check_limits(draft: Draft) -> None:
    for name, value in draft.fields.items():
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise _rule(name, "InvalidTooLong")
    if len(str(draft.fields.get("System.Tags", "")).split(";")) > _MOST_TAGS:
        raise _rule("System.Tags", "InvalidTooLong")
    attached = sum(link["rel"] == "AttachedFile" for link in draft.relations)
    if attached > _MOST_ATTACHMENTS or len(draft.relations) - attached > _MOST_LINKS:
        raise Fault(
            400,
            "RuleValidationException",
            f"A work item has at most {_MOST_ATTACHMENTS} attachments and {_MOST_LINKS} links.",
        )


def _rule(name: str, code: str) -> Fault:
    label = name.rpartition(".")[2]
    return Fault(400, "RuleValidationException", f"TF401320: Rule Error for field {label}. Error code: {code}.")
