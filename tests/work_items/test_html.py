from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdownify import MarkdownConverter

from redimento.work_items.rich_text.html import to_markdown
from redimento.work_items.rich_text.page import tidy


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<div>a</div><div>b</div><div><br></div><div>c</div>", "a\nb\n\nc"),
        ("x<br>y<br><br>z", "x\ny\n\nz"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>Line <b>bold </b>text</div>\n<div>\n next\n</div>", "Line **bold** text\nnext"),
        ("<h2>Acceptance</h2><div>x</div>", "## Acceptance\n\nx"),
        ("<blockquote><div>q</div><div>r</div></blockquote>x", "> q\n> r\n\nx"),
        ("<div>Use <code>a_b*c</code> and snake_case &lt;b&gt; &amp;</div>", "Use `a_b*c` and snake_case <b> &"),
        ("hello <b>x</b>", "hello **x**"),
        ("<b><div>x</div></b>", "x"),
    ],
)
def test_lines_and_emphasis_survive(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        (
            "<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>",
            "- a\n  - b\n- c",
        ),  # as the Azure Boards editor nests them
        ("<ol start=3><li>a<ul><li>b</ul><li>c</ol>", "3. a\n   - b\n4. c"),
        ("<ul><li><input type=checkbox checked>a<li><input type='checkbox'>b</ul>", "- [x] a\n- [ ] b"),
    ],
)
def test_lists_keep_their_nesting_and_numbers(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        (
            "<table><tr><th>h</th><th>i</th></tr><tr><td>x</td><td>y</td></tr></table>",
            "| h | i |\n| --- | --- |\n| x | y |",
        ),
        ("<table><tr><td>a|b<td>c<br>d<tr><td>1<td>2</table>", "| a\\|b | c d |\n| --- | --- |\n| 1 | 2 |"),
        (
            "<table><tr><td>a<table><tr><td>n</td></tr></table></td><td>b</td></tr></table>",
            "|  |  |\n| --- | --- |\n| a n | b |",
        ),
    ],
)
def test_tables_stay_tables(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


def test_code_keeps_its_white_space_and_its_language() -> None:
    html = "<pre><code class='language-python'><div>def f():</div><div>&nbsp;&nbsp;return 1</div></code></pre>after"
    assert to_markdown(html) == "```python\ndef f():\n  return 1\n```\n\nafter"
    assert to_markdown("<pre>  a\n\n\n   b</pre>") == "```\n  a\n\n\n   b\n```"


def test_code_pasted_from_an_editor_is_a_block() -> None:
    html = '<div style="font-family:Consolas;white-space:pre"><div><span>if x:</span></div><div>&nbsp; y()</div></div><p>z</p>'
    assert to_markdown(html) == "```\nif x:\n  y()\n```\n\nz"


def test_a_fence_is_longer_than_the_backticks_inside() -> None:
    assert to_markdown("<pre>```\nx\n```</pre>") == "````\n```\nx\n```\n````"


def test_links_and_images_become_references() -> None:
    html = '<a href="https://x/y z">k</a> <img src="https://dev/_apis/wit/attachments/1?fileName=i.png" alt="i [1]">'
    assert to_markdown(html) == "[k](https://x/y%20z) ![i (1)](https://dev/_apis/wit/attachments/1?fileName=i.png)"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html;base64,AAAA", "#", "http://[", "x" * 3000])
def test_unsafe_addresses_leave_only_their_text(address: str) -> None:
    assert to_markdown(f'<p><a href="{address}">@Anna</a></p>') == "@Anna"


def test_word_markup_is_dropped() -> None:
    html = (
        "<!--[if gte mso 9]><xml><w:WordDocument/></xml><![endif]--><style>p {x}</style>"
        "<p class=MsoNormal><b><span style='x'>Bold<o:p></o:p></span></b> \u200band <i>it</i></p>"
        "<p class=MsoListParagraph><![if !supportLists]><span>·<span>&nbsp;&nbsp; </span></span><![endif]>Item</p>"
    )
    assert to_markdown(html) == "**Bold** and *it*\n\n- Item"


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n- a `<div>` in code\n\n```html\n<p>x</p>\n```",
        "if a < b && c > d",
        "Return List<String>, not Map<K, V>.",
        "line\n\n- item with<br>a break",
        "  indented\n\ttab",
    ],
)
def test_markdown_and_plain_text_pass_unchanged(text: str) -> None:
    assert to_markdown(text) == text


@pytest.mark.parametrize("code", ["1. run\n\n    ```html\n    <s>old</s>\n    ```", "```\n    ```\n<s>old</s>\n```"])
def test_code_is_kept_in_a_list_and_with_an_indented_fence_inside(code: str) -> None:
    assert to_markdown(f"{code}\n\n<s>gone</s>", "markdown") == f"{code}\n\n~~gone~~"


def test_entities_are_resolved_in_text_without_tags() -> None:
    assert to_markdown("Tom &amp; Jerry &lt;3") == "Tom & Jerry <3"
    assert to_markdown("") == to_markdown(" \n") == ""


# With the standard library's parser, or with markdownify alone, each of these took minutes or ended in RecursionError.
@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<![CDATA[",
        "<div>",
        "<li>x",
        "<ol><li>x",
        "<br> ",
        "<a x='",
        "<table><tr><td>",
        "<div> \n",
        "<script>",
        "&#9",
        "<b><p>",
    ],
)
def test_hostile_repetition_is_read_to_the_end(unit: str) -> None:
    assert to_markdown(f"<p>before</p>{unit * (30_000 // len(unit))}</script><p>after").startswith("before")


_TAGS = (
    "<div> </div> <ul> <li> </li> </ul> <table> <tr> <td> </td> </table> <pre> </pre> <code> <b> </b> <br> <a> </a> <!-- --> "
    "<p > <script> &amp; &#x0; text <h1> </h2> ``` <input type=checkbox> <img src=x>"
)
_PARTS = st.sampled_from(
    [
        *_TAGS.split(" "),
        " ",
        "\n",
        "<td colspan=99999999>",
        "<ol start='-1'>",
        "\x00",
        "\ud800",
        "&#" + "9" * 5000,
        "<a href='x'>",
    ]
)


@settings(deadline=None)
@given(st.lists(_PARTS | st.text(max_size=5), max_size=40).map("".join))
def test_any_html_gives_text(html: str) -> None:
    assert isinstance(to_markdown(html), str)


@settings(deadline=None)
@given(st.lists(_PARTS | st.text(max_size=5), max_size=40).map("".join))
def test_tidy_html_is_balanced_and_harmless(html: str) -> None:
    clean = tidy(html)
    opened: list[str] = []
    for closing, name, void in re.findall(r"<(/?)([a-z0-9]+)[^<>]*?(/?)>", clean):
        if closing:
            assert opened.pop() == name
        elif not void:
            opened.append(name)
    assert opened == []
    assert not re.search(r"<(?:script|style|iframe)", clean)


@given(st.text(alphabet=st.characters(exclude_characters="<>&`", exclude_categories=["C"])))
def test_words_are_never_lost(words: str) -> None:
    shown = to_markdown(f"<div>{words}</div>")
    for word in re.findall(r"[A-Za-z0-9]+", words):
        assert word in shown


def test_the_library_alone_fails_on_deep_nesting() -> None:
    with pytest.raises(RecursionError):
        MarkdownConverter().convert("<div>" * 2_000)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p><span style='font-weight:700'>Rounding</span> up</p>", "**Rounding** up"),
        ("<b style='font-weight:normal'><p>As copied from a page</p></b>", "As copied from a page"),
        ("<p>10<span style='vertical-align: super'>-3</span></p>", "10^-3"),
        ("<p>x<span style='vertical-align:sub'>i</span></p>", "x_i"),
        ("<pre>x<sup>2</sup></pre>", "```\nx^2\n```"),
    ],
)
def test_a_style_counts_as_the_element_that_it_stands_for(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


@pytest.mark.parametrize("text", ["a?b=1&copy=2&lt=3", "&notin", "&parameter=1"])
def test_a_name_without_semicolon_is_no_character(text: str) -> None:
    assert to_markdown(text) == text
    assert to_markdown(f"<p>{text}</p>") == text
    assert to_markdown("<p>a &lt b &amp c</p>") == "a < b & c"


@pytest.mark.parametrize("text", ["<T extends Foo<S>> T", "foo<u> bar", "List<s> names"])
def test_a_type_named_like_an_element_is_no_tag(text: str) -> None:
    assert to_markdown(text) == text


def test_lines_that_are_a_code_block_each_are_one() -> None:
    lines = ["if x:", "    return 1"]
    html = "".join(f"<div style='white-space: pre'>{line}</div>" for line in lines)
    assert to_markdown(html) == "```\nif x:\n    return 1\n```"
    assert to_markdown("<pre>a</pre><p>b</p><pre>c</pre>") == "```\na\n```\n\nb\n\n```\nc\n```"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("<p>See <img src='data:image/png;base64,AAAA'></p>", "See [image: (pasted into the text, not shown)]"),
        ("<p>See <img src='cid:1' alt='Total'></p>", "See [image: Total (pasted into the text, not shown)]"),
        ("# A\n\n![Total](data:image/png;base64,AAAA) b", "# A\n\n[image: Total (pasted into the text, not shown)] b"),
        ("# A\n\n<img width=3 src='data:AAAA'> b", "# A\n\n[image:  (pasted into the text, not shown)] b"),
    ],
)
def test_pictures_inside_the_text_itself_are_named(text: str, markdown: str) -> None:
    assert to_markdown(text) == markdown


@pytest.mark.parametrize("rows", ["0", "1000"])
def test_a_cell_may_be_merged_over_all_rows_below(rows: str) -> None:
    html = f"<table><tr><th>A</th><th>B</th></tr><tr><td rowspan={rows}>x<td>1<tr><td>2<tr><td>3</table>"
    assert to_markdown(html).endswith("| x | 1 |\n| x | 2 |\n| x | 3 |")


def test_non_breaking_spaces_in_code_of_markdown_are_spaces() -> None:
    assert to_markdown("```\na:\n\xa0\xa0b\n```") == "```\na:\n  b\n```"
