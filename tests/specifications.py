"""Microsoft's descriptions of the REST interface, beside the repository: what a request may be, and what an answer is.

Swagger 2 files, as `../shared/specs/README.md` explains. What they do not describe, or describe wrongly, is listed with
its reason in `undescribed.yml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema
import yaml
from jsonschema.exceptions import best_match

SPECS = Path(__file__).parents[2] / "shared" / "specs"
AREAS = ("workItemTracking", "git", "core", "build", "serviceHooks", "pipelines", "serviceEndpoint")
# Maps on the wire, as the recorded samples show; the files describe the .NET classes behind them.
MAPS = ("ReferenceLinks", "PropertiesCollection")
_VERSION = re.compile(r"\bapi-version=([^;,\s]+)")
_SHAPES = {"integer": re.compile(r"-?\d{1,10}"), "boolean": re.compile("true|false", re.IGNORECASE)}
_CLOSED = {"unevaluatedProperties": False}
_PARAMETER = re.compile(r"\\\{([^}]+)\\\}")

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One described operation. `path` matches an address of the form `template`, in lower case."""

    template: str
    area: str
    release: str
    method: str
    path: re.Pattern[str]
    version: str
    query: Mapping[str, Schema]
    body: Schema | None
    content_types: tuple[str, ...]
    answer: Schema | None


@dataclass(frozen=True)
class Sent:
    """A request as it was sent. `address` is the path below the host, with the query."""

    method: str
    address: str
    accept: str
    content_type: str
    body: bytes


def problem_of_request(sent: Sent) -> str | None:
    """Return what is wrong with a request by its description, None if nothing is, or nothing describes it."""
    parts = urlsplit(sent.address)
    # A server on premises has its collections below a folder.
    path, query = re.sub(r"^/tfs/", "/", unquote(parts.path)), dict(parse_qsl(parts.query, keep_blank_values=True))
    if _excused("path", f"{sent.method} {path}"):
        return None
    stated = _VERSION.search(sent.accept)
    version = query.pop("api-version", stated[1] if stated else "")
    fitting = nearest(sent.method, path, "7.2" if version.startswith("7.2") else "7.1")
    if not fitting:
        return f"{sent.method} {path}: no operation is described like this"
    # Operations that differ by their query alone have the same address.
    problems = [_problem(sent, query, version, operation) for operation in fitting]
    return None if None in problems else f"{sent.method} {path}: {problems[0]}"


def _problem(sent: Sent, query: Mapping[str, str], version: str, operation: Operation) -> str | None:
    if version != operation.version:
        return f"the version is {version or 'missing'}, not {operation.version}"
    for name, value in query.items():
        described = operation.query.get(name)
        if described is None:
            if not _excused("query", f"{sent.address} {name}"):
                return f"the query has no {name}"
            continue
        if (shape := _SHAPES.get(described["type"])) and not shape.fullmatch(value):
            return f"{name} is no {described['type']}: {value}"
        if "enum" in described and value.casefold() not in [str(one).casefold() for one in described["enum"]]:
            return f"{name} is none of {described['enum']}: {value}"
    missing = {name for name, described in operation.query.items() if described.get("required")} - query.keys()
    if missing:
        return f"the query lacks {', '.join(sorted(missing))}"
    return _problem_of_body(sent, operation)


def _problem_of_body(sent: Sent, operation: Operation) -> str | None:
    if not sent.body:
        return "the body is missing" if operation.body is not None and sent.method != "DELETE" else None
    if operation.body is None:
        return "the operation takes no body"
    if sent.content_type.partition(";")[0] not in operation.content_types:
        return f"the content type is {sent.content_type}, not {', '.join(operation.content_types)}"
    return problem_of(operation, operation.body, json.loads(sent.body))


def problem_of(operation: Operation, schema: Schema | None, value: Any) -> str | None:
    """Return how a value differs from the schema of an operation, None if it does not."""
    if schema is None:
        return None
    problem = best_match(_validator(operation.release, operation.area, json.dumps(schema)).iter_errors(value))
    return problem and f"{problem.json_path}: {problem.message}"


def nearest(method: str, path: str, release: str = "7.1") -> list[Operation]:
    """Return the described operations at an address, the most specific ones: `/pullrequests/{id}` also fits `/{project}`."""
    wanted = path.casefold()
    fitting = [one for one in operations(release) if one.method == method.casefold() and one.path.fullmatch(wanted)]
    fewest = min((one.path.groups for one in fitting), default=0)
    return [one for one in fitting if one.path.groups == fewest]


@cache
def operations(release: str) -> list[Operation]:
    """Return all operations of a release of the interface, each under every address that the service accepts."""
    found = []
    for area in AREAS:
        spec = specification(release, area)
        for template, methods in {**spec.get("x-ms-paths", {}), **spec["paths"]}.items():
            plain = template.partition("?")[0]
            shorter = [
                plain,
                plain.replace("/{team}", ""),
                plain.replace("/{project}", "").replace("/{team}", ""),
                plain.removesuffix("/{path}"),  # the root of a tree, by the samples
            ]
            found += [
                _operation(area, release, method, written, described)
                for written in dict.fromkeys(shorter)
                for method, described in methods.items()
                if isinstance(described, dict) and "responses" in described
            ]
    return found


def _operation(area: str, release: str, method: str, template: str, described: Schema) -> Operation:
    parameters = [one for one in described.get("parameters", ()) if "$ref" not in one]
    answers = described["responses"]
    return Operation(
        template=template,
        area=area,
        release=release,
        method=method,
        path=re.compile(_PARAMETER.sub(_part, re.escape(template.casefold()))),
        version=described["x-ms-docs-override-version"],
        query={one["name"]: one for one in parameters if one["in"] == "query"},
        body=next((one["schema"] for one in parameters if one["in"] == "body"), None),
        content_types=tuple(described.get("consumes", ())),
        answer=next((answers[code].get("schema") for code in sorted(answers) if code < "300"), None),
    )


def _part(parameter: re.Match[str]) -> str:
    return "(.+)" if parameter[1] == "path" else "([^/]+)"  # the names of a tree's nodes, from the root on


@cache
def specification(release: str, area: str) -> Schema:
    content: Schema = json.loads((SPECS / release / f"{area}.json").read_text(encoding="utf-8-sig"))
    return content


@cache
def _validator(release: str, area: str, schema: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**closed(json.loads(schema)), "definitions": definitions(release, area)})


@cache
def definitions(release: str, area: str) -> Schema:
    converted = {name: opened(one) for name, one in specification(release, area)["definitions"].items()}
    # The file declares a change's item as a string, and a JSON patch as an object; the recorded samples show otherwise.
    if "GitChange" in converted:
        converted["Change"]["properties"]["item"] = {"type": "object"}
    # A pipeline's process is of one of several kinds; here all are YAML files.
    if "YamlProcess" in converted:
        converted["BuildProcess"]["properties"]["yamlFilename"] = {"type": "string"}
    if "JsonPatchDocument" in converted:
        converted["JsonPatchDocument"] = {
            "type": "array",
            "items": {"$ref": "#/definitions/JsonPatchOperation", **_CLOSED},
        }
    return converted | {name: {"type": "object", "additionalProperties": {}} for name in MAPS}


def opened(schema: Any) -> Any:
    """Convert a swagger schema to JSON Schema in which every referenced object is closed to undescribed members."""
    if isinstance(schema, list):
        return [opened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "JObject":  # written as a string, and an object on the wire
        return {}
    if schema.get("type") == "object" and not schema.keys() & {"properties", "allOf", "additionalProperties"}:
        # The generator of the files writes "any value" like this.
        return {}
    converted = {}
    for name, value in schema.items():
        if name in ("properties", "definitions"):
            converted[name] = {member: closed(one) for member, one in value.items()}
        elif name in ("items", "additionalProperties") and isinstance(value, dict):
            converted[name] = closed(value)
        elif name == "enum":
            converted[name] = value
        else:
            converted[name] = opened(value)
    return converted


def closed(schema: Schema) -> Schema:
    plain: Schema = opened(schema)
    return {**plain, **_CLOSED} if "$ref" in plain else plain


def without_nulls(value: Any) -> Any:
    """Drop members without a value: the service writes null where its description only allows absence."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value if one is not None] if isinstance(value, list) else value


@cache
def _gaps() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    content = yaml.safe_load((Path(__file__).parent / "undescribed.yml").read_text())
    return {
        kind: [(re.compile(one["matches"], re.IGNORECASE), one["because"]) for one in gaps]
        for kind, gaps in content.items()
    }


def _excused(kind: str, text: str) -> bool:
    return any(pattern.search(text) for pattern, _ in _gaps()[kind])
