"""Requirements as teams write them, from the field of a work item to the list of criteria."""

# ruff: noqa: RUF001  letters of other scripts are the point

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.work_items.criteria import asked_for
from redimento.work_items.rich_text.html import to_markdown

LANGUAGES = json.loads(files("redimento.work_items").joinpath("gherkin_languages.json").read_text("utf-8"))


def read(criteria: str, description: str = "") -> tuple[str, tuple[str, ...]]:
    return asked_for(to_markdown(description), to_markdown(criteria))


def table(*rows: str, cell: str = "td") -> str:
    cells = ("".join(f"<{cell}>{text}</{cell}>" for text in row.split("|")) for row in rows)
    return f"<table><tbody>{''.join(f'<tr>{row}</tr>' for row in cells)}</tbody></table>"


@pytest.mark.parametrize(
    ("html", "criteria"),
    [
        (table("A price has two digits", "A price is green"), ("A price has two digits", "A price is green")),
        (table("Only this"), ("Only this",)),
        (table("1|Prices are green", "2|Names are blue"), ("Prices are green", "Names are blue")),
        (table("REQ-1|Prices are green", "REQ-2|Names are blue"), ("Prices are green", "Names are blue")),
        (table("Prices are green.|must", "Names are blue.|may"), ("Prices are green.; must", "Names are blue.; may")),
        (table("Prices turn green|must", "Names turn blue|may"), ("Prices turn green; must", "Names turn blue; may")),
        (table("Nr.|Criterion", "1|Names are blue"), ("Names are blue",)),
        (table("Requirements", "Names are blue", "Prices are green"), ("Names are blue", "Prices are green")),
        (table("☑|Prices are green", "☐|Names are blue"), ("Prices are green", "Names are blue")),
        ("| 1 | It is blue |\n|---|---|\n| 2 | It is red |", ("It is blue", "It is red")),
        (table("Price|Colour", "3|green"), ("Price: 3; Colour: green",)),
        (table("<b>Rule</b>|<b>Prio</b>", "Names are blue|1"), ("Rule: Names are blue; Prio: 1",)),
        ("<table><thead><tr><td>Rule</td></tr></thead><tr><td>Names are blue</td></tr></table>", ("Names are blue",)),
        ("<table><thead><tr><td>Rule</td></tr><tbody><tr><td>It is blue</td></tr><tr><td>It is red</td></tr></table>", ("It is blue", "It is red")),
        (table("It is \x03 blue", "It is red"), ("It is blue", "It is red")),
        ("<table><tr><th>R1</th><td>It is blue</td></tr><tr><th>R2</th><td>It is red</td></tr></table>", ("It is blue", "It is red")),
        (f"<table><tr><td>{table('It is blue', 'It is red')}</td></tr></table>", ("It is blue", "It is red")),
        (f"<table><tr><td>{table('It is blue', 'It is red')}</td><td>side note</td></tr></table>", ("It is blue", "It is red", "side note")),
        ("<table><tr><td><ul><li>It is blue</li><li>It is red</li></ul></td></tr></table>", ("It is blue", "It is red")),
        ("<table><tr><td colspan=2>Checkout</td></tr><tr><td>1</td><td>It is blue</td></tr></table>", ("It is blue",)),
        ("<table><tr><th>Nr</th><th>Rule</th></tr><tr><td>1</td><td>It is blue</td></tr><tr><td colspan=2>Checkout</td></tr><tr><td>2</td><td>It is red</td></tr></table>", ("It is blue", "It is red")),
        ("<table><tr><td colspan=2>A price has two digits.</td></tr><tr><td>it is blue</td><td>must</td></tr></table>", ("A price has two digits.", "it is blue; must")),
        (table("it is blue|must", "<b>Cart</b>|", "it is red|may"), ("it is blue; must", "it is red; may")),
        (table("Login|works", "Logout|works"), ("Login; works", "Logout; works")),
        ("<table><tr><td rowspan=2>Cart</td><td>it is blue</td></tr><tr><td>it is red</td></tr></table>", ("Cart; it is blue", "Cart; it is red")),
    ],
)  # fmt: skip
def test_each_row_of_a_table_is_a_criterion(html: str, criteria: tuple[str, ...]) -> None:
    assert read(html)[1] == criteria


@pytest.mark.parametrize(
    ("html", "criteria"),
    [
        ("<ul><li>One</li><li><del>Two</del></li></ul>", ("One",)),
        ("<ul><li>One</li><li><s><a href='https://x.y'>Two</a></s></li></ul>", ("One",)),
        ("<ul><li>One</li><li><font style='text-decoration:line-through'>Two</font></li></ul>", ("One",)),
        ("<ul><li>One</li><li><span style='color:red;text-decoration: line-through'>Two</span></li></ul>", ("One",)),
        ('<ul><li style="text-decoration-line:line-through">Two</li><li>One</li></ul>', ("One",)),
        ("<s><ul><li>One</li><li>Two</li></ul></s><ul><li>Three</li></ul>", ("Three",)),
        ("<ol><li><strike>One <b>and</b> a half</strike></li><li>Two <s>or three</s></li></ol>", ("Two ~~or three~~",)),
        ("- [ ] ~~One~~\n- [ ] Two", ("Two",)),
        (table("1|<s>One is blue</s>", "2|Two is red"), ("Two is red",)),
        ("<div><s>One.</s></div><div><br></div><div>Two.</div>", ("Two.",)),
    ],
)
def test_what_is_struck_out_is_no_criterion(html: str, criteria: tuple[str, ...]) -> None:
    assert read(html)[1] == criteria


@pytest.mark.parametrize(
    "text", ["N/A", "<div>n.a.</div>", "None", "<p>TBD</p>", "—", "- n/a", "Keine", "Não se aplica", "…", "无"]
)
def test_saying_that_there_are_none_is_no_criterion(text: str) -> None:
    assert read(text) == ("", ())


@pytest.mark.parametrize(
    "html",
    [
        "<ul><li>One</li></ul><h3>Out of Scope</h3><ul><li>Refunds</li></ul>",
        "<ul><li>One</li></ul><p><strong>Non-goals</strong></p><ul><li>Refunds</li></ul>",
        "<ul><li>One</li></ul><div>Not in scope:</div><ul><li>Refunds</li></ul>",
        "- One\n- Out of scope: Refunds",
        "<ul><li>One</li></ul><div>Out of scope (for now):</div><ul><li>Refunds</li></ul>",
        "- One\n- **Out of scope**\n  - Refunds",
        "- One\n\n**Nicht im Umfang**\n\n- Refunds",
        "- One\n\n## Fora do escopo\n\nRefunds",
        "1、One\n\n超出范围：\n\n1、Refunds",
    ],
)
def test_what_is_out_of_scope_is_told_in_the_description(html: str) -> None:
    description, criteria = read(html, "Why.")
    assert criteria == ("One",)
    assert description.startswith("Why.\n\n## Out of scope")
    assert "Refunds" in description


def test_headings_in_bold_are_no_criteria() -> None:
    html = "<p><b>Happy path</b></p><ul><li>One</li></ul><p><b>Errors</b></p><ul><li>Two</li></ul>"
    assert read(html)[1] == ("One", "Two")
    assert read("**One is blue**\n\n**Two is red**")[1] == ("**One is blue**", "**Two is red**")


SCENARIOS = {
    "de": ("Szenario", "Gegeben sei", "Wenn", "Dann"),
    "fr": ("Scénario", "Étant donné", "Quand", "Alors"),
    "es": ("Escenario", "Dado", "Cuando", "Entonces"),
    "pt": ("Cenário", "Dado", "Quando", "Então"),
    "pl": ("Scenariusz", "Zakładając", "Jeżeli", "Wtedy"),
    "ru": ("Сценарий", "Дано", "Когда", "Тогда"),
    "ar": ("سيناريو", "بفرض", "متى", "اذاً"),
    "ja": ("シナリオ", "前提", "もし", "ならば"),
    "zh": ("场景", "假如", "当", "那么"),
    "hi": ("परिदृश्य", "अगर", "जब", "तब"),
    "en": ("Scenario", "Given", "When", "Then"),
}


@pytest.mark.parametrize("words", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_of_any_language_is_one_criterion(words: tuple[str, ...]) -> None:
    scenario, given_, when, then = words
    lines = [f"{scenario}: 1", f"{given_} x", f"{when} y", f"{then} z", f"{scenario}: 2", f"{given_} x", f"{then} z"]
    found = read("".join(f"<div>{line}</div>" for line in lines))[1]
    assert found == ("\n".join(lines[:4]), "\n".join(lines[4:]))
    steps = [*lines[1:4], *lines[5:]]
    assert read("\n\n".join(["\n".join(steps[:3]), "\n".join(steps[3:])]))[1] == (
        "\n".join(steps[:3]),
        "\n".join(steps[3:]),
    )
    assert read("".join(f"<li>{line}</li>" for line in steps[:3]))[1] == ("\n".join(steps[:3]),)


def test_a_heading_that_is_a_keyword_elsewhere_ends_a_section() -> None:
    description, criteria = read("", "Acceptance criteria:\n- One\n\nContext:\nIt is slow.\n\nData:\n- Two")
    assert criteria == ("One",)
    assert description == "Context:\nIt is slow.\n\nData:\n- Two"


def test_a_language_may_be_named() -> None:
    assert read("# language: nl\nScenario: a\nGegeven x\nDan y\n\nScenario: b\nDan z")[1] == (
        "Scenario: a\nGegeven x\nDan y",
        "Scenario: b\nDan z",
    )


def test_short_words_of_other_languages_are_no_steps() -> None:
    assert read("A total is blue.\n\nI see it.\n\nDo not wait.")[1] == ("A total is blue.", "I see it.", "Do not wait.")


@pytest.mark.parametrize(
    "marks",
    [
        ("1、", "2、"), ("１．", "２．"), ("一、", "二、"), ("（1）", "（2）"), ("①", "②"), ("1.", "2."), ("१. ", "२. "), ("١. ", "٢. "),
        ("1️⃣ ", "2️⃣ "), ("✅ ", "✅ "), ("➤ ", "➤ "), ("1.1 ", "1.2 "), ("1.1. ", "1.2. "), ("а) ", "б) "), ("a. ", "b. "),
        ("i. ", "ii. "), ("AC 1: ", "AC 2: "), ("CA1 - ", "CA2 - "), ("RN01 – ", "RN02 – "), ("R1 ", "R2 "), ("I) ", "II) "), ("Ⅰ、", "Ⅱ、"), ("#1 ", "#2 "), ("1/ ", "2/ "), ("o ", "o "), ("Criterion 1: ", "Criterion 2: "), ("1 - ", "2 - "), ("第一条：", "第二条："),
    ],
)  # fmt: skip
def test_lines_with_the_same_kind_of_mark_are_items(marks: tuple[str, str]) -> None:
    assert read(f"<div>{marks[0]}价 is blue</div><div>{marks[1]}税 is red</div>")[1] == ("价 is blue", "税 is red")


def test_lines_are_sentences_in_scripts_without_case_as_well() -> None:
    assert read("<div>总价四舍五入</div><div>显示税额</div>")[1] == ("总价四舍五入", "显示税额")
    assert read("<div><s>One is blue</s></div><div>Two is red</div>")[1] == ("Two is red",)


def test_a_number_that_begins_a_sentence_is_no_mark() -> None:
    assert read("1.5 seconds is the limit")[1] == ("1.5 seconds is the limit",)


# The text around them


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div>a:</div><div>&nbsp; b:</div><div>&nbsp;&nbsp;&nbsp; c: 1</div>", "a:\n  b:\n    c: 1"),
        ("<p>a:<br>&nbsp;&nbsp;b: 1</p>", "a:\n  b: 1"),
        ("<div style='white-space: pre-wrap'>a:\n  b: 1\n\n    c</div>", "a:\n  b: 1\n\n    c"),
        ('<span style="white-space:pre-wrap">a  b\n   c</span>', "a  b\n   c"),
        ("<div><code>if x:</code></div><div><code>    y()</code></div>", "`if x:`\n`    y()`"),
        ("<code>if x:<br>&nbsp; &nbsp; y()</code>", "`if x:`\n`    y()`"),
        ("<ul><li>&nbsp; a</li></ul>", "- a"),
        ("<div>&nbsp;</div><div>a</div>", "a"),
    ],
)
def test_indentation_stays(html: str, expected: str) -> None:
    assert to_markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div>x<sup>2</sup> + 10<sup>-6</sup></div>", "x^2 + 10^-6"),
        ("<div>H<sub>2</sub>O, a<sub>i+1</sub>, e<sup>2x + 1</sup></div>", "H_2O, a_(i+1), e^(2x + 1)"),
        ("<div>क्&zwj;ष <span>می</span>&zwnj;<span>روم</span></div>", "क्\u200dष می\u200cروم"),
        ("<div>in&zwnj;visible</div>", "invisible"),
    ],
)
def test_characters_that_mean_something_stay(html: str, expected: str) -> None:
    assert to_markdown(html) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Sort when i<p and q>r.",
        "Return a Map<String, List<b>>.",
        "Intro\n\n<details>\n\n- `List<Order>`\n</details>",
        "<img src='logo.png'>\n\n# Title\n\n```xml\n<p>\n  <b/>\n</p>\n```",
        "Line one\nline two with <kbd>Esc</kbd>",
        "| a | b |\n|---|---|\n| x<br>y | z |",
    ],
)
def test_markdown_with_tags_stays_as_it_is(text: str) -> None:
    assert to_markdown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First<div>second</div>", "First\nsecond"),
        ("a<br>b", "a\nb"),
        ("Say <i>it</i>", "Say *it*"),
        ("<!--StartFragment--><p>a</p>", "a"),
        ("<pre>\n```\nx\n</pre>", "````\n```\nx\n````"),
    ],
)
def test_html_is_known_by_how_it_begins(text: str, expected: str) -> None:
    assert to_markdown(text) == expected


def test_the_format_that_the_service_names_decides() -> None:
    assert to_markdown("<b>x</b> &amp; y", "markdown") == "<b>x</b> &amp; y"
    assert to_markdown("# a\n\n<b>x</b>", "html") == "# a **x**"
    assert to_markdown("a &lt; b\nc", "html") == "a < b\nc"


def test_entities_are_resolved_outside_of_code() -> None:
    assert to_markdown("Use Task&lt;int&gt; &amp; `&amp;`\n```\n&lt;\n```") == "Use Task<int> & `&amp;`\n```\n&lt;\n```"


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        (
            "<table><tr><th>a</th><th>b</th><th>c</th></tr><tr><td>1</td><td rowspan=2>x</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>",
            ["a|b|c", "---|---|---", "1|x|2", "3|x|4"],
        ),
        (
            "<table><tr><th colspan=2>a</th><th>b</th></tr><tr><td rowspan=2 colspan=2>x</td><td>1</td></tr><tr><td>2</td></tr></table>",
            ["a||b", "---|---|---", "x||1", "x||2"],
        ),
    ],
)
def test_merged_cells_keep_the_others_in_their_columns(html: str, rows: list[str]) -> None:
    shown = [line.strip("| ") for line in to_markdown(html).split("\n")]
    assert [re.sub(r"\s*\|\s*", "|", line) for line in shown] == rows


_WORD = st.text("abcdefghijklm", min_size=4, max_size=9)
_WORDS = st.lists(st.lists(_WORD, min_size=4, max_size=7).map(" ".join), min_size=1, max_size=8, unique=True)


@given(_WORDS, st.sampled_from(["{}", "<b>{}</b>", "<span>{}</span>", "<div>{}</div>", "<p>{}</p>"]))
def test_no_row_is_lost(rows: list[str], wrapped: str) -> None:
    found = read("<table>" + "".join(f"<tr><td>{wrapped.format(row)}</td></tr>" for row in rows) + "</table>")[1]
    assert [each.strip("*") for each in found] == rows


_PIECES = st.sampled_from(
    ["<s>", "</s>", "<td rowspan=3>", "<td rowspan=99 colspan=99>", "<tr>", "<table>", "</table>", "<thead>", "<th>", "&nbsp; ", "a",
     "<span style='white-space:pre'>", "</span>", "\n  x", "<code>", "</code>", "<sup>", "</sup>", "<br>", "<li>", "~~", "Out of scope:\n", "\x02", "\x03", "&#3;", "<img alt='\x03'>", "</thead>"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(_PIECES, max_size=30).map("".join))
def test_any_rich_text_gives_criteria_without_control_characters(html: str) -> None:
    description, criteria = read(f"<p>{html}", f"<p>{html}")
    assert all(each.strip() for each in criteria)
    assert not re.search(r"[\x00-\x08]", "".join([description, *criteria]))


@pytest.mark.parametrize(
    "marks",
    [
        "a/ b/", "-> ->", "=> =>", "1ª 2ª", "¹ ²", "§1 §2", "(AC1) (AC2)", "[R-1] [R-2]", "※ ※", "1。 2。",
    ],
)  # fmt: skip
def test_lines_with_the_same_kind_of_mark_are_a_list(marks: str) -> None:
    first, second = marks.split()
    assert read(f"<div>{first} it is blue</div><div>{second} it is red</div>")[1] == ("it is blue", "it is red")


@pytest.mark.parametrize("marks", ["a) b)", "(i) (ii)", "i. ii.", "а) б)", "– –", "- -", "※ ※", "1。 2。"])
def test_scripts_without_spaces_need_none_behind_a_mark(marks: str) -> None:
    first, second = marks.split()
    assert read(f"<div>{first}显示税额</div><div>{second}货币为欧元</div>")[1] == ("显示税额", "货币为欧元")


@pytest.mark.parametrize(
    "title",
    [
        "Não faz parte do escopo", "Non compris", "No incluye", "Nicht Teil dieser Story", "What's not included?", "OOS",
        "Itens fora do escopo", "O que está fora do escopo", "Não será feito", "Fora de escopo desta história",
        "Items out of scope", "Not covered by this story", "Exclusões", "За рамками задачи", "本次不做", "やらないこと",
        "범위 밖", "خارج النطاق", "❌ Out of scope", "3. Out of scope", "Out of scope / later", "Deferred",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["<h3>{}</h3>", "<p><b>{}</b></p>", "<div>{}:</div>"])
def test_what_is_left_out_is_no_criterion_whatever_it_is_called(title: str, shape: str) -> None:
    text, criteria = read(f"<ul><li>It is blue</li></ul>{shape.format(title)}<ul><li>a mail is sent</li></ul>")
    assert criteria == ("It is blue",)
    assert "a mail is sent" in text


@pytest.mark.parametrize(
    "title",
    [
        "Critérios de aceite", "Critérios de Aceitação", "CRITERIOS DE ACEITE", "Critério para aceite", "Condições de aceite",
        "Testes de aceitação", "Definição de pronto", "✅ Critérios de aceite",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["<h3>{}</h3>", "<p><b>{}</b></p>", "<div>{}:</div>"])
def test_criteria_under_a_portuguese_title_are_found(title: str, shape: str) -> None:
    text = f"Como cliente, quero Pix, para pagar.{shape.format(title)}<ul><li>O total é exibido</li></ul>"
    assert read("", text) == ("Como cliente, quero Pix, para pagar.", ("O total é exibido",))


@pytest.mark.parametrize(
    "story",
    [
        ("Como cliente", "Quero pagar com Pix", "Para receber antes"),
        ("Enquanto cliente", "Eu gostaria de pagar", "Para receber"),
        ("As a customer", "I want to pay", "So that I get it"),
        ("Als Kundin", "Möchte ich zahlen", "Damit es ankommt"),
    ],
)
def test_a_user_story_is_one_requirement(story: tuple[str, ...]) -> None:
    lines = "".join(f"<div>{line}</div>" for line in story)
    assert read(f"{lines}<ul><li>It is blue</li></ul>")[1] == ("\n".join(story), "It is blue")


@pytest.mark.parametrize("title", ["Exclusions", "Abgrenzung", "対象外"])
def test_a_title_of_one_word_needs_no_mark(title: str) -> None:
    assert read(f"<ul><li>It is blue</li></ul><div>{title}</div><ul><li>mail</li></ul>")[1] == ("It is blue",)
    assert read("<div>Old prices are</div><div>excluded</div><div>from it</div>")[1] != ()


@pytest.mark.parametrize(
    "text",
    [
        "NA", "N/D", "N/A - bug fix", "[TBD]", "(none)", "Não aplicável", "A definir", "À définir", "Por definir",
        "Não há critérios", "A ser definido.", "Sem critérios de aceite", "Vide descrição", "Nenhum", "não informado",
        "See description.", "siehe Beschreibung", "ver descrição", "暂无", "待定", "特になし", "해당 없음", "لا يوجد",
    ],
)  # fmt: skip
def test_a_field_that_says_there_is_none_leaves_the_description_to_speak(text: str) -> None:
    assert read(f"<div>{text}</div>", "## Acceptance criteria\n- It is blue")[1] == ("It is blue",)


@pytest.mark.parametrize(
    "text", ["Value x is shown as N/A", "x", "Password is not required.", "See description on hover"]
)
def test_a_criterion_that_sounds_like_none_stays(text: str) -> None:
    assert read(f"<div>{text}</div>")[1] == (text,)


@pytest.mark.parametrize("html", ["- It is blue\n- <s>It is red</s>", "- It is blue\n- <DEL>It is red</DEL>"])
def test_markdown_may_strike_out_as_html_does(html: str) -> None:
    assert read(html)[1] == ("It is blue",)
    assert to_markdown("`<s>x</s>`", "markdown") == "`<s>x</s>`"


@pytest.mark.parametrize("language", ["ru", "he", "bg", "ka", "pa", "uk", "am", "em"])
def test_examples_belong_to_their_scenario_in_every_language(language: str) -> None:
    words = LANGUAGES[language]
    steps = [f"{words[part][-1]}x" for part in ("given", "when", "then")]
    outline = "\n".join([f"{words['scenarioOutline'][0]}: o", *steps, f"{words['examples'][0]}:", "| a |", "| 1 |"])
    assert len(read(f"{outline}\n\n{words['scenario'][0]}: s\n" + "\n".join(steps))[1]) == 2


def test_a_background_belongs_to_the_first_scenario_and_tags_to_none() -> None:
    text = "Background:\nGiven u\n\n@smoke @x\nScenario: a\nGiven x\n| n |\nThen y\n\n@slow\nScenario: b\nThen z"
    assert read(text)[1] == ("Background:\nGiven u\nScenario: a\nGiven x\n| n |\nThen y", "Scenario: b\nThen z")
    assert read("Background:\n\nIt was blue.\n\n- It is red")[1] == ("It was blue.", "It is red")


@pytest.mark.parametrize(
    "html",
    [
        "h3. Acceptance criteria\n* It is blue\n* It is red",
        "<div>*Acceptance criteria*</div><div># It is blue</div><div># It is red</div>",
        "<p>AC1</p><p>It is blue</p><p>AC2</p><p>It is red</p>",
        "&lt;ul&gt;&lt;li&gt;It is blue&lt;/li&gt;&lt;li&gt;It is red&lt;/li&gt;&lt;/ul&gt;",
    ],
)
def test_what_came_from_another_tracker_is_read(html: str) -> None:
    assert read(html)[1] == ("It is blue", "It is red")


def test_gherkin_in_a_code_block_of_an_html_editor_is_read() -> None:
    html = "<pre>Scenario: a\nGiven x\nThen y\n\nScenario: b\nGiven x\nThen z</pre>"
    assert read(html)[1] == ("Scenario: a\nGiven x\nThen y", "Scenario: b\nGiven x\nThen z")
