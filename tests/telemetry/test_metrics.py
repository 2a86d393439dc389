"""Metrics: what a run counts, that other runs do not overwrite it, and what a real Prometheus makes of it and of our rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from redimento.events import (
    Answered,
    Applied,
    Event,
    Handler,
    ItemAdmitted,
    Moment,
    Proved,
    Refused,
    Repair,
    Requested,
    RunEnded,
)
from redimento.telemetry.metrics import measure, to_folder, to_gateway
from redimento.telemetry.otlp import to_collector
from redimento.telemetry.sending import Hook, NotSentError
from tests.telemetry.conftest import ALERTS, Receiver, Server, eventually

DASHBOARD = ALERTS.parent / "dashboard.json"
MODEL = "gemini-3.8-flash"
REPOSITORY = "Shop/calc"
# What PromQL and our rules name besides metrics and labels.
WORDS = r"[a-z_:0-9]*(?:redimento|gemini|workitem|http)_[a-z_:0-9]*"


def answered(status: str = "ok") -> Answered:
    return Answered("author", MODEL, status, 2.0, 1_000, 400, 300, 50, 0.25, 1_350, 0.25)


def facts(item: int, kind: Any, *answers: Answered) -> list[Event]:
    return [
        Requested("GET", "_apis/wit/workitems/{}", 200, 0.2),
        ItemAdmitted(item, "User Story", "t"),
        Requested("PATCH", "_apis/wit/workitems/{}", 409, 0.4, "activity"),
        *(answers or (answered(), answered("kept"), answered("quota_minute"))),
        Refused(2, "a.py: 2"),
        Applied(3, 2, 4, 1),
        Proved(1, 1, 2),
        Repair(1, 10, 2),
        RunEnded(kind, "s", "r", item, "User Story", "t", "calc", 45.0, 1_350, 0.25),
    ]


def tell(handler: Handler, events: list[Event], at: datetime | None = None) -> None:
    for event in events:
        handler(Moment(0.0, event, at or datetime.now(UTC)))


def samples(text: str) -> dict[str, float]:
    """Return the values of an exposition, each by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}"] = one.value
    return found


def test_two_runs_on_one_agent_leave_two_files_with_all_that_they_counted(tmp_path: Path) -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    for item, kind in ((7, "delivered"), (8, "failed")):
        tell(measure(REPOSITORY, "55", to_folder(tmp_path / "prom")), facts(item, kind), at)
    first, second = sorted(
        (path.read_text("utf-8") for path in (tmp_path / "prom").glob("*.prom")), key=len, reverse=True
    )
    values = samples(first) | samples(second)
    assert len(values) == len(samples(first)) + len(samples(second))  # a node exporter refuses the same sample twice
    own = "job=redimento,{}repository=Shop/calc,slot=7"
    for name, value in {
        "workitem_processing_duration_seconds_bucket{job=redimento,le=60.0,repository=Shop/calc,slot=7,status=delivered,work_item_type=User Story}": 1,
        "workitem_processing_duration_seconds_bucket{job=redimento,le=30.0,repository=Shop/calc,slot=7,status=delivered,work_item_type=User Story}": 0,
        f"gemini_api_calls_total{{{own.format(f'model={MODEL},')},status=ok}}": 1,
        f"gemini_api_calls_total{{{own.format(f'model={MODEL},')},status=quota_minute}}": 1,
        f"gemini_tokens_total{{job=redimento,kind=cached,model={MODEL},repository=Shop/calc,slot=7}}": 1_200,
        f"gemini_tokens_total{{job=redimento,kind=thoughts,model={MODEL},repository=Shop/calc,slot=7}}": 150,
        f"gemini_cost_usd_total{{{own.format(f'model={MODEL},')}}}": 0.75,
        f"redimento_cache_hits_total{{{own.format('')}}}": 1,
        "redimento_edits_total{job=redimento,repository=Shop/calc,result=applied,slot=7}": 3,
        "redimento_edits_total{job=redimento,repository=Shop/calc,result=refused,slot=7}": 2,
        f"redimento_repair_rounds_total{{{own.format('')}}}": 1,
        f"redimento_new_failures_total{{{own.format('')}}}": 2,
        f"redimento_run_ended_timestamp_seconds{{{own.format('')}}}": at.timestamp(),
        "redimento_run_info{job=redimento,repository=Shop/calc,run=55,slot=7,work_item=7}": 1,
        "http_request_duration_seconds_count{job=redimento,method=PATCH,repository=Shop/calc,route=_apis/wit/workitems/{},slot=7,status_code=409}": 1,
        "http_request_duration_seconds_bucket{job=redimento,le=0.3,method=GET,repository=Shop/calc,route=_apis/wit/workitems/{},slot=7,status_code=200}": 1,
    }.items():  # fmt: skip
        assert values[name] == value, name
    assert not [name for name in values if "_created" in name or "status=kept" in name]


def test_a_run_that_did_nothing_leaves_the_values_of_the_one_before_it(tmp_path: Path) -> None:
    tell(measure(REPOSITORY, "1", to_folder(tmp_path)), facts(7, "delivered"))
    (file,) = tmp_path.iterdir()
    before = file.read_text()
    tell(
        measure(REPOSITORY, "2", to_folder(tmp_path)),
        [RunEnded("skipped", "s", "", 7, "Bug", "t", "calc", 1.0, 0, 0.0)],
    )
    assert file.read_text() == before
    tell(measure(REPOSITORY, "3", to_folder(tmp_path)), [RunEnded("failed", "s", "", 0, "", "", "", 1.0, 0, 0.0)])
    assert len([*tmp_path.iterdir()]) == 2  # nobody knows its item: a group of its own


def test_a_collector_gets_what_one_run_counted_as_deltas(receiver: Receiver) -> None:
    export = to_collector(Hook("REDIMENTO_OTLP_URL", receiver.url + "/v1/metrics"))
    tell(measure(REPOSITORY, "55", export), facts(7, "delivered"))
    (_, _, _), (path, headers, body) = receiver.received
    assert (path, headers["Content-Type"]) == ("/v1/metrics", "application/json")
    read = json_format.Parse(body, ExportMetricsServiceRequest()).resource_metrics[0]  # refuses unknown fields
    about = {one.key: one.value.string_value for one in read.resource.attributes}
    assert about["service.instance.id"] == "Shop/calc/7"
    metrics = {one.name: one for one in read.scope_metrics[0].metrics}
    (took,) = metrics["workitem_processing_duration_seconds"].histogram.data_points
    assert (took.count, took.sum, sum(took.bucket_counts), len(took.bucket_counts)) == (1, 45.0, 1, 8)
    assert took.bucket_counts[1] == 1  # between 30 and 60 seconds
    assert list(took.explicit_bounds) == [30, 60, 120, 300, 600, 1200, 1800]
    tokens = metrics["gemini_tokens"].sum
    assert (tokens.is_monotonic, tokens.aggregation_temporality) == (True, 1)
    assert {one.attributes[1].value.string_value: one.as_double for one in tokens.data_points} == {
        "prompt": 3_000, "cached": 1_200, "output": 900, "thoughts": 150,
    }  # fmt: skip
    assert metrics["redimento_run_ended_timestamp_seconds"].gauge.data_points[0].as_double > 1e9
    assert took.start_time_unix_nano < took.time_unix_nano


def used() -> set[str]:
    """Return the names of metrics in the rules and on the dashboard."""
    text = ALERTS.read_text("utf-8") + "".join(queries("1"))
    text = re.sub(r'"[^"]*"|^\s*(?:summary|description|- name|#).*$', "", text, flags=re.MULTILINE)
    return {name for name in re.findall(WORDS, text) if not name.startswith("redimento:")}


def queries(window: str) -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$window", window) + "\n"


def test_every_metric_of_the_rules_and_the_dashboard_is_one_of_a_run(tmp_path: Path) -> None:
    tell(measure(REPOSITORY, "55", to_folder(tmp_path)), facts(7, "delivered"))
    (file,) = tmp_path.iterdir()
    known = {name.partition("{")[0] for name in samples(file.read_text())}
    assert used() <= known
    shown = {name.removesuffix("_bucket") for name in used()}
    unused = {
        name
        for name in known
        if re.sub("_(bucket|count|sum)$", "", name) not in {re.sub("_count$", "", one) for one in shown}
    }
    assert unused == set()


def test_the_rules_do_what_they_say() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    file = Path(__file__).with_name("alerts.test.yml")
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_prometheus_sees_each_run_once_and_our_rules_survive_that_all_servers_are_killed(
    gateway: Server, prometheus: Server
) -> None:
    hook = Hook("REDIMENTO_PUSHGATEWAY_URL", gateway.url)

    def ask(query: str) -> list[Any]:
        answer = requests.get(f"{prometheus.url}/api/v1/query", params={"query": query}, timeout=10).json()
        assert answer["status"] == "success", answer
        rows: list[Any] = answer["data"]["result"]
        return rows

    def value(query: str) -> float:
        return float(ask(query)[0]["value"][1]) if ask(query) else 0.0

    def alerts() -> set[str]:
        found = requests.get(f"{prometheus.url}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}

    tell(measure(REPOSITORY, "1", to_gateway(hook)), facts(7, "delivered"))
    tell(measure(REPOSITORY, "2", to_gateway(hook)), facts(8, "failed"))
    events = facts(109, "delivered")
    at_work = measure(REPOSITORY, "3", to_gateway(hook))
    began = datetime.fromtimestamp(time.time() - 8_000, UTC)
    tell(at_work, events[:2], began)
    eventually(lambda: value("count(redimento:ended:1h)") == 2, "The runs were not seen.")
    eventually(lambda: "RedimentoRunIsStuck" in alerts(), "The run that hangs was not seen.")
    assert value('sum(gemini_api_calls_total{status="quota_minute"})') == 2
    assert value('count(push_failure_time_seconds{job="redimento"} > 0)') == 0  # the gateway finds them consistent

    later = measure(REPOSITORY, "4", to_gateway(hook))
    time.sleep(1.5)  # the gateway writes its groups down each second
    gateway.kill()
    tell(later, facts(10, "failed")[:-1])  # begins while there is no gateway
    with pytest.raises(NotSentError, match="cannot be reached"):
        tell(measure(REPOSITORY, "5", to_gateway(hook)), facts(11, "failed"))
    gateway.start()
    prometheus.kill()
    tell(later, facts(10, "failed")[-1:])
    tell(at_work, events[2:])
    prometheus.start()
    eventually(lambda: value("count(redimento:ended:1h)") == 4, "The runs of before and after were not seen.")
    eventually(lambda: alerts() == {"RedimentoManyRunsFail", "RedimentoQuotaExceeded"}, f"Others fire: {alerts()}")
    assert value("sum(gemini_cost_usd_total and on (job, instance, repository, slot) redimento:ended:1d)") == 3.0

    tell(measure(REPOSITORY, "6", to_gateway(hook)), facts(8, "delivered"))  # another try replaces the first
    query = 'sum by (status) (workitem_processing_duration_seconds_count{slot="8"})'
    eventually(
        lambda: [row["metric"] for row in ask(query)] == [{"status": "delivered"}], "The first run is still there."
    )
    for panel in queries("3600"):
        assert ask(panel), f"This panel shows nothing: {panel}"
