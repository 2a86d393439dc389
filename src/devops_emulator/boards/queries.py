"""Queries in WIQL: simple clauses over the fields of work items.

Supported grammar: `SELECT fields FROM WorkItems [WHERE clauses] [ORDER BY fields]`, clauses joined by AND, OR and
parentheses, with =, <>, <, >, <=, >=, [NOT] IN, [NOT] CONTAINS, [NOT] UNDER and the macros @project, @me and @today[-N].
Source: Azure Boards documentation, "WIQL syntax".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from devops_emulator import people
from devops_emulator.boards import changes, items
from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation, denied, find_project, now
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, served

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<field>\[[^\]]+\])|(?P<macro>@\w+(?:\s*[-+]\s*\d+)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<operator><>|<=|>=|[=<>(),])|(?P<word>[A-Za-z_][\w.]*))"
)
_LONGEST = 32_000
_CEILING = 20_000
# Short names of system fields in the query editor.
_SHORT = {"id": "System.Id", "title": "System.Title", "state": "System.State"}

Test = Callable[[Document], bool]


@dataclass(frozen=True)
class Query:
    columns: tuple[str, ...]
    test: Test
    order: tuple[tuple[str, bool], ...]
    """Fields to sort by, each with a flag for descending order."""


def _wrong(message: str) -> Fault:
    return Fault(400, "WorkItemTrackingQueryException", f"TF51006: The query statement is invalid: {message}.")


class _Reader:
    """Reads a query from its tokens, left to right."""

    def __init__(self, text: str, macros: Document) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._macros = macros
        self._at = 0
        place = 0
        text = text.strip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise _wrong(f"unknown syntax at {text[place : place + 20]!r}")
            self._tokens.append((str(match.lastgroup), match[match.lastgroup or 0]))
            place = match.end()

    def query(self) -> Query:
        self._expect("select")
        columns = [self._field()]
        while self._take(","):
            columns.append(self._field())
        self._expect("from")
        source = self._next()[1]
        if source.casefold() != "workitems":
            raise _wrong(f"only WorkItems can be queried, not {source}")
        test: Test = self._any_of() if self._take("where") else lambda _: True
        order = []
        if self._take("order"):
            self._expect("by")
            order.append(self._ordering())
            while self._take(","):
                order.append(self._ordering())
        if self._at < len(self._tokens):
            raise _wrong(f"unexpected {self._tokens[self._at][1]!r}")
        return Query(tuple(columns), test, tuple(order))

    def _peek(self) -> str:
        return self._tokens[self._at][1].casefold() if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _wrong("unexpected end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise _wrong(f"expected {word.upper()} instead of {self._peek()!r}")

    def _field(self) -> str:
        kind, text = self._next()
        if kind not in ("field", "word"):
            raise _wrong(f"{text!r} is not a field")
        name = text.strip("[]").strip()
        name = _SHORT.get(name.casefold(), name)
        if changes.field_name(name) is None:
            # As real servers say it: github.com/MicrosoftDocs/azure-devops-docs/issues/12955.
            message = f"TF51005: The query references a field that does not exist. The error is caused by «[{name}]»."
            raise Fault(400, "WorkItemTrackingQueryException", message)
        return name

    def _ordering(self) -> tuple[str, bool]:
        name = self._field()
        descends = self._take("desc")
        if not descends:
            self._take("asc")
        return name, descends

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("or"):
            tests.append(self._all_of())
        return lambda fields: any(test(fields) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._clause()]
        while self._take("and"):
            tests.append(self._clause())
        return lambda fields: all(test(fields) for test in tests)

    def _clause(self) -> Test:
        if self._take("not"):
            inner = self._clause()
            return lambda fields: not inner(fields)
        if self._take("("):
            grouped = self._any_of()
            self._expect(")")
            return grouped
        name = self._field()
        negated = self._take("not")
        operator = self._next()[1].casefold()
        test = self._comparison(name, operator)
        return (lambda fields: not test(fields)) if negated else test

    def _comparison(self, name: str, operator: str) -> Test:
        if operator == "in":
            self._expect("(")
            wanted = [self._value()]
            while self._take(","):
                wanted.append(self._value())
            self._expect(")")
            return lambda fields: any(_equal(_value_of(fields, name), value) for value in wanted)
        if operator not in _OPERATORS:
            raise _wrong(f"unknown operator {operator!r}")
        compare, value = _OPERATORS[operator], self._value()
        return lambda fields: compare(_value_of(fields, name), value)

    def _value(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace(text[0] * 2, text[0])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "macro":
            return self._macro(text)
        if kind == "word" and text.casefold() in ("true", "false"):
            return text.casefold() == "true"
        if kind == "field":
            raise _wrong("comparing two fields is not supported")
        raise _wrong(f"{text!r} is not a value")

    def _macro(self, text: str) -> Any:
        name, sign, days = re.fullmatch(r"@(\w+)(?:\s*([-+])\s*(\d+))?", text).groups()  # type: ignore[union-attr]
        if name.casefold() == "today":
            offset = timedelta(days=int(days or 0)) * (-1 if sign == "-" else 1)
            return (datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + offset).isoformat()[:19]
        if name.casefold() not in self._macros or self._macros[name.casefold()] is None:
            raise _wrong(f"the macro @{name} has no value here")
        return self._macros[name.casefold()]


def _value_of(fields: Document, name: str) -> Any:
    wanted = name.casefold()
    return next((value for field, value in fields.items() if field.casefold() == wanted), None)


def _equal(value: Any, wanted: Any) -> bool:
    if value is None:
        return bool(wanted == "")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value) == str(wanted)
    text, sought = str(value).casefold(), str(wanted).casefold()
    # People are stored as "Name <mail>" and found by either.
    person: re.Match[str] | None = re.fullmatch(r"(.+) <(.+)>", text)
    return text == sought or (person is not None and sought in person.groups())


def _ordered(value: Any, wanted: Any) -> int | None:
    """Compare two values like a three-way comparison; None if there is no value to compare."""
    if value is None:
        return None
    try:
        left, right = float(value), float(wanted)
    except (TypeError, ValueError):
        one, other = str(value).casefold(), str(wanted).casefold()
        return (one > other) - (one < other)
    return (left > right) - (left < right)


def _compared(accept: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, wanted: Any) -> bool:
        order = _ordered(value, wanted)
        return order is not None and accept(order)

    return compare


def _under(value: Any, wanted: Any) -> bool:
    return f"{value}\\".casefold().startswith(f"{wanted}\\".casefold())


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "<>": lambda value, wanted: not _equal(value, wanted),
    "<": _compared(lambda order: order < 0),
    ">": _compared(lambda order: order > 0),
    "<=": _compared(lambda order: order <= 0),
    ">=": _compared(lambda order: order >= 0),
    "contains": lambda value, wanted: str(wanted).casefold() in str(value or "").casefold(),
    "under": _under,
}


def parse(text: str, macros: Document | None = None) -> Query:
    """Parse a WIQL query; raises Fault 400 for one that is invalid or not supported."""
    if len(text) > _LONGEST:
        raise _wrong(f"it is longer than {_LONGEST} characters")
    return _Reader(text, macros or {}).query()


def _sorted(found: list[Document], order: tuple[tuple[str, bool], ...]) -> list[Document]:
    # Sorting is stable, so the least important field comes first.
    for name, descends in reversed(order):
        found = sorted(found, key=partial(_rank, name), reverse=descends)
    return found


def _rank(name: str, item: Document) -> tuple[int, float, str]:
    value = _value_of(items.latest(item)["fields"], name)
    if isinstance(value, (int, float)):
        return (1, float(value), "")
    return (0 if value is None else 2, 0.0, str(value or "").casefold())


def keep_query(organisation: Organisation, project: Document, identity: str, text: str) -> None:
    """Save a query of a project; raises Fault 400 if it cannot be run."""
    parse(text, {"project": project["name"], "me": ""})
    organisation.store.put("query", identity, {"id": identity, "project": project["id"], "wiql": text})


def _saved(call: Call) -> Answer:
    identity, project = call.values["id"].casefold(), call.any_project()
    kept = call.organisation.store.find("query", identity)
    if kept is None or project is None or kept["project"] != project["id"]:
        message = f"TF401243: The query {identity} does not exist, or you do not have permission to read it."
        raise Fault(404, "QueryItemNotFoundException", message)
    return _found(call, kept["wiql"])


def _query(call: Call) -> Answer:
    text = call.object("query").get("query")
    if not isinstance(text, str) or not text.strip():
        raise _wrong("it is empty")
    return _found(call, text)


def _found(call: Call, text: str) -> Answer:
    organisation, project = call.organisation, call.any_project()
    me = items.person_text(people.me(organisation))
    query = parse(text, {"project": project["name"] if project else None, "me": me})
    found = [
        item
        for item in organisation.store.all("work_item")
        if _seen(organisation, item) and query.test(items.latest(item)["fields"])
    ]
    page = _sorted(found, query.order)[: min(call.number("$top", _CEILING), _CEILING)]
    return Answer(
        {
            "queryType": "flat",
            "queryResultType": "workItem",
            "asOf": now(),
            "columns": [_field_reference(organisation, name) for name in query.columns],
            "sortColumns": [
                {"field": _field_reference(organisation, name), "descending": descends}
                for name, descends in query.order
            ],
            "workItems": [items.reference(organisation, item) for item in page],
        }
    )


def _seen(organisation: Organisation, item: Document) -> bool:
    project = find_project(organisation, item["project"])
    return not denied(organisation, project, "WorkItemRead", area=items.area_of(item))


def _field_reference(organisation: Organisation, name: str) -> Document:
    return {"referenceName": name, "name": name.rpartition(".")[2], "url": f"{organisation.url}_apis/wit/fields/{name}"}


RESOURCES = (
    served("wiql", {"POST": _query}),
    served("savedWiql", {}, {"GET": _saved}),
)
