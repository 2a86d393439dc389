"""Incoming webhooks: anybody who knows the name of one may post to it, and starts the pipelines that declare it.

learn.microsoft.com/azure/devops/pipelines/process/resources, "Webhooks resource".
"""

from __future__ import annotations

import hmac
from typing import Any

from devops_emulator.faults import Fault, malformed
from devops_emulator.pipelines import endpoints, queueing
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, served


def _receive(call: Call) -> Answer:
    organisation, name = call.organisation, call.values["webHookId"]
    connections = [
        one
        for one in organisation.store.all("service_connection")
        if one["type"] == endpoints.INCOMING and one["authorization"]["parameters"]["webhookname"] == name
    ]
    named = {(one["project"], one["name"].casefold()) for one in connections}
    subscribed = [
        (definition, hook)
        for definition in organisation.store.all("definition")
        for hook in definition["webhooks"]
        if (definition["project"], hook["connection"].casefold()) in named
    ]
    if not subscribed:
        raise Fault(
            500,
            "WebHookException",
            f"Cannot find webhook for the given webHookId {name}. Try enabling CD trigger for this artifact.",
        )
    for connection in connections:
        _check_signature(call, connection["authorization"]["parameters"])
    body = call.json()
    if not isinstance(body, dict):
        raise malformed("The payload must be a JSON object.")
    for definition, hook in subscribed:
        # A body with a member `tags` at its top starts nothing, without a word (azure-devops-docs issue 10267).
        if "tags" not in body and all(
            str(_at(body, one.get("path", ""))) == one.get("value") for one in hook["filters"]
        ):
            queueing.start(organisation, definition, parameters={}, reason="resourceTrigger")
    return Answer(status=200)


def _check_signature(call: Call, parameters: Document) -> None:
    """Compare the HMAC-SHA1 of the body, in hexadecimal, with the header that the connection names."""
    if not parameters["secret"]:
        return
    given = call.request.headers.get(parameters["header"])
    if given is None:
        raise Fault(500, "RequiredHeaderSignatureNotFound", f"The required header {parameters['header']} is missing.")
    digest = hmac.new(parameters["secret"].encode(), call.request.get_data(), "sha1").hexdigest()
    if not hmac.compare_digest(given.casefold().encode("utf-8", "replace"), digest.encode()):
        raise Fault(500, "SignatureMismatch", "The signature of the payload is not the one of the secret.")


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value


RESOURCES = (
    # The service lists no location for it.
    served("webhooks", {}, {"POST": _receive}),
)
