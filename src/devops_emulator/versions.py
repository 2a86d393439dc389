"""The api-version of a request: supported versions, and the refusals of others."""

from __future__ import annotations

import re

from werkzeug.wrappers import Request

from devops_emulator.faults import Fault
from devops_emulator.wire import Resource

RELEASED = (7, 1)
NEWEST = (7, 2)
_VERSION = re.compile(r"^(?P<major>\d+)\.(?P<minor>\d+)(?P<preview>-preview(?:\.(?P<number>\d+))?)?$", re.IGNORECASE)


def requested_version(request: Request, resource: Resource) -> tuple[int, int]:
    """Return the api-version in the query or the Accept header of a request; raises Fault 400."""
    text = next((value for key, value in request.args.items() if key.casefold() == "api-version"), "")
    if not text:
        asked = re.search(r"api-version=\s*\"?([^;,\s\"]+)", request.headers.get("Accept", ""), re.IGNORECASE)
        text = asked[1] if asked else ""
    if not text:
        if "version_optional" in resource.traits and request.method == "GET":
            return RELEASED
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
            400, "VssInvalidApiVersionException", f'The api-version "{text}" does not have the form "7.1-preview.4".'
        )
    version = (int(match["major"]), int(match["minor"]))
    if version > NEWEST or int(match["number"] or 0) > resource.version:
        raise Fault(
            400,
            "VssVersionOutOfRangeException",
            f"The requested REST API version of {text} is out of range for this server. The latest REST API version "
            f"this server supports is {NEWEST[0]}.{NEWEST[1]}.",
        )
    if not match["preview"] and ("preview" in resource.traits or version > RELEASED):
        raise Fault(
            400,
            "VssInvalidPreviewVersionException",
            f'The requested version "{text}" of the resource is under preview. The -preview flag must be supplied in '
            f'the api-version for such requests. For example: "{text}-preview"',
        )
    return version
