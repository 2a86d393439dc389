"""What the areas of the organisation are made of: admitted calls, their answers, and the resources that give them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from werkzeug.wrappers import Request

from devops_emulator.faults import malformed, wrong_content_type
from devops_emulator.organisation import Organisation, find_project
from devops_emulator.store import Document

JSON_PATCH = "application/json-patch+json"

T = TypeVar("T")
_FILE = Path(__file__).with_name("locations.csv")
_LOCATIONS = {row["key"]: row for row in csv.DictReader(_FILE.read_text("utf-8").splitlines())}


@dataclass(frozen=True)
class Answer:
    """A response: a JSON value, or bytes with their content type."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8; api-version=7.1"


@dataclass(frozen=True)
class Call:
    """One admitted request: its token and api-version are checked."""

    organisation: Organisation
    request: Request
    values: Mapping[str, str]
    version: tuple[int, int] = (7, 1)

    @property
    def project(self) -> Document:
        """The project in the address; raises Fault 404 TF200016."""
        return find_project(self.organisation, self.values["project"])

    def any_project(self) -> Document | None:
        """Return the project in the address, None if it has none; raises Fault 404 TF200016."""
        return self.project if "project" in self.values else None

    def query(self, name: str, default: str = "") -> str:
        """Return a query parameter; their names are case-insensitive on the service."""
        for key, value in self.request.args.items():
            if key.casefold() == name.casefold():
                return value
        return default

    def flag(self, name: str) -> bool:
        return self.query(name).casefold() == "true"

    def number(self, name: str, default: int) -> int:
        text = self.query(name)
        if not text:
            return default
        if not re.fullmatch(r"\d{1,9}", text):
            raise malformed(f"The value '{text}' is not valid for {name}.")
        return int(text)

    def choice(self, name: str, names: Mapping[int, str], default: str) -> str:
        """Return a query parameter that is one of `names`; raises Fault 400 for any other value."""
        text = self.query(name)
        return choice(text, names, name) if text else default

    def page(self, values: Sequence[T], most: int) -> Sequence[T]:
        """Return the part of `values` selected by $skip and $top; `most` is the default of $top."""
        return values[self.number("$skip", 0) :][: self.number("$top", most)]

    def json(self, content_type: str = "application/json") -> Any:
        """Return the JSON body; raises Fault 415 for another content type, 400 for invalid JSON."""
        if self.request.mimetype != content_type:
            raise wrong_content_type(self.request.mimetype, self.request.method, content_type)
        try:
            return json.loads(self.request.get_data())
        except ValueError as error:
            raise malformed(f"The body is not valid JSON: {error}.") from error

    def object(self, *known: str) -> Document:
        """Return the JSON object in the body; raises Fault as `json` does, and for a member that is not `known`, if any are."""
        body = self.json()
        return members(body, known or body)


Handler = Callable[[Call], Answer]


def inner(value: Any) -> Document:
    """Return a JSON object of a body, an empty one for null; raises Fault 400 for another value."""
    if not isinstance(value, dict | None):
        raise malformed("The body must hold JSON objects here.")
    return value or {}


def objects(value: Any) -> list[Document]:
    """Return the JSON objects in a list of a body, none for null; raises Fault 400 for other values."""
    return [inner(one) for one in listed(value)]


def listed(value: Any) -> list[Any]:
    """Return a list of a body, an empty one for null; raises Fault 400 for another value."""
    if not isinstance(value, list | None):
        raise malformed("The body must hold a list here.")
    return value or []


def members(value: Any, known: Iterable[str]) -> Document:
    """Return a JSON object of a body; raises Fault 400 for another value, or for a member that is not described."""
    if not isinstance(value, dict):
        raise malformed("The body must hold JSON objects here.")
    if unknown := value.keys() - set(known):
        raise malformed(f"Could not find member '{min(unknown)}' on the object.")
    return value


@dataclass(frozen=True, eq=False)
class Resource:
    """One location of the REST interface: listed by `OPTIONS _apis`, and routed.

    `{project}` and `{team}` in its template are optional in a request, unless a project is required. `version`: the newest
    of a preview. `many` are the methods of the resource without its last parameter, `one` those with it.
    """

    id: str
    area: str
    name: str
    template: str
    version: int
    traits: frozenset[str]  # of preview, version_optional, project_required, and public: it answers without a token
    many: Mapping[str, Handler]
    one: Mapping[str, Handler]


def served(key: str, many: Mapping[str, Handler], one: Mapping[str, Handler] | None = None) -> Resource:
    """Return the resource at a place of `locations.csv` with its handlers."""
    row = _LOCATIONS[key]
    fixed = (row["id"], row["area"], row["name"], row["template"], int(row["version"]))
    return Resource(*fixed, traits=frozenset(row["traits"].split()), many=many, one=one or {})


def choice(value: Any, names: Mapping[int, str], what: str) -> str:
    """Return the name of an enumeration value; the JavaScript client sends its number. Raises Fault 400."""
    for number, name in names.items():
        if str(value).casefold() in (name.casefold(), str(number)):
            return name
    raise malformed(f"The value '{value}' is not valid for {what}: one of {', '.join(names.values())}.")


def collection(values: Sequence[Any]) -> Answer:
    return Answer({"count": len(values), "value": list(values)})


def hrefs(**addresses: str) -> Document:
    """Shape addresses as the service shows them in `_links`."""
    return {name: {"href": address} for name, address in addresses.items()}
