"""The formats of .NET: TRX (Visual Studio, `dotnet test --logger trx`), NUnit 2 and 3, and xUnit.net."""

from __future__ import annotations

from collections.abc import Iterator

from redimento.verification.evidence import Outcome
from redimento.verification.reports.case import Case, Definition, text_of
from redimento.verification.reports.elements import Element, Vocabulary

TRX = Vocabulary(
    frozenset({"UnitTestResult", "TestResult", "UnitTest"}),
    frozenset({
        "UnitTestResult", "InnerResults", "Output", "ErrorInfo", "Message", "StackTrace", "TestMethod",
    }),
)  # fmt: skip
_TROUBLE = frozenset({"failure", "message", "stack-trace", "reason"})
NUNIT = Vocabulary(frozenset({"test-case"}), _TROUBLE)
XUNIT = Vocabulary(frozenset({"test", "error"}), _TROUBLE)

# Lower-case words of all formats; a word that is not here is an error, so that no failure is taken for a pass.
_OUTCOMES: dict[str, Outcome] = {
    **dict.fromkeys(("passed", "passedbutrunaborted", "warning", "completed", "success", "pass"), "passed"),
    **dict.fromkeys(("failed", "failure", "fail"), "failed"),
    **dict.fromkeys(
        ("notexecuted", "pending", "inconclusive", "skipped", "skip", "ignored", "notrun", "explicit"), "skipped"
    ),
}
_NEVER_RAN = frozenset({"error", "invalid", "cancelled"})  # what NUnit 3 adds to "Failed"


def trx_cases(element: Element) -> Iterator[Case | Definition]:
    """Yield the tests of a result, those of its rows if it is driven by data; of a `UnitTest`, its definition."""
    if element.tag == "UnitTest":
        method = element.child("TestMethod")
        # `Shop.CartTests, Shop.Tests, Version=1.0.0.0`: the assembly follows.
        name = method.get("className").partition(",")[0] if method is not None else ""
        yield Definition(element.get("id"), name.strip())
        return
    inner = [row for part in element.children if part.tag == "InnerResults" for row in part.children]
    rows = [case for row in inner for case in trx_cases(row) if isinstance(case, Case)]
    yield from (case if case.definition else case._replace(definition=element.get("testId")) for case in rows)
    whole = _trx_case(element)
    # A result over rows repeats theirs; it may fail alone, when the rows could not be had.
    if not rows or (
        whole.outcome in {"failed", "error"} and not any(row.outcome in {"failed", "error"} for row in rows)
    ):
        yield whole


def _trx_case(element: Element) -> Case:
    output = element.child("Output")
    return Case(
        name=element.get("testName"),
        classname="",
        outcome=_outcome(element.get("outcome")),
        seconds=_trx_seconds(element.get("duration")),
        headline=text_of(output, "ErrorInfo", "Message"),
        text=text_of(output, "ErrorInfo", "StackTrace"),
        definition=element.get("testId"),
    )


def nunit_cases(element: Element) -> Iterator[Case]:
    """Yield the test of an NUnit 3 or NUnit 2 `test-case`."""
    failure = element.child("failure")
    group, name = _nunit_names(element)
    yield Case(
        name=name,
        classname=group,
        outcome=_nunit_outcome(element, failed=failure is not None),
        seconds=element.get("duration") or element.get("time"),
        headline=text_of(failure, "message") or text_of(element, "reason", "message"),
        text=text_of(failure, "stack-trace"),
    )


def _nunit_names(element: Element) -> tuple[str, str]:
    """Return the class, with the arguments of its fixture if it has some, and the name of the test in it."""
    name, full = element.get("name"), element.get("fullname")
    if full:
        whole = full.endswith(f".{name}")
        return full.removesuffix(f".{name}") if whole else element.get("classname"), name
    # NUnit 2 has the full name as name. Parameters may hold dots.
    method, bracket, arguments = name.partition("(")
    group, _, method = method.rpartition(".")
    return group, method + bracket + arguments


def _nunit_outcome(element: Element, *, failed: bool) -> Outcome:
    said = element.get("result")
    if not said:  # NUnit before 2.5
        if element.get("executed").lower() == "false":
            return "skipped"
        return "failed" if failed or element.get("success").lower() == "false" else "passed"
    outcome = _outcome(said)
    return "error" if outcome == "failed" and element.get("label").lower() in _NEVER_RAN else outcome


def xunit_cases(element: Element) -> Iterator[Case]:
    """Yield the test of an xUnit.net `test`, or the trouble that an `error` tells of outside tests."""
    failure = element.child("failure")
    kind = failure.get("exception-type") if failure is not None else ""
    if element.tag == "error":
        name = " ".join(filter(None, (element.get("type"), element.get("name"))))
        yield Case(
            name, "", "error", headline=text_of(failure, "message"), kind=kind, text=text_of(failure, "stack-trace")
        )
        return
    group = element.get("type")
    yield Case(
        name=element.get("name"),
        classname=group,
        outcome=_outcome(element.get("result")),
        seconds=element.get("time"),
        headline=text_of(failure, "message") or text_of(element, "reason"),
        kind=kind,
        text=text_of(failure, "stack-trace"),
    )


def _outcome(word: str) -> Outcome:
    return _OUTCOMES.get(word.lower(), "error")


def _trx_seconds(duration: str) -> str:
    """Return `00:01:02.5` as seconds."""
    hours, _, rest = duration.partition(":")
    minutes, _, seconds = rest.partition(":")
    try:
        return str(int(hours) * 3600 + int(minutes) * 60 + float(seconds))
    except ValueError:
        return ""
