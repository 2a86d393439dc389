"""The models that this version knows, from `models.yml`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def known() -> dict[str, Any]:
    """Return `tiers` and `models`."""
    text = resources.files("redimento.models").joinpath("models.yml").read_text("utf-8")
    return dict(yaml.load(text, yaml.CSafeLoader))  # a tenth of the time


def facts(model: str) -> dict[str, Any]:
    """Return what is known of a model, nothing of an unknown one."""
    found: dict[str, Any] = known()["models"].get(model.removeprefix("models/"), {})
    return found
