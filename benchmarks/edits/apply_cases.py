"""Apply edit cases in the scorer's format, through the program's own code.

`apply(files, edits)` takes {path: text} and [{path, search, replace, allow_multiple?, delete?, create?}] and returns
{"files": {changed path: text}} or {"error": reason}. All or nothing, as in a run. Only applying edits is measured: the
guards (paths, limits, syntax, secrets) check results and have their own tests.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from redimento.change import apply as application
from redimento.change.beneath import BlockedError, Found
from redimento.change.edit import Delete, Edit, Replace, WriteWhole


def apply(files: dict[str, str], edits: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the changed files, or why the edits are refused."""

    def read(path: str) -> Found | None:
        if any(name.startswith(path + "/") for name in files):
            raise BlockedError("is a directory")
        return Found(files[path].encode(), 0o100644) if path in files else None

    applied = application.apply([_edit(edit) for edit in edits], read)
    if applied.refusals:
        return {"error": applied.refusals[0].reason}
    changed = {path: found.content.decode() for path, found in applied.files.items() if found is not None}
    return {"files": {path: text for path, text in changed.items() if text != files.get(path)}}


def _edit(edit: dict[str, Any]) -> Edit:
    if edit.get("delete"):
        return Delete(edit["path"])
    if edit.get("create"):
        return WriteWhole(edit["path"], edit["replace"])
    return Replace(edit["path"], edit["search"], edit["replace"], everywhere=bool(edit.get("allow_multiple")))


if __name__ == "__main__":
    case = json.load(sys.stdin)
    json.dump(apply(case["files"], case["edits"]), sys.stdout)
