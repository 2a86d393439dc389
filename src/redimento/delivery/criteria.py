"""The evidence for each acceptance criterion, separating what was observed from what the model claims."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from redimento.authoring.answer import CriterionClaim
from redimento.verification.evidence import Proof, Verdict

# proved      a named test failed on the old source and passes on the new one
# passes      the named tests pass now, but none of them failed before
# fails       a named test does not pass
# claimed     the model says it is done, and nothing that ran confirms it
# partly, not the model says it is not, or not fully, done
# unanswered  the model said nothing, even when asked again
Standing = Literal["proved", "passes", "fails", "claimed", "partly", "not", "unanswered"]


@dataclass(frozen=True)
class NamedTest:
    """A test that the model names for a criterion, and its outcomes; empty if no report contains it.

    `changed`: the change adds or alters it, so it should have failed before.
    """

    name: str
    before: str = ""
    after: str = ""
    changed: bool = False


@dataclass(frozen=True)
class CriterionEvidence:
    id: int
    text: str
    standing: Standing
    tests: tuple[NamedTest, ...] = ()
    note: str = ""

    @property
    def status(self) -> str:
        """The standing in readable words."""
        return f"{self.standing} done" if self.standing in {"partly", "not"} else self.standing


def assess(
    criteria: Sequence[str], claims: Sequence[CriterionClaim], verdict: Verdict | None
) -> tuple[CriterionEvidence, ...]:
    """Return the evidence for each criterion, in the order of the work item."""
    by_id = {claim.id: claim for claim in claims}
    return tuple(_one(number, text, by_id.get(number), verdict) for number, text in enumerate(criteria, start=1))


def unanswered(criteria: Sequence[str], claims: Sequence[CriterionClaim]) -> tuple[tuple[int, str], ...]:
    """Return number and text of each criterion without a claim."""
    known = {claim.id for claim in claims}
    return tuple((number, text) for number, text in enumerate(criteria, start=1) if number not in known)


def same_test(named: str, seen: str) -> bool:
    """Return whether the model's name and the report's name mean the same test.

    Models write `tests/test_cart.py::TestTotal::test_empty`, reports `tests.test_cart.TestTotal::test_empty`: the last
    part must be equal, and the other named parts must occur in the report's name, in order. mocha and jest prefix a
    test's title with the titles of its groups, separated only by a space.
    """
    named, case = _without_case(named)
    wanted = _words(named)
    # Parsing the report's name is the slow part, and most names differ: 30 names in 20,000 tests took 2.8 s without this.
    if not wanted or wanted[-1].split()[-1] not in seen:
        return False
    seen, seen_case = _without_case(seen)
    found = _words(seen)
    if not found or not f" {found[-1]}".endswith(f" {wanted[-1]}"):
        return False
    if case and case != seen_case:  # a name without a case means all cases of a parametrised test
        return False
    rest = iter(found[:-1])
    return all(word in rest for word in wanted[:-1]) or len(found) == 1


def _without_case(name: str) -> tuple[str, str]:
    """Split `test_a[1-b]` into the test and its case."""
    test, bracket, case = name.partition("[") if name.endswith("]") else (name, "", "")
    return (test, bracket + case) if test else (name, "")


@lru_cache(maxsize=4096)
def _words(name: str) -> list[str]:
    name = re.sub(r"\.(py|[cm]?[jt]sx?|java|kt|cs|go|rs)(?=::|$| )", "", name)
    return [word.strip() for word in re.split(r"::|[/\\.>#:]", name) if word.strip()]


def _one(number: int, text: str, claim: CriterionClaim | None, verdict: Verdict | None) -> CriterionEvidence:
    if claim is None:
        return CriterionEvidence(number, text, "unanswered")
    tests = tuple(_seen(name, verdict) for name in claim.tests)
    return CriterionEvidence(number, text, _standing(claim, tests), tests, claim.note)


def _standing(claim: CriterionClaim, tests: Sequence[NamedTest]) -> Standing:
    if claim.status != "done":
        return claim.status
    ran = [test for test in tests if test.after]
    if not ran:
        return "claimed"
    if any(test.after != "passed" for test in ran):
        return "fails"
    return "proved" if any(test.before == "failed" for test in ran) else "passes"


def _seen(name: str, verdict: Verdict | None) -> NamedTest:
    if verdict is None:
        return NamedTest(name)
    proof = _proof(name, verdict.proofs)
    if proof is not None:
        return NamedTest(name, proof.before, proof.after, changed=True)
    after = _outcome(name, verdict, "after")
    return NamedTest(name, _outcome(name, verdict, "before") if after else "", after)


def _proof(name: str, proofs: Sequence[Proof]) -> Proof | None:
    mine = [proof for proof in proofs if same_test(name, proof.test)]
    # Every case of a parametrised test has to hold, so the worst one counts.
    return min(mine, key=lambda proof: (proof.after == "passed", proof.before == "failed"), default=None)


def _outcome(name: str, verdict: Verdict, when: Literal["before", "after"]) -> str:
    checks = verdict.before if when == "before" else verdict.after
    outcomes = {test.outcome for result in checks.results for test in result.tests if same_test(name, test.id)}
    return next((outcome for outcome in ("error", "failed", "skipped", "passed") if outcome in outcomes), "")
