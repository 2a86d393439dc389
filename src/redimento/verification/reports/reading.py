"""Read the reports of a check: every one to its end, or it is said which one could not be."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import IO

from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.text.wording import Sentence
from redimento.verification.evidence import Outcome, TestResult
from redimento.verification.reports import dotnet, junit
from redimento.verification.reports.case import Case, Definition
from redimento.verification.reports.decoding import Piece, Unreadable, decoded
from redimento.verification.reports.elements import Element, Vocabulary, read_elements
from redimento.verification.reports.finding import MOST_REPORTS, Reports, find_reports
from redimento.verification.reports.ids import naming

_LARGEST_REPORT = 64 * 1024 * 1024
# Over all reports of one check.
_MOST_BYTES = 256 * 1024 * 1024
_MOST_TESTS = 200_000  # cases, not ids: a report may repeat one id
_MOST_SECONDS = 120.0
_MOST_SENTENCES = 5
_LONGEST_MESSAGE = 4_000
_LONGEST_ID = 1_000
_LONGEST_SECONDS = 1e9  # excludes NaN, infinity and nonsense
_SEVERITY: dict[Outcome, int] = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}

_CasesOf = Callable[[Element], Iterable[Case | Definition]]
_JUNIT: tuple[Vocabulary, _CasesOf] = (junit.VOCABULARY, junit.cases_of)
_FORMATS: dict[str, tuple[Vocabulary, _CasesOf]] = {
    "TestRun": (dotnet.TRX, dotnet.trx_cases),
    **dict.fromkeys(("test-run", "test-results"), (dotnet.NUNIT, dotnet.nunit_cases)),
    **dict.fromkeys(("assemblies", "assembly"), (dotnet.XUNIT, dotnet.xunit_cases)),
}


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
    latest: float = field(default_factory=lambda: time.monotonic() + _MOST_SECONDS)


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
    try:
        with _opened(path) as stream:
            _tally(_bounded(decoded(stream), stream, left), tallies, classes, left)
    finally:
        _merge(tests, tallies.values(), classes, (f"{root}/", f"{root.resolve()}/"), secrets)
    return bool(tallies)


def _opened(path: Path) -> IO[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(Sentence("report_closed", why=error.strerror)) from error
    stream = os.fdopen(descriptor, "rb")
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode) and facts.st_size <= _LARGEST_REPORT:
        return stream
    stream.close()
    raise Unreadable(Sentence("report_too_large" if stat.S_ISREG(facts.st_mode) else "report_no_file"))


def _bounded(pieces: Iterable[Piece], stream: IO[bytes], left: _Left) -> Iterator[Piece]:
    read = 0
    for piece in pieces:
        now = stream.tell()
        left.bytes -= now - read
        read = now
        if read > _LARGEST_REPORT:  # still growing
            raise Unreadable(Sentence("report_too_large"))
        if left.bytes < 0:
            raise _TooMuch(Sentence("reports_too_large"))
        if time.monotonic() > left.latest:
            raise _TooMuch(Sentence("reports_too_slow", seconds=_MOST_SECONDS))
        yield piece


def _tally(
    pieces: Iterable[Piece], tallies: dict[tuple[object, ...], _Tally], classes: dict[str, str], left: _Left
) -> None:
    cases_of = _JUNIT[1]

    def vocabulary(root_tag: str) -> Vocabulary:
        nonlocal cases_of
        words, cases_of = _FORMATS.get(root_tag, _JUNIT)
        return words

    def take(element: Element) -> None:
        for case in cases_of(element):
            if isinstance(case, Definition):
                classes[case.name] = case.classname
            else:
                left.tests -= 1
            if left.tests < 0 or len(classes) > _MOST_TESTS:
                raise _TooMuch(Sentence("reports_too_many_tests", most=_MOST_TESTS))
            if isinstance(case, Definition):
                continue
            key = (case.name, case.classname, case.suites, case.file, case.definition)
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = _Tally(case)
            elif _SEVERITY[case.outcome] > _SEVERITY[tally.worst.outcome]:
                tally.worst = case
            tally.copies += 1
            tally.failing += case.outcome in {"failed", "error"}

    read_elements(pieces, vocabulary, take)


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
    named = naming([tally.worst for tally in tallies], roots)
    file_line = lru_cache(maxsize=64)(partial(_line, secrets=secrets))  # many tests share a file
    for tally in tallies:
        case = tally.worst
        test_id, file = named(case)
        test_id, file = _line(test_id, secrets), file_line(file)
        known = tests.get(test_id)
        copies, failing = tally.copies, tally.failing
        if known is not None:
            copies, failing = copies + known.copies, failing + known.failing
            if _SEVERITY[known.outcome] >= _SEVERITY[case.outcome]:
                tests[test_id] = replace(known, copies=copies, failing=failing)
                continue
        message = _message(case, secrets) if case.headline or case.kind or case.text else ""
        tests[test_id] = TestResult(
            test_id, case.outcome, _seconds(case.seconds), message, file, copies=copies, failing=failing
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
