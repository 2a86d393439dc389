"""Secrets are found in every form that a text can give them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.delivery.markdown import inline, quoted
from redimento.text.redaction import NO_SECRETS, Secrets
from tests.scaling import assert_linear_in

KEY = "k3y/plus+tok_en-98.76~5432:10=x"
SECRETS = Secrets((KEY, "short"))
surroundings = st.text(alphabet="ab: \n%\\&;#*`\u200b=", max_size=8)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "percent-encoded": lambda key: quote(key, safe=""),
    "percent-encoded in lower case": lambda key: "".join(f"%{ord(mark):02x}" for mark in key),
    "partly percent-encoded": lambda key: f"{key[:9]}%{ord(key[9]):02X}{key[10:]}",
    "percent-encoded twice": lambda key: quote(quote(key, safe=""), safe=""),
    "base64": encoded,
    "base64 for a URL": lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("="),
    "basic authentication": lambda key: encoded(f":{key}"),
    "base64 with a user": lambda key: encoded(f"me:{key}"),
    "base64 in lines": lambda key: base64.encodebytes(f"a long enough beginning of the text: {key}".encode()).decode(),
    "base64 percent-encoded": lambda key: quote(encoded(key), safe=""),
    "JSON": lambda key: json.dumps(key).replace("/", "\\/"),
    "JSON in code points": lambda key: "".join(f"\\u{ord(mark):04X}" for mark in key),
    "JSON in JSON": lambda key: json.dumps("".join(f"\\u{ord(mark):04x}" for mark in key)),
    "HTML": lambda key: html.escape(key).replace("=", "&#61;").replace("/", "&sol;"),
    "HTML in numbers": lambda key: "".join(f"&#x{ord(mark):x};" for mark in key),
    "our own Markdown": inline,
    "our own quotation": lambda key: quoted([f"Some words of the model, and after them its secret: {key}"], 500, markup=False),
    "split by unseen characters": "\u200b".join,
    "split by unseen characters in JSON": "\\u200b".join,
    "split by escape sequences": "\x1b[0m".join,
    "split by line breaks": lambda key: "\n> ".join((key[:7], key[7:20], key[20:])),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    said = SECRETS.redact(f"before {FORMS[form](KEY)} after")
    assert said.startswith("before ")
    assert said.endswith(" after")
    assert "***" in said
    kept = said.removeprefix("before ").removesuffix(" after")
    assert len(kept) <= 70  # some words, and the characters of base64 that depend on the neighbours
    assert not any(KEY[start : start + 4] in kept for start in range(len(KEY) - 3))


@given(st.sampled_from(list(FORMS)), surroundings, surroundings)
def test_no_surroundings_hide_a_secret(form: str, before: str, after: str) -> None:
    assert SECRETS.redact(f"{before} {FORMS[form](KEY)} {after}") != f"{before} {FORMS[form](KEY)} {after}"


@given(st.text(alphabet="k3y/%2fF+&#4;\\u0\n ", max_size=40))
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert SECRETS.redact(text) == text


def test_short_values_are_no_secrets_and_keys_of_gemini_always_are() -> None:
    assert SECRETS.redact("short") == "short"
    assert NO_SECRETS.redact(f"AIza{'x' * 35} and AQ.{'y' * 30}") == "*** and ***"
    assert NO_SECRETS.reveals(f"AIza{'x' * 35}")
    assert NO_SECRETS.redact(f"key%3DAQ.{'y' * 30} and \\nAQ.{'y' * 30}") == "key%3D*** and \\n***"


def test_code_that_only_ends_like_a_key_begins_stays_as_it_is() -> None:
    code = "return FAQ.rounding_of_negative_numbers() + DAQ.initialize_all_channels()"
    assert NO_SECRETS.redact(code) == code


def test_a_secret_that_is_issued_later_is_found() -> None:
    issued: list[str] = []
    secrets = Secrets(issued=lambda: issued)
    assert secrets.redact("ya29.a-token") == "ya29.a-token"
    issued.append("ya29.a-token")
    assert secrets.redact("ya29.a-token") == "***"


def test_secrets_do_not_show_themselves() -> None:
    assert KEY not in repr(SECRETS)


@dataclass(frozen=True)
class _Value:
    name: str
    inner: tuple[object, ...] = ()


def test_every_text_of_a_value_is_redacted() -> None:
    value = _Value(KEY, (_Value(f"a {KEY}"), {KEY: [KEY, 1, None]}, frozenset({KEY}), b"bytes"))
    assert SECRETS.redacted(value) == _Value(
        "***", (_Value("a ***"), {"***": ["***", 1, None]}, frozenset({"***"}), b"bytes")
    )


def test_overlapping_secrets_leave_nothing() -> None:
    assert Secrets(("abcdefgh12", "gh12345678")).redact("x abcdefgh12345678 y") == "x *** y"


@pytest.mark.parametrize(
    "piece",
    ["%41", "%", "\\", "\\u0041", "&amp;", "&#", "&", "\n", "\n> ", "\u200b", "\x1b]", "k3y/", KEY, encoded(KEY)[:9], "=", "x"],
    ids=ascii,
)  # fmt: skip
def test_time_grows_with_the_length_of_the_text(piece: str) -> None:
    assert_linear_in(SECRETS.clean, lambda n: piece * n, 5_000)
