"""What runs share when they ask a model: kept answers, budgets and quotas; and the flex tier."""

from __future__ import annotations

import multiprocessing
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from redimento.errors import LimitError, UsageError
from redimento.events import Event, Note
from redimento.models import lifetimes, thinking
from redimento.models.access import Access
from redimento.models.budgets import Budgets
from redimento.models.google_genai import open_model
from redimento.models.kept import KeptModel
from redimento.models.metered import MeteredModel
from redimento.models.port import Message, Model, ModelError, ModelReply, ModelRequest, Usage
from redimento.models.prices import price_of
from redimento.models.quota import QuotaModel
from redimento.models.retrying import with_retries
from redimento.models.tiered import FlexModel
from redimento.settings import ModelSettings
from redimento.store.folder import FolderStore
from redimento.store.memory import MemoryStore
from redimento.store.port import Bucket
from redimento.text.redaction import NO_SECRETS, Secrets
from tests.models.conftest import KEY
from tests.models.gemini_server import GeminiServer, refusal, text

REQUEST = ModelRequest("author", "s" * 100, (Message("user", "u" * 900),), 1000, "medium", 600.0)
SETTINGS = ModelSettings(input_usd_per_million=1000.0, output_usd_per_million=1000.0, max_cost_usd=100.0)


def a_reply(prompt: int = 800, output: int = 100) -> ModelReply:
    return ModelReply("hello", "scripted", Usage(prompt=prompt, output=output), "STOP", seconds=2.0)


@dataclass
class Scripted:
    """Gives what it is told, and the first outcome again at the end."""

    outcomes: list[ModelReply | ModelError] = field(default_factory=lambda: [a_reply()])
    name: str = "scripted"
    asked: list[ModelRequest] = field(default_factory=list)

    def answer(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        outcome = self.outcomes[min(len(self.asked), len(self.outcomes)) - 1]
        if isinstance(outcome, ModelError):
            raise outcome
        return outcome


def metered(inner: Model, budgets: Budgets | None = None, settings: ModelSettings = SETTINGS) -> MeteredModel:
    """Return a metered model that counts one token for each character."""
    return MeteredModel(inner, settings, price_of(settings), len, lambda _line: None, budgets)


def keeping(store: FolderStore, inner: Model, *asked: str, secrets: Secrets = NO_SECRETS) -> tuple[Model, MeteredModel]:
    account = metered(inner)
    return KeptModel(account, store, asked or ("here",), 3600, 20, account.book_kept, secrets), account


# Kept answers.


def test_answer_is_paid_for_once_and_what_it_saves_is_counted(tmp_path: Path) -> None:
    store, inner = FolderStore(tmp_path), Scripted()
    first, paid = keeping(store, inner)
    second, free = keeping(store, inner)
    assert first.answer(REQUEST).usage.prompt == 800
    again = second.answer(replace(REQUEST, purpose="other name", timeout_seconds=5.0))
    assert (again.text, again.usage, again.seconds) == ("hello", Usage(), 0.0)
    assert (free.spent.calls, free.spent.kept, free.spent.usd) == (0, 1, 0)
    assert free.spent.saved_usd == pytest.approx(paid.spent.usd) == pytest.approx(0.9)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, system="x"),
        replace(REQUEST, messages=(Message("user", "x"),)),
        replace(REQUEST, max_output_tokens=999),
        replace(REQUEST, thinking="high"),
    ],
)
def test_another_request_gets_an_answer_of_its_own(tmp_path: Path, other: ModelRequest) -> None:
    inner = Scripted()
    keeping(FolderStore(tmp_path), inner)[0].answer(REQUEST)
    keeping(FolderStore(tmp_path), inner)[0].answer(other)
    keeping(FolderStore(tmp_path), inner, "another model")[0].answer(REQUEST)
    assert len(inner.asked) == 3


def test_run_that_asks_twice_draws_twice_and_another_run_gets_both(tmp_path: Path) -> None:
    inner = Scripted([a_reply(), replace(a_reply(), text="another")])
    for _ in range(2):
        model, _account = keeping(FolderStore(tmp_path), inner)
        assert [model.answer(REQUEST).text for _ in range(2)] == ["hello", "another"]
    assert len(inner.asked) == 2


def test_no_secret_is_kept_and_failures_are_not(tmp_path: Path) -> None:
    secret = "s3cr3t-value-0123456789"
    said = replace(a_reply(), text=f"the key is {secret}")
    inner = Scripted([ModelError("Refused.", kind="safety", usage=Usage()), said])
    model, _ = keeping(FolderStore(tmp_path), inner, secrets=Secrets((secret,)))
    with pytest.raises(ModelError):
        model.answer(REQUEST)
    model.answer(replace(REQUEST, system=secret))
    (kept,) = (file for file in tmp_path.iterdir() if file.suffix != ".lock")
    assert b"the key is" in kept.read_bytes()
    assert secret.encode() not in kept.read_bytes()


@pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b'{"text": 1}', b'{"text": "\\ud800"}', b"[" * 100_000, b"\xff"])
def test_kept_answer_that_is_none_is_asked_for_again(
    tmp_path: Path, junk: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, inner = FolderStore(tmp_path), Scripted()
    model, _ = keeping(store, inner)
    model.answer(REQUEST)
    monkeypatch.setattr(FolderStore, "get", lambda _store, _key: junk)
    assert keeping(store, inner)[0].answer(REQUEST).text == "hello"
    assert len(inner.asked) == 2


@dataclass(frozen=True)
class Noting:
    """A model that notes each call in a file."""

    calls: Path
    name: str = "noting"

    def answer(self, _request: ModelRequest) -> ModelReply:
        with self.calls.open("a") as file:
            file.write("call\n")
        return a_reply()


def ask(folder: Path, at_once: Any) -> None:
    model, _ = keeping(FolderStore(folder / "store"), Noting(folder / "calls"))
    at_once.wait(60)
    assert model.answer(replace(REQUEST, timeout_seconds=60.0)).text == "hello"


def test_herd_of_processes_pays_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    at_once = spawn.Barrier(3)
    herd = [spawn.Process(target=ask, args=(tmp_path, at_once)) for _ in range(3)]
    for each in herd:
        each.start()
    for each in herd:
        each.join()
    assert [each.exitcode for each in herd] == [0, 0, 0]
    assert (tmp_path / "calls").read_text() == "call\n"


# Budgets.


def budgets(store: MemoryStore, day: date, **limits: float) -> Budgets:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Budgets(store, replace(SETTINGS, **limits), lambda: noon)  # type: ignore[arg-type]


def test_day_that_is_used_up_stops_every_run_of_it_before_a_call() -> None:
    # The worst case of a call is $2.00, and it costs $0.90.
    store, today = MemoryStore(), date(2026, 11, 30)
    inner = Scripted()
    first = metered(inner, budgets(store, today, max_cost_usd_per_day=2.5))
    second = metered(inner, budgets(store, today, max_cost_usd_per_day=2.5))
    first.answer(REQUEST)
    with pytest.raises(
        LimitError, match=r"cost of this day to \$2.90; the limit is \$2.50, and \$0.90 is spent"
    ) as caught:
        second.answer(REQUEST)
    assert caught.value.exit_code == 5
    assert "max_cost_usd_per_day" in caught.value.remedy
    assert len(inner.asked) == 1
    metered(inner, budgets(store, date(2026, 12, 1), max_cost_usd_per_day=2.5)).answer(REQUEST)
    assert len(inner.asked) == 2


def test_month_goes_on_when_a_day_ends_and_was_counted_before_it_had_a_limit() -> None:
    store, inner = MemoryStore(), Scripted()
    metered(inner, budgets(store, date(2026, 11, 1))).answer(REQUEST)
    limited = {"max_cost_usd_per_day": 50.0, "max_cost_usd_per_month": 2.5}
    with pytest.raises(LimitError, match="cost of this month"):
        metered(inner, budgets(store, date(2026, 11, 29), **limited)).answer(REQUEST)
    metered(inner, budgets(store, date(2026, 12, 1), **limited)).answer(REQUEST)
    # What was set aside for the refused call is back in both sums.
    assert store.add("spent 2026-11-29", 0, 1) == pytest.approx(0)
    assert store.add("spent 2026-11", 0, 1) == pytest.approx(0.9)


def test_calls_that_are_under_way_are_part_of_the_budget() -> None:
    store, going, go_on = MemoryStore(), threading.Event(), threading.Event()

    class Slow(Scripted):
        def answer(self, request: ModelRequest) -> ModelReply:
            going.set()
            go_on.wait(20)
            return super().answer(request)

    slow = Slow()
    first = metered(slow, budgets(store, date(2026, 11, 30), max_cost_usd_per_day=3.0))
    thread = threading.Thread(target=first.answer, args=(REQUEST,))
    thread.start()
    going.wait(20)
    with pytest.raises(LimitError):
        metered(Scripted(), budgets(store, date(2026, 11, 30), max_cost_usd_per_day=3.0)).answer(REQUEST)
    go_on.set()
    thread.join()
    assert store.add("spent 2026-11-30", 0, 1) == pytest.approx(0.9)


# Quotas.


@dataclass
class Waits:
    slept: list[float] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def model(self, inner: Model, store: MemoryStore, requests: float | None, tokens: float | None) -> QuotaModel:
        def bucket(name: str, limit: float | None) -> Bucket | None:
            return Bucket(name, limit) if limit else None

        return QuotaModel(
            inner, store, bucket("r", requests), bucket("t", tokens), len, self.events.append, self.slept.append
        )


def test_request_beyond_the_quota_waits_says_so_and_has_less_time() -> None:
    waits, inner, store = Waits(), Scripted(), MemoryStore(clock=lambda: 1000.0)
    for _ in range(3):
        waits.model(inner, store, 2, None).answer(REQUEST)
    assert waits.slept == [30]
    assert waits.events == [Note("Waiting 30 s for the quota of 2 requests a minute.")]
    assert [request.timeout_seconds for request in inner.asked] == [600, 600, 570]


def test_tokens_count_as_estimated_and_are_corrected_by_the_truth() -> None:
    waits, inner, store = Waits(), Scripted([a_reply(prompt=400)]), MemoryStore(clock=lambda: 1000.0)
    model = waits.model(inner, store, None, 1400)
    model.answer(REQUEST)  # 1,000 were taken, and 600 given back
    model.answer(REQUEST)
    assert waits.slept == []
    model.answer(REQUEST)
    assert waits.slept == [pytest.approx(400 * 60 / 1400)]


def test_quota_that_has_no_room_before_the_deadline_is_refused_at_once() -> None:
    waits, inner, store = Waits(), Scripted(), MemoryStore(clock=lambda: 1000.0)
    model = waits.model(inner, store, 60, 1000)
    model.answer(REQUEST)
    with pytest.raises(ModelError, match="until the quota of 1000 tokens a minute has room") as caught:
        model.answer(replace(REQUEST, timeout_seconds=20.0))
    assert (caught.value.kind, caught.value.retryable, waits.slept, len(inner.asked)) == ("quota_minute", False, [], 1)
    assert store.take(Bucket("r", 60), 59, 0) == 0  # the request that was not made was given back


def test_time_that_the_service_names_holds_for_all_runs() -> None:
    waits, store = Waits(), MemoryStore(clock=lambda: 1000.0)
    slow = ModelError("Slow down.", kind="quota_minute", retryable=True, retry_after=20, usage=Usage())
    with pytest.raises(ModelError):
        waits.model(Scripted([slow]), store, 60, None).answer(REQUEST)
    waits.model(Scripted(), store, 60, None).answer(REQUEST)
    assert 20 <= waits.slept[0] <= 41


# The flex tier.


def turned_away(kind: str) -> ModelError:
    return ModelError("No room.", kind=kind, retryable=True, usage=Usage())  # type: ignore[arg-type]


def test_flex_costs_half_and_that_is_what_is_saved() -> None:
    account = metered(Scripted())
    FlexModel(account, print).answer(REQUEST)
    assert account.spent.usd == pytest.approx(0.45)
    assert account.spent.saved_usd == pytest.approx(0.45)


@pytest.mark.parametrize("kind", ["unavailable", "quota_minute", "timeout"])
def test_flex_that_is_turned_away_falls_back_to_standard_within_the_deadline(kind: str) -> None:
    now, events = [0.0], list[Event]()

    class Late(Scripted):
        def answer(self, request: ModelRequest) -> ModelReply:
            now[0] += 0.9 * request.timeout_seconds
            return super().answer(request)

    inner = Late([turned_away(kind), a_reply()])
    reply = FlexModel(inner, events.append, clock=lambda: now[0]).answer(REQUEST)
    assert reply.attempts == 2
    assert [(one.tier, one.timeout_seconds) for one in inner.asked] == [("flex", 300), ("standard", 330)]
    assert events == [Note("The flex tier gave no answer: No room. The standard tier is asked.")]


def test_other_failures_of_flex_are_final() -> None:
    inner = Scripted([turned_away("bad_request")])
    with pytest.raises(ModelError):
        FlexModel(inner, print).answer(REQUEST)
    assert len(inner.asked) == 1


def test_service_is_asked_for_flex_and_then_for_standard() -> None:
    with GeminiServer(refusal(503, "No capacity for flex."), text("hello")) as gemini:
        service = open_model(ModelSettings(tier="flex"), Access(gemini.url, KEY))
        model = with_retries(FlexModel(service, print), deadline_seconds=60)
        assert model.answer(replace(REQUEST, timeout_seconds=60.0)).text == "hello"
        assert [call.body.get("serviceTier") for call in gemini.calls] == ["flex", None]


def test_library_without_tiers_is_refused() -> None:
    with pytest.raises(UsageError, match="knows no tiers"):
        thinking.refuse_impossible(ModelSettings(sdk="google-generativeai", tier="flex"), on=date(2026, 11, 27))


# The end of a model.


@pytest.mark.parametrize(
    ("model", "on", "says"),
    [
        (
            "gemini-2.5-pro",
            date(2026, 11, 27),
            "ends on 2026-12-01. Its calls then go to gemini-3.8-flash, at its price.",
        ),
        ("gemini-2.5-pro", date(2026, 12, 2), "ended on 2026-12-01."),
        ("gemini-3.1-flash-lite", date(2027, 3, 8), "ends on 2027-05-07. Nothing answers its calls then."),
    ],
)
def test_model_near_its_end_is_named_with_what_comes_after(model: str, on: date, says: str) -> None:
    assert says in lifetimes.warning(model, on)


def test_other_models_need_no_warning() -> None:
    assert lifetimes.warning("gemini-3.8-flash", date(2026, 11, 27)) == ""
    assert lifetimes.warning("gemini-3.1-flash-lite", date(2027, 3, 7)) == ""
