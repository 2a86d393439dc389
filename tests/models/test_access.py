"""One way to the model: a key or the job's identity, at an address that no commit chooses."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from redimento.errors import UsageError
from redimento.models.access import GOOGLE, Access, find_access, find_key, find_sdk
from redimento.settings import ModelSettings, VertexSettings

KEY = {"GEMINI_API_KEY": "AQ.one"}
CONNECTION = "11111111-2222-3333-4444-555555555555"
PROVIDER = "projects/123/locations/global/workloadIdentityPools/azure-devops/providers/acme"
JOB = {
    "REDIMENTO_SERVICE_CONNECTION": CONNECTION,
    "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER": PROVIDER,
    "SYSTEM_OIDCREQUESTURI": "https://dev.azure.com/acme/1/_apis/oidctoken",
    "SYSTEM_ACCESSTOKEN": "the-token-of-the-job",
}
ON_VERTEX = ModelSettings(vertex=VertexSettings("acme-ai", "europe-west4"))


def found(settings: ModelSettings, environment: dict[str, str], *, committed: bool = False) -> Access:
    return find_access(settings, environment, committed=committed)


def refused(settings: ModelSettings, environment: dict[str, str], *, committed: bool = False) -> UsageError:
    with pytest.raises(UsageError) as caught:
        found(settings, environment, committed=committed)
    text = "".join(traceback.format_exception(caught.value))
    assert "the-token-of-the-job" not in text
    assert "AQ.one" not in text
    return caught.value


# The key


def test_key_of_gemini_comes_before_that_of_google() -> None:
    assert find_key({"GEMINI_API_KEY": "AQ.one", "GOOGLE_API_KEY": "AIzatwo"}) == "AQ.one"
    assert find_key({"GOOGLE_API_KEY": "AIzatwo"}) == "AIzatwo"


@pytest.mark.parametrize("unset", ["", "  ", "$(GEMINI_API_KEY)", " $(key) \n"])
def test_variable_that_was_not_expanded_counts_as_unset(unset: str) -> None:
    assert find_key({"GEMINI_API_KEY": unset, "GOOGLE_API_KEY": "AIzatwo"}) == "AIzatwo"
    assert find_key({"GEMINI_API_KEY": unset}) == ""


def test_white_space_around_a_key_is_dropped() -> None:
    assert find_key({"GEMINI_API_KEY": " AQ.one\r\n"}) == "AQ.one"


@pytest.mark.parametrize(
    "value", ["AQ.one\nAQ.two", "my secret phrase", '"AQ.one-secret"', "schlüssel-secret", "secret\x00", "s" * 513]
)
def test_invalid_key_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_key({"GEMINI_API_KEY": value})
    assert "GEMINI_API_KEY" in caught.value.sentence
    assert value not in "".join(traceback.format_exception(caught.value))


# One way to sign in


def test_neither_key_nor_identity_names_both_ways() -> None:
    error = refused(ModelSettings(), {"GEMINI_API_KEY": "$(GEMINI_API_KEY)"})
    assert "neither a key" in error.sentence
    assert "REDIMENTO_SERVICE_CONNECTION" in error.sentence
    assert "GEMINI_API_KEY: $(GEMINI_API_KEY)" in error.remedy


@pytest.mark.parametrize("name", ["REDIMENTO_SERVICE_CONNECTION", "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER"])
def test_key_and_identity_at_once_are_refused(name: str) -> None:
    assert "two ways to sign in" in refused(ON_VERTEX, {**KEY, name: JOB[name]}).sentence
    assert "two ways to sign in" in refused(ON_VERTEX, {**JOB, "GOOGLE_API_KEY": "AIzatwo"}).sentence


def test_key_does_not_reach_vertex_ai() -> None:
    assert "model.vertex is set, but the step has a key" in refused(ON_VERTEX, KEY).sentence


def test_identity_leads_to_vertex_ai_at_the_location() -> None:
    way = found(ON_VERTEX, JOB)
    assert (way.base_url, way.project, way.location) == (
        "https://europe-west4-aiplatform.googleapis.com",
        "acme-ai",
        "europe-west4",
    )
    assert way.identity is not None
    assert (way.identity.connection, way.identity.provider) == (CONNECTION, PROVIDER)
    assert way.identity.token_url == "https://sts.googleapis.com/v1/token"
    assert way.identity.account_url == ""
    assert "the-token-of-the-job" not in repr(way)


@pytest.mark.parametrize(
    ("location", "host"),
    [("global", "aiplatform.googleapis.com"), ("eu", "aiplatform.eu.rep.googleapis.com"), ("us-central1", "us-central1-aiplatform.googleapis.com")],
)  # fmt: skip
def test_each_kind_of_location_has_its_host(location: str, host: str) -> None:
    assert found(ModelSettings(vertex=VertexSettings("acme-ai", location)), JOB).host == host


def test_project_and_location_of_the_step_come_before_those_of_the_settings() -> None:
    way = found(ON_VERTEX, {**JOB, "GOOGLE_CLOUD_PROJECT": "other-ai", "GOOGLE_CLOUD_LOCATION": "global"})
    assert (way.project, way.host) == ("other-ai", "aiplatform.googleapis.com")


def test_service_account_may_lend_its_token() -> None:
    account = "redimento@acme-ai.iam.gserviceaccount.com"
    identity = found(ON_VERTEX, {**JOB, "REDIMENTO_SERVICE_ACCOUNT": account}).identity
    assert identity is not None
    assert identity.account_url == (
        f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    )


@pytest.mark.parametrize("prefix", ["//iam.googleapis.com/", "https://iam.googleapis.com/"])
def test_provider_may_be_written_in_any_of_its_forms(prefix: str) -> None:
    identity = found(ON_VERTEX, {**JOB, "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER": prefix + PROVIDER}).identity
    assert identity is not None
    assert identity.provider == PROVIDER


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"REDIMENTO_SERVICE_CONNECTION": ""}, "REDIMENTO_SERVICE_CONNECTION"),
        ({"REDIMENTO_SERVICE_CONNECTION": "gemini"}, "REDIMENTO_SERVICE_CONNECTION"),
        ({"REDIMENTO_WORKLOAD_IDENTITY_PROVIDER": "$(Provider)"}, "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER"),
        (
            {"REDIMENTO_WORKLOAD_IDENTITY_PROVIDER": f"//evil.example/{PROVIDER}"},
            "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER",
        ),
        ({"REDIMENTO_SERVICE_ACCOUNT": "x@evil.example/v1?"}, "REDIMENTO_SERVICE_ACCOUNT"),
        ({"SYSTEM_OIDCREQUESTURI": ""}, "SYSTEM_OIDCREQUESTURI"),
        ({"SYSTEM_ACCESSTOKEN": "$(System.AccessToken)"}, "SYSTEM_ACCESSTOKEN"),
        ({"SYSTEM_OIDCREQUESTURI": "http://dev.azure.com/acme"}, "SYSTEM_OIDCREQUESTURI"),
        ({"REDIMENTO_TOKEN_URL": "http://sts.example.com"}, "REDIMENTO_TOKEN_URL"),
        ({"GOOGLE_VERTEX_BASE_URL": "http://vertex.example.com"}, "GOOGLE_VERTEX_BASE_URL"),
        ({"GOOGLE_CLOUD_LOCATION": "evil.example/#"}, "location"),
        ({"GOOGLE_CLOUD_PROJECT": "a/../b"}, "project"),
    ],
)
def test_incomplete_identity_names_what_is_wrong(changes: dict[str, str], named: str) -> None:
    assert named in refused(ON_VERTEX, {**JOB, **changes}).sentence


def test_identity_without_a_project_says_where_to_set_one() -> None:
    assert "model.vertex.project" in refused(ModelSettings(), JOB).remedy


# The address


def test_address_of_the_environment_comes_first_then_the_settings_then_google() -> None:
    gateway = ModelSettings(base_url="https://gateway.example/gemini/")
    environment = {**KEY, "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:8089/"}
    assert found(gateway, environment).base_url == "http://127.0.0.1:8089"
    assert found(gateway, KEY).base_url == "https://gateway.example/gemini"
    assert found(ModelSettings(), {**KEY, "GOOGLE_GEMINI_BASE_URL": "$(Address)"}).base_url == GOOGLE
    assert found(ModelSettings(), KEY).base_url == GOOGLE


def test_commit_does_not_choose_who_gets_the_key() -> None:
    theirs = ModelSettings(base_url="https://evil.example")
    error = refused(theirs, KEY, committed=True)
    assert "model.base_url comes from a commit" in error.sentence
    assert "GOOGLE_GEMINI_BASE_URL" in error.remedy
    ours = {**KEY, "GOOGLE_GEMINI_BASE_URL": "https://gateway.example"}
    assert found(theirs, ours, committed=True).host == "gateway.example"


@pytest.mark.parametrize(
    "address",
    [
        "gateway.example", "ftp://gateway.example", "https://", "https://user:secret@gateway.example", "https://g/?key=1",
        "https://g/#a", "https://g:99999", "https://[", "https://g h", "https://g\n.example", "file:///etc/passwd",
        "http://gateway.example.com",
    ],
)  # fmt: skip
def test_invalid_address_is_refused(address: str) -> None:
    assert "model.base_url is not a usable address" in refused(ModelSettings(base_url=address), KEY).sentence
    stated = {**KEY, "GOOGLE_GEMINI_BASE_URL": address}
    assert "GOOGLE_GEMINI_BASE_URL is not a usable address" in refused(ModelSettings(), stated).sentence


# The library


@pytest.mark.parametrize(
    ("written", "stated", "used"),
    [
        ("google-genai", "", "google-genai"),
        ("google-generativeai", "google-genai", "google-genai"),
        ("google-genai", "google-generativeai", "google-generativeai"),
        ("recorded", "", "recorded"),
        ("recorded", "google-genai", "recorded"),
    ],
)
def test_library_of_the_step_comes_before_that_of_a_commit(written: Any, stated: str, used: str) -> None:
    assert find_sdk(ModelSettings(sdk=written), {"REDIMENTO_SDK": stated}, committed=True) == used


def test_commit_does_not_choose_the_library_that_stores_prompts() -> None:
    legacy = ModelSettings(sdk="google-generativeai", allow_prompt_storage=True)
    assert find_sdk(legacy, {}, committed=False) == "google-generativeai"
    with pytest.raises(UsageError, match=r"model\.sdk comes from a commit"):
        find_sdk(legacy, {}, committed=True)


def test_unknown_library_is_refused() -> None:
    with pytest.raises(UsageError, match="no library for Gemini"):
        find_sdk(ModelSettings(), {"REDIMENTO_SDK": "curl"}, committed=False)
