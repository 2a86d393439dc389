"""HTTP as Azure DevOps speaks it: resources and their versions, tokens, answers and refusals."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from devops_emulator.faults import Fault
from devops_emulator.organisation import NAME, Organisation
from devops_emulator.store import Document

JSON_PATCH = "application/json-patch+json"
_RELEASED = (7, 1)
_NEWEST = (7, 2)
_VERSION = re.compile(r"^(?P<major>\d+)\.(?P<minor>\d+)(?P<preview>-preview(?:\.(?P<number>\d+))?)?$", re.IGNORECASE)


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
    version: tuple[int, int] = _RELEASED

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


@dataclass(frozen=True)
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


@dataclass(frozen=True, eq=False)
class _Route:
    """One way into a resource: the methods of its list, or those of one of its members."""

    resource: Resource
    methods: Mapping[str, Handler]


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


class _Word(BaseConverter):
    """A fixed segment: the service's routes do not distinguish upper and lower case."""

    def __init__(self, url_map: Map, word: str) -> None:
        super().__init__(url_map)
        self.regex = f"(?i:{re.escape(word)})"


def routes(resources: Iterable[Resource], git: Callable[[Call], Response]) -> Map:
    """Route every resource, with and without its optional segments, and git's own protocol."""
    rules = [Rule(f"/{_word(NAME, 0)}/<project>/{_word('_git', 1)}/<repository>/<path:rest>", endpoint=git)]
    for resource in resources:
        rules += _rules(resource)
    rules.append(Rule(f"/{_word(NAME, 0)}/{_word('_apis', 1)}", endpoint="locations", methods=["OPTIONS"]))
    rules.append(Rule(f"/{_word(NAME, 0)}/{_word('_apis', 1)}/<area>", endpoint="locations", methods=["OPTIONS"]))
    return Map(rules, converters={"word": _Word}, strict_slashes=False, merge_slashes=False)


def _rules(resource: Resource) -> Iterable[Rule]:
    text = resource.template.replace("{area}", resource.area).replace("{resource}", resource.name)
    segments = text.split("/")
    heads = [segments]
    if "{team}" in segments:
        heads.append([segment for segment in segments if segment != "{team}"])
    if "{project}" in segments and not resource.project_required:
        heads.append([segment for segment in segments if segment not in ("{project}", "{team}")])
    for parts in heads:
        if not parts[-1].startswith("{"):
            yield _rule(parts, resource, resource.many)
            continue
        if resource.many:
            yield _rule(parts[:-1], resource, resource.many)
        if resource.one:
            yield _rule(parts, resource, resource.one)


def _rule(parts: Sequence[str], resource: Resource, methods: Mapping[str, Handler]) -> Rule:
    written = [_word(NAME, 0)]
    for number, part in enumerate(parts, start=1):
        if part.startswith("${"):
            written.append(f"$<{part[2:-1]}>")
        elif part.startswith("{"):
            written.append(f"<path:{part[2:-1]}>" if part.startswith("{*") else f"<{part[1:-1]}>")
        else:
            written.append(_word(part, number))
    return Rule("/" + "/".join(written), endpoint=_Route(resource, methods), methods=[*methods, "OPTIONS"])


def _word(word: str, number: int) -> str:
    return f"<word('{word}'):_{number}>"


def application(organisation: Organisation, resources: Sequence[Resource], git: Callable[[Call], Response]) -> Any:
    """Build the WSGI application of an organisation."""
    table = routes(resources, git)

    @Request.application
    def serve(request: Request) -> Response:
        response = _respond(organisation, resources, table, request)
        response.headers["ActivityId"] = response.headers["X-VSS-E2EID"] = str(uuid4())
        return response

    return serve


def _respond(organisation: Organisation, resources: Sequence[Resource], table: Map, request: Request) -> Response:
    adapter = table.bind_to_environ(request.environ)
    try:
        endpoint, values = adapter.match()
    except MethodNotAllowed:
        fault = Fault(405, "VssInvalidMethodException", f"The resource does not support the method {request.method}.")
        return _known(organisation, request, git=False) or _refusal(fault)
    except HTTPException:
        return _known(organisation, request, git=False) or Response(
            f"Page not found: {request.path}\n", status=404, content_type="text/plain; charset=utf-8"
        )
    git = callable(endpoint)
    stranger = _known(organisation, request, git=git)
    if stranger is not None:
        return stranger
    call = Call(organisation, request, {name: value for name, value in values.items() if not name.startswith("_")})
    try:
        if git:
            answered: Response = endpoint(call)
            return answered
        if endpoint == "locations" or request.method == "OPTIONS":
            return _response(_locations(resources, call.values.get("area", "")))
        call = Call(organisation, request, call.values, _version(request, endpoint.resource))
        with organisation.store.transaction():
            answer = endpoint.methods[request.method.replace("HEAD", "GET")](call)
        return _response(answer)
    except Fault as fault:
        return _refusal(fault)


def _known(organisation: Organisation, request: Request, *, git: bool) -> Response | None:
    """Turn away whoever does not hold the token (reference c.7): 401 for git and with Suppress, else a sign-in page."""
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    given = secret.strip()
    if scheme.casefold() == "basic":
        try:
            given = b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
        except Base64Error:
            given = ""
    if scheme.casefold() in ("basic", "bearer") and compare_digest(given.encode(), organisation.token.encode()):
        return None
    suppressed = request.headers.get("X-TFS-FedAuthRedirect", "").casefold() == "suppress"
    if git or suppressed or request.method == "PATCH":
        answer = Response(
            "TF400813: The user '' is not authorized to access this resource.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
        )
        answer.headers.add("WWW-Authenticate", "Bearer")
        answer.headers.add("WWW-Authenticate", f'Basic realm="{organisation.url}"')
        return answer
    return Response(
        "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head>"
        "<body><h1>Sign in to continue</h1></body></html>",
        status=203,
        content_type="text/html; charset=utf-8",
    )


def _version(request: Request, resource: Resource) -> tuple[int, int]:
    """Read the api-version a request asks for, from its query or its Accept header; raises Fault 400."""
    text = next((value for key, value in request.args.items() if key.casefold() == "api-version"), "")
    if not text:
        asked = re.search(r"api-version=\s*\"?([^;,\s\"]+)", request.headers.get("Accept", ""), re.IGNORECASE)
        text = asked[1] if asked else ""
    if not text:
        if resource.version_optional:
            return _RELEASED
        raise Fault(
            400,
            "VssVersionNotSpecifiedException",
            f'No api-version was supplied for the "{request.method}" request. The version must be supplied either as '
            'part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter '
            '(e.g. "?api-version=1.0").',
        )
    match = _VERSION.match(text)
    if match is None:
        raise Fault(
            400, "VssInvalidApiVersionException", f'The api-version "{text}" is not of the form "7.1-preview.4".'
        )
    version = (int(match["major"]), int(match["minor"]))
    if version > _NEWEST or int(match["number"] or 0) > resource.version:
        raise Fault(
            400,
            "VssVersionOutOfRangeException",
            f"The requested REST API version of {text} is out of range for this server. The latest REST API version "
            f"this server supports is {_NEWEST[0]}.{_NEWEST[1]}.",
        )
    if not match["preview"] and (resource.preview or version > _RELEASED):
        raise Fault(
            400,
            "VssInvalidPreviewVersionException",
            f'The requested version "{text}" of the resource is under preview. The -preview flag must be supplied in '
            f'the api-version for such requests. For example: "{text}-preview"',
        )
    return version


def _locations(resources: Iterable[Resource], area: str) -> Answer:
    return collection(
        [
            {
                "id": resource.id,
                "area": resource.area,
                "resourceName": resource.name,
                "routeTemplate": resource.template,
                "resourceVersion": resource.version,
                "minVersion": 1.0,
                "maxVersion": 7.2,
                "releasedVersion": "0.0" if resource.preview else "7.1",
            }
            for resource in resources
            if area.casefold() in ("", resource.area.casefold())
        ]
    )


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers), content_type=answer.content_type)
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    status = 204 if answer.body is None and answer.status == 200 else answer.status
    return Response(body, status, dict(answer.headers), content_type=answer.content_type)


def _refusal(fault: Fault) -> Response:
    response = _response(Answer(fault.body(), fault.status))
    response.headers["x-tfs-serviceerror"] = quote(fault.message)
    return response
