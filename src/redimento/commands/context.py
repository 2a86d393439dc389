"""`redimento context`: show what the model would see."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from redimento.commands import opening
from redimento.commands.settings import read_settings
from redimento.context.cache import open_cache
from redimento.context.explain import LeftOut, left_out
from redimento.context.select import select
from redimento.context.selection import Context
from redimento.context.tree import part
from redimento.local.item_file import read_item
from redimento.settings.projects import in_project
from redimento.work_items.item import written_text


def select_context(
    work_item_file: Path, repo: Path, config: Path | None, budget: int | None
) -> tuple[Context, LeftOut]:
    """Return what the model would see of any folder, and what not. It loads a fraction of what a run does."""
    settings = in_project(read_settings(repo, config))
    item = read_item(work_item_file, settings.work_items.fields)
    hidden = (*settings.context.exclude, *opening.open_base(repo).filtered)
    tree = part(opening.open_tree(repo), settings.project.folder, settings.project.conventions)
    with _no_collection():
        chosen = select(
            tree,
            written_text(item, item.comments),
            settings=replace(settings.context, exclude=hidden),
            budget=settings.context.budget_tokens if budget is None else budget,
            conventions=settings.project.conventions,
            cache=open_cache(repo, os.environ),
        )
        return chosen, left_out(tree.entries(), hidden, chosen)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the search for cycles, up to a tenth of the time: a choice makes many objects and no cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
