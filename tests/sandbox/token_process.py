"""Plays the step: holds a token in environment and memory, and runs one command as a check.

Arguments: tree, scratch, isolation, "protected" or "bare", the address of a git server that is asked after the check
("" for none), whether checks have network, and the command. Prints the result as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Literal, cast

from redimento.errors import GitError, RedimentoError
from redimento.repository.checkout import open_checkout
from redimento.repository.remote import Credentials, heads
from redimento.sandbox.bench import close_workbench, execute, open_workbench
from redimento.sandbox.isolation import protect_process
from redimento.settings import CheckCommand, CheckSettings


def main() -> None:
    tree, scratch, isolation, protection, url, network, *command = sys.argv[1:]
    if protection == "protected":
        protect_process()
    token = os.environ.pop("SYSTEM_ACCESSTOKEN")
    settings = CheckSettings(
        commands=(CheckCommand("check", tuple(command)),),
        isolation=cast("Literal['auto', 'process', 'user']", isolation),
        network=network == "True",
    )
    try:
        bench = open_workbench(Path(tree), settings, Path(scratch))
    except RedimentoError as error:
        json.dump({"refused": str(error)}, sys.stdout)
        return
    ended = execute(bench, command, timeout_seconds=60)
    close_workbench(bench)
    if url:
        with contextlib.suppress(GitError):  # the server refuses everything, slowly
            heads(open_checkout(Path(tree)), Credentials(url, token))
    left = sorted(path.name for path in Path(tree).rglob("*") if path.stat().st_uid != os.getuid())
    answer = {
        "kind": bench.isolation.kind,
        "why": bench.isolation.reason,
        "said": bench.isolation.sentences,
        "hostile": ended.hostile,
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "exit": ended.exit_code,
        "reason": ended.reason,
        "output": ended.output.replace(token, "STOLEN"),
        "left": [*left, *(["scratch"] if Path(scratch).exists() else [])],
    }
    json.dump(answer, sys.stdout)


main()
