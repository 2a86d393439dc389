"""Incoming webhooks: anybody who knows the name of one may post to it, and starts the pipelines that declare it.

learn.microsoft.com/azure/devops/pipelines/process/resources, "Webhooks resource".
"""

from __future__ import annotations

import hmac
from typing import Any

from devops_emulator.faults import Fault, malformed
from devops_emulator.organisation import Organisation
from devops_emulator.pipelines import endpoints, queueing
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource


def _receive(call: Call) -> Answer:
    organisation, name = call.organisation, call.values["webHookId"]
    connections = [one for one in organisation.store.all("service_connection") if _is_named(one, name)]
    subscribed = [
        (definition, hook)
        for definition in organisation.store.all("definition")
        for hook in definition["webhooks"]
        if any(_declares(definition, hook, connection) for connection in connections)
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
        if "tags" not in body and _passes(body, hook):
            _start(organisation, definition)
    return Answer(status=200)


def _start(organisation: Organisation, definition: Document) -> None:
    if organisation.store.find("definition", definition["id"]) is not None:
        queueing.start(organisation, definition, parameters={}, reason="resourceTrigger")


def _is_named(connection: Document, name: str) -> bool:
    parameters = connection["authorization"]["parameters"]
    return bool(connection["type"] == endpoints.INCOMING and parameters["webhookname"] == name)


def _declares(definition: Document, hook: Document, connection: Document) -> bool:
    declared: list[str] = [definition["project"], hook["connection"].casefold()]
    return declared == [connection["project"], connection["name"].casefold()]


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


def _passes(body: Document, hook: Document) -> bool:
    return all(str(_at(body, one.get("path", ""))) == one.get("value") for one in hook["filters"])


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return value


RESOURCES = (
    # The service lists no location for it.
    Resource(
        "5f1f4f0a-0d51-4c3c-8a55-9e7f1f0f6c0d",
        "distributedtask",
        "webhooks",
        "_apis/public/{area}/{resource}/{webHookId}",
        {},
        {"POST": _receive},
        version=1,
        public=True,
    ),
)
