"""What runs in the process of a run: the program's own command line, on the clock of the world."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

LOADED = f"{__name__.rpartition('.')[0]}.loaded"  # not imported here: it replaces the clock of its process


def main(arguments: Sequence[str], environment: Mapping[str, str], output: Path, wrong: Path, seed: int) -> None:
    """Be `redimento` with these arguments, on the clock in the file `wrong`; both streams go to `output`."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.clear()
    os.environ.update(environment)
    random.seed(seed)
    import_module(LOADED).run(list(arguments), wrong)
