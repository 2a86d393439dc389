"""Plays the step: holds a token in environment and memory, and runs one command as a check.

Arguments: tree, scratch, isolation, "protected" or "bare", and the command. Prints the result as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Literal, cast

from redimento.errors import RedimentoError
from redimento.sandbox.bench import close_workbench, execute, open_workbench
from redimento.sandbox.isolation import protect_process
from redimento.settings import CheckCommand, CheckSettings


def main() -> None:
    tree, scratch, isolation, protection, *command = sys.argv[1:]
    if protection == "protected":
        protect_process()
    token = os.environ["SYSTEM_ACCESSTOKEN"]
    settings = CheckSettings(
        commands=(CheckCommand("check", tuple(command)),),
        isolation=cast("Literal['auto', 'process', 'user']", isolation),
    )
    try:
        bench = open_workbench(Path(tree), settings, Path(scratch))
    except RedimentoError as error:
        json.dump({"refused": str(error)}, sys.stdout)
        return
    ended = execute(bench, command, timeout_seconds=60)
    close_workbench(bench)
    left = sorted(path.name for path in Path(tree).rglob("*") if path.stat().st_uid != os.getuid())
    answer = {
        "kind": bench.isolation.kind,
        "why": bench.isolation.reason,
        "exit": ended.exit_code,
        "reason": ended.reason,
        "output": ended.output.replace(token, "STOLEN"),
        "left": [*left, *(["scratch"] if Path(scratch).exists() else [])],
    }
    json.dump(answer, sys.stdout)


main()
