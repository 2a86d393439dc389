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
    entries, keys = described["$defs"], described["properties"]
    sections = [
        (name, section, _rows(entries["rule"] if section["type"] == "array" else section))
        for name, section in keys.items()
        if "enum" not in section
    ]
    single = _rows({"properties": {name: key for name, key in keys.items() if "enum" in key}})
    check_rows = _rows(entries["check"])
    return wording.render("docs/settings.md.j2", sections=sections, single_rows=single, check_rows=check_rows)


def _rows(section: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for name, value in section["properties"].items():
        key = {**schema()["$defs"].get(value.get("$ref", "").rpartition("/")[2], {}), **value}
        default = json.dumps(key["default"], ensure_ascii=False) if "default" in key else ""
        rows.append({"name": name, "values": _values(key), "default": default, "description": key["description"]})
    return rows


def _values(key: Mapping[str, Any]) -> str:
    """Describe the values that a key accepts."""
    if "enum" in key:
        return " · ".join(f"`{each}`" for each in key["enum"])
    if "anyOf" in key:
        return "text or list"
    kinds = [key["type"]] if isinstance(key["type"], str) else [kind for kind in key["type"] if kind != "null"]
    kind = kinds[0]
    if kind in {"integer", "number"}:
        least = f"{key['minimum']}" if "minimum" in key else f"more than {key['exclusiveMinimum']}"
        return f"{KINDS[kind]}, {least} to {key['maximum']}"
    return " or ".join(KINDS[each] for each in kinds)
