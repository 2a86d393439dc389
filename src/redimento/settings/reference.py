"""Generate `docs/settings.md`, the reference of all settings, from the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from redimento.settings.schema import KINDS, schema
from redimento.text import wording


def reference_page() -> str:
    """Return the content of `docs/settings.md`."""
    described = schema()
    sections = [(name, section, _rows(section)) for name, section in described["properties"].items()]
    check = described["$defs"]["check"]
    return wording.render("docs/settings.md.j2", sections=sections, check_rows=_rows(check))


def _rows(section: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for name, key in section["properties"].items():
        default = json.dumps(key["default"], ensure_ascii=False) if "default" in key else ""
        rows.append({"name": name, "values": _values(key), "default": default, "description": key["description"]})
    return rows


def _values(key: Mapping[str, Any]) -> str:
    """Describe the values that a key accepts."""
    if "enum" in key:
        return " · ".join(f"`{each}`" for each in key["enum"])
    if "$ref" in key:
        return "text or list"
    kind = key["type"] if isinstance(key["type"], str) else key["type"][0]
    if kind in {"integer", "number"}:
        least = f"{key['minimum']}" if "minimum" in key else f"more than {key['exclusiveMinimum']}"
        return f"{KINDS[kind]}, {least} to {key['maximum']}"
    return KINDS[kind]
