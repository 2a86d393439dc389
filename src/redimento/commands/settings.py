"""`redimento config`: check and show the settings of a repository."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from redimento.settings import Settings
from redimento.settings import file as settings_file
from redimento.settings.file import Problem
from redimento.settings.schema import dotted, see
from redimento.text import marked_yaml
from redimento.work_items.kinds import unsuited

# A commit must not choose who gets key and prompts: see models/access.py.
_OF_THE_STEP = {("model", "base_url"): "GOOGLE_GEMINI_BASE_URL", ("model", "sdk"): "REDIMENTO_SDK"}
_HARMLESS = frozenset({"google-genai", "recorded", ""})


@dataclass(frozen=True)
class Validation:
    """What is wrong with a file, and what of it a pipeline refuses. `lines`: its text; None if there is no file."""

    name: str
    lines: tuple[str, ...] | None
    problems: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()

    def as_text(self) -> str:
        if self.lines is None:
            return f"{self.name} does not exist: the defaults apply."
        shown = [*map(self._shown, (*self.problems, *self.refused))]
        last = see(one.key for one in self.problems) if self.problems else f"{self.name} is valid."
        return "\n".join([*shown, last])

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.name,
            "exists": self.lines is not None,
            "valid": not self.problems,
            "problems": [*map(_plain, self.problems)],
            "refusedInPipelines": [*map(_plain, self.refused)],
        }

    def _shown(self, problem: Problem) -> str:
        """Return what is wrong, the line, and a caret below the place."""
        place, told = problem.place, problem.told(self.name)
        line = self.lines[place.line - 1] if self.lines and place.line <= len(self.lines) else ""
        margin = " " * len(str(place.line))
        return f"{told}\n  {place.line} | {line}\n  {margin} | {' ' * (place.column - 1)}^" if line else told


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.place.line, "column": problem.place.column, "key": problem.key, "reason": problem.reason,
    }  # fmt: skip


def validate_settings(repo: Path, file: Path | None) -> Validation:
    """Return everything that is wrong with a file, or cannot work in a pipeline. Raises UsageError if it cannot be read."""
    path = file or repo / settings_file.NAME
    text = settings_file.text_of(path, must_exist=file is not None)
    if text is None:
        return Validation(str(path), None)
    data, problems = settings_file.check(text)
    lines = tuple(text.splitlines())
    if problems or data is None:
        return Validation(str(path), lines, problems)
    places = marked_yaml.read(text)
    never = [Problem(places.place(key), dotted(key), reason) for key, reason in _never_admitted(data)]
    step = [Problem(places.place(key), dotted(key), reason) for key, reason in _refused(data)]
    return Validation(str(path), lines, tuple(never), tuple(step))


def _never_admitted(data: Mapping[str, Any]) -> Iterator[tuple[marked_yaml.Path, str]]:
    for index, name in enumerate(data.get("work_items", {}).get("types", ())):
        if unsuited(name):
            yield ("work_items", "types", index), f"no run ever starts for this type: {unsuited(name)}"


def _refused(data: Mapping[str, Any]) -> Iterator[tuple[marked_yaml.Path, str]]:
    for (section, key), variable in _OF_THE_STEP.items():
        if data.get(section, {}).get(key, "") not in _HARMLESS:
            yield (section, key), f"a pipeline takes this from no commit: set {variable} on the step instead"


def show_settings(repo: Path, file: Path | None) -> str:
    """Return the effective settings as YAML."""
    return settings_file.show(read_settings(repo, file))


def show_origins(repo: Path, file: Path | None) -> str:
    """Return one line per setting: its key, its value, and where that comes from."""
    path = file or repo / settings_file.NAME
    written = marked_yaml.read(settings_file.text_of(path, must_exist=file is not None) or "")
    rows = [
        (dotted(key), json.dumps(value, ensure_ascii=False), _origin(path.name, written, key))
        for key, value in _leaves(asdict(read_settings(repo, file)))
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 2)]
    return "\n".join(f"{key:<{widths[0]}}  {origin:<{widths[1]}}  {value}" for key, value, origin in rows) + "\n"


def _leaves(settings: Mapping[str, Any], above: marked_yaml.Path = ()) -> Iterator[tuple[marked_yaml.Path, Any]]:
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _origin(name: str, written: marked_yaml.Document, key: marked_yaml.Path) -> str:
    if key in written.places and key not in written.empty:
        return f"{name}:{written.places[key].line}"
    return "pipeline: user" if key == ("checks", "isolation") else "default"


def read_settings(repo: Path, file: Path | None = None) -> Settings:
    """Return the settings in `file`, else those of the repository, else the defaults."""
    return settings_file.read(file or repo / settings_file.NAME, must_exist=file is not None)
