"""Many runs as one page: how they ended, how long they took, what they cost, and what people made of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Protocol, get_args
from urllib.parse import quote

from redimento import __version__
from redimento.delivery.pull_request import Acceptance
from redimento.errors import UsageError
from redimento.outcome import OutcomeKind
from redimento.reporting.html import render

_RECORD = "record.json"
_MOST_RUNS = 5_000
_MOST_ASKED = 200  # pull requests, the newest
_LARGEST = 32 << 20  # bytes of a record
_LONGEST_REASON = 300  # characters
_KINDS: tuple[OutcomeKind, ...] = get_args(OutcomeKind)[:-1]  # a part that another one follows has no record
_ACCEPTANCES: tuple[Acceptance, ...] = get_args(Acceptance)


class Reviews(Protocol):
    """What became of pull requests: Azure Repos."""

    def acceptance(self, repository: str, number: int, commits: frozenset[str]) -> Acceptance:
        """Return what people did with a pull request whose branch got these `commits` from runs. Never raises."""
        ...


@dataclass(frozen=True)
class Ran:
    """One run, as its record tells it. `reasons`: why it failed or is a draft. `acceptance` "": it has no pull request."""

    folder: str
    item: int
    type: str
    title: str
    repository: str
    ended: datetime
    kind: OutcomeKind
    seconds: float
    usd: float
    calls: int
    tokens: int
    rounds: int
    commit: str = ""
    pull_request: int = 0
    reasons: tuple[str, ...] = ()
    acceptance: Acceptance | None = None


@dataclass(frozen=True)
class Week:
    """The runs of one ISO week, such as 2026-W48. `merged`: of its pull requests, as they are now."""

    name: str
    runs: int
    outcomes: Mapping[str, int]
    usd: float
    median_seconds: float
    merged: int


@dataclass(frozen=True)
class History:
    """Runs, newest first, and what they add up to. `unreadable` records were left out."""

    runs: tuple[Ran, ...]
    unreadable: int
    outcomes: Mapping[str, int]
    acceptance: Mapping[str, int]  # of pull requests
    usd: float
    calls: int
    tokens: int
    median_seconds: float
    longest_seconds: float
    weeks: tuple[Week, ...]
    reasons: tuple[tuple[str, int], ...]

    @property
    def pull_requests(self) -> int:
        return sum(self.acceptance.values())


def read_history(places: Sequence[Path], reviews: Reviews | None) -> History:
    """Return what the records below `places` tell; raise UsageError if there are none.

    Without `reviews` nobody knows what became of the pull requests.
    """
    files = {file.resolve(): None for place in places for file in sorted(place.rglob(_RECORD))}
    read = [_ran(file) for file in [*files][:_MOST_RUNS]]
    runs = sorted((run for run in read if run), key=lambda run: run.ended, reverse=True)
    if not runs:
        raise UsageError(
            f"There is no {_RECORD} of a run in {', '.join(map(str, places))}.",
            "Name the folders of runs, such as .redimento/runs, or unpacked artifacts of pipelines.",
        )
    runs = [*_accepted(runs, reviews)]
    newest = _newest(runs)
    return History(
        runs=tuple(runs),
        unreadable=len(read) - len(runs),
        outcomes=_counted(_KINDS, (run.kind for run in runs)),
        acceptance=_counted(_ACCEPTANCES, (run.acceptance for run in newest.values() if run.acceptance)),
        usd=sum(run.usd for run in runs),
        calls=sum(run.calls for run in runs),
        tokens=sum(run.tokens for run in runs),
        median_seconds=median(run.seconds for run in runs),
        longest_seconds=max(run.seconds for run in runs),
        weeks=tuple(_weeks(runs)),
        reasons=tuple(Counter(reason for run in runs for reason in dict.fromkeys(run.reasons)).most_common()),
    )


def write_history(history: History, file: Path, language: str) -> None:
    """Write the page. Raises UsageError."""
    values = {"links": [_link(run, file) for run in history.runs], "ended": datetime.now(UTC), "version": __version__}
    page = render("runs.html.j2", language, history=history, **values)
    try:
        file.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Name another file with --output.") from error


def as_json(history: History) -> dict[str, Any]:
    """Return the history for programs."""
    runs = [{**asdict(run), "ended": run.ended.isoformat()} for run in history.runs]
    reasons = [{"reason": reason, "runs": count} for reason, count in history.reasons]
    return {"version": 1, **asdict(history), "runs": runs, "reasons": reasons}


def _ran(file: Path) -> Ran | None:
    """Return the run of a record, None for what is none: anybody may have written it."""
    try:
        if file.stat().st_size > _LARGEST:
            return None
        record = json.loads(file.read_bytes())
        outcome, spent = record["outcome"], record["spent"]
        usage = spent["usage"]
        kind, ended = outcome["kind"], datetime.fromisoformat(record["ended"])
        if kind not in _KINDS:
            return None
        candidates = record.get("candidates") or [{}]
        return Ran(
            folder=str(file.parent),
            item=int(record.get("workItem") or 0),
            type=str(record.get("workItemType") or ""),
            title=str(record.get("title") or ""),
            repository=str(record.get("repository") or ""),
            ended=ended if ended.tzinfo else ended.replace(tzinfo=UTC),
            kind=kind,
            seconds=max(float(record["seconds"]), 0.0),
            usd=max(float(spent["usd"]), 0.0),
            calls=int(spent["calls"]),
            tokens=sum(int(usage[name]) for name in ("prompt", "output", "thoughts")),
            rounds=int(candidates[0].get("rounds") or 0),
            commit=str(outcome.get("commit") or ""),
            pull_request=int(outcome.get("pull_request_id") or 0),
            reasons=tuple(_reasons(record, kind)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _reasons(record: Mapping[str, Any], kind: OutcomeKind) -> Iterator[str]:
    """Yield why a run failed or is a draft, without the numbers that make each one different."""
    told = record.get("draftReasons") if kind == "draft" else [record["outcome"]["sentence"]]
    for reason in told or () if kind in {"draft", "failed"} else ():
        yield re.sub(r"\d+(?:[.,]\d+)*", "…", str(reason)[:_LONGEST_REASON])


def _newest(runs: Iterable[Ran]) -> dict[tuple[str, int], Ran]:
    """Return the newest run of each pull request; `runs` are newest first."""
    newest: dict[tuple[str, int], Ran] = {}
    for run in runs:
        if run.pull_request:
            newest.setdefault((run.repository, run.pull_request), run)
    return newest


def _accepted(runs: Sequence[Ran], reviews: Reviews | None) -> Iterator[Ran]:
    """Yield the runs with what became of their pull requests. Later runs may have pushed to one that is not changed."""
    commits: dict[tuple[str, int], set[str]] = {}
    for run in runs:
        commits.setdefault((run.repository, run.pull_request), set()).add(run.commit)
    asked = list(_newest(runs))[:_MOST_ASKED] if reviews else []
    found = {key: reviews.acceptance(*key, frozenset(commits[key] - {""})) for key in asked} if reviews else {}
    for run in runs:
        known = found.get((run.repository, run.pull_request), "unknown")
        yield replace(run, acceptance=known) if run.pull_request else run


def _weeks(runs: Sequence[Ran]) -> Iterator[Week]:
    """Yield the weeks with runs, oldest first."""
    weeks: dict[str, list[Ran]] = {}
    for run in reversed(runs):
        weeks.setdefault(f"{run.ended:%G-W%V}", []).append(run)
    newest = {id(run) for run in _newest(runs).values()}
    for name, ran in weeks.items():
        merged = sum(id(run) in newest and run.acceptance in {"unchanged", "changed"} for run in ran)
        outcomes = _counted(_KINDS, (run.kind for run in ran))
        usd = sum(run.usd for run in ran)
        yield Week(name, len(ran), outcomes, usd, median(run.seconds for run in ran), merged)


def _counted(names: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names}


def _link(run: Ran, page: Path) -> str:
    """Return the address of a run's own page as seen from this one, "" where they share no folder or it has none."""
    own = Path(run.folder) / "report.html"
    base = page.resolve().parent
    return quote(own.relative_to(base).as_posix()) if own.is_relative_to(base) and own.is_file() else ""
