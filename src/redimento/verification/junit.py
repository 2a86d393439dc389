"""JUnit XML: read the reports of test runners, and write one for the run.

There is no standard; this reads what pytest, jest-junit, vitest, dotnet's JUnit loggers, Maven Surefire, Gradle and
go-junit-report write. Reports come from code that a model may have written: entities are not expanded, links are not
followed, size and number are limited.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO

import defusedxml
from defusedxml.ElementTree import iterparse

from redimento.text.foreign import neutralise, redact
from redimento.verification.evidence import CheckResult, Outcome, TestResult, Verdict

_LARGEST_REPORT = 64 * 1024 * 1024
_MOST_REPORTS = 2_000
_MOST_TESTS = 100_000  # cases, not ids: a report may repeat one id
_LONGEST_MESSAGE = 4_000
_LONGEST_ID = 1_000
_LONGEST_SECONDS = 1e9  # excludes NaN, infinity and nonsense
_NEVER_ENTERED = frozenset({".git", "node_modules"})
_SEVERITY: dict[Outcome, int] = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}
_SAID: dict[str, Outcome] = {
    **dict.fromkeys(("failed", "failure", "fail"), "failed"),
    **dict.fromkeys(("error", "timeout", "timedout", "aborted"), "error"),
    **dict.fromkeys(
        ("skipped", "notrun", "disabled", "notexecuted", "ignored", "inconclusive", "pending", "suppressed"), "skipped"
    ),
}
_BROKEN = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")  # not allowed in XML 1.0

Reports = Mapping[Path, tuple[int, int, int]]


def find_reports(pattern: str, root: Path) -> Reports:
    """Return the reports that match `pattern` (a path or glob inside `root`), with mtime, size and inode."""
    found: dict[Path, tuple[int, int, int]] = {}
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        return found
    with contextlib.suppress(OSError, ValueError):
        for path in _glob(pattern, root):
            facts = path.lstat()
            # A link could lead anywhere, and a FIFO would block for ever.
            inside = path.resolve().is_relative_to(root.resolve())
            if stat.S_ISREG(facts.st_mode) and inside and facts.st_size <= _LARGEST_REPORT:
                found[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if len(found) >= _MOST_REPORTS:
                break
    return found


def _glob(pattern: str, root: Path) -> Iterator[Path]:
    """Yield matching paths; `**` skips `.git` and `node_modules`, which would take seconds to walk."""
    above, stars, rest = pattern.partition("**/")
    if not stars:
        yield from root.glob(pattern)
        return
    for parent, folders, _ in os.walk(root / above):
        folders[:] = sorted(folder for folder in folders if folder not in _NEVER_ENTERED)
        yield from Path(parent).glob(rest)


def read_junit(
    pattern: str, root: Path, *, stale: Reports | None = None, secrets: Sequence[str] = ()
) -> tuple[TestResult, ...]:
    """Return the tests of every report that matches `pattern`, sorted by id.

    `stale` is what `find_reports` returned before the run; reports unchanged since then are skipped. A broken or
    truncated report gives the tests before the break. Of a test reported twice, the worst outcome counts.
    """
    tests: dict[str, TestResult] = {}
    read = 0
    for path, facts in sorted(find_reports(pattern, root).items()):
        if stale and stale.get(path) == facts:
            continue
        for test in islice(_tests_of(path, root), _MOST_TESTS - read):
            read += 1
            known = tests.get(test.id)
            if known is None or _SEVERITY[test.outcome] > _SEVERITY[known.outcome]:
                tests[test.id] = replace(test, message=redact(test.message, secrets), id=redact(test.id, secrets))
    return tuple(sorted(tests.values(), key=lambda test: test.id))


def _tests_of(path: Path, root: Path) -> Iterator[TestResult]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    with os.fdopen(descriptor, "rb") as stream, contextlib.suppress(ET.ParseError, defusedxml.DefusedXmlException):
        yield from _parse(stream, (f"{root}/", f"{root.resolve()}/"))


def _parse(stream: IO[bytes], roots: Sequence[str]) -> Iterator[TestResult]:
    suites = [("", "")]  # name and file, inherited from the suite around it
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        tag = element.tag.rpartition("}")[2]
        if tag == "testsuite":
            if event == "start":
                name, file = suites[-1]
                suites.append((element.get("name") or name, element.get("file") or file))
            else:
                suites.pop()
                element.clear()
        elif tag == "testcase" and event == "end":
            yield _test(element, suites[-1], roots)
            element.clear()


def _test(case: ET.Element, suite: tuple[str, str], roots: Sequence[str]) -> TestResult:
    suite_name, suite_file = suite
    file = _inside(case.get("file") or suite_file, roots)
    group, name = case.get("classname") or suite_name, case.get("name", "")
    # mocha and jest repeat the title instead of a class name: useless, and two files may share it.
    if group == name or (file and name.endswith(f" {group}")):
        group = file
    outcome, message = _outcome(case)
    return TestResult(
        id=_line(f"{group}::{name}" if group else name)[:_LONGEST_ID],
        outcome=outcome,
        seconds=_seconds(case.get("time", "")),
        message=message,
        file=_line(file)[:_LONGEST_ID],
    )


def _inside(path: str, roots: Sequence[str]) -> str:
    """Return `path` relative to the tree; reports of mocha and phpunit have absolute paths."""
    for root in roots:
        path = path.removeprefix(root)
    return path.removeprefix("./")


def _outcome(case: ET.Element) -> tuple[Outcome, str]:
    parts = {child.tag.rpartition("}")[2]: child for child in case}
    if (error := parts.get("error")) is not None:
        return "error", _message(error)
    if (failure := parts.get("failure")) is not None:
        return "failed", _message(failure)
    if "skipped" in parts:
        return "skipped", _message(parts["skipped"])
    # Some loggers, of dotnet and CTest, only set an attribute.
    said = (_SAID.get(case.get(name, "").lower()) for name in ("status", "result"))
    return next((outcome for outcome in said if outcome), "passed"), ""


def _message(element: ET.Element) -> str:
    short, kind, text = element.get("message", ""), element.get("type", ""), element.text or ""
    if kind and kind not in short and kind not in text:
        short = f"{kind}: {short}"
    # Most runners repeat the message at the start of the text.
    whole = text if short.partition("\n")[0] in text.lstrip().partition("\n")[0] else f"{short}\n{text}"
    whole = neutralise(whole).strip()
    if len(whole) <= _LONGEST_MESSAGE:
        return whole
    half = _LONGEST_MESSAGE // 2
    return f"{whole[:half]}\n[…]\n{whole[-half:]}"


def _line(text: str) -> str:
    return " ".join(neutralise(text).split())


def _seconds(text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return value if 0 <= value < _LONGEST_SECONDS else 0.0


def write_junit(verdict: Verdict, path: Path) -> None:
    """Write the checks of the changed tree as one JUnit file for PublishTestResults@2.

    Known, flaky and advisory failures are marked as skipped, with the reason: the Tests tab turns red only for what the
    change broke.
    """
    excused = {(failure.check, failure.test): "already failed before the change" for failure in verdict.known_failures}
    excused |= {(failure.check, failure.test): "flaky: passed when rerun" for failure in verdict.flaky}
    excused |= {
        (failure.check, failure.test): "advisory check" for failure in verdict.new_failures if not failure.required
    }
    root = ET.Element("testsuites", name="redimento")
    for result in verdict.after.results:
        _add_suite(root, result, excused)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add_suite(root: ET.Element, result: CheckResult, excused: Mapping[tuple[str, str], str]) -> None:
    tests = [
        (test.id, test.outcome, test.message, test.seconds, excused.get((result.name, test.id)))
        for test in result.tests
    ]
    if not any(outcome in {"failed", "error"} for _, outcome, *_ in tests):
        own: Outcome = "skipped" if result.skipped else "passed" if result.ok else "failed"
        text = "none of its paths changed" if result.skipped else result.reason or result.output[-_LONGEST_MESSAGE:]
        tests.append(("", own, text, result.seconds, excused.get((result.name, ""))))
    suite = ET.SubElement(root, "testsuite", name=_xml(result.name), time=f"{result.seconds:.3f}")
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for test, outcome, message, seconds, excuse in tests:
        group, _, name = test.rpartition("::") if test else ("", "", result.command)
        case = ET.SubElement(
            suite, "testcase", classname=_xml(f"{result.name}.{group}" if group else result.name), name=_xml(name),
            time=f"{seconds:.3f}",
        )  # fmt: skip
        if outcome == "passed":
            continue
        kind = "skipped" if excuse or outcome == "skipped" else "error" if outcome == "error" else "failure"
        counts[kind] += 1
        headline = excuse or message.partition("\n")[0][:200]
        ET.SubElement(case, kind, message=_xml(headline)).text = _xml(message)
    suite.set("tests", str(len(tests)))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))


def _xml(text: str) -> str:
    return _BROKEN.sub("", text)
