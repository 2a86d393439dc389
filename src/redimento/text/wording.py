"""Texts for people and for the model: Jinja2 templates in `templates/`; undefined names are errors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.runtime

from redimento.text.foreign import neutralise


def add_filter(name: str, function: Callable[..., str]) -> None:
    """Register `function` for all templates as `{{ value | name }}`."""
    _environment().filters[name] = function


@cache
def _environment() -> jinja2.Environment:
    package = Path(__file__).parents[1]
    shipped = package / "templates"
    folder = shipped if shipped.is_dir() else package.parents[1] / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_readable,
    )


@jinja2.pass_context
def _readable(context: jinja2.runtime.Context, value: Any) -> Any:
    """Neutralise all that goes into a text for people. A model needs code as it is."""
    if not isinstance(value, str) or (context.name or "").startswith("prompts/"):
        return value
    return type(value)(neutralise(value))  # markup stays markup: only characters go that no reader sees


def render(template: str, **values: Any) -> str:
    """Return `templates/<template>` filled with `values`; raise jinja2.UndefinedError for an undefined name."""
    return _environment().get_template(template).render(**values)


@cache
def version(folder: str) -> str:
    """Return a short hash of all templates in `templates/<folder>`, which changes with any of them."""
    environment = _environment()
    names = sorted(name for name in environment.list_templates() if name.startswith(f"{folder}/"))
    sources = [environment.loader.get_source(environment, name)[0] for name in names] if environment.loader else []
    return hashlib.sha256("\0".join([*names, *sources]).encode()).hexdigest()[:8]
