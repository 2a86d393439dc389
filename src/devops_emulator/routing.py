"""The way of a request: to the resource it names, or to git; and its answer back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from devops_emulator.faults import Fault
from devops_emulator.organisation import NAME, Organisation
from devops_emulator.sign_in import turned_away
from devops_emulator.versions import asked_version
from devops_emulator.wire import Answer, Call, Handler, Resource, collection


@dataclass(frozen=True, eq=False)
class _Route:
    """One way into a resource: the methods of its list, or those of one of its members."""

    resource: Resource
    methods: Mapping[str, Handler]


class _Word(BaseConverter):
    """A fixed segment: the service's routes do not distinguish upper and lower case."""

    def __init__(self, url_map: Map, word: str) -> None:
        super().__init__(url_map)
        self.regex = f"(?i:{re.escape(word)})"


@cache
def routes(resources: tuple[Resource, ...], git: Callable[[Call], Response]) -> Map:
    """Route every resource, with and without its optional segments, and git's own protocol."""
    rules = [Rule(f"/{_word(NAME, 0)}/<project>/{_word('_git', 1)}/<repository>/<path:rest>", endpoint=git)]
    for resource in resources:
        rules += _rules(resource)
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
    return Rule("/" + "/".join(written), endpoint=_Route(resource, methods), methods=list(methods))


def _word(word: str, number: int) -> str:
    return f"<word('{word}'):_{number}>"


def application(organisation: Organisation, resources: tuple[Resource, ...], git: Callable[[Call], Response]) -> Any:
    """Build the WSGI application of an organisation."""
    table = routes(resources, git)

    @Request.application
    def serve(request: Request) -> Response:
        response = _respond(organisation, resources, table, request)
        response.headers["ActivityId"] = response.headers["X-VSS-E2EID"] = str(uuid4())
        return response

    return serve


def _respond(organisation: Organisation, resources: Sequence[Resource], table: Map, request: Request) -> Response:
    if request.method == "OPTIONS":
        return turned_away(organisation, request, git=False) or _response(_locations(resources, request.path))
    adapter = table.bind_to_environ(request.environ)
    try:
        endpoint, matched = adapter.match()
    except MethodNotAllowed:
        fault = Fault(405, "VssInvalidMethodException", f"The resource does not support the method {request.method}.")
        return turned_away(organisation, request, git=False) or _refusal(fault)
    except HTTPException:
        # A wrong route is told from a missing thing by its content type.
        return turned_away(organisation, request, git=False) or Response(
            f"Page not found: {request.path}\n", status=404, content_type="text/plain; charset=utf-8"
        )
    values = {name: value for name, value in matched.items() if not name.startswith("_")}
    stranger = turned_away(organisation, request, git=not isinstance(endpoint, _Route))
    if stranger is not None:
        return stranger
    if not isinstance(endpoint, _Route):
        answered: Response = endpoint(Call(organisation, request, values))
        return answered
    try:
        call = Call(organisation, request, values, asked_version(request, endpoint.resource))
        with organisation.store.transaction():
            answer = endpoint.methods[request.method.replace("HEAD", "GET")](call)
        return _response(answer)
    except Fault as fault:
        return _refusal(fault)


def _locations(resources: Iterable[Resource], path: str) -> Answer:
    area = path.casefold().partition("/_apis")[2].strip("/")
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
            if area in ("", resource.area.casefold())
        ]
    )


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, dict(answer.headers), content_type=answer.content_type)
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    status = 204 if answer.body is None and answer.status == HTTPStatus.OK else answer.status
    return Response(body, status, dict(answer.headers), content_type=answer.content_type)


def _refusal(fault: Fault) -> Response:
    response = _response(Answer(fault.body(), fault.status))
    response.headers["x-tfs-serviceerror"] = quote(fault.message)
    return response
