"""What Azure Pipelines does with a run that a webhook queued: expand its file, and execute the job."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.adoption.conftest import ROOT, Desk
from tests.pipelines.agent import Agent, Job
from tests.pipelines.expander import expand_pipeline
from tests.run.conftest import agent_checkout

FILE = "azure-pipelines-redimento.yml"


def queued(desk: Desk, *, seconds: float = 30, count: int = 1) -> list[dict[str, Any]]:
    """Return the queued runs as soon as there are `count`, or those that there are in the end."""
    until = time.monotonic() + seconds
    while True:
        rows = [one for one in desk.rows("Shop/_apis/build/builds") if one["status"] == "notStarted"]
        if len(rows) >= count or time.monotonic() > until:
            return rows
        time.sleep(0.05)


def payload(desk: Desk) -> dict[str, Any]:
    """Return the body that a service hook delivered last; the delivery is noted after it started the run."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        sent = [
            one["details"]["event"]
            for row in desk.rows("_apis/hooks/subscriptions")
            for one in desk.rows(f"_apis/hooks/subscriptions/{row['id']}/notifications")
            if one["result"] == "succeeded"
        ]
        if sent:
            return max(sent, key=lambda event: str(event["createdDate"]))
        time.sleep(0.05)
    raise AssertionError("no hook delivered anything")


def execute(desk: Desk, build: Mapping[str, Any], tmp: Path) -> Job:
    """Run the job of a queued run, with the token of the build account and no other right than that account's."""
    address = f"Shop/_apis/build/builds/{build['id']}"
    desk.rest("PATCH", address, json={"status": "inProgress"})
    folder = tmp / f"agent-{build['id']}"
    file = agent_checkout(desk.emulator, folder / "file") / FILE
    agent = Agent(
        folder / "work",
        {**desk.emulator.environment["calc"], **_of(build)},
        lambda _alias, place: agent_checkout(desk.emulator, place),
        {"redimento": {}},
        path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    (job,) = agent.run(expand_pipeline(file, {"WebHook": payload(desk)}, {"redimento": ROOT}))
    desk.rest("PATCH", address, json={"status": "completed", "result": job.result.lower()})
    return job


def _of(build: Mapping[str, Any]) -> dict[str, str]:
    return {
        "SYSTEM_DEFINITIONID": str(build["definition"]["id"]),
        "BUILD_BUILDID": str(build["id"]),
        "BUILD_BUILDNUMBER": build["buildNumber"],
        "BUILD_REASON": build["reason"][:1].upper() + build["reason"][1:],
        "BUILD_SOURCEBRANCH": build["sourceBranch"],
        "BUILD_SOURCEVERSION": build["sourceVersion"],
    }
