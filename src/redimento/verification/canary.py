"""A test of the harness that has to fail in every run of a check. Where it does not, the judge is broken.

Only pytest lets us add one from outside, without an edit in the tree and without another exit code.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from redimento.sandbox.bench import Workbench
from redimento.settings import CheckCommand
from redimento.text.wording import Sentence
from redimento.verification.evidence import CheckResult, Ending
from redimento.verification.runners import plain_words

_MODULE = "redimento_canary"


@cache
def _name() -> str:
    return f"test_{uuid.uuid4().hex[:12]}"  # as any other test, and not to be known beforehand


def with_canary(bench: Workbench, command: CheckCommand) -> CheckCommand:
    """Return the command with the canary in its environment, if it is a plain call of pytest."""
    words = plain_words(command.run)
    names = [word.rpartition("/")[2] for word in words[:4]]
    if not command.junit or not {"pytest", "py.test"} & set(names) or {"-I", "-E"} & set(words):
        return command
    folder = bench.scratch / "canary"
    if not folder.is_dir():
        folder.mkdir(mode=0o755)
        plugin = files("redimento.verification").joinpath("canary_plugin.py").read_text("utf-8")
        (folder / f"{_MODULE}.py").write_text(plugin, "utf-8")
    env = {**bench.environment(), **command.env}
    added = {
        "PYTEST_ADDOPTS": f"{env.get('PYTEST_ADDOPTS', '')} -p {_MODULE}".strip(),
        "PYTHONPATH": ":".join(filter(None, (env.get("PYTHONPATH", ""), str(folder)))),
        "REDIMENTO_CANARY": _name(),
    }
    return replace(command, env={**command.env, **added})


def without_canary(result: CheckResult) -> CheckResult:
    """Return the result without the canary among its tests; `canary` says how it ended."""
    found = [test for test in result.tests if _name() in test.id]
    if not found:
        return result
    ending: Ending = "failed" if all(test.fails for test in found) else "passed"
    output = "".join(line for line in result.output.splitlines(keepends=True) if _name() not in line)
    others = tuple(test for test in result.tests if test not in found)
    return replace(result, tests=others, canary=ending, output=output)


def silenced(before: Sequence[CheckResult], result: CheckResult) -> str:
    """Return a sentence if the canary failed on the untouched tree, as it should, and does not in this run."""
    sang = any(one.name == result.name and one.canary == "failed" for one in before)
    if not sang or result.skipped or result.reason or result.canary == "failed":
        return ""
    # A run that stops while it collects tests runs none: its exit code says so.
    if result.canary == "absent" and (result.exit_code or not result.tests):
        return ""
    return Sentence("canary_silenced")
