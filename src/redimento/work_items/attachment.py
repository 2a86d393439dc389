"""What the attachments of a work item and the pictures in its texts show: they come from strangers, so all has a limit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import parse_qs, unquote, urlsplit

from redimento.errors import RedimentoError
from redimento.text.encoding import NotTextError, text_of
from redimento.work_items.item import Attachment, Comment, WorkItem
from redimento.work_items.rich_text.tags import attributes, tags_in

LARGEST = 4 * 1024 * 1024  # bytes of one attachment
# A request with its pictures may have 20 MB, of which base64 takes a third (ai.google.dev/gemini-api/docs/image-understanding).
_MOST_PICTURE_BYTES = 12 * 1024 * 1024
_MOST_PICTURES = 8
_MOST_READ = 20
_MOST_SECONDS = 120  # for all of them together; each takes 30 at most
_LONGEST_NAME = 120  # characters
_LINK = re.compile(r"(!?)\[([^\[\]\n]{0,200})\]\(<?([^()<>\s]{1,2000})>?(?: \"[^\"\n]{0,200}\")?\)")
_ATTACHED = "/_apis/wit/attachments/"


@dataclass(frozen=True)
class Picture:
    """A picture in a form that Gemini reads."""

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Shown:
    """An attachment: its text, its picture, or why it is not shown."""

    name: str
    text: str = ""
    picture: Picture | None = None
    refused: str = ""


def open_all(
    item: WorkItem,
    comments: Sequence[Comment],
    read: Callable[[Attachment], bytes],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Shown, ...]:
    """Return the pictures in the item's texts and its attachments, each once, with what they show.

    `read` returns the content of one, or raises RedimentoError. `clock` gives seconds.
    """
    shown: list[Shown] = []
    pictures = read_bytes = 0
    until = clock() + _MOST_SECONDS
    for number, each in enumerate(_listed(item, comments)):
        if number >= _MOST_READ:
            one = Shown(each.name, refused=f"only {_MOST_READ} are read")
        elif clock() >= until:
            one = Shown(each.name, refused=f"the ones before it took {_MOST_SECONDS} seconds to read")
        else:
            one = _opened(each, read)
        if one.picture is not None:
            pictures += 1
            read_bytes += len(one.picture.content)
            if pictures > _MOST_PICTURES or read_bytes > _MOST_PICTURE_BYTES:
                one = Shown(one.name, refused=f"only {_MOST_PICTURES} pictures of 12 MB in all are shown")
        shown.append(one)
    return tuple(shown)


def show(name: str, content: bytes) -> Shown:
    """Return what `content` shows, judged by its bytes: a name can say anything."""
    if not content:
        return Shown(name, refused="it is empty")
    if media_type := _media_type(content):
        if not _is_whole(content, media_type):  # Gemini would refuse the request, and the run would fail
            return Shown(name, refused="it is a picture whose end is missing")
        return Shown(name, picture=Picture(media_type, content))
    try:
        return Shown(name, text=text_of(content, name))
    except NotTextError:
        return Shown(name, refused="it is neither text nor a PNG, JPEG or WebP picture")


def _media_type(content: bytes) -> str:
    """Return the type of a picture by the bytes that begin it, "" for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def _is_whole(content: bytes, media_type: str) -> bool:
    """Return whether a picture has its frame: what begins and ends its format."""
    if media_type == "image/png":
        return content[12:16] == b"IHDR" and content.rfind(b"IEND") > 0
    if media_type == "image/jpeg":
        return content.rfind(b"\xff\xd9") > 0
    return len(content) >= int.from_bytes(content[4:8], "little") + 8


def _opened(each: Attachment, read: Callable[[Attachment], bytes]) -> Shown:
    if each.size > LARGEST:
        return Shown(each.name, refused=f"it has {each.size / 1024 / 1024:.0f} MB, more than 4 MB")
    try:
        return show(each.name, read(each))
    except RedimentoError as error:
        return Shown(each.name, refused=error.sentence)


def _listed(item: WorkItem, comments: Sequence[Comment]) -> Iterator[Attachment]:
    """Yield the pictures in the texts, which belong to what is said there, and then the attachments."""
    texts = [item.description, item.repro_steps, *item.acceptance_criteria, item.system_info]
    texts += [*(each.text for each in item.fields), *(each.text for each in comments)]
    seen: set[str] = set()
    for each in chain(chain.from_iterable(map(_within, texts)), item.attachments):
        key = each.url.partition("?")[0].rpartition(_ATTACHED)[2].casefold() or each.name
        if key not in seen:
            seen.add(key)
            yield each


def _within(text: str) -> Iterator[Attachment]:
    """Yield the pictures in Markdown, also those written as HTML, and links to attachments."""
    for mark, words, address in _LINK.findall(text):
        if mark or _ATTACHED in address:
            yield Attachment(_name(words, address), address)
    for tag in tags_in(text) if "<img" in text.lower() else ():
        given = attributes(tag[3]) if tag[2].lower() == "img" else {}
        if address := given.get("src", ""):
            yield Attachment(_name(given.get("alt", ""), address), address)


def _name(words: str, address: str) -> str:
    """Return the name of the file in an address, the words around it if there is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return words or "a picture"
    named = next((values[0] for key, values in parse_qs(parts.query).items() if key.lower() == "filename"), "")
    own = "" if _ATTACHED in parts.path else unquote(parts.path).rpartition("/")[2]
    return (named or own or words or "a picture")[:_LONGEST_NAME]
