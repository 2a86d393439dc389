"""The formats of .NET: TRX (Visual Studio, `dotnet test --logger trx`), NUnit 3, and xUnit.net."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from redimento.verification.evidence import Outcome
from redimento.verification.reports.cases import Case, Definition, Format

# Lower-case words of all formats; a word that is not here is an error, so that no failure is taken for a pass.
_OUTCOMES: dict[str, Outcome] = {
    **dict.fromkeys(("passed", "passedbutrunaborted", "warning", "completed", "success", "pass"), "passed"),
    **dict.fromkeys(("failed", "failure", "fail"), "failed"),
    **dict.fromkeys(
        ("notexecuted", "pending", "inconclusive", "skipped", "skip", "ignored", "notrun", "explicit"), "skipped"
    ),
}
_BAD = frozenset({"failed", "error"})
_NEVER_RAN = frozenset({"error", "invalid", "cancelled"})  # what NUnit 3 adds to "Failed"


def _trx_cases(element: Element, around: Sequence[Element]) -> Iterator[Case | Definition]:
    """Yield the tests of a result, those of its rows if it is driven by data; of a `UnitTest`, its definition."""
    if element.tag == "UnitTest":
        method = element.find("TestMethod")
        # `Shop.CartTests, Shop.Tests, Version=1.0.0.0`: the assembly follows.
        name = method.get("className", "").partition(",")[0] if method is not None else ""
        yield Definition(element.get("id", ""), name.strip())
        return
    definition = element.get("testId", "")
    inner = element.iterfind("InnerResults/UnitTestResult")
    rows = [case for row in inner for case in _trx_cases(row, around) if isinstance(case, Case)]
    yield from (case if case.definition else case._replace(definition=definition) for case in rows)
    outcome = _outcome(element.get("outcome", ""))
    # A result over rows repeats theirs; it may fail alone, when the rows could not be had.
    if not rows or (outcome in _BAD and not any(row.outcome in _BAD for row in rows)):
        yield Case(
            name=element.get("testName", ""),
            classname="",
            outcome=outcome,
            seconds=_trx_seconds(element.get("duration", "")),
            headline=element.findtext("Output/ErrorInfo/Message", ""),
            text=element.findtext("Output/ErrorInfo/StackTrace", ""),
            definition=definition,
        )


def _nunit_cases(element: Element, _around: Sequence[Element]) -> Iterator[Case]:
    """Yield the test of an NUnit 3 `test-case`."""
    name, full = element.get("name", ""), element.get("fullname", "")
    outcome = _outcome(element.get("result", ""))
    yield Case(
        name=name,
        # With the arguments of its fixture, if it has some.
        classname=full.removesuffix(f".{name}") if full.endswith(f".{name}") else element.get("classname", ""),
        outcome="error" if outcome == "failed" and element.get("label", "").lower() in _NEVER_RAN else outcome,
        seconds=element.get("duration", ""),
        headline=element.findtext("failure/message", "") or element.findtext("reason/message", ""),
        text=element.findtext("failure/stack-trace", ""),
    )


def _xunit_cases(element: Element, _around: Sequence[Element]) -> Iterator[Case]:
    """Yield the test of an xUnit.net `test`, or the trouble that an `error` tells of outside tests."""
    failure = element.find("failure")
    group, name = element.get("type", ""), element.get("name", "")
    trouble = element.tag == "error"
    yield Case(
        name=f"{group} {name}".strip() if trouble else name,
        classname="" if trouble else group,
        outcome="error" if trouble else _outcome(element.get("result", "")),
        seconds=element.get("time", ""),
        headline=element.findtext("failure/message", "") or element.findtext("reason", ""),
        kind=failure.get("exception-type", "") if failure is not None else "",
        text=element.findtext("failure/stack-trace", ""),
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


_TRX = Format(frozenset({"UnitTestResult", "TestResult", "UnitTest"}), _trx_cases)
_NUNIT = Format(frozenset({"test-case"}), _nunit_cases)
_XUNIT = Format(frozenset({"test", "error"}), _xunit_cases)
# By the tag of the root.
DOTNET = {
    "TestRun": _TRX, "test-run": _NUNIT, "test-results": _NUNIT, "assemblies": _XUNIT, "assembly": _XUNIT
}  # fmt: skip
