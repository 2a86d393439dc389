"""What the smaller commands do, as functions from their arguments to what is printed."""

from __future__ import annotations

import io
import json
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from redimento import wiring, wording
from redimento.authoring.answer_format import parse_answer
from redimento.change import writer
from redimento.change.edit import Change, Refusal
from redimento.change.plan import plan
from redimento.context import explain
from redimento.context.select import select
from redimento.errors import UsageError
from redimento.flow import item_text
from redimento.foreign import neutralise
from redimento.local.item_file import read_item
from redimento.settings import Settings
from redimento.settings import file as settings_file
from redimento.verification.detection import propose


def show_context(work_item_file: Path, repo: Path, budget: int | None, *, as_json: bool) -> str:
    """Return what `redimento context` prints: a table for people, or JSON with the files best first."""
    settings = _settings(repo, None)
    tree = wiring.open_tree(repo)
    chosen = select(
        tree,
        item_text(read_item(work_item_file)),
        settings=settings.context,
        budget=settings.context.budget_tokens if budget is None else budget,
        conventions=settings.project.conventions,
        cache=wiring.context_cache(repo),
    )
    if as_json:
        return json.dumps(explain.as_json(chosen), ensure_ascii=False)
    table = Table("File", "Lines", "Tokens", "Why", box=None, pad_edge=False)
    for row in explain.rows(chosen):
        table.add_row(*(Text(neutralise(cell)) for cell in row))
    out = io.StringIO()
    Console(file=out, width=140).print(table, f"\n{chosen.tokens:,} of {chosen.budget:,} tokens")
    return out.getvalue().rstrip()


@dataclass(frozen=True)
class Applied:
    """What `redimento apply` did."""

    change: Change
    refused: tuple[Refusal, ...]
    done: bool

    def as_json(self) -> dict[str, Any]:
        files = self.change.files if self.done else ()
        return {
            "written": [file.path for file in files if file.after is not None],
            "deleted": [file.path for file in files if file.after is None],
            "refused": [{"path": each.path, "reason": each.reason, "nearest": each.nearest} for each in self.refused],
        }

    def as_text(self) -> str:
        files = self.change.files if self.done else ()
        lines = [f"{'wrote' if file.after is not None else 'deleted'} {file.path}" for file in files]
        for each in self.refused:
            lines.append(f"refused {each.path or 'the answer'}: {each.reason}")
            lines += [f"    {line}" for line in each.nearest.splitlines()]
        return "\n".join(lines or ["nothing to do"])


def apply_answer(answer: str, repo: Path, *, partial: bool) -> Applied:
    """Apply an answer to the tree at `repo`; without `partial` a single refusal leaves everything as it is."""
    if not repo.is_dir():
        raise UsageError(f"{repo} is not a folder.", "Name the tree with --repo.")
    parsed = parse_answer(answer)
    planned = plan(repo, parsed.edits, _settings(repo, None).change, partial=partial)
    refused = (*planned.refusals, *(Refusal("", problem) for problem in parsed.problems))
    if refused and not partial:
        return Applied(planned.change, refused, done=False)
    with tempfile.TemporaryDirectory() as folder:
        writer.write(repo, planned.change, Path(folder) / "journal")
    return Applied(planned.change, refused, done=True)


def validate_settings(repo: Path, file: Path | None) -> str:
    """Return one line for settings that are right; raise SettingsError with every problem otherwise."""
    _settings(repo, file)
    name = file or repo / wiring.SETTINGS_FILE
    return f"{name} is valid." if name.is_file() else f"There is no {name}: the defaults apply."


def show_settings(repo: Path, file: Path | None) -> str:
    """Return the settings as they take effect, as YAML."""
    return settings_file.show(_settings(repo, file))


def _settings(repo: Path, file: Path | None) -> Settings:
    return wiring.settings_of(file or repo / wiring.SETTINGS_FILE, must_exist=file is not None)


def write_starter_files(repo: Path, *, force: bool) -> str:
    """Write `.redimento.yml` with the checks that the files suggest; say which."""
    target = repo / wiring.SETTINGS_FILE
    if target.exists() and not force:
        raise UsageError(f"{target} exists already.", "Change it, or replace it with --force.")
    tree = wiring.open_tree(repo)
    paths = [entry.path for entry in tree.entries()]

    def read(path: str) -> str:
        return next((content.decode("utf-8", "replace") for _, content in tree.read([path])), "")

    checks = propose(paths, read)
    target.write_text(wording.render("starter/redimento.yml.j2", checks=checks), encoding="utf-8")
    lines = [f"wrote {target}"]
    lines += [f"  check {command.name}: {_line(command.run)}" for command in checks.commands]
    if not checks.commands:
        lines.append("  No checks were recognised: add the commands that tell whether a change is right.")
    return "\n".join(lines)


def _line(command: str | tuple[str, ...]) -> str:
    return command if isinstance(command, str) else shlex.join(command)
