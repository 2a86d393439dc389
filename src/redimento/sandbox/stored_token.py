"""A token that the checkout step stored in git's settings: out of reach while commands run, back when they are done.

`persistCredentials: true` writes the job's token into `.git/config`, where everything that runs in the tree can read it.
Later steps of the job may count on it, so it is only taken away for a while. A run that is killed leaves it out: its job
is over then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# The header that the agent stores (AG GitSourceProvider.cs), and a password in the address of a remote. A user name
# alone (https://org@dev.azure.com/…) is no secret.
_HEADER = re.compile(rb"^[^\S\n]*extraheader[^\S\n]*=.*(?:\\\n.*)*\n?", re.IGNORECASE | re.MULTILINE)
_PASSWORD = re.compile(rb"(?<=://)[^/\s:@\"]*:[^/\s@\"]+@")


@dataclass(frozen=True)
class StoredToken:
    """A settings file of git as it was found, and as it stands without the token."""

    file: Path
    found: bytes = field(repr=False)
    without: bytes = field(repr=False)


def take_away(tree: Path) -> tuple[StoredToken, ...]:
    """Rewrite git's settings below `tree` without tokens and return what was there; submodules included."""
    taken = []
    for file in (tree / ".git" / "config", *(tree / ".git" / "modules").glob("**/config")):
        if not file.is_file() or file.is_symlink():
            continue
        found = file.read_bytes()
        without = _PASSWORD.sub(b"", _HEADER.sub(b"", found))
        if without != found:
            file.write_bytes(without)
            taken.append(StoredToken(file, found, without))
    return tuple(taken)


def bring_back(taken: Iterable[StoredToken]) -> None:
    """Put the settings back as they were found, unless somebody else has changed them since."""
    for stored in taken:
        if stored.file.is_file() and not stored.file.is_symlink() and stored.file.read_bytes() == stored.without:
            stored.file.write_bytes(stored.found)
