"""Secrets in the lines that a change adds, found by detect-secrets without asking any server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redimento.change.guards.line_diff import Added
from redimento.text.foreign import redact

# Detectors of tokens with a shape of their own. The entropy detectors are left out: they report hashes, UUIDs and test
# data, and a refusal for one of those stops an honest change.
_SHAPES = """
ArtifactoryDetector AWSKeyDetector AzureStorageKeyDetector BasicAuthDetector CloudantDetector DiscordBotTokenDetector
GitHubTokenDetector GitLabTokenDetector IbmCloudIamDetector IbmCosHmacDetector JwtTokenDetector MailchimpDetector
NpmDetector OpenAIDetector PrivateKeyDetector PypiTokenDetector SendGridDetector SlackDetector SoftlayerDetector
SquareOAuthDetector StripeDetector TelegramBotTokenDetector TwilioKeyDetector
"""
_FILTERS = """
is_sequential_string is_potential_uuid is_likely_id_string is_templated_secret is_prefixed_with_dollar_sign
is_indirect_reference is_not_alphanumeric_string
"""
_LONGEST_PIECE = 1_000  # characters of a line at a time; the detectors' expressions are not made for more
_OVERLAP = 200  # so that no token falls between two pieces
_TELLING = 8  # some detectors report only the first letters of a token
# A token of Azure DevOps: 84 characters with this mark (learn.microsoft.com, "Use personal access tokens", 2024 format).
_AZURE_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])")
_PLACEHOLDER = re.compile(
    r"example|placeholder|change.?me|change.?it|dummy|fake|sample|your|my.?secret|redacted|replace|insert|todo|"
    r"x{4,}|\*{3,}|\.{3}|0{6,}|1234|<[^>]*>|\$\{|\{\{|%\(|#\{|test|secret|pass(?:word|wd)?$|none|null|undefined",
    re.IGNORECASE,
)


def secrets_in(lines: Sequence[Added], known: str = "", *, keywords: bool = True) -> Iterator[tuple[int, str]]:
    """Yield (line number, kind of secret) for what looks like a real secret; never the secret itself.

    `known` is text in which secrets may stand already (they were there before). `keywords`: look also for values beside
    words such as "password", which tests are full of.
    """
    if not lines:
        return
    with _detectors(keywords=keywords) as scan:
        for line in lines:
            for kind, value in _found(line.text, scan):
                old = line.text.strip() in known or (len(value) >= _TELLING and value in known)
                if not old and not _PLACEHOLDER.search(value):
                    yield line.number, kind


def _found(line: str, scan: Callable[[str], Iterable[Any]]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(line), _LONGEST_PIECE - _OVERLAP):
        piece = line[start : start + _LONGEST_PIECE]
        if redact(piece) != piece:
            yield "Google API key", ""
        if token := _AZURE_TOKEN.search(piece):
            yield "Azure DevOps token", token.group()
        for secret in scan(piece):
            yield secret.type, secret.secret_value or ""


@contextmanager
def _detectors(*, keywords: bool) -> Iterator[Callable[[str], Iterable[Any]]]:
    """Set detect-secrets up for a while. Imported here: it costs 0.25 s, and most commands never scan."""
    from detect_secrets.core.scan import scan_line  # noqa: PLC0415  # see above
    from detect_secrets.settings import transient_settings  # noqa: PLC0415  # see above

    names = [*_SHAPES.split(), *(["KeywordDetector"] if keywords else [])]
    config = {
        "plugins_used": [{"name": name} for name in names],
        # Not the filter for "pragma: allowlist secret": the author of the line would be the judge of it.
        "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in _FILTERS.split()],
    }
    with transient_settings(config):
        yield scan_line
