"""JUnit XML, for which there is no standard: what the test runners and loggers of many languages write."""

from __future__ import annotations

from redimento.verification.evidence import Outcome
from redimento.verification.reports.case import Case
from redimento.verification.reports.elements import Element, Vocabulary

_SKIPPED = ("skipped", "ignored", "disabled")
VOCABULARY = Vocabulary(frozenset({"testcase"}), frozenset({"error", "failure", *_SKIPPED}))
_SAID: dict[str, Outcome] = {
    **dict.fromkeys(("failed", "failure", "fail"), "failed"),
    **dict.fromkeys(("error", "timeout", "timedout", "aborted"), "error"),
    **dict.fromkeys(
        ("skipped", "notrun", "disabled", "notexecuted", "ignored", "inconclusive", "pending", "suppressed"), "skipped"
    ),
}


def cases_of(element: Element) -> tuple[Case]:
    """Return the test that an element `testcase` stands for."""
    said = element.attributes.get  # reports have hundreds of thousands of tests
    suites, file = _around(element.parent)
    file = said("file") or file
    if not element.children:
        outcome = (
            _outcome_of_attributes(element)
            if "status" in element.attributes or "result" in element.attributes
            else "passed"
        )
        return (Case(said("name", ""), said("classname", ""), outcome, suites, file, said("time", "")),)
    outcome, told = _outcome(element)
    case = Case(
        name=said("name", ""),
        classname=said("classname", ""),
        outcome=outcome,
        suites=suites,
        file=file,
        seconds=said("time", ""),
        headline=told.get("message"),
        kind=told.get("type"),
        text=told.text,
    )
    return (case,)


def _around(element: Element | None) -> tuple[tuple[str, ...], str]:
    """Return the names of the suites around a test, outermost first, and the file of the innermost that has one."""
    names: list[str] = []
    file = ""
    while element is not None:
        if element.tag == "testsuite":
            if name := element.get("name"):
                names.append(name)
            file = file or element.get("file")
        element = element.parent
    return tuple(reversed(names)), file


def _outcome(case: Element) -> tuple[Outcome, Element]:
    """Return the outcome of a test that has children, and the one that tells of it."""
    if (error := case.child("error")) is not None:
        return "error", error
    if (failure := case.child("failure")) is not None:
        return "failed", failure
    return "skipped", case.children[0]


def _outcome_of_attributes(case: Element) -> Outcome:
    """Some loggers, of dotnet and CTest, only set an attribute."""
    said = (_SAID.get(case.get(name).lower()) for name in ("status", "result"))
    return next((outcome for outcome in said if outcome), "passed")
