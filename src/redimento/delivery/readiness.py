"""Why a change is no more than a draft. No reason: the pull request is ready for review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redimento.authoring.answer import Answer
from redimento.change.edit import NO_CHANGE, Change
from redimento.delivery.pull_request import CheckState
from redimento.text.wording import Sentence
from redimento.verification.evidence import Failure, Verdict

_NAMED = 3


def draft_reasons(
    verdict: Verdict | None,
    answer: Answer,
    stopped: str = "",
    change: Change = NO_CHANGE,
    *,
    holds_others: bool = False,
) -> tuple[str, ...]:
    """Return finished sentences, the heaviest first.

    `stopped`: why the repair ended before everything passed. `holds_others`: somebody else's commits are on the branch.
    """
    others = (Sentence("commits_of_others_kept"),) if holds_others else ()
    return (*others, *_reasons(verdict, answer, stopped, change))


def check_state(verdict: Verdict | None, reasons: Sequence[str]) -> CheckState:
    """Return what the checks say of a change that is a draft for `reasons`: "pending" if they could not judge it."""
    if not reasons:
        return "succeeded"
    against = verdict is not None and any(failure.required for failure in verdict.new_failures)
    return "failed" if against else "pending"


def _reasons(verdict: Verdict | None, answer: Answer, stopped: str, change: Change) -> Iterator[str]:
    if verdict is None or not verdict.after.results:
        yield Sentence("nothing_verified")
    else:
        against = [failure for failure in verdict.new_failures if failure.required]
        yield from _against(against)
        if not against and not verdict.verified:
            yield Sentence("no_check_could_judge")
        if against and stopped:
            yield stopped
    if change.left_out:
        # Setup runs before the change is written, so no tool has written the lock file for it.
        manifests = list(dict.fromkeys(one.manifest for one in change.new_dependencies))
        yield Sentence("lock_files_left_out", files=change.left_out, manifests=manifests)
    if answer.incomplete:
        yield Sentence("answer_cut_off")
    if undone := [claim.id for claim in answer.criteria if claim.status == "not"]:
        yield Sentence("criteria_not_met", numbers=undone)


def _against(failures: Sequence[Failure]) -> Iterator[str]:
    by_kind: dict[str, list[Failure]] = {}
    for failure in failures:
        by_kind.setdefault(failure.kind, []).append(failure)
    yield from (failure.remark for failure in by_kind.get("judge", ())[:_NAMED])
    for kind in ("steering", "missing", "rewritten", "fails"):
        if found := by_kind.get(kind):
            yield Sentence(f"draft_{kind}", names=[failure.name for failure in found])
