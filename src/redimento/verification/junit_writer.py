"""The run's own JUnit XML, for the tests tab of the pipeline."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from redimento.verification.evidence import CheckResult, Outcome, TestResult, Verdict

_LONGEST_MESSAGE = 4_000
_BROKEN = re.compile(r"[\0-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # not allowed in XML 1.0


def junit(verdict: Verdict) -> str:
    """Return the checks of the changed tree as one JUnit file for PublishTestResults@2.

    Known, flaky and advisory failures are marked as skipped, with the reason: the Tests tab turns red only for what the
    change broke.
    """
    advisory = [failure for failure in verdict.new_failures if not failure.required]
    excuses = {
        "already failed before the change": verdict.known_failures,
        "flaky: passed when rerun": verdict.flaky,
        "advisory check": advisory,
    }
    excused = {(one.check, one.test): excuse for excuse, failures in excuses.items() for one in failures}
    root = ET.Element("testsuites", name="redimento")
    for result in verdict.after.results:
        _add_suite(root, result, excused)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode()


def _add_suite(root: ET.Element, result: CheckResult, excused: Mapping[tuple[str, str], str]) -> None:
    tests = [*result.tests]
    if not any(test.fails for test in tests):
        own: Outcome = "skipped" if result.skipped else "passed" if result.ok else "failed"
        text = "none of its paths changed" if result.skipped else result.reason or result.output[-_LONGEST_MESSAGE:]
        tests.append(TestResult("", own, result.seconds, text))
    suite = ET.SubElement(root, "testsuite", name=_xml(result.name), time=f"{result.seconds:.3f}")
    counts = {"tests": len(tests), "failures": 0, "errors": 0, "skipped": 0}
    for test in tests:
        outcome, excuse = test.outcome, excused.get((result.name, test.id))
        group, _, name = test.id.rpartition("::") if test.id else ("", "", result.command)
        case = ET.SubElement(
            suite, "testcase", classname=_xml(f"{result.name}.{group}" if group else result.name), name=_xml(name),
            time=f"{test.seconds:.3f}",
        )  # fmt: skip
        if outcome == "passed":
            continue
        kind = "skipped" if excuse or outcome == "skipped" else "error" if outcome == "error" else "failure"
        counts["skipped" if kind == "skipped" else f"{kind}s"] += 1
        headline = excuse or test.message.partition("\n")[0][:200]
        ET.SubElement(case, kind, message=_xml(headline)).text = _xml(test.message)
    suite.attrib.update({name: str(count) for name, count in counts.items()})


def _xml(text: str) -> str:
    return _BROKEN.sub("", text)
