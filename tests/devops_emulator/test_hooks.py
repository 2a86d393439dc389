from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PATCH = {"Content-Type": "application/json-patch+json"}


class Consumer(ThreadingHTTPServer):
    """Receives the bodies of a subscription and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: queue.Queue[tuple[dict[str, str], dict[str, Any]]] = queue.Queue()
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Receiver(BaseHTTPRequestHandler):
    server: Consumer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.received.put((dict(self.headers.items()), body))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    with Consumer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def subscribe(
    rest: Any, consumer: Consumer, event: str = "workitem.updated", consumes: Any = None, **inputs: str
) -> Any:
    body = {
        "publisherId": "tfs",
        "eventType": event,
        "resourceVersion": "1.0",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": inputs,
        "consumerInputs": {"url": consumer.url, **(consumes or {})},
    }
    return rest("POST", "_apis/hooks/subscriptions", json=body)


def activate(rest: Any, **options: Any) -> None:
    rest.patch_item(7, {"op": "add", "path": "/fields/System.State", "value": "Active"}, **options)


def test_a_state_change_is_sent_as_the_service_sends_it(rest: Any, consumer: Consumer) -> None:
    made = subscribe(rest, consumer, changedFields="System.State", workItemType="User Story")
    activate(rest)
    _, body = consumer.received.get(timeout=100)
    assert body["subscriptionId"] == made["id"]
    assert body["eventType"] == "workitem.updated"
    resource = body["resource"]
    assert resource["workItemId"] == 7
    assert resource["id"] == resource["rev"] == 3
    assert resource["fields"]["System.State"] == {"oldValue": "New", "newValue": "Active"}
    assert resource["revisedBy"]["name"].endswith(">")
    assert resource["revision"]["fields"]["System.AssignedTo"] == "Jane Doe <jane@example.com>"
    assert resource["revision"]["id"] == 7
    assert set(body["resourceContainers"]) == {"collection", "account", "project"}


def test_a_created_item_is_sent_with_plain_values(rest: Any, consumer: Consumer) -> None:
    subscribe(rest, consumer, "workitem.created", projectId=rest.emulator.projects["Shop Floor"]["id"])
    steps = json.dumps([{"op": "add", "path": "/fields/System.Title", "value": "New one"}])
    made = rest("POST", "Shop%20Floor/_apis/wit/workitems/$Task", data=steps, headers=PATCH)
    _, body = consumer.received.get(timeout=100)
    assert body["resource"]["id"] == made["id"]
    assert body["resource"]["fields"]["System.Title"] == "New one"


def test_a_comment_on_an_item_is_sent_with_the_item(rest: Any, consumer: Consumer) -> None:
    subscribe(rest, consumer, "workitem.commented")
    path = "Shop%20Floor/_apis/wit/workItems/7/comments"
    rest("POST", path, json={"text": "1: yes"}, params={"api-version": "7.1-preview.4"})
    _, body = consumer.received.get(timeout=100)
    assert body["eventType"] == "workitem.commented"
    assert body["resource"]["id"] == 7
    assert body["resource"]["fields"]["System.History"] == "1: yes"


def test_a_comment_on_a_pull_request_is_sent_with_the_pull_request(rest: Any, consumer: Consumer) -> None:
    home = "Shop%20Floor/_apis/git/repositories/web"
    event = "ms.vss-code.git-pullrequest-comment-event"
    subscribe(rest, consumer, event, branch="other")
    made = subscribe(rest, consumer, event, branch="main")
    opened = {"sourceRefName": "refs/heads/feature", "targetRefName": "refs/heads/main", "title": "T"}
    number = rest("POST", f"{home}/pullrequests", json=opened, status=201)["pullRequestId"]
    rest("POST", f"{home}/pullRequests/{number}/threads", json={"comments": [{"content": "/redimento x"}]})
    _, body = consumer.received.get(timeout=100)
    assert body["subscriptionId"] == made["id"]
    assert body["resource"]["comment"]["content"] == "/redimento x"
    assert body["resource"]["pullRequest"]["pullRequestId"] == number


def test_only_events_that_match_every_filter_are_sent(rest: Any, consumer: Consumer) -> None:
    for inputs in (
        {"changedFields": "System.Title"},
        {"workItemType": "Bug"},
        {"tag": "other"},
        {"areaPath": "Shop Floor\\Check"},
    ):
        subscribe(rest, consumer, **inputs)
    last = subscribe(
        rest, consumer, tag="Ready", areaPath="Shop Floor\\Checkout", consumes={"resourceDetailsToSend": "minimal"}
    )
    activate(rest)
    _, body = consumer.received.get(timeout=100)
    assert body["subscriptionId"] == last["id"]
    assert "fields" not in body["resource"]
    assert consumer.received.empty()


def test_notifications_can_be_suppressed(rest: Any, consumer: Consumer) -> None:
    subscribe(rest, consumer, consumes={"resourceDetailsToSend": "none", "messagesToSend": "none"})
    activate(rest, params={"suppressNotifications": "true"})
    activate(rest, params={"validateOnly": "true"})
    rest.patch_item(3, {"op": "add", "path": "/fields/System.Title", "value": "Heard"})
    _, body = consumer.received.get(timeout=100)
    assert body["resource"] is None
    assert body["message"] == {"text": "", "html": "", "markdown": ""}
    assert "Heard" in body["detailedMessage"]["text"]
    assert consumer.received.empty()


def test_a_consumer_gets_its_headers_and_its_failures_are_recorded(rest: Any, consumer: Consumer) -> None:
    consumer.status = 500
    secret = {"httpHeaders": "X-Secret: abc", "basicAuthUsername": "u", "basicAuthPassword": "p"}
    made = subscribe(rest, consumer, consumes=secret)
    assert made["consumerInputs"]["basicAuthPassword"] == "********"
    activate(rest)
    headers, _ = consumer.received.get(timeout=100)
    assert headers["X-Secret"] == "abc"
    assert headers["Authorization"] == "Basic dTpw"
    # The result is stored after the answer has arrived; the second delivery waits for that in the same queue.
    consumer.status = 200
    rest.patch_item(7, {"op": "add", "path": "/fields/System.Title", "value": "Again"})
    consumer.received.get(timeout=100)
    kept = rest("GET", f"_apis/hooks/subscriptions/{made['id']}/notifications")["value"]
    assert kept[0]["result"] == "failed"
    assert kept[0]["details"]["errorMessage"] == "500 Internal Server Error"


def test_subscriptions_are_listed_and_deleted(rest: Any, consumer: Consumer) -> None:
    made = subscribe(rest, consumer)
    assert made["publisherInputs"]["tfsSubscriptionId"]
    assert rest("GET", "_apis/hooks/subscriptions", params={"eventType": "workitem.updated"})["count"] == 1
    assert rest("GET", "_apis/hooks/subscriptions", params={"eventType": "workitem.created"})["count"] == 0
    assert rest("GET", f"_apis/hooks/subscriptions/{made['id']}")["status"] == "enabled"
    rest("DELETE", f"_apis/hooks/subscriptions/{made['id']}", status=204)
    rest("GET", f"_apis/hooks/subscriptions/{made['id']}", status=404)


@pytest.mark.parametrize(
    "wrong", [{"eventType": "git.push"}, {"consumerId": "slack"}, {"consumerInputs": {"url": "ftp://x"}}]
)
def test_an_unsupported_subscription_is_refused(rest: Any, consumer: Consumer, wrong: Any) -> None:
    body = {
        "publisherId": "tfs",
        "eventType": "workitem.updated",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "consumerInputs": {"url": consumer.url},
        **wrong,
    }
    rest("POST", "_apis/hooks/subscriptions", json=body, status=400)
