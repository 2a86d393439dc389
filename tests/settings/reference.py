"""Generate `docs/settings.md`, the reference of all settings, from the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from redimento.settings.schema import KINDS, reference, schema
from redimento.text import wording


def reference_page() -> str:
    """Return the content of `docs/settings.md`: a heading for each section and setting, named like its anchor."""
    return wording.render("docs/settings.md.j2", entries=[_entry(*each) for each in reference().items()])


def settings_example(anchor: str) -> dict[str, Any]:
    """Return a file that sets one setting and no more than it needs; {} for a section without a value of its own."""
    described = reference()[anchor]
    if "default" not in described and "properties" in described:
        return {}
    found, names = _example(described), anchor.split("-")
    while len(names) > 1:
        above = reference()["-".join(names[:-1])]
        entry = schema()["$defs"][above["items"]["$ref"].rpartition("/")[2]] if "items" in above else {}
        needed = {each: _example(entry["properties"][each]) for each in entry.get("required", ())}
        whole = {**needed, names[-1]: found}
        found, names = [whole] if entry else whole, names[:-1]
    return {names[0]: found}


def _example(described: Mapping[str, Any]) -> Any:
    if "examples" in described:
        return described["examples"][0]
    if "enum" in described:
        return next(each for each in described["enum"] if each != described["default"])
    return not described["default"]


def _entry(anchor: str, described: Mapping[str, Any]) -> dict[str, Any]:
    example = yaml.safe_dump(settings_example(anchor), default_flow_style=True, sort_keys=False, width=1000)
    return {
        "anchor": anchor,
        "description": described["description"],
        "values": _values(described),
        "default": json.dumps(described["default"], ensure_ascii=False) if "default" in described else "",
        "example": example.strip()[1:-1],
    }


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
