"""`redimento install` at an administrator's desk: what it makes, repairs, leaves, and takes away."""

from __future__ import annotations

import _thread
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from redimento.delivery.rights import RIGHTS
from tests.adoption.conftest import ADA, BEN, KEY, Desk, templates_repository
from tests.azure.hostile import json_answer, serving
from tests.cli.conftest import Command
from tests.run.conftest import git, write_sample

CALC = "Shop/_apis/git/repositories/calc"
GIT = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87"
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def writes(desk: Desk) -> list[str]:
    """Return a list that collects the writes from now on."""
    seen: list[str] = []
    desk.watchers.append(lambda method, path: seen.append(f"{method} {path}") if method in WRITES else None)
    return seen


def connection(desk: Desk) -> dict[str, Any]:
    (row,) = desk.rows("Shop/_apis/serviceendpoint/endpoints", type="incomingwebhook")
    return row


def definition(desk: Desk) -> dict[str, Any]:
    (row,) = desk.rows("Shop/_apis/build/definitions", name="redimento-calc", includeAllProperties="true")
    return row


def hook(desk: Desk, event: str = "workitem.updated") -> dict[str, Any]:
    (row,) = desk.rows("_apis/hooks/subscriptions", eventType=event)
    return row


def entries(desk: Desk) -> dict[str, Any]:
    (row,) = desk.rows(f"_apis/accesscontrollists/{GIT}")
    (entry,) = row["acesDictionary"].values()
    return {"token": row["token"], **entry}


def test_a_plan_changes_nothing(desk: Desk) -> None:
    seen = writes(desk)
    said = desk.install()
    assert said.code == 0
    assert said.out.count("\ncreate ") >= 10
    assert "Nothing was changed: add --yes" in said.out
    assert seen == []


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--variable-group", "", "--variable-group is empty."),
        ("--image", "a b", "--image is more than one word."),
        ("--area", "Cart\n", "--area has white space around it"),
        ("--pool", "a\u202eb", "--pool has white space around it, or characters that nobody sees."),
        ("--tag", "ai;web", "--tag is more than one tag"),
        ("--service-connection", "google", "--service-connection needs --workload-identity-provider"),
    ],
)
def test_what_would_only_fail_in_a_run_is_refused(desk: Desk, option: str, value: str, sentence: str) -> None:
    said = desk.install("--yes", option, value)
    assert said.code == 2
    assert sentence in said.err


def test_a_work_item_type_that_is_not_there_makes_no_hook(desk: Desk) -> None:
    said = desk.install("--yes", "--work-item-type", "Epos")
    assert said.code == 3
    assert "service hooks: Your account lacks" in said.out
    assert "Epos" in said.out
    assert desk.rows("_apis/hooks/subscriptions") == []


def test_it_makes_all_that_a_run_needs(desk: Desk) -> None:
    said = desk.install("--yes", "--area", "Cart", "--tag", "ai", "--work-item-type", "Bug")
    assert said.code == 0
    assert "/Shop/_git/calc/pullrequest/1\n" in said.out
    made = connection(desk)
    parameters = made["authorization"]["parameters"]
    assert len(parameters["webhookname"]) > 40
    assert (parameters["secret"], parameters["header"]) == (None, "")
    inputs = hook(desk)["publisherInputs"]
    assert inputs["changedFields"] == "System.State"
    assert (inputs["areaPath"], inputs["tag"], inputs["workItemType"]) == ("Shop\\Cart", "ai", "Bug")
    assert parameters["webhookname"] in hook(desk)["consumerInputs"]["url"]
    assert hook(desk, "workitem.commented")["publisherInputs"]["tag"] == "ai"
    (group,) = desk.rows("Shop/_apis/distributedtask/variablegroups")
    assert group["variables"] == {"GEMINI_API_KEY": {"value": None, "isSecret": True}}
    (pull,) = desk.rows(f"{CALC}/pullrequests")
    assert (pull["targetRefName"], pull["createdBy"]["displayName"]) == ("refs/heads/main", "Ada")
    for kind, identity in (("endpoint", made["id"]), ("variablegroup", group["id"])):
        path = f"Shop/_apis/pipelines/pipelinePermissions/{kind}/{identity}"
        used_by = desk.rest("GET", path, version="7.1-preview.1")["pipelines"]
        assert [one["id"] for one in used_by] == [definition(desk)["id"]]


def test_every_right_of_the_table_is_granted(desk: Desk) -> None:
    said = desk.install("--yes")
    needed = [right for right in RIGHTS if right.needed_for]
    assert len(needed) >= 7
    assert [right.name for right in needed if f"'{right.name}'" not in said.out] == []


def test_a_second_run_changes_nothing_and_says_so(desk: Desk) -> None:
    desk.install("--yes")
    before, seen = desk.everything(), writes(desk)
    said = desk.install("--yes")
    assert said.code == 0
    assert said.out.endswith("Nothing to change.\n")
    assert {line.split()[0] for line in said.out.splitlines()[:-2]} == {"keep"}
    assert seen == []
    assert desk.everything() == before


def killed_after_each_write(desk: Desk, *arguments: str) -> int:
    """Kill the command after its first write, again and again, until one has nothing left to do; return the kills."""
    seen = writes(desk)

    def kill(_method: str, _path: str) -> None:
        if len(seen) == 1:
            seen.append("killed")
            _thread.interrupt_main()

    desk.watchers.append(kill)
    # A shell starts what it runs in the background with SIGINT ignored, and then nothing would be interrupted.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    kills = 0
    while (code := desk.install("--yes", *arguments).code) == 130:
        kills += 1
        seen.clear()
    desk.watchers.clear()
    signal.signal(signal.SIGINT, before)
    assert code == 0
    return kills


@pytest.mark.timeout(600)  # a whole installation for each of its writes
def test_after_a_kill_at_any_boundary_the_next_run_completes(desk: Desk) -> None:
    assert killed_after_each_write(desk) >= 17
    assert "Nothing to change." in desk.install().out
    everything = desk.everything()
    assert [len(everything[name]) for name in ("definitions", "connections", "groups", "pulls")] == [1, 1, 1, 1]
    assert len(everything["subscriptions"]) == 3
    assert entries(desk)["allow"] == 2 + 4 + 16 + 16384


@pytest.mark.parametrize(
    ("right", "named", "kept"),
    [
        ("CreateServiceEndpoint", "'Endpoint Creator'", "pipeline redimento-calc"),
        ("CreateVariableGroup", "'Creator'", "incoming webhook redimento-calc"),
        ("CreateDefinition", "'Create build pipeline'", "incoming webhook redimento-calc"),
        ("ManagePermissions", "'Manage permissions'", "pipeline redimento-calc"),
        ("EditAreaNode", "'Edit this node'", "rights on the repository calc"),
        ("AdministerResource", "'Administrator'", "pipeline redimento-calc"),
        ("EditSubscriptions", "'Edit subscriptions'", "incoming webhook redimento-calc"),
        ("CreateBranch", "'Contribute, Create branch", "service hook on changed states"),
        ("PullRequestContribute", "Contribute to pull requests'", "service hook on changed states"),
    ],
)
def test_a_right_that_the_administrator_lacks_is_named_and_the_rest_is_done(
    desk_with: Callable[..., Desk], right: str, named: str, kept: str
) -> None:
    desk = desk_with(limited={BEN: [right]})
    said = desk.install("--yes", person=BEN)
    assert said.code == 3
    left = said.out.rpartition("What remains for a person:")[2]
    assert f"Your account lacks the right {named}" in left or named in left
    assert f"{desk.emulator.url}Shop/_" in left
    assert f"created  {kept}:" in said.out

    assert desk.install("--yes", person=ADA).code == 0
    assert "Nothing to change." in desk.install().out


def test_drift_is_repaired(desk: Desk) -> None:
    desk.install("--yes")
    old = connection(desk)
    path = f"_apis/serviceendpoint/endpoints/{old['id']}"
    desk.rest("DELETE", path, params={"projectIds": desk.emulator.projects["Shop"]["id"]})
    desk.rest("DELETE", f"_apis/hooks/subscriptions/{hook(desk, 'workitem.commented')['id']}")
    said = desk.install("--yes")
    assert said.code == 0
    assert "changed  service hook on changed states: It posts to an incoming webhook that is gone." in said.out
    name = connection(desk)["authorization"]["parameters"]["webhookname"]
    assert name != old["authorization"]["parameters"]["webhookname"]
    for event in ("workitem.updated", "workitem.commented"):
        assert name in hook(desk, event)["consumerInputs"]["url"]
    assert "Nothing to change." in desk.install().out


def test_what_a_person_decided_stays_and_is_said(desk: Desk) -> None:
    desk.install("--yes")
    subscription = {**hook(desk), "status": "disabledByUser"}
    desk.rest("PUT", f"_apis/hooks/subscriptions/{subscription['id']}", json=subscription)
    pipeline = {**definition(desk), "queueStatus": "paused"}
    desk.rest("PUT", f"Shop/_apis/build/definitions/{pipeline['id']}", json=pipeline)
    entry = entries(desk)
    denial = {"descriptor": entry["descriptor"], "allow": 0, "deny": 16}
    body = {"token": entry["token"], "merge": True, "accessControlEntries": [denial]}
    desk.rest("POST", f"_apis/accesscontrolentries/{GIT}", json=body)
    (pull,) = desk.rows(f"{CALC}/pullrequests")
    desk.rest("PATCH", f"{CALC}/pullrequests/{pull['pullRequestId']}", json={"status": "abandoned"})
    seen = writes(desk)

    said = desk.install("--yes")

    assert seen == []
    assert "A person disabled it" in said.out
    assert "A person paused or disabled it" in said.out
    assert "is denied 'Create branch', and a denial stays" in said.out
    assert "Pull request 1 was abandoned" in said.out


def test_other_filters_and_a_secret_of_a_person_stay(desk: Desk) -> None:
    desk.install("--yes", "--tag", "ai")
    said = desk.install("--yes", "--tag", "robot")
    assert "Its filters differ from your options (tag), and stay" in said.out
    made = connection(desk)
    made["authorization"]["parameters"] |= {"secret": "a-secret-of-a-person", "header": "X-Hub-Signature"}
    desk.rest("PUT", f"_apis/serviceendpoint/endpoints/{made['id']}", json=made)
    said = desk.install("--yes", "--tag", "ai")
    assert "It wants a signature, which service hooks of Azure DevOps cannot make" in said.out


def test_remove_takes_away_exactly_what_install_made(desk: Desk) -> None:
    before = desk.everything()
    desk.install("--yes")

    assert desk.install("--remove", "--yes").code == 0

    after = desk.everything()
    empty = {name: [{**row, "acesDictionary": {}} for row in rows] for name, rows in after["entries"].items()}
    assert after["entries"] == empty
    assert {**after, "entries": before["entries"]} == before
    assert "Nothing to remove." in desk.install("--remove", "--yes").out


@pytest.mark.timeout(600)  # see above
def test_a_removal_that_is_killed_at_any_boundary_is_completed_by_the_next(desk: Desk) -> None:
    before = desk.everything()
    desk.install("--yes")

    assert killed_after_each_write(desk, "--remove") >= 9

    after = desk.everything()
    assert all(not row["acesDictionary"] for rows in after["entries"].values() for row in rows)
    assert {**after, "entries": before["entries"]} == before


def complete_the_pull_request(desk: Desk) -> None:
    pull = desk.rest("GET", f"{CALC}/pullrequests/1")
    desk.rest(
        "PATCH",
        f"{CALC}/pullrequests/1",
        json={"status": "completed", "lastMergeSourceCommit": pull["lastMergeSourceCommit"]},
    )


def test_a_pipeline_file_that_differs_from_the_options_stays_and_is_said(desk: Desk) -> None:
    desk.install("--yes")
    stays = "azure-pipelines-redimento.yml differs there from your options, and stays"
    assert f"Pull request 1 waits for a review. {stays}" in desk.install("--pool", "Linux").out
    assert "What remains" not in desk.install().out
    complete_the_pull_request(desk)
    assert f"are on main. {stays}" in desk.install("--pool", "Linux").out
    assert "What remains" not in desk.install().out


def test_settings_that_a_person_prepared_are_those_that_are_proposed(desk: Desk) -> None:
    mine = desk.folder / ".redimento.yml"
    mine.write_text("checks: {commands: [{name: tests, run: make test, levl: required}]}\n")
    refused = desk.install("--yes")
    assert "levl" in refused.out + refused.err
    mine.write_text("checks: {commands: [{name: tests, run: make test}]}\n")
    desk.install("--yes")
    query = {"path": "/.redimento.yml", "versionDescriptor.version": "redimento/install"}
    assert (
        desk.rest("GET", f"{CALC}/items", params=query | {"includeContent": "true", "$format": "json"})["content"]
        == mine.read_text()
    )


def test_remove_names_only_the_merged_files_that_install_added(desk_with: Callable[..., Desk], tmp_path: Path) -> None:
    write_sample(tmp_path / "with")
    (tmp_path / "with" / ".redimento.yml").write_text("version: 1\n")
    git(tmp_path / "with", "add", ".")
    git(tmp_path / "with", "commit", "--quiet", "-m", "Settings")
    templates = templates_repository(tmp_path / "released")
    desk = desk_with(
        repositories=[
            {"name": "calc", "from": str(tmp_path / "with")},
            {"name": "redimento", "from": str(templates)},
        ]
    )
    desk.install("--yes")
    assert "delete it there" not in desk.install("--remove").out
    complete_the_pull_request(desk)
    said = desk.install("--remove")
    assert "azure-pipelines-redimento.yml: It is on main, where a person merged it: delete it there." in said.out
    assert said.out.count("delete it there") == 1


def test_remove_leaves_what_others_made_or_use(desk: Desk) -> None:
    desk.install("--yes")
    shop = desk.emulator.projects["Shop"]["id"]
    reference = [{"projectReference": {"id": shop, "name": "Shop"}, "name": "other"}]
    body = {"name": "other", "type": "Vsts", "variables": {"GEMINI_API_KEY": {"value": KEY, "isSecret": True}}}
    desk.rest(
        "POST", "_apis/distributedtask/variablegroups", json={**body, "variableGroupProjectReferences": reference}
    )
    entry = entries(desk)
    own = {"descriptor": entry["descriptor"], "allow": 8, "deny": 0}
    added = {"token": entry["token"], "merge": True, "accessControlEntries": [own]}
    desk.rest("POST", f"_apis/accesscontrolentries/{GIT}", json=added)

    said = desk.install("--remove", "--yes", "--variable-group", "other")

    assert "kept     variable group other: Somebody else made it." in said.out
    assert entries(desk)["allow"] == 8


def test_rights_that_were_there_before_stay_after_remove(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(deny=["CreateBranch"])
    desk.install("--yes")
    assert entries(desk)["allow"] == 16
    desk.install("--remove", "--yes")
    assert desk.rows(f"_apis/accesscontrollists/{GIT}")[0]["acesDictionary"] == {}


def test_without_a_key_the_group_is_left_to_a_person(desk: Desk) -> None:
    said = desk.install("--yes", key="")
    assert said.code == 3
    assert "Set GEMINI_API_KEY in the environment" in said.out
    assert desk.rows("Shop/_apis/distributedtask/variablegroups") == []


def test_a_job_that_signs_in_with_its_identity_gets_no_group(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(service_connections=[{"name": "gemini", "authorized": False}])
    provider = "projects/1/locations/global/workloadIdentityPools/p/providers/q"
    said = desk.install("--yes", "--service-connection", "gemini", "--workload-identity-provider", provider, key="")
    assert said.code == 0
    assert "variable group" not in said.out
    identity = desk.emulator.projects["Shop"]["service_connections"]["gemini"]
    query = {"path": "/azure-pipelines-redimento.yml", "versionDescriptor.version": "redimento/install"}
    file = desk.rest("GET", f"{CALC}/items", params={**query, "includeContent": "true"})["content"]
    assert f'serviceConnection: "{identity}"' in file
    assert "variableGroup" not in file
    permission = desk.everything()["permissions"]["gemini"]
    assert [one["id"] for one in permission] == [definition(desk)["id"]]


def test_a_pool_of_the_team_is_permitted(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(queues=["Linux"])
    said = desk.install("--yes", "--pool", "Linux")
    assert "created  use of the agent pool Linux" in said.out
    assert desk.install("--pool", "Linux").out.endswith("Nothing to change.\n")
    assert "There is no agent pool Windows" in desk.install("--pool", "Windows").out


def test_the_plan_as_json_is_one_value_and_shows_no_secret(desk: Desk) -> None:
    planned = desk.install("--json").json
    assert (planned["version"], planned["carriedOut"]) == (1, False)
    assert {row["change"] for row in planned["steps"]} == {"create"}
    done = desk.install("--json", "--yes").json
    assert done["carriedOut"] is True
    assert all(row.keys() == {"what", "change", "why", "page"} for row in done["steps"])


def test_the_token_is_read_from_a_file_descriptor_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_DEVOPS_EXT_PAT", raising=False)
    read, write = os.pipe()
    os.write(write, f"{desk.emulator.tokens[ADA]}\n".encode())
    os.close(write)
    said = desk.command("install", "--repo", str(desk.folder), "--image", "i", "--token-fd", str(read), "--json")
    assert said.code == 0
    assert json.loads(said.out)["steps"]


def test_a_repository_that_is_not_there_asks_the_reader_for_a_right(desk: Desk) -> None:
    said = desk.install("--url", desk.emulator.environment["calc"]["BUILD_REPOSITORY_URI"] + "x")
    assert said.code == 3
    assert "if it exists, grant your account the right 'Read'" in said.err


def test_a_wrong_token_a_wrong_address_and_no_token_end_with_a_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", "x" * 52)
    said = desk.command("install", "--repo", str(desk.folder))
    assert said.code == 3
    assert "did not accept the token" in said.err
    monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", "x" * 52)
    said = desk.command("install", "--url", "https://github.com/a/b")
    assert said.code == 2
    assert "not the address of a repository in Azure Repos" in said.err
    said = desk.command("install", "--repo", str(desk.folder))
    assert said.code == 2
    assert "There is no access token." in said.err


@pytest.mark.parametrize(
    ("token", "sent"), [("x" * 52, "Basic Onh4eHh4"), ("eyJhbGciOi.eyJhdWQiOi.c2lnbmF0dXJl", "Bearer eyJhbGciOi")]
)
def test_a_personal_token_is_sent_as_a_password_and_one_of_entra_as_bearer(
    redimento: Command, monkeypatch: pytest.MonkeyPatch, token: str, sent: str
) -> None:
    monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", token)
    with serving((json_answer({"unexpected": []}),), None) as server:
        said = redimento("install", "--url", f"{server.url}Shop/_git/calc")
    assert server.seen[0].headers["authorization"].startswith(sent)
    assert said.code == 3
    assert "JSON of another shape than expected" in said.err


def test_a_terminal_is_asked_for_token_and_key_without_an_echo(desk: Desk) -> None:
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "redimento", "install", "--repo", str(desk.folder), "--image", "i:1"]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("AZURE_DEVOPS_EXT_PAT", "GEMINI_API_KEY")
    }
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = ""
        for question, answer in (
            ("Access token", desk.emulator.tokens[ADA]),
            ("Key for Gemini", KEY),
            ("Carry this out", "n"),
        ):
            while question not in shown.rpartition("\x00")[2]:
                shown += os.read(controller, 65_536).decode()
            os.write(controller, f"{answer}\n".encode())
            shown += "\x00"
        with suppress(OSError):  # how Linux tells that the other end is closed
            while piece := os.read(controller, 65_536):
                shown += piece.decode()
    os.close(controller)
    assert process.returncode == 0
    assert "variable group redimento: It keeps the secret" in shown
    assert desk.emulator.tokens[ADA] not in shown
    assert KEY not in shown
    assert desk.rows("_apis/hooks/subscriptions") == []
