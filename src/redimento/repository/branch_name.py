"""The branch name of a work item, which identifies everything that belongs to one change."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from redimento.errors import SettingsError
from redimento.settings.rules import NOT_IN_REFERENCE

_LONGEST_SLUG: Final = 50
_PLACEHOLDER: Final = re.compile(r"\{[a-z]+\}")


def branch_name(template: str, *, id: int, title: str, type: str) -> str:  # noqa: A002 - the names are the template's
    """Return `template` with `{id}`, `{slug}` and `{type}` filled in; an item without a number (0) is named by its title.

    The title may be any text: its slug has at most 50 characters from a-z, 0-9 and "-". Raises SettingsError when the
    template has another placeholder, lacks `{id}`, or produces a name that git does not accept.
    """
    if "{id}" not in template:
        raise SettingsError(
            f"The branch template {template!r} does not contain {{id}}.",
            "Add it to `pull_request.branch`: the number keeps the branches of two work items apart.",
        )
    template = template if id else _without_id(template)
    values = {"{id}": str(id), "{slug}": _slug(title) or "change", "{type}": _slug(type) or "item"}
    name = _PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), template)
    if "{" in name or "}" in name:
        raise SettingsError(
            f"The branch template {template!r} cannot be filled in.",
            "Use only {id}, {slug} and {type} in `pull_request.branch`.",
        )
    if NOT_IN_REFERENCE.search(name) or name == "@":
        raise SettingsError(
            f"The branch template {template!r} produces {name!r}, which git does not accept as a branch name.",
            "Change `pull_request.branch`, for example to redimento/{id}-{slug}.",
        )
    return name


def _without_id(template: str) -> str:
    if "{slug}" not in template:
        return template.replace("{id}", "{slug}")
    return re.sub(r"\{id\}[-_./]|[-_./]\{id\}$|\{id\}", "", template)


def branch_pattern(template: str, *, id: int) -> re.Pattern[str]:  # noqa: A002 - the name is the template's
    """Return what the branches of a work item look like, whatever its title and type."""
    template = template if id else _without_id(template)
    parts = re.split(r"(\{[a-z]+\})", template)
    words = {"{id}": rf"(?<!\d){id}(?!\d)"}
    filled = [words.get(part, "[a-z0-9-]+") if _PLACEHOLDER.fullmatch(part) else re.escape(part) for part in parts]
    return re.compile("".join(filled))


def _slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    if len(words) <= _LONGEST_SLUG:
        return words
    cut = words[: _LONGEST_SLUG + 1].rpartition("-")[0]
    return cut or words[:_LONGEST_SLUG]
