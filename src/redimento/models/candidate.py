"""An answer of the service in one form for both SDKs, and the check whether it is a usable reply.

Both SDKs return an answer without text as a success (measured).
"""

from __future__ import annotations

from dataclasses import dataclass

from redimento.models.port import Failure, ModelError, ModelReply, ModelRequest, Usage, total_tokens
from redimento.text.redaction import NO_SECRETS

# The answer is incomplete: it hit the output limit, or (Gemini 4) ended one hop of a long answer.
_INCOMPLETE = frozenset({"MAX_TOKENS", "CONTINUATION"})
# https://ai.google.dev/api/generate-content#FinishReason
_FILTERED = frozenset({"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"})


@dataclass(frozen=True)
class Candidate:
    """The text without thoughts, and the reasons as the service spells them; "" where there are none."""

    text: str
    finish: str
    usage: Usage
    block_reason: str = ""
    block_message: str = ""


def reply_from(candidate: Candidate, request: ModelRequest, model: str, seconds: float) -> ModelReply:
    """Return the answer as a reply; raise ModelError, which carries the usage, when it has no usable text.

    An unknown finish reason with text is accepted, because every generation of models adds some.
    """
    usage = candidate.usage
    if candidate.finish in _FILTERED:
        raise _rejected(
            "safety",
            f"Gemini's filter stopped the answer ({candidate.finish}).",
            "The same prompt will be stopped again. Reword the work item, or exclude the file that triggers the filter "
            "(context.exclude).",
            usage,
        )
    if candidate.finish == "RECITATION":
        raise _rejected(
            "recitation",
            "Gemini stopped because its answer was too close to published text (RECITATION).",
            "The same prompt will be stopped again. Ask for a smaller change, or exclude licence texts and copied "
            "sources (context.exclude).",
            usage,
        )
    if candidate.text.strip():
        truncated = candidate.finish in _INCOMPLETE
        return ModelReply(candidate.text, model, usage, candidate.finish, truncated=truncated, seconds=seconds)
    if candidate.block_reason:
        words = " ".join(NO_SECRETS.clean(candidate.block_message).split())[:300]
        quote = f" It says: {words}" if words else ""
        raise _rejected(
            "blocked_prompt",
            f"Gemini refused the prompt ({candidate.block_reason}).{quote}",
            "The same prompt will be refused again. Reword the work item, or exclude the file that triggers the filter "
            "(context.exclude).",
            usage,
        )
    if candidate.finish in _INCOMPLETE:
        spent = f"{usage.thoughts:,} thinking tokens" if usage.thoughts else "thinking tokens"
        raise _rejected(
            "empty",
            f"Gemini used up its output limit of {request.max_output_tokens:,} tokens before writing any text: {spent} "
            "count as output.",
            "Raise model.max_output_tokens, or lower model.thinking.",
            usage,
        )
    reason = f"finish reason {candidate.finish}" if candidate.finish else "no finish reason"
    raise _rejected(
        "empty",
        f"Gemini's answer has no text ({reason}).",
        "Run the step again; if the answer is still empty, set model.name to another model.",
        usage,
        retryable=True,
    )


def _rejected(kind: Failure, sentence: str, remedy: str, usage: Usage, *, retryable: bool = False) -> ModelError:
    counted = usage if total_tokens(usage) else None
    return ModelError(sentence, remedy, kind=kind, retryable=retryable, usage=counted)
