"""The run's own JUnit XML, for the tests tab of the pipeline."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from redimento.verification.evidence import CheckResult, Outcome, Verdict

_LONGEST_MESSAGE = 4_000
_BROKEN = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")  # not allowed in XML 1.0


def junit(verdict: Verdict) -> str:
    """Return the checks of the changed tree as one JUnit file for PublishTestResults@2.

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
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode()


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
