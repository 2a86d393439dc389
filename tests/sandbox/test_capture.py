from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.sandbox.capture import HEAD_BYTES, TAIL_BYTES, Capture
from redimento.text.redaction import NO_SECRETS, Secrets
from tests.scaling import assert_linear_in, run

SECRET = "a-very-secret-value"


def captured(*parts: bytes) -> Capture:
    capture = Capture()
    for part in parts:
        capture.write(part)
    return capture


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=20).filter(lambda parts: b"\r" not in b"".join(parts)))
def test_short_output_is_kept_unchanged(parts: list[bytes]) -> None:
    whole = captured(b"".join(parts)).text(NO_SECRETS)
    assert captured(*parts).text(NO_SECRETS) == whole


@given(st.integers(min_value=1, max_value=HEAD_BYTES + 3 * TAIL_BYTES), st.integers(min_value=64, max_value=9000))
@settings(deadline=None)
def test_memory_is_bounded_and_every_byte_is_counted(size: int, step: int) -> None:
    capture = captured(*(b"x" * min(step, size - start) for start in range(0, size, step)))
    assert capture.total == size
    assert len(capture.text(NO_SECRETS)) < HEAD_BYTES + TAIL_BYTES + 100


@given(st.integers(min_value=0, max_value=2 * len(SECRET)))
@settings(deadline=None)
def test_a_secret_at_the_cut_leaves_no_fragment(shift: int) -> None:
    before = b"x" * (HEAD_BYTES - len(SECRET) + shift)
    text = captured(before + SECRET.encode() + b"y" * (3 * TAIL_BYTES)).text(Secrets((SECRET,)))
    assert SECRET[:6] not in text


def test_a_secret_with_a_control_character_inside_is_found() -> None:
    text = captured(SECRET[:5].encode() + b"\x00\x1b[0m" + SECRET[5:].encode()).text(Secrets((SECRET,)))
    assert text == "***"


def test_writing_takes_linear_time() -> None:
    assert_linear_in(run, lambda pieces: lambda: captured(*(b"x" * 1000 for _ in range(pieces))), 20_000)


@pytest.mark.parametrize("piece", ["\x1b[", "\x1b]", "##", "##vso", "AIza", "AQ.", "a-very-", "\r", "\xff", "\x00"])
def test_cleaning_takes_linear_time(piece: str) -> None:
    def text(size: int) -> Callable[[], object]:
        capture = captured((piece * size).encode("latin-1")[:size])
        return lambda: capture.text(Secrets((SECRET,)))

    assert_linear_in(run, text, (HEAD_BYTES + TAIL_BYTES) // 2)
