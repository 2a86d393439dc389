"""Why a change is a draft, in sentences."""

from __future__ import annotations

import pytest

from redimento.authoring.answer import Answer, CriterionClaim
from redimento.change.edit import Change, Dependency
from redimento.delivery.readiness import draft_reasons
from redimento.verification.evidence import CheckResult, Checks, Failure, FailureKind, Verdict

CHECKS = Checks((CheckResult("tests", "pytest", required=True, exit_code=0, seconds=1.0, output=""),))
FAILED = Checks((CheckResult("tests", "pytest", required=True, exit_code=1, seconds=1.0, output=""),))


def failing(kind: FailureKind, *names: str) -> Verdict:
    return Verdict(
        CHECKS, CHECKS, tuple(Failure("tests", name, "", kind=kind, remark="It broke off.") for name in names)
    )


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (None, "No checks are configured, so nothing verified this change."),
        (Verdict(Checks(), Checks()), "No checks are configured, so nothing verified this change."),
        (
            Verdict(FAILED, FAILED),
            "No required check could judge this change: they were skipped, or already failed as a whole before it.",
        ),
        (failing("fails", "t::a"), "1 required test or check fails because of this change."),
        (failing("fails", "t::a", "t::b"), "2 required tests or checks fail because of this change."),
        (failing("missing", "t::a"), "1 test that passed before is missing or skipped now: `t::a`."),
        (
            failing("missing", "t::a", "t::b", "t::c", "t::`d`"),
            "4 tests that passed before are missing or skipped now: `t::a`, `t::b`, `t::c` and 1 more.",
        ),
        (
            failing("rewritten", "t::a"),
            (
                "1 test that passed before does not pass on the new source as it was, and no criterion is named that "
                "asks for it: `t::a`."
            ),
        ),
        (
            failing("steering", "conftest.py", "tox.ini"),
            "It edits what decides how the checks run (`conftest.py`, `tox.ini`), so it was judged without these edits.",
        ),
        (failing("judge", ""), "It broke off."),
    ],
)
def test_each_kind_of_trouble_has_its_sentence(verdict: Verdict | None, reason: str) -> None:
    assert draft_reasons(verdict, Answer()) == (reason,)


def test_a_lock_file_that_was_left_out_is_a_reason() -> None:
    verified = Verdict(CHECKS, CHECKS)
    bumped = (Dependency("a", "web/package.json", "2"), Dependency("b", "web/package.json", "1"))
    (reason,) = draft_reasons(verified, Answer(), change=Change(left_out=("web/yarn.lock",)))
    assert reason == (
        "It leaves out `web/yarn.lock`, although the model edited it as well: only its own tool may write a lock file, so "
        "run the tool and add what it writes."
    )
    (reason,) = draft_reasons(verified, Answer(), change=Change((), bumped, ("web/yarn.lock",)))
    assert "although the dependencies in `web/package.json` changed:" in reason


def test_a_verified_change_is_ready_even_with_advisory_failures() -> None:
    advisory = Verdict(CHECKS, CHECKS, (Failure("lint", "", "x", required=False),))

    assert draft_reasons(Verdict(CHECKS, CHECKS), Answer(), "The repair ended.") == ()
    assert draft_reasons(advisory, Answer()) == ()


def test_the_end_of_the_repair_and_what_the_model_admits_follow_the_trouble() -> None:
    answer = Answer(incomplete=True, criteria=(CriterionClaim(1, "done"), CriterionClaim(2, "not")))

    assert draft_reasons(failing("fails", "t::a"), answer, "The repair ended.") == (
        "1 required test or check fails because of this change.",
        "The repair ended.",
        "The model's answer was cut off, also when it was asked to go on, so parts of the change may be missing.",
        "The model itself says that acceptance criterion 2 is not met.",
    )


def test_a_change_among_somebody_elses_commits_is_a_draft() -> None:
    (reason,) = draft_reasons(Verdict(CHECKS, CHECKS), Answer(), holds_others=True)

    assert reason == "Somebody else's commits on the branch were kept, and the checks ran without them."
