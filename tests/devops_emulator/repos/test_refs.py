from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOME = "Shop%20Floor/_apis/git/repositories/web"
ZERO = "0" * 40


def tip(rest: Any, branch: str) -> str:
    found = rest("GET", f"{HOME}/refs", params={"filter": f"heads/{branch}"})["value"]
    return str(found[0]["objectId"])


def move(rest: Any, name: str, old: str, new: str) -> Any:
    body = [{"name": name, "oldObjectId": old, "newObjectId": new}]
    return rest("POST", f"{HOME}/refs", json=body)["value"][0]


def test_references_are_created_moved_and_deleted(rest: Any) -> None:
    main, feature = tip(rest, "main"), tip(rest, "feature")
    assert move(rest, "refs/heads/x/y", ZERO, main)["success"] is True
    assert move(rest, "refs/heads/x/y", main, feature)["updateStatus"] == "succeeded"
    assert tip(rest, "x/y") == feature
    assert move(rest, "refs/heads/x/y", feature, ZERO)["success"] is True
    assert rest("GET", f"{HOME}/refs", params={"filter": "heads/x"})["count"] == 0


@pytest.mark.parametrize(
    ("name", "old", "new", "status"),
    [
        ("refs/heads/new", "1" * 40, "main", "staleOldObjectId"),
        ("refs/heads/feature", ZERO, "main", "staleOldObjectId"),
        ("heads/new", ZERO, "main", "invalidRefName"),
        ("refs/heads/a..b", ZERO, "main", "invalidRefName"),
        ("refs/heads/new", ZERO, "1" * 40, "unresolvableToCommit"),
        ("refs/heads/main", "main", "feature", "rejectedByPolicy"),
        ("refs/heads/feature/more", ZERO, "main", "refNameConflict"),
    ],
)
def test_a_refused_reference_is_reported_in_the_answer(rest: Any, name: str, old: str, new: str, status: str) -> None:
    named = {branch: tip(rest, branch) for branch in ("main", "feature")}
    result = move(rest, name, named.get(old, old), named.get(new, new))
    assert (result["success"], result["updateStatus"]) == (False, status)


def test_a_missing_right_to_create_a_branch(serve: Any, seed: Any, tmp_path: Path) -> None:
    with serve(tmp_path / "organisation", {**seed, "deny": ["CreateBranch"]}) as rest:
        result = move(rest, "refs/heads/new", ZERO, tip(rest, "main"))
        assert result["updateStatus"] == "createBranchPermissionRequired"


def push(rest: Any, branch: str, old: str, *changes: Any, status: int = 201) -> Any:
    body = {
        "refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": old}],
        "commits": [{"comment": "By REST", "changes": list(changes)}],
    }
    return rest("POST", f"{HOME}/pushes", json=body, status=status)


def change(kind: str, path: str, content: str = "", **more: Any) -> Any:
    body: dict[str, Any] = {"changeType": kind, "item": {"path": path}, **more}
    if kind in ("add", "edit"):
        body["newContent"] = {"content": content, "contentType": more.pop("contentType", "rawtext")}
    return body


def test_a_push_by_rest_writes_a_commit(rest: Any) -> None:
    before = tip(rest, "feature")
    made = push(
        rest,
        "feature",
        before,
        change("edit", "/cart.py", "pass\n"),
        change("add", "/deep/er/file with blanks.txt", "text\n"),
        change("delete", "/new.py"),
        change("rename", "/README.md", sourceServerItem="/docs/read me.md"),
    )
    commit = made["commits"][0]["commitId"]
    assert tip(rest, "feature") == commit
    shown = rest("GET", f"{HOME}/commits/{commit}")
    assert shown["parents"] == [before]
    assert shown["comment"] == "By REST"
    assert (
        rest("GET", f"{HOME}/commits", params={"searchCriteria.itemVersion.version": "feature", "$top": "2"})["count"]
        == 2
    )
    version = {"versionDescriptor.version": "feature", "recursionLevel": "full"}
    paths = [item["path"] for item in rest("GET", f"{HOME}/items", params=version)["value"]]
    assert paths == ["/", "/README.md", "/cart.py", "/deep", "/deep/er", "/deep/er/file with blanks.txt"]


def test_a_push_by_rest_follows_the_same_policy(rest: Any) -> None:
    edit = change("edit", "/cart.py", "pass\n")
    assert "TF402455" in push(rest, "main", tip(rest, "main"), edit, status=403)["message"]
    assert push(rest, "feature", tip(rest, "main"), edit, status=409)["typeKey"] == "GitReferenceStaleException"


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_a_change_of_a_missing_file_is_refused(rest: Any, kind: str) -> None:
    push(rest, "feature", tip(rest, "feature"), change(kind, "/nothing.py"), status=400)


def test_a_path_cannot_leave_the_tree(rest: Any) -> None:
    push(rest, "feature", tip(rest, "feature"), change("add", "/../outside.txt", "x"), status=400)
    push(rest, "feature", tip(rest, "feature"), change("add", "/.git/config", "x"), status=400)


def test_files_are_read(rest: Any) -> None:
    item = rest("GET", f"{HOME}/items", params={"path": "/cart.py", "includeContent": "true"})
    assert item["content"].startswith("def total")
    raw = rest(
        "GET", f"{HOME}/items", params={"path": "/docs/read me.md"}, headers={"Accept": "application/octet-stream"}
    )
    assert raw == b"# Shop\n"
    for none in ("/none.py", "-r"):
        rest("GET", f"{HOME}/items", params={"path": none}, status=404)
    alone = rest("GET", f"{HOME}/items", params={"path": "/cart.py", "recursionLevel": "full"})["value"]
    assert [(one["path"], one["gitObjectType"]) for one in alone] == [("/cart.py", "blob")]
    rest("GET", f"{HOME}/items", params={"path": "/cart.py", "versionDescriptor.version": "none"}, status=404)
    below = rest("GET", f"{HOME}/items", params={"scopePath": "/docs", "recursionLevel": "oneLevel"})["value"]
    assert [one["path"] for one in below] == ["/docs", "/docs/read me.md"]


def test_repositories_are_found_by_name_and_id(rest: Any) -> None:
    identity = rest.emulator.projects["Shop Floor"]["repositories"]["web"]
    for path in (HOME, f"_apis/git/repositories/{identity}", f"Shop%20Floor/_apis/git/repositories/{identity}"):
        repository = rest("GET", path)
        assert repository["defaultBranch"] == "refs/heads/main"
        assert repository["remoteUrl"].endswith("/Shop%20Floor/_git/web")
    assert rest("GET", "_apis/git/repositories")["count"] == 1
    missing = rest("GET", "Shop%20Floor/_apis/git/repositories/none", status=404)
    assert missing["message"].startswith("TF401019")


def test_a_disabled_repository_is_not_there(
    rest: Any, git: Callable[..., str], git_environment: dict[str, str], tmp_path: Path
) -> None:
    identity = rest.emulator.projects["Shop Floor"]["repositories"]["web"]
    jane = {"Authorization": f"Bearer {rest.emulator.tokens['jane@example.com']}"}
    rest("PATCH", f"Shop%20Floor/_apis/git/repositories/{identity}", json={"isDisabled": True}, status=403)
    rest(
        "PATCH",
        f"Shop%20Floor/_apis/git/repositories/{identity}",
        json={"isDisabled": True, "name": "x"},
        headers=jane,
        status=400,
    )
    assert rest("PATCH", f"Shop%20Floor/_apis/git/repositories/{identity}", json={"isDisabled": True}, headers=jane)[
        "isDisabled"
    ]
    assert rest("GET", HOME)["isDisabled"]
    for path in (f"{HOME}/refs", f"{HOME}/pullrequests"):
        assert rest("GET", path, status=404)["message"].startswith("TF401019")
    url = rest.emulator.environment["web"]["BUILD_REPOSITORY_URI"]
    with pytest.raises(RuntimeError, match="not found"):
        git("ls-remote", url, cwd=tmp_path, environment=git_environment)
    rest("PATCH", f"Shop%20Floor/_apis/git/repositories/{identity}", json={"isDisabled": False}, headers=jane)
    assert "refs/heads/main" in git("ls-remote", url, cwd=tmp_path, environment=git_environment)


def test_a_repository_is_created(rest: Any) -> None:
    made = rest("POST", "Shop%20Floor/_apis/git/repositories", json={"name": "api"}, status=201)
    assert "defaultBranch" not in made
    rest("POST", "Shop%20Floor/_apis/git/repositories", json={"name": "API"}, status=409)
    rest("POST", "Shop%20Floor/_apis/git/repositories", json={"name": "a/b"}, status=400)
