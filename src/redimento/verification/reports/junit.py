"""JUnit XML, for which there is no standard: what the test runners and loggers of many languages write."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from redimento.verification.evidence import Outcome
from redimento.verification.reports.cases import Case, Format

_SAID: dict[str, Outcome] = {
    **dict.fromkeys(("failed", "failure", "fail"), "failed"),
    **dict.fromkeys(("error", "timeout", "timedout", "aborted"), "error"),
    **dict.fromkeys(
        ("skipped", "notrun", "disabled", "notexecuted", "ignored", "inconclusive", "pending", "suppressed"), "skipped"
    ),
}


def _cases(element: Element, around: Sequence[Element]) -> tuple[Case]:
    """Return the test that an element `testcase` stands for."""
    suites = [suite for suite in around if suite.tag == "testsuite"]
    said = element.get
    outcome, told = _outcome(element)
    case = Case(
        name=said("name", ""),
        classname=said("classname", ""),
        outcome=outcome,
        suites=tuple(name for suite in suites if (name := suite.get("name"))),
        file=said("file") or next((file for suite in reversed(suites) if (file := suite.get("file"))), ""),
        seconds=said("time", ""),
        headline=told.get("message", ""),
        kind=told.get("type", ""),
        text=told.text or "",
    )
    return (case,)


def _outcome(case: Element) -> tuple[Outcome, Element]:
    """Return the outcome of a test, and the element that tells of it."""
    for tag, outcome in _TOLD.items():
        if (found := case.find(tag)) is not None:
            return outcome, found
    # Some loggers, of dotnet and CTest, only set an attribute.
    said = (_SAID.get(case.get(name, "").lower()) for name in ("status", "result"))
    return next((outcome for outcome in said if outcome), "passed"), _NOTHING


_TOLD: dict[str, Outcome] = {
    "error": "error", "failure": "failed", "skipped": "skipped", "ignored": "skipped", "disabled": "skipped"
}  # fmt: skip
_NOTHING = Element("nothing")
JUNIT = Format(frozenset({"testcase"}), _cases)
