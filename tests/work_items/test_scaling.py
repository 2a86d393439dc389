"""Twice the text takes at most a little more than twice the time, for any text a stranger may write."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.work_items.attachment import open_all, show
from redimento.work_items.criteria import asked_for
from redimento.work_items.item import WorkItem, written_text
from redimento.work_items.rich_text.html import to_markdown
from redimento.work_items.trigger import read_trigger
from tests.scaling import assert_linear

SMALLEST = 250  # characters; a cubic parser fails before it takes minutes
LARGEST = 32_000
MEASURABLE = 0.02  # seconds; below that the clock and the allocator decide
ITEM = WorkItem(id=7, revision=1, type="User Story", kind="story", title="Totals")


def seconds(read: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    read(text)
    return time.process_time() - start


def check_growth(read: Callable[[str], object], shape: str, largest: int = LARGEST) -> None:
    """`shape` is a text whose part in `«»` is repeated."""
    head, unit, tail = shape.replace("»", "«").split("«")

    def sized(size: int) -> str:
        return head + unit * (size // len(unit)) + tail

    size, took = SMALLEST, seconds(read, sized(SMALLEST))
    while size < largest:
        once, took = took, seconds(read, sized(2 * size))
        if took > max(MEASURABLE, 3 * once):  # looks steep: measure well
            assert_linear(read, sized(size), sized(2 * size))
        size *= 2


def read_field(field: str) -> str:
    """Read a field of a work item as a run does: HTML to Markdown, Markdown to criteria, everything to one text."""
    markdown = to_markdown(field)
    description, criteria = asked_for(markdown, markdown)
    item = replace(ITEM, description=description, acceptance_criteria=criteria)
    return written_text(item, ())


@pytest.mark.parametrize(
    "shape",
    [
        "«<div>The total is right.<br></div>»",
        "«<p>x</p><hr><img src='https://x/y.png' alt='p'>»",
        "<ul>«<li><input type=checkbox>a</li>»</ul>",
        "<ul>«<li>a<ul><li>b</li><li>c</li></ul></li>»</ul>",
        "<ol><li><ul><li><ol><li>«x<br>»",
        "«<ul><li>x»",
        "<ol>«<li>x</li>»</ol>",
        "<table>«<tr><td>a</td><td>b | c</td></tr>»</table>",
        "<table><tr>«<td>a</td>»</tr></table>",
        "«<table><tr><td>»",
        "<p>«&lt;a&amp;b&#39;»",
        "<p>«word and word »",
        "<p># a«\u2003»x",
        "<p>a|b</p><p>«\u2003»x",
        "<p>«<b>a<i>b<code>c»",
        "<p>«</div></b></li></ul>»",
        "<p>x</p><img «a»>",
        "<p>x</p><td a« »>",
        "<p «a='b' »>x",
        "<p>x«<a b='»",
        "<h2>Acceptance criteria</h2>«<div>Given a</div><div>When b</div><div>Then c</div>»",
        "<pre>«x<br>»</pre>",
        "<div>«|--»x</div>",
        "<s>«<div>a</div>»",
        "«<s>a»",
        "«<span style='text-decoration:line-through'>a»",
        "«<div style='white-space:pre-wrap'>  a\n  b»",
        "<div>«&nbsp; »x",
        "«<div>&nbsp; &nbsp; x</div>»",
        "<code>« x\n»</code>",
        "<table><tr>«<td rowspan=99 colspan=99>a»</table>",
        "<table><tr>«<td rowspan=99>ab»<tr><td>x</table>",
        "<table>«<tr><td rowspan=99>a<td>b</tr>»</table>",
        "«<table><tr><td>a</td></tr>»",
        "<table>«<tr><td><table><tr><td>a</table></td></tr>»</table>",
        "«x<sup>2</sup>»",
        "می«&zwnj;»خ",
        "«<p>T</p>\n\n»",
        "«<span style='font-weight:bold'>x<div>y</div></span>»",
        "«<span style='vertical-align:super'>x»",
        "<table>«<tr><td colspan=2>Total</td></tr>»</table>",
        "<table>«<tr><td rowspan=0>a</td></tr>»</table>",
        "<p>«&a»",
        "<p>&«a»",
        "«<pre>x</pre>»",
        "<div>«<img src='data:x'>»",
    ],
)
def test_html_takes_linear_time_up_to_the_criteria(shape: str) -> None:
    check_growth(read_field, shape)


def test_void_elements_take_linear_time() -> None:
    # The quadratic part of a parser that searches a list of them only shows in long texts.
    check_growth(read_field, "<p>«<b>x</b><br>»", largest=128_000)


@pytest.mark.parametrize(
    "shape",
    [
        "«- a\n»",
        "- a\n«      more\n»",
        "# a« »x",
        "## Acceptance criteria\n# a« #»x",
        "a|b\n« »x",
        "a|b\n--« »x",
        "| a | b |\n|---|---|\n«| 1 | 2 |\n»",
        "|« a |»\n|---|",
        "| a |\n|--|\n| «\\|» |",
        "«Acceptance criteria:\n- a\n## Notes\n»",
        "acceptance« »x",
        "- Given a\n«- And b\n»",
        "«Scenario: s\nGiven x\n\n»",
        "«```\n~~~\n»",
        "```gherkin« »x",
        "«A sentence.\n»",
        "a«\n»b",
        "«`<div>` »",
        "«&amp;»",
        "&#«9»",
        "«~~a~~ »",
        "~~«a »",
        "~~«~»a",
        "«Out of scope:\n- a\n»",
        "- Out of« »scope: a",
        "«**Bold**\n»",
        "**«a »**",
        "«Szenario: s\nGegeben sei x\nDann y\n»",
        "«1.1 a\n»",
        "1«.1»",
        "«① a\n»",
        "«一»、a",
        "«✅»a\n✅ b",
        "# language:« »de",
        "«Given »x",
        "a`«`»b",
        "«a\n\n<b>»",
        "not part of this«x »:",
        "«```\nGiven x\n```\n»",
        "«<s>»x",
        "«![](data:»",
        "«<img »src=data:x>",
        "«Out of scope / »",
        "Background:\nGiven u\nScenario: a\nThen b\n«| a |\n»",
        "Background:\n«Given u\n»",
        "«@a »x",
        "h1. « »x",
        "«❌ »Out of scope",
        "| a |«  »|\n|--|--|\n",
    ],
)
def test_markdown_takes_linear_time_up_to_the_criteria(shape: str) -> None:
    check_growth(read_field, shape)


@pytest.mark.parametrize(
    "shape",
    [
        "«![a](b)»",
        "«![»",
        "«[](»",
        "«[a](b»",
        "![«a»](b)",
        "[a](«x»",
        "«<img src=x>»",
        "<img «a=b »>",
        "«![a](https://x/_apis/wit/attachments/1?fileName=b)\n»",
    ],
)
def test_pictures_are_found_in_linear_time(shape: str) -> None:
    check_growth(lambda text: open_all(replace(ITEM, description=text), (), lambda _: b"x"), shape)


@pytest.mark.parametrize("shape", ["«a»", "«é»", "\x89PNG\r\n\x1a\n«a»", "«a\n\0»"])
def test_attachments_are_read_in_linear_time(shape: str) -> None:
    check_growth(lambda text: show("a", text.encode("latin-1", "replace")), shape)


@pytest.mark.parametrize(
    "shape",
    [
        '{"resource": {"workItemId": 7, "text": "«word \\u00e4 »"}}',
        '{"resource": {"workItemId": 7, "list": [«[{}], »0]}}',
        '{"resource": {"workItemId": 7, "list": [«1234567890, »0]}}',
        '{"resource": {"workItemId": «9»}}',
        '{"a": «[»',
        "« »{",
    ],
)
def test_a_payload_takes_linear_time(tmp_path: Path, shape: str) -> None:
    body = tmp_path / "body.json"

    def read(text: str) -> None:
        body.write_text(text, "utf-8")
        with suppress(UsageError):
            read_trigger(None, {}, body)

    check_growth(read, shape, largest=1_000_000)


@pytest.mark.parametrize("shape", ["$(«x»", "$(«)»x", "« »$(x", "https://«x»/_workitems/edit/7x", "«9»"])
def test_a_value_of_the_environment_takes_linear_time(shape: str) -> None:
    def read(text: str) -> None:
        with suppress(UsageError):
            read_trigger(text, {}, None)

    check_growth(read, shape, largest=1_000_000)
