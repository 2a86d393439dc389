"""The metrics of one run, and where they go: to a Pushgateway, or into a file for the collector of a node exporter.

Both keep the last values of each group of labels, and add nothing up. A group belongs to few runs, so that those of other
items do not overwrite them, and there are not more and more groups. docs/monitoring.md says how to ask for
rates of such values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    push_to_gateway,
    write_to_textfile,
)
from prometheus_client.registry import Collector

from redimento.events import (
    Answered,
    Applied,
    Handler,
    ItemAdmitted,
    Moment,
    Proved,
    Refused,
    Repair,
    Requested,
    RunEnded,
)
from redimento.telemetry.sending import Hook, NotSentError

_JOB = "redimento"
_SLOTS = 100
_LONGEST_TYPE = 60

Export = Callable[["Meters", dict[str, str]], None]


class Meters(Collector):
    """The metrics of one run, with `labels` on each sample."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.registry = own = CollectorRegistry()
        self.processing = Histogram(
            "workitem_processing_duration_seconds", "How long the run of a work item took.",
            ("work_item_type", "status"), buckets=(30, 60, 120, 300, 600, 1200, 1800), registry=own,
        )  # fmt: skip
        self.calls = Counter("gemini_api_calls", "Calls of the model.", ("model", "status"), registry=own)
        self.requests = Histogram(
            "http_request_duration_seconds", "How long requests to Azure DevOps took; status 0: no answer.",
            ("method", "route", "status_code"), buckets=(0.1, 0.3, 0.5, 0.7, 1, 3, 5, 7, 10), registry=own,
        )  # fmt: skip
        self.tokens = Counter("gemini_tokens", "Tokens; prompt includes cached.", ("model", "kind"), registry=own)
        self.cost = Counter("gemini_cost_usd", "What the calls of the model cost.", ("model",), registry=own)
        self.kept = Counter("redimento_cache_hits", "Answers that another run had paid for.", registry=own)
        self.edits = Counter("redimento_edits", "Edits of the model's answers.", ("result",), registry=own)
        self.repairs = Counter("redimento_repair_rounds", "Rounds of repair.", registry=own)
        self.failures = Counter("redimento_new_failures", "Failures that changes caused, before repair.", registry=own)
        self.started = Gauge("redimento_run_started_timestamp_seconds", "When the run began to work.", registry=own)
        self.ended = Gauge("redimento_run_ended_timestamp_seconds", "When the run ended.", registry=None)
        self.info = Gauge("redimento_run_info", "The run whose values these are.", ("work_item", "run"), registry=own)

    def collect(self) -> Iterator[Metric]:
        for metric in self.registry.collect():
            metric.samples = [
                one._replace(labels={**one.labels, **self.labels})
                for one in metric.samples
                if not one.name.endswith("_created")  # says no more than when the run began
            ]
            yield metric


def measure(repository: str, run: str, export: Export) -> Handler:
    """Return a handler that exports when a run begins to work, so that one that hangs is seen, and when it ends.

    A run that found nothing to do exports nothing: it would overwrite the one before it. `run`: the id of the build.
    Raises NotSentError or OSError.
    """
    meters, admitted = Meters(), False

    def handle(moment: Moment) -> None:
        nonlocal admitted
        _count(meters, moment)
        match moment.event:
            case ItemAdmitted(number):
                meters.info.labels(str(number), run).set(1)
                meters.started.set(moment.at.timestamp())
                admitted = True
                with suppress(NotSentError, OSError):  # the end says more, and is tried whatever happened here
                    export(meters, _group(repository, number))
            case RunEnded(kind=kind, item_id=number) if admitted or kind == "failed":
                meters.registry.register(meters.ended)
                meters.ended.set(moment.at.timestamp())
                export(meters, _group(repository, number))

    return handle


def _group(repository: str, item_id: int) -> dict[str, str]:
    """Return what tells a run from others. A gateway forgets nothing: one group for each item would be one more for ever."""
    return {"repository": repository, "slot": str(item_id % _SLOTS) if item_id else "none"}


def _count(meters: Meters, moment: Moment) -> None:
    match moment.event:
        case Requested(method, route, status, seconds):
            meters.requests.labels(method, route, str(status)).observe(seconds)
        case Answered() as told:
            if told.status != "kept":
                meters.calls.labels(told.model, told.status).inc()
            meters.cost.labels(told.model).inc(told.usd)
            meters.kept.inc(told.status == "kept")
            for kind in ("prompt", "cached", "output", "thoughts"):
                meters.tokens.labels(told.model, kind).inc(getattr(told, kind))
        case Applied(edits):
            meters.edits.labels("applied").inc(edits)
        case Refused(edits):
            meters.edits.labels("refused").inc(edits)
        case Repair():
            meters.repairs.inc()
        case Proved(failures=failures):
            meters.failures.inc(failures)
        case RunEnded() as told:
            meters.processing.labels(told.item_type[:_LONGEST_TYPE], told.kind).observe(told.seconds)


def to_gateway(hook: Hook) -> Export:
    """Return what pushes to a Pushgateway, in place of what the group had. Raises NotSentError."""

    def handler(
        url: str, method: str, timeout: float | None, headers: list[tuple[str, str]], data: bytes
    ) -> Callable[[], None]:
        del timeout  # the hook has its own
        return lambda: hook.send(data, dict(headers)["Content-Type"], method=method, url=url)

    def push(meters: Meters, labels: dict[str, str]) -> None:
        push_to_gateway(hook.url, job=_JOB, registry=meters, grouping_key=labels, handler=handler)

    return push


def to_folder(folder: Path) -> Export:
    """Return what writes a file into the folder that a node exporter collects. Raises OSError."""

    def write(meters: Meters, labels: dict[str, str]) -> None:
        meters.labels = {"job": _JOB, **labels}
        name = hashlib.sha256("\n".join(labels.values()).encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(folder / f"{_JOB}-{name}.prom"), meters)

    return write
