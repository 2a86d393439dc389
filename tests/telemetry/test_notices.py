"""Notices at the end of a run: what is sent where, what a hostile title cannot do there, and what is left if that fails."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from redimento.events import EventBus, Moment, RunEnded, Warned
from redimento.telemetry import sending
from redimento.telemetry.notices import WORTH_A_NOTICE, cloud_event, notify, slack_message, teams_card
from redimento.telemetry.sending import Hook
from redimento.text.wording import Sentence
from tests.telemetry.conftest import Receiver

HOSTILE = "<!channel> [pay](https://evil.example) {{{{DATE(2026-01-01T00:00:00Z)}} **x** @all &amp; ##vso[task.complete]\n# a\u202e"
AT = datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
ENDED = RunEnded(
    "draft", Sentence("several", sentences=[HOSTILE]), "Look.", 7, "Bug", HOSTILE, "calc", 61.5, 1_234, 0.125,
    pull_request_id=3, pull_request_url="https://dev.example/a|b/pullrequest/3",
    run_url="https://dev.example/_build/results?buildId=9&view=results",
)  # fmt: skip


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, one in value.items() if key not in {"$schema", "url"} for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


def test_a_card_for_teams_shows_foreign_text_as_it_is() -> None:
    body, content_type = teams_card(ENDED, AT)
    assert content_type == "application/json"
    (attachment,) = body["attachments"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    # A TextBlock or a FactSet would read Markdown.
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    title, text, numbers = (block["inlines"][0]["text"] for block in card["body"])
    assert title.startswith("Draft: <!channel> [pay](https://evil.example) { { { {DATE(")
    assert numbers == "Work item #7 · calc · $0.12 · 1 min 2 s"
    assert text.endswith(" Look.")
    assert not [said for said in (title, text) if "{{" in said or "##vso" in said or "\u202e" in said or "\n" in said]
    assert [(one["title"], one["url"]) for one in card["actions"]] == [
        ("Pull request 3", ENDED.pull_request_url),
        ("Run", ENDED.run_url),
    ]


def test_a_message_for_slack_holds_no_link_and_no_mention_but_ours() -> None:
    body, _ = slack_message(ENDED, AT)
    *sections, links = body["blocks"]
    assert {section["text"]["type"] for section in sections} == {"plain_text"}
    assert not [text for text in texts([body["text"], sections]) if "<" in text or ">" in text]
    assert "&lt;!channel&gt;" in body["text"]
    assert "&amp;amp;" in body["text"]
    assert links["elements"][0]["text"] == (
        "<https://dev.example/a%7Cb/pullrequest/3|Pull request 3> · "
        "<https://dev.example/_build/results?buildId=9&amp;view=results|Run>"
    )
    long = replace(ENDED, title="&" * 5_000, sentence="<" * 5_000)
    assert all(len(section["text"]["text"]) <= 3_000 for section in slack_message(long, AT)[0]["blocks"][:-1])


def test_a_cloud_event_has_the_fact_and_all_that_the_standard_asks_for() -> None:
    body, content_type = cloud_event(ENDED, AT)
    assert content_type.startswith("application/cloudevents+json")
    other, _ = cloud_event(ENDED, AT)
    assert body.pop("id") != other["id"]
    data = body.pop("data")
    assert body == {
        "specversion": "1.0", "source": ENDED.run_url, "type": "redimento.run.draft", "subject": "7",
        "time": "2026-11-27T05:30:00.000+00:00", "datacontenttype": "application/json",
    }  # fmt: skip
    assert (data["title"], data["usd"], data["kind"]) == (HOSTILE, 0.125, "draft")


def test_a_team_reads_its_own_language() -> None:
    body, _ = slack_message(replace(ENDED, language="pt-BR", sentence=Sentence("another_run")), AT)
    title, said, numbers = (block["text"]["text"] for block in body["blocks"][:3])
    assert title.startswith("Rascunho: ")
    assert numbers.startswith("Item de trabalho")
    assert said != slack_message(replace(ENDED, sentence=Sentence("another_run")), AT)[0]["blocks"][1]["text"]["text"]


@pytest.mark.parametrize("kind", ["delivered", "draft", "questions", "failed", "skipped"])
def test_only_ends_that_ask_for_somebody_are_told(kind: Any, receiver: Receiver) -> None:
    notify(Hook("X", receiver.url + "/hook"), slack_message)(Moment(1.0, replace(ENDED, kind=kind), AT))
    assert len(receiver.received) == (kind in WORTH_A_NOTICE) == (kind != "skipped")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/refused", "it answered with the status 404."),
        ("/moved", "it answered with the status 302."),
        ("/slow", "it gave no answer within 0 s."),
        ("nowhere", "it cannot be reached (ConnectionError)."),
        ("not an address", "it cannot be reached (InvalidURL)."),
        ("http://[", "it cannot be reached (ValueError)."),
    ],
)
def test_a_hook_that_fails_costs_one_warning_without_its_address(
    place: str, said: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_SECONDS", 0.3 if place == "/slow" else 20.0)
    receiver.statuses |= {"/refused?sig=s3cr3t-0f-h00k": 404, "/moved?sig=s3cr3t-0f-h00k": 302}
    places = {"nowhere": "http://s3cr3t-0f-h00k@127.0.0.1:1/"}
    url = f"{receiver.url}{place}?sig=s3cr3t-0f-h00k" if place.startswith("/") else places.get(place, place)
    bus, heard = EventBus(), list[Moment]()
    bus.add("The console", heard.append)
    bus.add("Slack", notify(Hook("REDIMENTO_SLACK_URL", url), slack_message))
    bus.publish(ENDED)
    told = [moment.event.text for moment in heard if isinstance(moment.event, Warned)]
    assert told == [f"Slack gets no more news of this run: {said} Check its address in REDIMENTO_SLACK_URL."]
    assert "s3cr3t" not in repr(told)
    assert len([path for path, _, _ in receiver.received]) == place.startswith("/")  # one request, no redirect


def test_the_notice_is_json_in_ascii(receiver: Receiver) -> None:
    notify(Hook("X", receiver.url + "/t"), teams_card)(Moment(1.0, replace(ENDED, title="Ação 🚀"), AT))
    ((_, _, body),) = receiver.received
    assert body.isascii()
    assert "Ação 🚀" in json.loads(body)["attachments"][0]["content"]["body"][0]["inlines"][0]["text"]
