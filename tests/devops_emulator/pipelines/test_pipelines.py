from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.devops_emulator.pipelines.conftest import PIPELINE, connection_body, definition_body, group_body

SHOP = "Shop%20Floor"
DEFINITIONS = f"{SHOP}/_apis/build/definitions"
PERMISSIONS = f"{SHOP}/_apis/pipelines/pipelinePermissions"
BODY = {"eventType": "workitem.updated", "resource": {"workItemId": 7}}


def receive(rest: Any, body: Any = BODY, name: str = "guess-me-not", **headers: str) -> requests.Response:
    """Post to the incoming webhook, as anybody can: without a token."""
    return requests.post(
        f"{rest.emulator.url}_apis/public/distributedtask/webhooks/{name}",
        params={"api-version": "6.0-preview"},
        data=json.dumps(body),
        headers={"Content-Type": "application/json", **headers},
        timeout=60,
    )


def queued(rest: Any) -> list[dict[str, Any]]:
    rows = rest("GET", f"{SHOP}/_apis/build/builds")["value"]
    return [row for row in rows if row["status"] == "notStarted"]


def permit(rest: Any, kind: str, identity: Any, number: int) -> Any:
    body = {"pipelines": [{"id": number, "authorized": True}]}
    return rest("PATCH", f"{PERMISSIONS}/{kind}/{identity}", version="7.1-preview.1", json=body)


def ready(rest: Any, **parameters: Any) -> dict[str, Any]:
    """Make a connection and a pipeline, whose webhook one run from the default branch has made known."""
    rest("POST", "_apis/serviceendpoint/endpoints", json=connection_body(rest, **parameters))
    made: dict[str, Any] = rest("POST", DEFINITIONS, json=definition_body(rest))
    rest("POST", f"{SHOP}/_apis/pipelines/{made['id']}/runs", json={})
    return made


def test_a_definition_is_made_read_changed_and_deleted(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    made = rest("POST", DEFINITIONS, json=definition_body(rest, description="Ours"))
    assert rest("GET", f"{DEFINITIONS}/{made['id']}") == made
    assert made["process"] == {"type": 2, "yamlFilename": "azure-pipelines.yml"}
    assert made["repository"]["defaultBranch"] == "refs/heads/main"
    (listed,) = rest("GET", DEFINITIONS, params={"name": "WEB"})["value"]
    assert listed["id"] == made["id"]
    assert "process" not in listed
    changed = rest("PUT", f"{DEFINITIONS}/{made['id']}", json={**made, "queueStatus": "paused"})
    assert (changed["queueStatus"], changed["revision"]) == ("paused", 2)
    late = rest("PUT", f"{DEFINITIONS}/{made['id']}", json=made, status=409)
    assert late["typeKey"] == "DefinitionRevisionMismatchException"
    rest("DELETE", f"{DEFINITIONS}/{made['id']}", status=204)
    assert rest("GET", f"{DEFINITIONS}/{made['id']}", status=404)["typeKey"] == "DefinitionNotFoundException"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 400),
        ({"process": {"type": 1}}, 400),
        ({"process": {"type": 2}}, 400),
        ({"process": {"type": 2, "yamlFilename": "a.yml", "extra": 1}}, 400),
        ({"process": {"type": 2, "yamlFilename": 5}}, 400),
        ({"unknown": 1}, 400),
        ({"repository": {"id": "00000000-0000-0000-0000-000000000000", "type": "TfsGit"}}, 404),
        ({"queue": {"id": 99}}, 404),
    ],
)
def test_a_definition_of_another_shape_is_refused(
    organisation: Callable[..., Any], change: dict[str, Any], status: int
) -> None:
    rest = organisation()
    rest("POST", DEFINITIONS, json=definition_body(rest, **change), status=status)


def test_two_pipelines_of_one_name_are_refused(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    rest("POST", DEFINITIONS, json=definition_body(rest))
    assert rest("POST", DEFINITIONS, json=definition_body(rest), status=409)["typeKey"] == "DefinitionExistsException"


def test_runs_are_queued_by_both_interfaces(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    made = rest("POST", DEFINITIONS, json=definition_body(rest))
    run = rest("POST", f"{SHOP}/_apis/pipelines/{made['id']}/runs", json={"templateParameters": {"workItem": "7"}})
    assert run["templateParameters"] == {"workItem": "7"}
    build = rest("POST", f"{SHOP}/_apis/build/builds", json={"definition": {"id": made["id"]}})
    assert [row["id"] for row in queued(rest)] == [build["id"], run["id"]]
    assert [row["id"] for row in rest("GET", f"{SHOP}/_apis/pipelines/{made['id']}/runs")["value"]] == [
        build["id"],
        run["id"],
    ]
    unknown = {"templateParameters": {"other": "7"}}
    refused = rest("POST", f"{SHOP}/_apis/pipelines/{made['id']}/runs", json=unknown, status=400)
    assert refused["typeKey"] == "PipelineValidationException"
    elsewhere = {"resources": {"repositories": {"self": {"refName": "refs/heads/none"}}}}
    rest("POST", f"{SHOP}/_apis/pipelines/{made['id']}/runs", json=elsewhere, status=400)


def test_a_pipeline_without_its_file_does_not_run(organisation: Callable[..., Any]) -> None:
    rest = organisation(file="")
    made = rest("POST", DEFINITIONS, json=definition_body(rest))
    refused = rest("POST", f"{SHOP}/_apis/pipelines/{made['id']}/runs", json={}, status=400)
    assert "not found in repository web branch refs/heads/main" in refused["message"]


@pytest.mark.parametrize(
    "file",
    [
        "[]",
        "- a",
        "resources: x",
        "resources:\n  webhooks: x",
        "resources:\n  webhooks: [x, {}, {webhook: a, filters: b}]",
        "parameters: x",
        "a: [",
        "a: " + "[" * 500,
        "resources: {repositories: [x, {}]}",
    ],
)
def test_a_file_of_any_content_is_run_or_refused(organisation: Callable[..., Any], file: str) -> None:
    rest = organisation(file, settings={"enforceReferencedRepoScopedToken": True})
    made = rest("POST", DEFINITIONS, json=definition_body(rest))
    for branch in ("", "refs/heads/main", "--help", "main:../x", "\0"):
        own = {"resources": {"repositories": {"self": {"refName": branch}}}, "templateParameters": {"x": "1"}}
        for body in ({}, own):
            answer = requests.post(
                f"{rest.emulator.url}{SHOP}/_apis/pipelines/{made['id']}/runs",
                params={"api-version": "7.1"},
                json=body,
                headers={"Authorization": f"Bearer {rest.emulator.token}"},
                timeout=60,
            )
            assert answer.status_code in (200, 400)
    for build in queued(rest):
        rest("PATCH", f"{SHOP}/_apis/build/builds/{build['id']}", json={"status": "inProgress"}, status=200)
    assert receive(rest).status_code == 500


def test_who_may_not_queue_is_refused(organisation: Callable[..., Any]) -> None:
    rest = organisation(deny=["QueueBuilds"])
    made = rest("POST", DEFINITIONS, json=definition_body(rest))
    refused = rest("POST", f"{SHOP}/_apis/build/builds", json={"definition": {"id": made["id"]}}, status=403)
    assert "needs Queue builds permissions" in refused["message"]


def test_a_run_waits_until_each_resource_is_permitted(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    made = ready(rest)
    group = rest("POST", "_apis/distributedtask/variablegroups", json=group_body(rest))
    (connection,) = rest("GET", f"{SHOP}/_apis/serviceendpoint/endpoints")["value"]
    start = ("PATCH", f"{SHOP}/_apis/build/builds/{queued(rest)[0]['id']}")
    refused = rest(*start, json={"status": "inProgress"}, status=403)["message"]
    assert refused.endswith("service connection incoming, variable group secrets.")
    permit(rest, "endpoint", connection["id"], made["id"])
    assert "incoming" not in rest(*start, json={"status": "inProgress"}, status=403)["message"]
    permit(rest, "variablegroup", group["id"], made["id"])
    assert rest(*start, json={"status": "inProgress"})["status"] == "inProgress"


def test_a_webhook_is_known_once_a_run_or_a_push_made_the_service_read_the_file(
    organisation: Callable[..., Any],
) -> None:
    rest = organisation(file="")
    rest("POST", "_apis/serviceendpoint/endpoints", json=connection_body(rest))
    rest("POST", DEFINITIONS, json=definition_body(rest))
    unknown = receive(rest)
    assert unknown.status_code == 500
    assert "Cannot find webhook for the given webHookId guess-me-not" in unknown.json()["message"]
    (main,) = rest("GET", f"{SHOP}/_apis/git/repositories/web/refs", params={"filter": "heads/main"})["value"]
    added = {
        "changeType": "add",
        "item": {"path": "/azure-pipelines.yml"},
        "newContent": {"content": PIPELINE, "contentType": "rawtext"},
    }
    update = {"name": "refs/heads/main", "oldObjectId": main["objectId"]}
    body = {"refUpdates": [update], "commits": [{"comment": "Add", "changes": [added]}]}
    rest("POST", f"{SHOP}/_apis/git/repositories/web/pushes", json=body, status=201)
    assert receive(rest).status_code in (200, 204)
    (build,) = queued(rest)
    assert build["reason"] == "resourceTrigger"


def test_a_definition_that_is_made_after_its_file_needs_a_first_run(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    rest("POST", "_apis/serviceendpoint/endpoints", json=connection_body(rest))
    rest("POST", DEFINITIONS, json=definition_body(rest))
    assert receive(rest).status_code == 500


def test_only_the_name_of_the_webhook_and_its_filters_decide(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    ready(rest)
    assert receive(rest, name="another").status_code == 500
    receive(rest, {**BODY, "eventType": "workitem.created"})
    receive(rest, {**BODY, "tags": []})  # ignored without a word
    assert len(queued(rest)) == 1
    receive(rest)
    assert len(queued(rest)) == 2
    assert receive(rest, [1]).status_code == 400


def test_a_webhook_with_a_secret_wants_the_signature_of_the_body(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    ready(rest, secret="secret", header="X-Hub-Signature")
    missing = receive(rest)
    assert (missing.status_code, missing.json()["typeKey"]) == (500, "RequiredHeaderSignatureNotFound")
    assert receive(rest, **{"X-Hub-Signature": "0" * 40}).status_code == 500
    good = hmac.new(b"secret", json.dumps(BODY).encode(), "sha1").hexdigest()
    assert receive(rest, **{"X-Hub-Signature": good.upper()}).status_code in (200, 204)


def test_a_service_hook_cannot_start_a_webhook_with_a_secret(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    ready(rest, secret="secret", header="X-Hub-Signature")
    url = f"{rest.emulator.url}_apis/public/distributedtask/webhooks/guess-me-not?api-version=6.0-preview"
    body = {
        "publisherId": "tfs",
        "eventType": "workitem.updated",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {},
        "consumerInputs": {"url": url},
    }
    made = rest("POST", "_apis/hooks/subscriptions", json=body)
    rest.patch_item(7, {"op": "add", "path": "/fields/System.State", "value": "Active"})
    sent: list[dict[str, Any]] = []
    while not sent:
        sent = rest("GET", f"_apis/hooks/subscriptions/{made['id']}/notifications")["value"]
    assert sent[0]["result"] == "failed"
    assert len(queued(rest)) == 1


def test_renaming_a_pipeline_kills_its_webhook_until_it_runs(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    made = ready(rest)
    rest("PUT", f"{DEFINITIONS}/{made['id']}", json={**made, "name": "renamed"})
    assert receive(rest).status_code == 500
    rest("POST", f"{SHOP}/_apis/pipelines/{made['id']}/runs", json={})
    assert receive(rest).status_code in (200, 204)


def test_a_service_connection_is_made_changed_and_deleted(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    body = connection_body(rest, secret="secret", header="X-Signature")
    made = rest("POST", "_apis/serviceendpoint/endpoints", json=body)
    assert made["authorization"]["parameters"] == {
        "webhookname": "guess-me-not",
        "secret": None,
        "header": "X-Signature",
    }
    twice = rest("POST", "_apis/serviceendpoint/endpoints", json=body, status=409)
    assert twice["typeKey"] == "DuplicateServiceConnectionException"
    named = {"endpointNames": "incoming", "type": "incomingwebhook"}
    assert rest("GET", f"{SHOP}/_apis/serviceendpoint/endpoints", params=named)["value"] == [made]
    rest("PUT", f"_apis/serviceendpoint/endpoints/{made['id']}", json={**made, "unknown": 1}, status=400)
    rest("PUT", f"_apis/serviceendpoint/endpoints/{made['id']}", json=made)
    rest("DELETE", f"_apis/serviceendpoint/endpoints/{made['id']}", status=400)
    project = {"projectIds": rest.emulator.projects["Shop Floor"]["id"]}
    rest("DELETE", f"_apis/serviceendpoint/endpoints/{made['id']}", params=project, status=204)
    rest("GET", f"{SHOP}/_apis/serviceendpoint/endpoints/{made['id']}", status=404)


@pytest.mark.parametrize("parameters", [{"webhookname": ""}, {"secret": "x"}, {"extra": "x"}])
def test_an_incoming_webhook_of_another_shape_is_refused(
    organisation: Callable[..., Any], parameters: dict[str, str]
) -> None:
    rest = organisation()
    rest("POST", "_apis/serviceendpoint/endpoints", json=connection_body(rest, **parameters), status=400)


def test_a_variable_group_never_shows_a_secret_and_keeps_it(organisation: Callable[..., Any]) -> None:
    rest = organisation()
    address = "_apis/distributedtask/variablegroups"
    made = rest("POST", address, json=group_body(rest, OPEN={"value": "seen"}))
    assert made["variables"] == {"KEY": {"value": None, "isSecret": True}, "OPEN": {"value": "seen"}}
    assert rest("POST", address, json=group_body(rest), status=409)["typeKey"] == "VariableGroupExistsException"
    kept = group_body(rest, KEY={"value": None, "isSecret": True}, NEW={"value": "1"})
    assert rest("PUT", f"{address}/{made['id']}", json=kept)["variables"].keys() == {"KEY", "NEW"}
    assert rest("GET", f"{SHOP}/{address}", params={"groupName": "Secrets"})["count"] == 1
    rest("POST", address, json={**group_body(rest), "unknown": 1}, status=400)
    project = {"projectIds": rest.emulator.projects["Shop Floor"]["id"]}
    rest("DELETE", f"{address}/{made['id']}", params=project, status=204)
    rest("GET", f"{SHOP}/{address}/{made['id']}", status=404)


def test_a_permission_is_given_taken_and_lost_with_its_pipeline(organisation: Callable[..., Any]) -> None:
    rest = organisation(queues=["Linux"])
    made = rest("POST", DEFINITIONS, json=definition_body(rest))
    queues = {row["name"]: row["id"] for row in rest("GET", f"{SHOP}/_apis/distributedtask/queues")["value"]}
    hosted = rest("GET", f"{PERMISSIONS}/queue/{queues['Azure Pipelines']}", version="7.1-preview.1")
    assert hosted["allPipelines"] == {"authorized": True}
    given = permit(rest, "queue", queues["Linux"], made["id"])
    assert [(one["id"], one["authorized"]) for one in given["pipelines"]] == [(made["id"], True)]
    rest("DELETE", f"{DEFINITIONS}/{made['id']}", status=204)
    assert rest("GET", f"{PERMISSIONS}/queue/{queues['Linux']}", version="7.1-preview.1")["pipelines"] == []
    for wrong, status in (("queue/99", 404), ("sofa/1", 400), ("repository/1", 400)):
        rest("GET", f"{PERMISSIONS}/{wrong}", version="7.1-preview.1", status=status)


@pytest.mark.parametrize(
    ("right", "method", "path"),
    [
        ("CreateDefinition", "POST", DEFINITIONS),
        ("CreateServiceEndpoint", "POST", "_apis/serviceendpoint/endpoints"),
        ("CreateVariableGroup", "POST", "_apis/distributedtask/variablegroups"),
    ],
)
def test_a_person_with_limits_is_refused(organisation: Callable[..., Any], right: str, method: str, path: str) -> None:
    rest = organisation(limited={"jane@example.com": [right]})
    bodies = {DEFINITIONS: definition_body(rest), "_apis/serviceendpoint/endpoints": connection_body(rest)}
    jane = {"Authorization": f"Bearer {rest.emulator.tokens['jane@example.com']}"}
    rest(method, path, json=bodies.get(path) or group_body(rest), headers=jane, status=403)
    rest(method, path, json=bodies.get(path) or group_body(rest))


def test_the_scope_of_jobs_decides_whose_token_they_have(organisation: Callable[..., Any]) -> None:
    rest = organisation(settings={"enforceJobAuthScope": True})
    assert rest("GET", f"{SHOP}/_apis/build/generalsettings")["enforceJobAuthScope"] is True
    job = {"Authorization": f"Bearer {rest.emulator.environment['web']['SYSTEM_ACCESSTOKEN']}"}
    me = rest("GET", "_apis/connectionData", headers=job, version="7.1-preview.1")
    assert me["authenticatedUser"]["providerDisplayName"] == "Shop Floor Build Service (emulated)"
