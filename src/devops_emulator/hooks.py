"""Service hooks: subscriptions, and the bodies they POST to a consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.store import Document, Store, pick
from devops_emulator.wire import Answer, Call, collection, members, served

# By event: the filters that a subscription may have. All have the project, areaPath, workItemType and tag.
_FILTERS = {
    "workitem.created": (),
    "workitem.updated": ("changedFields", "linksChanged"),
    "workitem.commented": ("commentPattern",),
    "ms.vss-code.git-pullrequest-comment-event": ("repository", "branch"),
}
_COMMON = ("projectId", "areaPath", "workItemType", "tag")
_CONSUMER_INPUTS = (
    "url", "httpHeaders", "basicAuthUsername", "basicAuthPassword", "acceptUntrustedCerts", "resourceDetailsToSend",
    "messagesToSend", "detailedMessagesToSend",
)  # fmt: skip
_TIMEOUT = 60  # seconds for the consumer's answer
_SUBSCRIPTION = (
    "id", "url", "publisherId", "eventType", "resourceVersion", "eventDescription", "consumerId", "consumerActionId",
    "actionDescription", "publisherInputs", "consumerInputs", "status", "createdBy", "createdDate", "modifiedBy",
    "modifiedDate", "_links",
)  # fmt: skip
_CONSUMER = {"publisherId": "tfs", "consumerId": "webHooks", "consumerActionId": "httpRequest"}


@dataclass(frozen=True)
class Event:
    """An event: what is sent about it, and the values that subscription filters compare."""

    name: str
    project: Document
    fields: Document
    resource: Document
    sentence: str
    changed: tuple[str, ...]
    exact: Mapping[str, str] = field(default_factory=dict)  # by the name of the filter


def publish(organisation: Organisation, event: Event) -> None:
    """Send an event to every matching subscription once the current change is committed."""
    for subscription in organisation.store.all("subscription"):
        wanted = (subscription["eventType"], subscription["status"])
        if wanted == (event.name, "enabled") and _matches(subscription["publisherInputs"], event):
            body = _body(organisation, subscription, event)
            organisation.store.afterwards(partial(organisation.deliver, subscription, body))


def deliver(store: Store, subscription: Document, body: Document) -> None:
    """POST a body and store the result among the subscription's notifications."""
    inputs = subscription["consumerInputs"]
    headers = dict(line.partition(":")[::2] for line in inputs.get("httpHeaders", "").splitlines() if ":" in line)
    user = inputs.get("basicAuthUsername")
    try:
        answer = requests.post(
            inputs["url"],
            json=body,
            headers={name.strip(): value.strip() for name, value in headers.items()},
            auth=(user, inputs.get("basicAuthPassword", "")) if user else None,
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        problem = "" if answer.ok else f"{answer.status_code} {answer.reason}"
    except requests.RequestException as error:
        problem = str(error)
    notification = {
        "id": body["notificationId"],
        "subscriptionId": subscription["id"],
        "eventId": body["id"],
        "status": "completed",
        "result": "failed" if problem else "succeeded",
        "createdDate": body["createdDate"],
        "modifiedDate": now(),
        "details": {
            **_CONSUMER,
            "eventType": body["eventType"],
            "requestAttempts": 1,
            "errorMessage": problem,
            "event": {name: value for name, value in body.items() if name not in ("subscriptionId", "notificationId")},
        },
    }
    with store.transaction():
        store.put("notification", f"{subscription['id']}/{body['notificationId']}", notification)


def _matches(inputs: Document, event: Event) -> bool:
    area, changed, tag, pattern = (
        inputs.get(name) or "" for name in ("areaPath", "changedFields", "tag", "commentPattern")
    )
    return (
        inputs.get("projectId") in ("", None, event.project["id"])
        and (not area or f"{event.fields['System.AreaPath']}\\".casefold().startswith(f"{area}\\".casefold()))
        and inputs.get("workItemType") in ("", None, event.fields.get("System.WorkItemType"))
        and (not changed or changed in event.changed)
        and all(inputs.get(name) in ("", None, value) for name, value in event.exact.items())
        and (not tag or tag.casefold() in event.fields.get("System.Tags", "").casefold().split("; "))
        and (not pattern or pattern.casefold() in event.resource.get("fields", {}).get("System.History", "").casefold())
    )


def _body(organisation: Organisation, subscription: Document, event: Event) -> Document:
    inputs = subscription["consumerInputs"]
    details = inputs.get("resourceDetailsToSend", "all")
    resource: Document | None = event.resource if details == "all" else None
    if details == "minimal":
        resource = {name: event.resource[name] for name in ("id", "workItemId", "rev", "url") if name in event.resource}
    return {
        "subscriptionId": subscription["id"],
        "notificationId": organisation.store.next_number(f"notification/{subscription['id']}"),
        "id": str(uuid4()),
        "eventType": subscription["eventType"],
        "publisherId": "tfs",
        "message": _message(event.sentence, inputs.get("messagesToSend", "all")),
        "detailedMessage": _message(event.sentence, inputs.get("detailedMessagesToSend", "all")),
        "resource": resource,
        "resourceVersion": subscription["resourceVersion"],
        "resourceContainers": {
            "collection": {"id": organisation.id, "baseUrl": organisation.url},
            "account": {"id": organisation.id, "baseUrl": organisation.url},
            "project": {"id": event.project["id"], "baseUrl": organisation.url},
        },
        "createdDate": now(),
    }


def _message(sentence: str, wanted: str) -> Document:
    return {form: sentence if wanted in ("all", form) else "" for form in ("text", "html", "markdown")}


def _check_may_edit(call: Call, project: str | None) -> None:
    if project:
        people.require(
            call.organisation,
            find_project(call.organisation, project),
            "EditSubscriptions",
            "{who} does not have permission to create subscriptions: EditSubscriptions in the ServiceHooks namespace.",
            kind="UnauthorizedAccessException",
        )


def _given(call: Call) -> Document:
    """Return a described subscription; raises Fault 400, or 403 without the right to keep subscriptions."""
    body = call.object(*_SUBSCRIPTION)
    inputs, consumer = body.get("publisherInputs") or {}, body.get("consumerInputs") or {}
    if body.get("eventType") not in _FILTERS:
        raise invalid(f"This organisation publishes only {', '.join(_FILTERS)}.")
    members(inputs, (*_COMMON, *_FILTERS[body["eventType"]], "tfsSubscriptionId"))
    members(consumer, _CONSUMER_INPUTS)
    if any(body.get(name) != value for name, value in _CONSUMER.items()):
        raise invalid(f"This organisation supports only subscriptions with {_CONSUMER}.")
    if not str(consumer.get("url") or "").startswith(("http://", "https://")):
        raise invalid("The consumerInputs must have a url that starts with https:// or http://.")
    _check_may_edit(call, inputs.get("projectId"))
    return {
        **_CONSUMER,
        "status": body.get("status") or "enabled",
        "eventType": body["eventType"],
        "resourceVersion": body.get("resourceVersion") or "1.0",
        "eventDescription": "Any work item",
        "actionDescription": f"To host {urlsplit(consumer['url']).hostname}",
        "modifiedBy": people.reference(call.organisation, people.me(call.organisation)),
        "modifiedDate": now(),
        "publisherInputs": {**inputs, "tfsSubscriptionId": inputs.get("tfsSubscriptionId") or str(uuid4())},
        "consumerInputs": consumer,
    }


def _create(call: Call) -> Answer:
    given, identity = _given(call), str(uuid4())
    subscription = {
        "id": identity,
        "url": f"{call.organisation.url}_apis/hooks/subscriptions/{identity}",
        "createdBy": given["modifiedBy"],
        "createdDate": given["modifiedDate"],
        **given,
        "status": "enabled",
    }
    call.organisation.store.put("subscription", identity, subscription)
    return Answer(_shown(subscription))


def _replace(call: Call) -> Answer:
    subscription = _find(call) | _given(call)
    if subscription["status"] not in ("enabled", "disabledByUser"):
        raise invalid("A subscription can be enabled, or disabledByUser.")
    call.organisation.store.put("subscription", subscription["id"], subscription)
    return Answer(_shown(subscription))


def _shown(subscription: Document) -> Document:
    inputs = dict(subscription["consumerInputs"])
    if "basicAuthPassword" in inputs:
        inputs["basicAuthPassword"] = "********"
    return subscription | {"consumerInputs": inputs}


def _find(call: Call) -> Document:
    identity = call.values["subscriptionId"]
    absent = Fault(404, "SubscriptionNotFoundException", f"The subscription {identity} does not exist.")
    return pick(call.organisation.store.all("subscription"), identity, ("id",), absent)


def _list(call: Call) -> Answer:
    wanted = {name: call.query(name) for name in ("eventType", *_CONSUMER)}
    return collection(
        [
            _shown(subscription)
            for subscription in call.organisation.store.all("subscription")
            if all(not text or subscription[name] == text for name, text in wanted.items())
        ]
    )


def _get(call: Call) -> Answer:
    return Answer(_shown(_find(call)))


def _delete(call: Call) -> Answer:
    subscription = _find(call)
    _check_may_edit(call, subscription["publisherInputs"].get("projectId"))
    call.organisation.store.remove("subscription", subscription["id"])
    return Answer(status=204)


def _notifications(call: Call) -> Answer:
    subscription = _find(call)
    return collection(
        [sent for sent in call.organisation.store.all("notification") if sent["subscriptionId"] == subscription["id"]]
    )


RESOURCES = (
    served("subscriptions", {"GET": _list, "POST": _create}, {"GET": _get, "PUT": _replace, "DELETE": _delete}),
    served("notifications", {"GET": _notifications}),
)
