"""What every test starts with: no identity, no tokens, no way out of this machine."""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests

from redimento.azure.client import Authorization
from tests.specifications import SPECS, Sent, problem_of_request

_OURS = ("SYSTEM_", "BUILD_", "AGENT_", "REDIMENTO_", "GEMINI_", "GOOGLE_", "TF_BUILD", "GIT_")


def pytest_collection_finish() -> None:
    """Take what the collection made from the garbage collector, which went through thousands of tests again and again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trace no test that calls the same code hundreds of times: it takes twice the time, and covers nothing more."""
    for item in items:
        growing = item.path.stem in {"test_scaling", "test_growth"}
        if growing or getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("no_cover")


class ThisTestWantedToLeaveTheMachineError(AssertionError):
    """A test may reach loopback and nothing else."""


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    # `python3` of a version manager is a script, which takes longer to start than the checks of our samples to run.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).resolve().parent}{os.pathsep}{os.environ['PATH']}")
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    # A numbered folder of pytest goes through all those before it.
    home = Path(tempfile.mkdtemp(prefix="home-", dir=tmp_path_factory.getbasetemp()))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(host):
            raise ThisTestWantedToLeaveTheMachineError(f"connection to {host}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


def _is_loopback(host: object) -> bool:
    return isinstance(host, str) and (host.startswith("127.") or host in {"::1", "localhost"})


@pytest.fixture(autouse=True)
def _requests_are_described(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare each request of the program in this process with Microsoft's descriptions, where they are beside us."""
    if not SPECS.is_dir() or request.node.get_closest_marker("undescribed"):
        yield
        return
    problems: list[str] = []
    real = requests.Session.send

    def send(self: requests.Session, prepared: requests.PreparedRequest, **options: Any) -> requests.Response:
        # Of the program alone: tests and Microsoft's clients send what they like.
        if isinstance(self.auth, Authorization) and (problem := problem_of_request(_as_sent(prepared))):
            problems.append(problem)
        return real(self, prepared, **options)

    monkeypatch.setattr(requests.Session, "send", send)
    yield
    assert problems == []


def _as_sent(prepared: requests.PreparedRequest) -> Sent:
    content = prepared.body or b""
    return Sent(
        method=prepared.method or "",
        address=prepared.path_url,
        accept=prepared.headers.get("Accept", ""),
        content_type=prepared.headers.get("Content-Type", ""),
        body=content if isinstance(content, bytes) else b"",
    )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The evaluation data beside the repository; tests that need it skip where it is absent."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the evaluation data in ../shared, which is not here")
    return folder


# No deadline for an example: how fast a machine is belongs to the benchmarks. The same examples every time: a failure
# in CI is a failure on a desk; benchmarks/fuzz looks further.
hypothesis.settings.register_profile("redimento", deadline=None, derandomize=True)
hypothesis.settings.load_profile("redimento")
