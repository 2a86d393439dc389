"""The doctor from the outside: its process, in a job of an emulated organisation or at a desk."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.run.conftest import Site


@dataclass(frozen=True)
class Examined:
    """What `redimento doctor --json` found out."""

    code: int
    findings: list[dict[str, Any]]

    def of(self, severity: str) -> list[dict[str, Any]]:
        return [one for one in self.findings if one["severity"] == severity]

    def one(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.findings if one["name"] == name]
        return found

    def names(self, severity: str) -> list[str]:
        return [one["name"] for one in self.of(severity)]


def doctor(*arguments: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "redimento", "doctor", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


Examine = Callable[..., Examined]


@pytest.fixture
def examine() -> Examine:
    """Return a function that examines a site; `settings` are merged into a file beside the checkout."""

    def call(site: Site, *arguments: str, settings: dict[str, Any] | None = None, **variables: str) -> Examined:
        environment = {**site.environment, "TF_BUILD": "True", **variables}
        Path(environment["AGENT_TEMPDIRECTORY"]).mkdir(exist_ok=True)
        config = site.config([], settings)
        done = doctor("--json", "--config", str(config), *arguments, folder=site.checkout, environment=environment)
        assert site.emulator.token not in done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert (told["version"], told["exitCode"]) == (1, done.returncode)
        return Examined(done.returncode, told["findings"])

    return call
