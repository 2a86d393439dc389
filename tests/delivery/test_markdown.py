"""Foreign text in Markdown, read back by a Markdown parser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from redimento.delivery.criteria import CriterionEvidence, NamedTest
from redimento.delivery.markdown import inline, quoted, units
from redimento.delivery.report import Report
from redimento.delivery.texts import comment, commit_body, whole
from redimento.outcome import Outcome
from redimento.text.foreign import code
from redimento.verification.evidence import ChangedTest
from tests.delivery.test_texts import EVERYTHING, ITEM


@pytest.mark.parametrize(
    ("show", "text", "shown"),
    [
        (inline, "See #12, !3 and # 4: ~a~ & $b$ <b>", r"See \#12, \!3 and # 4: \~a\~ &amp; \$b\$ &lt;b>"),
        (inline, "![x](http://evil.invalid)", "x (`http://evil.invalid`)"),
        (inline, "[our wiki]( /a 'title' )", "our wiki ( /a 'title' )"),
        (inline, "(see www.evil.invalid/x_y.)", "(see `www.evil.invalid/x_y`.)"),
        (inline, "<https://evil.invalid>, a@b.invalid", "&lt;`https://evil.invalid`>, `a@b.invalid`"),
        (inline, "# one", r"\# one"),
        (inline, "12. one", r"12\. one"),
        (inline, "12.5 one", "12.5 one"),
        (inline, "a *b* [c] | d_e", r"a \*b\* \[c\] \| d\_e"),
        (inline, "`a*b|c` and `<i>`", "`a*b¦c` and `<i>`"),
        (inline, "an odd ` mark", r"an odd \` mark"),
        (inline, "`a` and ` odd", r"`a` and \` odd"),
        (inline, " two\n\n lines ", "two lines"),
        (inline, "##vso[a]\x1b[31m", r"\# # vso\[a\]"),
        (code, "##vso[a]\x1b[31m", "`# # vso[a]`"),
        (inline, "x" * 198 + " yyy", "x" * 198 + "…"),
        (inline, "x" * 201, "x" * 199 + "…"),
        (inline, "x" * 200, "x" * 200),
        (code, "a `b` | c", "`a 'b' ¦ c`"),
        (code, " \n", ""),
        (code, "x" * 121, "`" + "x" * 119 + "…`"),
        (code, "x" * 120, "`" + "x" * 120 + "`"),
    ],
)
def test_foreign_text_is_shown_as_it_was_meant(show: Callable[[str], str], text: str, shown: str) -> None:
    assert show(text) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("One.\r\nTwo `x`.\r\n\r\n\r\n\r\nThree.", "> One.\n> Two `x`.\n>\n> Three."),
        ("- one\n* two\n+ three\n1. four\n2) five", "> - one\n> - two\n> - three\n> 1. four\n> 2) five"),
        ("- - one\n- # two\n- ---", "> \\- - one\n> - \\# two\n> \\- ---"),
        ("# one\ntwo\n===\nthree\n---", "> \\# one\n> two\n> \\===\n> three\n> \\---"),
        ("> quoted\n>> twice", "> \\> quoted\n> \\>> twice"),
        ("| a |\n|---|", "> \\| a \\|\n> \\|---\\|"),
        ("```python\nx = '`'\n```\nafter", "> ```\n> x = '`'\n> ```\n> after"),
        ("~~~~\n```\n~~~\n~~~~", "> ````\n> ```\n> ~~~\n> ````"),
        ("```\nopen", "> ```\n> open\n> ```"),
        ("```not``` a fence", "> `not` a fence"),
        ("[x]: http://evil.invalid", "> \\[x\\]: `http://evil.invalid`"),
        ("[docs](javascript:alert(1)) <!-- x -->", "> \\[docs\\](javascript:alert(1)) &lt;!-- x -->"),
        ("one\n- ``", "> one\n>"),
        (" \n ", ""),
    ],
)
def test_a_quotation_keeps_code_and_flat_lists_and_shows_the_rest_as_typed(typed: str, shown: str) -> None:
    assert quoted((typed,), 1_000) == shown


def test_a_quotation_is_cut_before_it_is_balanced() -> None:
    assert quoted(("```\n" + "x" * 100,), 20) == f"> ```\n> {'x' * 15}…\n> ```"
    assert quoted(("a" * 30, "never", "seen"), 20) == f"> {'a' * 19}…"
    assert quoted(("one", "```\ntwo", "three"), 100) == "> one\n>\n> ```\n> two\n> ```\n>\n> three"


def test_a_quotation_in_a_commit_message_is_wrapped_and_plain() -> None:
    text = quoted(("Fixes #42, see [x](y).\n\n" + "word " * 20,), 1_000, markup=False)

    assert text.startswith("> Fixes no. 42, see [x](y).\n>\n> word word")
    assert max(map(len, text.splitlines())) <= 72


@pytest.mark.parametrize(("text", "length"), [("", 0), ("aé", 2), ("𝄞", 2)])
def test_units_are_those_of_utf_16(text: str, length: int) -> None:
    assert units(text) == length


@given(st.text())
def test_foreign_text_has_no_power_in_markdown(text: str) -> None:
    for shown in (inline(text), code(text)):
        assert "##vso" not in shown.lower()
        assert "\n" not in shown
    assert len(inline(text, 50)) <= 50 * 5 + 5


HOSTILE = st.lists(
    st.sampled_from(
        ["```", "````", "``````", "~~~", "~~~~~", "`", "``", "# ", "## ", "###### ", "===", "---", "***", "- ", "* ", "1. ", "10) ", "> ", ">> ", "\n", "\n\n", "\r", "\r\n", "\t", "    ", "\\", "&#35;", "&lt;", "<!--", "-->", "</details>", "<details>", "<b>", "<script>", "<a href=x>", "![x](http://e.invalid/)", "[x](http://e.invalid/)", "[x]: http://e.invalid", "[x][y]", "[x]", "](", "<http://e.invalid>", "http://e.invalid", "www.e.invalid", "a@b.invalid", "@<guid>", "#12", "!12", "AB#12", "fixes #4", "##vso[x]", "##[x]", "\u202e", "\u200b", "\x1b[31m", "$x$", ":::", "[[_TOC_]]", "**", "__", "~~", "word", "a b", "𝄞", "|", "| a | b |", "|---|---|", "a | b", "x" * 5000]
    ),
    max_size=30,
).map("".join)  # fmt: skip
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_INSIDE = {
    *("paragraph_open", "paragraph_close", "inline", "fence", "list_item_open", "list_item_close"),
    *("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"),
}
_IN_A_LINE = {"text", "text_special", "code_inline", "softbreak", "hardbreak"}


def _read(text: str) -> tuple[list[Token], list[Token]]:
    """Parse a text; return what is outside its one quotation, and what is inside."""
    tokens = _PARSER.parse(text)
    kinds = [token.type for token in tokens]
    assert kinds.count("blockquote_open") == kinds.count("blockquote_close") <= 1
    if "blockquote_open" not in kinds:
        return tokens, []
    start, end = kinds.index("blockquote_open"), kinds.index("blockquote_close")
    return [*tokens[:start], *tokens[end + 1 :]], tokens[start + 1 : end]


def _spoken_by_model(text: str) -> Report:
    return replace(EVERYTHING, summary=text, questions=(text,), build_instructions=text, documentation=text)


def _texts(report: Report) -> Iterator[str]:
    outcome = Outcome("draft", "x", pull_request_id=4, pull_request_url="https://x.invalid/4")
    yield whole(report)
    yield comment(ITEM, outcome, report, marker="Redimento, web", reference="abc")


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_no_words_of_the_model_leave_their_quotation(text: str) -> None:
    for shown, plain in zip(_texts(_spoken_by_model(text)), _texts(_spoken_by_model("Plain words.")), strict=True):
        outside, inside = _read(shown)
        expected, _ = _read(plain)
        at_least = [(token.type, token.content) for token in expected]
        found = [(token.type, token.content) for token in outside]
        assert found == at_least or "Shortened" in shown
        assert {token.type for token in inside} <= _INSIDE
        children = {child.type for token in inside for child in token.children or ()}
        assert children <= _IN_A_LINE
        for forbidden in ("##vso", "\u202e", "\u200b", "\x1b", "\r"):
            assert forbidden not in shown.lower()


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_notes_and_reasons_of_the_model_stay_on_their_line(text: str) -> None:
    def report(words: str) -> Report:
        criterion = CriterionEvidence(1, "It adds up", "claimed", (NamedTest(words or "t"),), words)
        verdict = EVERYTHING.verdict
        assert verdict is not None
        return replace(
            EVERYTHING,
            criteria=(criterion,),
            verdict=replace(verdict, forbidden=(ChangedTest("t::old", words, 1),)),
        )

    for shown, plain in zip(_texts(report(f"x{text}")), _texts(report("Plain words.")), strict=True):
        outside, _ = _read(shown)
        expected, _ = _read(plain)
        assert [token.type for token in outside] == [token.type for token in expected]
        for token in outside:
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {*_IN_A_LINE, "strong_open", "strong_close", "link_open", "link_close"}
            for child in token.children or ():
                assert child.attrGet("href") in {None, "https://x.invalid/4", EVERYTHING.run_url}


@settings(max_examples=50, deadline=None)
@given(HOSTILE)
def test_no_words_of_the_model_are_a_line_of_their_own_in_a_commit(text: str) -> None:
    before, _, words = commit_body(_spoken_by_model(text)).partition("In the model's words:\n\n")

    assert before == commit_body(_spoken_by_model("Plain words.")).partition("In the model's words:\n\n")[0]
    assert all(line.startswith(">") for line in words.splitlines())
    assert not any(mark in words for mark in ("#12", "!12", "#4", "##vso"))
