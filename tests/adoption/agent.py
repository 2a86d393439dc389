"""A stand-in for what Azure Pipelines does with a queued run: expand its file, check out, execute the step."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.adoption.conftest import ROOT, Desk
from tests.pipelines.expander import expand_pipeline
from tests.run.conftest import git

FILE = "azure-pipelines-redimento.yml"


@dataclass(frozen=True)
class Executed:
    """An executed run: its description, and what the step printed."""

    build: Mapping[str, Any]
    code: int
    out: str


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


def execute(desk: Desk, build: Mapping[str, Any], tmp: Path) -> Executed:
    """Run the job of a queued run, with the token of the build account and no other right than that account's."""
    address = f"Shop/_apis/build/builds/{build['id']}"
    desk.rest("PATCH", address, json={"status": "inProgress"})
    job = {**desk.emulator.environment["calc"], **_of(build)}
    checkout = _checked_out(tmp / f"agent-{build['id']}" / "s", job)
    pipeline = expand_pipeline(checkout / FILE, {"WebHook": payload(desk)}, {"redimento": ROOT})
    (step,) = [one for one in pipeline["jobs"][0]["steps"] if "SYSTEM_ACCESSTOKEN" in one.get("env", {})]
    macros = {"$(System.AccessToken)": job["SYSTEM_ACCESSTOKEN"], "$(GEMINI_API_KEY)": ""}
    mapped = {name: str(macros.get(value, value)) for name, value in step["env"].items()}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", step["bash"]],
        cwd=checkout,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp),
            "AGENT_TEMPDIRECTORY": str(tmp / f"agent-{build['id']}" / "temp"),
            **job,
            **mapped,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    result = "failed" if done.returncode else "succeeded"
    desk.rest("PATCH", address, json={"status": "completed", "result": result})
    return Executed(build, done.returncode, done.stdout + done.stderr)


def _of(build: Mapping[str, Any]) -> dict[str, str]:
    return {
        "SYSTEM_DEFINITIONID": str(build["definition"]["id"]),
        "BUILD_BUILDID": str(build["id"]),
        "BUILD_BUILDNUMBER": build["buildNumber"],
        "BUILD_REASON": build["reason"][:1].upper() + build["reason"][1:],
        "BUILD_SOURCEBRANCH": build["sourceBranch"],
        "BUILD_SOURCEVERSION": build["sourceVersion"],
    }


def _checked_out(folder: Path, job: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True)
    url, commit = job["BUILD_REPOSITORY_URI"], job["BUILD_SOURCEVERSION"]
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {job['SYSTEM_ACCESSTOKEN']}",
    }
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", url)
    git(folder, "fetch", "-q", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main", **header)
    git(folder, "checkout", "-q", "--detach", commit)
    return folder
