"""What the areas of the organisation are made of: calls that were let in, answers, and the resources that give them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request

from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation
from devops_emulator.store import Document

JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True)
class Answer:
    """What goes back: a JSON value, or bytes with their content type."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8; api-version=7.1"


@dataclass(frozen=True)
class Call:
    """One request that was let in: token and api-version are checked."""

    organisation: Organisation
    request: Request
    values: Mapping[str, str]
    version: tuple[int, int] = (7, 1)

    def query(self, name: str, default: str = "") -> str:
        """Read a query parameter; their names are case-insensitive on the service."""
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
            raise Fault(400, "VssPropertyValidationException", f"The value '{text}' is not valid for {name}.")
        return int(text)

    def choice(self, name: str, names: Mapping[int, str], default: str) -> str:
        """Read a query parameter that is one of some names; raises Fault 400 for another."""
        text = self.query(name)
        return choice(text, names, name) if text else default

    def json(self, content_type: str = "application/json") -> Any:
        """Read the body as JSON; raises Fault 415 for another content type, 400 for text that is no JSON."""
        if self.request.mimetype != content_type:
            raise Fault(
                415,
                "VssRequestContentTypeNotSupportedException",
                f'The request indicated a Content-Type of "{self.request.mimetype}" for method type '
                f'"{self.request.method}" which is not supported. Valid content types for this method are: {content_type}.',
            )
        try:
            return json.loads(self.request.get_data())
        except ValueError as error:
            raise Fault(400, "VssPropertyValidationException", f"The body is no valid JSON: {error}.") from error

    def object(self) -> Document:
        """Read the body as a JSON object; raises Fault as `json` does."""
        body = self.json()
        if not isinstance(body, dict):
            raise Fault(
                400, "VssPropertyValidationException", "Value cannot be null or of another type than an object."
            )
        return body


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, eq=False)
class Resource:
    """One location of the REST interface: what `OPTIONS _apis` lists and what is routed.

    `template` is written as the service writes it; `{project}` and `{team}` may be left out of a request. `many` are
    the methods of the resource without its last parameter, `one` those with it.
    """

    id: str
    area: str
    name: str
    template: str
    many: Mapping[str, Handler]
    one: Mapping[str, Handler] = field(default_factory=dict)
    version: int = 7
    preview: bool = False
    version_optional: bool = False
    project_required: bool = False


def choice(value: Any, names: Mapping[int, str], what: str) -> str:
    """Spell the name of an enumeration value; the JavaScript client sends its number. Raises Fault 400."""
    for number, name in names.items():
        if str(value).casefold() in (name.casefold(), str(number)):
            return name
    raise Fault(
        400,
        "VssPropertyValidationException",
        f"The value '{value}' is not valid for {what}: one of {', '.join(names.values())}.",
    )


def collection(values: Sequence[Any], **headers: str) -> Answer:
    """Wrap a list as the service does."""
    return Answer({"count": len(values), "value": list(values)}, headers=headers)
