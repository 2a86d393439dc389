"""Tokens that the checkout step stored in git's settings: removed while commands run, restored afterwards.

`persistCredentials: true` writes the job's token to `.git/config`, where every command in the tree can read it. Later
steps of the job may need it, so it is restored. A killed run does not restore it: its job is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# The header that the agent stores (azure-pipelines-agent, GitSourceProvider.cs), and a password in the URL of a remote.
# A user name alone (https://org@dev.azure.com/…) is not a secret.
_HEADER = re.compile(rb"^[^\S\n]*extraheader[^\S\n]*=.*(?:\\\n.*)*\n?", re.IGNORECASE | re.MULTILINE)
_PASSWORD = re.compile(rb"(?<=://)[^/\s:@\"]*:[^/\s@\"]+@")


@dataclass(frozen=True)
class StoredToken:
    """One of git's settings files, with and without its token."""

    file: Path
    original: bytes = field(repr=False)
    stripped: bytes = field(repr=False)


def remove_tokens(tree: Path) -> tuple[StoredToken, ...]:
    """Remove tokens from git's settings in `tree`, submodules included, and return what was removed."""
    removed = find_tokens(tree)
    for token in removed:
        token.file.write_bytes(token.stripped)
    return removed


def find_tokens(tree: Path) -> tuple[StoredToken, ...]:
    """Return the tokens in git's settings in `tree`, submodules included."""
    found = []
    for file in (tree / ".git" / "config", *(tree / ".git" / "modules").glob("**/config")):
        if not file.is_file() or file.is_symlink():
            continue
        original = file.read_bytes()
        stripped = _PASSWORD.sub(b"", _HEADER.sub(b"", original))
        if stripped != original:
            found.append(StoredToken(file, original, stripped))
    return tuple(found)


def restore_tokens(removed: Iterable[StoredToken]) -> None:
    """Restore the settings, except for files that were changed in the meantime."""
    for token in removed:
        if token.file.is_file() and not token.file.is_symlink() and token.file.read_bytes() == token.stripped:
            token.file.write_bytes(token.original)
