"""What the organisation says a caller may do is what it lets that caller do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

GIT = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87"
AREA = "83e28ad4-2d72-4ceb-97b0-c7726d5502c3"
BUILD = "33344d9c-fc72-4d6f-aba5-fa317101a7e9"
TAGS = "bb50f182-8e5e-40b8-bc21-e8752a1e7ae2"
BATCH = "_apis/security/permissionevaluationbatch"


def ask(rest: Any, *wanted: tuple[str, str, int], status: int = 200) -> Any:
    evaluations = [
        {"securityNamespaceId": namespace, "token": token, "permissions": bits} for namespace, token, bits in wanted
    ]
    body = {"alwaysAllowAdministrators": False, "evaluations": evaluations}
    return rest("POST", BATCH, json=body, status=status)


def allowed(rest: Any, *wanted: tuple[str, str, int]) -> list[bool]:
    return [one["value"] for one in ask(rest, *wanted)["evaluations"]]


def tokens(rest: Any) -> dict[str, str]:
    project = rest.emulator.projects["Shop Floor"]
    root = rest("GET", "Shop%20Floor/_apis/wit/classificationnodes/Areas", params={"$depth": 3})
    (area,) = root["children"]
    return {
        GIT: f"repoV2/{project['id']}/{project['repositories']['web']}/",
        AREA: ":".join(f"vstfs:///Classification/Node/{node['identifier']}" for node in (root, area)),
        BUILD: f"{project['id']}/1",
        TAGS: f"/{project['id']}",
    }


@pytest.mark.parametrize(
    ("denial", "namespace", "bit"),
    [
        ("GenericRead", GIT, 2),
        ("GenericContribute", GIT, 4),
        ("ForcePush", GIT, 8),
        ("CreateBranch", GIT, 16),
        ("PullRequestContribute", GIT, 16384),
        ("WorkItemRead", AREA, 16),
        ("WorkItemWrite", AREA, 32),
        ("ViewBuilds", BUILD, 1),
        ("UpdateBuildInformation", BUILD, 64),
        ("CreateTagDefinition", TAGS, 2),
    ],
)
def test_a_denial_takes_away_one_bit(
    serve: Any, seed: Any, tmp_path: Path, *, denial: str, namespace: str, bit: int
) -> None:
    with serve(tmp_path / "all", seed) as rest:
        assert allowed(rest, (namespace, tokens(rest)[namespace], bit)) == [True]
    item = {"type": "Task", "fields": {"System.Title": "x", "System.AreaPath": "Shop Floor\\Checkout"}}
    with serve(tmp_path / "less", {**seed, "work_items": [item], "deny": [denial]}) as rest:
        assert allowed(rest, (namespace, tokens(rest)[namespace], bit)) == [False]
        known = [(one, token, 2 if one in (GIT, TAGS) else 1) for one, token in tokens(rest).items()]
        assert allowed(rest, *known).count(False) == (denial in ("GenericRead", "CreateTagDefinition", "ViewBuilds"))


def test_all_bits_that_are_asked_for_have_to_be_there(serve: Any, seed: Any, tmp_path: Path) -> None:
    with serve(tmp_path, {**seed, "deny": ["CreateBranch"]}) as rest:
        token = tokens(rest)[GIT]
        assert allowed(rest, (GIT, token, 2 | 4), (GIT, token, 2 | 16), (GIT, token, 0)) == [True, False, True]


def test_a_branch_is_named_by_its_utf_16_units(rest: Any) -> None:
    token = tokens(rest)[GIT]
    names = ("7200/", "7200/6d0061007300740065007200/", "r/", "72/")
    asked = [(GIT, f"{token}refs/heads/{name}", 4) for name in names]
    assert allowed(rest, *asked) == [True, True, False, False]


def test_a_token_that_names_nothing_grants_nothing(rest: Any) -> None:
    known = tokens(rest)
    wrong = [
        (GIT, "repoV2/x/", 2),
        (GIT, known[GIT].replace("repoV2", "repo"), 2),
        (AREA, known[AREA].partition(":vstfs:///Classification/Node/")[2], 16),
        (BUILD, f"{known[BUILD]}7", 1),
        (TAGS, known[TAGS].strip("/"), 2),
    ]
    assert allowed(rest, *wrong) == [False] * len(wrong)


def test_unknown_namespaces_and_members_are_refused(rest: Any) -> None:
    assert ask(rest, ("5a27515b-ccd7-42c9-84f1-54c998f03866", "x", 1), status=404)["typeKey"] == (
        "InvalidSecurityNamespaceException"
    )
    rest("POST", BATCH, json={"evaluations": [{"securityNamespaceId": GIT, "bits": 1}]}, status=400)
    rest("POST", BATCH, json={"tokens": []}, status=400)
    rest(
        "POST",
        BATCH,
        json={"evaluations": [{"securityNamespaceId": GIT, "token": "x", "permissions": "2"}]},
        status=400,
    )


def test_a_person_has_every_right(serve: Any, seed: Any, tmp_path: Path) -> None:
    with serve(tmp_path, {**seed, "deny": ["GenericContribute"]}) as rest:
        token = tokens(rest)[GIT]
        jane = {"Authorization": f"Bearer {rest.emulator.tokens['jane@example.com']}"}
        body = {"evaluations": [{"securityNamespaceId": GIT, "token": token, "permissions": 4}]}
        assert rest("POST", BATCH, json=body, headers=jane)["evaluations"][0]["value"] is True


def test_areas_are_a_tree(rest: Any) -> None:
    home = "Shop%20Floor/_apis/wit/classificationnodes"
    root = rest("GET", f"{home}/Areas")
    assert (root["name"], root["hasChildren"], "children" in root) == ("Shop Floor", True, False)
    below = rest("GET", f"{home}/areas/checkout")
    assert (below["name"], below["path"]) == ("Checkout", "\\Shop Floor\\Area\\Checkout")
    assert rest("GET", f"{home}/areas/nowhere", status=404)["typeKey"] == "ClassificationNodeNotFoundException"
    rest("GET", f"{home}/Iterations", status=400)


def test_the_settings_of_pipelines_are_shown(rest: Any) -> None:
    assert rest("GET", "Shop%20Floor/_apis/build/generalsettings")["enforceJobAuthScope"] is False
