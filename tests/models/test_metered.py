"""Limits are checked before a call, and every call is accounted for and recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from redimento.errors import LimitError
from redimento.models import recorded
from redimento.models.metered import MeteredModel
from redimento.models.port import IMAGE_TOKENS, Image, Message, ModelError, ModelReply, ModelRequest, Usage
from redimento.models.prices import price_of
from redimento.settings import ModelSettings

REQUEST = ModelRequest("author", "s" * 100, (Message("user", "u" * 900),), 1000, "medium", 600.0)
SETTINGS = ModelSettings(input_usd_per_million=1000.0, output_usd_per_million=1000.0, max_cost_usd=5.0)


@dataclass
class Scripted:
    outcomes: list[ModelReply | ModelError]
    name: str = "scripted"
    asked: int = 0

    def answer(self, request: ModelRequest) -> ModelReply:
        self.asked += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, ModelError):
            raise outcome
        return outcome


@dataclass
class Account:
    inner: Scripted
    model: MeteredModel
    lines: list[dict[str, Any]] = field(default_factory=list)


def account(*outcomes: ModelReply | ModelError, **limits: Any) -> Account:
    """Return a metered model that counts one token for each character."""
    settings = replace(SETTINGS, **limits)
    inner, lines = Scripted(list(outcomes)), list[dict[str, Any]]()
    return Account(inner, MeteredModel(inner, settings, price_of(settings), len, lines.append), lines)


def reply(prompt: int = 800, output: int = 100, attempts: int = 1) -> ModelReply:
    return ModelReply("hello", "scripted", Usage(prompt=prompt, output=output), "STOP", seconds=2.0, attempts=attempts)


def test_spent_money_and_tokens_add_up() -> None:
    taken = account(reply(), reply())
    taken.model.answer(REQUEST)
    taken.model.answer(REQUEST)
    spent = taken.model.spent
    assert (spent.calls, spent.usage, spent.seconds) == (2, Usage(prompt=1600, output=200), 4.0)
    assert spent.usd == pytest.approx(1.8)


def test_call_that_could_exceed_the_cost_limit_is_not_made() -> None:
    taken = account(reply(prompt=3000, output=100), max_cost_usd=5.0)
    taken.model.answer(REQUEST)
    with pytest.raises(LimitError, match=r"the limit is \$5.00, and \$3.10 is already spent"):
        taken.model.answer(REQUEST)
    assert taken.inner.asked == 1


def test_call_that_could_exceed_the_token_limit_is_not_made() -> None:
    taken = account(max_tokens=1999)
    with pytest.raises(LimitError, match="limit of 1,999 tokens"):
        taken.model.answer(REQUEST)
    assert taken.inner.asked == 0


def test_failed_call_is_paid_for_and_written_down() -> None:
    failure = ModelError("Stopped.", kind="safety", usage=Usage(prompt=500))
    taken = account(failure)
    with pytest.raises(ModelError):
        taken.model.answer(REQUEST)
    assert taken.model.spent.usd == pytest.approx(0.5)
    assert taken.lines[0]["error"]["kind"] == "safety"


def test_call_whose_tokens_nobody_counted_is_booked_at_its_most_and_marked() -> None:
    lost = ModelError("Timed out.", kind="timeout", retryable=True)
    taken = account(lost, reply(prompt=800, output=100), max_cost_usd=5.0)
    with pytest.raises(ModelError):
        taken.model.answer(REQUEST)
    taken.model.answer(REQUEST)
    spent = taken.model.spent
    assert spent.usage == Usage(prompt=1000 + 800, output=1000 + 100)
    assert (spent.calls, spent.estimated) == (2, 1)
    assert spent.usd == pytest.approx(2.9)
    assert spent.estimated_usd == pytest.approx(2.0)


def test_lost_calls_reach_the_limit() -> None:
    lost = [ModelError("Timed out.", kind="timeout", retryable=True) for _ in range(20)]
    taken = account(*lost, max_cost_usd=5.0)
    for _ in range(2):
        with pytest.raises(ModelError):
            taken.model.answer(REQUEST)
    with pytest.raises(LimitError, match=r"\$4.00 is already spent"):
        taken.model.answer(REQUEST)
    assert taken.inner.asked == 2


def test_refused_call_costs_nothing() -> None:
    taken = account(ModelError("Refused.", kind="quota_minute", usage=Usage()))
    with pytest.raises(ModelError):
        taken.model.answer(REQUEST)
    assert (taken.model.spent.usd, taken.model.spent.estimated) == (0.0, 0)


def test_reply_without_a_count_is_booked_by_its_text() -> None:
    taken = account(reply(prompt=0, output=0))
    taken.model.answer(REQUEST)
    assert taken.model.spent.usage == Usage(prompt=1000, output=len("hello"))
    assert taken.model.spent.estimated == 1


def test_reply_with_one_count_alone_is_booked_by_its_text() -> None:
    taken = account(reply(prompt=1, output=0))
    taken.model.answer(REQUEST)
    assert taken.model.spent.usage == Usage(prompt=1000, output=len("hello"))
    assert taken.model.spent.estimated == 1


def test_replayed_call_costs_nothing_without_a_count() -> None:
    taken = account(reply(prompt=0, output=0), sdk="recorded")
    taken.model.answer(REQUEST)
    assert (taken.model.spent.usd, taken.model.spent.estimated) == (0.0, 0)


def test_negative_counts_do_not_pay_for_other_calls() -> None:
    taken = account(reply(prompt=800, output=100), reply(prompt=-800, output=-100))
    taken.model.answer(REQUEST)
    taken.model.answer(REQUEST)
    assert taken.model.spent.usd >= 0.9
    assert Usage(-1, -2, -3, -4) == Usage()


def test_estimate_is_corrected_by_what_the_service_counted() -> None:
    taken = account(reply(prompt=1500))
    taken.model.answer(REQUEST)
    assert taken.model.spent.ratio == pytest.approx(1.5)


def test_estimate_is_not_corrected_by_the_sum_of_several_attempts() -> None:
    taken = account(reply(prompt=2400, attempts=3))
    taken.model.answer(REQUEST)
    assert taken.model.spent.ratio == 1.0
    assert taken.model.spent.usage.prompt == 2400


def test_written_calls_can_be_replayed(tmp_path: Path) -> None:
    taken = account(reply())
    given = taken.model.answer(REQUEST)
    (tmp_path / "conversation.jsonl").write_text("".join(json.dumps(line) + "\n" for line in taken.lines))
    assert recorded.open_model(tmp_path).answer(REQUEST) == given


def test_no_call_is_made_after_the_time_limit() -> None:
    now = [0.0]
    inner = Scripted([reply(), reply()])
    settings = replace(SETTINGS, max_cost_usd=100.0, max_minutes=1)
    model = MeteredModel(inner, settings, price_of(settings), len, lambda _line: None, clock=lambda: now[0])

    model.answer(REQUEST)
    now[0] = 61.0
    with pytest.raises(LimitError, match="1 minutes"):
        model.answer(REQUEST)
    assert inner.asked == 1


def test_pictures_count_before_the_call_and_are_recorded_by_their_size() -> None:
    picture = Image("image/png", b"\x89PNG" + bytes(100))
    shown = replace(REQUEST, messages=(Message("user", "u", (picture, picture)),))
    taken = account(reply(), max_tokens=2 * IMAGE_TOKENS + 1000 + 100)
    with pytest.raises(LimitError):
        taken.model.answer(shown)
    taken = account(reply())
    taken.model.answer(replace(shown, messages=(Message("user", "u", (picture,)),)))
    (line,) = taken.lines
    assert line["request"]["messages"] == (
        {"role": "user", "text": "u", "images": [{"media_type": "image/png", "bytes": 104}]},
    )
    json.dumps(line)
