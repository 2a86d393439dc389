"""Whatever is asked, the organisation answers, and has a refusal of its own for each wrong request."""

from __future__ import annotations

from pathlib import Path

from benchmarks.fuzz.fuzz_emulator import organisation, send, surprises


def test_no_described_request_with_random_parameters_surprises_the_organisation(shared: Path, tmp_path: Path) -> None:
    found, statuses = surprises(tmp_path / "organisation", 150, seed=1)
    assert found == []
    assert statuses[200] > 10


def test_a_failure_of_git_is_a_refusal(tmp_path: Path) -> None:
    with organisation(tmp_path / "organisation") as (emulator, client):
        change = {"changeType": "add", "item": {"path": "/x"}, "newContent": {"content": "x"}}
        update = {"name": "refs/heads/unrelated", "oldObjectId": "0" * 40}
        home = "/emulated/Shop/_apis/git/repositories/calc"
        body = {"refUpdates": [update], "commits": [{"comment": "c", "changes": [change]}]}
        assert "pushId" in send(client, emulator, "POST", f"{home}/pushes", body)
        pull = {"sourceRefName": "refs/heads/unrelated", "targetRefName": "refs/heads/main", "title": "T"}
        told = send(client, emulator, "POST", f"{home}/pullrequests", pull)
        assert "refusing to merge unrelated histories" in told["message"]
        assert told["typeKey"] == "VssPropertyValidationException"
