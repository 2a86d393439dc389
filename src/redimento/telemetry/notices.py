"""A notice at the end of a run: a card in Teams, a message in Slack, a CloudEvent for anything else.

All foreign text goes where the receiver shows it as it is: what a title holds must be no link, mention or format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from html import escape
from typing import Any
from uuid import uuid4

from redimento.events import Handler, Moment, RunEnded
from redimento.telemetry.sending import Hook
from redimento.text.wording import say

WORTH_A_NOTICE = frozenset({"delivered", "draft", "questions", "failed"})

# learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: 28 KB for a card; and
# docs.slack.dev/reference/block-kit/blocks: 150 characters in a header, 3,000 in a section.
_LONGEST_TITLE = 140
_LONGEST_TEXT = 600  # escaped, a character becomes five at most
_FUNCTION = re.compile(r"\{(?=\{)")
_JSON = "application/json"
_escape = partial(escape, quote=False)
_COLOURS = {"delivered": "Good", "draft": "Warning", "questions": "Warning", "failed": "Attention"}

Format = Callable[[RunEnded, datetime], tuple[Any, str]]


def notify(hook: Hook, made: Format) -> Handler:
    """Return a handler that sends one notice when the run ends in a way that a person should know. Raises NotSentError."""

    def send(moment: Moment) -> None:
        event = moment.event
        if isinstance(event, RunEnded) and event.kind in WORTH_A_NOTICE:
            body, content_type = made(event, moment.at)
            hook.send(json.dumps(body).encode(), content_type)

    return send


def teams_card(event: RunEnded, _at: datetime) -> tuple[Any, str]:
    """Return an Adaptive Card for a workflow of Teams. Text runs know no Markdown (adaptivecards.io, TextRun)."""
    title, text, numbers = _told(event)

    def block(line: str, **style: Any) -> dict[str, Any]:
        # `{{DATE(…)}}` is a function wherever a card holds text.
        return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": _FUNCTION.sub("{ ", line), **style}]}

    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            block(title, weight="Bolder", size="Medium", color=_COLOURS[event.kind]),
            block(text),
            block(numbers, isSubtle=True),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": name, "url": url} for name, url in _links(event)],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}, _JSON


def slack_message(event: RunEnded, _at: datetime) -> tuple[Any, str]:
    """Return a message for an incoming webhook of Slack. Three characters begin links and mentions, and are escaped."""
    title, text, numbers = (_escape(line) for line in _told(event))
    plain = {"type": "plain_text", "emoji": False}
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {**plain, "text": line}} for line in (title, text, numbers)
    ]
    if links := [f"<{_in_link(url)}|{_escape(name)}>" for name, url in _links(event)]:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": " · ".join(links)}]})
    return {"text": title, "blocks": blocks}, _JSON


def cloud_event(event: RunEnded, at: datetime) -> tuple[Any, str]:
    """Return a CloudEvent 1.0 in structured mode (cloudevents.io), whose data is the fact."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": event.run_url or "urn:redimento",
        "type": f"redimento.{event.fact}",
        "subject": str(event.item_id),
        "time": at.isoformat(timespec="milliseconds"),
        "datacontenttype": _JSON,
        "data": asdict(event),
    }, "application/cloudevents+json; charset=UTF-8"


def _told(event: RunEnded) -> tuple[str, str, str]:
    """Return what happened, why, and what it took, each on one line in the language of the team."""
    language = event.language
    item = say("item_number", language, id=event.item_id) if event.item_id else ""
    said = say("several", language, sentences=[*filter(None, (event.sentence, event.remedy))])
    numbers = (
        item, event.repository, say("dollars", language, usd=event.usd), say("minutes", language, seconds=event.seconds)
    )  # fmt: skip
    outcome = say("outcome", language, kind=event.kind)
    title = f"{outcome[0].upper()}{outcome[1:]}: {say('several', language, sentences=[event.title or item])}"
    return _cut(title, _LONGEST_TITLE), _cut(said, _LONGEST_TEXT), " · ".join(filter(None, numbers))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _links(event: RunEnded) -> list[tuple[str, str]]:
    """Return names and addresses of pages; a local run has none."""
    named = [
        (say("pull_request", event.language, id=event.pull_request_id), event.pull_request_url),
        (say("run", event.language).capitalize(), event.run_url),
    ]
    return [(name, url) for name, url in named if url.startswith(("https://", "http://"))]


def _in_link(url: str) -> str:
    return _escape(url).replace("|", "%7C").replace(" ", "%20")
