"""Fit where in a gold file the change is, from the output of `gather.py`: fit_places.py IN (needs numpy).

A softmax over the segments of each gold file; the target is each segment's share of the gold lines.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import numpy as np

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
sys.path.insert(0, str(BENCH))

import checkout  # noqa: E402 - the scorer's module, next to the data

from redimento.context.clues import read_clues  # noqa: E402 - as above
from redimento.context.packing import PLACE_SIGNALS, place_signals  # noqa: E402 - as above
from redimento.context.segments import Segment  # noqa: E402 - as above

PENALTY = 0.5
FOLDS = 5

Sample = tuple[str, np.ndarray, np.ndarray]


def samples(source: Path) -> list[Sample]:
    """Return the repository, signals (segments by names) and shares of gold lines of each gold file that was read."""
    cases = {case["id"]: case for case in checkout.load(("dev", "dev_verified"))}
    found: list[Sample] = []
    for line in source.read_text().splitlines():
        record = json.loads(line)
        case = cases[record["id"]]
        text = case["problem_statement"]
        if case.get("acceptance_criteria"):
            text += "\n\nAcceptance criteria:\n" + case["acceptance_criteria"]
        clues = read_clues(text)
        for path, cut in zip(record["paths"], record["segments"], strict=True):
            spans = case["gold_spans"].get(path)
            if not cut or not spans:
                continue
            segments = tuple(Segment(first, last, name, first if head else 0) for first, last, head, name, _ in cut)
            matrix = np.array(place_signals(segments, [row[4] for row in cut], clues))
            gold = [sum(max(0, min(b, s.last) - max(a, s.first) + 1) for a, b in spans) for s in segments]
            if sum(gold):
                found.append((record["repo"], matrix, np.array(gold) / sum(gold)))
    return found


def fit(chosen: list[Sample]) -> np.ndarray:
    """Return the weights that make the gold segments most likely, by damped Newton steps."""
    width = len(PLACE_SIGNALS)
    weights = np.zeros(width)
    for _ in range(30):
        gradient = -PENALTY * weights
        hessian = PENALTY * np.eye(width)
        for _, matrix, share in chosen:
            likely = np.exp(matrix @ weights - (matrix @ weights).max())
            likely /= likely.sum()
            mean = likely @ matrix
            gradient = gradient + share @ matrix - mean
            hessian += (matrix * likely[:, None]).T @ matrix - np.outer(mean, mean)
        step = np.linalg.solve(hessian, gradient)
        weights += step * min(1.0, 1.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-3:
            break
    return weights


def reached(chosen: list[Sample], weights: np.ndarray, lines: float) -> float:
    """Return the mean share of gold lines in the best places that add up to `lines` lines of a file."""
    shares = []
    for _, matrix, share in chosen:
        sizes = np.exp(matrix[:, PLACE_SIGNALS.index("lines")])
        order = np.argsort(-(matrix @ weights) + np.log(sizes))
        inside = np.cumsum(sizes[order]) <= max(lines, sizes[order][0])
        shares.append(share[order][inside].sum())
    return float(np.mean(shares))


def main() -> None:
    """Print the weights, and the cross-validated share of the gold lines in the best 60, 150 and 400 lines."""
    found = samples(Path(sys.argv[1]))
    fold = [zlib.crc32(repo.encode()) % FOLDS for repo, _, _ in found]
    for lines in (60, 150, 400):
        shares = []
        for number in range(FOLDS):
            weights = fit([one for one, own in zip(found, fold, strict=True) if own != number])
            held = [one for one, own in zip(found, fold, strict=True) if own == number]
            shares.append((reached(held, weights, lines), len(held)))
        print(lines, "lines:", round(sum(a * n for a, n in shares) / sum(n for _, n in shares), 3))
    print({name: round(float(weight), 2) for name, weight in zip(PLACE_SIGNALS, fit(found), strict=True)})


if __name__ == "__main__":
    main()
