from __future__ import annotations

from typing import Any

import requests

OCTETS = {"Content-Type": "application/octet-stream"}


def test_an_attachment_is_stored_linked_and_read(rest: Any) -> None:
    content = bytes(range(256))
    made = rest(
        "POST",
        "Shop%20Floor/_apis/wit/attachments",
        params={"fileName": "a b.bin"},
        data=content,
        headers=OCTETS,
        status=201,
    )
    link = {"op": "add", "path": "/relations/-", "value": {"rel": "AttachedFile", "url": made["url"]}}
    shown = rest.patch_item(7, link)["relations"][-1]
    assert shown["attributes"]["name"] == "a b.bin"
    assert shown["attributes"]["resourceSize"] == 256
    assert rest("GET", shown["url"].removeprefix(rest.emulator.url)) == content


def test_a_picture_in_a_description_needs_the_token_but_no_version(rest: Any) -> None:
    made = rest("POST", "_apis/wit/attachments", data=b"png", headers=OCTETS, status=201)
    picture = requests.get(made["url"], headers={"Authorization": f"Bearer {rest.emulator.token}"}, timeout=100)
    assert picture.content == b"png"
    assert requests.get(made["url"], timeout=100).status_code == 203


def test_other_content_types_and_absent_attachments_are_refused(rest: Any) -> None:
    rest("POST", "_apis/wit/attachments", json={}, status=415)
    rest("POST", "_apis/wit/attachments", params={"uploadType": "chunked"}, data=b"", headers=OCTETS, status=400)
    rest("GET", "_apis/wit/attachments/00000000-0000-0000-0000-000000000000", status=404)
    rest("GET", "_apis/wit/attachments/..%2Forganisation.sqlite", status=404)


def test_an_attachment_is_read_within_a_project_that_exists(rest: Any) -> None:
    made = rest("POST", "_apis/wit/attachments", data=b"x", headers=OCTETS, status=201)
    assert rest("GET", f"Shop%20Floor/_apis/wit/attachments/{made['id']}") == b"x"
    rest("GET", f"Nowhere/_apis/wit/attachments/{made['id']}", status=404)
