"""Foreign text is safe to print, and contains no secrets."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.text.foreign import json_line, neutralise, redact
from tests.scaling import assert_linear

KEY = "AIza" + "x" * 35


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


def test_secrets_and_keys_are_redacted() -> None:
    assert redact(f"a secret-token, {KEY} and AQ.{'y' * 30}", ["secret-token"]) == "a ***, *** and ***"
    assert redact("short", ["short"]) == "short"


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_json_line_is_plain_ascii_and_reads_back(value: object) -> None:
    line = json_line(value)
    assert line.isascii()
    assert line.isprintable()
    assert "#" not in line
    assert json.loads(line) == value


@pytest.mark.parametrize(
    "piece",
    ["\x1b]", "\x1b[", "\x1b[0;", "\x1b[ ", "\x1b", "##", "##vso[", "\r", "\r\n", "\u202e", "AIza", "AQ.", "x", " "],
    ids=ascii,
)
def test_time_grows_with_the_length_of_the_text(piece: str) -> None:
    assert_linear(lambda text: redact(neutralise(text), [KEY]), piece * 20_000, piece * 40_000)
