"""Foreign text is safe to print."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.text.foreign import json_line, neutralise, visible
from tests.scaling import assert_linear


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("##vso[task.complete]", "# # vso[task.complete]"),
        ("a ##VSO[x] b", "a # # VSO[x] b"),
        ("x\r##[error]y", "x\n# # [error]y"),
        ("## heading", "## heading"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("#\u200b#vso[x]", "# # vso[x]"),
        ("a\u202eb\tc\x00\n", "ab\tc\n"),
    ],
)
def test_commands_and_control_characters_are_disarmed(text: str, safe: str) -> None:
    assert neutralise(text) == safe


@given(st.lists(st.sampled_from([*"#[\r\n\x1b]\x07", "##vso[", "##[", "\u200b", "VSO", "\x1b["]) | st.text(max_size=3)))
def test_no_text_is_a_command_after_neutralising(parts: list[str]) -> None:
    safe = neutralise("".join(parts))
    assert "##vso" not in safe.lower()
    assert "##[" not in safe
    assert "\r" not in safe
    assert "\x1b" not in safe


HIDDEN = [
    0xAD, 0x34F, 0x61C, 0x115F, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0x2066, 0x2069, 0x3164,
    0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFB, 0xE0001, 0xE0041, 0xE007F, 0xE0100, 0x200C, 0x200D, 0, 7, 0x1B, 0x7F, 0x9B,
]  # fmt: skip


@pytest.mark.parametrize("code", HIDDEN, ids=hex)
def test_what_a_reader_cannot_see_goes(code: int) -> None:
    assert neutralise(f"a{chr(code)}b{chr(code)}") == "ab"


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_every_line_break_is_one(break_: str) -> None:
    assert neutralise(f"a{break_}b") == "a\nb"


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\U0001f469\u200d\U0001f4bb",
        "\u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",
        "\u00a9\ufe0f",
        "\u65e5\u672c\u8a9e",
    ],
    ids=ascii,
)
def test_what_carries_meaning_stays(text: str) -> None:
    assert neutralise(text) == text


def test_a_joiner_that_joins_nothing_goes() -> None:
    assert (
        neutralise(" \u200d\u0645 \u200c a\u200d\U0001f469 \U0001f469\ufe0f\ufe0f 1\ufe0f")
        == " \u0645  a\U0001f469 \U0001f469\ufe0f 1"
    )


def test_hidden_characters_can_be_shown() -> None:
    assert visible("if a\u202e:\x1b[31m \U000e0041\tb\n") == "if aU+202E:U+001B[31m U+E0041\tb\n"


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_json_line_is_plain_ascii_and_reads_back(value: object) -> None:
    line = json_line(value)
    assert line.isascii()
    assert line.isprintable()
    assert "#" not in line
    assert json.loads(line) == value


@pytest.mark.parametrize(
    "piece",
    [
        "\x1b]",
        "\x1b[",
        "\x1b[0;",
        "\x1b[ ",
        "\x1b",
        "##",
        "##vso[",
        "\r",
        "\r\n",
        "\u202e",
        "\u200d",
        "\ufe0f",
        "x",
        " ",
    ],
    ids=ascii,
)
def test_time_grows_with_the_length_of_the_text(piece: str) -> None:
    assert_linear(neutralise, piece * 20_000, piece * 40_000)
