"""Follow-up requests have a budget: what is small is shown whole, what is large by its changed places."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.authoring import prompt
from redimento.authoring.conversation import LEAST_BUDGET
from redimento.authoring.notebook import Notebook, noted
from redimento.authoring.state import Earlier, State
from redimento.change.edit import Change, FileChange, Refusal
from redimento.context.selection import Excerpt
from redimento.context.spans import with_gaps
from redimento.context.tokens import estimate
from redimento.exploration.wish import Finding, Wish
from redimento.verification.evidence import CheckResult, Checks, Failure, TestResult, Verdict
from redimento.verification.reproduction import Reproduction
from redimento.verification.trial import TrialResult
from tests.authoring.requests import bare
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
findings = st.lists(
    st.builds(
        lambda path, texts, text: Finding(
            Wish("read", path), tuple(Excerpt(path, each, 0, 0.0, None) for each in texts), text
        ),
        names, st.lists(foreign, max_size=2), foreign,
    ),
    max_size=3,
)  # fmt: skip
states = st.builds(
    lambda change, summary, verdict, files, refusals, missing, texts, paths: State(
        Notebook(BUDGET, trials=(TrialResult(summary, tuple(paths), (), summary, remark=summary),)), change, summary, verdict, tuple(paths), tuple(refusals), tuple(files), frozenset(change.paths),
        tuple(missing), tuple(Earlier(summary, tuple(paths), tuple(texts), summary) for _ in files), problems=tuple(texts),
        tried=bool(texts), reproduction=Reproduction("", (TestResult("a", "failed", message=summary),), change) if paths else None,
        repeated=tuple(one.wish for one in files), dropped=tuple(one.wish for one in files),
    ),
    changes, foreign, st.none() | verdicts, findings, st.lists(st.builds(Refusal, names, foreign, foreign), max_size=3),
    st.lists(st.tuples(st.integers(1, 9), foreign), max_size=30), st.lists(foreign, max_size=5), st.lists(names, max_size=50),
)  # fmt: skip


@settings(max_examples=40)
@given(states, st.sampled_from([LEAST_BUDGET, 12_000, BUDGET]))
def test_no_state_takes_more_than_the_budget(state: State, budget: int) -> None:
    assert estimate(prompt.state_section(state, budget)) <= budget


@given(st.lists(findings, max_size=4), st.sampled_from([0, 1_500, BUDGET]))
def test_no_notebook_takes_more_than_its_budget(answers: Sequence[Sequence[Finding]], budget: int) -> None:
    notebook = Notebook(budget)
    for found in answers:
        later, dropped = noted(notebook, found, {})
        assert later.entries[: len(notebook.entries)] == notebook.entries
        assert {one.wish for one in found} >= {*dropped}
        notebook = later
    assert sum(estimate(f"{entry.text}\n") for entry in notebook.entries) <= budget
    assert notebook.left >= 0


@given(st.lists(names, max_size=50), st.sampled_from([300, 3_000]))
def test_no_request_for_the_rest_takes_more_than_the_budget(paths: Sequence[str], budget: int) -> None:
    assert estimate(prompt.rest(paths, budget)) <= budget


def change_of(before: Sequence[str], after: Sequence[str], path: str = "data/a.json") -> Change:
    return Change((FileChange(path, "\n".join(before).encode(), "\n".join(after).encode()),))


def repaired(change: Change, *failures: Failure, tests: Sequence[Excerpt] = ()) -> str:
    files = tuple(Finding(Wish("read", test.path), (test,)) for test in tests)
    state = State(Notebook(BUDGET), change, "It does.", Verdict(Checks(), Checks(), failures), files=files)
    return prompt.state_section(state, BUDGET)


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
    assert "logo.png" in prompt.state_section(State(Notebook(0), change), LEAST_BUDGET)


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


@pytest.mark.parametrize("kind", ["whole", "large", "lines", "missing"])
def test_only_a_file_that_is_shown_whole_may_be_asked_for_whole(kind: str) -> None:
    text = "\n".join(LINES if kind == "large" else LINES[:10])
    shown = Excerpt("a.json", text, 0, 0.0, ((1, 10),) if kind == "lines" else None)
    found = Finding(Wish("read", "a.json"), () if kind == "missing" else (shown,), "There is no such file.")
    state = State(
        Notebook(0), refusals=(Refusal("a.json", "no such lines"),), files=(found,), whole=frozenset(["a.json"])
    )
    request = bare(prompt.state_section(state, BUDGET))
    assert ("Give a.json whole this time" in request) is (kind == "whole")


def test_one_large_answer_leaves_room_for_the_next() -> None:
    large = [Finding(Wish("read", f"{n}"), (Excerpt(f"{n}", "\n".join(LINES), 0, 0.0, None),)) for n in range(60)]
    notebook, dropped = noted(Notebook(BUDGET), large, {})
    assert notebook.left >= BUDGET // 2
    assert len(notebook.entries) + len(dropped) == 60
    assert "## 0 (excerpts; the numbers are not part of the file)" in bare(notebook.entries[0].text)


def test_a_large_excerpt_of_several_places_is_cut_within_them() -> None:
    places = ((101, 2_100), (3_001, 5_000))
    shown = Excerpt("a.json", with_gaps(LINES, places), 0, 0.0, places)
    (entry,) = noted(Notebook(BUDGET), [Finding(Wish("read", "a.json"), (shown,))], {})[0].entries
    assert f"⋮ lines 1-100 left out\n{LINES[100]}\n{LINES[101]}\n" in entry.text
    assert f"{LINES[4_999]}\n" in entry.text
    assert LINES[99] not in entry.text
    assert LINES[2_100] not in entry.text


@pytest.mark.parametrize("shape", ["lines", "one line", "many places", "new", "failure", "read", "notebook"])
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
        if shape == "notebook":
            spans = tuple((number, number) for number in range(1, size, 2))
            shown = Excerpt("t.py", with_gaps(old, spans), 0, 0.0, spans)
            notebook, _ = noted(Notebook(BUDGET), [Finding(Wish("read", "t.py"), (shown,), "\n".join(old))], {})
            return notebook.entries[0].text
        if shape == "read":
            return repaired(Change(), tests=[Excerpt("t.py", "\n".join(old), 0, 0.0, None)])
        return repaired(change_of(old, new if shape == "many places" else [*old[:9], *old[10:]]))

    assert_linear(request, 5_000, 10_000)
