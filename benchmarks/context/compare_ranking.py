"""Score our ranker and the baselines on the same cases, in one table.

    python benchmarks/context/compare_ranking.py --peers PREFIX/bin/python --split dev,dev_verified
    python benchmarks/context/compare_ranking.py --peers PREFIX/bin/python --core

PREFIX is a virtual environment with numpy and aider, which the baselines need; aider depends on litellm, whose vocabulary
the scorer uses to count their tokens. Ours runs in the environment of this script and counts its own upper estimate. All
other options go to the scorer: --core, --set, --limit, --jobs … Acceptance criteria are always given.

The baselines rank whole files and the scorer packs them in that order; ours packs its own excerpts for each budget. A case
that a ranker fails on is a miss; the number of these is in brackets after its name.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BENCH = HERE.parents[2] / "shared" / "bench"
BUDGETS = (13_000, 27_000, 50_000, 128_000)  # tokens
SETS = ("lite", "verified", "pro", "java", "rust", "csharp")
Record = dict[str, Any]


@dataclass(frozen=True)
class Ranker:
    """Its name in the table, MODULE:FUNCTION for the scorer, and whether it is ours, which packs for each budget itself."""

    name: str
    function: str
    ours: bool = False


RANKERS = (
    Ranker("Redimento", "callables:redimento", ours=True),
    Ranker("fusion", "baselines:fusion"),
    Ranker("BM25, code-aware, tests out", "baselines:bm25_code"),
    # Last: it leaves its cache in the trees, which the others would read.
    Ranker("aider's repository map order, tests out", "baselines:aider_notests"),
)


def scored(ranker: Ranker, peers: str, trees: Path, options: Sequence[str]) -> list[Record]:
    """Score one ranker and return the record of every case."""
    out = trees / "records.jsonl"
    # The largest budget first: ours ranks a case once, so the seconds of the scorer are those of a whole choice.
    budgets = ",".join(str(budget) for budget in reversed(BUDGETS))
    subprocess.run(
        (
            *(sys.executable if ranker.ours else peers, str(BENCH / "score.py"), "--callable", ranker.function),
            *(("--per-budget",) if ranker.ours else ()),
            *("--criteria", "--budgets", budgets, "--trees", str(trees), "--out", str(out), *options),
        ),
        env={
            **os.environ,
            "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1] / 'src'}",
            "TQDM_DISABLE": "1",
        },  # aider draws a progress bar for every case
        stdout=subprocess.DEVNULL,  # the scorer's own table
        check=True,
    )
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    for record in records:
        if "error" in record:
            print(f"{ranker.name} failed on {record['id']}: {record['error']}", file=sys.stderr)
    return records


def row(name: str, records: Sequence[Record]) -> str:
    """Return one line of the table, all figures in percent."""

    def mean(key: str) -> str:
        return f"{100 * sum(record.get(key, 0) for record in records) / len(records):.1f}"

    failed = sum("error" in record for record in records)
    ranked = " / ".join(mean(f"acc@{k}") for k in (1, 3, 5, 10))
    whole = " / ".join(mean(f"all|{budget}") for budget in BUDGETS)
    lines = " / ".join(mean(f"lines|{budget}") for budget in BUDGETS)
    return f"| {name}{f' ({failed} failed)' if failed else ''} | {ranked} | {whole} | {lines} |"


def table(results: dict[str, list[Record]]) -> str:
    """Return the table: all rankers on all cases, then on each set."""
    lines = [
        "| | acc@1 / 3 / 5 / 10 | All @13k / 27k / 50k / 128k | Lines @13k / 27k / 50k / 128k |",
        "|---|---|---|---|",
    ]
    everything = next(iter(results.values()))
    lines += [row(f"**{name}**, all ({len(everything)})", records) for name, records in results.items()]
    for group in SETS:
        for name, records in results.items():
            chosen = [record for record in records if record["set"] == group]
            if chosen:
                lines.append(row(f"{name}, {group} ({len(chosen)})", chosen))
    return "\n".join(lines)


def main() -> None:
    """Score every ranker and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--peers", required=True, help="interpreter with numpy and aider")
    parser.add_argument("--without-aider", action="store_true", help="skip it: it takes nine seconds per case")
    options, passed = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as trees:
        rankers = RANKERS[:-1] if options.without_aider else RANKERS
        results = {ranker.name: scored(ranker, options.peers, Path(trees), passed) for ranker in rankers}
    print(table(results))


if __name__ == "__main__":
    main()
