"""The evidence for each acceptance criterion, separating what was observed from what the model claims."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from redimento.authoring.answer import CriterionClaim
from redimento.text.wording import Sentence
from redimento.verification.evidence import Proof, Verdict
from redimento.verification.test_names import same_test

# proved      a named test failed on the old source and passes on the new one, and nothing speaks against it
# passes      the named tests pass now, but none of them proves anything
# fails       a named test does not pass
# claimed     the model says it is done, and nothing that ran confirms it
# partly, not the model says it is not, or not fully, done
# unanswered  the model said nothing, even when asked again
Standing = Literal["proved", "passes", "fails", "claimed", "partly", "not", "unanswered"]

_MOST_FOR_ONE_TEST = 12  # criteria: a test that is named for more of them is the evidence for none
_STEM = 5  # letters: "round", "rounds" and "rounded" are one word
_EMPTY = re.compile(
    "an?|and|are|as|at|be|by|can|for|from|has|have|in|into|is|its?|may|must|no|not|of|on|or|shall|should|that|the|their|"
    "then|there|these|they|this|to|was|were|when|which|will|with"
)


@dataclass(frozen=True)
class NamedTest:
    """A test that the model names for a criterion, and its outcomes; empty if no report contains it.

    `changed`: the change adds or alters it, so it should have failed before. `doubt`: why it proves nothing.
    """

    name: str
    before: str = ""
    after: str = ""
    changed: bool = False
    doubt: str = ""


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
        return Sentence("status", standing=self.standing)


def assess(
    criteria: Sequence[str], claims: Sequence[CriterionClaim], verdict: Verdict | None
) -> tuple[CriterionEvidence, ...]:
    """Return the evidence for each criterion, in the order of the work item."""
    by_id = {claim.id: claim for claim in claims}
    seen = {
        number: tuple(_seen(name, verdict) for name in by_id[number].tests)
        for number in range(1, len(criteria) + 1)
        if number in by_id
    }
    shared = _shared(criteria, {number: tests for number, tests in seen.items() if by_id[number].status == "done"})
    return tuple(
        _one(number, text, by_id.get(number), [_doubted(one, shared) for one in seen.get(number, ())])
        for number, text in enumerate(criteria, start=1)
    )


def unanswered(criteria: Sequence[str], claims: Sequence[CriterionClaim]) -> tuple[tuple[int, str], ...]:
    """Return number and text of each criterion without a claim."""
    known = {claim.id for claim in claims}
    return tuple((number, text) for number, text in enumerate(criteria, start=1) if number not in known)


@dataclass(frozen=True)
class _Seen:
    """A named test, and the ids under which reports have it."""

    test: NamedTest
    ids: frozenset[str] = frozenset()


def _one(number: int, text: str, claim: CriterionClaim | None, tests: Sequence[NamedTest]) -> CriterionEvidence:
    if claim is None:
        return CriterionEvidence(number, text, "unanswered")
    return CriterionEvidence(number, text, _standing(claim, tests), tuple(tests), claim.note)


def _standing(claim: CriterionClaim, tests: Sequence[NamedTest]) -> Standing:
    if claim.status != "done":
        return claim.status
    ran = [test for test in tests if test.after]
    if not ran:
        return "claimed"
    if any(test.after != "passed" for test in ran):
        return "fails"
    return "proved" if any(test.before == "failed" and not test.doubt for test in ran) else "passes"


def _seen(name: str, verdict: Verdict | None) -> _Seen:
    if verdict is None:
        return _Seen(NamedTest(name))
    mine = [proof for proof in verdict.proofs if same_test(name, proof.test)]
    if mine:
        worst = _worst(mine)
        test = NamedTest(name, worst.before, worst.after, changed=True, doubt=worst.doubt)
        return _Seen(test, frozenset(proof.test for proof in mine))
    after = _outcomes(name, verdict, "after")
    if not after:
        return _Seen(NamedTest(name))
    test = NamedTest(name, _worst_of(_outcomes(name, verdict, "before")), _worst_of(after))
    return _Seen(test, frozenset(after))


def _worst(proofs: Sequence[Proof]) -> Proof:
    # Every case of a parametrised test has to hold, so the worst one counts.
    return min(proofs, key=lambda proof: (proof.after == "passed", proof.before == "failed", not proof.doubt))


def _outcomes(name: str, verdict: Verdict, when: Literal["before", "after"]) -> dict[str, str]:
    checks = verdict.before if when == "before" else verdict.after
    return {test.id: test.outcome for result in checks.results for test in result.tests if same_test(name, test.id)}


def _worst_of(outcomes: Mapping[str, str]) -> str:
    found = set(outcomes.values())
    return next((outcome for outcome in ("error", "failed", "skipped", "passed") if outcome in found), "")


def _shared(criteria: Sequence[str], seen: Mapping[int, Sequence[_Seen]]) -> dict[str, Sentence]:
    """Return the tests that are named for several criteria unlike each other, and what that makes of them."""
    numbers: dict[str, list[int]] = {}
    for number, tests in seen.items():
        for test_id in {test_id for one in tests for test_id in one.ids}:
            numbers.setdefault(test_id, []).append(number)
    return {
        test_id: Sentence("one_test_for_criteria", numbers=named, most=_MOST_FOR_ONE_TEST)
        for test_id, named in numbers.items()
        if len(named) > 1 and _unlike([criteria[number - 1] for number in named])
    }


def _unlike(texts: Sequence[str]) -> bool:
    if len(texts) > _MOST_FOR_ONE_TEST:
        return True
    words = [_content_words(text) for text in texts]
    return any(
        not one & other or 3 * len(one & other) < min(len(one), len(other)) for one, other in combinations(words, 2)
    )


def _content_words(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in re.findall(r"\w+", text.casefold()) if not _EMPTY.fullmatch(word))


def _doubted(seen: _Seen, shared: Mapping[str, Sentence]) -> NamedTest:
    doubt = seen.test.doubt or next((shared[test_id] for test_id in sorted(seen.ids) if test_id in shared), "")
    return replace(seen.test, doubt=doubt)
