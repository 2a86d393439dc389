"""`redimento context`: show what the model would see."""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from redimento.commands import opening
from redimento.commands.settings import read_settings
from redimento.context import explain
from redimento.context.cache import open_cache
from redimento.context.select import select
from redimento.context.selection import Context
from redimento.context.tree import part
from redimento.local.item_file import read_item
from redimento.settings.projects import in_project
from redimento.text.foreign import json_line, neutralise
from redimento.work_items.item import written_text


def show_context(work_item_file: Path, repo: Path, budget: int | None, *, as_json: bool) -> str:
    """Return the output of `redimento context`: a table for people, or JSON with the files best first."""
    settings = in_project(read_settings(repo))
    item = read_item(work_item_file, settings.work_items.fields)
    hidden = (*settings.context.exclude, *opening.open_base(repo).filtered)
    with _no_collection():
        chosen = select(
            part(opening.open_tree(repo), settings.project.folder, settings.project.conventions),
            written_text(item, item.comments),
            settings=replace(settings.context, exclude=hidden),
            budget=settings.context.budget_tokens if budget is None else budget,
            conventions=settings.project.conventions,
            cache=open_cache(repo, os.environ),
        )
    if as_json:
        return json_line(explain.as_json(chosen))
    return _table(chosen)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the search for cycles, up to a tenth of the time: a choice makes many objects and no cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _table(chosen: Context) -> str:
    from rich.console import Console  # noqa: PLC0415  not needed for JSON
    from rich.table import Table  # noqa: PLC0415  see above
    from rich.text import Text  # noqa: PLC0415  see above

    table = Table("File", "Lines", "Tokens", "Why", box=None, pad_edge=False)
    for row in explain.rows(chosen):
        table.add_row(*(Text(neutralise(cell)) for cell in row))
    out = io.StringIO()
    Console(file=out, width=140).print(table, f"\n{chosen.tokens:,} of {chosen.budget:,} tokens")
    return out.getvalue().rstrip()
