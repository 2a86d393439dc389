"""Attachments of work items are downloaded from the collection, and from nowhere else."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from redimento.azure.address import attachment as place_of
from redimento.azure.boards import AzureBoard
from redimento.azure.client import AzureClient
from redimento.errors import AzureError, UsageError
from redimento.work_items.attachment import LARGEST, open_all
from redimento.work_items.item import Attachment, WorkItem
from tests.azure.conftest import Connected
from tests.azure.hostile import Pauses, Serve, Step

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
COLLECTION = "https://dev.azure.com/shop/"


def attach(azure: Connected, name: str, content: bytes) -> str:
    """Attach a file to item 7 and return its address."""
    answer = requests.post(
        f"{azure.emulator.url}My%20Shop/_apis/wit/attachments",
        params={"fileName": name, "api-version": "7.1"},
        data=content,
        headers={"Content-Type": "application/octet-stream", "Authorization": f"Bearer {azure.emulator.token}"},
        timeout=60,
    )
    address = str(answer.json()["url"])
    body = [{"op": "add", "path": "/relations/-", "value": {"rel": "AttachedFile", "url": address}}]
    azure.client.write(
        "PATCH", "_apis/wit/workitems/7", body=body, content_type="application/json-patch+json", happened=lambda: None
    )
    return address


def describe(azure: Connected, text: str) -> None:
    body = [{"op": "add", "path": "/fields/System.Description", "value": text}]
    azure.client.write(
        "PATCH", "_apis/wit/workitems/7", body=body, content_type="application/json-patch+json", happened=lambda: None
    )


def test_attachments_and_pictures_in_the_text_are_read(azure: Connected) -> None:
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) + b"IEND\xaeB`\x82"
    address = attach(azure, "shot.txt", png)
    attach(azure, "page.html", b"<!doctype html><html><body>502</body></html>")
    describe(azure, f'<div>Here:<img src="{address}" alt="Image"></div>')
    item = azure.board.load(7)
    shown = open_all(item, item.comments, azure.board.read)
    assert [(one.name, one.picture.content if one.picture else one.text) for one in shown] == [
        ("shot.txt", png),
        ("page.html", "<!doctype html><html><body>502</body></html>"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        f"https://evil.example/shop/_apis/wit/attachments/{GUID}",
        f"https://dev.azure.com.evil.example/shop/_apis/wit/attachments/{GUID}",
        f"https://dev.azure.com@evil.example/shop/_apis/wit/attachments/{GUID}",
        f"http://dev.azure.com/shop/_apis/wit/attachments/{GUID}",
        f"https://dev.azure.com:444/shop/_apis/wit/attachments/{GUID}",
        f"https://dev.azure.com/other/_apis/wit/attachments/{GUID}",
        f"https://other.visualstudio.com/_apis/wit/attachments/{GUID}",
        f"https://shop.visualstudio.com.evil.example/_apis/wit/attachments/{GUID}",
        f"https://dev.azure.com/shop/a/b/_apis/wit/attachments/{GUID}",
        f"https://dev.azure.com/shop/_apis/wit/attachments/{GUID}/../../../git",
        "https://dev.azure.com/shop/_apis/wit/attachments/x",
        "https://dev.azure.com/shop/_apis/git/repositories",
        f"https://somebody@dev.azure.com/shop/_apis/wit/attachments/{GUID}",
        f"https:////dev.azure.com/shop/_apis/wit/attachments/{GUID}",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ],
)
def test_any_other_address_is_refused_without_a_request(address: str) -> None:
    assert place_of(address, COLLECTION) is None
    board = AzureBoard(AzureClient(COLLECTION, "token-0123456789"), "Shop", print)
    with pytest.raises(UsageError, match="not an attachment of this organisation"):
        board.read(Attachment("a", address))


@pytest.mark.parametrize(
    ("address", "collection", "place"),
    [
        (f"{COLLECTION}_apis/wit/attachments/{GUID}?fileName=a.png", COLLECTION, ("", GUID)),
        (f"{COLLECTION}My%20Shop/_apis/wit/attachments/{GUID.upper()}", COLLECTION, ("My Shop", GUID)),
        (f"https://shop.visualstudio.com/p/_apis/wit/attachments/{GUID}", COLLECTION, ("p", GUID)),
        (f"{COLLECTION}_apis/wit/attachments/{GUID}", "https://shop.visualstudio.com/", ("", GUID)),
        (f"https://tfs/tfs/Main/_apis/wit/attachments/{GUID}", "https://tfs/tfs/Main/", ("", GUID)),
    ],
)
def test_an_attachment_of_the_collection_is_found(address: str, collection: str, place: tuple[str, str]) -> None:
    assert place_of(address, collection) == place


def answer(status: str, body: bytes = b"", **headers: str) -> Step:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]

    def step(connection: Any, _: Any) -> bool:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return True

    return step


def test_no_redirect_takes_the_token_to_another_host(serve: Serve) -> None:
    elsewhere = serve(answer("200 OK", b"secret"))
    server = serve(answer("302 Found", Location=f"{elsewhere.url}x"))
    board = AzureBoard(AzureClient(server.url, "token-0123456789", sleep=Pauses()), "Shop", print)
    with pytest.raises(AzureError):
        board.read(Attachment("a", f"{server.url}_apis/wit/attachments/{GUID}"))
    assert elsewhere.seen == []


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "500 Internal Server Error"])
def test_an_attachment_that_is_refused_is_named_and_the_others_are_read(serve: Serve, status: str) -> None:
    def refuse_one(connection: Any, _: Any) -> bool:
        refused = GUID in str(server.seen[-1])
        return answer(status if refused else "200 OK", b"" if refused else b"text")(connection, _)

    server = serve(refuse_one)
    board = AzureBoard(AzureClient(server.url, "token-0123456789", sleep=Pauses()), "Shop", print)
    other = GUID.replace("0a", "0b")
    files = [
        Attachment(name, f"{server.url}_apis/wit/attachments/{guid}") for name, guid in (("a", GUID), ("b", other))
    ]
    item = WorkItem(id=7, revision=1, type="Bug", kind="bug", title="Total", attachments=tuple(files))
    refused, read = open_all(item, (), board.read)
    assert refused.refused
    assert read.text == "text"


def test_a_download_that_trickles_ends_in_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redimento.azure.boards._DOWNLOAD_SECONDS", 0.3)

    def stall(connection: Any, stopped: Any) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
        stopped.wait(20)
        return False

    board = AzureBoard(AzureClient(server_url := serve(stall).url, "token-0123456789", sleep=Pauses()), "Shop", print)
    start = time.monotonic()
    with pytest.raises(AzureError, match="did not answer"):
        board.read(Attachment("a", f"{server_url}_apis/wit/attachments/{GUID}"))
    assert time.monotonic() - start < 10


def test_a_download_ends_at_the_limit_whatever_its_size_was_said_to_be(serve: Serve) -> None:
    server = serve(answer("200 OK", bytes(LARGEST + 1), **{"Content-Type": "application/octet-stream"}))
    board = AzureBoard(AzureClient(server.url, "token-0123456789", sleep=Pauses()), "Shop", print)
    with pytest.raises(AzureError, match="more than 4 MB"):
        board.read(Attachment("a", f"{server.url}_apis/wit/attachments/{GUID}"))
    assert server.seen[0].headers["accept"].startswith("application/octet-stream")
