"""A run is repeated from its folder without key or server, and one that was killed goes on from its folder."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from redimento.cli import main
from redimento.errors import UsageError
from redimento.events import Warned
from redimento.run_folder import keep_newest
from redimento.run_options import RunOptions
from redimento.running import Ended as RunEnded
from redimento.running import carry_out
from redimento.running import replay as replayed
from tests.run.conftest import BAD_FIX, GOOD_FIX, REPAIR, Answers, Site, git
from tests.run.test_reruns import branches, command, comments, pull_requests

KEY = {"REDIMENTO_STORE_KEY": "a key of the team, 32 bytes long."}
NEVER: Answers = ["never asked"]


def replay(folder: Path, repo: Path, to: Path) -> tuple[RunEnded, list[str]]:
    return replayed(folder, RunOptions(None, None, None, repo, None, to), {}, lambda _event: None)


def tampered(folder: Path, to: Path, name: str, change: Callable[[str], str]) -> Path:
    shutil.copytree(folder, to)
    (to / name).write_text(change((to / name).read_text()))
    return to


def kill(site: Site, run: list[str], reached: Callable[[], bool]) -> Path:
    """Kill a run once something holds, at a request or between two, and return its folder."""
    before = set((site.tmp / "agent-temp").glob("redimento/*"))
    killed = subprocess.Popen(run, env=site.environment)

    def look(_method: str, _path: str) -> None:
        if reached():
            killed.kill()
            killed.wait()

    site.watchers.append(look)
    while killed.poll() is None:
        look("", "")
        time.sleep(0.02)
    site.watchers.clear()
    assert killed.returncode == -signal.SIGKILL
    site.variables["SYSTEM_JOBATTEMPT"] = str(int(site.environment["SYSTEM_JOBATTEMPT"]) + 1)
    (folder,) = set((site.tmp / "agent-temp").glob("redimento/*")) - before
    return folder


def test_a_run_is_repeated_without_a_server_to_the_same_tree_and_texts(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = site.run([BAD_FIX, REPAIR])
    assert ended.kind == "delivered"
    requests: list[str] = []
    site.watchers.append(lambda method, path: requests.append(f"{method} {path}"))

    again, differences = replay(ended.folder, site.checkout, site.tmp / "again")
    other = tampered(
        ended.folder,
        site.tmp / "other",
        "conversation.jsonl",
        lambda text: text.replace("return a + b", "return b + a"),
    )
    with pytest.raises(SystemExit) as left:
        main(["replay", str(other), "--repo", str(site.checkout), "--run-dir", str(site.tmp / "third")])

    assert differences == []
    assert requests == []
    assert again.finished.outcome == ended.finished.outcome
    assert again.finished.spent == ended.finished.spent
    assert left.value.code == 6
    assert "change.patch differs." in capsys.readouterr().out


def test_what_cannot_be_repeated_says_why(site: Site) -> None:
    """Written half, of another repository, with planted links, pipes and values of another kind."""
    folder = site.run([GOOD_FIX], {"checks": {"commands": []}}).folder
    wire = (folder / "wire.jsonl").read_text()
    elsewhere = site.tmp / "elsewhere"
    elsewhere.mkdir()
    git(elsewhere, "init", "--quiet")
    git(elsewhere, "commit", "--quiet", "--allow-empty", "-m", "Another project")
    with pytest.raises(UsageError, match="is not in"):
        replay(folder, elsewhere, site.tmp / "to")
    hostile: list[Callable[[Path], object]] = [
        lambda file: file.write_text(wire[: len(wire) // 2].partition("\n")[0]),
        lambda file: file.write_text("{}\n" + wire),
        lambda file: file.write_text("[" * 100_000 + "\n"),
        lambda file: file.write_text(wire.replace('"base": "', '"base": "--upload-pack=touch ')),
        lambda file: file.write_text(wire.replace('"item": 7', '"item": "../../7"')),
        lambda file: file.write_text(wire.replace('"origin": "', '"origin": "\\u0000')),
        lambda file: file.write_text(wire.replace('"config": null', '"config": "/dev/zero"')),
        lambda file: file.write_text(wire.replace('"config": null', '"config": "../../../../dev/zero"')),
        lambda file: file.write_text(wire + "[" + "[]," * 5_000_000 + "[]]\n"),
        lambda file: file.symlink_to("/etc/passwd"),
        os.mkfifo,
    ]
    for number, plant in enumerate(hostile):
        copy = shutil.copytree(folder, site.tmp / f"hostile-{number}")
        (copy / "wire.jsonl").unlink()
        plant(copy / "wire.jsonl")
        with pytest.raises(UsageError):
            replay(copy, site.checkout, site.tmp / "to")
    cut = tampered(folder, site.tmp / "cut", "wire.jsonl", lambda text: "\n".join(text.split("\n")[:-3]) + "\n{")
    _, differences = replay(cut, site.checkout, site.tmp / "to")
    assert any(line.startswith("The earlier run did not ask: azure") for line in differences)


HOSTILE_VALUES: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "a list of branches": ("wire.jsonl", lambda row: row["kind"] == "git" and row.update(answer=[1])),
    "a sentence": (
        "wire.jsonl",
        lambda row: (
            row["kind"] == "git"
            and row.update(
                answer={
                    "failed": {
                        "kind": "GitError",
                        "sentence": {"sentence": "check_attacked", "values": {}},
                        "remedy": "",
                    }
                }
            )
        ),
    ),
    "an address": (
        "wire.jsonl",
        lambda row: row["kind"] == "start" and row["answer"]["environment"].update(SYSTEM_COLLECTIONURI="http://["),
    ),
    "a name": ("wire.jsonl", lambda row: row["kind"] == "start" and row["answer"].update(repository="é" * 200)),
    "tokens": ("conversation.jsonl", lambda row: row["reply"]["usage"].update(prompt=10**400)),
    "tokens of others": ("conversation.jsonl", lambda row: row.update(kept={"prompt": 10**400})),
}


def test_no_value_in_a_recording_is_taken_for_a_bug(site: Site) -> None:
    folder = site.run([GOOD_FIX], {"checks": {"commands": []}}).folder
    for number, (name, change) in enumerate(HOSTILE_VALUES.values()):
        rows = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        for row in rows:
            change(row)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        copy = tampered(folder, site.tmp / f"hostile-{number}", name, lambda _, text=text: text)  # type: ignore[misc]
        again, _ = replay(copy, site.checkout, site.tmp / f"to-{number}")
        assert again.finished.outcome.exit_code in {0, 2}, again.finished.outcome


def test_a_record_that_cannot_be_kept_costs_a_warning(site: Site) -> None:
    """Folders stand where the files should be, as a full disk would stop them at any time."""
    place = site.tmp / "run"

    def plant(method: str, path: str) -> None:
        for name in ("wire.jsonl", "conversation.jsonl", "delivery.json", "log.jsonl", "report.html"):
            if method == "PATCH" and "/workitems/" in path and not (place / name).is_dir():
                (place / name).unlink(missing_ok=True)
                (place / name).mkdir()

    site.watchers.append(plant)
    ended = site.run([GOOD_FIX], {"checks": {"commands": []}}, run_dir=place)
    warned = [event.text for event in ended.events if isinstance(event, Warned)]
    assert ended.kind == "draft"
    assert len([text for text in warned if "cannot be resumed or replayed, as wire.jsonl ends here" in text]) == 1
    assert len([text for text in warned if "conversation.jsonl ends here" in text]) == 1
    assert len(pull_requests(site)) == 1
    (comment,) = comments(site)
    assert "Draft pull request 1" in comment


def test_no_secret_of_any_answer_is_in_the_folder(organise: Callable[..., Site]) -> None:
    shown = "<p>see <a href='x'>it</a></p>"
    site = organise(**{"System.Description": shown})
    token = site.environment["SYSTEM_ACCESSTOKEN"]
    site.change_item(description=f"<p>It should add, said {token}.</p>")
    clone = site.clone()
    (clone / "run_tests.py").write_text((clone / "run_tests.py").read_text() + f"# {token}\nprint({token!r})\n")
    git(clone, "commit", "--quiet", "-am", f"Print {token}")
    git(clone, "push", "--quiet", "origin", "HEAD:main", f"HEAD:refs/heads/{token}")
    git(site.checkout, "pull", "--quiet", str(clone), "main")

    ended = site.run([GOOD_FIX.replace("add() adds", f"add() adds {token}")])

    texts = {path.name: path.read_bytes() for path in ended.folder.rglob("*") if path.is_file()}
    forms = [token.encode(), token.encode("utf-16-le"), base64.b64encode(token.encode())[:-4]]
    assert "wire.jsonl" in texts
    assert [name for name, text in texts.items() if any(form in text for form in forms)] == []


def test_a_killed_run_goes_on_without_paying_or_checking_again(site: Site) -> None:
    """Killed in the checks of its change, resumed and killed before its push, and resumed: with a forged result, and without."""
    log, slow = site.tmp / "checked", site.tmp / "slow"
    line = f"echo x >> {log}; if [ $(wc -l < {log}) = 2 ] && [ -e {slow} ]; then sleep 60; fi; python3 run_tests.py"
    check = {"name": "tests", "run": line, "junit": "report.xml", "timeout": 90}
    settings = {"checks": {"commands": [check]}, "model": {"name": "gemini-3.8-flash"}}

    def checked() -> int:
        return len(log.read_text().splitlines()) if log.exists() else 0

    def authored() -> bool:
        return any('"authored"' in file.read_text() for file in site.tmp.glob("agent-temp/redimento/*/wire.jsonl"))

    slow.touch()
    site.variables |= KEY
    first = kill(site, command(site, site.config([GOOD_FIX], settings), site.checkout), lambda: checked() == 2)
    slow.unlink()
    config = site.config(NEVER, settings)
    second = kill(site, [*command(site, config, site.checkout), "--resume", str(first)], authored)
    count = checked()
    forged = tampered(
        second, site.tmp / "forged", "wire.jsonl", lambda text: text.replace('"required": true', '"required": false')
    )
    assert count > 3

    again = site.run(NEVER, settings, resume=forged, run_dir=site.tmp / "dry", dry_run=True)
    count, repeated = checked(), checked() - count
    ended = site.run(NEVER, settings, work_item=None, resume=second)

    assert again.kind == ended.kind == "delivered"
    assert repeated > 2
    assert checked() == count
    assert all("kept" in line for line in ended.conversation())
    assert ended.finished.spent.kept == 1
    assert branches(site) == ["refs/heads/redimento/7-add-adds"]
    assert len(pull_requests(site)) == len(comments(site)) == 1


def test_another_item_is_not_resumed_and_no_folder_is_overwritten(site: Site) -> None:
    folder = site.run([GOOD_FIX], {"checks": {"commands": []}}).folder
    unnamed = site.carry_out(NEVER, work_item=None, resume=folder).finished.outcome.sentence
    site.variables["SYSTEM_JOBATTEMPT"] = "2"
    other = tampered(folder, site.tmp / "other", "wire.jsonl", lambda text: text.replace('"item": 7', '"item": 8'))
    said = [
        site.carry_out(NEVER, resume=given, run_dir=to).finished.outcome.sentence
        for given, to in ((other, None), (folder, folder), (site.tmp, None))
    ]
    assert "was of work item 8 in calc" in said[0]
    assert "would overwrite" in said[1]
    assert "would overwrite" in unnamed
    assert "has no recording" in said[2]
    assert json.loads((folder / "record.json").read_text())["outcome"]["kind"] == "draft"


def test_local_runs_keep_their_folders_and_are_repeated(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(json.dumps({"text": GOOD_FIX}) + "\n")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(40)
    (tmp_path / "shot.png").write_bytes(picture)
    (tmp_path / "story.md").write_text("# add adds\n\nIt should add. ![how](shot.png)\n")
    settings = f"model: {{sdk: recorded, recording: {tmp_path / 'answers.jsonl'}}}\n"
    (sample / ".redimento.yml").write_text(settings)
    git(sample, "remote", "add", "origin", "https://me:p4ssw0rd-of-mine@example.com/o/p/_git/calc")
    foreign = [tmp_path / f"backup-20200101T0000{number:02}.000" for number in range(25)]
    for each in foreign:
        each.mkdir()
    options = RunOptions(None, tmp_path / "story.md", None, sample, None, None)
    runs = sample / ".redimento" / "runs"

    first = carry_out(options, {}, lambda _event: None)
    second = carry_out(options, {}, lambda _event: None)
    assert first.folder
    assert second.folder
    again, differences = replay(first.folder, sample, tmp_path / "again")
    today = f"{datetime.now(UTC):%Y%m%d}"
    for number in range(25):
        (runs / f"story-20200101T0000{number:02}.000").mkdir()
        (runs / f"other-{today}T0000{number:02}.000").mkdir()
    keep_newest(second.folder)

    assert first.finished.outcome.kind == second.finished.outcome.kind == "draft"
    assert first.folder != second.folder
    assert (runs / "latest").resolve() == second.folder.resolve()
    assert [*(runs / "story" / "pull-requests").iterdir()] == [runs / "story" / "pull-requests" / "1"]
    assert differences == []
    assert again.finished.outcome.kind == "draft"
    assert len([*runs.glob("story-*")]) == 2
    assert len([*runs.glob("other-*")]) == 25  # one of them may be working
    assert first.folder.exists()
    assert all(each.exists() for each in foreign)  # beside the folder of the replay
    assert not (tmp_path / "latest").is_symlink()
    assert "p4ssw0rd-of-mine" not in (first.folder / "wire.jsonl").read_text()


@pytest.mark.parametrize(
    ("record", "left"), [("summary", {"calls.json", "record.json", "summary.md", "junit.xml"}), ("none", set())]
)
def test_the_folder_keeps_what_the_settings_say(site: Site, record: str, left: set[str]) -> None:
    ended = site.run([GOOD_FIX], {"record": record, "checks": {"commands": []}})
    assert ended.kind == "draft"
    assert {path.name for path in ended.folder.iterdir()} == left
