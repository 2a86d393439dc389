"""Microsoft's unmodified Python client, in every operation that a client of work items and pull requests needs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from azure.devops import _file_cache
from azure.devops.client import Client
from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from azure.devops.v7_1.build.models import Build
from azure.devops.v7_1.git import models as repos
from azure.devops.v7_1.service_hooks.models import Subscription
from azure.devops.v7_1.work_item_tracking import models as boards
from msrest.authentication import BasicAuthentication

PROJECT = "Shop Floor"


@pytest.fixture
def connection(rest: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The client caches what it learns about a server on disk, and ports are reused.
    cache = tmp_path / "cache"
    cache.mkdir()
    for kept in (_file_cache.OPTIONS_CACHE, _file_cache.RESOURCE_CACHE):
        monkeypatch.setattr(kept, "file_name", str(cache / Path(kept.file_name).name))
        kept.clear()
    Client._locations_cache.clear()
    return Connection(base_url=rest.emulator.url, creds=BasicAuthentication("", rest.emulator.token))


def patch(**values: Any) -> Any:
    return boards.JsonPatchOperation(**values)


def test_work_items(connection: Any) -> None:
    client = connection.clients_v7_1.get_work_item_tracking_client()
    item = client.get_work_item(7, project=PROJECT, expand="All")
    assert item.fields["System.Title"] == "Totals are right"
    assert item.relations[0].rel == "System.LinkTypes.Hierarchy-Reverse"
    claimed = client.update_work_item(
        [patch(op="test", path="/rev", value=item.rev), patch(op="add", path="/fields/System.Tags", value="claimed")], 7
    )
    assert claimed.rev == item.rev + 1
    with pytest.raises(AzureDevOpsServiceError, match="VS403351") as late:
        client.update_work_item([patch(op="test", path="/rev", value=item.rev)], 7)
    assert late.value.type_key == "WorkItemRevisionMismatchException"
    with pytest.raises(AzureDevOpsServiceError, match="TF401232"):
        client.get_work_item(99)
    made = client.create_work_item([patch(op="add", path="/fields/System.Title", value="T")], PROJECT, "Task")
    batch = boards.WorkItemBatchGetRequest(ids=[7, made.id, 99], error_policy="omit", fields=["System.Title"])
    assert [one and one.id for one in client.get_work_items_batch(batch, project=PROJECT)] == [7, made.id, None]
    assert [one.rev for one in client.get_revisions(7)] == [1, 2, 3]
    assert client.get_updates(7)[-1].fields["System.Tags"].new_value == "claimed"
    states = client.get_work_item_type_states(PROJECT, "User Story")
    assert states[0].category == "Proposed"
    found = client.query_by_wiql(
        boards.Wiql(query="SELECT [System.Id] FROM WorkItems WHERE [System.Tags] CONTAINS 'claimed'")
    )
    assert [one.id for one in found.work_items] == [7]


def test_comments_and_attachments(connection: Any) -> None:
    client = connection.clients_v7_1.get_work_item_tracking_client()
    made = client.add_work_item_comment(boards.CommentCreate(text="**b**"), PROJECT, 7, "markdown")
    client.update_work_item_comment(boards.CommentUpdate(text="c"), PROJECT, 7, made.id, "markdown")
    page = client.get_comments(PROJECT, 7, top=1, order="asc")
    page = client.get_comments(PROJECT, 7, top=1, order="asc", continuation_token=page.continuation_token)
    assert [one.text for one in page.comments] == ["c"]
    kept = client.create_attachment(io.BytesIO(b"bytes"), project=PROJECT, file_name="a.txt")
    link = {"rel": "AttachedFile", "url": kept.url}
    client.update_work_item([patch(op="add", path="/relations/-", value=link)], 7)
    assert b"".join(client.get_attachment_content(kept.id)) == b"bytes"


def test_repositories_and_pushes(connection: Any) -> None:
    client = connection.clients_v7_1.get_git_client()
    repository = client.get_repository("web", project=PROJECT)
    assert repository.default_branch == "refs/heads/main"
    main = client.get_refs(repository.id, filter="heads/main")[0].object_id
    update = repos.GitRefUpdate(name="refs/heads/new", old_object_id="0" * 40, new_object_id=main)
    assert client.update_refs([update], repository.id)[0].success is True
    change = {"changeType": "add", "item": {"path": "/a.txt"}, "newContent": {"content": "a", "contentType": "rawtext"}}
    push = repos.GitPush(
        ref_updates=[repos.GitRefUpdate(name="refs/heads/new", old_object_id=main)],
        commits=[repos.GitCommitRef(comment="By REST", changes=[change])],
    )
    made = client.create_push(push, repository.id, project=PROJECT)
    assert client.get_commit(made.commits[0].commit_id, repository.id).comment == "By REST"
    version = repos.GitVersionDescriptor(version="new", version_type="branch")
    content = client.get_item_content(repository.id, "/a.txt", version_descriptor=version)
    assert b"".join(content) == b"a"
    criteria = repos.GitQueryCommitsCriteria(item_version=version)
    assert len(client.get_commits(repository.id, criteria)) == 2


def test_pull_requests(connection: Any) -> None:
    client = connection.clients_v7_1.get_git_client()
    me = connection.clients_v7_1.get_location_client().get_connection_data().authenticated_user.id
    made = client.create_pull_request(
        repos.GitPullRequest(
            source_ref_name="refs/heads/feature",
            target_ref_name="refs/heads/main",
            title="T",
            description="D",
            is_draft=True,
            work_item_refs=[repos.ResourceRef(id="7")],
        ),
        "web",
        project=PROJECT,
    )
    number = made.pull_request_id
    criteria = repos.GitPullRequestSearchCriteria(source_ref_name="refs/heads/feature", status="active")
    assert [one.pull_request_id for one in client.get_pull_requests("web", criteria, project=PROJECT)] == [number]
    client.create_pull_request_label(repos.WebApiCreateTagRequestData(name="ai"), "web", number, project=PROJECT)
    client.create_pull_request_reviewer(repos.IdentityRefWithVote(vote=5), "web", number, me, project=PROJECT)
    status = repos.GitPullRequestStatus(state="succeeded", context=repos.GitStatusContext(name="checks", genre="g"))
    client.create_pull_request_status(status, "web", number, project=PROJECT)
    property_patch = repos.JsonPatchOperation(op="add", path="/run", value="1")
    client.update_pull_request_properties([property_patch], "web", number, project=PROJECT)
    thread = client.create_thread(
        repos.GitPullRequestCommentThread(
            comments=[repos.Comment(content="Hello", comment_type="text")], status="active"
        ),
        "web",
        number,
        project=PROJECT,
    )
    client.create_comment(
        repos.Comment(content="Reply", parent_comment_id=1), "web", number, thread.id, project=PROJECT
    )
    assert [len(one.comments) for one in client.get_threads("web", number, project=PROJECT)] == [2]
    assert [one.id for one in client.get_pull_request_work_item_refs("web", number, project=PROJECT)] == ["7"]
    assert len(client.get_pull_request_iterations("web", number, project=PROJECT)) == 1
    client.update_pull_request(repos.GitPullRequest(is_draft=False), "web", number, project=PROJECT)
    pull = client.get_pull_request_by_id(number)
    assert (pull.labels[0].name, pull.reviewers[0].vote, pull.merge_status) == ("ai", 5, "succeeded")
    done = repos.GitPullRequest(status="completed", last_merge_source_commit=pull.last_merge_source_commit)
    assert client.update_pull_request(done, "web", number, project=PROJECT).status == "completed"


def test_builds_hooks_projects_and_identities(connection: Any) -> None:
    clients = connection.clients_v7_1
    builds = clients.get_build_client()
    assert builds.get_build(PROJECT, 1).status == "inProgress"
    assert builds.add_build_tag(PROJECT, 1, "item 7") == ["item 7"]
    assert builds.update_build(Build(status="completed", result="succeeded"), PROJECT, 1).result == "succeeded"
    hooks = clients.get_service_hooks_client()
    subscription = hooks.create_subscription(
        Subscription(
            publisher_id="tfs",
            event_type="workitem.updated",
            consumer_id="webHooks",
            consumer_action_id="httpRequest",
            consumer_inputs={"url": "https://example.com/hook"},
            publisher_inputs={"changedFields": "System.State"},
        )
    )
    assert [one.id for one in hooks.list_subscriptions()] == [subscription.id]
    hooks.delete_subscription(subscription.id)
    assert clients.get_core_client().get_project(PROJECT).name == PROJECT
    found = clients.get_identity_client().read_identities(search_filter="General", filter_value="jane@example.com")
    assert found[0].provider_display_name == "Jane Doe"
