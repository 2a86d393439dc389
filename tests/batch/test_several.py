"""`redimento run --ids`: several items on one machine, each in a process and a worktree of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.batch.several import Shift
from tests.batch.conftest import story
from tests.cli.conftest import Command, published
from tests.run.conftest import CALC, GOOD_FIX, Site, agent_checkout, git

Job = Callable[..., Site]


def started(site: Site, *arguments: str, settings: dict[str, Any] | None = None) -> subprocess.Popen[str]:
    config = site.config([GOOD_FIX], settings)
    command = [sys.executable, "-m", "redimento", "run", "--repo", str(site.checkout), "--config", str(config)]
    return subprocess.Popen(
        [*command, *arguments], env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=100)
    assert "Traceback" not in out + err
    return process.returncode, out, err


def outcomes(out: str) -> dict[int, str]:
    return {item["id"]: item["outcome"] for item in published(out)["items"]}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def open_pull_requests(site: Site, repository: str = "calc") -> list[str]:
    rows = site.get(f"_apis/git/repositories/{repository}/pullrequests")["value"]
    return sorted(row["sourceRefName"] for row in rows)


def no_claim_is_left(site: Site, *numbers: int) -> bool:
    items = [site.get(f"_apis/wit/workitems/{number}", query={"$expand": "relations"}) for number in numbers]
    return not [link for item in items for link in item.get("relations", ()) if "Build" in link["url"]]


def test_each_item_gets_its_own_branch_and_folder_and_the_checkout_is_never_touched(job: Job) -> None:
    site = job(*map(story, (7, 8)))
    before = files(site.checkout)

    code, out, err = ended(started(site, "--ids", "8,99,7", "--json"))

    assert outcomes(out) == {7: "delivered", 8: "delivered", 99: "failed"}
    assert code == json.loads(out)["exitCode"] == 3
    assert open_pull_requests(site) == [f"refs/heads/redimento/{number}-item-{number}" for number in (7, 8)]
    assert files(site.checkout) == before
    assert no_claim_is_left(site, 7, 8)
    temporary = site.tmp / "agent-temp"
    assert [path.name for path in temporary.iterdir()] == ["redimento"]
    assert sorted(path.name for path in (temporary / "redimento").iterdir()) == ["7", "8", "99"]
    assert json.loads((temporary / "redimento" / "8" / "record.json").read_text())["workItem"] == 8
    for number in (7, 8):
        assert f"Work item {number}: delivered. http" in err
    assert "Work item 99: failed. Work item 99 does not exist" in err
    assert err.count("##vso[task.uploadsummary]") == 3
    assert site.emulator.token not in out + err


def test_one_whose_process_is_killed_does_not_stop_the_others(job: Job) -> None:
    site = job(*map(story, (7, 8)))
    slow = {"checks": {"commands": [{"name": "tests", "run": f"! mkdir {site.tmp}/started || sleep 20"}]}}  # once
    process = started(site, "--ids", "7,8", "--at-once", "1", "--json", settings=slow)
    _wait((site.tmp / "started").exists)
    (worker,) = workers(process.pid)
    os.kill(worker, signal.SIGKILL)

    code, out, _ = ended(process)

    assert code == 1
    assert outcomes(out) == {7: "failed", 8: "delivered"}
    assert "its process was killed" in out


def test_two_items_of_another_repository_do_not_get_in_each_others_way(job: Job, tmp_path: Path) -> None:
    sources = [{"name": name, "from": str(tmp_path / "origin")} for name in ("calc", "web")]
    site = job(story(7, Tags="web"), story(8, Tags="web"), story(9), repositories=sources)
    web = agent_checkout(site.emulator, site.checkout.parent / "web", "web")
    before = files(web)
    site.variables["BUILD_SOURCESDIRECTORY"] = str(web.parent)
    rules = {"repositories": [{"when": {"tag": "web"}, "path": "web"}, {"when": {"tag": "calc"}}]}

    code, out, _ = ended(started(site, "--ids", "7,8,9", "--json", settings=rules))

    assert code == 0
    assert outcomes(out) == {7: "delivered", 8: "delivered", 9: "questions"}
    assert open_pull_requests(site, "web") == ["refs/heads/redimento/7-item-7", "refs/heads/redimento/8-item-8"]
    assert open_pull_requests(site) == []
    assert files(web) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_and_restores_all(job: Job, number: signal.Signals) -> None:
    site = job(*map(story, (7, 8, 9)))
    before = files(site.checkout)
    slow = {"checks": {"commands": [{"name": "tests", "run": f"touch {site.tmp}/started-$$; sleep 60"}]}}
    process = started(site, "--ids", "7,8,9", "--at-once", "2", "--json", settings=slow)
    _wait(lambda: len([*site.tmp.glob("started-*")]) == 2)
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)  # the agent asks twice

    code, out, _ = ended(process)

    assert code == 130
    assert outcomes(out) == {7: "failed", 8: "failed", 9: "failed"}
    assert [item["exitCode"] for item in published(out)["items"]] == [130, 130, 130]
    assert files(site.checkout) == before
    assert no_claim_is_left(site, 7, 8, 9)
    assert [path.name for path in (site.tmp / "agent-temp").iterdir()] == ["redimento"]
    assert (site.checkout / "calc.py").read_text() == CALC


def test_all_runs_share_one_sum_of_money(job: Job) -> None:
    site = job(*map(story, (7, 8)))

    code, out, err = ended(started(site, "--ids", "7,8", "--max-cost-usd", "0.000001", "--json"))

    # Not even one call is allowed with so little; the first run says so, and the second has nothing left to spend.
    assert code == 5
    assert set(outcomes(out).values()) == {"failed"}
    assert "for $0.00 at most" in err
    assert open_pull_requests(site) == []


def test_no_run_goes_on_alone_when_nobody_reads_the_output_any_more(job: Job) -> None:
    site = job(story(7), story(8))
    slow = {"checks": {"commands": [{"name": "tests", "run": f"touch {site.tmp}/started-$$; sleep 60"}]}}
    process = started(site, "--ids", "99,7,8", "--at-once", "3", settings=slow)
    assert process.stdout
    assert process.stderr
    process.stdout.close()  # what happens to 99 is said in vain

    with process.stderr:
        assert "Traceback" not in process.stderr.read()
    assert process.wait(timeout=100) == 1
    assert workers(process.pid) == []
    assert no_claim_is_left(site, 7, 8)


def test_a_second_batch_in_the_same_checkout_does_not_start(job: Job) -> None:
    site = job(*map(story, (7, 8)))
    slow = {"checks": {"commands": [{"name": "tests", "run": f"touch {site.tmp}/started-$$; sleep 60"}]}}
    first = started(site, "--ids", "7", settings=slow)
    _wait(lambda: [*site.tmp.glob("started-*")])

    code, out, _ = ended(started(site, "--ids", "8", "--json"))
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)

    assert code == 2
    assert "Another run is working in" in json.loads(out)["sentence"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ids", "7", "--work-item", "8"], "--ids and another option name work items."),
        (["--ids", "$(ids)"], "No work items were given."),
        (["--ids", ""], "No work items were given."),
    ],
)
def test_numbers_come_from_one_place(redimento: Command, arguments: list[str], sentence: str) -> None:
    said = redimento("run", *arguments, "--json")
    assert said.code == 2
    assert json.loads(said.out)["sentence"] == sentence


def test_in_a_local_clone_the_branch_that_is_checked_out_is_the_target(job: Job) -> None:
    site = job(story(7))
    git(site.checkout, "checkout", "-q", "-b", "main")
    site.variables = {"TF_BUILD": "", "BUILD_SOURCEBRANCH": ""}

    code, out, _ = ended(started(site, "--ids", "7", "--json"))

    assert code == 0, out
    (row,) = site.get("_apis/git/repositories/calc/pullrequests")["value"]
    assert row["targetRefName"] == "refs/heads/main"


@given(
    total=st.floats(0.01, 100),
    share=st.floats(0.01, 10),
    costs=st.lists(st.floats(0, 1), max_size=30),
    at_once=st.integers(1, 5),
)
def test_no_order_of_runs_spends_more_than_the_sum(
    total: float, share: float, costs: list[float], at_once: int
) -> None:
    shift = Shift(total, min(share, total), deque())
    working: Any = shift.working
    for cost in costs:
        while working and (len(working) == at_once or not shift.suffices):
            working.popitem()
            shift.spent += cost * shift.share
        if not shift.suffices:
            break
        working[object()] = None
    shift.spent += len(working) * shift.share

    assert shift.spent <= shift.total + 1e-6


def workers(parent: int) -> list[int]:
    """The processes of the runs that work."""
    servers = [child for child in _children(parent) if "forkserver" in Path(f"/proc/{child}/cmdline").read_text()]
    return [worker for server in servers for worker in _children(server)]


def _children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(number) for file in listed for number in file.read_text().split()]


def _wait(ready: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until, "it has not started in time"
        time.sleep(0.05)
