"""Attachments and pictures: what a stranger attached, within limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.errors import AzureError, UsageError
from redimento.work_items.attachment import LARGEST, open_all, show
from redimento.work_items.item import Attachment, Comment, Field, WorkItem

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"
WEBP = b"RIFF\x1c\0\0\0WEBPVP8 " + bytes(20)
ITEM = WorkItem(id=7, revision=1, type="Bug", kind="bug", title="Total")
HOME = "https://dev.azure.com/shop/_apis/wit/attachments/"


def never(_: Attachment) -> bytes:
    raise AssertionError("nothing has to be read")


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [("a.txt", PNG, "image/png"), ("a.png", JPEG, "image/jpeg"), ("", WEBP, "image/webp")],
)
def test_a_picture_is_known_by_its_bytes(name: str, content: bytes, media_type: str) -> None:
    shown = show(name, content)
    assert shown.picture is not None
    assert (shown.picture.media_type, shown.picture.content, shown.text) == (media_type, content, "")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"Traceback\n  line 2", "Traceback\n  line 2"),
        ("größe;1\n".encode(), "größe;1\n"),
        ("größe;1\r\n".encode("utf-16"), "größe;1\r\n"),
        (b'{"a": 1}', '{"a": 1}'),
    ],
)
def test_anything_that_is_text_is_shown_as_text(content: bytes, text: str) -> None:
    assert show("shot.png", content).text == text


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04\0\0\0", b"%PDF-1.7\n\0\x01\x02", b"GIF89a\0\0", b"\x7fELF\0"])
def test_other_files_are_refused_with_the_reason(content: bytes) -> None:
    shown = show("a.png", content)
    assert (shown.picture, shown.text) == (None, "")
    assert shown.refused in ("it is empty", "it is neither text nor a PNG, JPEG or WebP picture")


@pytest.mark.parametrize("content", [PNG, JPEG, WEBP])
def test_a_picture_without_its_end_is_refused(content: bytes) -> None:
    assert show("a.png", content[:-10]).refused == "it is a picture whose end is missing"


def test_slow_attachments_do_not_hold_up_a_run() -> None:
    now = [0.0]

    def read(_: Attachment) -> bytes:
        now[0] += 30
        return b"text"

    item = replace(ITEM, attachments=tuple(Attachment(f"{number}.txt", str(number)) for number in range(10)))
    shown = open_all(item, (), read, clock=lambda: now[0])
    assert [bool(one.text) for one in shown] == [True] * 4 + [False] * 6
    assert {one.refused for one in shown[4:]} == {"the ones before it took 120 seconds to read"}


def test_pictures_in_all_texts_come_before_the_attachments_each_once() -> None:
    item = replace(
        ITEM,
        description=f"See ![shot]({HOME}aaa?fileName=a.png) and ![again]({HOME}AAA?fileName=a.png)",
        repro_steps=f'Then <img src="{HOME}bbb?fileName=b.png" width=3>',
        acceptance_criteria=(f"As in [the log]({HOME}ccc?fileName=c.log)", "[no picture](https://example.com/d.png)"),
        fields=(Field("Custom.Rules", "![](https://example.com/e%20e.png)"),),
        attachments=(Attachment("b.png", f"{HOME}bbb"), Attachment("f.txt", f"{HOME}fff", 4)),
    )
    said = (Comment(1, "Ann", "", f"![g]({HOME}ggg)"),)
    asked: list[str] = []

    def read(attachment: Attachment) -> bytes:
        asked.append(attachment.url.rpartition("/")[2].partition("?")[0])
        return b"text"

    shown = open_all(item, said, read)
    assert asked == ["aaa", "bbb", "ccc", "e%20e.png", "ggg", "fff"]
    assert [one.name for one in shown] == ["a.png", "b.png", "c.log", "e e.png", "g", "f.txt"]


def test_what_cannot_be_read_is_named_with_the_reason() -> None:
    def read(attachment: Attachment) -> bytes:
        raise UsageError("It is not there.") if attachment.name == "a" else AzureError("It took too long.")

    item = replace(ITEM, attachments=(Attachment("a", "1"), Attachment("b", "2")))
    assert [one.refused for one in open_all(item, (), read)] == ["It is not there.", "It took too long."]


def test_what_is_too_large_is_not_even_read() -> None:
    item = replace(ITEM, attachments=(Attachment("film.mp4", "1", LARGEST + 1), Attachment("big", "2", 99_000_000)))
    assert [one.refused for one in open_all(item, (), never)] == [
        "it has 4 MB, more than 4 MB",
        "it has 94 MB, more than 4 MB",
    ]


def test_only_so_many_pictures_and_attachments_are_shown() -> None:
    item = replace(ITEM, attachments=tuple(Attachment(f"{number}.png", str(number)) for number in range(30)))
    shown = open_all(item, (), lambda _: PNG)
    assert sum(one.picture is not None for one in shown) == 8
    assert [one.refused for one in shown[-10:]] == ["only 20 are read"] * 10
    large = open_all(item, (), lambda _: PNG + bytes(LARGEST - len(PNG)))
    assert sum(one.picture is not None for one in large) == 3


def test_without_any_nothing_is_read() -> None:
    assert open_all(replace(ITEM, description="No ![ picture ]( here."), (), never) == ()


@given(st.binary(max_size=200))
def test_any_content_is_a_picture_or_a_text_or_refused(content: bytes) -> None:
    shown = show("name", content)
    assert [bool(shown.text), shown.picture is not None, bool(shown.refused)].count(True) == 1


@given(st.text(alphabet="![]()<img src='x'>\n./?", max_size=80))
def test_any_text_is_searched_for_pictures(text: str) -> None:
    assert isinstance(open_all(replace(ITEM, description=text), (), lambda _: b"x"), tuple)
