"""Answers without an end, and servers that are not who they should be: one sentence, little memory, in time."""

from __future__ import annotations

import gzip
import ipaddress
import ssl
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from redimento.models.port import Message, Model, ModelError, ModelRequest, Usage
from redimento.models.retrying import with_retries
from tests.azure import hostile
from tests.models.conftest import KEY, Open
from tests.models.gemini_server import page, refusal, text

MB = 1024 * 1024
REQUEST = ModelRequest("author", "", (Message("user", "x"),), 1000, "medium", 60.0)
HELLO = text("hello").body


def bomb(layers: int) -> bytes:
    """Return JSON of half a gigabyte for each layer of compression, in some kilobytes."""
    squeezed = zlib.compressobj(9, wbits=31)
    content = squeezed.compress(b'{"candidates": "') + b"".join(squeezed.compress(b"x" * MB) for _ in range(400))
    content += squeezed.flush()
    for _ in range(layers - 1):
        content = gzip.compress(content)
    return content


def nested(opening: bytes, closing: bytes, depth: int) -> bytes:
    return b'{"candidates": ' + opening * depth + b"1" + closing * depth + b"}"


TOO_LARGE = {
    "40 MB": hostile.answer(200, b'{"candidates": "' + b"x" * (40 * MB) + b'"}'),
    "without a length": hostile.dripping(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", b" " * (4 * MB)
    ),
    "a bomb": hostile.answer(200, bomb(1), Content_Encoding="gzip"),
    "a bomb in a bomb": hostile.answer(200, bomb(2), Content_Encoding="gzip, gzip"),
    "a bomb with an error": hostile.answer(500, bomb(1), Content_Encoding="gzip"),
    "millions of parts": hostile.answer(
        200, b'{"candidates": [{"content": {"parts": [' + b"{}," * (3 * MB) + b"{}]}}]}"
    ),
    "millions of numbers": hostile.answer(200, b'{"odd": [' + b"0," * (8 * MB) + b"0]}"),
}  # fmt: skip
NOT_GEMINI = {
    "2,000 deep": hostile.answer(200, nested(b"[", b"]", 2_000)),
    "2,000 objects deep": hostile.answer(200, nested(b'{"a":', b"}", 2_000)),
    "100,000 deep": hostile.answer(200, nested(b"[", b"]", 100_000)),
    "never closed": hostile.answer(200, b"[" * 200_000),
    "a page": hostile.html(200),
    "broken gzip": hostile.answer(200, b"no gzip at all", Content_Encoding="gzip"),
    "a thousand parts of gzip": hostile.answer(200, gzip.compress(b"") * 1_000, Content_Encoding="gzip"),
    "a charset that is a compression": hostile.answer(200, zlib.compress(HELLO), "text/x; charset=zlib_codec"),
    "a charset of an error": hostile.answer(200, zlib.compress(HELLO), "application/json; charset=rot13"),
    "half a gzip": hostile.answer(200, gzip.compress(HELLO)[:-12], Content_Encoding="gzip"),
}


def failure(model: Model) -> ModelError:
    with pytest.raises(ModelError) as caught:
        model.answer(REQUEST)
    assert KEY not in str(caught.value)
    assert caught.value.sentence.endswith((".", "…"))
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("step", TOO_LARGE.values(), ids=TOO_LARGE)
def test_answer_without_measure_is_not_read_to_the_end(open_model: Open, step: hostile.Step) -> None:
    with hostile.serving([step]) as server:
        model = open_model(server.url)
        tracemalloc.start()
        try:
            error = failure(model)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(server.seen) == 1
    assert (error.kind, error.retryable) == ("bad_body", False)
    assert "which was not read to the end" in error.sentence
    assert most < 220 * MB


@pytest.mark.parametrize("step", NOT_GEMINI.values(), ids=NOT_GEMINI)
def test_answer_that_is_no_answer_is_one_sentence(open_model: Open, step: hostile.Step) -> None:
    with hostile.serving([step]) as server:
        error = failure(open_model(server.url))
    assert error.kind in {"bad_body", "connection"}
    assert error.usage is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_compressed_answer_is_read(open_model: Open, encoding: str) -> None:
    packed = {"gzip": gzip.compress(HELLO), "deflate": zlib.compress(HELLO), "identity": HELLO}[encoding]
    with hostile.serving([hostile.answer(200, packed, Content_Encoding=encoding)]) as server:
        assert open_model(server.url).answer(REQUEST).text == "hello"


def test_long_answer_with_much_code_is_read(open_model: Open) -> None:
    code = "f(a, b, [1, 2, {3: 4}]); " * 10_000  # about 100,000 tokens
    with hostile.serving([hostile.answer(200, text(code).body)]) as server:
        assert open_model(server.url).answer(REQUEST).text == code


# Certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 of a private authority (itself), with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "authority.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


def secure(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_private_authority_is_trusted_when_it_is_named(open_model: Open, certificate: Path) -> None:
    with hostile.serving([hostile.answer(200, HELLO)], secure(certificate)) as server:
        assert open_model(server.url, str(certificate)).answer(REQUEST).text == "hello"


def test_unknown_authority_is_not_asked_again(open_model: Open, certificate: Path) -> None:
    with hostile.serving([hostile.answer(200, HELLO)], secure(certificate)) as server:
        error = failure(with_retries(open_model(server.url), deadline_seconds=600, sleep=_never))
        assert server.seen == []
    assert (error.kind, error.retryable, error.usage) == ("connection", False, Usage())
    assert "TLS connection" in error.sentence
    assert "REQUESTS_CA_BUNDLE" in error.remedy


def test_server_without_a_certificate_is_not_asked_again(open_model: Open) -> None:
    with hostile.serving([hostile.answer(200, HELLO)], ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as server:
        error = failure(open_model(server.url))
    assert (error.kind, error.retryable) == ("connection", False)


# Waiting


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("-5", None), ("nan", None), ("inf", None), ("1e400", None), ("", None), ("٣", None), ("9" * 400, None), ("0x10", None),
        ("Mon, 99 Foo 99999 99:99:99 GMT", None), ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
        ("0", 0.0), ("1.5", 1.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_mad_time_to_wait_is_no_time_to_wait(open_model: Open, value: str, seconds: float | None) -> None:
    mad = refusal(503, "Overloaded.")
    with hostile.serving([hostile.answer(503, mad.body, Retry_After=value)]) as server:
        error = failure(open_model(server.url))
    assert (error.kind, error.retry_after) == ("unavailable", seconds)


@pytest.mark.parametrize(
    "value", ["999999999", "86400", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"]
)
@pytest.mark.parametrize("status", [429, 503])
def test_time_to_wait_beyond_reason_ends_the_call(open_model: Open, value: str, status: int) -> None:
    mad = refusal(status, "Later.")
    with hostile.serving([hostile.answer(status, mad.body, Retry_After=value)]) as server:
        failure(with_retries(open_model(server.url), deadline_seconds=1800, sleep=_never))
        assert len(server.seen) == 1


# What is billed


@pytest.mark.parametrize(
    ("step", "usage"),
    [
        (hostile.reset(), None),
        (hostile.truncated(), None),
        (hostile.html(504), None),
        (hostile.html(200), None),
        (hostile.answer(503, refusal(503, "Overloaded.").body), Usage()),
        (hostile.answer(429, refusal(429, "Slow down.").body), Usage()),
        (hostile.answer(400, refusal(400, "No.").body), Usage()),
        (hostile.answer(403, page(403).body), Usage()),
    ],
    ids=["reset", "truncated", "gateway timeout", "page", "overloaded", "quota", "bad request", "forbidden"],
)  # fmt: skip
def test_only_calls_that_may_have_been_carried_out_are_in_doubt(
    open_model: Open, step: hostile.Step, usage: Usage | None
) -> None:
    with hostile.serving([step]) as server:
        assert failure(open_model(server.url)).usage == usage


def test_call_that_never_left_costs_nothing(open_model: Open) -> None:
    with hostile.serving([]) as server:
        url = server.url
    assert failure(open_model(url)).usage == Usage()


def test_counts_are_never_negative(open_model: Open) -> None:
    counts: Any = text("hello", prompt=-900, cached=-7, output=-50, thoughts=-1)
    with hostile.serving([hostile.answer(200, counts.body)]) as server:
        assert open_model(server.url).answer(REQUEST).usage == Usage()


def _never(seconds: float) -> None:
    raise AssertionError(f"waits for {seconds} seconds")
