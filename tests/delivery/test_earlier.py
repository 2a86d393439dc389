"""Whether an earlier run is a reason to stop: the branch's tip and the known pull request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.delivery.branches import REFERENCE, Generated, Tip
from redimento.delivery.earlier import asked, others, own, reason_to_stop, reference
from redimento.delivery.pull_request import PullRequest
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
NOW = reference(STORY, MARKER)

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
MERGED = "Pull request 3 was completed (https://x.invalid/3). Change the work item to let a run start over."
MERGED_AND_DELETED = (
    "Pull request 3 was completed and its branch deleted (https://x.invalid/3). "
    "Create a new work item for further changes."
)
REFUSED = (
    "Pull request 3 was abandoned (https://x.invalid/3). "
    "Change the work item or delete the branch to let a run start over."
)
A_PERSON_WORKS_THERE = (
    "No commit on the branch redimento/7-round is as Redimento made it, so a person is working there. "
    "Delete or rename the branch to let a run start over."
)
QUESTIONS_ARE_OPEN = (
    "The questions asked on this work item are not answered yet. Answer in a comment or in the description."
)


@pytest.mark.parametrize(
    ("tip", "pull_request", "reason"),
    [
        (NO_BRANCH, None, GO_ON),
        (NO_BRANCH, ACTIVE, GO_ON),
        (NO_BRANCH, DRAFT, GO_ON),
        (NO_BRANCH, COMPLETED, MERGED_AND_DELETED),
        (NO_BRANCH, COMPLETED_DRAFT, MERGED_AND_DELETED),
        (NO_BRANCH, ABANDONED, GO_ON),
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
def test_what_an_earlier_run_left_stops_this_one_or_does_not(
    tip: Tip | None, pull_request: PullRequest | None, reason: str | None
) -> None:
    assert reason_to_stop(STORY, BRANCH, tip, pull_request, marker=MARKER) == reason


def ask(item: WorkItem, ref: str, marker: str = MARKER) -> WorkItem:
    comment = Comment(
        9, "Build", "2026-01-02T00:00:00Z", f"**{marker}**\n\n1. Which?\n\nreference {asked(ref)}", ours=True
    )
    return replace(item, comments=(*item.comments, comment))


@pytest.mark.parametrize("tip", [NO_BRANCH, OURS, A_PERSONS])
@pytest.mark.parametrize("pull_request", [None, ACTIVE, COMPLETED])
def test_open_questions_stop_a_run_before_anything_else(tip: Tip | None, pull_request: PullRequest | None) -> None:
    assert reason_to_stop(ask(STORY, NOW), BRANCH, tip, pull_request, marker=MARKER) == QUESTIONS_ARE_OPEN


def test_an_answer_lets_the_run_go_on() -> None:
    answer = Comment(10, "Ann", "2026-01-03T00:00:00Z", "Half up.")
    asking = ask(STORY, NOW)
    answered = replace(asking, comments=(*asking.comments, answer))
    described = replace(asking, description="Totals are off: round half up.")

    assert reason_to_stop(answered, BRANCH, None, None, marker=MARKER) is None
    assert reason_to_stop(described, BRANCH, None, None, marker=MARKER) is None


def test_a_comment_of_ours_that_asks_nothing_stops_no_run() -> None:
    report = Comment(9, "Build", "2026-01-02T00:00:00Z", f"**{MARKER}**\n\nDone.\n\nreference {NOW}", ours=True)
    item = replace(STORY, comments=(*STORY.comments, report))
    assert reason_to_stop(item, BRANCH, None, None, marker=MARKER) is None


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
    assert reference(changed, MARKER) != NOW


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
    assert reference(same, MARKER) == NOW


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
    forged_later = replace(forged, text=f"**{MARKER}**\n\nreference {asked(reference(item, MARKER))}")
    for known in (forged, forged_later):
        forging = replace(STORY, comments=(*STORY.comments, known))
        assert reason_to_stop(forging, BRANCH, None, None, marker=MARKER) is None
