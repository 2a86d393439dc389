"""What a run says of itself while it works, as facts; and what handlers of facts cannot do to it."""

from __future__ import annotations

import threading
from collections import deque

from redimento.events import (
    Answered,
    Applied,
    Asked,
    CheckFinished,
    CheckStarted,
    Event,
    EventBus,
    Moment,
    Note,
    PullRequestWritten,
    Refused,
    Repair,
    Requested,
    RunEnded,
    Warned,
)
from tests.run.conftest import BAD_FIX, GOOD_FIX, REPAIR, Site

ASIDE = ("request", "note", "step.started", "step.ended", "warning", "check.started", "check.finished")


def test_a_run_publishes_a_fact_for_all_that_happens_in_order(site: Site) -> None:
    refused = GOOD_FIX.replace("    return a - b\n", "    return a // b\n")
    ended = site.run([refused, BAD_FIX, REPAIR])
    events = ended.events
    assert [event.fact for event in events if event.fact not in ASIDE] == [
        "work_item.loaded", "work_item.admitted", "asked", "answered", "refused", "asked", "answered", "applied",
        "proved", "repair", "asked", "answered", "applied", "proved", "pull_request.created", "run.delivered",
    ]  # fmt: skip
    assert [event for event in events if isinstance(event, Refused)] == [Refused(1, "calc.py: 1")]
    assert [event for event in events if isinstance(event, Repair)] == [Repair(1, 10, 1)]
    assert [event for event in events if isinstance(event, Applied)] == [Applied(2, 2, 4, 1), Applied(1, 2, 4, 1)]
    checks = [event for event in events if isinstance(event, (CheckStarted, CheckFinished))]
    assert [(one.fact, one.stage, one.number, one.of) for one in checks] == [
        (f"check.{what}", stage, 1, 1)
        for stage in ("before", "after", "old tests", "after", "old tests")
        for what in ("started", "finished")
    ]
    assert [one.ok for one in checks if isinstance(one, CheckFinished)] == [True, False, True, True, True]
    proofs = [one.text.partition(":")[0] for one in events if isinstance(one, Note) and one.text.startswith("Proof ")]
    assert proofs == ["Proof 1 of 4", *(f"Proof {number} of 4" for number in (1, 2, 3, 4))]  # the second change proves
    assert [one.number for one in events if isinstance(one, Asked)] == [1, 2, 3]
    answers = [one for one in events if isinstance(one, Answered)]
    spent, last = ended.finished.spent, events[-1]
    assert sum(one.usd for one in answers) == answers[-1].usd_so_far == spent.usd
    assert sum(one.tokens for one in answers) == answers[-1].tokens_so_far
    assert isinstance(last, RunEnded)
    assert (last.item_id, last.item_type, last.title) == (
        7,
        "User Story",
        ended.finished.item and ended.finished.item.title,
    )
    assert (last.usd, last.tokens) == (spent.usd, answers[-1].tokens_so_far)
    assert last.pull_request_url == ended.finished.outcome.pull_request_url != ""
    assert [one.id for one in events if isinstance(one, PullRequestWritten)] == [last.pull_request_id]
    requests = {one for one in events if isinstance(one, Requested)}
    routes = {one.route for one in requests}
    assert {"_apis/wit/workitems/{}", "_apis/git/repositories/{}/pullrequests"} <= routes
    assert not [route for route in routes if any(sign.isdigit() for sign in route) or "calc" in route]
    assert all(bool(one.activity) == (one.status >= 400) and one.seconds > 0 for one in requests)


def test_a_handler_that_fails_is_left_out_with_one_warning() -> None:
    bus, heard = EventBus(), list[Event]()

    def broken(_moment: Moment) -> None:
        raise OSError("it is full")

    bus.add("The log", broken)
    bus.add("The console", lambda moment: heard.append(moment.event))
    for _ in range(3):
        bus.publish(Note("on"))
    assert [event for event in heard if isinstance(event, Warned)] == [
        Warned("The log gets no more news of this run: OSError: it is full")
    ]
    assert heard.count(Note("on")) == 3


def test_all_hear_of_the_end_at_the_same_time_so_that_slow_ones_do_not_add_up() -> None:
    bus, all_at_once = EventBus(), threading.Barrier(5, timeout=60)

    def wait_for_the_others(_moment: Moment) -> None:
        all_at_once.wait()

    for number in range(5):
        bus.add(f"Receiver {number}", wait_for_the_others, sends=True)
    bus.publish(RunEnded("failed", "s", "r", 7, "Bug", "t", "calc", 1.0, 0, 0.0))
    assert [moment.event.fact for moment in bus.kept] == ["run.failed"]  # no warning that one was waited for in vain


def test_a_handler_that_comes_late_hears_the_same_in_the_same_order() -> None:
    bus, first, late = EventBus(), list[Moment](), list[Moment]()
    bus.add("The first", first.append)
    threads = [
        threading.Thread(target=lambda: deque(map(bus.publish, [Note(str(n)) for n in range(50)]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    bus.add("The late", late.append)
    for thread in threads:
        thread.join()
    assert first == late == bus.kept
    assert [moment.seconds for moment in first] == sorted(moment.seconds for moment in first)
