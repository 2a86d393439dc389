"""How a run reaches the model: which service, at which address, with a key or with the identity of the job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from redimento.errors import UsageError
from redimento.settings import ModelSettings, Sdk

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
GOOGLE = "https://generativelanguage.googleapis.com"
_TOKEN_SERVICE = "https://sts.googleapis.com"  # noqa: S105 - an address
_SERVICE_ACCOUNTS = "https://iamcredentials.googleapis.com"

# Azure Pipelines passes `$(NAME)` on unexpanded when there is no such variable.
_NOT_EXPANDED = re.compile(r"\$\([^)]*\)")
# No check of the prefix: AI Studio moved from `AIza` to `AQ.` in 2026, and the next one is unknown.
_KEY = re.compile(r"[A-Za-z0-9._~+/=:-]{1,512}")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PROVIDER = re.compile(
    r"(?:(?:https:)?//iam\.googleapis\.com/)?"
    r"(projects/\d{1,20}/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32})"
)
_ACCOUNT = re.compile(r"[a-z0-9-]{1,63}@[a-z0-9.-]{1,100}\.gserviceaccount\.com")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]{0,98}[a-z0-9]")
_LOCATION = re.compile(r"[a-z]+(?:-[a-z0-9]+)?")

CONNECTION = "REDIMENTO_SERVICE_CONNECTION"
PROVIDER = "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER"
ACCOUNT = "REDIMENTO_SERVICE_ACCOUNT"
TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105 - a name, which other tools for Google's cloud read as well
_SDKS: dict[str, Sdk] = {"google-genai": "google-genai", "google-generativeai": "google-generativeai"}
_SEE = "docs/keyless.md describes both ends."


@dataclass(frozen=True)
class Identity:
    """The job as Google knows it: a service connection vouches for it, and a workload identity provider believes that.

    `provider` is `projects/…/providers/…`; `account` is the service account to act as, "" for none. `token_url` exchanges
    tokens, `account_url` gives those of the service account. `token`: Google's own, of a step before that has signed in.
    """

    oidc_url: str = ""
    job_token: str = field(default="", repr=False)
    connection: str = ""
    provider: str = ""
    account: str = ""
    token_url: str = ""
    account_url: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Access:
    """One way to the model. With a key there is no identity; `project` and `location` belong to Vertex AI."""

    base_url: str
    key: str = field(default="", repr=False)
    identity: Identity | None = None
    project: str = ""
    location: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc


def find_access(settings: ModelSettings, environment: Mapping[str, str], *, committed: bool) -> Access:
    """Return the way to the model; raise UsageError unless there is exactly one: a key, or the job's identity.

    The environment comes before the settings. `committed`: the settings come from a commit, whose author must not choose
    who gets the key and the prompts.
    """
    key = find_key(environment)
    names = [name for name in (CONNECTION, PROVIDER) if _value(environment, name)]
    if key and names:
        raise UsageError(
            f"There are two ways to sign in to Gemini: a key, and the job's identity ({' and '.join(names)}).",
            "Keep one. The identity is safer, because there is no secret to steal: then remove the key from the step.",
        )
    if names or (not key and _value(environment, TOKEN)):
        return _vertex(settings, environment)
    if not key:
        raise UsageError(
            "There is no way to sign in to Gemini: neither a key (GEMINI_API_KEY or GOOGLE_API_KEY) nor the job's identity "
            f"({CONNECTION} and {PROVIDER}) is set.",
            "At a desk, create a key at https://aistudio.google.com/apikey and `export GEMINI_API_KEY=…`. In a pipeline use "
            "the identity, which needs no secret (docs/keyless.md), or store a key in a secret variable and map it on the "
            "step: `env: GEMINI_API_KEY: $(GEMINI_API_KEY)`. Secret variables do not reach a step otherwise.",
        )
    if settings.vertex.project:
        raise UsageError(
            "model.vertex is set, but the step has a key, and Vertex AI is reached with the job's identity only.",
            f"Set {CONNECTION} and {PROVIDER} instead of the key, or remove model.vertex. {_SEE}",
        )
    stated = _value(environment, "GOOGLE_GEMINI_BASE_URL")
    if committed and settings.base_url and not stated:
        raise _only_from_the_step("model.base_url", "GOOGLE_GEMINI_BASE_URL")
    source = "GOOGLE_GEMINI_BASE_URL" if stated else "model.base_url"
    return Access(_usable(source, stated or settings.base_url or GOOGLE), key=key)


def find_sdk(settings: ModelSettings, environment: Mapping[str, str], *, committed: bool) -> Sdk:
    """Return the library to use: REDIMENTO_SDK, else `model.sdk`; raise UsageError if a commit chooses another one.

    Replaying a recording sends nothing, so a commit may ask for that.
    """
    stated = _value(environment, "REDIMENTO_SDK")
    if stated in _SDKS:
        return settings.sdk if settings.sdk == "recorded" else _SDKS[stated]
    if stated:
        raise UsageError(
            f"REDIMENTO_SDK is {stated[:40]!r}, which is no library for Gemini.",
            "Set it to google-genai or google-generativeai, or remove it from the step.",
        )
    if committed and settings.sdk == "google-generativeai":
        raise _only_from_the_step("model.sdk", "REDIMENTO_SDK")
    return settings.sdk


def find_key(environment: Mapping[str, str]) -> str:
    """Return the key in GEMINI_API_KEY, else in GOOGLE_API_KEY, else ""; raise UsageError for what cannot be a key."""
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        key = _value(environment, name)
        if not key:
            continue
        if not _KEY.fullmatch(key):
            raise UsageError(
                f"{name} is not a Gemini key: it is far too long, or has spaces, line breaks, quotes or other "
                "characters that no key has.",
                "Copy the key alone from https://aistudio.google.com/apikey into the secret variable again.",
            )
        return key
    return ""


def _vertex(settings: ModelSettings, environment: Mapping[str, str]) -> Access:
    project = _value(environment, "GOOGLE_CLOUD_PROJECT") or settings.vertex.project
    location = _value(environment, "GOOGLE_CLOUD_LOCATION") or settings.vertex.location
    identity = find_identity(environment)
    if not _PROJECT.fullmatch(project) or not _LOCATION.fullmatch(location):
        raise UsageError(
            "The job's identity is for Vertex AI, but there is no usable project or location for it.",
            "Set model.vertex.project and model.vertex.location, or GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION, for "
            f"example to acme-ai and europe-west4. {_SEE}",
        )
    stated = _value(environment, "GOOGLE_VERTEX_BASE_URL")
    base_url = _usable("GOOGLE_VERTEX_BASE_URL", stated or _vertex_address(location))
    return Access(base_url, identity=identity, project=project, location=location)


def _vertex_address(location: str) -> str:
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in {"us", "eu"}:  # https://docs.cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def find_identity(environment: Mapping[str, str]) -> Identity:
    """Return the identity of the job. Raises UsageError."""
    if token := _value(environment, TOKEN):
        return Identity(token=token)
    connection, provider, account = (_value(environment, name) for name in (CONNECTION, PROVIDER, ACCOUNT))
    known = _PROVIDER.fullmatch(provider)
    wrong = [
        f"{name} is not {what}"
        for name, what, right in (
            (
                CONNECTION,
                "the id of a service connection (resourceId in the address of its page)",
                _GUID.fullmatch(connection),
            ),
            (PROVIDER, "like projects/123/locations/global/workloadIdentityPools/POOL/providers/PROVIDER", known),
            (ACCOUNT, "the address of a service account", not account or _ACCOUNT.fullmatch(account)),
        )
        if not right
    ]
    if wrong or known is None:
        raise UsageError(f"The job's identity is not complete: {'; '.join(wrong)}.", f"Correct the step. {_SEE}")
    oidc_url, job_token = _value(environment, "SYSTEM_OIDCREQUESTURI"), _value(environment, "SYSTEM_ACCESSTOKEN")
    if not oidc_url or not job_token:
        raise UsageError(
            "The job's identity needs SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN, which only a job of Azure Pipelines has.",
            "Map the token on the step: `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`. For a local run use a key.",
        )
    stand_in = _value(environment, "REDIMENTO_TOKEN_URL")
    origin = _usable("REDIMENTO_TOKEN_URL", stand_in) if stand_in else ""
    impersonated = f"/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    return Identity(
        oidc_url=_usable("SYSTEM_OIDCREQUESTURI", oidc_url),
        job_token=job_token,
        connection=connection.lower(),
        provider=known[1],
        account=account,
        token_url=f"{origin or _TOKEN_SERVICE}/v1/token",
        account_url=f"{origin or _SERVICE_ACCOUNTS}{impersonated}" if account else "",
    )


def _usable(source: str, address: str) -> str:
    """Return an address; raise UsageError for an invalid one, and for http to another machine: that is unencrypted."""
    address = address.rstrip("/")
    try:
        parts = urlsplit(address)
        schemes = {"http", "https"} if parts.hostname in _LOOPBACK else {"https"}
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        bare = not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        usable = bare = False
    if not (usable and bare and address.isascii() and address.isprintable() and " " not in address):
        raise UsageError(
            f"{source} is not a usable address for the model.",
            f"Write it like {GOOGLE}: https (http only for this machine), a host, no user name, no `?` and no `#`.",
        )
    return address


def _only_from_the_step(setting: str, variable: str) -> UsageError:
    return UsageError(
        f"{setting} comes from a commit, and a pipeline does not let a commit choose who gets its key and its prompts.",
        f"Set {variable} on the step, or remove {setting} from .redimento.yml.",
    )


def _value(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    return "" if _NOT_EXPANDED.fullmatch(value) else value
