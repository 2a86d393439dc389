"""Write the signals of every development case to a file, for `fit.py`: gather.py OUT [--jobs N] [--core] [--history].

With --history the trees are git checkouts with the history before the commit of the case, and past commits count.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
sys.path.insert(0, str(BENCH))

import checkout  # noqa: E402 - the scorer's module, next to the data
from callables import tree_of  # noqa: E402 - next to this script

from redimento.context.close_reading import read_closely, second_signals  # noqa: E402 - as above
from redimento.context.clues import read_clues  # noqa: E402 - as above
from redimento.context.imports import import_graph  # noqa: E402 - as above
from redimento.context.past import past_commits, past_signals  # noqa: E402 - as above
from redimento.context.ranking import shortlist  # noqa: E402 - as above
from redimento.context.signals import Signal  # noqa: E402 - as above
from redimento.context.survey import listed, survey  # noqa: E402 - as above


def signals_of(case: dict[str, Any], folder: str, *, history: bool) -> dict[str, Any]:
    """Return the signals of the shortlist of one case, and which files are gold."""
    checkout.materialise(case["mirror"], case["base_commit"], folder, git=history)
    tree = tree_of(folder)
    text = case["problem_statement"]
    if case.get("acceptance_criteria"):
        text += "\n\nAcceptance criteria:\n" + case["acceptance_criteria"]
    clues = read_clues(text)
    files = survey(tree, listed(tree.entries(), ()), clues)
    chosen, first = shortlist(files, import_graph(files), clues)
    readings = read_closely(tree, chosen, clues)
    signals = first | second_signals(readings)
    past: dict[str, Signal] = {}
    if history:
        past, _ = past_signals(past_commits(tree), chosen, clues, place=signals["place"], text=signals["text"])
    gold = set(case["gold_files"])
    return {
        "id": case["id"],
        "set": case["set"],
        "repo": case["repo"],
        "missed": len(gold - {file.path for file in chosen}),
        "paths": [file.path for file in chosen],
        "gold": [int(file.path in gold) for file in chosen],
        "asked": [int(file.asked and file.role != "test") for file in chosen],
        "signals": {name: [round(value, 5) for value in signal] for name, signal in signals.items()},
        "past": {name: [round(value, 5) for value in signal] for name, signal in past.items()},
        "segments": [
            [
                [s.first, s.last, bool(s.signature), s.name, round(fit, 4)]
                for s, fit in zip(r.segments, r.fits, strict=True)
            ]
            if r.file.path in gold
            else []
            for r in readings
        ],
    }


def _work(job: tuple[list[dict[str, Any]], str, bool]) -> list[dict[str, Any]]:
    cases, folder, history = job
    return [signals_of(case, folder, history=history) for case in cases]


def main() -> None:
    """Gather, at most 30 cases of one repository per process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--core", action="store_true")
    parser.add_argument("--history", action="store_true")
    parser.add_argument("--trees", default="/tmp/bench-trees")
    options = parser.parse_args()
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in checkout.load(("dev", "dev_verified")):
        if case.get("core") or not options.core:
            groups[case["mirror"]].append(case)
    Path(options.trees).mkdir(parents=True, exist_ok=True)
    jobs = [
        (cases[start : start + 30], f"{options.trees}/{mirror}.{start}", options.history)
        for mirror, cases in groups.items()
        for start in range(0, len(cases), 30)
    ]
    jobs.sort(key=lambda job: -len(job[0]))
    with multiprocessing.Pool(options.jobs, maxtasksperchild=1) as pool, options.out.open("w") as out:
        for records in pool.imap_unordered(_work, jobs):
            for record in records:
                out.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
