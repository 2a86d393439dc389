"""Texts for people and for the model: Jinja2 templates in `templates/`; undefined names are errors.

What a run writes for a team is laid out once, by templates that hold no words. The words are macros in
`templates/<language>/`: the same names with the same arguments in every language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, Self

import jinja2
import jinja2.bccache
import jinja2.runtime

from redimento.text.foreign import code, neutralise

LANGUAGES = {"en": "English", "pt-BR": "Brazilian Portuguese"}
_MARKS = {"en": ",.", "pt-BR": ".,"}  # between thousands, and before decimals
_DATES = {"en": "%Y-%m-%d %H:%M UTC", "pt-BR": "%d/%m/%Y %H:%M UTC"}


class Sentence(str):
    """What is said to people: English as it stands, and in every language to those who read a text of `render`.

    `name` is that of a macro, and `values` are its arguments. Raises KeyError or TypeError if they are not.
    """

    __slots__ = ("name", "values")

    name: str
    values: Mapping[str, Any]

    def __new__(cls, name: str, /, **values: Any) -> Self:
        made = super().__new__(cls, say(name, "en", **values))
        made.name, made.values = name, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], Mapping[str, Any]]:
        return (self.name,), self.values  # a copy is a sentence, too


def say(name: str, language: str, /, **values: Any) -> str:
    """Return the words of a macro on one line."""
    told = {key: _in_language(language, value) for key, value in values.items()}
    return " ".join(str(macros(language)[name](**told)).split())


@cache
def macros(language: str) -> Mapping[str, jinja2.runtime.Macro]:
    """Return the words of a language by name."""
    environment = _environment(language)
    names = environment.list_templates(filter_func=lambda name: name.startswith(f"{language}/"))
    modules = [environment.get_template(name).module for name in names]
    found = [macro for module in modules for macro in vars(module).values() if isinstance(macro, jinja2.runtime.Macro)]
    return {macro.name: macro for macro in found}


def _in_language(language: str, value: Any) -> Any:
    if isinstance(value, Sentence):
        return say(value.name, language, **value.values)
    return type(value)(_in_language(language, one) for one in value) if type(value) in {tuple, list} else value


def add_filter(name: str, function: Callable[..., str]) -> None:
    """Register `function` for all templates as `{{ value | name }}`; sentences reach it in the language of the text."""
    for language in LANGUAGES:
        _environment(language).filters[name] = _filter(function, language)


def _filter(function: Callable[..., str], language: str) -> Callable[..., str]:
    @wraps(function)
    def filtered(value: Any, *arguments: Any, **named: Any) -> Any:
        return _in_language(language, function(_in_language(language, value), *arguments, **named))

    return filtered


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Compiled templates in a folder, if there is one that can be written: to compile them takes 0.3 s a process."""

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


@cache
def _environment(language: str) -> jinja2.Environment:
    package = Path(__file__).parents[1]
    shipped = package / "templates"
    folder = shipped if shipped.is_dir() else package.parents[1] / "templates"
    compiled = folder / "__pycache__"
    with suppress(OSError):
        compiled.mkdir(exist_ok=True)
    environment = jinja2.Environment(
        # One for each language: what filters make of constants is part of the code.
        bytecode_cache=_Compiled(str(compiled), f"{language}-%s.cache"),
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize(language),
    )
    environment.globals |= {"language": language, "say": partial(_say, language)}
    environment.filters |= {"code": code, "number": partial(_number, language), "date": partial(_date, language)}
    return environment


def _finalize(language: str) -> Callable[..., Any]:
    @jinja2.pass_context
    def readable(context: jinja2.runtime.Context, value: Any) -> Any:
        """Neutralise all that goes into a text for people. A model needs code as it is."""
        value = _in_language(language, value)
        if not isinstance(value, str) or (context.name or "").startswith("prompts/"):
            return value
        return type(value)(neutralise(value))  # markup stays markup: only characters go that no reader sees

    return readable


def _say(language: str, name: str, /, **values: Any) -> str:
    return say(name, language, **values)


def _number(language: str, value: float, decimals: int = 0) -> str:
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", _MARKS[language]))


def _date(language: str, value: datetime) -> str:
    return value.strftime(_DATES[language])


def render(template: str, language: str = "en", /, **values: Any) -> str:
    """Return `templates/<template>` filled with `values`; raise jinja2.UndefinedError for an undefined name."""
    return _environment(language).get_template(template).render(**values)


@cache
def version(folder: str) -> str:
    """Return a short hash of all templates in `templates/<folder>`, which changes with any of them."""
    environment = _environment("en")
    names = environment.list_templates(filter_func=lambda name: name.startswith(f"{folder}/"))
    sources = [environment.loader.get_source(environment, name)[0] for name in names] if environment.loader else []
    return hashlib.sha256("\0".join([*names, *sources]).encode()).hexdigest()[:8]
