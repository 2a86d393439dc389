"""The program with all that a run needs, on a clock that can be wrong: loaded once, and copied for each run."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.worlds import clock
from redimento import __path__ as rooms
from redimento import cli
from redimento.repository import process
from redimento.text import wording

_NOT_NEEDED = (
    "redimento.models.google", "redimento.models.keyless", "redimento.store.redis", "redimento.demo", "redimento.__main__",
)  # fmt: skip


def run(arguments: Sequence[str], wrong: Path) -> None:
    """Be `redimento` with these arguments, on the clock in the file `wrong`."""
    clock.set_wrong(wrong)
    cli.main(arguments)


def _load() -> None:
    for module in pkgutil.walk_packages(rooms, "redimento."):
        if not module.name.startswith(_NOT_NEEDED):
            import_module(module.name)
    for language in wording.LANGUAGES:
        templates = wording._environment(language)  # noqa: SLF001  they are compiled when they are first used
        for name in templates.list_templates(extensions=["j2"]):
            templates.get_template(name)
    process._gitpython()  # noqa: SLF001  it is loaded when git is first used


_load()
