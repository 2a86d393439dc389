"""`redimento doctor` in a job: it changes nothing, and names what a run would lack."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devops_emulator.organisation import GIT_RIGHTS, PROJECT_RIGHTS
from devops_emulator.store import Store
from redimento.delivery.rights import CREATE_TAG_DEFINITION, RIGHTS, Right
from tests.adoption.examining import Examine, doctor
from tests.run.conftest import Site, git
from tests.run.test_rights import NEEDED, denial

ACCOUNT = "Project Collection Build Service (emulated)"
NAMED = (*NEEDED, CREATE_TAG_DEFINITION)
SEEDED = {"CREATE_TAG": "CreateTagDefinition"}


def seeded(right: Right) -> str:
    return SEEDED.get(right.bit, denial(right))


def deny(site: Site, *denials: str) -> None:
    """Take rights away after the checkout: without Read there would be none."""
    store = Store(site.tmp / "organisation" / "organisation.sqlite")
    with store.transaction():
        (project,) = store.all("project")
        store.put("project", project["id"], {**project, "deny": [*denials]})
    store.close()


def test_with_every_right_there_is_no_problem(site: Site, examine: Examine) -> None:
    seen = examine(site)

    assert seen.code == 0
    assert seen.of("problem") == []
    assert len({(one["topic"], one["name"]) for one in seen.findings}) == len(seen.findings)
    assert {right.name for right in NEEDED if right.page.endswith("Security") and "work items" not in right.name} <= {
        *seen.names("ok")
    }
    assert seen.one("sign-in")["sentence"].endswith(f"knows this job as {ACCOUNT}.")
    assert seen.one("repository")["sentence"] == "The checkout is that of calc."
    assert seen.one("target branch")["severity"] == "ok"


@pytest.mark.parametrize("right", NAMED, ids=lambda one: one.name)
def test_a_right_that_is_missing_is_the_only_one_that_is_named(site: Site, examine: Examine, right: Right) -> None:
    deny(site, seeded(right))
    seen = examine(site)

    (found,) = [one for one in seen.findings if one["right"]]
    assert (found["right"], found["account"], found["page"]) == (right.name, ACCOUNT, right.page)
    assert found["sentence"].startswith(f"{ACCOUNT} lacks the right '{right.name}', needed for ")
    assert found["address"].startswith("http://127.0.0.1:")
    stops = right.name not in ("View builds", "Create tag definition")
    assert (found["severity"], seen.code) == (("problem", 3) if stops else ("note", 0))


def test_rights_that_a_run_does_not_need_are_not_missed(organise: Callable[..., Site], examine: Examine) -> None:
    others = {*GIT_RIGHTS, *PROJECT_RIGHTS} - {seeded(right) for right in NAMED}
    assert others
    seen = examine(organise(seed={"deny": sorted(others)}))

    assert (seen.code, [one for one in seen.findings if one["right"]]) == (0, [])


def test_every_right_of_the_table_has_a_number_in_its_namespace() -> None:
    assert all(right.mask & (right.mask - 1) == 0 < right.mask for right in RIGHTS)
    assert len({(right.page, right.mask) for right in RIGHTS}) == len(RIGHTS)


def test_nothing_is_changed(site: Site, examine: Examine) -> None:
    seen: list[str] = []
    site.watchers.append(lambda method, path: seen.append(f"{method} {path}"))
    before = git(site.checkout, "status", "--porcelain", "--ignored"), sorted(site.checkout.rglob("*"))
    item = site.get("_apis/wit/workitems/7")
    seen.clear()
    examine(site, "--work-item", "7")

    wrote = [line for line in seen if not line.startswith("GET ")]
    assert {line.rpartition("/")[2] for line in wrote} <= {"PermissionEvaluationBatch".lower(), "git-upload-pack"}
    assert before == (git(site.checkout, "status", "--porcelain", "--ignored"), sorted(site.checkout.rglob("*")))
    assert site.get("_apis/wit/workitems/7")["rev"] == item["rev"]


def test_a_work_item_is_judged_as_a_run_would(site: Site, examine: Examine) -> None:
    seen = examine(site, "--work-item", "7")
    assert seen.one("work item 7")["sentence"] == "User Story in Shop: add adds"
    assert "would take it, on the branch redimento/7-add-adds" in seen.one("admission")["sentence"]

    refused = examine(site, "--work-item", "7", settings={"work_items": {"tags": ["robot"]}})
    assert (refused.code, refused.one("admission")["severity"]) == (0, "note")
    assert "it has none of the tags" in refused.one("admission")["sentence"]

    absent = examine(site, "--work-item", "8")
    assert (absent.code, absent.one("work item 8")["severity"]) == (3, "problem")

    wrong = examine(site, "--work-item", "$(Item)x")
    assert (wrong.code, wrong.one("number")["severity"]) == (2, "problem")


def test_a_finished_item_says_why_it_would_be_skipped(organise: Callable[..., Site], examine: Examine) -> None:
    seen = examine(organise(**{"System.State": "Closed"}), "--work-item", "7")
    assert "it is already done" in seen.one("admission")["sentence"]


def test_rights_are_asked_for_the_area_of_the_item(organise: Callable[..., Site], examine: Examine) -> None:
    seen = examine(organise(**{"System.AreaPath": "Shop\\Web\\Cart"}), "--work-item", "7")
    assert seen.one("Edit work items in this node (Shop\\Web\\Cart)")["severity"] == "ok"


def test_an_area_that_does_not_exist_is_unknown_not_ok(site: Site, examine: Examine) -> None:
    seen = examine(site, settings={"work_items": {"areas": ["Shop\\Nowhere"]}})
    assert seen.one("area Shop\\Nowhere")["severity"] == "unknown"
    assert not [one for one in seen.findings if one["name"].startswith("Edit work items")]


def test_what_hostile_names_say_is_only_text(organise: Callable[..., Site], examine: Examine) -> None:
    title = "##vso[task.setvariable variable=a]b \x1b[31m\u202e"
    site = organise(**{"System.Title": title, "System.AreaPath": "Shop\\##vso[task.complete]\x1b]0;x"})
    seen = examine(site, "--work-item", "7")
    assert "##vso[" not in seen.one("work item 7")["sentence"]
    assert seen.code == 0


def test_an_unknown_target_and_another_repository_are_problems(site: Site, examine: Examine) -> None:
    wrong = examine(site, settings={"pull_request": {"target": "nowhere"}})
    assert (wrong.code, wrong.one("target branch")["severity"]) == (2, "problem")

    git(site.checkout, "remote", "set-url", "origin", f"{site.emulator.url}Shop/_git/other")
    other = examine(site)
    assert (other.code, other.one("repository")["severity"]) == (3, "problem")
    assert "other" in other.one("repository")["sentence"]

    git(site.checkout, "remote", "set-url", "origin", "https://[x")
    assert examine(site).one("repository")["severity"] == "problem"


def test_a_stored_token_is_noted_and_stays(site: Site, examine: Examine) -> None:
    header = "http.extraheader", f"AUTHORIZATION: bearer {site.emulator.token}"
    git(site.checkout, "config", *header)
    seen = examine(site)
    assert (seen.code, seen.one("stored token")["severity"]) == (0, "note")
    assert git(site.checkout, "config", "http.extraheader").strip() == header[1]


def test_a_check_whose_program_is_missing_is_noted(site: Site, examine: Examine) -> None:
    run = "no-such-program --all"
    commands = [
        {"name": "lint", "run": run},
        {"name": "shell", "run": "cd . && true"},
        {"name": "py", "run": ["python3"]},
        {"name": "venv", "run": [".venv/bin/python"]},
    ]
    seen = examine(site, settings={"checks": {"isolation": "process", "commands": commands}})
    found = [seen.one(f"check {name}")["severity"] for name in ("lint", "shell", "py", "venv")]
    assert found == ["note", "unknown", "ok", "note"]


def test_in_a_pipeline_problems_are_errors_and_notes_are_not(site: Site) -> None:
    config = str(site.config([]))
    deny(site, "ViewBuilds")
    environment = {**site.environment, "TF_BUILD": "True"}
    calm = doctor("--config", config, folder=site.checkout, environment=environment)
    assert (calm.returncode, "##vso[" in calm.stdout) == (0, False)
    lines = calm.stdout.splitlines()
    assert sum(line.startswith("##[group]") for line in lines) == lines.count("##[endgroup]") >= 5

    deny(site, "CreateBranch")
    alarmed = doctor("--config", config, folder=site.checkout, environment=environment)
    errors = [line for line in alarmed.stdout.splitlines() if line.startswith("##vso[")]
    assert len(errors) == 1
    assert errors[0].startswith("##vso[task.logissue type=error;]Create branch: ")


@pytest.mark.parametrize("columns", [60, 100, 140])
def test_on_a_terminal_every_line_fits(site: Site, columns: int) -> None:
    environment = {**site.environment, "COLUMNS": str(columns)}
    environment.pop("TF_BUILD", None)
    said = doctor("--config", str(site.config([])), folder=site.checkout, environment=environment)
    assert max(map(len, said.stdout.splitlines())) <= columns
    assert "\x1b" not in said.stdout
    assert "Nothing that was found out would stop a run." in " ".join(said.stdout.split())


def test_at_a_desk_what_only_a_job_knows_is_unknown(sample: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SYSTEM_")}
    done = doctor("--json", folder=sample, environment=environment)
    told = json.loads(done.stdout)
    by_name = {one["name"]: one for one in told["findings"]}
    assert (by_name["job"]["severity"], by_name["sign-in"]["severity"]) == ("unknown", "problem")
    assert "as a step of the pipeline" in by_name["job"]["remedy"]
    assert done.returncode == 2  # there is no key


def test_a_folder_that_is_no_checkout_is_a_problem(tmp_path: Path) -> None:
    done = doctor("--json", folder=tmp_path, environment=dict(os.environ))
    last = json.loads(done.stdout)["findings"][-1]
    assert (done.returncode, last["topic"], last["severity"]) == (2, "checkout", "problem")


def test_broken_settings_are_a_problem_with_their_place(site: Site, examine: Examine) -> None:
    seen = examine(site, settings={"modle": {}})
    assert seen.code == 2
    assert "modle" in seen.one("file")["sentence"]
    assert seen.one("Contribute")["severity"] == "ok"  # the rest is looked at all the same
