"""A run without a key: every hop from the job's token to the model, over real HTTP, and every way a hop can fail."""

from __future__ import annotations

import gc
import gzip
import json
import re
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from devops_emulator.server import Emulator, running
from redimento.cli import main
from redimento.demo.google import Google
from redimento.demo.google import serving as serving_google
from redimento.errors import UsageError
from redimento.models import google_genai, google_generativeai
from redimento.models.access import Access, find_access
from redimento.models.bounded import BoundedClient
from redimento.models.keyless import SignIn
from redimento.models.port import Message, Model, ModelError, ModelRequest, Usage
from redimento.models.retrying import with_retries
from redimento.settings import ModelSettings
from tests.azure import hostile

CONNECTION = "11111111-2222-3333-4444-555555555555"
CLOSED = "99999999-2222-3333-4444-555555555555"
ACCOUNT = "redimento@acme-ai.iam.gserviceaccount.com"
REQUEST = ModelRequest("author", "You change code.", (Message("user", "Change it."),), 1000, "medium", 60.0)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder: Path = tmp_path_factory.mktemp("organisation")
    connections = [{"name": "gemini", "id": CONNECTION}, {"name": "closed", "id": CLOSED, "authorized": False}]
    seed = {"project": "Shop", "repositories": [{"name": "web"}], "service_connections": connections}
    with running(folder / "organisation", seed=seed) as started:
        yield started


@dataclass
class Site:
    """Both ends of the sign-in, and the environment of a step between them."""

    emulator: Emulator
    google: Google

    def access(self, **changes: str) -> Access:
        environment = {
            **self.emulator.environment["web"],
            **self.google.environment,
            "REDIMENTO_SERVICE_CONNECTION": CONNECTION,
            **changes,
        }
        return find_access(ModelSettings(), environment, committed=True)

    def model(self, issued: list[str] | None = None, /, **changes: str) -> Model:
        return google_genai.open_model(ModelSettings(), self.access(**changes), issued=issued)

    def failure(self, **changes: str) -> ModelError:
        """Return how a call fails, after checking that no token is shown."""
        with pytest.raises(ModelError) as caught:
            self.model(**changes).answer(REQUEST)
        text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        for secret in (self.emulator.token, *self.google.tokens, "eyJ"):
            assert secret not in text
        assert caught.value.exit_code == 4
        assert caught.value.remedy
        return caught.value


@pytest.fixture
def site(emulator: Emulator) -> Iterator[Site]:
    headers = {"Authorization": f"Bearer {emulator.token}"}
    issued = requests.get(f"{emulator.url}_apis/oidc/keys?api-version=7.1", headers=headers, timeout=100).json()
    google = Google(issued["issuer"], issued["keys"], "sc://emulated/Shop/gemini", lambda _request: "hello")
    with serving_google(google):
        yield Site(emulator, google)
    # The SDK has no end for its connections: what collects them later would warn in another test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


MODEL = "/v1/projects/emulated-project/locations/global/publishers/google/models/gemini-3.8-flash:generateContent"


# The way there


def test_job_reaches_the_model_without_a_key(site: Site) -> None:
    reply = site.model().answer(REQUEST)
    assert reply.text == "hello"
    assert reply.usage.prompt > 0
    assert site.google.log == ["/v1/token", MODEL]


def test_a_step_of_its_own_signs_in_for_one_that_has_no_token_of_the_job(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"REDIMENTO_SERVICE_CONNECTION": CONNECTION, **site.emulator.environment["web"], **site.google.environment}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as left:
        main(["sign-in"])
    said = capsys.readouterr().out
    found = re.fullmatch(r"##vso\[task\.setvariable variable=GOOGLE_OAUTH_ACCESS_TOKEN;isSecret=true;\](\S+)\n", said)
    assert left.value.code == 0
    assert found
    assert found[1] in site.google.tokens
    lent = {"GOOGLE_OAUTH_ACCESS_TOKEN": found[1], "REDIMENTO_SERVICE_CONNECTION": "", "SYSTEM_ACCESSTOKEN": ""}
    assert site.model(**lent).answer(REQUEST).text == "hello"
    assert site.google.log == ["/v1/token", MODEL]


def test_service_account_lends_its_token(site: Site) -> None:
    site.google.account = ACCOUNT
    assert site.model().answer(REQUEST).text == "hello"
    assert site.google.log == ["/v1/token", f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken", MODEL]


def test_one_token_is_used_until_it_expires(site: Site) -> None:
    model = site.model()
    for _ in range(3):
        model.answer(REQUEST)
    assert site.google.log.count("/v1/token") == 1


def test_expired_token_is_fetched_anew_during_the_run(site: Site) -> None:
    site.google.seconds = 60  # google-auth renews a token almost four minutes before it expires
    model = site.model()
    model.answer(REQUEST)
    model.answer(REQUEST)
    assert site.google.log == ["/v1/token", MODEL, "/v1/token", MODEL]
    assert len(site.google.tokens) == 2


def test_prompt_is_sent_as_with_a_key_but_for_the_switch_that_vertex_ai_lacks(site: Site) -> None:
    sent: list[Any] = []

    def answer(request: Any) -> str:
        sent.append(request)
        return "hello"

    site.google.answer = answer
    site.model().answer(REQUEST)
    assert sent[0]["contents"][0]["parts"][0]["text"] == "Change it."
    assert "You change code." in json.dumps(sent[0]["systemInstruction"])
    assert sent[0]["generationConfig"]["maxOutputTokens"] == 1000
    assert "store" not in sent[0]


def test_environment_changes_neither_way_nor_project(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "false")
    monkeypatch.setenv("GOOGLE_API_KEY", "another-key")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another-project")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent.json")
    assert site.model().answer(REQUEST).text == "hello"


def test_every_token_is_told_as_a_secret_of_the_run(site: Site) -> None:
    issued: list[str] = []
    site.model(issued).answer(REQUEST)
    assert set(site.google.tokens) < set(issued)
    assert [token for token in issued if token.startswith("eyJ")]


def test_previous_sdk_cannot_sign_in_without_a_key(site: Site) -> None:
    accepting = ModelSettings(sdk="google-generativeai", allow_prompt_storage=True)
    with pytest.raises(UsageError, match="cannot sign in with the job's identity"):
        google_generativeai.open_model(accepting, site.access())


# Refusals, hop by hop


def test_connection_that_does_not_allow_the_pipeline_is_named(site: Site) -> None:
    error = site.failure(REDIMENTO_SERVICE_CONNECTION=CLOSED)
    assert error.sentence.startswith(f"Azure DevOps refused an OIDC token for the service connection {CLOSED} (403).")
    assert "Pipeline permissions" in error.remedy
    assert (error.kind, error.retryable, error.usage) == ("key_refused", False, Usage())


def test_token_of_another_job_is_refused_by_azure(site: Site) -> None:
    error = site.failure(SYSTEM_ACCESSTOKEN="an-old-token-of-another-job")
    assert "Azure DevOps refused" in error.sentence
    assert "(401)" in error.sentence
    assert "SYSTEM_ACCESSTOKEN" in error.remedy


def test_subject_that_google_does_not_trust_is_refused_by_the_token_service(site: Site) -> None:
    site.google.subject = "sc://emulated/Shop/another"
    error = site.failure()
    assert "Google's token service refused a token for the one from Azure DevOps (403)" in error.sentence
    assert "attribute condition" in error.sentence
    assert "docs/keyless.md" in error.remedy


def test_token_that_another_organisation_signed_is_refused_by_the_token_service(site: Site) -> None:
    site.google.keys = [{**site.google.keys[0], "n": site.google.keys[0]["n"][::-1]}]
    assert "signature of the ID token cannot be verified" in site.failure().sentence


def test_identity_without_the_service_account_is_refused_by_google(site: Site) -> None:
    error = site.failure(REDIMENTO_SERVICE_ACCOUNT=ACCOUNT)
    assert f"Google refused a token of the service account {ACCOUNT} (404)" in error.sentence
    assert "roles/iam.workloadIdentityUser" in error.remedy


def test_identity_without_the_role_is_refused_by_vertex_ai(site: Site) -> None:
    site.google.account = ACCOUNT
    error = site.failure(REDIMENTO_SERVICE_ACCOUNT="")
    assert (
        "Vertex AI did not let the job's identity use gemini-3.8-flash in the project emulated-project (403)"
        in error.sentence
    )
    assert "roles/aiplatform.user" in error.remedy


def test_model_that_vertex_ai_does_not_have_is_named(site: Site) -> None:
    model = google_genai.open_model(ModelSettings(), site.access(GOOGLE_CLOUD_LOCATION="europe-west4"))
    with pytest.raises(ModelError) as caught:
        model.answer(REQUEST)
    assert caught.value.kind == "unknown_model"
    assert "Model Garden" in caught.value.remedy


# Every hop may be cut off, be a page, or be nonsense

DEEP = b'{"a":' * 2_000 + b"1" + b"}" * 2_000
BOMB = gzip.compress(b"[" * (40 * 1024 * 1024))
FAULTS: list[tuple[hostile.Step, str]] = [
    (hostile.reset(), "connection"),
    (hostile.nothing(), "connection"),
    (hostile.truncated(), "connection"),
    (hostile.html(200), "bad_body"),
    (hostile.html(203), "key_refused"),
    (hostile.answer(302, Location="https://evil.example/"), "key_refused"),
    (hostile.answer(200, DEEP), "bad_body"),
    (hostile.answer(200, BOMB, Content_Encoding="gzip"), "bad_body"),
    (hostile.answer(200, b"x" * (33 * 1024 * 1024)), "bad_body"),
    (hostile.json_answer([]), "bad_body"),
    (hostile.json_answer(None), "bad_body"),
    (hostile.json_answer({"oidcToken": 7, "access_token": 7, "accessToken": 7}), "bad_body"),
    (hostile.json_answer({"oidcToken": "a b\nc d e f g", "access_token": "", "accessToken": ""}), "bad_body"),
    (hostile.json_answer({"access_token": "ya29.a-token", "expires_in": "soon"}), "bad_body"),
    (hostile.json_answer({"error": {"message": "x" * 100_000}}, 500), "unavailable"),
    (hostile.answer(503), "unavailable"),
    (hostile.answer(429, Retry_After="-1"), "unavailable"),
]  # fmt: skip
FAULT_IDS = [f"{number}-{kind}" for number, (_, kind) in enumerate(FAULTS)]


@pytest.mark.parametrize(("step", "kind"), FAULTS, ids=FAULT_IDS)
def test_broken_answer_of_azure_is_one_sentence(site: Site, step: hostile.Step, kind: str) -> None:
    with hostile.serving([step]) as server:
        error = site.failure(SYSTEM_OIDCREQUESTURI=server.url)
    assert error.kind == kind
    assert "Azure DevOps" in error.sentence
    assert "service connection" in error.sentence
    assert error.usage == Usage()
    assert site.google.log == []


@pytest.mark.parametrize(("step", "kind"), FAULTS, ids=FAULT_IDS)
def test_broken_answer_of_the_token_service_is_one_sentence(site: Site, step: hostile.Step, kind: str) -> None:
    with hostile.serving([step]) as server:
        error = site.failure(REDIMENTO_TOKEN_URL=server.url)
    assert error.kind == kind
    assert "Google's token service" in error.sentence
    assert len(error.sentence) < 800
    assert site.google.log == []


@pytest.mark.parametrize(
    "expires_in", [10**400, -(10**9), 0, None, "x", True, [], 1e999], ids=lambda value: str(value)[:9]
)
def test_life_of_a_token_may_be_nonsense(site: Site, expires_in: Any) -> None:
    token = hostile.json_answer({"access_token": "ya29.a-token", "expires_in": expires_in})
    with hostile.serving([token]) as server:
        error = site.failure(REDIMENTO_TOKEN_URL=server.url)
    assert error.kind in {"bad_body", "key_refused"}  # refused, or used once and not accepted by Vertex AI


@pytest.mark.parametrize("until", ["", "tomorrow", 7, None, "2026-13-45T00:00:00Z"])
def test_life_of_a_service_accounts_token_may_be_nonsense(site: Site, until: Any) -> None:
    both = {"access_token": "ya29.a-token", "expires_in": 3600, "accessToken": "ya29.another", "expireTime": until}
    with hostile.serving([hostile.json_answer(both)]) as server:
        error = site.failure(REDIMENTO_TOKEN_URL=server.url, REDIMENTO_SERVICE_ACCOUNT=ACCOUNT)
    assert error.kind == "bad_body"
    assert f"the service account {ACCOUNT}" in error.sentence


def test_silent_hop_is_given_up_and_named(site: Site) -> None:
    with hostile.serving([hostile.silence()]) as server:
        identity = site.access(SYSTEM_OIDCREQUESTURI=server.url).identity
        assert identity is not None
        with pytest.raises(ModelError) as caught:
            SignIn(identity, BoundedClient(), seconds=0.2).credentials().refresh(None)  # type: ignore[no-untyped-call]
    assert (caught.value.kind, caught.value.retryable) == ("connection", True)
    assert "Azure DevOps" in caught.value.sentence


def test_dripping_hop_is_given_up_and_named(site: Site) -> None:
    drip = hostile.dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" ")
    with hostile.serving([drip]) as server:
        identity = site.access(REDIMENTO_TOKEN_URL=server.url).identity
        assert identity is not None
        with pytest.raises(ModelError, match="Google's token service"):
            SignIn(identity, BoundedClient(), seconds=0.3).credentials().refresh(None)  # type: ignore[no-untyped-call]


def test_transient_hop_is_tried_again(site: Site) -> None:
    with hostile.serving([hostile.answer(503), hostile.json_answer({"oidcToken": "not-a-token-of-azure"})]) as server:
        model = with_retries(site.model(SYSTEM_OIDCREQUESTURI=server.url), deadline_seconds=60, sleep=_at_once)
        with pytest.raises(ModelError, match="signature of the ID token"):
            model.answer(REQUEST)
        assert len(server.seen) == 2


def test_request_for_a_token_is_what_azure_documents(site: Site) -> None:
    with hostile.serving([hostile.answer(400)]) as server:
        site.failure(SYSTEM_OIDCREQUESTURI=server.url)
        seen = server.seen[0]
    assert seen.method == "POST"
    assert seen.target.endswith(f"?api-version=7.1&serviceConnectionId={CONNECTION}")
    assert seen.headers["x-tfs-fedauthredirect"] == "Suppress"
    assert seen.headers["authorization"] == f"Bearer {site.emulator.token}"
    assert seen.json == {}


def _at_once(_seconds: float) -> None:
    """Wait for nothing: the pauses have tests of their own."""


# Each hop on its own


def test_hops_are_walked_one_by_one(site: Site) -> None:
    identity = site.access().identity
    assert identity is not None
    sign_in = SignIn(identity, BoundedClient())
    sign_in.walk()
    assert len(sign_in.seen) == len(sign_in.hops) == 2


def test_hop_that_fails_is_the_first_without_a_token(site: Site) -> None:
    site.google.subject = "sc://emulated/Shop/other"
    identity = site.access().identity
    assert identity is not None
    sign_in = SignIn(identity, BoundedClient())
    with pytest.raises(ModelError, match="Google's token service"):
        sign_in.walk()
    assert sign_in.hops[len(sign_in.seen)].who == "Google's token service"
