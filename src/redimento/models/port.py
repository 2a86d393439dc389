"""The Model port: plain text in, plain text out, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from redimento.errors import RedimentoError
from redimento.settings import Thinking

# Every way a call can end without a usable answer.
Failure = Literal[
    "bad_request",  # 400
    "key_refused",  # 401, 403 about the key
    "forbidden",  # 403
    "unknown_model",  # 404
    "quota_minute",  # 429 that waiting cures
    "quota_final",  # 429 that waiting does not cure: daily quota, limit 0, spend cap
    "unavailable",  # 500, 502, 503, 504
    "timeout",  # our deadline
    "connection",  # refused, reset, truncated, no such host
    "bad_body",  # 200 with something that is no answer: HTML, broken JSON
    "blocked_prompt",
    "safety",
    "recitation",
    "empty",  # an answer without text
    "refused_by_sdk",  # asks for what this SDK cannot do
    "unreadable",  # no edit, question or wish could be made out, several times
    "not_applicable",  # the edits do not fit the files, several times
    "no_recording",  # the recorded model has nothing left to answer
]


@dataclass(frozen=True)
class Message:
    role: Literal["user", "model"]
    text: str


@dataclass(frozen=True)
class ModelRequest:
    """One call. `purpose` names it in the record: author, repair, criteria and so on."""

    purpose: str
    system: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    thinking: Thinking
    timeout_seconds: float


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `output` is what was said, `thoughts` what was thought; both are billed as output.

    `prompt` includes `cached`.
    """

    prompt: int = 0
    cached: int = 0
    output: int = 0
    thoughts: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.output + other.output,
            self.thoughts + other.thoughts,
        )


@dataclass(frozen=True)
class ModelReply:
    """An answer with text. `truncated`: it stopped at max_output_tokens and is incomplete."""

    text: str
    model: str
    usage: Usage
    finish: str  # the reason as the service spells it, unknown ones included
    truncated: bool = False
    seconds: float = 0.0
    attempts: int = 1


class ModelError(RedimentoError):
    """The model refused or failed.

    `retry_after` is seconds, None when the answer named none; `usage` is what
    the failed call is billed for, None where the service did not say.
    """

    exit_code = 4

    def __init__(
        self,
        sentence: str,
        remedy: str = "",
        *,
        kind: Failure,
        retryable: bool = False,
        retry_after: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(sentence, remedy)
        self.kind = kind
        self.retryable = retryable
        self.retry_after = retry_after
        self.usage = usage


class Model(Protocol):
    """Something that answers a prompt."""

    @property
    def name(self) -> str: ...

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return an answer that has text, or raise ModelError."""
        ...


@dataclass(frozen=True)
class Spent:
    """What a run has used so far. `ratio`: tokens counted by the service for each token that was estimated."""

    calls: int = 0
    usage: Usage = Usage()
    usd: float = 0.0
    seconds: float = 0.0
    ratio: float = 1.0


NOTHING_SPENT = Spent()


def total_tokens(usage: Usage) -> int:
    """Return all tokens that are billed, cached ones included."""
    return usage.prompt + usage.output + usage.thoughts
