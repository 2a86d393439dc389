"""How a value is stored: with its end and a code (HMAC-SHA-256) over key, end and value.

Whoever can write to a shared store could otherwise put an answer into it. Without a key the code still finds what was
cut off.
"""

from __future__ import annotations

import hashlib
import hmac


def seal(secret: bytes, key: str, value: bytes, ends: float) -> bytes:
    """Return the value as it is stored; `ends` in seconds since 1970."""
    head = f"{ends:.3f}\n".encode()
    return code(secret, key, head + value) + b"\n" + head + value


def unseal(secret: bytes, key: str, stored: bytes, now: float) -> bytes | None:
    """Return the value; None if it has ended, or is not what `seal` made for this key."""
    given, _, rest = stored.partition(b"\n")
    if not hmac.compare_digest(given, code(secret, key, rest)):
        return None
    head, _, value = rest.partition(b"\n")
    try:
        return value if float(head) > now else None
    except ValueError:  # without a secret anybody can make a code
        return None


def code(secret: bytes, key: str, rest: bytes) -> bytes:
    """Return the code of a value."""
    message = key.encode("utf-8", "backslashreplace") + b"\0" + rest
    return hmac.new(secret, message, hashlib.sha256).hexdigest().encode()
