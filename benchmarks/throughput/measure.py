"""Measure how many work items an hour one `redimento run --ids` carries to pull requests, with a model that takes its time.

python -m benchmarks.throughput.measure [--items N] [--at-once N] [--files N] [--seconds S]
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.run.measure import ANSWER, REDIMENTO, SETTINGS, STORY, write_repository
from benchmarks.run.organisation import ITEM, organised
from benchmarks.run.processes import Tree
from tests.models.gemini_server import Answer, GeminiServer, Received, text


class SlowServer(GeminiServer):
    """A service that thinks for some seconds before each answer, about any number of requests at a time."""

    def __init__(self, seconds: float, answer: Answer) -> None:
        super().__init__(answer)
        self.seconds = seconds

    def next_answer(self, request: Received) -> Answer:
        if request.path.endswith(":generateContent"):
            time.sleep(self.seconds)
        return super().next_answer(request)


def main() -> None:
    """Carry out all items at once, and print one row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--at-once", type=int, default=12)
    parser.add_argument("--files", type=int, default=20, help="size of the repository")
    parser.add_argument("--seconds", type=float, default=30, help="until the model answers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="redimento-throughput-") as name:
        folder = Path(name)
        write_repository(folder / "origin", options.files)
        config = folder / "settings.yml"
        config.write_text(json.dumps({**SETTINGS, "model": {"sdk": "google-genai"}}))
        with (
            SlowServer(options.seconds, text(ANSWER)) as gemini,
            organised(folder, folder / "origin", STORY, stories=options.items) as organisation,
        ):
            numbers = range(int(ITEM), int(ITEM) + options.items)
            checkout = organisation.checkout("job")
            environment = organisation.environment("job", GEMINI_API_KEY="none", GOOGLE_GEMINI_BASE_URL=gemini.url)
            words = ("run", "--ids", ",".join(map(str, numbers)), "--at-once", str(options.at_once), "--json")
            _print(options.items, [*REDIMENTO, *words, "--repo", str(checkout), "--config", str(config)], environment)


def _print(items: int, command: list[str], environment: dict[str, str]) -> None:
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        tree = Tree(process.pid)
        sampler = threading.Thread(target=tree.sample)
        sampler.start()
        out, _ = process.communicate()
        wall = time.perf_counter() - began
        tree.ended.set()
        sampler.join()
    if not re.search(r"^\{", out):
        raise SystemExit(f"The command ended with {process.returncode} and no result.")
    ended = json.loads(out)["items"]
    delivered = sum(one["outcome"] == "delivered" for one in ended)
    print(f"{'items':>8}{'delivered':>11}{'wall s':>9}{'items/hour':>12}{'processor s/item':>18}{'all MB':>8}")
    print(
        f"{items:8}{delivered:11}{wall:9.0f}{delivered / wall * 3600:12.0f}{tree.processor / items:18.2f}{tree.memory:8.0f}"
    )
    sys.exit(delivered != items)


if __name__ == "__main__":
    main()
