"""Why a connection failed, as a person says it: never in the words of a library."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from redimento.text.unreachable import may_be_sent, why_unreachable


def failure(url: str, proxy: str = "") -> Exception:
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.RequestException) as caught:
        session.get(url, proxies={"http": proxy, "https": proxy}, timeout=10)
    return caught.value


def answering(first_words: bytes) -> str:
    """Return the address of a server that says these words to its one caller, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as caller:
            caller.recv(65_536)
            caller.sendall(first_words)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_port_that_nobody_listens_on() -> None:
    found = failure(closed())
    assert (why_unreachable(found), may_be_sent(found)) == ("Connection refused", False)


def test_a_proxy_that_is_not_there_or_refuses() -> None:
    assert why_unreachable(failure("http://azure.example", closed())) == "the proxy: Connection refused"
    refused = failure("https://azure.example", answering(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    assert why_unreachable(refused) == "the proxy: Tunnel connection failed: 403 Forbidden"
    assert not may_be_sent(refused)


def test_a_server_that_hangs_up() -> None:
    found = failure(answering(b""))
    assert (why_unreachable(found), may_be_sent(found)) == ("the connection was closed without an answer", True)


def test_what_nobody_knows_is_left_to_the_caller() -> None:
    assert why_unreachable(ValueError("no such word")) == ""
