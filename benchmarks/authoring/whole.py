"""Take cases through the whole program: what the quick form leaves out must not change what comes out.

    python -m benchmarks.authoring.whole [--point P,Q] [--smart] [--limit N] [--only ID] …   (the options of yield_of)

`redimento run --work-item-file` with the oracle as the service on loopback, the checks as a command, and git. A case is right
if the branch has the tree that was merged. About ten seconds for each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.authoring import hunks, yield_of
from benchmarks.authoring.oracle import Oracle
from benchmarks.authoring.trees import Ground, ground
from redimento.models.port import Message
from tests.models.gemini_server import Answer, GeminiServer, Received, text

_LONGEST_RUN = 900  # seconds


class OracleServer(GeminiServer):
    """A Gemini service on loopback that the oracle answers for."""

    def __init__(self, oracle: Oracle) -> None:
        super().__init__(text(""))
        self.oracle = oracle

    def next_answer(self, request: Received) -> Answer:
        if not request.path.endswith(":generateContent"):
            return super().next_answer(request)
        sent = request.body
        messages = [
            Message("model" if content.get("role") == "model" else "user", _text(content))
            for content in sent["contents"]
        ]
        limit = sent["generationConfig"]["maxOutputTokens"]
        said, cut = self.oracle.answer(_text(sent["systemInstruction"]), messages, limit)
        tokens = self.oracle.calls[-1].tokens
        return text(said, finish="MAX_TOKENS" if cut else "STOP", prompt=tokens, output=max(1, len(said) // 4))


def _text(content: Mapping[str, Any]) -> str:
    return "".join(part.get("text", "") for part in content["parts"])


def run_of(ready: Ground, p: float, q: float, *, smart: bool) -> dict[str, Any]:
    """Run the program once, and return its result with `right`, and the number of calls."""
    oracle = Oracle(ready.case, ready.before, ready.after, ready.paths, p, q, smart)
    folder = ready.root.parent
    hunks.write_spec(folder / "spec.json", ready.case.blocks, ready.before, ready.after)
    check = [sys.executable, str(Path(hunks.__file__)), str(folder / "spec.json"), ".oracle-junit.xml"]
    command = {"name": "oracle", "run": check, "junit": ".oracle-junit.xml", "timeout": 60}
    config = folder / "settings.yml"
    config.write_text(json.dumps({"checks": {"isolation": "process", "commands": [command]}}))
    with OracleServer(oracle) as server, tempfile.TemporaryDirectory(dir=folder) as home:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GEMINI", "GOOGLE"))},
            "GEMINI_API_KEY": "none",
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "HOME": home,
        }
        done = subprocess.run(
            [
                *(sys.executable, "-m", "redimento", "run", "--work-item-file", ready.item_file, "--repo", ready.root),
                *("--config", config, "--run-dir", folder / "run", "--json"),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LONGEST_RUN,
            check=False,
        )
    lines = done.stdout.strip().splitlines()
    result = json.loads(lines[-1]) if lines else {"sentence": done.stderr[-300:]}
    branches = _git(ready.root, "for-each-ref", "--format=%(refname)", "refs/heads").split()
    trees = [
        _git(ready.root, "rev-parse", f"{name}^{{tree}}").strip() for name in branches if name != "refs/heads/main"
    ]
    return {**result, "right": trees == [ready.case.tree], "calls": len(oracle.calls)}


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", root, *arguments], check=True, capture_output=True, text=True).stdout


def main() -> None:
    options = yield_of.options(_with_point)
    p, q = map(float, options.point.split(","))
    cases, right = yield_of.cases(options), 0
    for case in cases:
        with ground(case, options.mirrors, options.trees, whole=True) as ready:
            result = run_of(ready, p, q, smart=options.smart)
        right += result["right"]
        verdict = "right" if result["right"] else "WRONG"
        print(f"{case.id[:48]:48} {verdict} calls {result['calls']:2d} {result.get('sentence', '')[:120]}", flush=True)
    print(f"\n{right} of {len(cases)} right.")


def _with_point(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--point", default="0.2,0.5")


if __name__ == "__main__":
    main()
