"""States and tags of work items: by name or category, in one write, and never over what a person did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devops_emulator.server import running
from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.errors import AzureError, UsageError
from redimento.work_items.item import WorkItem
from redimento.work_items.mark import Mark
from tests.azure.conftest import SEED, Connected, connect
from tests.azure.hostile import Serve, json_answer, nothing
from tests.azure.test_boards_faults import ITEM, board_on

GERMAN = {"User Story": "Neu=Proposed, Bereit=Proposed, In Arbeit=InProgress, Im Review=Resolved, Fertig=Completed"}


def edit(azure: Connected, **fields: str) -> None:
    """Edit item 7 as Ann."""
    ann = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"])
    body = [{"op": "replace", "path": f"/fields/System.{name}", "value": value} for name, value in fields.items()]
    ann.write("PATCH", "_apis/wit/workitems/7", body=body, content_type=JSON_PATCH)


def fields(azure: Connected) -> tuple[str, str]:
    found = azure.client.get("_apis/wit/workitems/7")["fields"]
    return found["System.State"], found.get("System.Tags", "")


@pytest.mark.parametrize(("setting", "state"), [("resolved", "Resolved"), ("category:Resolved", "Resolved")])
def test_a_state_is_set_by_name_or_category_once(azure: Connected, setting: str, state: str) -> None:
    item, kept = azure.board.mark(azure.board.load(7), Mark(setting))
    assert (item.state, azure.board.category(item), kept) == (state, "Resolved", ())
    assert azure.board.load(7).revision == item.revision
    assert azure.board.mark(item, Mark(setting))[0].revision == item.revision


def test_a_category_is_its_first_state_in_the_types_own_workflow(tmp_path: Path) -> None:
    story = {"id": 7, "type": "User Story", "fields": {"System.Title": "T", "System.State": "Neu"}}
    seed = {"project": "My Shop", "repositories": [{"name": "web"}], "work_items": [story], "states": GERMAN}
    with running(tmp_path, seed=seed) as emulator:
        azure = connect(emulator)
        item = azure.board.load(7)
        assert azure.board.mark(replace(item, state="Bereit"), Mark("category:Proposed"))[0].state == "Neu"
        for setting, state in (("category:in progress", "In Arbeit"), ("category:Resolved", "Im Review")):
            item, _ = azure.board.mark(item, Mark(setting))
            assert item.state == state
        with pytest.raises(UsageError, match=r"no state of the category Removed\. .*Neu, Bereit, In Arbeit"):
            azure.board.mark(item, Mark("category:Removed"))


def test_a_state_that_the_type_does_not_have_is_refused_with_those_it_has_and_tags_are_set(azure: Connected) -> None:
    with pytest.raises(UsageError, match=r"no state 'Done'.*New, Active, Resolved, Closed"):
        azure.board.mark(azure.board.load(7), Mark("Done", "pr there"))
    assert fields(azure) == ("Active", "ready; web; pr there")


def test_state_and_tags_take_one_write_and_peoples_tags_stay(azure: Connected) -> None:
    item = azure.board.load(7)
    edit(azure, Tags="ready; web; working; urgent")
    marked, _ = azure.board.mark(item, Mark("Resolved", "pr there", ("Working",)))
    assert marked.revision == item.revision + 2
    assert fields(azure) == ("Resolved", "ready; web; urgent; pr there")
    assert azure.board.mark(marked, Mark("", "PR there"))[0].revision == marked.revision
    azure.board.mark(marked, Mark(without=("ready", "web", "urgent", "pr there")))
    assert fields(azure) == ("Resolved", "")


def test_no_state_goes_back_but_from_in_progress_for_questions(azure: Connected) -> None:
    item, _ = azure.board.mark(azure.board.load(7), Mark("Resolved"))
    for back in (False, True):
        same, kept = azure.board.mark(item, Mark("category:InProgress", back=back))
        assert (same.state, kept) == (
            "Resolved",
            ("The work item is in 'Resolved' already, so it was not moved back to 'Active'.",),
        )
    edit(azure, State="Active")
    item = azure.board.load(7)
    assert azure.board.mark(item, Mark("New"))[0].state == "Active"
    assert azure.board.mark(item, Mark("New", back=True))[0].state == "New"


def test_a_persons_concurrent_change_of_the_state_wins(azure: Connected) -> None:
    item = azure.board.load(7)
    edit(azure, State="New")
    for current in (False, True):
        marked, kept = azure.board.mark(item, Mark("Resolved", "pr there"), current=current)
        assert kept == ("Somebody moved the work item to 'New' meanwhile, so it was not moved to 'Resolved'.",)
        assert (marked.state, "pr there" in marked.tags) == ("New", True)


def test_an_edit_after_the_look_is_not_overwritten(azure: Connected) -> None:
    item = azure.board.load(7)
    edit(azure, Tags="urgent")
    marked, _ = azure.board.mark(item, Mark("Resolved", "pr there"), current=True)  # what it knows is too old
    assert fields(azure) == ("Resolved", "urgent; pr there")
    assert marked.revision == item.revision + 2


def test_without_the_right_to_create_tags_the_state_is_set_and_the_way_out_said(tmp_path: Path) -> None:
    seed = {**SEED, "repositories": [{"name": "web"}], "deny": ["CreateTagDefinition"]}
    with running(tmp_path, seed=seed) as emulator:
        azure = connect(emulator)
        item, _ = azure.board.mark(azure.board.load(7), Mark("Resolved", "pr there"))
        assert fields(azure) == ("Resolved", "ready; web")
        (said,) = azure.said
        assert said.startswith("The tag 'pr there' was not added. ")
        assert "lacks the right 'Create tag definition'" in said
        assert "let somebody who may create tags put it on a work item that keeps it" in said
        body = [{"op": "add", "path": "/fields/System.Tags", "value": "pr there"}]
        ann = AzureClient(emulator.url, emulator.tokens["ann@contoso.com"])
        ann.write("PATCH", "_apis/wit/workitems/5", body=body, content_type=JSON_PATCH)
        azure.board.mark(item, Mark(tag="pr there"))
        assert fields(azure) == ("Resolved", "ready; web; pr there")


def test_a_rule_of_the_process_names_its_field_and_tags_are_set(tmp_path: Path) -> None:
    rule = {"User Story": {"Resolved": ["Custom.Team"]}}
    with running(tmp_path, seed={**SEED, "repositories": [{"name": "web"}], "required_by_state": rule}) as emulator:
        azure = connect(emulator)
        with pytest.raises(AzureError, match=r"A rule of the process for the field 'Team' \(Required, InvalidEmpty\)"):
            azure.board.mark(azure.board.load(7), Mark("Resolved", "pr there"))
        assert fields(azure) == ("Active", "ready; web; pr there")


def test_a_tag_that_a_person_took_off_stays_off_for_the_same_request(azure: Connected) -> None:
    item, _ = azure.board.mark(azure.board.load(7), Mark(tag="pr there"))
    azure.board.mark(item, Mark(without=("pr there",)))
    azure.board.mark(item, Mark(tag="pr there", again=True))  # a run itself took it off
    assert fields(azure)[1] == "ready; web; pr there"
    edit(azure, Tags="ready; web")
    azure.board.mark(item, Mark("Resolved", "PR there", again=True))
    assert fields(azure) == ("Resolved", "ready; web")
    azure.board.mark(replace(item, state="Resolved"), Mark(tag="pr there"))  # the item asks for something else
    assert fields(azure)[1] == "ready; web; pr there"


def test_an_empty_mark_takes_no_request(serve: Serve) -> None:
    server = serve()
    board, _ = board_on(server)
    assert board.mark(ITEM, Mark(back=True)) == (ITEM, ())
    assert server.seen == []


def test_a_mark_whose_answer_was_lost_is_not_written_twice(serve: Serve) -> None:
    before, after = (
        {"id": 7, "rev": rev, "fields": {"System.State": state}} for rev, state in ((3, "Active"), (4, "Closed"))
    )
    states = json_answer({"value": [{"name": "Active", "category": "InProgress"}, {"name": "Closed"}]})
    server = serve(states, json_answer(before), nothing(), json_answer(after))
    board, _ = board_on(server)
    item, _ = board.mark(replace(ITEM, state="Active"), Mark("Closed"))
    assert (item.state, item.revision) == ("Closed", 4)
    assert [seen.method for seen in server.seen] == ["GET", "GET", "PATCH", "GET"]


def test_a_category_needs_states_that_can_be_read(serve: Serve) -> None:
    now = json_answer({"id": 7, "rev": 3, "fields": {"System.State": "Active"}})
    board, said = board_on(serve(json_answer({"value": 5}), now))
    with pytest.raises(AzureError, match="The states of the type Bug are unknown"):
        board.mark(replace(ITEM, state="Active"), Mark("category:Resolved"))
    assert len(said) == 1


_NAMES = st.text(st.characters(exclude_characters=";", exclude_categories=["Cc", "Cs", "Zs"]), min_size=1, max_size=8)


@given(st.lists(_NAMES), _NAMES, st.lists(_NAMES))
def test_people_keep_their_tags(now: list[str], tag: str, without: list[str]) -> None:
    tags: Any = Mark(tag=tag, without=tuple(without)).tags(tuple(now))
    lost = {one.casefold() for one in now} - {one.casefold() for one in tags}
    assert lost <= {one.casefold() for one in without}
    assert tag.casefold() in {one.casefold() for one in tags}
    assert Mark(tag=tag).tags(tags) == tags


def test_an_item_value_knows_what_was_set(azure: Connected) -> None:
    before: WorkItem = azure.board.load(7)
    marked, _ = azure.board.mark(before, Mark("Resolved", "pr there"), current=True)
    now = azure.board.load(7)
    assert (marked.state, marked.tags, marked.revision) == (now.state, now.tags, now.revision)
