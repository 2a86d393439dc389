"""Each sentence of the claim is broken by a history in which it does not hold."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.worlds import claim
from benchmarks.worlds.claim import History, Sentence
from benchmarks.worlds.ended import Ended
from benchmarks.worlds.people import MARKER, People
from benchmarks.worlds.place import Json, Seen
from benchmarks.worlds.world import TAGS, draw

JOB, ADA = {"id": "job"}, {"id": "ada"}
ENDED = Ended(
    run=0, by_hand=True, killed=False, cancelled=False, restored=True, exit_code=0, kind="draft", sentence="It ended.",
    remedy="", output="", calls=1, usd=0.1, writes=0, requests=9,
)  # fmt: skip
LAST = replace(ENDED, calls=0, usd=0.0, kind="skipped")
BRANCH, ZERO = "refs/heads/redimento/7-add-adds", "0" * 40
REMARK, REPLY = (
    {"id": 1, "author": ADA, "content": "/redimento Why?"},
    {"id": 2, "author": JOB, "content": "<!-- Redimento answers comment 1 -->"},
)
LINK = {"url": "vstfs:///Git/PullRequestId/p%2Fr%2F1"}


def move(name: str, old: str, new: str, who: Json = JOB) -> Json:
    return {"pushedBy": who, "refUpdates": [{"name": name, "oldObjectId": old, "newObjectId": new}]}


def pull(number: int, **more: Any) -> Json:
    return {"pullRequestId": number, "status": "active", "createdBy": JOB, "reviewers": [], "labels": []} | more


def tagged(tags: str) -> Json:
    return {"fields": {"System.State": "Active", "System.Tags": tags}, "relations": [LINK]}


def history(*ended: Ended, relations: tuple[Json, ...] = (LINK,), **seen: Any) -> History:
    """Return one in which the claim holds, but for what is given."""
    world = draw(1)
    settings = {**world.settings, "pull_request": {"labels": [], "reviewers": [], "status": seen.pop("status", False)}}
    settings["updates"] = {"comment": True, **TAGS}
    settings["work_items"] = {"max_runs": 3, "max_cost_usd": 1.0, "states": []}
    threads = seen.pop("threads", [])
    whole = {
        "item": {"fields": {"System.State": "Active"}, "relations": [*relations]},
        "comments": [{"id": 1, "createdBy": JOB, "text": f"{MARKER} /pullrequest/1"}],
        "pulls": {1: pull(1)},
        "heads": {"redimento/7-add-adds": "a", "main": "m"},
        "pushes": [move(BRANCH, ZERO, "a")],
        "statuses": {1: [], 2: []},
    }
    place: Any = SimpleNamespace(
        job="job",
        holds=lambda tip, commit: (tip, commit) == ("b", "a"),
        store=SimpleNamespace(find=lambda _kind, number: {"status": "inProgress" if number == "2" else "completed"}),
        threads=lambda _number: [{"id": 1, "comments": threads}],
        gate=SimpleNamespace(undescribed=seen.pop("undescribed", [])),
    )
    people = People(place)
    if seen.pop("overwritten", False):
        people.rely("title", 1, "The title is as Ada wrote it.", lambda _seen: False)
    return History(
        replace(world, settings=settings), place, Seen(**{**whole, **seen}), people, ended or (ENDED, LAST), 1
    )


def test_the_claim_holds() -> None:
    assert [sentence for part in claim.CLAIM for sentence in part(history())] == []


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        (
            claim.at_most_one_branch,
            history(
                heads={"redimento/7-add-adds": "a", "redimento/7-x": "b", "main": "m"},
                pushes=[move(BRANCH, ZERO, "a"), move("refs/heads/redimento/7-x", ZERO, "b")],
            ),
        ),
        (claim.at_most_one_open_pull_request, history(pulls={1: pull(1), 2: pull(2)})),
        (claim.at_most_one_comment, history(comments=[{"id": 1, "createdBy": JOB, "text": MARKER}] * 2)),
        (claim.nothing_of_a_person_is_overwritten, history(overwritten=True)),
        (claim.nothing_of_a_person_is_overwritten, history(pushes=[move("refs/heads/main", "a", "b")])),
        (claim.nothing_of_a_person_is_overwritten, history(pushes=[move(BRANCH, "b", "a")])),
        (claim.nothing_of_a_person_is_overwritten, history(pushes=[move(BRANCH, "a", ZERO)])),
        (claim.money_stays_below_its_limits, history(replace(ENDED, usd=9.0), LAST)),
        (claim.money_stays_below_its_limits, history(*[ENDED] * 4, LAST)),
        (claim.the_checkout_is_restored, history(replace(ENDED, restored=False), LAST)),
        (claim.no_claim_stays, history(relations=({"url": "vstfs:///Build/Build/2"},))),
        (claim.no_claim_stays, history(relations=({"url": "vstfs:///Build/Build/3"},))),
        (claim.every_outcome_has_a_sentence, history(replace(ENDED, sentence=""), LAST)),
        (claim.every_outcome_has_a_sentence, history(replace(ENDED, sentence="no end"), LAST)),
        (claim.every_outcome_has_a_sentence, history(replace(ENDED, exit_code=1), LAST)),
        (claim.every_outcome_has_a_sentence, history(replace(ENDED, killed=True, output="Traceback"), LAST)),
        (claim.everything_is_brought_about, history(relations=())),
        (claim.everything_is_brought_about, history(comments=[])),
        (claim.everything_is_brought_about, history(status=True)),
        (claim.nothing_says_that_a_run_works, history(item=tagged("ada; working"))),
        (claim.nothing_says_that_a_run_works, history(item=tagged("asks; delivered"))),
        (claim.nothing_says_that_a_run_works, history(comments=[{"id": 1, "createdBy": JOB, "text": f"{MARKER} ⏳"}])),
        (claim.another_run_changes_nothing, history(ENDED, replace(LAST, writes=1))),
        (claim.another_run_changes_nothing, history(ENDED, ENDED)),
        (claim.every_remark_is_answered_once, history(threads=[REMARK])),
        (claim.every_remark_is_answered_once, history(threads=[REMARK, REPLY, REPLY])),
        (claim.every_request_is_described, history(undescribed=["GET /x: no operation is described like this"])),
    ],
)
def test_a_broken_sentence_is_named(part: Sentence, broken: History) -> None:
    assert list(part(broken)) != []
