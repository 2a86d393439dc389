from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from devops_emulator.server import Emulator, running
from redimento.azure.boards import AzureBoard
from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.azure.fields import CLAIM
from redimento.errors import NotThereError, PermissionMissingError
from redimento.work_items.item import Field
from redimento.work_items.mark import Mark
from tests.azure.conftest import SEED, Connected, connect

MARKER = "Redimento, web"


def tags_of(azure: Connected, item_id: int = 7) -> set[str]:
    text = str(azure.client.get(f"_apis/wit/workitems/{item_id}")["fields"].get("System.Tags", ""))
    return {tag.strip() for tag in text.split(";") if tag.strip()}


def links_of(azure: Connected, item_id: int = 7) -> list[dict[str, Any]]:
    answer = azure.client.get(f"_apis/wit/workitems/{item_id}", query={"$expand": "relations"})
    found: list[dict[str, Any]] = answer.get("relations") or []
    return found


def claims_of(azure: Connected, item_id: int = 7) -> tuple[str, ...]:
    return azure.board.load(item_id).claims


def edit(azure: Connected, item_id: int, field: str, value: Any) -> None:
    body = [{"op": "add", "path": f"/fields/{field}", "value": value}]
    azure.client.write("PATCH", f"_apis/wit/workitems/{item_id}", body=body, content_type=JSON_PATCH)


def end_build(azure: Connected) -> None:
    path = f"_apis/build/builds/{azure.job.build_id}"
    azure.client.write("PATCH", path, project=azure.job.project, body={"status": "completed", "result": "failed"})


def test_an_item_is_loaded_whole(azure: Connected) -> None:
    item = azure.board.load(7)
    assert (item.id, item.type, item.kind, item.title) == (7, "User Story", "story", "Round the total")
    assert (item.state, azure.board.category(item), item.project) == ("Active", "InProgress", "My Shop")
    assert item.description == "As a **buyer** …"
    assert item.acceptance_criteria == ("It is rounded", "It is shown")
    assert item.tags == ("ready", "web")
    assert item.assigned_to == "Ann Archer"
    assert [(one.relation, one.id, one.type, one.title) for one in item.related] == [
        ("parent", 3, "Feature", "Cart"),
        ("related", 5, "Bug", "Wrong sum"),
    ]
    assert [comment.text for comment in item.comments] == ["Half up, *please*", "Use `Decimal`, not `List<float>`"]
    assert item.comments[0].author == "Ann Archer"
    assert [comment.ours for comment in item.comments] == [False, True]
    assert azure.said == []


def test_a_field_that_is_markdown_is_left_as_it_is(azure: Connected) -> None:
    assert azure.board.load(8).description == "Show <br> **as text**"


@pytest.mark.parametrize(("ours_is", "pages"), [("newest", 6), ("oldest", 10)])
def test_of_very_many_comments_ours_and_the_newest_are_kept(tmp_path: Path, ours_is: str, pages: int) -> None:
    many = [{"text": f"number {number}", "author": "Ann Archer <ann@contoso.com>"} for number in range(1_900)]
    ours = {"text": f"**{MARKER}**"}
    said = [*many, ours] if ours_is == "newest" else [ours, *many]
    story = {"id": 7, "type": "User Story", "fields": {"System.Title": "Much said"}, "comments": said}
    seed = {"project": "My Shop", "repositories": [{"name": "web"}], "work_items": [story]}
    requests: list[str] = []
    with running(tmp_path, seed=seed, watch=lambda _, path: requests.append(path)) as emulator:
        found = connect(emulator).board.load(7).comments
    assert [comment.text for comment in found if not comment.ours] == [one["text"] for one in many[-1_000:]]
    assert len(found) == 1_001
    assert sum(path.endswith("/comments") for path in requests) == pages


def test_every_page_of_comments_is_read(tmp_path: Path) -> None:
    comments = [{"text": f"number {number}", "format": "markdown"} for number in range(450)]
    story = {"id": 7, "type": "User Story", "fields": {"System.Title": "Much said"}, "comments": comments}
    seed = {"project": "My Shop", "repositories": [{"name": "web"}], "work_items": [story]}
    with running(tmp_path, seed=seed) as emulator:
        found = connect(emulator).board.load(7).comments
    assert [comment.text for comment in found] == [comment["text"] for comment in comments]


def test_attachments_are_listed(tmp_path: Path) -> None:
    (tmp_path / "shot.png").write_bytes(b"\x89PNG\x00")
    bug = {
        "id": 7,
        "type": "Bug",
        "fields": {"System.Title": "T"},
        "attachments": [str(tmp_path / "shot.png")],
    }
    seed = {"project": "My Shop", "repositories": [{"name": "web"}], "work_items": [bug]}
    with running(tmp_path / "organisation", seed=seed) as emulator:
        (attachment,) = connect(emulator).board.load(7).attachments
        assert (attachment.name, attachment.size) == ("shot.png", 5)


def test_an_absent_item_is_an_error(azure: Connected) -> None:
    with pytest.raises(NotThereError, match="Work item 99 does not exist, or this job may not read it"):
        azure.board.load(99)


def test_only_one_of_two_runs_wins_the_claim(azure: Connected) -> None:
    item = azure.board.load(7)
    assert azure.board.claim(item, azure.job.build_id)
    assert claims_of(azure) == (azure.job.build_id,)
    assert tags_of(azure) == {"ready", "web"}
    assert azure.board.claim(item, "999") is None
    assert azure.board.claim(azure.board.load(7), azure.job.build_id)


def test_one_of_two_simultaneous_runs_wins(tmp_path: Path) -> None:
    both = {**SEED, "repositories": [{"name": "web"}, {"name": "api"}]}
    with running(tmp_path, seed=both) as emulator, ThreadPoolExecutor(2) as pool:
        item = connect(emulator).board.load(7)
        start = Barrier(2)

        def claimed(repository: str) -> bool:
            azure = connect(emulator, repository=repository)
            start.wait()
            return azure.board.claim(item, azure.job.build_id) is not None

        assert sorted(pool.map(claimed, ["web", "api"])) == [False, True]


def test_a_claim_whose_run_has_ended_is_taken_over(azure: Connected) -> None:
    azure.board.claim(azure.board.load(7), azure.job.build_id)
    end_build(azure)
    assert azure.board.claim(azure.board.load(7), "999")
    assert claims_of(azure) == (azure.job.build_id, "999")  # a run that is killed as well can be counted
    azure.board.release(7, "999")
    assert claims_of(azure) == ()


def test_a_claim_whose_run_is_gone_is_taken_over(azure: Connected) -> None:
    assert azure.board.claim(azure.board.load(7), "888")
    assert azure.board.claim(azure.board.load(7), "999")
    azure.board.release(7, "999")
    assert claims_of(azure) == ()


def test_a_run_that_was_taken_for_dead_leaves_the_claim_of_the_next(azure: Connected) -> None:
    azure.board.claim(azure.board.load(7), azure.job.build_id)
    end_build(azure)  # its agent only lost the connection
    assert azure.board.claim(azure.board.load(7), "999")
    azure.board.release(7, azure.job.build_id)
    assert claims_of(azure) == ("999",)


def test_a_claim_survives_an_edit_after_loading(azure: Connected) -> None:
    item = azure.board.load(7)
    edit(azure, 7, "System.Tags", "urgent")
    assert azure.board.claim(item, azure.job.build_id)
    assert claims_of(azure) == (azure.job.build_id,)
    assert tags_of(azure) == {"urgent"}


def test_a_claim_is_released_and_the_other_links_stay(azure: Connected) -> None:
    before = links_of(azure)
    azure.board.claim(azure.board.load(7), azure.job.build_id)
    edit(azure, 7, "System.Title", "Round all totals")
    azure.board.release(7, azure.job.build_id)
    assert links_of(azure) == before
    azure.board.release(7, azure.job.build_id)
    assert links_of(azure) == before


def link_by_hand(azure: Connected, build: str, comment: str = CLAIM) -> None:
    """Link the item to a build as Ann, who may edit it."""
    ann = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"])
    link = {
        "rel": "ArtifactLink",
        "url": f"vstfs:///Build/Build/{build}",
        "attributes": {"name": "Build", "comment": comment},
    }
    steps = [{"op": "add", "path": "/relations/-", "value": link}]
    ann.write("PATCH", "_apis/wit/workitems/7", body=steps, content_type=JSON_PATCH)


def test_a_claim_that_a_person_wrote_is_not_believed_and_goes_with_the_runs_own(azure: Connected) -> None:
    link_by_hand(azure, "777", "A build that I like")
    link_by_hand(azure, azure.job.build_id)  # this build runs
    before = links_of(azure)
    assert azure.board.claim(azure.board.load(7), "999")
    assert claims_of(azure) == (azure.job.build_id, "999")
    azure.board.release(7, "999")
    assert links_of(azure) == before[:-1]


@pytest.mark.parametrize("comment", [CLAIM, "A build that I foresee"])
def test_a_person_who_links_the_next_build_does_not_stop_it(azure: Connected, comment: str) -> None:
    link_by_hand(azure, "999", comment)
    assert azure.board.claim(azure.board.load(7), "999")
    assert azure.board.claim(azure.board.load(7), "999")
    azure.board.release(7, "999")
    assert claims_of(azure) == ()


def test_a_claim_is_found_behind_a_long_history(azure: Connected) -> None:
    for number in range(205):
        edit(azure, 7, "System.Title", f"Round the total {number}")
    azure.board.claim(azure.board.load(7), azure.job.build_id)
    assert azure.board.claim(azure.board.load(7), "999") is None


def test_the_comment_is_written_once_and_then_rewritten(azure: Connected) -> None:
    first = azure.board.comment(7, MARKER, f"**{MARKER}**\n\nA pull request: !1")
    again = azure.board.comment(7, MARKER, f"**{MARKER}**\n\nNothing to do")
    assert first == again
    assert first.startswith(f"{azure.job.collection_url}My%20Shop/_workitems/edit/7#")
    texts = [comment.text for comment in azure.board.load(7).comments]
    assert len(texts) == 3
    assert texts[-1] == f"**{MARKER}**\n\nNothing to do"


def test_a_comment_of_a_person_is_never_rewritten(tmp_path: Path) -> None:
    quoting = [{"text": f"Who is **{MARKER}**?", "author": "Ann Archer <ann@contoso.com>"}]
    story = {"id": 7, "type": "Task", "fields": {"System.Title": "T"}, "comments": quoting}
    seed = {"project": "My Shop", "repositories": [{"name": "web"}], "work_items": [story]}
    with running(tmp_path, seed=seed) as emulator:
        azure = connect(emulator)
        azure.board.comment(7, MARKER, "Done")
        texts = [comment.text for comment in azure.board.load(7).comments]
    assert texts == [f"Who is **{MARKER}**?", f"Done\n\n{MARKER}"]


def test_a_dry_run_changes_nothing_and_lists_the_calls(emulator: Emulator) -> None:
    azure = connect(emulator, "note")
    item = azure.board.load(7)
    assert azure.board.claim(item, azure.job.build_id)
    assert azure.board.comment(7, MARKER, "Done") == ""
    azure.board.mark(item, Mark("Closed", "done"))
    azure.board.release(7, azure.job.build_id)
    assert azure.board.load(7) == item
    assert [(noted.method, noted.url.removeprefix(emulator.url)) for noted in azure.client.noted] == [
        ("PATCH", "_apis/wit/workitems/7"),
        ("POST", "My%20Shop/_apis/wit/workItems/7/comments?format=markdown"),
        ("PATCH", "_apis/wit/workitems/7"),
    ]


def test_a_missing_right_is_named(tmp_path: Path) -> None:
    seed = {**SEED, "repositories": [{"name": "web"}], "deny": ["WorkItemWrite"]}
    with running(tmp_path, seed=seed) as emulator:
        azure = connect(emulator)
        with pytest.raises(PermissionMissingError, match=r"'Edit work items in this node'.*Areas"):
            azure.board.claim(azure.board.load(7), azure.job.build_id)


def test_an_unreadable_item_names_the_right_to_grant(tmp_path: Path) -> None:
    task = {"id": 7, "type": "Task", "fields": {"System.Title": "T"}}
    seed = {"project": "My Shop", "repositories": [{"name": "web"}], "work_items": [task], "deny": ["WorkItemRead"]}
    with running(tmp_path, seed=seed) as emulator, pytest.raises(NotThereError, match="View work items in this node"):
        connect(emulator).board.load(7)


def test_the_texts_of_the_parent_and_the_names_of_links_are_read(azure: Connected) -> None:
    edit(azure, 3, "System.Description", "<p>The cart as a <b>whole</b></p>")
    edit(azure, 3, "Microsoft.VSTS.Common.AcceptanceCriteria", "<ul><li>It is quick</li></ul>")
    edit(azure, 5, "System.Description", "<p>Not for this item</p>")
    artifact = "vstfs:///Git/{}/11111111-1111-1111-1111-111111111111%2f22222222-2222-2222-2222-222222222222%2f{}"
    links = [
        {"rel": "ArtifactLink", "url": artifact.format("PullRequestId", "12"), "attributes": {"name": "Pull Request"}},
        {"rel": "ArtifactLink", "url": artifact.format("Commit", "a" * 40), "attributes": {"name": "Fixed in Commit"}},
        {"rel": "ArtifactLink", "url": artifact.format("Ref", "GBfix%2fcart"), "attributes": {"name": "Branch"}},
        {"rel": "Hyperlink", "url": "https://example.com/design", "attributes": {"comment": "the design"}},
    ]
    body = [{"op": "add", "path": "/relations/-", "value": link} for link in links]
    azure.client.write("PATCH", "_apis/wit/workitems/7", body=body, content_type=JSON_PATCH)
    item = azure.board.load(7)
    assert [(one.relation, one.text) for one in item.related] == [
        ("parent", "The cart as a **whole**\n\n- It is quick"),
        ("related", ""),
    ]
    assert item.links == (
        "pull request 12",
        "commit aaaaaaaaaaaa",
        "branch fix/cart",
        "https://example.com/design (the design)",
    )


def test_fields_that_the_settings_name_are_read(azure: Connected) -> None:
    edit(azure, 7, "Custom.Rules", "<ul><li>Round half up</li></ul>")
    board = AzureBoard(azure.client, "My Shop", azure.said.append, ("Custom.Rules", "Custom.Absent"))
    assert board.load(7).fields == (Field("Custom.Rules", "- Round half up"),)
    assert azure.board.load(7).fields == ()


@pytest.mark.parametrize("kind", ["Feature", "Epic"])
def test_an_item_that_never_starts_a_run_takes_one_request(azure: Connected, kind: str) -> None:
    path = f"My%20Shop/_apis/wit/workitems/${kind}"
    made = azure.client.write(
        "POST", path, body=[{"op": "add", "path": "/fields/System.Title", "value": "T"}], content_type=JSON_PATCH
    )
    item = azure.board.load(int(made["id"]))
    assert (item.type, item.related, item.comments) == (kind, (), ())
