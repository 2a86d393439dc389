from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.errors import SettingsError
from redimento.sandbox.environment import build_environment
from redimento.settings.secret_names import looks_secret
from redimento.text.redaction import NO_SECRETS, Secrets
from tests.scaling import assert_linear_in, run

HERE = Path("/scratch")


def built(own: dict[str, str], *pass_env: str, secrets: Secrets = NO_SECRETS) -> dict[str, str]:
    return build_environment(
        own, home=HERE / "home", temporary=HERE / "tmp", tree=Path("/tree"), pass_env=pass_env, secrets=secrets
    )


PIPELINE = {
    "PATH": "/usr/bin",
    "HOME": "/home/agent",
    "JAVA_HOME": "/opt/java",
    "JAVA_HOME_17_X64": "/opt/java17",
    "https_proxy": "http://proxy:3128",
    "SYSTEM_ACCESSTOKEN": "t",
    "GEMINI_API_KEY": "k",
    "AZURE_DEVOPS_EXT_PAT": "p",
    "GIT_CONFIG_COUNT": "7",
    "GIT_CONFIG_KEY_0": "http.extraheader",
    "GIT_CONFIG_VALUE_0": "AUTHORIZATION: bearer x",
    "SSH_AUTH_SOCK": "/run/agent",
    "DOCKER_HOST": "unix:///var/run/docker.sock",
    "NPM_TOKEN": "n",
    "LD_PRELOAD": "/x.so",
    "BUILD_REPOSITORY_URI": "https://x",
    "PYTHONPATH": "/x",
    "MY_FLAG": "on",
}


def test_only_allowed_variables_are_passed_on() -> None:
    found = built(PIPELINE)
    taken = {name: value for name, value in found.items() if PIPELINE.get(name) == value}
    assert taken == {name: PIPELINE[name] for name in ("PATH", "JAVA_HOME", "JAVA_HOME_17_X64", "https_proxy")}
    assert not {"SYSTEM_ACCESSTOKEN", "GEMINI_API_KEY", "SSH_AUTH_SOCK", "DOCKER_HOST", "MY_FLAG"} & found.keys()


def test_home_and_git_settings_are_separate() -> None:
    found = built(PIPELINE)
    assert (found["HOME"], found["TMPDIR"], found["CI"]) == ("/scratch/home", "/scratch/tmp", "true")
    assert found["GIT_CONFIG_GLOBAL"] == found["GIT_CONFIG_SYSTEM"] == "/dev/null"
    assert (found["GIT_CONFIG_COUNT"], found["GIT_CONFIG_VALUE_0"]) == ("1", "/tree")
    assert found["GIT_TERMINAL_PROMPT"] == "0"


def test_the_settings_may_pass_an_ordinary_variable() -> None:
    assert built(PIPELINE, "MY_FLAG")["MY_FLAG"] == "on"


@pytest.mark.parametrize(
    "name",
    ["SYSTEM_ACCESSTOKEN", "GEMINI_API_KEY", "NPM_TOKEN", "DB_PASSWORD", "AZURE_DEVOPS_EXT_PAT", "GIT_CONFIG_COUNT",
     "GOOGLE_APPLICATION_CREDENTIALS", "SSH_AUTH_SOCK", "client_secret", "SonarAuthKey", "LD_PRELOAD"],
)  # fmt: skip
def test_a_name_that_looks_like_a_secret_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} looks like a secret"):
        built(PIPELINE, "MY_FLAG", name)


@pytest.mark.parametrize("name", ["PATH", "MY_FLAG", "NODE_ENV", "PATTERN", "COMPAT", "KEYBOARD", "DATABASE_URL"])
def test_ordinary_names_do_not_look_like_secrets(name: str) -> None:
    assert not looks_secret(name)


def test_the_value_of_a_secret_is_not_passed_under_another_name() -> None:
    own = {"MY_FLAG": "x-sesame-open-9-y", "LANG": "sesame-open-9", "PATH": "/bin"}
    found = built(own, "MY_FLAG", secrets=Secrets(("sesame-open-9",)))
    assert "MY_FLAG" not in found
    assert found["LANG"] == "C.UTF-8"


def test_a_proxy_url_with_a_password_is_not_passed_on() -> None:
    assert "http_proxy" not in built({"http_proxy": "http://me:pw@proxy:3128"})


@given(st.dictionaries(st.from_regex(r"[A-Za-z_]{1,12}", fullmatch=True), st.just("planted-value"), max_size=30))
def test_no_variable_that_looks_secret_ever_passes(own: dict[str, str]) -> None:
    assert not [name for name, value in built(own).items() if value == "planted-value" and looks_secret(name)]


@pytest.mark.parametrize("piece", ["a", "/", "//", "//a@", "sesame-open-", "https://me:pw"])
def test_a_long_value_takes_linear_time(piece: str) -> None:
    def build(size: int) -> Callable[[], object]:
        own = {"LANG": (piece * size)[:size]}
        return lambda: built(own, secrets=Secrets(("sesame-open-9",)))

    assert_linear_in(run, build, 500_000)


def test_many_variables_take_linear_time() -> None:
    def build(number: int) -> Callable[[], object]:
        own = {f"JAVA_HOME_{each}_X64": f"/opt/java{each}" for each in range(number)}
        return lambda: built(own, secrets=Secrets(("sesame-open-9",)))

    assert_linear_in(run, build, 5_000)
