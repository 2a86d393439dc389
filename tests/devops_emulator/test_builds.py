from __future__ import annotations

from typing import Any

HOME = "Shop%20Floor/_apis/build/builds/1"


def test_the_job_of_a_repository_is_a_build_in_progress(rest: Any) -> None:
    environment = rest.emulator.environment["web"]
    build = rest("GET", f"Shop%20Floor/_apis/build/builds/{environment['BUILD_BUILDID']}")
    assert build["status"] == "inProgress"
    assert build["sourceVersion"] == environment["BUILD_SOURCEVERSION"]
    assert build["repository"]["type"] == environment["BUILD_REPOSITORY_PROVIDER"] == "TfsGit"
    assert rest("GET", "Shop%20Floor/_apis/build/builds")["count"] == 1
    rest("GET", "Shop%20Floor/_apis/build/builds/77", status=404)


def test_a_build_is_completed(rest: Any) -> None:
    rest("PATCH", HOME, json={"result": "failed"}, status=400)
    ended = rest("PATCH", HOME, json={"status": "completed", "result": "failed"})
    assert (ended["status"], ended["result"]) == ("completed", "failed")
    assert ended["finishTime"]
    rest("PATCH", HOME, json={"status": "asleep"}, status=400)


def test_tags_are_added_once(rest: Any) -> None:
    rest("PUT", f"{HOME}/tags/work%20item%207")
    assert rest("PUT", f"{HOME}/tags/work%20item%207")["value"] == ["work item 7"]
    assert rest("POST", f"{HOME}/tags", json=["a", "b"])["value"] == ["work item 7", "a", "b"]
    assert rest("DELETE", f"{HOME}/tags/a")["value"] == ["work item 7", "b"]
    assert rest("GET", f"{HOME}/tags")["count"] == 2


def test_a_new_build_starts_after_the_last_one_is_completed(rest: Any, serve: Any, tmp_path: Any) -> None:
    rest("PATCH", HOME, json={"status": "completed"})
    with serve(tmp_path / "organisation", None) as again:
        assert again.emulator.environment["web"]["BUILD_BUILDID"] == "2"
        assert again.emulator.environment["web"]["SYSTEM_DEFINITIONID"] == "1"
