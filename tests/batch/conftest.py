"""An organisation with many work items, and the command line in the environment of its job."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Command, Said, redimento
from tests.run.conftest import Site, organise

__all__ = ["organise", "redimento"]  # fixtures


def story(number: int, **fields: str) -> dict[str, Any]:
    values = {
        "System.Title": f"Item {number}",
        "System.State": "Active",
        "System.Description": "<p>calc.add subtracts. It should add.</p>",
        "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>add(1, 1) is 2</li></ul>",
    }
    given = {f"System.{name}": value for name, value in fields.items()}
    return {"id": number, "type": given.pop("System.Type", "User Story"), "fields": {**values, **given}}


@pytest.fixture
def job(organise: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Site]:
    """Create a site with these work items, in whose job the command line runs."""

    def make(*items: dict[str, Any], **seed: Any) -> Site:
        site: Site = organise({"work_items": list(items), **seed})
        for name, value in site.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(site.checkout)
        return site

    return make


@pytest.fixture
def plan(redimento: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run `redimento plan`, which takes the token out of its environment, as often as needed."""
    token = ""

    def call(*arguments: Any) -> Said:
        nonlocal token
        token = os.environ.get("SYSTEM_ACCESSTOKEN", token)
        monkeypatch.setenv("SYSTEM_ACCESSTOKEN", token)
        return redimento("plan", *arguments)

    return call
