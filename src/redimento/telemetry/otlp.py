"""Metrics for an OpenTelemetry collector: OTLP over HTTP, in its JSON form, which needs no library.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: numbers of 64 bits are strings. What a run counted is a
delta, so a receiver can add runs up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from prometheus_client import Metric
from prometheus_client.samples import Sample

from redimento.telemetry.metrics import Export, Meters
from redimento.telemetry.sending import Hook

_DELTA = 1  # AGGREGATION_TEMPORALITY_DELTA


def to_collector(hook: Hook) -> Export:
    """Return what posts to a collector, to the whole address `…/v1/metrics`. Raises NotSentError."""
    began = time.time_ns()

    def post(meters: Meters, labels: dict[str, str]) -> None:
        times = {"startTimeUnixNano": str(began), "timeUnixNano": str(time.time_ns())}
        metrics = [_metric(metric, times) for metric in meters.collect()]
        resource = {"service.name": "redimento", "service.instance.id": "/".join(labels.values()), **labels}
        scope = {"scope": {"name": "redimento"}, "metrics": metrics}
        body = {"resourceMetrics": [{"resource": {"attributes": _attributes(resource)}, "scopeMetrics": [scope]}]}
        hook.send(json.dumps(body).encode(), "application/json")

    return post


def _metric(metric: Metric, times: dict[str, str]) -> dict[str, Any]:
    named = {"name": metric.name, "description": metric.documentation}
    if metric.type == "histogram":
        points = [*_histograms(metric.samples, times)]
        return {**named, "histogram": {"aggregationTemporality": _DELTA, "dataPoints": points}}
    numbers = [{"attributes": _attributes(one.labels), "asDouble": one.value, **times} for one in metric.samples]
    if metric.type == "gauge":
        return {**named, "gauge": {"dataPoints": numbers}}
    return {**named, "sum": {"aggregationTemporality": _DELTA, "isMonotonic": True, "dataPoints": numbers}}


def _histograms(samples: Iterable[Sample], times: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a point for each set of labels. Prometheus counts what is below each bound, OTLP what is between two."""
    found: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for one in samples:
        labels = {name: value for name, value in one.labels.items() if name != "le"}
        found.setdefault(tuple(labels.items()), {})[one.labels.get("le") or one.name.rpartition("_")[2]] = one.value
    for key, values in found.items():
        total, count = values.pop("sum"), values.pop("count")
        below = [0.0, *values.values()]
        yield {
            "attributes": _attributes(dict(key)), **times, "count": str(int(count)), "sum": total,
            "explicitBounds": [float(bound) for bound in values if bound != "+Inf"],
            "bucketCounts": [str(int(upper - lower)) for lower, upper in pairwise(below)],
        }  # fmt: skip


def _attributes(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in values.items()]
