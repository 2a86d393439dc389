"""What a work item shows of a run: its comment while it works and after, its state and its tags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redimento.azure.boards import AzureBoard
from redimento.azure.client import JSON_PATCH
from redimento.events import Event, Note, StepStarted, Warned
from tests.run.conftest import GOOD_FIX, Site
from tests.run.test_people import claim, remove_label
from tests.run.test_reruns import (
    COMMENTS,
    HOOK,
    OTHER_FIX,
    PLAIN,
    comments,
    during_delivery,
    is_write,
    links,
    pull_request,
)

TAGS = {"tag_started": "AI works", "tag_delivered": "AI done", "tag_questions": "AI asks"}
MARKED: dict[str, Any] = {
    **PLAIN,
    "updates": {
        "state_started": "category:InProgress",
        "state_delivered": "category:Resolved",
        "state_questions": "category:Proposed",
        **TAGS,
    },
}
QUESTION = '```json\n{"questions": ["Which rounding is meant?"]}\n```'


def at_step(name: str, action: Callable[[], None]) -> Callable[[Event], None]:
    def emit(event: Event) -> None:
        if isinstance(event, StepStarted) and event.name == name:
            action()

    return emit


def as_mallory(site: Site, **fields: str) -> None:
    patch = [{"op": "replace", "path": f"/fields/System.{name}", "value": value} for name, value in fields.items()]
    site.mallory.write("PATCH", "_apis/wit/workitems/7", body=patch, content_type=JSON_PATCH)


def shown(site: Site) -> tuple[str, str]:
    fields = site.get("_apis/wit/workitems/7")["fields"]
    return fields["System.State"], fields.get("System.Tags", "")


def killed_while_it_works(site: Site, settings: dict[str, Any]) -> None:
    """Kill a run once its comment says that it works."""
    config = site.config([OTHER_FIX], settings)
    site.kill(
        "run",
        "--work-item",
        "7",
        config=config,
        when=lambda method, path: is_write(method, path) and "git-receive-pack" in path,
    )


def test_the_comment_says_that_a_run_works_and_becomes_its_result(site: Site) -> None:
    seen: list[str] = []
    site.carry_out([GOOD_FIX], PLAIN, emit=at_step("author", lambda: seen.extend(comments(site))))
    (working,) = seen
    lines = working.splitlines()
    assert lines[0] == "**Redimento, calc**"
    assert lines[2].startswith("Working since 20")
    url = site.environment["SYSTEM_COLLECTIONURI"] + "Shop/_build/results?buildId=1"
    assert lines[2].endswith(f" UTC: [run]({url}). This comment becomes the result.")
    (result,) = comments(site)
    assert "Draft pull request 1" in result
    assert "orking" not in result
    assert "no result yet" not in result


def test_a_run_without_work_leaves_no_comment_and_keeps_a_result(site: Site) -> None:
    site.run([], {**PLAIN, "work_items": {"tags": ["ai"]}})
    assert comments(site) == []
    site.run([GOOD_FIX], PLAIN)
    said = comments(site)
    writes: list[str] = []
    site.watchers.append(lambda method, path: writes.append(path) if is_write(method, path) else None)
    site.variables |= HOOK
    for settings in ({**PLAIN, "work_items": {"tags": ["ai"]}}, PLAIN):
        site.run([], settings)
        assert (writes, comments(site)) == ([], said)


def test_without_comments_there_is_none_while_a_run_works(site: Site) -> None:
    seen: list[str] = []
    settings = {**PLAIN, "updates": {"comment": False}}
    site.carry_out([GOOD_FIX], settings, emit=at_step("author", lambda: seen.extend(comments(site))))
    assert (seen, comments(site)) == ([], [])


def test_the_comment_of_a_killed_run_is_no_result_and_keeps_what_runs_remember(site: Site) -> None:
    site.run([GOOD_FIX], PLAIN)
    remembered = comments(site)[0].splitlines()[-1]
    site.change_item(description="<p>Once more.</p>")
    killed_while_it_works(site, PLAIN)
    (working,) = comments(site)
    reference = remembered[remembered.index("reference ") :].split(",")[0]
    assert "Working since" in working
    url = "Shop/_git/calc/pullrequest/1 , runs so far: 1, "
    last = working.splitlines()[-1]
    assert last.startswith(f"{reference}, earlier pull request: ")
    assert url in last
    assert last.endswith(" USD, no result yet ⏳")

    assert site.run([OTHER_FIX], PLAIN).kind == "draft"
    (result,) = comments(site)
    assert "Draft pull request 1" in result
    assert "runs so far: 3, " in result
    assert "no result yet" not in result


@pytest.mark.parametrize("comment", [True, False])
def test_an_item_that_is_closed_after_a_killed_run_does_not_go_on_saying_that_one_works(
    organise: Callable[..., Site], *, comment: bool
) -> None:
    site = organise(**{"System.State": "New"})
    settings = {**MARKED, "updates": {**MARKED["updates"], "comment": comment}}
    killed_while_it_works(site, settings)
    assert shown(site) == ("Active", "AI works")
    as_mallory(site, State="Closed")
    ended = site.run([], settings).finished.outcome
    assert "it is already done" in ended.sentence
    assert shown(site) == ("Closed", "")
    assert links(site) == []
    if comment:
        (said,) = comments(site)
        assert "it is already done" in said
        assert "A run before this one ended before it had a result." in said
        assert said.splitlines()[-1] == "runs so far: 1, 2.00 USD"
    else:
        assert comments(site) == []
    as_mallory(site, State="Active")
    assert site.run([GOOD_FIX], settings).kind == "draft"


def test_a_run_that_is_interrupted_says_so(site: Site) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    ended = site.carry_out([GOOD_FIX], MARKED, emit=at_step("deliver", interrupt))
    assert ended.finished.outcome.exit_code == 130
    (said,) = comments(site)
    assert "The run ended before it had a result." in said
    assert "runs so far: 1, " in said
    assert (shown(site)[1], links(site)) == ("", [])
    site.variables |= HOOK
    assert "nobody queued this run by hand" in site.run([], MARKED).finished.outcome.sentence


def test_a_change_beside_a_run_that_works_leaves_its_comment_alone(
    organise: Callable[..., Site], tmp_path: Path
) -> None:
    origin = str(tmp_path / "origin")
    site = organise(seed={"repositories": [{"name": "calc", "from": origin}, {"name": "other"}]})
    build = site.emulator.environment["other"]["BUILD_BUILDID"]
    claim(site, build)
    board = AzureBoard(site.client(), "Shop", print)
    text = "**Redimento, calc**\n\nWorking since 2026-01-01 00:00 UTC: [run](x).\n\nno result yet ⏳"
    board.comment(7, "Redimento, calc", text)
    site.variables |= HOOK
    for settings in (PLAIN, {**PLAIN, "work_items": {"states": ["Resolved"]}}):
        ended = site.run([], settings).finished.outcome
        assert ended.sentence == "Another run is working on this item."
    assert comments(site) == [text]
    assert len(links(site)) == 1


def test_states_and_tags_follow_a_run(organise: Callable[..., Site]) -> None:
    site = organise(**{"System.State": "New", "System.Tags": "mine"})
    seen: list[tuple[str, str]] = []
    site.carry_out([GOOD_FIX], MARKED, emit=at_step("author", lambda: seen.append(shown(site))))
    assert [*seen, shown(site)] == [("Active", "mine; AI works"), ("Resolved", "mine; AI done")]
    site.change_item(description="<p>Once more.</p>")
    site.run(["not an answer"] * 4, MARKED)
    assert shown(site) == ("Resolved", "mine; AI done")  # its pull request is still there

    as_mallory(site, State="Active")
    site.change_item(description="<p>And again.</p>")
    site.run([QUESTION], MARKED)
    assert shown(site) == ("New", "mine; AI asks")


def test_a_run_that_is_queued_again_after_a_failure_is_admitted_in_the_state_that_it_set(
    organise: Callable[..., Site],
) -> None:
    site = organise(**{"System.State": "New"})
    settings = {**MARKED, "work_items": {"states": ["category:Proposed"]}}
    assert site.run(["not an answer"] * 4, settings).kind == "failed"
    assert shown(site) == ("Active", "")
    assert site.run([GOOD_FIX], settings).kind == "draft"
    assert shown(site) == ("Resolved", "AI done")


def test_a_killed_run_is_finished_although_it_moved_the_item(organise: Callable[..., Site]) -> None:
    site = organise(**{"System.State": "New"})
    settings = {**MARKED, "work_items": {"states": ["New"]}}
    killed_while_it_works(site, settings)
    assert shown(site) == ("Active", "AI works")
    assert site.run([GOOD_FIX], settings).kind == "draft"
    assert shown(site) == ("Resolved", "AI done")
    assert len(comments(site)) == 1


def test_a_tag_that_no_run_could_take_off_goes_when_the_next_one_is_queued_by_hand(site: Site) -> None:
    settings = {**MARKED, "work_items": {"states": ["Active"]}}
    assert site.run([GOOD_FIX], settings).kind == "draft"
    as_mallory(site, State="Closed", Tags="AI works; mine")
    said = comments(site)
    site.variables |= HOOK
    assert site.run([GOOD_FIX], settings).kind == "skipped"
    assert shown(site) == ("Closed", "AI works; mine")
    site.variables["BUILD_REASON"] = "Manual"
    assert site.run([GOOD_FIX], settings).kind == "skipped"
    assert shown(site) == ("Closed", "mine")
    assert comments(site) == said
    assert not any("/Build/" in link for link in links(site))


def test_a_person_who_moves_the_item_while_the_run_works_wins(site: Site) -> None:
    move = during_delivery(lambda: as_mallory(site, State="New", Tags="urgent"))
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        move(event)

    assert site.carry_out([GOOD_FIX], MARKED, emit=emit).finished.outcome.kind == "draft"
    assert shown(site) == ("New", "urgent; AI done")
    said = "Somebody moved the work item to 'New' meanwhile, so it was not moved to 'Resolved'."
    assert said in comments(site)[0].replace("\\", "")
    assert said in [event.text for event in events if isinstance(event, Note)]
    assert not [event for event in events if isinstance(event, Warned)]


def test_a_tag_that_a_person_took_off_comes_back_with_a_new_request_only(site: Site) -> None:
    site.run([GOOD_FIX], MARKED)
    as_mallory(site, Tags="")
    assert site.run([OTHER_FIX], MARKED).kind == "draft"  # queued by hand
    assert "AI done" not in shown(site)[1]
    site.change_item(description="<p>Once more.</p>")
    site.run([GOOD_FIX], MARKED)
    assert shown(site)[1] == "AI done"


def test_without_the_right_to_create_tags_a_run_warns_and_goes_on(organise: Callable[..., Site]) -> None:
    site = organise(seed={"deny": ["CreateTagDefinition"]})
    ended = site.run([GOOD_FIX], {**MARKED, "pull_request": {"labels": []}})
    assert ended.kind == "draft"
    assert shown(site) == ("Resolved", "")
    warned = [event.text for event in ended.events if isinstance(event, Warned)]
    assert [text.split(" was")[0] for text in warned] == ["The tag 'AI works'", "The tag 'AI done'"]
    assert all("'Create tag definition'" in text for text in warned)


def test_a_label_that_a_person_removed_stays_off_where_there_are_no_comments(site: Site) -> None:
    settings = {**PLAIN, "updates": {"comment": False}}
    site.run([GOOD_FIX], settings)
    remove_label(site)
    assert site.run([OTHER_FIX], settings).kind == "draft"
    assert not pull_request(site).get("labels")


def test_a_comment_that_a_person_deletes_meanwhile_is_written_again(site: Site) -> None:
    def delete() -> None:
        path = "_apis/wit/workItems/7/comments"
        for row in site.get(path, api_version=COMMENTS)["comments"]:
            site.mallory.write("DELETE", f"{path}/{row['id']}", project="Shop", body=None, api_version=COMMENTS)

    site.carry_out([GOOD_FIX], PLAIN, emit=during_delivery(delete))
    (said,) = comments(site)
    assert "Draft pull request 1" in said


def test_marks_take_few_requests(organise: Callable[..., Site]) -> None:
    site = organise(**{"System.State": "New"})
    seen: list[str] = []
    site.watchers.append(lambda method, path: seen.append(path) if "/_git/" not in path else None)
    site.run([GOOD_FIX], MARKED)
    assert len(seen) <= 13
    seen.clear()
    site.variables |= HOOK
    site.run([], MARKED)
    assert len(seen) <= 5
