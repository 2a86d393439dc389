from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

GIT = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87"
AREAS = "83e28ad4-2d72-4ceb-97b0-c7726d5502c3"
BUILD = "33344d9c-fc72-4d6f-aba5-fa317101a7e9"
SHOP = "Shop%20Floor"
JOB = "Project Collection Build Service (emulated)"


@pytest.fixture
def limited(serve: Callable[[Path, Any], AbstractContextManager[Any]], seed: dict[str, Any], tmp_path: Path) -> Any:
    """The organisation, whose build account may do nothing."""
    rights = ["GenericContribute", "CreateBranch", "WorkItemRead", "WorkItemWrite", "ViewBuilds"]
    with serve(tmp_path / "organisation", {**seed, "deny": rights, "areas": ["Shop Floor\\Cart"]}) as rest:
        yield rest


def as_jane(rest: Any) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {rest.emulator.tokens['jane@example.com']}"}}


def descriptor(rest: Any, name: str = JOB) -> str:
    query = {"searchFilter": "General", "filterValue": name}
    (found,) = rest("GET", "_apis/identities", params=query)["value"]
    return str(found["descriptor"])


def grant(
    rest: Any, namespace: str, token: str, allow: int = 0, *, deny: int = 0, status: int = 200, **more: Any
) -> Any:
    entry = {"descriptor": descriptor(rest), "allow": allow, "deny": deny}
    body = {"token": token, "merge": True, "accessControlEntries": [entry], **more}
    return rest("POST", f"_apis/accesscontrolentries/{namespace}", json=body, status=status, **as_jane(rest))


def repository(rest: Any) -> str:
    project = rest.emulator.projects["Shop Floor"]
    return f"repoV2/{project['id']}/{project['repositories']['web']}"


def branch(rest: Any, name: str) -> bool:
    (main,) = rest("GET", f"{SHOP}/_apis/git/repositories/web/refs", params={"filter": "heads/main"})["value"]
    body = [{"name": f"refs/heads/{name}", "oldObjectId": "0" * 40, "newObjectId": main["objectId"]}]
    (made,) = rest("POST", f"{SHOP}/_apis/git/repositories/web/refs", json=body)["value"]
    return bool(made["success"])


def area_token(rest: Any, *names: str) -> str:
    nodes = []
    for end in range(len(names) + 1):
        path = "/".join(("Areas", *names[:end]))
        node = rest("GET", f"{SHOP}/_apis/wit/classificationnodes/{path}", **as_jane(rest))
        nodes.append(f"vstfs:///Classification/Node/{node['identifier']}")
    return ":".join(nodes)


def test_an_entry_lets_the_build_account_push_over_rest_and_git(
    limited: Any, git: Callable[..., str], tmp_path: Path
) -> None:
    assert branch(limited, "one") is False
    grant(limited, GIT, repository(limited), 4 + 16)
    assert branch(limited, "one") is True
    environment = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{limited.emulator.url}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {limited.emulator.token}",
    }
    url = limited.emulator.environment["web"]["BUILD_REPOSITORY_URI"]
    git("clone", "--quiet", url, "clone", cwd=tmp_path, environment=environment)
    git("push", "--quiet", "origin", "HEAD:refs/heads/two", cwd=tmp_path / "clone", environment=environment)
    grant(limited, GIT, repository(limited), deny=16)
    with pytest.raises(RuntimeError, match="TF401027"):
        git("push", "--quiet", "origin", "HEAD:refs/heads/three", cwd=tmp_path / "clone", environment=environment)


def test_the_nearest_entry_decides(limited: Any) -> None:
    project = f"repoV2/{limited.emulator.projects['Shop Floor']['id']}"
    grant(limited, GIT, project, 4 + 16)
    assert branch(limited, "one") is True
    grant(limited, GIT, repository(limited), deny=16)
    assert branch(limited, "two") is False


def test_an_area_is_read_and_written_by_its_own_entry(limited: Any) -> None:
    limited("GET", "_apis/wit/workitems/7", status=404)
    grant(limited, AREAS, area_token(limited, "Cart"), 16 + 32)
    limited("GET", "_apis/wit/workitems/7", status=404)
    grant(limited, AREAS, area_token(limited, "Checkout"), 16)
    limited("GET", "_apis/wit/workitems/7")
    limited.patch_item(7, {"op": "add", "path": "/fields/System.Title", "value": "T"}, status=403)
    grant(limited, AREAS, area_token(limited), 32)  # the root is above all
    limited.patch_item(7, {"op": "add", "path": "/fields/System.Title", "value": "T"})
    limited("GET", f"{SHOP}/_apis/wit/classificationnodes/Areas/None", status=404)


def test_builds_are_seen_by_an_entry(limited: Any) -> None:
    assert limited("GET", f"{SHOP}/_apis/build/builds")["count"] == 0
    number = limited.emulator.environment["web"]["SYSTEM_DEFINITIONID"]
    grant(limited, BUILD, f"{limited.emulator.projects['Shop Floor']['id']}/{number}", 1)
    assert limited("GET", f"{SHOP}/_apis/build/builds")["count"] == 1


def test_a_list_shows_what_holds_in_the_end_and_bits_are_taken_back(limited: Any) -> None:
    token, who = repository(limited), descriptor(limited)
    grant(limited, GIT, token, 4)
    query = {"token": token, "descriptors": who, "includeExtendedInfo": "true"}
    (shown,) = limited("GET", f"_apis/accesscontrollists/{GIT}", params=query, **as_jane(limited))["value"]
    entry = shown["acesDictionary"][who]
    assert (entry["allow"], entry["deny"]) == (4, 0)
    assert entry["extendedInfo"]["effectiveAllow"] & (2 + 4 + 16) == 2 + 4
    taken = {"token": token, "descriptor": who}
    left = limited("DELETE", f"_apis/permissions/{GIT}/4", params=taken, **as_jane(limited))
    assert left == {"descriptor": who, "allow": 0, "deny": 0}
    (shown,) = limited("GET", f"_apis/accesscontrollists/{GIT}", params={"token": token}, **as_jane(limited))["value"]
    assert shown["acesDictionary"] == {}


@pytest.mark.parametrize(
    ("namespace", "token", "bits", "status", "more"),
    [
        ("00000000-0000-0000-0000-000000000000", "", 4, 404, {}),
        (GIT, "somewhere", 4, 400, {}),
        (GIT, "repoV2/00000000-0000-0000-0000-000000000000", 4, 404, {}),
        (AREAS, "vstfs:///Classification/Node/0", 16, 404, {}),
        (GIT, "", 2**20, 400, {}),
        (GIT, "", 4, 400, {"unknown": 1}),
        (GIT, "", 4, 404, {"accessControlEntries": [{"descriptor": "nobody", "allow": 4, "deny": 0}]}),
        (GIT, "", 4, 400, {"accessControlEntries": [{"descriptor": "nobody", "allow": 4, "deny": 0, "more": 1}]}),
    ],
)
def test_an_entry_of_another_shape_is_refused(
    limited: Any, namespace: str, token: str, bits: int, *, status: int, more: dict[str, Any]
) -> None:
    grant(limited, namespace, token or repository(limited), bits, status=status, **more)


def test_only_who_may_manage_permissions_changes_or_sees_them(
    serve: Callable[[Path, Any], AbstractContextManager[Any]], seed: dict[str, Any], tmp_path: Path
) -> None:
    limits = {"jane@example.com": ["ManagePermissions"]}
    with serve(tmp_path / "organisation", {**seed, "limited": limits}) as rest:
        refused = grant(rest, GIT, repository(rest), 4, status=403)
        assert "ManagePermissions" in refused["message"]
        query = {"token": repository(rest)}
        rest("GET", f"_apis/accesscontrollists/{GIT}", params=query, status=403, **as_jane(rest))
