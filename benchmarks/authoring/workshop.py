"""A small repository with real tests, on the bench that runs the program's checks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.proof.run import GIT, run
from redimento.change import writer
from redimento.change.edit import Change, FileChange
from redimento.run.attempt import Attempt
from redimento.sandbox.bench import Workbench, close_workbench, open_workbench
from redimento.settings import file as settings_file
from redimento.verification.checks import run_baseline
from redimento.verification.evidence import Checks
from redimento.verification.verdict import verify


@dataclass(frozen=True)
class Workshop:
    """A bench with its baseline. `journal`: the writer's, by which the tree is put back."""

    bench: Workbench
    baseline: Checks
    journal: Path

    @property
    def root(self) -> Path:
        return self.bench.tree


@contextmanager
def workshop(checkout: Path, checks: Mapping[str, Any], path: str) -> Iterator[Workshop]:
    """Open a bench in a git checkout. `checks`: as in the settings. `path`: PATH of the commands."""
    settings = settings_file.parse(yaml.safe_dump({"checks": checks}), "settings.yml").checks
    before = os.environ["PATH"]
    os.environ["PATH"] = path
    with tempfile.TemporaryDirectory(prefix="redimento-workshop-") as scratch:
        bench = open_workbench(checkout, settings, Path(scratch, "bench"), files=_files(checkout))
        try:
            yield Workshop(bench, run_baseline(bench), Path(scratch, "journal"))
        finally:
            close_workbench(bench)
            os.environ["PATH"] = before


def laid_out(files: Mapping[str, str], checkout: Path) -> None:
    """Write a repository of one commit."""
    for name, text in files.items():
        file = checkout / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "base")):
        run([*GIT, *arguments], checkout)


def change_of(root: Path, contents: Mapping[str, str]) -> Change:
    """Return the change that gives these files these contents."""
    files = []
    for path, text in sorted(contents.items()):
        before = (root / path).read_bytes() if (root / path).exists() else None
        if before != text.encode():
            files.append(FileChange(path, before, text.encode()))
    return Change(tuple(files))


@contextmanager
def written(shop: Workshop, change: Change) -> Iterator[None]:
    """Have the change in the tree for a while."""
    writer.write(shop.root, change, shop.journal)
    try:
        yield
    finally:
        writer.recover(shop.root, shop.journal)


def judged(shop: Workshop, attempt: Attempt) -> Attempt:
    """Return the attempt with the program's verdict on its change."""
    change = attempt.change

    @contextmanager
    def substitute(contents: Mapping[str, bytes | None]) -> Iterator[None]:
        with writer.substituted(shop.root, change, contents):
            yield

    with written(shop, change):
        verdict = verify(shop.bench, change, shop.baseline, substitute=substitute)
    return Attempt(attempt.answer, change, verdict, number=attempt.number)


def _files(checkout: Path) -> list[str]:
    folder = checkout / ".git"
    return [
        str(file.relative_to(checkout)) for file in checkout.rglob("*") if file.is_file() and folder not in file.parents
    ]
