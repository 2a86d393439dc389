"""`.redimento.yml`: read with every mistake named at once, and shown."""

from __future__ import annotations

import pathlib
import shlex
from dataclasses import asdict
from typing import Any

import yaml

from redimento.errors import SettingsError, UsageError
from redimento.settings import (
    ChangeSettings,
    CheckCommand,
    CheckSettings,
    ContextSettings,
    ModelSettings,
    ProjectSettings,
    PullRequestSettings,
    Settings,
    UpdateSettings,
    WorkItemSettings,
    rules,
)
from redimento.settings import schema as schema_module
from redimento.text import marked_yaml
from redimento.text.marked_yaml import Document, Path

NAME = ".redimento.yml"


def read(path: pathlib.Path, *, must_exist: bool) -> Settings:
    """Return the settings of a file; the defaults when it is absent and may be. Raises UsageError as `decode` does."""
    if not path.exists() and not must_exist:
        return Settings()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Check the path and its rights.") from error
    return decode(content, str(path))


def decode(content: bytes, name: str) -> Settings:
    """Return the settings in the content of a file; raise UsageError unless it is UTF-8 and SettingsError as `parse`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text.", "Save it as UTF-8.") from error
    return parse(text, name)


def parse(text: str, name: str) -> Settings:
    """Return the settings written in `text`; an empty text gives the defaults. `name` is the file's name in problems.

    Raises SettingsError with all problems at once, each `name:line: dotted.path: what is wrong.`, in order of lines.
    """
    document = marked_yaml.read(text)
    data = {} if document.data is None else document.data
    found = list(document.problems)
    # After a mistake of syntax there is no data, and an empty file would be complained of next.
    if document.data is not None:
        unread = {path for _, path, _ in found}
        # A command with a comma inside braces falls apart into keys without a value: they must not vanish.
        empty = [(path, schema_module.unknown(path)) for path in document.empty]
        further = [*schema_module.problems(data), *rules.problems(data), *((path, why) for path, why in empty if why)]
        found += [(document.line(path), path, reason) for path, reason in further if path not in unread]
    if found:
        raise _error(name, found, document)
    return _settings(data)


def show(settings: Settings) -> str:
    """Return the settings as YAML that `parse` reads back into the same value."""
    data = asdict(settings)
    data["checks"]["commands"] = [_written(command) for command in settings.checks.commands]
    return yaml.safe_dump(_plain(data), sort_keys=False, allow_unicode=True, width=110)


def _error(name: str, found: list[tuple[int, Path, str]], document: Document) -> SettingsError:
    named = sorted({(line, schema_module.dotted(path), reason) for line, path, reason in found})
    lines = [f"{name}:{line}: {where}{reason}" for line, where, reason in named]
    ended = tuple(line if line.endswith(("?", ".")) else f"{line}." for line in lines)
    count = "one problem" if len(ended) == 1 else f"{len(ended)} problems"
    missing = "" if document.data is not None else " It could not be read to the end."
    return SettingsError(
        f"{name} has {count}.{missing}",
        "Correct it and check it with `redimento config validate`; `redimento config schema` prints every key.",
        ended,
    )


def _settings(data: dict[str, Any]) -> Settings:
    def section(name: str) -> dict[str, Any]:
        return {key: tuple(value) if isinstance(value, list) else value for key, value in data.get(name, {}).items()}

    checks, model = section("checks"), section("model")
    if "setup" in checks:
        checks["setup"] = tuple(line if isinstance(line, str) else shlex.join(line) for line in checks["setup"])
    if "commands" in checks:
        checks["commands"] = tuple(_command(each) for each in checks["commands"])
    for name in ("max_cost_usd", "input_usd_per_million", "output_usd_per_million"):
        if name in model:
            model[name] = float(model[name])
    return Settings(
        work_items=WorkItemSettings(**section("work_items")),
        project=ProjectSettings(**section("project")),
        context=ContextSettings(**_whole(section("context"))),
        model=ModelSettings(
            **{**model, **_whole(model, but=("max_cost_usd", "input_usd_per_million", "output_usd_per_million"))}
        ),
        checks=CheckSettings(**_whole(checks)),
        change=ChangeSettings(**_whole(section("change"))),
        pull_request=PullRequestSettings(**section("pull_request")),
        updates=UpdateSettings(**section("updates")),
    )


def _whole(section: dict[str, Any], but: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the section with 3.0 as 3: to JSON Schema both are whole numbers."""
    return {key: int(value) if isinstance(value, float) and key not in but else value for key, value in section.items()}


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
