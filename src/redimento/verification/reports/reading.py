"""Read the reports of a check: every one to its end, or it is said which one could not be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from redimento.sandbox.files import read_regular
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.text.wording import Sentence
from redimento.verification.evidence import Outcome, TestResult
from redimento.verification.reports.cases import Case, Definition, read_cases
from redimento.verification.reports.decoding import Unreadable, decoded
from redimento.verification.reports.dotnet import DOTNET
from redimento.verification.reports.finding import MOST_REPORTS, Reports, find_reports
from redimento.verification.reports.ids import named
from redimento.verification.reports.junit import JUNIT

_LARGEST_REPORT = 64 * 1024 * 1024
# Over all reports of one check.
_MOST_BYTES = 256 * 1024 * 1024
_MOST_TESTS = 200_000  # cases, not ids: a report may repeat one id
_MOST_SENTENCES = 5
_LONGEST_MESSAGE = 4_000
_LONGEST_ID = 1_000
_LONGEST_SECONDS = 1e9  # excludes NaN, infinity and nonsense
_SEVERITY: dict[Outcome, int] = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}


@dataclass(frozen=True)
class Reported:
    """What the reports of a check say. `problems`: reports that were not read to their end; `remarks`: no evidence."""

    tests: tuple[TestResult, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class _TooMuch(Exception):  # noqa: N818 - the end of a sentence, told of all reports of a check
    """The reports together are over a bound: nothing more is read."""


@dataclass(slots=True)
class _Left:
    """What is left of the bounds."""

    tests: int = _MOST_TESTS
    bytes: int = _MOST_BYTES


@dataclass(slots=True)
class _Tally:
    """The tests of a report that it tells apart by nothing: the worst of them, how many, and how many fail."""

    worst: Case
    copies: int = 0
    failing: int = 0


def read_reports(pattern: str, root: Path, *, stale: Reports | None = None, secrets: Secrets = NO_SECRETS) -> Reported:
    """Return the tests of every report that matches `pattern`, sorted by id.

    `stale` is what `find_reports` returned before the run; reports unchanged since then are skipped. Of a broken report
    the tests before the break count. Of tests with one id the worst outcome counts.
    """
    if not pattern:
        return Reported()
    found = find_reports(pattern, root)
    fresh = sorted(path for path, facts in found.items() if not stale or stale.get(path) != facts)
    if not fresh:
        return Reported(remarks=(Sentence("no_report", pattern=_line(pattern, secrets), old=bool(found)),))
    tests: dict[str, TestResult] = {}
    problems: list[str] = []
    empty: list[str] = []
    left = _Left()
    if len(fresh) > MOST_REPORTS:
        problems.append(Sentence("too_many_reports", pattern=_line(pattern, secrets), most=MOST_REPORTS))
    for path in fresh[:MOST_REPORTS]:
        name = _line(path.relative_to(root).as_posix(), secrets)
        try:
            known = _read_into(tests, path, root, left, secrets)
        except Unreadable as error:
            problems.append(Sentence("report_incomplete", name=name, why=error.args[0]))
        except _TooMuch as error:
            problems.append(Sentence("reports_too_much", pattern=_line(pattern, secrets), why=error.args[0], name=name))
            break
        else:
            empty += [] if known else [Sentence("report_without_test", name=name)]
    return Reported(
        tuple(sorted(tests.values(), key=lambda test: test.id)),
        _few(problems, "more_incomplete"),
        _few(empty, "more_without_test"),
    )


def _few(sentences: Sequence[str], rest: str) -> tuple[str, ...]:
    """Return the first sentences, and one that counts the rest."""
    more = len(sentences) - _MOST_SENTENCES
    return (*sentences[:_MOST_SENTENCES], *([Sentence(rest, number=more)] if more > 0 else []))


def _read_into(tests: dict[str, TestResult], path: Path, root: Path, left: _Left, secrets: Secrets) -> bool:
    """Add the tests of one report to `tests`, even if it breaks off; return whether it has any."""
    tallies: dict[tuple[object, ...], _Tally] = {}
    classes: dict[str, str] = {}

    def take(case: Case | Definition) -> None:
        if left.tests == 0 or len(classes) == _MOST_TESTS:
            raise _TooMuch(Sentence("reports_too_many_tests", most=_MOST_TESTS))
        if isinstance(case, Definition):
            classes[case.name] = case.classname
        else:
            left.tests -= 1
            tally = tallies.setdefault(
                (case.name, case.classname, case.suites, case.file, case.definition), _Tally(case)
            )
            if _SEVERITY[case.outcome] > _SEVERITY[tally.worst.outcome]:
                tally.worst = case
            tally.copies += 1
            tally.failing += case.outcome in {"failed", "error"}

    content = read_regular(path, at_most=_LARGEST_REPORT)
    if content is None:
        raise Unreadable(Sentence("report_closed"))
    left.bytes -= len(content)
    if left.bytes < 0:
        raise _TooMuch(Sentence("reports_too_large"))
    try:
        read_cases(decoded(content), lambda root_tag: DOTNET.get(root_tag, JUNIT), take)
    finally:
        _merge(tests, tallies.values(), classes, (f"{root}/", f"{root.resolve()}/"), secrets)
    return bool(tallies)


def _merge(
    tests: dict[str, TestResult],
    tallies: Collection[_Tally],
    classes: dict[str, str],
    roots: Sequence[str],
    secrets: Secrets,
) -> None:
    for tally in tallies:
        if tally.worst.definition:
            tally.worst = tally.worst._replace(classname=classes.get(tally.worst.definition, ""))
    file_line = lru_cache(maxsize=64)(partial(_line, secrets=secrets))  # many tests share a file
    for tally, (own_id, file) in zip(tallies, named([tally.worst for tally in tallies], roots), strict=True):
        case, copies, failing = tally.worst, tally.copies, tally.failing
        test_id = _line(own_id, secrets)
        known = tests.get(test_id)
        if known is not None:
            copies, failing = copies + known.copies, failing + known.failing
            if _SEVERITY[known.outcome] >= _SEVERITY[case.outcome]:
                tests[test_id] = replace(known, copies=copies, failing=failing)
                continue
        message = _message(case, secrets) if case.headline or case.kind or case.text else ""
        tests[test_id] = TestResult(
            test_id, case.outcome, _seconds(case.seconds), message, file_line(file), copies=copies, failing=failing
        )


def _message(case: Case, secrets: Secrets) -> str:
    short, kind, text = case.headline, case.kind, case.text
    if kind and kind not in short and kind not in text:
        short = f"{kind}: {short}"
    # Most runners repeat the message at the start of the text.
    whole = text if short.partition("\n")[0] in text.lstrip().partition("\n")[0] else f"{short}\n{text}"
    whole = secrets.clean(whole).strip()
    if len(whole) <= _LONGEST_MESSAGE:
        return whole
    half = _LONGEST_MESSAGE // 2
    return f"{whole[:half]}\n[…]\n{whole[-half:]}"


def _line(text: str, secrets: Secrets) -> str:
    return " ".join(secrets.clean(text).split())[:_LONGEST_ID]


def _seconds(text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return value if 0 <= value < _LONGEST_SECONDS else 0.0
