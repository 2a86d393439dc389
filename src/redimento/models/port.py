"""The Model port: plain text in, plain text out, and the tokens used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from redimento.errors import RedimentoError
from redimento.settings import Thinking, Tier

# Every way a call can end without a usable answer.
Failure = Literal[
    "bad_request",  # 400
    "key_refused",  # 401, 403 about the key or the identity
    "forbidden",  # 403
    "unknown_model",  # 404
    "quota_minute",  # 429 that ends within minutes
    "quota_final",  # 429 that waiting does not help: daily quota, limit 0, spend cap
    "unavailable",  # 500, 502, 503, 504
    "timeout",  # our deadline
    "connection",  # refused, reset, truncated, no such host
    "bad_body",  # 200 with an invalid answer: HTML, broken JSON
    "blocked_prompt",
    "safety",
    "recitation",
    "empty",  # an answer without text
    "unreadable",  # several answers without a readable edit, question or request
    "not_applicable",  # several answers whose edits do not fit the files
    "no_recording",  # no recorded answer left
]

# The most tokens of a picture at the default resolution (ai.google.dev/gemini-api/docs/media-resolution, Gemini 3).
IMAGE_TOKENS = 1_120
_MOST_TOKENS = 10**9


@dataclass(frozen=True)
class Image:
    """A picture: image/png, image/jpeg or image/webp."""

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Message:
    """One turn. `images` come before the text, which may speak of them."""

    role: Literal["user", "model"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True)
class ModelRequest:
    """One call. `purpose` is its name in the record: author, repair, criteria and so on."""

    purpose: str
    system: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    thinking: Thinking
    timeout_seconds: float
    tier: Tier = "standard"


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `prompt` includes `cached`; `thoughts` are billed like `output` but not included in it.

    A negative count becomes 0: the counts come from a server, and must not pay for other calls. A mad one fits a float.
    """

    prompt: int = 0
    cached: int = 0
    output: int = 0
    thoughts: int = 0

    def __post_init__(self) -> None:
        for name in ("prompt", "cached", "output", "thoughts"):
            object.__setattr__(self, name, min(max(getattr(self, name), 0), _MOST_TOKENS))

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.output + other.output,
            self.thoughts + other.thoughts,
        )


@dataclass(frozen=True)
class ModelReply:
    """An answer with text. `truncated`: it stopped at an output limit and is incomplete."""

    text: str
    model: str
    usage: Usage
    finish: str  # the reason as the service spells it, including unknown ones
    truncated: bool = False
    seconds: float = 0.0
    attempts: int = 1


class ModelError(RedimentoError):
    """The model refused or failed.

    `retry_after` is in seconds, None when the answer gave no time; `usage` is what the failed call is billed for, None
    when unknown: the service may have worked, and the answer was lost.
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


@dataclass(frozen=True)
class UnaskedModel:
    """A model that must not be asked."""

    name: str

    def answer(self, request: ModelRequest) -> ModelReply:
        raise RedimentoError(f"The model was asked for {request.purpose}, where that is not allowed.")


class Model(Protocol):
    @property
    def name(self) -> str: ...

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return an answer that has text, or raise ModelError."""
        ...


@dataclass(frozen=True)
class Spent:
    """What a run has used so far. `ratio`: tokens counted by the service per estimated token.

    `estimated` calls ended without a count of tokens; `usage` and `usd` include the most that they can have cost. `saved_usd`:
    what the calls and the `kept` answers of other runs would have cost more at the standard price, with nothing cached.
    """

    calls: int = 0
    usage: Usage = Usage()
    usd: float = 0.0
    seconds: float = 0.0
    ratio: float = 1.0
    estimated: int = 0
    estimated_usd: float = 0.0
    kept: int = 0
    saved_usd: float = 0.0


NOTHING_SPENT = Spent()


def total_tokens(usage: Usage) -> int:
    """Return all billed tokens, including cached ones."""
    return usage.prompt + usage.output + usage.thoughts


def estimated_tokens(request: ModelRequest, estimate: Callable[[str], int]) -> int:
    """Return how many tokens a request has at most; `estimate` gives those of a text."""
    texts = (request.system, *(message.text for message in request.messages))
    return sum(map(estimate, texts)) + IMAGE_TOKENS * sum(len(message.images) for message in request.messages)
