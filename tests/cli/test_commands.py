"""The smaller commands: what they print and how they exit."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import yaml

from redimento import __version__
from tests.cli.conftest import Command, published
from tests.run.conftest import CALC, GOOD_FIX, git

HALF = GOOD_FIX.replace("    def test_zero(self):\n=======", "    def test_absent(self):\n=======")


def test_help_names_every_command(redimento: Command) -> None:
    said = redimento("--help")

    assert said.code == 0
    for name in ("run", "context", "apply", "config", "init", "check", "demo", "emulator"):
        assert f"\n  {name} " in said.out


@pytest.mark.parametrize(
    "name", ["run", "revise", "plan", "doctor", "install", "init", "context", "apply", "report", "demo"]
)
def test_the_help_of_a_command_ends_with_examples_and_exit_codes(redimento: Command, name: str) -> None:
    said = redimento(name, "--help")

    assert f"Examples:\n    redimento {name} " in said.out
    assert "Exit codes: 0 " in said.out


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_the_packages(redimento: Command, option: str) -> None:
    assert redimento(option).out == f"redimento, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--bogus"], "No such option '--bogus'"),
        (["dance"], "No such command 'dance'"),
        (["run", "--bogus"], "`redimento run --help`"),
        (["run", "--work-item"], "requires an argument"),
        (["context", "--json"], "--work-item-file"),
        (["context", "--work-item-file", "x.md", "--budget", "-1"], "--budget"),
        (["apply"], "ANSWER"),
        (["apply", "no-such-file"], "no-such-file"),
        (["emulator", "--folder", "x", "--port", "70000"], "--port"),
    ],
)
def test_wrong_use_is_one_sentence_with_a_remedy(redimento: Command, arguments: list[str], expected: str) -> None:
    said = redimento(*arguments)

    assert said.code == 2
    assert expected in said.err
    assert "--help" in said.err


@pytest.mark.parametrize("group", [[], ["config"]])
def test_a_missing_command_shows_the_help(redimento: Command, group: list[str]) -> None:
    said = redimento(*group)

    assert said.code == 2
    assert said.err.startswith("Usage: redimento")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--json", "--bogus"],
        ["context", "--json"],
        ["context", "--json", "--work-item-file", "no-such-file.md"],
        ["apply", "no-such-file", "--json"],
    ],
)
def test_with_json_a_failure_is_one_json_object(redimento: Command, arguments: list[str]) -> None:
    said = redimento(*arguments)

    assert published(said.out)["outcome"] == "failed"
    assert said.json["exitCode"] == said.code == 2
    assert said.json["sentence"].endswith(".")
    assert said.json["remedy"]
    assert said.json["sentence"] in said.err


def test_valid_settings_are_called_valid(redimento: Command, repository: Path) -> None:
    assert "the defaults apply" in redimento("config", "validate", "--repo", repository).out
    (repository / ".redimento.yml").write_text("checks:\n  commands:\n    - {name: tests, run: make test}\n")

    assert redimento("config", "validate", "--repo", repository).out.endswith("is valid.\n")


def test_every_mistake_in_the_settings_is_reported_with_its_place(redimento: Command, repository: Path) -> None:
    (repository / ".redimento.yml").write_text("modle: {}\nmodel:\n  max_cost_usd: much\n")
    said = redimento("config", "validate", "--repo", repository)

    assert said.code == 2
    assert ".redimento.yml:1: modle" in said.err
    assert ".redimento.yml:3: model.max_cost_usd" in said.err
    assert '"model"' in said.err


def test_a_caret_stands_below_each_mistake(redimento: Command, repository: Path) -> None:
    file = repository / ".redimento.yml"
    file.write_text("model:\n  thinking: much # so\n")
    said = redimento("config", "validate", "--repo", repository)
    assert said.err.endswith("\n  2 |   thinking: much # so\n    |   ^\nSee docs/settings.md#model-thinking.\n")
    (problem,) = redimento("config", "validate", "--repo", repository, "--json").json["problems"]
    assert (problem["line"], problem["column"], problem["key"]) == (2, 3, "model.thinking")


def test_what_cannot_work_is_told_before_a_pipeline_tells_it(redimento: Command, repository: Path) -> None:
    text = (
        "work_items:\n  types: [Bug, epic]\nmodel: {sdk: google-generativeai, base_url: https://gateway.example.com}\n"
    )
    (repository / ".redimento.yml").write_text(text)
    told = redimento("config", "validate", "--repo", repository, "--json").json
    assert [one["key"] for one in told["problems"]] == ["work_items.types[1]"]
    assert {one["key"] for one in told["refusedInPipelines"]} == {"model.base_url", "model.sdk"}

    (repository / ".redimento.yml").write_text(text.replace("epic", "Task"))
    said = redimento("config", "validate", "--repo", repository)
    assert said.code == 0
    assert "set REDIMENTO_SDK on the step" in said.out


def test_each_value_is_shown_with_where_it_comes_from(redimento: Command, repository: Path) -> None:
    (repository / ".redimento.yml").write_text("model:\n  max_cost_usd: 0.5\n")
    rows = [
        line.split(None, 1) for line in redimento("config", "show", "--origin", "--repo", repository).out.splitlines()
    ]
    origins = dict(rows)
    assert origins["model.max_cost_usd"].split() == [".redimento.yml:2", "0.5"]
    assert origins["model.vertex.location"].split() == ["default", '"global"']
    assert origins["checks.isolation"].startswith("pipeline: user ")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: [", b"- 1\n- 2\n", b"a: &x [*x]", b"? {a: 1}\n: 2\n"])
def test_files_that_are_not_settings_are_refused(redimento: Command, repository: Path, content: bytes) -> None:
    (repository / ".redimento.yml").write_bytes(content)

    assert redimento("config", "validate", "--repo", repository).code == 2


def test_settings_are_shown_with_their_defaults_and_can_be_read_back(redimento: Command, repository: Path) -> None:
    file = repository / ".redimento.yml"
    file.write_text("model: {max_cost_usd: 0.5}\n")
    shown = redimento("config", "show", "--repo", repository)
    file.write_text(shown.out)

    assert yaml.safe_load(shown.out)["model"]["max_cost_usd"] == 0.5
    assert redimento("config", "show", "--repo", repository).out == shown.out


def test_the_schema_is_a_json_schema(redimento: Command) -> None:
    schema = redimento("config", "schema").json

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "checks" in schema["properties"]


def test_unused_caches_are_removed(
    redimento: Command, repository: Path, story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, days in (("recent", 80), ("forgotten", 100)):
        folder = tmp_path / "cache" / "redimento" / name
        folder.mkdir(parents=True)
        (folder / "digests.bin").touch()
        opened = time.time() - days * 24 * 3600
        os.utime(folder, (opened, opened))
    redimento("context", "--work-item-file", story, "--repo", repository, "--json")

    left = [path.name for path in (tmp_path / "cache" / "redimento").iterdir()]
    assert len(left) == 2
    assert "recent" in left
    assert "forgotten" not in left


def test_an_answer_is_applied_and_reported_as_json(redimento: Command, repository: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.md"
    answer.write_text(GOOD_FIX + "```\ngone.txt\n<<<<<<< DELETE\n>>>>>>> DELETE\n```\n")
    (repository / "gone.txt").write_text("old\n")
    said = redimento("apply", answer, "--repo", repository, "--json")

    assert said.code == 0
    assert sorted(said.json["written"]) == ["calc.py", "tests/test_calc.py"]
    assert said.json["deleted"] == ["gone.txt"]
    assert said.json["refused"] == []
    assert "a + b" in (repository / "calc.py").read_text()


def test_an_answer_is_judged_by_the_commit_of_a_sparse_checkout(
    redimento: Command, repository: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.md"
    answer.write_text(GOOD_FIX)
    git(repository, "sparse-checkout", "set", "--no-cone", "/*", "!/tests/")

    said = redimento("apply", answer, "--repo", repository, "--json")

    assert sorted(said.json["written"]) == ["calc.py", "tests/test_calc.py"]
    assert "test_zero" in (repository / "tests" / "test_calc.py").read_text()


def test_one_refusal_leaves_the_whole_tree_unchanged(redimento: Command, repository: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.md"
    answer.write_text(HALF)
    said = redimento("apply", answer, "--repo", repository, "--json")

    assert said.code == 2
    assert said.json["written"] == said.json["deleted"] == []
    refused = said.json["refused"]
    assert [each["path"] for each in refused] == ["tests/test_calc.py"]
    assert "test_zero" in refused[0]["nearest"]
    assert (repository / "calc.py").read_text() == CALC


def test_partial_applies_what_can_be_applied(redimento: Command, repository: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.md"
    answer.write_text(HALF)
    said = redimento("apply", answer, "--repo", repository, "--partial", "--json")

    assert said.code == 0
    assert said.json["written"] == ["calc.py"]
    assert len(said.json["refused"]) == 1
    assert "a + b" in (repository / "calc.py").read_text()


@pytest.mark.parametrize(
    "path", [".git/hooks/post-checkout", ".redimento.yml", "../out.txt", "/etc/cron.d/x", "azure-pipelines.yml"]
)
def test_forbidden_paths_are_refused(redimento: Command, repository: Path, tmp_path: Path, path: str) -> None:
    answer = tmp_path / "answer.md"
    answer.write_text(f"```\n{path}\n<<<<<<< WHOLE\nx\n>>>>>>> WHOLE\n```\n")
    said = redimento("apply", answer, "--repo", repository, "--partial", "--json")

    assert said.json["written"] == []
    assert said.json["refused"]
    assert not (repository / path).exists()


@pytest.mark.parametrize("answer", ["", "no answer at all", "```json\n{", "\x00\x1b[31m", json.dumps({"files": 1})])
def test_an_answer_without_a_change_changes_nothing(
    redimento: Command, repository: Path, tmp_path: Path, answer: str
) -> None:
    file = tmp_path / "answer.md"
    file.write_text(answer)
    said = redimento("apply", file, "--repo", repository, "--json")

    assert said.json["written"] == said.json["deleted"] == []
    assert (repository / "calc.py").read_text() == CALC


def test_init_writes_valid_settings_and_replaces_existing_ones_only_by_force(
    redimento: Command, repository: Path
) -> None:
    (repository / "pyproject.toml").write_text("[project]\nname = 'calc'\n[tool.pytest.ini_options]\n")
    assert redimento("init", "--repo", repository).code == 0
    assert redimento("config", "validate", "--repo", repository).code == 0
    (repository / ".redimento.yml").write_text("# mine\n")
    again = redimento("init", "--repo", repository)

    assert again.code == 2
    assert "--force" in again.err
    assert (repository / ".redimento.yml").read_text() == "# mine\n"
    assert redimento("init", "--repo", repository, "--force").code == 0


def checks(*commands: str) -> str:
    """Return settings whose setup makes the folder `made`."""
    rows = "".join(
        f"    - {{name: check {number}, run: {json.dumps(run)}, junit: made/*.xml}}\n"
        for number, run in enumerate(commands)
    )
    return f"checks:\n  isolation: process\n  setup: [mkdir -p made]\n  commands:\n{rows}"


PASSES = "echo '<testsuite><testcase name=\"a\"/></testsuite>' > made/1.xml"
FAILS = (
    'echo \'<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>\' > made/2.xml; exit 1'
)


def test_check_says_what_is_red_which_reports_there_are_and_what_isolation(
    redimento: Command, repository: Path
) -> None:
    (repository / ".redimento.yml").write_text(checks(PASSES, FAILS))
    said = redimento("check", "--repo", repository)
    told = redimento("check", "--repo", repository, "--json")

    assert (said.code, told.code, told.json["exitCode"], told.json["red"]) == (6, 6, 6, ["check 1"])
    assert [one["failing"] for one in told.json["checks"]] == [[], ["b"]]
    assert [one["reports"] for one in told.json["checks"]] == [["made/1.xml", "made/2.xml"]] * 2
    assert told.json["setup"]["ok"]
    assert said.out.startswith("Checks run under the run's own account")
    assert "1 passed, 1 failed" in said.out
    assert [*(repository / "made").iterdir()] == []  # no report is left in the tree


def test_check_is_green_where_all_that_is_required_passes(redimento: Command, repository: Path) -> None:
    advisory = "    - {name: lint, run: exit 3, level: advisory}\n"
    (repository / ".redimento.yml").write_text(f"language: pt-BR\n{checks(PASSES)}{advisory}")
    said = redimento("check", "--repo", repository)

    assert said.code == 0
    assert "código de saída 3" in said.out


def test_check_runs_nothing_after_a_setup_that_fails(redimento: Command, repository: Path) -> None:
    (repository / ".redimento.yml").write_text(checks(PASSES).replace("mkdir -p made", "echo no such tool; exit 9"))
    said = redimento("check", "--repo", repository, "--json")

    assert (said.code, said.json["red"], said.json["checks"]) == (6, ["setup"], [])
    assert "no such tool" in said.json["setup"]["output"]


def test_check_without_checks_leads_to_init(redimento: Command, repository: Path) -> None:
    said = redimento("check", "--repo", repository)
    assert said.code == 2
    assert "redimento init" in said.err
