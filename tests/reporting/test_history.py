"""`redimento report`: one page over many runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from redimento.cli import main
from redimento.delivery.pull_request import Acceptance
from redimento.reporting.history import read_history


def leave(folder: Path, name: str, **more: Any) -> None:
    outcome = {"kind": "delivered", "sentence": "Pull request 4 is ready.", "commit": "", "pull_request_id": 0}
    record = {
        "workItem": 7, "workItemType": "Bug", "title": "Round", "repository": "web", "ended": "2026-11-23T10:00:00+00:00",
        "seconds": 60.0, "spent": {"calls": 2, "usd": 0.25, "usage": {"prompt": 10, "cached": 5, "output": 2, "thoughts": 1}},
        **more, "outcome": outcome | more.get("outcome", {}),
    }  # fmt: skip
    (folder / name).mkdir(parents=True)
    (folder / name / "record.json").write_text(json.dumps(record))


class Told:
    """What became of pull requests, by number."""

    def __init__(self, **told: Acceptance) -> None:
        self.told = told
        self.asked: list[tuple[str, int, frozenset[str]]] = []

    def acceptance(self, repository: str, number: int, commits: frozenset[str]) -> Acceptance:
        self.asked.append((repository, number, commits))
        return self.told[f"n{number}"]


def test_runs_are_added_up(tmp_path: Path) -> None:
    leave(tmp_path, "a", outcome={"pull_request_id": 4, "commit": "c1"})
    leave(tmp_path, "b", outcome={"pull_request_id": 4, "commit": "c2"}, ended="2026-11-24T10:00:00+00:00", seconds=20)
    leave(tmp_path, "c", outcome={"kind": "failed", "sentence": "The limit of $2.00 is reached."})
    leave(tmp_path, "d", outcome={"kind": "failed", "sentence": "The limit of $3.50 is reached."}, seconds=500)
    drafts = ["1 test fails.", "2 tests fail."]
    draft = {"kind": "draft", "pull_request_id": 5, "commit": "c3"}
    leave(tmp_path, "e", outcome=draft, draftReasons=drafts, ended="2026-11-16T10:00:00+00:00")
    told = Told(n4="changed", n5="abandoned")
    history = read_history([tmp_path], told)

    assert [history.outcomes[kind] for kind in ("delivered", "draft", "questions", "skipped", "failed")] == [
        2,
        1,
        0,
        0,
        2,
    ]
    assert {how: count for how, count in history.acceptance.items() if count} == {"changed": 1, "abandoned": 1}
    assert sorted(told.asked) == [("web", 4, frozenset({"c1", "c2"})), ("web", 5, frozenset({"c3"}))]
    assert (history.usd, history.calls, history.tokens) == (1.25, 10, 65)
    assert (history.median_seconds, history.longest_seconds) == (60, 500)
    assert [(week.name, week.runs, week.merged) for week in history.weeks] == [("2026-W47", 1, 0), ("2026-W48", 4, 1)]
    assert history.reasons[0] == ("The limit of $… is reached.", 2)


@pytest.mark.parametrize(
    "broken",
    ["", "[]", "{}", "[" * 100_000, '{"outcome": {"kind": "evil"}, "spent": {"usage": {}}, "ended": "2026-11-23"}',
     '{"outcome": null, "spent": 1, "ended": 1}'],
)  # fmt: skip
def test_a_record_that_anybody_wrote_stops_nothing(tmp_path: Path, broken: str) -> None:
    leave(tmp_path, "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "record.json").write_text(broken)
    history = read_history([tmp_path, tmp_path / "a"], None)

    assert (len(history.runs), history.unreadable) == (1, 1)


def test_the_command_writes_a_page_or_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(tmp_path / "runs", "a", title="<script>alert(1)</script>", outcome={"pull_request_id": 4})
    (tmp_path / "runs" / "a" / "report.html").write_text("")
    page = tmp_path / "runs.html"
    with pytest.raises(SystemExit) as left:
        main(["report", str(tmp_path / "runs"), "--output", str(page), "--language", "pt-BR"])
    assert left.value.code == 0
    text = page.read_text("utf-8")
    assert '<a href="runs/a/report.html">' in text
    assert "&lt;script&gt;" in text
    assert "1 execução" in text
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["report", str(tmp_path / "runs"), "--json"])
    assert left.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["acceptance"] == {"unchanged": 0, "changed": 0, "abandoned": 0, "open": 0, "unknown": 1}
    assert [run["title"] for run in told["runs"]] == ["<script>alert(1)</script>"]


def test_without_a_run_the_command_says_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["report", str(tmp_path)])
    assert left.value.code == 2
    assert "Name the folders of runs" in capsys.readouterr().err
