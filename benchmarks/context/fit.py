"""Fit the weights of the signals on what `gather.py` wrote: fit.py IN [--ablate] (needs numpy, which the product does not).

Listwise softmax over the shortlist of each case, every gold file against all others, with an L2 penalty. The figures are
cross-validated by repository: no case is judged by weights that have seen its repository.
"""

from __future__ import annotations

import argparse
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PENALTY = 0.5
FOLDS = 5
PAST_SIGNALS = ("message", "together")
PAST_PENALTY = 0.01
AHEAD = 1000  # lifts the files that the item names above all others
# Signals that say the same in two ways are left out together.
TOGETHER = (
    *(("place", "places"), ("text",), ("title",), ("path",), ("defines",), ("mentioned",), ("stem",), ("test",)),
    *(("imported", "importing"), ("tested",), ("folder",), ("pairs",), ("phrase",)),
    ("place", "places", "pairs", "phrase"),
)
STRONG = ("text", "place", "title", "path", "defines", "tested", "pairs")


@dataclass(frozen=True)
class Case:
    """One case: its record, the signals (files by names), and which files are gold."""

    record: dict[str, Any]
    matrix: np.ndarray
    gold: np.ndarray


def load(path: Path, names: list[str]) -> list[Case]:
    """Read the cases; `names` are the signals that become columns."""
    cases = []
    for line in path.read_text().splitlines():
        record = json.loads(line)
        matrix = np.array([record["signals"][name] for name in names]).T
        cases.append(Case(record, matrix, np.array(record["gold"], dtype=bool)))
    return cases


def fit(cases: list[Case], width: int, penalty: float = PENALTY) -> np.ndarray:
    """Return the weights that make gold files most likely, by Newton's method; steps that overshoot are halved."""
    weights = np.zeros(width)
    value, gradient, hessian = likelihood(cases, weights, penalty)
    for _ in range(40):
        step = np.linalg.solve(hessian, gradient)
        while True:
            tried = likelihood(cases, weights + step, penalty)
            if tried[0] >= value - 1e-9 or np.abs(step).max() < 1e-5:
                break
            step /= 2
        weights = weights + step
        value, gradient, hessian = tried
        if np.abs(step).max() < 1e-3:
            break
    return weights


def likelihood(cases: list[Case], weights: np.ndarray, penalty: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the penalised log-likelihood, its gradient, and its negated second derivatives."""
    value = -penalty * float(weights @ weights) / 2
    gradient = -penalty * weights
    hessian = penalty * np.eye(len(weights))
    for case in cases:
        if not case.gold.any() or case.gold.all():
            continue
        scores = case.matrix @ weights
        others = case.matrix[~case.gold]
        share = 1 / case.gold.sum() ** 0.5
        for number in np.flatnonzero(case.gold):
            block = np.vstack([others, case.matrix[number]])
            own = np.append(scores[~case.gold], scores[number])
            top = own.max()
            values = np.exp(own - top)
            likely = values / values.sum()
            mean = likely @ block
            value += share * (scores[number] - top - float(np.log(values.sum())))
            gradient = gradient + share * (case.matrix[number] - mean)
            hessian += share * ((block * likely[:, None]).T @ block - np.outer(mean, mean))
    return value, gradient, hessian


def figures(cases: list[Case], weights_of: dict[int, np.ndarray]) -> dict[str, list[float]]:
    """Return acc@1/3/5/10/20 in percent for each set of cases."""
    groups: dict[str, list[list[bool]]] = {}
    for number, case in enumerate(cases):
        asked = np.array(case.record["asked"]) * AHEAD
        order = np.argsort(-(case.matrix @ weights_of[number] + asked), kind="stable")
        gold = {int(place) for place in np.flatnonzero(case.gold)}
        hits = [not case.record["missed"] and gold <= set(order[:k].tolist()) for k in (1, 3, 5, 10, 20)]
        kinds = [case.record["set"], "all"]
        if case.record["set"] not in ("csharp", "verified"):
            kinds.append("dev without C#")
        for kind in kinds:
            groups.setdefault(kind, []).append(hits)
    return {
        kind: [100 * float(np.mean(column)) for column in np.array(rows).T] for kind, rows in sorted(groups.items())
    }


def cross_validated(cases: list[Case], width: int) -> dict[str, list[float]]:
    """Return the figures with weights that never saw the repository they judge."""
    fold = [zlib.crc32(case.record["repo"].encode()) % FOLDS for case in cases]
    fitted = [
        fit([case for case, own in zip(cases, fold, strict=True) if own != number], width) for number in range(FOLDS)
    ]
    return figures(cases, {number: fitted[own] for number, own in enumerate(fold)})


def _with_past(case: Case, weights: np.ndarray) -> Case:
    """Return the case with three columns: the score of `weights`, and the signals of past commits."""
    rows = [case.matrix @ weights, *(np.array(case.record["past"][name]) for name in PAST_SIGNALS)]
    return Case(case.record, np.array(rows).T, case.gold)


def past_validated(cases: list[Case], width: int) -> dict[str, list[float]]:
    """Return the figures with the history; neither stage has seen the repository it judges."""
    fold = [zlib.crc32(case.record["repo"].encode()) % FOLDS for case in cases]
    weights_of: dict[int, np.ndarray] = {}
    columns: dict[int, Case] = {}
    for number in range(FOLDS):
        known = [case for case, own in zip(cases, fold, strict=True) if own != number]
        base = fit(known, width)
        past = fit([_with_past(case, base) for case in known], 1 + len(PAST_SIGNALS), PAST_PENALTY)
        for place, (case, own) in enumerate(zip(cases, fold, strict=True)):
            if own == number:
                columns[place], weights_of[place] = _with_past(case, base), past
    return figures([columns[place] for place in range(len(cases))], weights_of)


def show(title: str, table: dict[str, list[float]]) -> None:
    """Print a table, one line per set."""
    print(title)
    for kind, values in table.items():
        print(f"  {kind:16}" + " / ".join(f"{value:5.1f}" for value in values))


def main() -> None:
    """Fit, judge, and print the weights in the form of `weights.py`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--without", default="")
    options = parser.parse_args()
    first = json.loads(options.source.open().readline())
    names = [name for name in first["signals"] if name not in options.without.split(",")]
    cases = load(options.source, names)
    named = [gold for case in cases for gold, asked in zip(case.gold, case.record["asked"], strict=True) if asked]
    print(f"{len(named)} files are named by path, {sum(named)} of them are changed")
    print("shortlist misses", sum(bool(case.record["missed"]) for case in cases), "of", len(cases))
    show("cross-validated by repository", cross_validated(cases, len(names)))
    weights = fit(cases, len(names))
    show("fitted on all", figures(cases, dict.fromkeys(range(len(cases)), weights)))
    print("{" + ", ".join(f'"{name}": {weight:.2f}' for name, weight in zip(names, weights, strict=True)) + "}")
    if cases[0].record["past"]:
        show("with the history, cross-validated", past_validated(cases, len(names)))
        past = fit([_with_past(case, weights) for case in cases], 1 + len(PAST_SIGNALS), PAST_PENALTY)
        print(dict(zip(("score", *PAST_SIGNALS), past.round(2).tolist(), strict=True)))
    if options.ablate:
        ablate(options.source, names)


def ablate(source: Path, names: list[str]) -> None:
    """Print the rows of the README: all signals, all without some, each strong one with only `test` added."""
    rows = [("all signals", names)]
    rows += [(f"without {', '.join(gone)}", [name for name in names if name not in gone]) for gone in TOGETHER]
    rows += [(f"only {name} and test", [name, "test"]) for name in STRONG]
    for title, kept in rows:
        table = cross_validated(load(source, kept), len(kept))
        columns = (
            " / ".join(f"{value:.1f}" for value in table[kind][:4]) for kind in ("lite", "pro", "dev without C#")
        )
        print(f"| {title} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main()
