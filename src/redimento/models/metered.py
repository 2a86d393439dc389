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
    NOTHING_SPENT,
    Model,
    ModelError,
    ModelReply,
    ModelRequest,
    Spent,
    Usage,
    estimated_tokens,
    total_tokens,
)
from redimento.models.prices import Price, cost_usd
from redimento.settings import ModelSettings
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
            prompt_tokens = round(estimated_tokens(request, self.estimate) * self.spent.ratio)
            promised = self.allowed(partial(self._promised, request, prompt_tokens))
            before = self.spent
            self.emit(Asked(request.purpose, self.name, before.calls + 1))
            began = self.clock()
            try:
                seconds = min(request.timeout_seconds, self._ends - began)
                outcome: ModelReply | ModelError = self.inner.answer(replace(request, timeout_seconds=seconds))
            except ModelError as error:
                outcome = error
            self.write(conversation.to_json(request, outcome, model=self.name))
            self._book(request, prompt_tokens, outcome)
            if self.budgets:
                self.budgets.pay(promised, self.spent.usd - before.usd)
            self._tell(request, getattr(outcome, "kind", "ok"), self.clock() - began, before)
        if isinstance(outcome, ModelError):
            raise outcome
        return outcome

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

    def _promised(self, request: ModelRequest, prompt_tokens: int) -> dict[str, float]:
        worst = self._check(request, prompt_tokens)
        return self.budgets.promise(worst) if self.budgets else {}

    def _check(self, request: ModelRequest, prompt_tokens: int) -> float:
        """Return the most that the call can cost. Raises LimitError."""
        limits, today = self.settings, self.today()
        call = Usage(prompt_tokens, output=request.max_output_tokens)  # nothing cached
        most = cost_usd(self.price, call, on=today, tier=request.tier)
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

    def _book(self, request: ModelRequest, estimated: int, outcome: ModelReply | ModelError) -> None:
        """Add a call to the account: at the most, where nobody counted its tokens. A replayed call costs nothing then."""
        spent, known = self.spent, outcome.usage
        ratio, seconds, output = spent.ratio, 0.0, request.max_output_tokens
        if isinstance(outcome, ModelReply):
            seconds, output = outcome.seconds, self.estimate(outcome.text)
            used = outcome.usage
            if not used.prompt or not (used.output + used.thoughts):  # a gateway may pass on one count alone
                known = None
            elif (
                outcome.attempts == 1 and estimated
            ):  # else it has the usage of several attempts, not the size of a prompt
                # The estimate is an upper bound by design, so it is only ever corrected upwards.
                ratio = max(1.0, ratio * used.prompt / estimated)
        guessed = known is None and self.settings.sdk != "recorded"
        usage = Usage(estimated, output=output) if guessed else known or Usage()
        today = self.today()
        usd = cost_usd(self.price, usage, on=today, tier=request.tier)
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
