"""What the service answered, in one form for both SDKs, and whether that is a reply.

Both SDKs return an answer without text as a success (measured); it is judged here, once.
"""

from __future__ import annotations

from dataclasses import dataclass

from redimento.models.port import Failure, ModelError, ModelReply, ModelRequest, Usage
from redimento.text.foreign import neutralise, redact

# The answer stopped before its end: at the limit, or (Gemini 4) at the end of one hop of a long answer.
_INCOMPLETE = frozenset({"MAX_TOKENS", "CONTINUATION"})
# https://ai.google.dev/api/generate-content#FinishReason
_FILTERED = frozenset({"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"})


@dataclass(frozen=True)
class Candidate:
    """The text without thoughts (empty: none), and the reasons as the service spells them (empty: none given)."""

    text: str
    finish: str
    usage: Usage
    block_reason: str = ""
    block_message: str = ""


def reply_from(candidate: Candidate, request: ModelRequest, model: str, seconds: float) -> ModelReply:
    """Return the reply that an answer is; raise ModelError, which carries the usage, when it is none.

    An unknown finish reason with text is accepted: new ones come with every generation of models.
    """
    usage = candidate.usage
    if candidate.finish in _FILTERED:
        raise _rejected(
            "safety",
            f"Gemini's filter stopped the answer ({candidate.finish}).",
            "The same prompt is stopped again. Reword the work item, or leave out the file that sets the filter off "
            "(context.exclude).",
            usage,
        )
    if candidate.finish == "RECITATION":
        raise _rejected(
            "recitation",
            "Gemini stopped because its answer was too close to published text (RECITATION).",
            "The same prompt is stopped again. Ask for a smaller change, or leave licence texts and copied sources out "
            "(context.exclude).",
            usage,
        )
    if candidate.text.strip():
        truncated = candidate.finish in _INCOMPLETE
        return ModelReply(candidate.text, model, usage, candidate.finish, truncated=truncated, seconds=seconds)
    if candidate.block_reason:
        words = " ".join(redact(neutralise(candidate.block_message)).split())[:300]
        said = f" It says: {words}" if words else ""
        raise _rejected(
            "blocked_prompt",
            f"Gemini refused the prompt ({candidate.block_reason}).{said}",
            "The same prompt is refused again. Reword the work item, or leave out the file that sets the filter off "
            "(context.exclude).",
            usage,
        )
    if candidate.finish in _INCOMPLETE:
        spent = f"{usage.thoughts:,} tokens of thoughts" if usage.thoughts else "its thoughts"
        raise _rejected(
            "empty",
            f"Gemini used the whole output of {request.max_output_tokens:,} tokens before it wrote a word: {spent} "
            "count as output.",
            "Raise model.max_output_tokens, or lower model.thinking.",
            usage,
        )
    reason = f"finish reason {candidate.finish}" if candidate.finish else "no finish reason"
    raise _rejected(
        "empty",
        f"Gemini's answer holds no text ({reason}).",
        "Run the step again; if it stays empty, set model.name to another model.",
        usage,
        retryable=True,
    )


def _rejected(kind: Failure, sentence: str, remedy: str, usage: Usage, *, retryable: bool = False) -> ModelError:
    return ModelError(sentence, remedy, kind=kind, retryable=retryable, usage=usage)
