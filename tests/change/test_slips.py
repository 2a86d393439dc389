"""A block with one slip, anywhere in any file, is applied where the exact block would be, and changes nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from redimento.change.apply import apply
from redimento.change.beneath import Found
from redimento.change.edit import Replace


@dataclass(frozen=True)
class Case:
    """A file, and the lines `first` to `last` of it, in which line `changed` gets the text `done()`."""

    lines: list[str]
    first: int
    last: int
    changed: int

    @property
    def block(self) -> list[str]:
        return self.lines[self.first : self.last]

    def replacement(self, block: list[str]) -> list[str]:
        line = block[self.changed]
        new = line[: len(line) - len(line.lstrip())] + "done()"
        return [*block[: self.changed], new, *block[self.changed + 1 :]]

    @property
    def expected(self) -> str:
        return text([*self.lines[: self.first], *self.replacement(self.block), *self.lines[self.last :]])


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    indents = draw(st.lists(st.sampled_from(["", "    ", "        ", "\t"]), min_size=3, max_size=20))
    lines = [f"{indent}step_{n} = run({n * 7919 % 1000}, 'job {n}')" for n, indent in enumerate(indents)]
    first = draw(st.integers(0, len(lines) - 3))
    last = draw(st.integers(first + 3, len(lines)))
    return Case(lines, first, last, draw(st.integers(0, last - first - 1)))


def result(case: Case, search: list[str], replacement: list[str]) -> str:
    content = Found(text(case.lines).encode(), 0o100644)
    outcome = apply([Replace("a.py", text(search), text(replacement))], lambda _: content)
    assert outcome.refusals == ()
    found = outcome.files["a.py"]
    assert found is not None
    return found.content.decode()


@given(cases())
def test_no_slip(case: Case) -> None:
    assert result(case, case.block, case.replacement(case.block)) == case.expected


@given(cases(), st.sampled_from([" ", "  ", "    ", "\t"]))
def test_too_much_indentation(case: Case, more: str) -> None:
    block = [more + line for line in case.block]
    assert result(case, block, case.replacement(block)) == case.expected


@given(cases())
def test_too_little_indentation(case: Case) -> None:
    widths = [len(line) - len(line.lstrip(" ")) for line in case.block]
    block = [line[min(widths) :] for line in case.block]
    assert result(case, block, case.replacement(block)) == case.expected


@given(cases(), st.data(), st.sampled_from([" ", "\t", "   "]))
def test_trailing_white_space(case: Case, data: st.DataObject, space: str) -> None:
    number = data.draw(st.integers(0, len(case.block) - 1))
    block = [line + space * (at == number) for at, line in enumerate(case.block)]
    assert result(case, block, case.replacement(block)) == case.expected


@given(cases(), st.data(), st.sampled_from("xyz_.,:"))
def test_one_wrong_character(case: Case, data: st.DataObject, wrong: str) -> None:
    number = data.draw(st.integers(0, len(case.block) - 1))
    line = case.block[number]
    at = data.draw(st.integers(len(line) - len(line.lstrip()), len(line) - 1))
    block = [*case.block[:number], line[:at] + wrong + line[at + 1 :], *case.block[number + 1 :]]
    assert result(case, block, case.replacement(block)) == case.expected


@given(cases(), st.integers(1, 5_000), st.sampled_from([" | ", "| ", ": ", "\t"]))
def test_line_numbers(case: Case, start: int, mark: str) -> None:
    block = [f"{start + at}{mark}{line}" for at, line in enumerate(case.block)]
    replacement = [f"{start + at}{mark}{line}" for at, line in enumerate(case.replacement(case.block))]
    assert result(case, block, replacement) == case.expected


@given(cases(), st.data())
def test_a_blank_line_too_many(case: Case, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(case.block)))
    block = [*case.block[:at], "", *case.block[at:]]
    assert result(case, block, case.replacement(case.block)) == case.expected


@given(cases(), st.data())
def test_a_missing_blank_line(case: Case, data: st.DataObject) -> None:
    at = data.draw(st.integers(case.first + 1, case.last - 1))
    with_blank = Case([*case.lines[:at], "", *case.lines[at:]], case.first, case.last, case.changed)
    assert result(with_blank, case.block, case.replacement(case.block)) == case.expected
