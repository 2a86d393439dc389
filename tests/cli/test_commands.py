"""The smaller commands: what they print and how they exit."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import yaml

from redimento import __version__
from tests.cli.conftest import Command
from tests.run.conftest import CALC, GOOD_FIX, git

HALF = GOOD_FIX.replace("    def test_zero(self):\n=======", "    def test_absent(self):\n=======")


def test_help_names_every_command(redimento: Command) -> None:
    said = redimento("--help")

    assert said.code == 0
    for name in ("run", "context", "apply", "config", "init", "demo", "emulator"):
        assert f"\n  {name} " in said.out


def test_the_version_is_the_packages(redimento: Command) -> None:
    assert redimento("--version").out == f"redimento, version {__version__}\n"


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

    assert said.json["outcome"] == "failed"
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


def test_context_lists_files_best_first_within_the_budget(redimento: Command, repository: Path, story: Path) -> None:
    shown = redimento("context", "--work-item-file", story, "--repo", repository, "--budget", "400", "--json").json

    assert shown["files"][0]["path"] == "calc.py"
    for file in shown["files"]:
        assert {"path", "tokens", "score", "spans"} <= set(file)
        assert file["spans"] is None or all(first <= last for first, last in file["spans"])
    scores = [file["score"] for file in shown["files"]]
    assert scores == sorted(scores, reverse=True)
    assert shown["tokens"] <= 400


def test_context_is_a_table_for_people_and_works_on_a_plain_folder(
    redimento: Command, tmp_path: Path, story: Path
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "calc.py").write_text(CALC)

    assert "calc.py" in redimento("context", "--work-item-file", story, "--repo", folder).out


def test_context_leaves_out_files_behind_a_git_filter(redimento: Command, repository: Path, story: Path) -> None:
    (repository / ".gitattributes").write_text("calc.py filter=git-crypt\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "Encrypt")

    shown = redimento("context", "--work-item-file", story, "--repo", repository, "--json").json

    assert "calc.py" not in [file["path"] for file in shown["files"]]


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
