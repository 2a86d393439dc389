"""Microsoft's unmodified Python client, in every operation that sets up a pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.devops import _file_cache
from azure.devops.client import Client
from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.build.models import Build, BuildDefinition
from azure.devops.v7_1.pipeline_permissions.models import PipelinePermission, ResourcePipelinePermissions
from azure.devops.v7_1.pipelines.models import RunPipelineParameters
from azure.devops.v7_1.service_endpoint.models import ServiceEndpoint
from azure.devops.v7_1.service_hooks.models import Subscription
from azure.devops.v7_1.task_agent.models import VariableGroupParameters
from msrest.authentication import BasicAuthentication

from tests.devops_emulator.pipelines.conftest import connection_body, definition_body, group_body

PROJECT = "Shop Floor"
GIT = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87"


@pytest.fixture
def clients(organisation: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    # The client caches what it learns about a server on disk, and ports are reused.
    rest = organisation()
    cache = tmp_path / "cache"
    cache.mkdir()
    for kept in (_file_cache.OPTIONS_CACHE, _file_cache.RESOURCE_CACHE):
        monkeypatch.setattr(kept, "file_name", str(cache / Path(kept.file_name).name))
        kept.clear()
    Client._locations_cache.clear()
    token = rest.emulator.tokens["jane@example.com"]
    return rest, Connection(base_url=rest.emulator.url, creds=BasicAuthentication("", token)).clients_v7_1


def test_pipelines_and_their_resources(clients: tuple[Any, Any]) -> None:
    rest, known = clients
    build, endpoints = known.get_build_client(), known.get_service_endpoint_client()
    agents, permissions = known.get_task_agent_client(), known.get_pipeline_permissions_client()
    made = build.create_definition(BuildDefinition.from_dict(definition_body(rest)), PROJECT)
    assert build.get_definitions(PROJECT, name="web")[0].id == made.id
    assert build.get_definition(PROJECT, made.id).repository.type == "TfsGit"
    assert build.get_build_general_settings(PROJECT).enforce_job_auth_scope is False
    connection = endpoints.create_service_endpoint(ServiceEndpoint.from_dict(connection_body(rest)))
    assert endpoints.get_service_endpoints_by_names(PROJECT, ["incoming"])[0].id == connection.id
    group = agents.add_variable_group(VariableGroupParameters.from_dict(group_body(rest)))
    assert agents.get_variable_groups(PROJECT, group_name="secrets")[0].variables["KEY"].is_secret is True
    assert "Azure Pipelines" in {queue.name for queue in agents.get_agent_queues(project=PROJECT)}
    for kind, identity in (("endpoint", connection.id), ("variablegroup", group.id)):
        given = ResourcePipelinePermissions(pipelines=[PipelinePermission(id=made.id, authorized=True)])
        permissions.update_pipeline_permisions_for_resource(given, PROJECT, kind, identity)
        seen = permissions.get_pipeline_permissions_for_resource(PROJECT, kind, identity)
        assert [one.id for one in seen.pipelines] == [made.id]
    run = known.get_pipelines_client().run_pipeline(RunPipelineParameters(), PROJECT, made.id)
    queued = build.queue_build(Build(definition={"id": made.id}), PROJECT)
    assert (queued.id, queued.status) == (run.id + 1, "notStarted")
    agents.delete_variable_group(group.id, [rest.emulator.projects[PROJECT]["id"]])
    endpoints.delete_service_endpoint(connection.id, [rest.emulator.projects[PROJECT]["id"]])
    build.delete_definition(PROJECT, made.id)
    with pytest.raises(AzureDevOpsServiceError, match="could not be found"):
        build.get_definition(PROJECT, made.id)


def test_rights_areas_and_hooks(clients: tuple[Any, Any]) -> None:
    rest, known = clients
    security, hooks = known.get_security_client(), known.get_service_hooks_client()
    project = rest.emulator.projects[PROJECT]
    token = f"repoV2/{project['id']}/{project['repositories']['web']}"
    name = "Project Collection Build Service (emulated)"
    found = known.get_identity_client().read_identities(search_filter="General", filter_value=name)
    entry = {"descriptor": found[0].descriptor, "allow": 4, "deny": 0}
    security.set_access_control_entries({"token": token, "merge": True, "accessControlEntries": [entry]}, GIT)
    (listed,) = security.query_access_control_lists(GIT, token=token, include_extended_info=True)
    assert listed.aces_dictionary[found[0].descriptor].allow == 4
    assert security.remove_permission(GIT, found[0].descriptor, permissions=4, token=token).allow == 0
    area = known.get_work_item_tracking_client().get_classification_node(PROJECT, "areas", path="Checkout")
    assert area.name == "Checkout"
    subscription = Subscription(
        publisher_id="tfs",
        event_type="workitem.commented",
        consumer_id="webHooks",
        consumer_action_id="httpRequest",
        publisher_inputs={"projectId": project["id"], "commentPattern": "please"},
        consumer_inputs={"url": rest.emulator.url},
    )
    made = hooks.create_subscription(subscription)
    made.status = "disabledByUser"
    assert hooks.replace_subscription(made, made.id).status == "disabledByUser"
