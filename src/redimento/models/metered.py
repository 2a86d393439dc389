"""A Model with a budget: it checks the limits before each call and records every call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from threading import Lock
from typing import Any

from redimento.errors import LimitError
from redimento.events import Answered, Asked, Emit, ignore
from redimento.models import conversation
from redimento.models.budgets import Budgets
from redimento.models.port import (
    IMAGE_TOKENS,
    NOTHING_SPENT,
    Model,
    ModelError,
    ModelReply,
    ModelRequest,
    Spent,
    Usage,
    total_tokens,
)
from redimento.models.prices import Price, cost_usd, worst_case_usd
from redimento.settings import ModelSettings, Tier
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.text.wording import Sentence


@dataclass
class MeteredModel:
    """Wraps another Model and adds up what it costs.

    `estimate` returns an upper bound of the tokens in a text; `write` receives one JSON object per call, failed ones
    included. No request shows one of the `secrets`. `budgets`: those of all runs, None for none. `allowed` is handed what decides, by
    clock and budgets, whether a call may be made. `today` decides the price.
    """

    inner: Model
    settings: ModelSettings
    price: Price
    estimate: Callable[[str], int]
    write: Callable[[dict[str, Any]], None]
    budgets: Budgets | None = None
    secrets: Secrets = NO_SECRETS
    emit: Emit = ignore
    allowed: Callable[[Callable[[], dict[str, float]]], dict[str, float]] = lambda ask: ask()
    clock: Callable[[], float] = time.monotonic
    today: Callable[[], date] = lambda: datetime.now(UTC).date()
    spent: Spent = NOTHING_SPENT
    _ends: float = field(init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self._ends = self.clock() + 60 * self.settings.max_minutes

    @property
    def name(self) -> str:
        return self.inner.name

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return the inner model's answer; raise LimitError before a call that could exceed a limit."""
        request = self.secrets.redacted(request)
        with self._lock:
            prompt_tokens = self._prompt_tokens(request)
            promised = self.allowed(partial(self._promised, request, prompt_tokens))
            before = self.spent
            self.emit(Asked(request.purpose, self.name, before.calls + 1))
            began = self.clock()
            left = self._ends - self.clock()
            try:
                reply = self.inner.answer(replace(request, timeout_seconds=min(request.timeout_seconds, left)))
            except ModelError as error:
                self.write(conversation.to_json(request, error, model=self.name))
                self._book(error.usage, Usage(prompt_tokens, output=request.max_output_tokens), 0.0, tier=request.tier)
                self._pay(promised, before.usd)
                self._tell(request, error.kind, self.clock() - began, before)
                raise
            self.write(conversation.to_json(request, reply, model=self.name))
            written = reply.usage.output + reply.usage.thoughts
            known = reply.usage if reply.usage.prompt and written else None  # a gateway may pass on one count alone
            # A reply may hold the usage of several attempts, so it does not give the size of one prompt.
            measured = prompt_tokens if reply.attempts == 1 else 0
            most = Usage(prompt_tokens, output=self.estimate(reply.text))
            self._book(known, most, reply.seconds, measured, tier=request.tier)
            self._pay(promised, before.usd)
            self._tell(request, "ok", self.clock() - began, before)
            return reply

    def book_kept(self, request: ModelRequest, reply: ModelReply) -> ModelReply:
        """Write down an answer that an earlier call has paid for, and return it without a cost."""
        free = replace(reply, usage=Usage(), seconds=0.0, attempts=1)
        with self._lock:
            self.write(conversation.to_json(request, free, model=self.name) | {"kept": asdict(reply.usage)})
            usd = cost_usd(self.price, replace(reply.usage, cached=0), on=self.today())
            self.spent = replace(self.spent, kept=self.spent.kept + 1, saved_usd=self.spent.saved_usd + usd)
            self._tell(request, "kept", 0.0, self.spent)
        return free

    def _tell(self, request: ModelRequest, status: str, seconds: float, before: Spent) -> None:
        now, was = self.spent.usage, before.usage
        self.emit(
            Answered(
                request.purpose,
                self.name,
                status,
                seconds,
                prompt=now.prompt - was.prompt,
                cached=now.cached - was.cached,
                output=now.output - was.output,
                thoughts=now.thoughts - was.thoughts,
                usd=self.spent.usd - before.usd,
                tokens_so_far=total_tokens(now),
                usd_so_far=self.spent.usd,
            )
        )

    def _pay(self, promised: dict[str, float], before: float) -> None:
        if self.budgets:
            self.budgets.pay(promised, self.spent.usd - before)

    def _prompt_tokens(self, request: ModelRequest) -> int:
        text_tokens = self.estimate(request.system) + sum(self.estimate(message.text) for message in request.messages)
        images = sum(len(message.images) for message in request.messages)
        return round((text_tokens + images * IMAGE_TOKENS) * self.spent.ratio)

    def _promised(self, request: ModelRequest, prompt_tokens: int) -> dict[str, float]:
        worst = self._check(request, prompt_tokens)
        return self.budgets.promise(worst) if self.budgets else {}

    def _check(self, request: ModelRequest, prompt_tokens: int) -> float:
        """Return the most that the call can cost. Raises LimitError."""
        limits, today = self.settings, self.today()
        most = worst_case_usd(self.price, prompt_tokens, request.max_output_tokens, on=today, tier=request.tier)
        worst = self.spent.usd + most
        if worst > limits.max_cost_usd:
            raise LimitError(
                Sentence("limit_of_cost", worst=worst, most=limits.max_cost_usd, spent=self.spent.usd),
                Sentence("raise_or_lower", key="model.max_cost_usd"),
            )
        if self.clock() >= self._ends:
            raise LimitError(
                Sentence("limit_of_minutes", most=limits.max_minutes),
                Sentence("raise_minutes"),
            )
        used = total_tokens(self.spent.usage)
        if used + prompt_tokens + request.max_output_tokens > limits.max_tokens:
            raise LimitError(
                Sentence("limit_of_tokens", most=limits.max_tokens, used=used),
                Sentence("raise_or_lower", key="model.max_tokens"),
            )
        return most

    def _book(
        self, known: Usage | None, most: Usage, seconds: float, estimated: int = 0, *, tier: Tier = "standard"
    ) -> None:
        """Add a call to the account: at `most`, where nobody counted its tokens. A replayed call costs nothing then."""
        spent = self.spent
        ratio = spent.ratio
        if known and known.prompt and estimated:
            # The estimate is an upper bound by design, so it is only ever corrected upwards.
            ratio = max(1.0, spent.ratio * known.prompt / estimated)
        guessed = known is None and self.settings.sdk != "recorded"
        usage = most if guessed else known or Usage()
        today = self.today()
        usd = cost_usd(self.price, usage, on=today, tier=tier)
        whole = cost_usd(self.price, replace(usage, cached=0), on=today)
        self.spent = replace(
            spent,
            calls=spent.calls + 1,
            usage=spent.usage + usage,
            usd=spent.usd + usd,
            seconds=spent.seconds + seconds,
            ratio=ratio,
            estimated=spent.estimated + guessed,
            estimated_usd=spent.estimated_usd + usd * guessed,
            saved_usd=spent.saved_usd + max(whole - usd, 0.0),
        )
