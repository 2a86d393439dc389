"""Count the words that every report uses, whatever its subject: prints the lists of `redimento.context.commonplace`."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
sys.path.insert(0, str(BENCH))

import checkout  # noqa: E402 - the scorer's module, next to the data

from redimento.context.words import STOP, identifiers, terms  # noqa: E402 - as above

LEAST_SHARES = (0.4, 0.2, 0.08)


def shares() -> dict[str, float]:
    """Return for each stem the share of a repository's reports that contain it, averaged over the repositories."""
    having: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reports: Counter[str] = Counter()
    for case in checkout.load(("dev", "dev_verified")):
        reports[case["repo"]] += 1
        words = (word for word in identifiers(case["problem_statement"]) if word.lower() not in STOP)
        for stem in {stem for word in words for stem in terms(word)}:
            having[stem][case["repo"]] += 1
    return {
        stem: sum(count / reports[repo] for repo, count in found.items()) / len(reports)
        for stem, found in having.items()
    }


def main() -> None:
    """Print the stems of each list, sorted."""
    known = shares()
    most = 1.0
    for least in LEAST_SHARES:
        print(f"at least {least}:", *sorted(stem for stem, share in known.items() if least <= share < most))
        most = least


if __name__ == "__main__":
    main()
