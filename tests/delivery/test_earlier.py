"""Whether an earlier run is a reason to stop: the branch's tip and the known pull request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.delivery import signature
from redimento.delivery.branches import REFERENCE, Generated, Tip
from redimento.delivery.earlier import (
    Start,
    Stop,
    Tally,
    asked,
    asked_after,
    asks_for,
    memory,
    names_to_try,
    others,
    outdated,
    own,
    reference,
    remembered,
    reopened,
    stop_by_branch,
    stop_by_item,
    stop_by_pull_request,
    stop_repeated,
    tally,
)
from redimento.delivery.pull_request import PullRequest, PullRequestText
from redimento.delivery.texts import comment, working
from redimento.outcome import Outcome
from redimento.repository.branch_name import branch_pattern
from redimento.settings import Settings
from redimento.text.wording import LANGUAGES
from redimento.work_items.item import Comment, WorkItem

MARKER = "Redimento, web"
BRANCH = "redimento/7-round"
STORY = WorkItem(
    id=7,
    revision=3,
    type="User Story",
    kind="story",
    title="Round",
    description="Totals are off.",
    acceptance_criteria=("Half up",),
    repro_steps="Buy two.",
    system_info="Linux",
    comments=(Comment(1, "Ann", "2026-01-01T00:00:00Z", "Use Decimal."),),
)
NOW = asks_for(STORY)
REFERENCE_NOW = reference(STORY, Settings(), "b" * 40)

NO_BRANCH = None
OURS = Tip("a" * 40, Generated("a" * 40, {REFERENCE: NOW}))
OURS_BEFORE_THE_ITEM_CHANGED = Tip("a" * 40, Generated("a" * 40, {REFERENCE: "0123456789ab"}))
CONTINUED_BY_A_PERSON = Tip("c" * 40, Generated("a" * 40, {REFERENCE: NOW}))
CONTINUED_BEFORE_THE_ITEM_CHANGED = Tip("c" * 40, Generated("a" * 40, {REFERENCE: "0123456789ab"}))
A_PERSONS = Tip("a" * 40, None)

ACTIVE = PullRequest(3, "https://x.invalid/3", BRANCH, "main", "Round", "", draft=False, status="active")
DRAFT = replace(ACTIVE, draft=True)
COMPLETED = replace(ACTIVE, status="completed")
COMPLETED_DRAFT = replace(COMPLETED, draft=True)  # Azure keeps the flag
ABANDONED = replace(ACTIVE, status="abandoned")
ABANDONED_DRAFT = replace(ABANDONED, draft=True)

GO_ON = None
ANSWERED = (
    "Pull request 3 already answers this work item (https://x.invalid/3). "
    "Change the work item or delete the branch to let a run start over."
)
FINISHED = f"{ANSWERED} What its run had not done yet was done now."
MERGED = "Pull request 3 was completed (https://x.invalid/3). Change the work item to let a run start over."
MERGED_AND_DELETED = (
    "Pull request 3 was completed and its branch deleted (https://x.invalid/3). "
    "Change the work item to let a run start over."
)
REFUSED = (
    "Pull request 3 was abandoned (https://x.invalid/3). "
    "Change the work item or delete the branch to let a run start over."
)
REFUSED_AND_DELETED = (
    "Pull request 3 was abandoned (https://x.invalid/3). Change the work item to let a run start over."
)
A_PERSON_WORKS_THERE = (
    "No commit on the branch redimento/7-round is as Redimento made it, so a person is working there. "
    "Delete or rename the branch to let a run start over."
)
QUESTIONS_ARE_OPEN = (
    "The questions asked on this work item are not answered yet. Answer in a comment or in the description."
)
NOTHING_NEW = (
    "Nobody has changed what this work item asks for since the last run, and nobody queued this run by hand. "
    "Change the work item, or queue the run by hand to try again."
)


def said(text: str, item: WorkItem = STORY) -> WorkItem:
    """Return the item with our comment."""
    comment = Comment(9, "Build", "2026-01-02T00:00:00Z", f"**{MARKER}**\n\n{text}", ours=True)
    return replace(item, comments=(*item.comments, comment))


def start(item: WorkItem = STORY, **more: Any) -> Start:
    return replace(Start(item, MARKER, REFERENCE_NOW), **more)


DELIVERED = said(
    f"[Pull request 3](https://x.invalid/3) is ready for review.\n\nreference {REFERENCE_NOW}, runs so far"
)
BEFORE = said(
    "[Pull request 3](https://x.invalid/3) is ready for review.\n\nreference 0123456789ab-01234567, runs so far"
)
FAILED = said(f"It failed.\n\nreference {REFERENCE_NOW}, earlier pull request: https://x.invalid/3 , runs so far")


@pytest.mark.parametrize(
    ("tip", "pull_request", "reason"),
    [
        (NO_BRANCH, None, GO_ON),
        (NO_BRANCH, ACTIVE, GO_ON),
        (NO_BRANCH, DRAFT, GO_ON),
        (NO_BRANCH, COMPLETED, MERGED_AND_DELETED),
        (NO_BRANCH, COMPLETED_DRAFT, MERGED_AND_DELETED),
        (NO_BRANCH, ABANDONED, REFUSED_AND_DELETED),
        (OURS, None, GO_ON),
        (OURS, ACTIVE, ANSWERED),
        (OURS, DRAFT, GO_ON),
        (OURS, COMPLETED, MERGED),
        (OURS, COMPLETED_DRAFT, MERGED),
        (OURS, ABANDONED, REFUSED),
        (OURS, ABANDONED_DRAFT, REFUSED),
        (CONTINUED_BY_A_PERSON, None, GO_ON),
        (CONTINUED_BY_A_PERSON, ACTIVE, ANSWERED),
        (CONTINUED_BEFORE_THE_ITEM_CHANGED, ACTIVE, GO_ON),
        (OURS_BEFORE_THE_ITEM_CHANGED, None, GO_ON),
        (OURS_BEFORE_THE_ITEM_CHANGED, ACTIVE, GO_ON),
        (OURS_BEFORE_THE_ITEM_CHANGED, DRAFT, GO_ON),
        (OURS_BEFORE_THE_ITEM_CHANGED, COMPLETED, GO_ON),
        (OURS_BEFORE_THE_ITEM_CHANGED, ABANDONED, GO_ON),
        *(
            (A_PERSONS, pull_request, A_PERSON_WORKS_THERE)
            for pull_request in (None, ACTIVE, DRAFT, COMPLETED, ABANDONED)
        ),
    ],
)
def test_what_a_finished_run_left_stops_this_one_or_does_not(
    tip: Tip | None, pull_request: PullRequest | None, reason: str | None
) -> None:
    stop = stop_by_branch(start(DELIVERED), BRANCH, tip, pull_request)
    assert stop == (None if reason is None else Stop(reason))


@pytest.mark.parametrize("pull_request", [COMPLETED, ABANDONED])
def test_a_changed_item_gets_a_new_pull_request_once_the_branch_is_deleted(pull_request: PullRequest) -> None:
    assert stop_by_branch(start(BEFORE), BRANCH, NO_BRANCH, pull_request) is None
    text = PullRequestText(BRANCH, "main", "Round", "Done.", draft=False, work_item_id=7)
    for answered, stops in ((REFERENCE_NOW, True), ("0123456789ab-01234567", False)):
        signed = replace(pull_request, description=signature.sign(text, answered).description)
        assert (stop_by_branch(start(), BRANCH, NO_BRANCH, signed) is not None) == stops


@pytest.mark.parametrize("pull_request", [ACTIVE, DRAFT])
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_killed_run_is_finished_first(pull_request: PullRequest, *, by_hand: bool) -> None:
    for item in (STORY, BEFORE, FAILED):
        assert stop_by_branch(start(item, by_hand=by_hand), BRANCH, OURS, pull_request) == Stop(
            FINISHED, unsettled=True
        )
    claimed = start(replace(DELIVERED, claims=("11",)), by_hand=by_hand, run="12")
    assert stop_by_branch(claimed, BRANCH, OURS, pull_request) == Stop(FINISHED, unsettled=True)


def test_a_text_that_answers_an_earlier_request_is_outdated_unless_a_person_edited_it() -> None:
    text = PullRequestText(BRANCH, "main", "Round", "Done.", draft=False, work_item_id=7)
    old, new = (signature.sign(text, ref).description for ref in ("0123456789ab-01234567", REFERENCE_NOW))
    assert outdated(start(BEFORE), replace(ACTIVE, description=old))
    for description in (new, old.replace("Done.", "Done by me."), "Mine."):
        assert not outdated(start(BEFORE), replace(ACTIVE, description=description))


def test_a_draft_is_tried_again_by_hand_but_not_for_our_own_updates() -> None:
    assert stop_by_branch(start(DELIVERED), BRANCH, OURS, DRAFT) is None
    hook = start(DELIVERED, by_hand=False)
    assert stop_by_item(hook) == Stop(NOTHING_NEW)
    other_settings = replace(hook, reference=reference(DELIVERED, Settings(), "c" * 40))
    assert stop_by_item(other_settings) is None
    assert stop_by_branch(other_settings, BRANCH, OURS, DRAFT) is None
    assert stop_by_item(replace(other_settings, changed_by_run=lambda: True)) == Stop(NOTHING_NEW)


@pytest.mark.parametrize("item", [DELIVERED, FAILED])
def test_a_change_by_a_person_starts_a_run_whoever_changed_the_item_last(item: WorkItem) -> None:
    changed = replace(item, description="Totals are off by one.")
    asking = start(changed, by_hand=False, reference=reference(changed, Settings(), "b" * 40))
    assert stop_by_item(replace(asking, changed_by_run=lambda: True)) is None


def test_without_comments_our_own_change_starts_no_run() -> None:
    hook = start(by_hand=False, remembers=False, changed_by_run=lambda: True)
    assert stop_by_item(hook) == Stop(NOTHING_NEW)
    assert stop_by_item(replace(hook, changed_by_run=lambda: False)) is None
    assert stop_by_item(replace(hook, remembers=True)) is None
    assert stop_by_item(replace(hook, by_hand=True)) is None


def test_a_settled_answer_needs_no_look_at_the_branch() -> None:
    assert stop_by_pull_request(start(DELIVERED), ACTIVE) == Stop(ANSWERED)
    for item, pull_request in (
        (STORY, ACTIVE),
        (BEFORE, ACTIVE),
        (FAILED, ACTIVE),
        (DELIVERED, DRAFT),
        (DELIVERED, None),
    ):
        assert stop_by_pull_request(start(item), pull_request) is None
    conflict = stop_by_pull_request(start(DELIVERED), replace(ACTIVE, conflicts=True))
    assert conflict is not None
    assert conflict.sentence.endswith("It conflicts with main.")


def test_commits_of_others_stop_the_run_where_the_settings_say_so() -> None:
    for tip in (CONTINUED_BEFORE_THE_ITEM_CHANGED, CONTINUED_BY_A_PERSON):
        known = ACTIVE if tip is CONTINUED_BEFORE_THE_ITEM_CHANGED else None
        stop = stop_by_branch(start(), BRANCH, tip, known, keep_out=True)
        assert stop is not None
        assert "Somebody else's commits are on the branch redimento/7-round" in stop.sentence
    assert stop_by_branch(start(), BRANCH, OURS_BEFORE_THE_ITEM_CHANGED, ACTIVE, keep_out=True) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("> runs so far: 0, 0.00 USD\n\nreference x, runs so far: 3, 1.25 USD", Tally(3, 1.25)),
        ("reference x, runs so far: 3, 1.25 USD", Tally(3, 1.25)),
        (r"runs so far: 3, 1\.25 USD", Tally(3, 1.25)),
        ("no tally", Tally()),
    ],
)
def test_our_comment_counts_runs_and_money(text: str, found: Tally) -> None:
    assert tally(said(text), MARKER) == found
    assert tally(STORY, MARKER) == Tally()


def test_the_branch_of_an_earlier_title_is_found() -> None:
    like = branch_pattern("redimento/{id}-{slug}", id=7)
    heads = ["main", "redimento/7-old", "redimento/77-other", "redimento/7-round", "x/redimento/7-old", "redimento/7"]
    assert [*names_to_try("redimento/7-round", like, heads)] == ["redimento/7-round", "redimento/7-old"]
    assert [*names_to_try("redimento/7-new", like, heads)] == ["redimento/7-old", "redimento/7-round"]


def ask(item: WorkItem, ref: str, marker: str = MARKER) -> WorkItem:
    comment = Comment(
        9, "Build", "2026-01-02T00:00:00Z", f"**{marker}**\n\n1. Which?\n\nreference {asked(ref)}", ours=True
    )
    return replace(item, comments=(*item.comments, comment))


@pytest.mark.parametrize("by_hand", [True, False])
def test_open_questions_stop_a_run(*, by_hand: bool) -> None:
    assert stop_by_item(start(ask(STORY, NOW), by_hand=by_hand)) == Stop(QUESTIONS_ARE_OPEN)


def test_an_answer_lets_the_run_go_on() -> None:
    answer = Comment(10, "Ann", "2026-01-03T00:00:00Z", "Half up.")
    asking = ask(STORY, NOW)
    answered = replace(asking, comments=(*asking.comments, answer))
    described = replace(asking, description="Totals are off: round half up.")

    assert stop_by_item(start(answered, reference=reference(answered, Settings(), "b" * 40))) is None
    assert stop_by_item(start(described, reference=reference(described, Settings(), "b" * 40))) is None


def test_a_comment_of_ours_that_asks_nothing_stops_no_run() -> None:
    report = Comment(9, "Build", "2026-01-02T00:00:00Z", f"**{MARKER}**\n\nDone.\n\nreference {NOW}", ours=True)
    item = replace(STORY, comments=(*STORY.comments, report))
    assert stop_by_item(start(item, reference=reference(item, Settings(), "b" * 40))) is None


def test_the_reference_is_the_same_in_every_release() -> None:
    # Another one would do every open work item again.
    assert NOW == "f3dc5888c5b3"


@pytest.mark.parametrize(
    "changed",
    [
        replace(STORY, title="Round up"),
        replace(STORY, description="Totals are wrong."),
        replace(STORY, acceptance_criteria=("Half up", "Shown")),
        replace(STORY, repro_steps="Buy three."),
        replace(STORY, system_info="Windows"),
        replace(STORY, comments=()),
        replace(STORY, title="RoundTotals are off.", description=""),
    ],
)
def test_what_people_write_changes_the_reference(changed: WorkItem) -> None:
    assert asks_for(changed) != NOW


@pytest.mark.parametrize(
    "same",
    [
        replace(STORY, revision=4),
        replace(STORY, state="Active", state_category="InProgress"),
        replace(STORY, tags=("redimento",)),
        replace(STORY, assigned_to="Ann", priority="1", severity="2 - High"),
        ask(STORY, NOW),
    ],
)
def test_what_a_run_or_a_planner_moves_keeps_the_reference(same: WorkItem) -> None:
    assert asks_for(same) == NOW


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("**Redimento, web**\n\nDone.", True),
        ("\n**Redimento, web**\nDone.", True),
        ("Redimento, web", True),
        (r"\*\*Redimento, web\*\*", True),
        ("**Redimento, web-api**\n\nDone.", False),
        ("Thanks!\n\n**Redimento, web**", False),
        ("> Redimento, web", False),
        ("", False),
    ],
)
def test_our_comment_is_known_by_its_whole_first_line(text: str, *, ours: bool) -> None:
    comment = Comment(1, "Build", "2026-01-01T00:00:00Z", text, ours=True)
    assert own(comment, MARKER) is ours
    assert others(replace(STORY, comments=(comment,)), MARKER) == (() if ours else (comment,))


def test_a_persons_comment_with_our_marker_is_a_persons() -> None:
    forged = Comment(9, "Eve", "2026-01-02T00:00:00Z", f"**{MARKER}**\n\n1. Which?\n\nreference {asked(NOW)}")
    item = replace(STORY, comments=(*STORY.comments, forged))
    assert others(item, MARKER) == item.comments
    forged_later = replace(forged, text=f"**{MARKER}**\n\nreference {asked(asks_for(item))}")
    for known in (forged, forged_later):
        forging = replace(STORY, comments=(*STORY.comments, known))
        assert stop_by_item(start(forging, reference=reference(forging, Settings(), "b" * 40))) is None


def test_the_words_of_a_model_in_our_comment_are_no_memory() -> None:
    words = f"> reference {REFERENCE_NOW}, earlier pull request: {ACTIVE.url} \n> [Pull request 3]({ACTIVE.url})"
    item = said(f"It failed.\n\n{words}\n\nreference 0123456789ab-01234567")
    assert start(item).remembered == "0123456789ab-01234567"
    assert not start(item).concluded(ACTIVE)
    questions = said(f"> reference {asked(NOW)}\n\nreference 0123456789ab-01234567")
    assert stop_by_item(start(questions)) is None


def test_a_dead_claim_makes_no_run_pay_again() -> None:
    failed = said(f"It failed.\n\nreference {REFERENCE_NOW}")
    hook = start(replace(failed, claims=("11",)), by_hand=False, run="12")
    assert stop_by_item(hook) is None
    assert stop_repeated(hook) == Stop(NOTHING_NEW, unsettled=True)


@given(
    ref=st.from_regex("((questions|unfinished)-)?[0-9a-f]{12}(-[0-9a-f]{8})?", fullmatch=True),
    runs=st.integers(0, 999_999),
    cents=st.integers(0, 99_999_999),
    url=st.sampled_from(["", ACTIVE.url]),
    after=st.one_of(st.just(""), st.integers(0, 9_999_999_999).map(str)),
    at_work=st.booleans(),
)
def test_a_later_run_reads_the_same_from_our_comment_in_every_language(
    *, ref: str, runs: int, cents: int, url: str, after: str, at_work: bool
) -> None:
    before = Tally(runs, cents / 100 if runs else 0.0)
    for language in LANGUAGES:
        end = memory(ref, before, url, after, working=at_work, language=language)
        item = said(f"It failed 3, so far.\n\n[Run](https://x/y?z=1), $1.23, {end}")
        told = start(item)
        assert (remembered(item, MARKER), tally(item, MARKER)) == (ref, before)
        assert (asked_after(item, MARKER), told.working, told.concluded(ACTIVE)) == (
            after,
            at_work,
            "ready" if url else "",
        )
        assert told.unfinished is ref.startswith("unfinished-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_our_comment_says_first_is_read_in_every_language(language: str) -> None:
    for kind, left in (("delivered", "ready"), ("draft", "draft"), ("skipped", "")):
        outcome = Outcome(
            kind,  # type: ignore[arg-type]
            "[Pull request 4](https://x.invalid/4) is ready.",
            pull_request_id=3,
            pull_request_url=ACTIVE.url,
        )
        text = comment(STORY, outcome, None, marker=MARKER, reference=REFERENCE_NOW, language=language)
        item = said(text.partition("\n")[2])
        assert (start(item).named, start(item).concluded(ACTIVE)) == (3 if left else 0, left)
        assert not start(item).working
        assert reopened(replace(item, title="Another"), MARKER) is (kind == "draft")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comment_while_a_run_works_is_no_result_in_any_language(language: str) -> None:
    kept = memory("", Tally(), working=True, language=language)
    text = working(MARKER, datetime(2026, 3, 1, tzinfo=UTC), "https://x/5", kept, language=language)
    item = said(text.partition("\n")[2])
    assert start(item).working
    assert (start(item).named, remembered(item, MARKER), asked_after(item, MARKER)) == (0, "", "")
