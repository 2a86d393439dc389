"""`redimento run` as the process that the agent starts: streams, exit codes, signals, what it leaves behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import published
from tests.run.conftest import CALC, GOOD_FIX, SETTINGS, Site, git, organise, sample, site

__all__ = ["organise", "sample", "site"]  # fixtures

SLOW = {
    "checks": {"isolation": "process", "commands": [{"name": "tests", "run": "touch started; sleep 60", "timeout": 90}]}
}


def arguments(site: Site, *more: str, settings: dict[str, Any] | None = None, answer: str = GOOD_FIX) -> list[str]:
    recording = site.tmp / "answer.jsonl"
    recording.write_text(json.dumps({"text": answer}) + "\n")
    config = site.tmp / "settings.yml"
    merged = {**SETTINGS, **(settings or {}), "model": {"sdk": "recorded", "recording": str(recording)}}
    config.write_text(yaml.safe_dump(merged))
    command = [sys.executable, "-m", "redimento", "run", "--repo", str(site.checkout), "--config", str(config)]
    return [*command, *more]


def started(site: Site, *more: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**site.environment, **options.pop("environment", {})}
    return subprocess.Popen(
        arguments(site, *more, **options), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(site: Site, *more: str, **options: Any) -> tuple[int, str, str]:
    process = started(site, *more, **options)
    out, err = process.communicate(timeout=60)
    for stream in (out, err):
        assert "Traceback" not in stream
        assert site.emulator.token not in stream
    return process.returncode, out, err


def run_locally(
    sample: Path, folder: Path, *more: str, settings: dict[str, Any] | None = None, stdin: int | None = None
) -> subprocess.CompletedProcess[str]:
    story = folder / "story.md"
    story.write_text("add adds\n\ncalc.add subtracts.\n\n## Acceptance criteria\n\n- add(1, 1) is 2\n")
    (folder / "answer.md").write_text(GOOD_FIX)
    (sample / ".redimento.yml").write_text(
        yaml.safe_dump(
            {**SETTINGS, **(settings or {}), "model": {"sdk": "recorded", "recording": str(folder / "answer.md")}}
        )
    )
    command = [sys.executable, "-m", "redimento", "run", "--work-item-file", str(story), "--repo", str(sample)]
    return subprocess.run([*command, *more], stdin=stdin, capture_output=True, text=True, check=False)


# CPython raises an audit event for each process that it starts.
COUNTING = """
import runpy, sys
def tell(event, arguments):
    if event == "subprocess.Popen":
        words = [str(word) for word in arguments[1]]
        git = [number for number, word in enumerate(words) if word.endswith("/git")]
        if git:
            print("git", *words[git[0] + 1 :], file=sys.stderr)
sys.addaudithook(tell)
runpy.run_module("redimento", run_name="__main__", alter_sys=True)
"""


def record(site: Site, name: str = "7") -> dict[str, Any]:
    folder = site.tmp / "agent-temp" / "redimento" / name
    assert (folder / "summary.md").is_file()
    assert (folder / "report.html").is_file()
    found: dict[str, Any] = json.loads((folder / "record.json").read_text())
    return found


def test_a_run_lists_tree_and_branches_once_and_stages_its_change_for_the_patch_and_the_commit(site: Site) -> None:
    command = [sys.executable, "-c", COUNTING, *arguments(site, "--work-item", "7")[3:]]
    run = subprocess.run(command, env=site.environment, capture_output=True, text=True, check=True)
    asked = [line.split()[1] for line in run.stderr.splitlines() if line.startswith("git ")]
    assert {name: asked.count(name) for name in ("ls-tree", "ls-remote", "write-tree", "commit-tree", "push")} == {
        "ls-tree": 1, "ls-remote": 1, "write-tree": 2, "commit-tree": 1, "push": 1,
    }  # fmt: skip


def test_in_a_pipeline_a_run_speaks_to_the_agent(site: Site) -> None:
    code, out, _ = ended(site, "--work-item", "7")

    lines = out.splitlines()
    assert code == 0
    assert lines.count("##[endgroup]") == sum(line.startswith("##[group]") for line in lines) == 4
    assert "##vso[task.setvariable variable=outcome;isOutput=true;]delivered" in lines
    assert "##vso[task.setvariable variable=pullRequestId;isOutput=true;]1" in lines
    assert "##vso[task.setvariable variable=branch;isOutput=true;]redimento/7-add-adds" in lines
    names = ("outcome", "pullRequestId", "pullRequestUrl", "branch", "costUsd")
    assert all(f"variable={name};" in out for name in names)
    uploaded = next(line for line in lines if line.startswith("##vso[task.uploadsummary]")).partition("]")[2]
    assert Path(uploaded).is_absolute()
    assert Path(uploaded).is_file()


@pytest.mark.parametrize(
    ("options", "environment", "name", "sentence", "code"),
    [
        ([], {}, "unnamed", "No work item was given", 2),
        (["--work-item", "$(WorkItem)"], {}, "unnamed", "No work item was given", 2),
        (["--work-item", "7; rm -rf"], {}, "unnamed", "not the number of a work item", 2),
        (["--work-item", "7"], {"SYSTEM_ACCESSTOKEN": "$(System.AccessToken)"}, "7", "SYSTEM_ACCESSTOKEN", 2),
        (["--work-item", "7"], {"SYSTEM_ACCESSTOKEN": "not-the-token"}, "7", "did not accept the token", 3),
        (
            ["--work-item", "7"],
            {"BUILD_SOURCEBRANCH": "refs/heads/gone"},
            "7",
            "The target branch gone does not exist on the server",
            2,
        ),
        (["--work-item", "99"], {}, "99", "Work item 99 does not exist", 3),
        (["--work-item", "7", "--config", "no-such.yml"], {}, "7", "no-such.yml cannot be read", 2),
        (["--work-item", "7", "--repo", "/"], {}, "7", "no git working tree", 2),
    ],
)
def test_a_run_that_cannot_go_on_is_reported_as_json_and_leaves_a_record(
    site: Site, *, options: list[str], environment: dict[str, str], name: str, sentence: str, code: int
) -> None:
    ended_with, out, _ = ended(site, *options, "--json", environment=environment)

    said = published(out)
    assert ended_with == said["exitCode"] == code
    assert said["outcome"] == "failed"
    assert sentence in said["sentence"]
    assert said["remedy"]
    assert record(site, name)["outcome"]["sentence"] == said["sentence"]
    assert Path(said["runFolder"]).name == name


def test_every_mistake_in_the_settings_is_an_issue_of_the_run(site: Site) -> None:
    code, out, _ = ended(site, "--work-item", "7", settings={"modle": {}, "checks": {"command": []}})

    issues = [line for line in out.splitlines() if line.startswith("##vso[task.logissue type=error;]")]
    assert code == 2
    assert any("modle" in line for line in issues)
    assert any("checks.command" in line for line in issues)
    assert len(record(site)["outcome"]["problems"]) == 2


def test_foreign_text_in_json_is_not_a_command_to_the_agent(site: Site) -> None:
    question = "Which? ##vso[task.complete result=Failed;] ##[error]"
    code, out, err = ended(
        site,
        "--work-item",
        "7",
        "--json",
        answer="```json\n" + json.dumps({"questions": [f"{question} \x1b[31m"]}) + "\n```",
    )

    assert code == 0
    assert published(out)["questions"] == [question]
    assert "##" not in out
    assert "##vso[task.complete" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_puts_everything_back_and_says_so(site: Site, number: signal.Signals) -> None:
    process = started(site, "--work-item", "7", "--json", settings=SLOW)
    _wait_for(site.checkout / "started")
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)  # the agent asks twice
    out, err = process.communicate(timeout=30)

    assert process.returncode == published(out)["exitCode"] == 130
    assert "Traceback" not in err
    assert record(site)["outcome"]["kind"] == "failed"
    assert (site.checkout / "calc.py").read_text() == CALC
    assert "redimento" not in site.get("_apis/wit/workitems/7")["fields"].get("System.Tags", "")


def test_the_next_run_starts_clean_after_a_kill(site: Site) -> None:
    slow = {
        "checks": {
            "isolation": "process",
            "commands": [{"name": "tests", "run": "grep -q 'a + b' calc.py && touch started && sleep 60"}],
        }
    }
    process = started(site, "--work-item", "7", settings=slow)
    _wait_for(site.checkout / "started")
    process.kill()
    process.communicate(timeout=30)
    assert (site.checkout / "calc.py").read_text() != CALC

    code, out, _ = ended(site, "--work-item", "7", "--json")
    assert code == 0
    assert published(out)["outcome"] == "delivered"
    assert (site.checkout / "calc.py").read_text() == CALC


def test_a_job_leaves_its_record_and_nothing_else(site: Site, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    local = {"TMPDIR": str(tmp_path / "tmp"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    slow = {"checks": {"isolation": "process", "commands": [{"name": "tests", "run": "touch started; sleep 60"}]}}
    process = started(site, "--work-item", "7", settings=slow, environment=local)
    _wait_for(site.checkout / "started")
    process.kill()
    process.communicate(timeout=30)
    assert len(list((tmp_path / "agent-temp").iterdir())) == 2
    code, _, _ = ended(site, "--work-item", "7", environment=local)

    assert code == 0
    assert [path.name for path in (tmp_path / "agent-temp").iterdir()] == ["redimento"]
    assert [path.name for path in (tmp_path / "agent-temp" / "redimento").iterdir()] == ["7"]
    assert [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()] == []
    assert not (tmp_path / "cache").exists()


def test_one_of_two_concurrent_runs_works_and_the_other_does_nothing(site: Site) -> None:
    first = started(site, "--work-item", "7", "--json", settings=SLOW)
    _wait_for(site.checkout / "started")
    code, out, _ = ended(site, "--work-item", "7", "--json")
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=30)

    assert code == 0
    assert published(out)["outcome"] == "skipped"
    assert "Another run is working" in published(out)["sentence"]


def test_token_and_key_are_in_no_command_line_and_no_file(site: Site) -> None:
    key = "AIza" + "k" * 35
    process = started(site, "--work-item", "7", settings=SLOW, environment={"GEMINI_API_KEY": key})
    _wait_for(site.checkout / "started")
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    files = [path.read_bytes() for path in (site.tmp / "agent-temp").rglob("*") if path.is_file()]
    assert files
    for secret in (site.emulator.token.encode(), key.encode()):
        assert not any(secret in text for text in (*lines, *files))


def test_a_local_run_needs_no_board_and_leaves_a_branch_with_the_title(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "echo opened %s")
    rules = {"states": ["category:Proposed"], "areas": ["Shop"], "tags": ["redimento"]}
    title = {"title": "{title} (AB#{id})"}
    done = run_locally(sample, tmp_path, "--open", settings={"work_items": rules, "pull_request": title})

    assert done.returncode == 0, done.stderr
    assert " DELIVERED " in done.stdout
    assert f"opened file://{sample}/.redimento/runs/story-" in done.stdout
    assert f"git -C {sample} switch redimento/add-adds\n" in done.stdout
    message = git(sample, "log", "-1", "--format=%B", "redimento/add-adds")
    assert message.startswith("add adds\n")
    assert "Work-Item" not in message
    assert "##" not in done.stdout
    assert not (sample / "report.xml").exists()

    git(sample, "switch", "--quiet", "redimento/add-adds")
    again = run_locally(sample, tmp_path)
    assert again.returncode == 2
    assert "is checked out" in again.stdout  # before the model is asked
    assert "model call" not in again.stdout


def test_a_dry_run_leaves_what_other_runs_find_as_it_is(sample: Path, tmp_path: Path) -> None:
    done = run_locally(sample, tmp_path, "--dry-run", settings={"checks": {"commands": []}})

    assert (done.returncode, " DRAFT " in done.stdout, "switch" in done.stdout) == (0, True, False)
    assert not (sample / ".redimento" / "runs" / "story").exists()
    assert not git(sample, "branch", "--list", "redimento/*")


def test_a_checkout_that_cannot_be_written_is_refused_before_it_costs(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere but on a read-only file system, which a test cannot mount.
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nreal = os.access\n"
        f"os.access = lambda path, mode, **more: (str(path), mode) != ({str(sample)!r}, os.W_OK) and real(path, mode, **more)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run_locally(sample, tmp_path)

    assert done.returncode == 2
    assert f"{sample} cannot be written." in done.stdout
    assert "model call" not in done.stdout


def test_an_interruption_while_the_program_loads_prints_nothing(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "redimento", "--help"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it, which a child inherits
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    finally:
        signal.signal(signal.SIGINT, before)

    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_a_person_is_asked_before_an_earlier_run_goes(sample: Path, tmp_path: Path) -> None:
    record = tmp_path / "run" / "record.json"
    record.parent.mkdir()
    record.write_text("earlier")
    answers, terminal = pty.openpty()
    os.write(answers, b"n\n")
    done = run_locally(sample, tmp_path, "--run-dir", str(record.parent), stdin=terminal)

    assert done.returncode == 2
    assert "holds an earlier run. Replace it?" in done.stderr
    assert record.read_text() == "earlier"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--work-item", "7"], "Both a work item and --work-item-file"),
        (["--repo", "/"], "There is no git working tree"),
    ],
)
def test_a_mistake_is_told_once(sample: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run_locally(sample, tmp_path, *arguments)

    assert done.returncode == 2
    assert (done.stdout + done.stderr).count(said) == 1
    assert "$0" not in done.stdout


def test_a_local_run_leaves_its_cache_and_no_temporary_files(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("TMPDIR", "XDG_CACHE_HOME"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    assert run_locally(sample, tmp_path).returncode == 0
    cached = {path: path.stat().st_mtime_ns for path in (tmp_path / "XDG_CACHE_HOME").rglob("*-*")}
    assert run_locally(sample, tmp_path).returncode == 0

    assert [path for path in (tmp_path / "TMPDIR").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "TMPDIR").iterdir()) == []
    assert any(path.name.startswith("digests-") for path in cached)
    assert cached == {path: path.stat().st_mtime_ns for path in (tmp_path / "XDG_CACHE_HOME").rglob("*-*")}


def test_a_draft_is_published_in_the_same_shape(sample: Path, tmp_path: Path) -> None:
    done = run_locally(sample, tmp_path, "--json", settings={"checks": {"commands": []}})

    assert (done.returncode, published(done.stdout)["outcome"]) == (0, "draft")


def test_a_run_does_not_follow_a_link_in_the_repository(sample: Path, tmp_path: Path) -> None:
    story = tmp_path / "story.md"
    story.write_text("add adds\n\ncalc.add subtracts.\n")
    (tmp_path / "elsewhere").mkdir()
    (sample / ".redimento").symlink_to(tmp_path / "elsewhere")
    command = [
        sys.executable,
        "-m",
        "redimento",
        "run",
        "--work-item-file",
        str(story),
        "--repo",
        str(sample),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "links to another place" in json.loads(done.stdout)["sentence"]
    assert not list((tmp_path / "elsewhere").iterdir())


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < until, f"{file.name} did not appear"
        time.sleep(0.02)


def test_a_bug_after_the_run_is_written_down_without_secrets(site: Site) -> None:
    # Nothing that a user can do leads there, so a defect is put into the program.
    script = (
        "import os, sys; from redimento import cli; from redimento.reporting import console; key = os.environ['GEMINI_API_KEY']\n"
        "def broken(*_, **__): raise RuntimeError(key)\n"
        "console.show_pipeline_end = broken; cli.main(sys.argv[1:])"
    )
    environment = {**site.environment, "GEMINI_API_KEY": "AQ-the-key-of-this-run"}
    command = [sys.executable, "-c", script, *arguments(site, "--work-item", "7", "--json")[3:]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
    (written,) = (site.tmp / "agent-temp").glob("redimento-defect-*.txt")
    assert done.returncode == published(done.stdout)["exitCode"] == 1
    assert "RuntimeError: ***" in written.read_text()
    assert "AQ-the-key-of-this-run" not in done.stderr + done.stdout + written.read_text()


@pytest.mark.parametrize("agent", ["True", ""])
def test_a_console_that_cannot_print_a_title_is_no_bug(site: Site, agent: str) -> None:
    site.change_item(title="add adds \u2714 \u00e9")
    code, out, err = ended(site, "--work-item", "7", environment={"PYTHONIOENCODING": "ascii", "TF_BUILD": agent})
    assert (code, "bug in Redimento" in out + err) == (0, False)
    assert r"\xe9" in out + err
