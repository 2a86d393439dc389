"""Why a change is no more than a draft. No reason: the pull request is ready for review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redimento.authoring.answer import Answer
from redimento.change.edit import NO_CHANGE, Change
from redimento.delivery.report import named
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
    others = ("Somebody else's commits on the branch were kept, and the checks ran without them.",)
    return (*(others if holds_others else ()), *_reasons(verdict, answer, stopped, change))


def _reasons(verdict: Verdict | None, answer: Answer, stopped: str, change: Change) -> Iterator[str]:
    if verdict is None or not verdict.after.results:
        yield "No checks are configured, so nothing verified this change."
    else:
        against = [failure for failure in verdict.new_failures if failure.required]
        yield from _against(against)
        if not against and not verdict.verified:
            yield "No required check could judge this change: they were skipped, or already failed as a whole before it."
        if against and stopped:
            yield stopped
    if change.left_out:
        yield from _left_out(change)
    if answer.incomplete:
        yield "The model's answer was cut off, also when it was asked to go on, so parts of the change may be missing."
    if undone := [str(claim.id) for claim in answer.criteria if claim.status == "not"]:
        what = "criterion" if len(undone) == 1 else "criteria"
        yield f"The model itself says that acceptance {what} {', '.join(undone)} is not met."


def _left_out(change: Change) -> Iterator[str]:
    """Setup runs before the change is written, so no tool has written the lock file for it."""
    locks = named(change.left_out, _NAMED)
    manifests = list(dict.fromkeys(one.manifest for one in change.new_dependencies))
    why = f"the dependencies in {named(manifests, _NAMED)} changed" if manifests else "the model edited it as well"
    yield f"It leaves out {locks}, although {why}: only its own tool may write a lock file, so run the tool and add what it writes."


def _against(failures: Sequence[Failure]) -> Iterator[str]:
    by_kind: dict[str, list[Failure]] = {}
    for failure in failures:
        by_kind.setdefault(failure.kind, []).append(failure)
    if found := by_kind.get("judge"):
        yield from (failure.message.partition("\n")[0] for failure in found[:_NAMED])
    if found := by_kind.get("steering"):
        yield f"It edits what decides how the checks run ({_names(found)}), so it was judged without these edits."
    if found := by_kind.get("missing"):
        yield f"{_many(found, 'test', 'tests')} that passed before {_are(found)} missing or skipped now: {_names(found)}."
    if found := by_kind.get("rewritten"):
        yield (
            f"{_many(found, 'test', 'tests')} that passed before {_do(found)} not pass on the new source as "
            f"{'it was' if len(found) == 1 else 'they were'}, and no criterion is named that asks for it: {_names(found)}."
        )
    if found := by_kind.get("fails"):
        verb = "fails" if len(found) == 1 else "fail"
        yield f"{_many(found, 'required test or check', 'required tests or checks')} {verb} because of this change."


def _many(found: Sequence[Failure], one: str, several: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else several}"


def _are(found: Sequence[Failure]) -> str:
    return "is" if len(found) == 1 else "are"


def _do(found: Sequence[Failure]) -> str:
    return "does" if len(found) == 1 else "do"


def _names(found: Sequence[Failure]) -> str:
    names = [f"`{(failure.test or failure.check).replace('`', chr(39))}`" for failure in found[:_NAMED]]
    return ", ".join(names) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
