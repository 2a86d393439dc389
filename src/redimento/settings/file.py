"""Read `.redimento.yml`, reporting all problems at once, and print settings."""

from __future__ import annotations

import pathlib
import shlex
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from redimento.errors import SettingsError, UsageError
from redimento.settings import (
    AuthoringSettings,
    AutoComplete,
    ChangeSettings,
    CheckCommand,
    CheckSettings,
    Condition,
    ContextSettings,
    ModelSettings,
    ProjectSettings,
    PullRequestSettings,
    RepositoryRule,
    Reviewer,
    Settings,
    TargetRule,
    UpdateSettings,
    VertexSettings,
    WorkItemSettings,
    rules,
)
from redimento.settings import schema as schema_module
from redimento.settings.schema import dotted, see
from redimento.text import marked_yaml
from redimento.text.marked_yaml import Place

NAME = ".redimento.yml"
_PRICES = frozenset({"max_cost_usd", "input_usd_per_million", "output_usd_per_million"})


def read(path: pathlib.Path, *, must_exist: bool) -> Settings:
    """Return the settings of a file, or the defaults if it is absent and need not exist.

    Raises UsageError, and SettingsError like `parse`.
    """
    text = text_of(path, must_exist=must_exist)
    return Settings() if text is None else parse(text, str(path))


def text_of(path: pathlib.Path, *, must_exist: bool) -> str | None:
    """Return the text of a file, None if it is absent and need not exist. Raises UsageError."""
    if not path.exists() and not must_exist:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Check the path and its permissions.") from error
    return _text(content, str(path))


def decode(content: bytes, name: str) -> Settings:
    """Return the settings in the content of a file; raise UsageError unless it is UTF-8, else SettingsError like `parse`."""
    return parse(_text(content, name), name)


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text.", "Save it as UTF-8.") from error


def parse(text: str, name: str) -> Settings:
    """Return the settings in `text`; an empty text gives the defaults. `name` is the file's name in problems.

    Raises SettingsError with all problems in line order, each as `name:line: dotted.path: what is wrong.`.
    """
    data, found = check(text)
    if found:
        partial = " It could not be read to the end." if data is None else ""
        raise SettingsError(
            f"{name} has {'one problem' if len(found) == 1 else f'{len(found)} problems'}.{partial}",
            f"Fix the file and check it with `redimento config validate`. {see(one.key for one in found)}",
            tuple(one.told(name) for one in found),
        )
    return _settings(data or {})


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong at a place of the file; `key` is dotted, "" for the whole file."""

    place: Place
    key: str
    reason: str

    def told(self, name: str) -> str:
        where = f"{self.key}: " if self.key else ""
        return f"{name}:{self.place.line}: {where}{self.reason}{'' if self.reason.endswith(('?', '.')) else '.'}"


def check(text: str) -> tuple[Any, tuple[Problem, ...]]:
    """Return what is written in `text`, and everything that is wrong with it, in the order of the file.

    It is None if nothing is written, or nothing could be read.
    """
    document = marked_yaml.read(text)
    data, found = document.data, list(document.problems)
    # After a syntax error there is no data, and checking it would only report an empty file.
    if data is not None:
        unread = {path for _, path, _ in found}
        # An unquoted comma inside braces splits a command into keys without a value, which must not be ignored.
        empty = [(path, schema_module.unknown(path)) for path in document.empty]
        further = [*schema_module.problems(data), *rules.problems(data), *((path, why) for path, why in empty if why)]
        found += [(document.place(path), path, reason) for path, reason in further if path not in unread]
    return data, tuple(sorted({Problem(place, dotted(path), reason) for place, path, reason in found}))


def show(settings: Settings) -> str:
    """Return the settings as YAML that `parse` reads back into the same value."""
    data = asdict(settings)
    data["checks"]["commands"] = [_written(command) for command in settings.checks.commands]
    return yaml.safe_dump(_plain(data), sort_keys=False, allow_unicode=True, width=110)


def _settings(data: dict[str, Any]) -> Settings:
    def section(name: str) -> dict[str, Any]:
        return {key: _value(key, value) for key, value in data.get(name, {}).items()}

    checks = section("checks")
    if "setup" in checks:
        checks["setup"] = tuple(line if isinstance(line, str) else shlex.join(line) for line in checks["setup"])
    if "commands" in checks:
        checks["commands"] = tuple(_command(each) for each in checks["commands"])
    return Settings(
        language=data.get("language", "en"),
        record=data.get("record", "full"),
        work_items=WorkItemSettings(**section("work_items")),
        repositories=tuple(_rule(each) for each in data.get("repositories", ())),
        project=ProjectSettings(**section("project")),
        context=ContextSettings(**section("context")),
        model=ModelSettings(**section("model")),
        authoring=AuthoringSettings(**section("authoring")),
        checks=CheckSettings(**checks),
        change=ChangeSettings(**section("change")),
        pull_request=PullRequestSettings(**section("pull_request")),
        updates=UpdateSettings(**section("updates")),
    )


def _value(key: str, value: Any) -> Any:
    if key == "reviewers":
        return tuple(Reviewer(**one) if isinstance(one, dict) else Reviewer(one) for one in value)
    if key == "auto_complete":
        return None if value is None else AutoComplete(**value)
    if key == "target" and isinstance(value, list):
        return tuple(TargetRule(one["branch"], Condition(**one.get("when", {}))) for one in value)
    if isinstance(value, list):
        return tuple(value)
    if key == "vertex":
        return VertexSettings(**value)
    if key in _PRICES:
        return float(value)
    return int(value) if isinstance(value, float) else value  # JSON Schema accepts 3.0 as an integer


def _command(data: dict[str, Any]) -> CheckCommand:
    run = data["run"]
    given = CheckCommand(name=data["name"], run=run if isinstance(run, str) else tuple(run))
    return CheckCommand(
        name=given.name,
        run=given.run,
        timeout_seconds=int(data.get("timeout", given.timeout_seconds)),
        required=data.get("level", "required") == "required",
        junit=data.get("junit", given.junit),
        paths=tuple(data.get("paths", given.paths)),
        env={name: _variable(value) for name, value in data.get("env", {}).items()},
    )


def _rule(data: dict[str, Any]) -> RepositoryRule:
    return RepositoryRule(**{**data, "when": Condition(**data.get("when", {}))})


def _variable(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(command: CheckCommand) -> dict[str, Any]:
    return {
        "name": command.name,
        "run": command.run,
        "timeout": command.timeout_seconds,
        "level": "required" if command.required else "advisory",
        "junit": command.junit,
        "paths": command.paths,
        "env": command.env,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
