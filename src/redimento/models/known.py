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
    return dict(yaml.safe_load(text))
