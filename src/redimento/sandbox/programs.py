"""Find the programs that we run with rights of our own, where no check can have planted or replaced them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def trusted_program(name: str, path: str | None = None) -> str | None:
    """Return the absolute path of a program on `path` (by default PATH, then SYSTEM_PATH) that checks cannot replace.

    Checks run under our account or one without rights, so a program counts if the file and every folder above it belong
    to another account and we cannot write them; as root, if they belong to root alone. None if there is no such program.
    """
    searched = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}" if path is None else path
    for folder in searched.split(":"):
        if not folder.startswith("/"):
            continue
        found = Path(folder, name)
        # Where a link decides the program by its name (busybox), the name has to stay; the target is looked at anyway.
        real = found.resolve()
        if os.access(real, os.X_OK) and real.is_file() and _out_of_reach(real):
            if real.name == name:
                return str(real)
            if _out_of_reach(found):
                return str(found)
    return None


def _out_of_reach(path: Path) -> bool:
    return all(map(_is_fixed, (path, *path.parents)))


def _is_fixed(path: Path) -> bool:
    facts = path.lstat()
    mode = 0 if stat.S_ISLNK(facts.st_mode) else facts.st_mode  # the mode of a link says nothing
    # In a sticky folder only its owner replaces what is there, and the owner of that is looked at, too.
    sticky = bool(mode & stat.S_ISVTX)
    if os.geteuid() == 0:
        writable = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and facts.st_gid != 0)
        return facts.st_uid == 0 and (sticky or not writable)
    return facts.st_uid != os.geteuid() and (sticky or not mode or not os.access(path, os.W_OK))
