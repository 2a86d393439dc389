"""Follow-up requests have a budget: what is small is shown whole, what is large by its changed places."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring import prompt
from redimento.authoring.conversation import LEAST_BUDGET, ModelSession, converse
from redimento.authoring.pieces import Found
from redimento.authoring.prompt import Briefing
from redimento.change.edit import Change, FileChange, Refusal
from redimento.context.selection import Excerpt
from redimento.context.tokens import estimate
from redimento.models.port import ModelError
from redimento.settings import ModelSettings
from redimento.verification.evidence import CheckResult, Checks, Failure, Verdict
from tests.authoring.requests import bare
from tests.authoring.test_conversation import EDIT, READ, Scripted
from tests.scaling import assert_linear

BUDGET = 40_000
# A few characters many times: long texts that hypothesis can still write down.
foreign = st.builds(
    lambda text, times, tail: text * times + tail,
    st.text(alphabet="aZ0 ,\n\r`~⋮{}é漢😀\ud800", max_size=12),
    st.sampled_from([1, 3, 50, 4_000]),
    st.text(max_size=5),
)
names = st.one_of(st.text(alphabet="ab/. \n`", min_size=1, max_size=8), st.just("long/" * 900))
contents = st.one_of(st.none(), st.binary(max_size=8), foreign.map(lambda text: text.encode("utf-8", "surrogatepass")))
changes = st.builds(
    lambda files, copies: Change(tuple(files) * copies),
    st.lists(st.builds(FileChange, names, contents, contents), max_size=4),
    st.sampled_from([1, 1, 30]),
)
failures = st.builds(
    lambda some, copies: tuple(some) * copies,
    st.lists(st.builds(Failure, st.sampled_from(["lint", "tests"]), foreign, foreign), max_size=4),
    st.sampled_from([1, 1, 300]),
)
results = st.builds(
    lambda output, reason: Checks(
        (CheckResult("lint", "x", required=True, exit_code=1, seconds=0.0, output=output, reason=reason),)
    ),
    foreign,
    foreign,
)
verdicts = st.builds(lambda new, after: Verdict(Checks(), after, new), failures, results)
found = st.lists(
    st.one_of(foreign, st.builds(lambda path, text: Excerpt(path, text, 0, 0.0, None), names, foreign)), max_size=3
)
refusals = st.lists(st.builds(Refusal, names, foreign, foreign), max_size=3)
budgets = st.sampled_from([LEAST_BUDGET * 2 // 3, 12_000, BUDGET])


@given(foreign, changes, verdicts, found, budgets)
def test_no_repair_exceeds_the_budget(
    summary: str, change: Change, verdict: Verdict, tests: Sequence[Found], budget: int
) -> None:
    assert estimate(prompt.repair(summary, change, verdict, tests, budget)) <= budget


@given(foreign, changes, refusals, found, budgets)
def test_no_correction_exceeds_the_budget(
    summary: str, change: Change, refused: Sequence[Refusal], read: Sequence[Found], budget: int
) -> None:
    by_path = {f"{number}.py": one for number, one in enumerate(read)}
    text = prompt.refused(
        summary, change.paths, refused, changed=change, found=by_path, whole={*by_path, *change.paths}, budget=budget
    )
    assert estimate(text) <= budget


@given(foreign, changes, st.lists(st.tuples(st.integers(1, 9), foreign), min_size=1, max_size=30), budgets)
def test_no_request_for_criteria_exceeds_the_budget(
    summary: str, change: Change, missing: Sequence[tuple[int, str]], budget: int
) -> None:
    assert estimate(prompt.missing_criteria(summary, change, missing, budget)) <= budget


@given(found, st.lists(foreign, max_size=5), st.lists(names, max_size=50), st.sampled_from([300, 3_000, BUDGET]))
def test_no_other_message_exceeds_the_budget(
    read: Sequence[Found], problems: Sequence[str], paths: Sequence[str], budget: int
) -> None:
    for text in (
        prompt.material(read, budget, last=True),
        prompt.unreadable(problems, budget),
        prompt.rest(paths, budget),
    ):
        assert estimate(text) <= budget


def change_of(before: Sequence[str], after: Sequence[str], path: str = "data/a.json") -> Change:
    return Change((FileChange(path, "\n".join(before).encode(), "\n".join(after).encode()),))


def repaired(change: Change, *failures: Failure, tests: Sequence[Found] = ()) -> str:
    return prompt.repair("It does.", change, Verdict(Checks(), Checks(), failures), tests, BUDGET)


LINES = [f'  "key_{number}": "the value number {number} of this file",' for number in range(1, 6_001)]


def test_a_large_file_is_shown_by_its_changed_places() -> None:
    after = list(LINES)
    after[699], after[5_499] = "  NEW 700", "  NEW 5500"
    text = repaired(change_of(LINES, after))

    assert "## data/a.json (excerpts; the numbers are not part of the file)" in text
    assert "⋮ lines 1-679 left out\n" + LINES[679] in text
    assert f"{LINES[698]}\n  NEW 700\n{LINES[700]}" in text
    assert "⋮ lines 721-5479 left out" in text
    assert f"{LINES[5_498]}\n  NEW 5500\n{LINES[5_500]}" in text
    assert "⋮ lines 5521-6000 left out" in text
    assert estimate(text) < 3_500


def test_lines_around_a_deletion_are_shown() -> None:
    text = repaired(change_of(LINES, [*LINES[:3_000], *LINES[3_400:]]))
    assert f"{LINES[2_999]}\n{LINES[3_400]}" in text


def test_a_deleted_picture_is_no_text() -> None:
    change = Change((FileChange("logo.png", b"\x89PNG\r\n\x1a\n\0\0", None),))
    assert "logo.png" in prompt.missing_criteria("", change, [(1, "x")], LEAST_BUDGET)


def test_a_small_change_is_shown_whole() -> None:
    lines = [f"line {number}" for number in range(1, 301)]
    text = repaired(change_of(lines, [*lines, "more"], "a.py"), Failure("tests", "t", "904 != 905"))

    assert "## a.py\n```\n" + "\n".join([*lines, "more"]) + "\n```" in text
    assert "904 != 905" in text
    assert "left out" not in text


def test_a_minified_line_is_cut_around_its_change() -> None:
    line = "".join(f"var a{number}=f({number});" for number in range(20_000))
    text = repaired(change_of([line], [line.replace("f(10000)", "g(10000)")], "dist/app.js"))

    assert "var a9999=f(9999);var a10000=g(10000);var a10001=f(10001);" in text
    assert "characters left out ⋮" in text
    assert estimate(text) < 1_000


def test_a_request_names_what_is_left_out() -> None:
    text = bare(repaired(Change(), *(Failure("tests", f"test_{number}", "wrong") for number in range(40))))

    assert "## tests: test_11\n" in text
    assert "## tests: test_12\n" not in text
    assert "Left out, because the request would be too long: tests: test_12, tests: test_13" in text
    assert "more." in text


def test_many_files_do_not_push_the_failure_out() -> None:
    files = [FileChange(f"src/file_{number}.py", None, "\n".join(LINES[:300]).encode()) for number in range(300)]
    text = repaired(Change(tuple(files)), Failure("tests", "test_a", "904 != 905"))

    assert "904 != 905" in text
    assert "## src/file_0.py (excerpts" in text
    assert "more." in text


@pytest.mark.parametrize("large", [False, True])
def test_only_a_file_that_is_shown_whole_may_be_asked_for_whole(*, large: bool) -> None:
    text = "\n".join(LINES if large else LINES[:10])
    read = {"a.json": Excerpt("a.json", text, 0, 0.0, None)}
    refusal = Refusal("a.json", "no such lines")
    request = prompt.refused("", (), [refusal], changed=Change(), found=read, whole={"a.json"}, budget=BUDGET)
    assert ("Write a.json whole this time" in bare(request)) is not large


@pytest.mark.parametrize("between", ["", "?", ("```\na.py\n<<<<<<< WHOLE\n",)], ids=["reads", "unreadable", "cut off"])
def test_everything_a_conversation_adds_shares_one_budget(between: str | tuple[str]) -> None:
    def read(paths: Sequence[str], patterns: Sequence[str]) -> list[Found]:
        return [Excerpt(path, "\n".join(LINES), 0, 0.0, None) for path in [*paths] * 9] + ["hit\n" * 90_000]

    model = Scripted([READ, between or READ, READ, EDIT])
    converse(
        ModelSession(model, ModelSettings(), Briefing("", ""), read, "medium", LEAST_BUDGET), "do it", purpose="author"
    )
    assert len(model.asked) == 4
    for request in model.asked:
        assert sum(estimate(message.text) for message in request.messages if message.role == "user") <= LEAST_BUDGET


def test_a_model_that_only_reads_ends_within_the_budget() -> None:
    model = Scripted([READ] * 20)
    session = ModelSession(model, ModelSettings(), Briefing("", ""), lambda *_: ["x, " * 90_000] * 9, "medium", BUDGET)
    with pytest.raises(ModelError):
        converse(session, "do it", purpose="author")
    assert max(sum(estimate(m.text) for m in request.messages if m.role == "user") for request in model.asked) <= BUDGET


@pytest.mark.parametrize("shape", ["lines", "one line", "many places", "new", "failure", "read"])
def test_twice_as_much_takes_twice_the_time(shape: str) -> None:
    def request(size: int) -> str:
        old = [f'"key {number}": {number},' for number in range(size)]
        new = [line.replace("7", "x") for line in old]
        if shape == "one line":
            return repaired(change_of(["".join(old)], ["".join(new)]))
        if shape == "new":
            return repaired(change_of([], new))
        if shape == "failure":
            return repaired(Change(), *[Failure("tests", "t", "\n".join(old))] * 12)
        if shape == "read":
            return repaired(Change(), tests=[Excerpt("t.py", "\n".join(old), 0, 0.0, None)])
        return repaired(change_of(old, new if shape == "many places" else [*old[:9], *old[10:]]))

    assert_linear(request, 5_000, 10_000)
