"""Route requests to the resources of the REST interface or to git, and send their answers."""

from __future__ import annotations

import json
import logging
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
from devops_emulator.sign_in import signed_in, unauthorized
from devops_emulator.versions import requested_version
from devops_emulator.wire import Answer, Call, Handler, Resource, collection

_LOG = logging.getLogger(__name__)
Watch = Callable[[str, str], None]
"""Receives method and path of a request once it has been carried out, before its answer goes out."""


@dataclass(frozen=True, eq=False)
class _Route:
    """One route to a resource: the methods of its list, or those of a single member."""

    resource: Resource
    methods: Mapping[str, Handler]


class _Word(BaseConverter):
    """A fixed segment: routes of the service are case-insensitive."""

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
    segments = resource.template.split("/")
    forms = [segments]
    if "{team}" in segments:
        forms.append([segment for segment in segments if segment != "{team}"])
    if "{project}" in segments and "project_required" not in resource.traits:
        forms.append([segment for segment in segments if segment not in ("{project}", "{team}")])
    for parts in forms:
        if not parts[-1].startswith("{"):
            yield _rule(parts, resource, resource.many)
            continue
        if resource.many:
            yield _rule(parts[:-1], resource, resource.many)
        if resource.one:
            yield _rule(parts, resource, resource.one)


def _rule(parts: Sequence[str], resource: Resource, methods: Mapping[str, Handler]) -> Rule:
    segments = [_word(NAME, 0)]
    for number, part in enumerate(parts, start=1):
        if part.startswith("${"):
            segments.append(f"$<{part[2:-1]}>")
        elif part.startswith("{"):
            segments.append(f"<path:{part[2:-1]}>" if part.startswith("{*") else f"<{part[1:-1]}>")
        else:
            segments.append(_word(part, number))
    return Rule("/" + "/".join(segments), endpoint=_Route(resource, methods), methods=list(methods))


def _word(word: str, number: int) -> str:
    return f"<word('{word}'):_{number}>"


def application(
    organisation: Organisation,
    resources: tuple[Resource, ...],
    git: Callable[[Call], Response],
    watch: Watch,
    follow: Callable[[Organisation], None],
) -> Any:
    """Return the WSGI application of an organisation.

    `follow` does what the service does by itself after a change, and `watch` sees each request that was carried out.
    """
    table = routes(resources, git)

    @Request.application
    def serve(request: Request) -> Response:
        try:
            response = _respond(organisation, resources, table, request)
        except Exception as error:  # noqa: BLE001  whatever a request is like, the organisation goes on
            _LOG.exception("No refusal was written for %s %s", request.method, request.path)
            response = _refusal(Fault(400, "VssPropertyValidationException", f"The request is not valid: {error!r}."))
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            with organisation.store.transaction():
                follow(organisation)
        watch(request.method, request.path)
        response.headers["ActivityId"] = response.headers["X-VSS-E2EID"] = str(uuid4())
        return response

    return serve


def _respond(organisation: Organisation, resources: Sequence[Resource], table: Map, request: Request) -> Response:
    seen = signed_in(organisation, request)
    if request.method == "OPTIONS" and seen is not None:
        return _response(_locations(resources, request.path))
    try:
        endpoint, matched = table.bind_to_environ(request.environ).match()
    except HTTPException as error:
        # A stranger must not learn which routes exist.
        return unauthorized(organisation, request, git=False) if seen is None else _unrouted(request, error)
    if seen is None and isinstance(endpoint, _Route) and "public" in endpoint.resource.traits:
        seen = organisation
    if seen is None:
        return unauthorized(organisation, request, git=not isinstance(endpoint, _Route))
    values = {name: value for name, value in matched.items() if not name.startswith("_")}
    if not isinstance(endpoint, _Route):
        answered: Response = endpoint(Call(seen, request, values))
        return answered
    try:
        call = Call(seen, request, values, requested_version(request, endpoint.resource))
        with seen.store.transaction():
            answer = endpoint.methods[request.method.replace("HEAD", "GET")](call)
        return _response(answer)
    except Fault as fault:
        return _refusal(fault)


def _unrouted(request: Request, error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        message = f"The resource does not support the method {request.method}."
        return _refusal(Fault(405, "VssInvalidMethodException", message))
    # Plain text marks a wrong route; a missing document is JSON.
    return Response(f"Page not found: {request.path}\n", status=404, content_type="text/plain; charset=utf-8")


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
                "releasedVersion": "0.0" if "preview" in resource.traits else "7.1",
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
