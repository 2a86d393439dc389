"""Find secrets in added lines with detect-secrets, offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redimento.change.guards.line_diff import Added
from redimento.text.foreign import redact

# Detectors of tokens with a distinctive form. The entropy detectors are left out: they report hashes, UUIDs and test data,
# and refusing those would stop an honest change.
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
_LONGEST_PIECE = 1_000  # characters of a line at a time; the detectors' expressions are not built for more
_OVERLAP = 200  # so that no token is cut in two
_MIN_KNOWN = 8  # characters; some detectors report only the first letters of a token
# An Azure DevOps token: 84 characters with this signature (learn.microsoft.com, "Use personal access tokens", 2024 format).
_AZURE_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])")
_PLACEHOLDER = re.compile(
    r"example|placeholder|change.?me|change.?it|dummy|fake|sample|your|my.?secret|redacted|replace|insert|todo|"
    r"x{4,}|\*{3,}|\.{3}|0{6,}|1234|<[^>]*>|\$\{|\{\{|%\(|#\{|test|secret|pass(?:word|wd)?$|none|null|undefined",
    re.IGNORECASE,
)


def secrets_in(lines: Sequence[Added], known: str = "", *, keywords: bool = True) -> Iterator[tuple[int, str]]:
    """Yield (line number, kind of secret) for what looks like a real secret, never the secret itself.

    A secret that is already in `known` is not reported. `keywords`: also look for values next to words such as
    "password", which are common in tests.
    """
    if not lines:
        return
    with _detectors(keywords=keywords) as scan:
        for line in lines:
            for kind, value in _found(line.text, scan):
                old = line.text.strip() in known or (len(value) >= _MIN_KNOWN and value in known)
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
    """Configure detect-secrets for the duration of the block. The import takes 0.25 s, and most commands never scan."""
    from detect_secrets.core.scan import scan_line  # noqa: PLC0415  # see above
    from detect_secrets.settings import transient_settings  # noqa: PLC0415  # see above

    names = [*_SHAPES.split(), *(["KeywordDetector"] if keywords else [])]
    config = {
        "plugins_used": [{"name": name} for name in names],
        # Without the filter for "pragma: allowlist secret", which would let the model allow its own line.
        "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in _FILTERS.split()],
    }
    with transient_settings(config):
        yield scan_line
