"""Names of variables that no foreign command may see."""

from __future__ import annotations

import re

_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd$|credential|api_?key|access_?key|private_?key|auth|(^|_)pat$|^system_|gemini|^google_"
    r"|^git_|^ssh_|connection_?string|^ld_preload$",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Return whether a variable of this name probably contains a secret, or controls git and its credentials."""
    return _SECRET_NAME.search(name) is not None
