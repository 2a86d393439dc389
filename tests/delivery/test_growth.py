"""Foreign text of any size is read in linear time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from redimento.authoring.answer import CriterionClaim
from redimento.change.edit import Change, Dependency, FileChange
from redimento.change.guards.steering import SteeringFile
from redimento.delivery.criteria import assess, unanswered
from redimento.delivery.markdown import inline, numberless, quoted
from redimento.delivery.report import FileLine, Report, check_lines, file_lines, further_proofs
from redimento.delivery.texts import comment, commit_body, description, title
from redimento.outcome import Outcome
from redimento.text.foreign import code
from redimento.verification.evidence import CheckResult, Checks, Failure, Proof, TestResult, Verdict
from tests.delivery.test_texts import ITEM, REPORT
from tests.scaling import assert_linear_in

PIECES = (
    "a",
    "a ",
    "`",
    "`x",
    "\n",
    "\r",
    "a-",
    "[",
    "<",
    "![",
    "[](",
    "(",
    "#1",
    "#",
    "a@",
    "://",
    "~~~\n",
    "- ",
    "##vso[",
    "\x1b[0;",
    "\x1b]0",
    "'\"",
    "\\",
)
DRAFT = Outcome("draft", "1 test fails.", pull_request_id=4, pull_request_url="https://x.invalid/4")


def _quoted(text: str) -> str:
    return quoted((text,), len(text))


def _quoted_plainly(text: str) -> str:
    return quoted((text,), len(text), markup=False)


def _title(text: str) -> str:
    return title("{type} {id}: {title}", replace(ITEM, title=text))


def _description(text: str) -> str:
    return description(replace(REPORT, summary=text, documentation=text, build_instructions=text))


def _commit_body(text: str) -> str:
    return commit_body(replace(REPORT, summary=text))


def _comment(text: str) -> str:
    outcome = replace(DRAFT, sentence=text)
    return comment(ITEM, outcome, replace(REPORT, summary=text), marker="Redimento, web", reference="abc")


def _questions(text: str) -> str:
    outcome = Outcome("questions", "", questions=(text,))
    return comment(ITEM, outcome, None, marker="Redimento, web", reference="abc")


BUILDERS = (
    _quoted,
    _quoted_plainly,
    numberless,
    inline,
    code,
    _title,
    _description,
    _commit_body,
    _comment,
    _questions,
)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__.strip("_"))
def test_a_text_twice_as_long_takes_twice_as_long(build: Callable[[str], str], piece: str) -> None:
    assert_linear_in(build, lambda size: piece * size, 10_000)


def _file(before: bytes, after: bytes) -> Change:
    return Change((FileChange("a.txt", before, after),))


def test_one_changed_line_among_sixty_thousand_empty_ones_is_counted() -> None:
    change = _file(b"\n" * 60_000, b"\n" * 30_000 + b"x\n" + b"\n" * 29_999)
    assert file_lines(change) == (FileLine("a.txt", 1, 1, "changed"),)


@pytest.mark.parametrize(
    "make",
    [
        lambda size: _file(b"\n" * size, b"\n" * (size // 2) + b"x\n" + b"\n" * (size // 2)),
        lambda size: _file(b"x\n" + b"\n" * size + b"y\n", b"y\n" + b"\n" * size + b"x\n"),
        lambda size: _file(b"a\nb\n" * size, b"b\na\n" * size),
        lambda size: _file(b"".join(b"%d\n" % n for n in range(size)), b"".join(b"%d\n" % -n for n in range(size))),
        lambda size: _file(b"".join(b"%d\n" % n for n in range(size)), b"".join(b"%d\n" % (size - n) for n in range(size))),
        lambda size: _file(b"x" * size, b"x" * size + b"y"),
    ],
    ids=["empty lines", "swapped ends", "two lines", "all different", "reversed", "one long line"],
)  # fmt: skip
def test_counting_the_lines_of_a_file_twice_as_long_takes_twice_as_long(make: Callable[[int], Change]) -> None:
    assert_linear_in(file_lines, make, 2_000)


def _verdict(size: int) -> Verdict:
    tests = tuple(TestResult(f"tests.test_cart.Total::test_{n}", "failed" if n % 2 else "passed") for n in range(size))
    result = CheckResult("tests", "pytest", required=True, exit_code=1, seconds=1.0, output="", tests=tests)
    failures = tuple(Failure("tests", test.id, "boom") for test in tests)
    proofs = tuple(Proof(test.id, "failed", "passed") for test in tests)
    checks = Checks((result,))
    return Verdict(checks, checks, failures, failures, failures, failures, proofs)


def _claims(size: int) -> list[CriterionClaim]:
    return [CriterionClaim(n, "done", (f"tests/test_cart.py::test_{n}",), "cart.py") for n in range(1, size + 1)]


def _report(size: int) -> Report:
    verdict = _verdict(size)
    return replace(
        REPORT,
        verdict=verdict,
        criteria=assess(["It adds up"] * size, [], verdict),
        further_proofs=verdict.proofs,
        files=REPORT.files * size,
        new_dependencies=(Dependency("left-pad", "package.json", "^1", "", "^0"),) * size,
        steering=(SteeringFile("pip.txt", "package sources", ("-i x",), ("-i y",)),) * size,
        checks=REPORT.checks * size,
        draft_reasons=("1 test fails.",) * size,
    )


def test_a_report_with_twice_as_much_in_it_takes_twice_as_long() -> None:
    assert_linear_in(description, _report, 200)


def test_a_verdict_on_twice_as_many_tests_takes_twice_as_long() -> None:
    claims = _claims(5)
    criteria = assess(["It adds up"] * 5, claims, None)

    assert_linear_in(check_lines, _verdict, 1_000)
    assert_linear_in(lambda verdict: assess(["It adds up"] * 5, claims, verdict), _verdict, 1_000)
    assert_linear_in(lambda verdict: further_proofs(criteria, verdict), _verdict, 1_000)


def test_one_test_for_twice_as_many_criteria_takes_twice_as_long() -> None:
    verdict = _verdict(2)

    def shared(size: int) -> object:
        claims = [replace(claim, tests=("tests/test_cart.py::test_1",)) for claim in _claims(size)]
        return assess(["It adds up"] * size, claims, verdict)

    assert_linear_in(shared, lambda size: size, 2_000)


def test_twice_as_many_criteria_take_twice_as_long() -> None:
    verdict = _verdict(100)

    assert_linear_in(lambda size: assess(["It adds up"] * size, _claims(size), verdict), lambda size: size, 200)
    assert_linear_in(lambda size: unanswered(["It adds up"] * size, _claims(size)), lambda size: size, 1_000)
