"""Decide whether a push may move a reference: one rule for git (as update hook) and for REST.

This file also runs on its own, as the `update` hook of every repository, so it must not import the package.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection

ZERO = "0" * 40
PROTECTED = "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch."


def refusal(
    reference: str,
    old: str,
    new: str,
    *,
    protected: Collection[str],
    denied: Collection[str],
    is_ancestor: Callable[[str, str], bool],
) -> tuple[str, str] | None:
    """Return why a reference must not move (the `updateStatus` of a REST answer and a sentence), None if it may."""
    if reference in protected:
        return "rejectedByPolicy", PROTECTED
    if old == ZERO and "CreateBranch" in denied:
        return "createBranchPermissionRequired", _needs("CreateBranch")
    if "GenericContribute" in denied:
        return "writePermissionRequired", _needs("GenericContribute")
    if old != ZERO and "ForcePush" in denied and (new == ZERO or not is_ancestor(old, new)):
        return "forcePushRequired", _needs("ForcePush")
    return None


def _needs(right: str) -> str:
    return f"TF401027: You need the Git '{right}' permission to perform this action."


def _descends(old: str, new: str) -> bool:
    return subprocess.run(["git", "merge-base", "--is-ancestor", old, new], check=False).returncode == 0  # noqa: S603, S607 - inside git's own hook


def _hook() -> int:
    reference, old, new = sys.argv[1:4]
    rules = json.loads(os.environ["EMULATOR_POLICY"])
    reason = refusal(reference, old, new, protected=rules["protected"], denied=rules["denied"], is_ancestor=_descends)
    if reason is None:
        return 0
    sys.stderr.write(f"{reason[1]}\n")
    return 1


if __name__ == "__main__":
    sys.exit(_hook())
