"""Which failures are retried, when, how often, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import pytest

from redimento.models import google_genai
from redimento.models.access import Access
from redimento.models.port import Failure, Message, Model, ModelError, ModelReply, ModelRequest, Usage
from redimento.models.retrying import with_retries
from redimento.settings import ModelSettings
from tests.models.gemini_server import Answer, GeminiServer, candidate, refusal, text


@dataclass
class Clock:
    """Time that only passes during a sleep."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def read(self) -> float:
        return self.now


@dataclass
class Slow:
    """A model that takes `seconds` per call and ends with `outcome`."""

    clock: Clock
    seconds: float
    outcome: ModelError | None
    name: str = "slow"
    timeouts: list[float] = field(default_factory=list)

    def answer(self, request: ModelRequest) -> ModelReply:
        self.timeouts.append(request.timeout_seconds)
        self.clock.now += self.seconds
        if self.outcome is not None:
            raise self.outcome
        return ModelReply("hello", self.name, Usage(prompt=1), "STOP")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(gemini: GeminiServer, clock: Clock) -> Model:
    inner = google_genai.open_model(ModelSettings(), Access(gemini.url, "a-key-of-a-test"))
    return with_retries(inner, deadline_seconds=900, sleep=clock.sleep, clock=clock.read)


def request(timeout: float = 600.0) -> ModelRequest:
    return ModelRequest("author", "", (Message("user", "Change it."),), 1000, "medium", timeout)


def failure(model: Model) -> ModelError:
    with pytest.raises(ModelError) as caught:
        model.answer(request())
    return caught.value


def test_waits_grow_between_retries(gemini: GeminiServer, model: Model, clock: Clock) -> None:
    gemini.answers = [refusal(503, "overloaded"), refusal(500, "oops"), Answer(how="reset"), text("hello")]
    reply = model.answer(request())
    assert (reply.text, reply.attempts) == ("hello", 4)
    assert clock.slept == sorted(clock.slept)
    assert all(2 <= wait <= 32 for wait in clock.slept)


def test_final_failure_says_how_often_it_was_tried(gemini: GeminiServer, model: Model, clock: Clock) -> None:
    gemini.answers = [refusal(503, "overloaded")]
    error = failure(model)
    assert error.kind == "unavailable"
    assert error.sentence.endswith("It was tried 4 times.")
    assert len(gemini.calls) == 4


def test_quota_per_minute_waits_as_long_as_asked(gemini: GeminiServer, model: Model, clock: Clock) -> None:
    gemini.answers = [refusal(429, "Slow.", {"@type": "RetryInfo", "retryDelay": "37s"}), text("hello")]
    assert model.answer(request()).attempts == 2
    assert 37 <= clock.slept[0] <= 39


def test_quota_per_minute_without_a_time_waits_a_minute(gemini: GeminiServer, model: Model, clock: Clock) -> None:
    gemini.answers = [refusal(429, "Slow."), text("hello")]
    model.answer(request())
    assert 60 <= clock.slept[0] <= 62


def test_time_named_by_an_unavailable_service_is_honoured(gemini: GeminiServer, model: Model, clock: Clock) -> None:
    gemini.answers = [refusal(503, "Later.", headers={"Retry-After": "45"}), text("hello")]
    model.answer(request())
    assert 45 <= clock.slept[0] <= 47


def test_wait_of_more_than_five_minutes_is_not_started(gemini: GeminiServer, model: Model, clock: Clock) -> None:
    gemini.answers = [refusal(503, "Later.", headers={"Retry-After": "400"}), text("hello")]
    assert failure(model).kind == "unavailable"
    assert clock.slept == []


def test_empty_answer_is_retried_twice_and_paid_for(gemini: GeminiServer, model: Model) -> None:
    gemini.answers = [text(prompt=10, output=0, thoughts=5), text("hello", prompt=10, output=3, thoughts=4)]
    reply = model.answer(request())
    assert reply.usage == Usage(prompt=20, output=3, thoughts=9)

    gemini.answers = [text(prompt=10, output=0, thoughts=5)]
    error = failure(model)
    assert len(gemini.calls) == 2 + 3
    assert error.usage == Usage(prompt=30, thoughts=15)


@pytest.mark.parametrize(
    "answer",
    [
        candidate({"finishReason": "SAFETY"}),
        candidate({"finishReason": "RECITATION"}),
        text(finish="MAX_TOKENS", thoughts=1000),
        refusal(400, "wrong"),
        refusal(401, "key"),
        refusal(403, "no"),
        refusal(404, "unknown"),
        refusal(429, "limit: 0"),
    ],
)
def test_permanent_failure_is_not_retried(gemini: GeminiServer, model: Model, clock: Clock, answer: Answer) -> None:
    gemini.answers = [answer, text("hello")]
    assert "tried" not in failure(model).sentence
    assert len(gemini.calls) == 1
    assert clock.slept == []


@pytest.mark.parametrize("kind", get_args(Failure))
def test_every_kind_of_failure_ends(clock: Clock, kind: Failure) -> None:
    inner = Slow(clock, 1.0, ModelError("No.", kind=kind, retryable=True))
    assert failure(with_retries(inner, deadline_seconds=900, sleep=clock.sleep, clock=clock.read)).kind == kind
    assert len(inner.timeouts) <= 5


def test_deadline_covers_all_attempts_and_waits(clock: Clock) -> None:
    inner = Slow(clock, 40.0, ModelError("Slow.", kind="quota_minute", retryable=True, retry_after=30))
    error = failure(with_retries(inner, deadline_seconds=150, sleep=clock.sleep, clock=clock.read))
    assert error.kind == "quota_minute"
    assert len(inner.timeouts) == 3
    assert clock.now <= 150 + 40


def test_each_attempt_has_only_the_time_that_is_left(clock: Clock) -> None:
    inner = Slow(clock, 60.0, ModelError("Down.", kind="timeout", retryable=True))
    failing = with_retries(inner, deadline_seconds=100, sleep=clock.sleep, clock=clock.read)
    with pytest.raises(ModelError):
        failing.answer(request(timeout=70.0))
    assert inner.timeouts[0] == 70.0
    assert inner.timeouts[1] < 40.0


def test_model_keeps_its_name(clock: Clock) -> None:
    assert with_retries(Slow(clock, 0.0, None), deadline_seconds=1).name == "slow"
