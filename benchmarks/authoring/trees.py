"""The tree of a case: a git repository at the commit before the change, and what the program chooses to show of it."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from types import ModuleType

import redimento.context
import redimento.exploration
from benchmarks.authoring import hunks
from benchmarks.authoring.gold import Case, after
from redimento.authoring.answer_format import parse_answer
from redimento.change.plan import plan
from redimento.commands.opening import open_tree
from redimento.context import exclusion
from redimento.context.select import select
from redimento.context.selection import Context
from redimento.exploration.wish import Finding, Wish
from redimento.local.item_file import read_item
from redimento.settings import Settings
from redimento.work_items.item import WorkItem, written_text

_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Base"), ("EMAIL", "base@example.invalid"), ("DATE", "2026-01-01T00:00:00Z"))
}


@dataclass(frozen=True)
class Ground:
    """A case that is ready to run. `root` is a working tree of this process alone.

    `barred`: why no author could bring the merged change through, "" if one could. `found`: what was looked up.
    """

    case: Case
    root: Path
    item_file: Path
    item: WorkItem
    context: Context
    paths: tuple[str, ...]
    before: dict[str, str | None]
    after: dict[str, str | None]
    barred: str
    found: dict[Wish, Finding] = field(default_factory=dict)


@contextmanager
def ground(case: Case, mirrors: Path, trees: Path, *, whole: bool = False) -> Iterator[Ground]:
    """Provide the case; `trees` keeps what is worth keeping between runs. `whole`: check every file out."""
    kept = trees / case.id
    if not (kept / "item.json").exists():
        _make(case, mirrors, kept)
    with tempfile.TemporaryDirectory(prefix="redimento-oracle-") as folder:
        root = Path(folder, "repo")
        shutil.copytree(kept / "repo", root, symlinks=True)
        if whole:
            _git(root, "reset", "--quiet", "--hard")
        before = hunks.texts(root, case.paths)
        item = read_item(kept / "item.json")
        found = kept / f"found-{_digest(redimento.context, redimento.exploration)}.pickle"
        ready = Ground(
            case=case,
            root=root,
            item_file=kept / "item.json",
            item=item,
            context=_context(kept, root, item),
            paths=tuple(filter(None, _git(root, "ls-files", "-z").split("\0"))),
            before=before,
            after=after(case.blocks, before),
            barred=_barred(case, root, before),
            found=pickle.loads(found.read_bytes()) if found.exists() else {},
        )
        yield ready
        _save(ready.found, found)


def _make(case: Case, mirrors: Path, kept: Path) -> None:
    """Make the repository, with its files beside and above those of the change checked out."""
    shutil.rmtree(kept, ignore_errors=True)
    root = kept / "repo"
    root.mkdir(parents=True)
    _git(root, "init", "--quiet", "--initial-branch=main")
    mirror = (mirrors / case.mirror / "repo").resolve()
    (root / ".git/objects/info/alternates").write_text(f"{mirror}/objects\n")
    commit = _git(root, "commit-tree", f"{case.commit}^{{tree}}", "-m", "base").strip()
    _git(root, "update-ref", "refs/heads/main", commit)
    _git(root, "read-tree", "main")
    above = {"/".join(path.split("/")[:count]) for path in case.paths for count in range(path.count("/") + 1)}
    names = _git(root, "ls-files", "-z").split("\0")
    near = "\0".join(name for name in names if name and name.rpartition("/")[0] in above)
    _git(root, "checkout-index", "--quiet", "--force", "-z", "--stdin", told=near)
    (kept / "item.json").write_text(json.dumps({"fields": _fields(case)}), "utf-8")


def _fields(case: Case) -> dict[str, str]:
    fields = {
        "System.Title": case.title,
        "System.WorkItemType": "User Story",
        "System.State": "Active",
        "System.Description": "<div>" + escape(case.description).replace("\n", "<br>") + "</div>",
    }
    if case.criteria:
        items = "".join(f"<li>{escape(criterion)}</li>" for criterion in case.criteria)
        fields["Microsoft.VSTS.Common.AcceptanceCriteria"] = f"<ul>{items}</ul>"
    return fields


def _context(kept: Path, root: Path, item: WorkItem) -> Context:
    """Return what the program chooses; the same code chooses the same."""
    file = kept / f"context-{_digest(redimento.context)}.pickle"
    if not file.exists():
        settings = Settings()
        chosen = select(
            open_tree(root),
            written_text(item, item.comments),
            settings=settings.context,
            budget=settings.context.budget_tokens,
            conventions=settings.project.conventions,
        )
        _save(chosen, file)
    context = pickle.loads(file.read_bytes())
    assert isinstance(context, Context)
    return context


def _digest(*packages: ModuleType) -> str:
    """Return a name for the code of these packages: the same code finds the same."""
    files = [file for package in packages for file in sorted(Path(package.__path__[0]).glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _save(value: object, file: Path) -> None:
    part = file.with_suffix(f".{os.getpid()}")
    part.write_bytes(pickle.dumps(value))
    part.rename(file)


def _barred(case: Case, root: Path, before: Mapping[str, str | None]) -> str:
    """Return why the program could not make this change whoever wrote it: a guard refuses it, or a file is never shown."""
    settings = Settings()
    planned = plan(root, parse_answer(case.answer).edits, settings.change)
    merged = after(case.blocks, before)
    sizes = {path: len((before[path] or merged[path] or "").encode()) for path in case.paths}
    hidden = {path: exclusion.reason(path, size, settings.context.exclude) for path, size in sizes.items()}
    reasons = [
        *(f"{refusal.path}: {refusal.sentence}" for refusal in planned.refusals),
        *(f"{path}: lock file" for path in planned.change.left_out),
        *(f"{path} is never shown: {reason}" for path, reason in hidden.items() if reason),
    ]
    return "; ".join(reasons)


def _git(root: Path, *arguments: str, told: str | None = None) -> str:
    done = subprocess.run(
        ["git", "-C", root, *arguments],
        check=True,
        capture_output=True,
        text=True,
        input=told,
        env={**os.environ, **_IDENTITY},
    )
    return done.stdout
