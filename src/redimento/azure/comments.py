"""The comments of a work item: all of them, and the one that is ours."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from markdown_it import MarkdownIt

from redimento.azure.client import AzureClient
from redimento.azure.fields import comment_id
from redimento.errors import AzureError, NotThereError

# Comments are a preview in every version of the API.
_VERSION = "7.1-preview.4"
_PAGE = 200
_MOST_OF_OTHERS = 1_000
_PROGRAM = "Redimento, "  # begins each marker
_STATUSES_REFUSED = (400, 405)
_TAG = re.compile(r"<[^<>]*>")

Json = Mapping[str, Any]


def newest(client: AzureClient, project: str, item_id: int) -> list[tuple[Json, bool]]:
    """Return ours and the newest thousand of other people, oldest first, each with whether it is ours.

    An item with more has no page read beyond these once the comment of this program has been seen.
    """
    found: list[tuple[Json, bool]] = []
    others, seen = 0, False
    for each in listed(client, project, item_id, order="desc"):
        ours = client.is_own(each.get("createdBy"))
        if ours or others < _MOST_OF_OTHERS:
            found.append((each, ours))
        others += not ours
        seen = seen or (ours and _PROGRAM in str(each.get("text", "")))
        if seen and others >= _MOST_OF_OTHERS:
            break
    return found[::-1]


def listed(client: AzureClient, project: str, item_id: int, *, order: Literal["asc", "desc"] = "asc") -> Iterator[Json]:
    """Yield all comments that are not deleted, oldest first unless the order is `desc`."""
    query = {"$top": str(_PAGE), "order": order}
    while True:
        page = client.get(
            _path(item_id),
            project=project,
            query=query,
            api_version=_VERSION,
            about=f"the comments of work item {item_id}",
        )
        yield from (each for each in page.get("comments") or () if not each.get("isDeleted"))
        following = page.get("continuationToken")
        if not following or following == query.get("continuationToken"):
            return
        query = {**query, "continuationToken": str(following)}


@dataclass(frozen=True)
class OwnComment:
    """Our one comment on an item: that of this account with a line that is the marker, plain words.

    Azure strips HTML comments.
    """

    client: AzureClient
    project: str
    item_id: int
    marker: str

    def write(self, markdown: str, *, known: int | None = None) -> Json:
        """Create or update it, with the marker at its end unless the text has it; return it, without an id if nothing was sent.

        `known` is its number, 0 if there is none; without it the comment is looked for.
        """
        text = markdown if _carries(markdown, self.marker) else f"{markdown.rstrip()}\n\n{self.marker}\n"
        existing = self._found() if known is None else ({"id": known} if known else None)
        try:
            answer = self._sent(text, existing, "markdown")
        except NotThereError:
            if not known:
                raise
            existing = None  # somebody has deleted it
            answer = self._sent(text, None, "markdown")
        if answer is None or (self.client.outward == "send" and str(answer.get("format", "")).casefold() != "markdown"):
            # An older server refuses the format, or ignores it and would show raw Markdown.
            shown = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
            answer = self._sent(str(shown), existing or answer, "html")
        return answer or {}

    def _sent(self, text: str, existing: Json | None, text_format: Literal["markdown", "html"]) -> Json | None:
        """Send the comment in this format; return None when the server refuses the format."""

        def happened() -> Json | None:
            found = self._found()
            if found is None or existing is None:
                return found
            return found if str(found.get("text", "")).strip() == text.strip() else None

        path = _path(self.item_id)
        try:
            answer: Json = self.client.write(
                "PATCH" if existing else "POST",
                f"{path}/{comment_id(existing)}" if existing else path,
                project=self.project,
                query={"format": text_format},
                body={"text": text},
                api_version=_VERSION,
                happened=happened,
                about=f"the comment on work item {self.item_id}",
            )
        except AzureError as error:
            if text_format == "markdown" and error.status in _STATUSES_REFUSED:
                return None
            raise
        return answer

    def _found(self) -> Json | None:
        for each in listed(self.client, self.project, self.item_id):
            # Anybody can quote the marker, and a person's comment must never be overwritten.
            if _carries(str(each.get("text", "")), self.marker) and self.client.is_own(each.get("createdBy")):
                return each
        return None


def _carries(text: str, marker: str) -> bool:
    # A whole line: the marker of the repository `web` is a prefix of that of `web-api`, and a text may quote it.
    lines = html.unescape(_TAG.sub("\n", text)).splitlines()
    return any(line.strip(" *\\") == marker for line in lines)


def _path(item_id: int) -> str:
    return f"_apis/wit/workItems/{item_id}/comments"
