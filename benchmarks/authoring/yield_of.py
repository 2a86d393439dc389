"""Measure how often a right change gets through the conversation.

    python -m benchmarks.authoring.yield_of [--points "0,0 0.2,0.5"] [--smart] [--sets lite,pro] [--limit N] [--part K/N]
        [--only ID] [--trees FOLDER] [--log FILE] [--dump FOLDER]

One line for each case and point, then a row of the table for each point. Needs `../shared/bench/gold` and bare mirrors in the
folder that `BENCH_MIRROR` names. `--log` keeps what every call held, in numbers; `--dump` the requests and answers.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.authoring.attempts import Ending, OracleModel, attempted
from benchmarks.authoring.gold import Case, read_cases
from benchmarks.authoring.oracle import Oracle
from benchmarks.authoring.trees import ground

GOLD = Path(__file__).resolve().parents[3] / "shared" / "bench" / "gold" / "dev.jsonl"
HEAD = (
    "| p, q | cases | whole tree | all source files | calls | prompt tokens | $ | $ cached | the same beginning | lost to |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    given = options(lambda parser: parser.add_argument("--points", default="0,0 0.2,0 0,0.5 0.2,0.5"))
    points = [tuple(map(float, point.split(","))) for point in given.points.split()]
    endings: list[Ending] = []
    for case in cases(given):
        with ground(case, given.mirrors, given.trees) as ready:
            for p, q in points:
                ending, oracle, model = attempted(ready, p, q, smart=given.smart)
                ending = replace(ending, cause="" if ending.right else cause(ending, oracle))
                endings.append(ending)
                print(line(ending), flush=True)
                _keep(given, ending, oracle, model)
    print(f"\n{HEAD}")
    for p, q in points:
        print(row([ending for ending in endings if (ending.p, ending.q) == (p, q)]))
    for name, why in sorted({(ending.case, ending.barred) for ending in endings if ending.barred}):
        print(f"\nBarred by a guard, and not counted: {name}: {why}")


def cause(ending: Ending, oracle: Oracle) -> str:
    """Return in a few words why a block of the change got lost."""
    if ending.outcome == "failed":
        return ending.sentence[:100]
    if ending.outcome == "asked":
        return "asked people"
    ever_sent = {
        number for call in oracle.calls if call.flaw not in {"prose", "cut head", "diff"} for number in call.sent
    }
    sendable = {number for call in oracle.calls for number in call.sendable}
    known = {path for call in oracle.calls for path in call.known}
    for number, block in enumerate(oracle.case.blocks):
        if block.path not in ending.wrong:
            continue
        if number not in sendable:
            return "path known, lines never shown" if block.path in known else "path never known"
        if number not in ever_sent:
            return "shown, not sent in time"
    return "sent, lost later" if ending.wrong else f"stray files: {', '.join(ending.stray)}"


def line(ending: Ending) -> str:
    verdict = "right" if ending.right else "WRONG" if not ending.barred else "barred"
    return (
        f"{ending.case[:48]:48} {ending.p},{ending.q} {verdict:6} {ending.outcome:8} calls {ending.calls:2d} "
        f"tokens {ending.tokens:7d} ${ending.usd:.3f} {ending.cause}"
    )


def row(endings: Sequence[Ending]) -> str:
    """Return a row of the table: the cases that no guard bars."""
    counted = [ending for ending in endings if not ending.barred]
    size = len(counted) or 1
    later = sum(ending.later for ending in counted) or 1
    causes = Counter(ending.cause for ending in counted if not ending.right)
    return (
        f"| {endings[0].p:g}, {endings[0].q:g} | {len(counted)} | {_percent(sum(e.right for e in counted), size)} "
        f"| {_percent(sum(e.source_right for e in counted), size)} | {sum(e.calls for e in counted) / size:.1f} "
        f"| {sum(e.tokens for e in counted) / size / 1000:.0f}k | {sum(e.usd for e in counted) / size:.3f} "
        f"| {sum(e.usd_cached for e in counted) / size:.3f} "
        f"| {_percent(sum(e.repeated for e in counted), later)} "
        f"| {', '.join(f'{count} {why}' for why, count in causes.most_common())} |"
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _keep(given: argparse.Namespace, ending: Ending, oracle: Oracle, model: OracleModel) -> None:
    if given.log:
        with given.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(ending), "log": [asdict(call) for call in oracle.calls]}) + "\n")
    if given.dump:
        given.dump.mkdir(parents=True, exist_ok=True)
        for number, (asked, answered) in enumerate(zip(model.prompts, model.answers, strict=True), 1):
            name = f"{ending.case}-{ending.p}-{ending.q}-{number:02d}.md"
            (given.dump / name).write_text(f"{asked}\n\n=== ANSWER ===\n\n{answered}", "utf-8")


def cases(given: argparse.Namespace) -> list[Case]:
    if not given.gold.exists():
        sys.exit(f"There are no merged changes in {given.gold}: name the file with --gold.")
    wanted = [case for case in read_cases(given.gold) if not given.only or given.only in case.id]
    wanted = [case for case in wanted if not given.sets or case.set in given.sets.split(",")]
    number, parts = map(int, given.part.split("/"))
    return wanted[: given.limit][number::parts]


def options(add: Callable[[argparse.ArgumentParser], object]) -> argparse.Namespace:
    """Return the options of a command that takes cases; `add` adds its own."""
    parser = argparse.ArgumentParser()
    add(parser)
    parser.add_argument("--smart", action="store_true")
    parser.add_argument("--sets", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--gold", type=Path, default=GOLD)
    parser.add_argument("--mirrors", type=Path, default=Path(os.environ.get("BENCH_MIRROR", ".")))
    parser.add_argument("--trees", type=Path, default=Path("/tmp/redimento-oracle-trees"))
    parser.add_argument("--log", type=Path)
    parser.add_argument("--dump", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
