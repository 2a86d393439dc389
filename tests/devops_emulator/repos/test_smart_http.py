from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

Git = Callable[..., str]


def commit(git: Git, checkout: Path, name: str, content: str) -> str:
    (checkout / name).write_text(content, encoding="utf-8")
    git("add", ".", cwd=checkout)
    git("commit", "--quiet", "-m", f"Write {name}", cwd=checkout)
    return git("rev-parse", "HEAD", cwd=checkout)


def test_a_clone_and_a_push_of_a_branch(rest: Any, git: Git, git_environment: Any, checkout: Path) -> None:
    new = commit(git, checkout, "a.txt", "a\n")
    git("push", "--quiet", "origin", "HEAD:refs/heads/topic/a", cwd=checkout, environment=git_environment)
    found = rest("GET", "Shop%20Floor/_apis/git/repositories/web/refs", params={"filter": "heads/topic"})
    assert [(one["name"], one["objectId"]) for one in found["value"]] == [("refs/heads/topic/a", new)]
    asked = {"searchCriteria.includeRefUpdates": "true"}
    kept = rest("GET", "Shop%20Floor/_apis/git/repositories/web/pushes", params=asked)["value"]
    assert kept[0]["refUpdates"][0]["newObjectId"] == new


def test_a_shallow_checkout_pushes_too(rest: Any, git: Git, git_environment: Any, tmp_path: Path) -> None:
    url = rest.emulator.environment["web"]["BUILD_REPOSITORY_URI"]
    place = tmp_path / "s"
    place.mkdir()
    git("init", "--quiet", cwd=place)
    git("fetch", "--quiet", "--depth=1", url, "main", cwd=place, environment=git_environment)
    git("checkout", "--quiet", "--detach", "FETCH_HEAD", cwd=place)
    commit(git, place, "b.txt", "b\n")
    git("push", "--quiet", url, "HEAD:refs/heads/shallow", cwd=place, environment=git_environment)
    assert rest("GET", "Shop%20Floor/_apis/git/repositories/web/refs", params={"filter": "heads/shallow"})["count"] == 1


def test_large_pushes_are_sent_in_chunks(rest: Any, git: Git, git_environment: Any, checkout: Path) -> None:
    (checkout / "large.bin").write_bytes(b"".join(number.to_bytes(4, "big") for number in range(500_000)))
    new = commit(git, checkout, "c.txt", "c\n")
    git(
        "-c",
        "http.postBuffer=65536",
        "push",
        "--quiet",
        "origin",
        "HEAD:refs/heads/large",
        cwd=checkout,
        environment=git_environment,
    )
    found = rest("GET", "Shop%20Floor/_apis/git/repositories/web/refs", params={"filterContains": "LARGE"})
    assert found["value"][0]["objectId"] == new


def test_a_push_to_a_protected_branch_is_refused(rest: Any, git: Git, git_environment: Any, checkout: Path) -> None:
    commit(git, checkout, "a.txt", "a\n")
    with pytest.raises(RuntimeError, match="TF402455: Pushes to this branch are not permitted"):
        git("push", "origin", "HEAD:main", cwd=checkout, environment=git_environment)


def test_denied_rights_apply_to_git(serve: Any, seed: Any, git: Git, tmp_path: Path) -> None:
    repository = seed["repositories"][0]
    limited = {
        **seed,
        "repositories": [
            {**repository, "protected": [], "deny": ["CreateBranch", "ForcePush"]},
            {**repository, "name": "closed", "protected": [], "deny": ["GenericContribute"]},
            {**repository, "name": "hidden", "deny": ["GenericRead"]},
        ],
    }
    with serve(tmp_path / "organisation", limited) as rest:
        environment = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{rest.emulator.url}.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {rest.emulator.token}",
        }
        git(
            "clone",
            "--quiet",
            rest.emulator.environment["web"]["BUILD_REPOSITORY_URI"],
            "web",
            cwd=tmp_path,
            environment=environment,
        )
        place = tmp_path / "web"
        commit(git, place, "a.txt", "a\n")
        with pytest.raises(RuntimeError, match="'CreateBranch'"):
            git("push", "origin", "HEAD:refs/heads/new", cwd=place, environment=environment)
        git("push", "--quiet", "origin", "HEAD:main", cwd=place, environment=environment)
        with pytest.raises(RuntimeError, match="'ForcePush'"):
            git("push", "--force", "origin", "HEAD~1:main", cwd=place, environment=environment)
        closed = rest.emulator.environment["closed"]["BUILD_REPOSITORY_URI"]
        with pytest.raises(RuntimeError, match="'GenericContribute'"):
            git("push", closed, "HEAD:main", cwd=place, environment=environment)
        hidden = rest.emulator.environment["hidden"]["BUILD_REPOSITORY_URI"]
        with pytest.raises(RuntimeError, match="not found"):
            git("ls-remote", hidden, cwd=place, environment=environment)


def test_git_without_the_right_token_is_refused(rest: Any, git: Git, tmp_path: Path) -> None:
    url = rest.emulator.environment["web"]["BUILD_REPOSITORY_URI"]
    with pytest.raises(RuntimeError, match="could not read Username"):
        git("ls-remote", url, cwd=tmp_path)
    assert requests.get(f"{url}/info/refs?service=git-upload-pack", timeout=100).status_code == 401
    assert git("ls-remote", url.replace("://", f"://any:{rest.emulator.token}@"), cwd=tmp_path)


def test_a_compressed_request_is_understood(rest: Any, git: Git, git_environment: Any, checkout: Path) -> None:
    # Git compresses the list of commits it has once that exceeds 1,024 bytes.
    for number in range(40):
        git("commit", "--quiet", "--allow-empty", "-m", f"Local {number}", cwd=checkout)
    git("fetch", "--quiet", "origin", "feature", cwd=checkout, environment=git_environment)
    assert git("rev-parse", "FETCH_HEAD", cwd=checkout)
