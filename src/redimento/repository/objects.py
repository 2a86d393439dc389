"""Hand on what a fetch has brought to a checkout of the same commit that cannot fetch."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

from redimento.errors import UsageError
from redimento.repository.checkout import Checkout
from redimento.repository.store import private_git
from redimento.store.plain import made


@dataclass(frozen=True)
class _Packed:
    """A pack in base64. `cut`: the lines of the `shallow` file, which say where history ends."""

    pack: str
    cut: str


def packed(checkout: Checkout, commit: str) -> dict[str, str]:
    """Return as JSON the objects that a commit has and the checkout's own commit has not."""
    shallow = checkout.store.shallow
    cut = shallow.read_text() if shallow.is_file() else ""
    with private_git(checkout.store) as git:
        if cut:  # the fetch may have brought older commits of our own history, which the other checkout lacks
            (git.folder / "shallow").unlink()
            (git.folder / "shallow").write_text(f"{cut.rstrip()}\n{checkout.head}\n")
        wanted = f"{commit}\n^{checkout.head}\n"
        pack = git.run("pack-objects", "--quiet", "--revs", "--stdout", stdin=wanted.encode())
    return {"pack": b64encode(pack).decode(), "cut": cut}


def unpack(checkout: Checkout, told: Any) -> None:
    """Add what `packed` returned to the objects of a checkout. Raises UsageError, GitError."""
    try:
        found = made(_Packed, told)
        pack = b64decode(found.pack, validate=True)
    except ValueError as error:
        raise UsageError(f"The recorded objects of git cannot be read: {error}.", "Run the pipeline again.") from None
    with private_git(checkout.store) as git:
        git.run("index-pack", "--stdin", stdin=pack)
        if found.cut:
            before = checkout.store.shallow.read_text() if checkout.store.shallow.is_file() else ""
            lines = dict.fromkeys((*before.split(), *found.cut.split()))
            checkout.store.shallow.write_text("".join(f"{line}\n" for line in lines))
