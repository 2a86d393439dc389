"""Answer the wishes of one answer, bounded by work and never by the clock: a busy machine gives the same answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache as once
from pathlib import Path
from typing import Final

from redimento.context.tree import Tree
from redimento.exploration.excerpts import Found
from redimento.exploration.listing import list_files
from redimento.exploration.past import history
from redimento.exploration.present import Present, unchanged, with_change
from redimento.exploration.reading import read
from redimento.exploration.searching import search
from redimento.exploration.uses import uses
from redimento.exploration.wish import Changed, Explore, Finding, Wish
from redimento.text.redaction import NO_SECRETS, Secrets

_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # half a character: UTF-8 has none, and `json` reads it


def explorer(
    tree: Tree, *, exclude: Sequence[str], best: Sequence[str], cache: Path | None, secrets: Secrets = NO_SECRETS
) -> Explore:
    """Return the function that answers wishes about `tree` and the change as it stands.

    `exclude`: patterns of files that may not be shown; `best`: the files of the context, the most promising first;
    `cache`: the folder that keeps the commits between runs. Whatever a wish contains, its answer is bounded, and shows
    none of the `secrets`.
    """

    @once
    def before() -> Present:
        return unchanged(tree, exclude, best, secrets)

    def explore(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
        now = with_change(before(), changed)
        found = {wish: _answered(now, wish, cache) for wish in dict.fromkeys(wishes)}
        return secrets.redacted([found[wish] for wish in wishes])

    return explore


def _answered(now: Present, wish: Wish, cache: Path | None) -> Finding:
    target, within = (_SURROGATE.sub("\ufffd", text) for text in (wish.target, wish.within))
    match wish.kind:
        case "read":
            found = read(now, target)
        case "list":
            found = Found(text=list_files(now, target))
        case "search":
            found = search(now, target, within, wish.around)
        case "uses":
            found = uses(now, target)
        case _:
            found = Found(text=history(now, target, cache))
    return Finding(wish, found.excerpts, found.text)
