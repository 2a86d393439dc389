"""`redimento apply`: apply a model's answer to a tree."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redimento.authoring.answer_format import parse_answer
from redimento.change import writer
from redimento.change.edit import Change, Refusal, each_once
from redimento.change.plan import plan
from redimento.commands import opening
from redimento.commands.settings import read_settings
from redimento.errors import UsageError


@dataclass(frozen=True)
class Applied:
    """What `redimento apply` did. `done`: the change was written."""

    change: Change
    refused: tuple[Refusal, ...]
    done: bool

    def as_json(self) -> dict[str, Any]:
        files = self.change.files if self.done else ()
        return {
            "written": [file.path for file in files if file.after is not None],
            "deleted": [file.path for file in files if file.after is None],
            "left_out": [*self.change.left_out],
            "refused": [
                {"path": each.path, "reason": each.reason, "count": each.count, "nearest": each.nearest}
                for each in self.refused
            ],
        }

    def as_text(self) -> str:
        files = self.change.files if self.done else ()
        lines = [f"{'wrote' if file.after is not None else 'deleted'} {file.path}" for file in files]
        lines += [f"left out {path}: only its tool may write a lock file" for path in self.change.left_out]
        for each in self.refused:
            lines.append(f"refused {each.path or 'the answer'}: {each.sentence}")
            lines += [f"    {line}" for line in each.nearest.splitlines()]
        return "\n".join(lines or ["nothing to do"])


def apply_answer(answer: str, repo: Path, *, partial: bool) -> Applied:
    """Apply an answer to the tree at `repo`; without `partial` one refusal leaves all of it unchanged."""
    if not repo.is_dir():
        raise UsageError(f"{repo} is not a folder.", "Name the tree with --repo.")
    parsed = parse_answer(answer)
    settings, base = read_settings(repo), opening.open_base(repo)
    planned = plan(repo, parsed.edits, settings.change, base=base, folder=settings.project.folder, partial=partial)
    refused = each_once((*planned.refusals, *(Refusal("", problem) for problem in parsed.problems)))
    if refused and not partial:
        return Applied(planned.change, refused, done=False)
    with tempfile.TemporaryDirectory() as folder:
        writer.write(repo, planned.change, Path(folder) / "journal")
    return Applied(planned.change, refused, done=True)
