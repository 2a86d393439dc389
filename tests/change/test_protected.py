"""Protected files: by name, by what they hold, and freed one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from redimento.change.edit import Delete, Edit, Rename, Replace, WriteWhole
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

PROTECTED = [
    "azure-pipelines.yml",
    "Azure-Pipelines.YML",
    "build/azure-pipelines-release.yaml",
    ".azuredevops/pull_request_template.md",
    ".azure-pipelines/ci.yml",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "deploy/Jenkinsfile.prod",
    ".circleci/config.yml",
    "bitbucket-pipelines.yml",
    ".redimento.yml",
    ".gitattributes",
    ".gitmodules",
    "src/.gitignore",
    ".husky/pre-commit",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    "CODEOWNERS",
    "docs/codeowners",
    "package-lock.json",
    "web/yarn.lock",
    "poetry.lock",
    "packages.lock.json",
    "go.sum",
    "Cargo.lock",
    "AGENTS.md",
    "src/CLAUDE.md",
    "GEMINI.md",
    ".cursorrules",
    ".cursor/rules/a.mdc",
    ".github/copilot-instructions.md",
    ".npmrc",
    "NuGet.Config",
]
PIPELINES = [
    "steps:\n- script: echo\n",
    "trigger: none\njobs:\n  - job: a\n",
    '{"stages": [{"stage": "a"}]}\n',
    "parameters: []\n'steps':\n- bash: id\n",
    "extends:\n  template: other.yml\n",
    "steps: [\n- broken\n",
]


@pytest.mark.parametrize("path", PROTECTED)
def test_a_protected_file_is_refused_unless_it_is_freed(path: str, tmp_path: Path) -> None:
    edit = WriteWhole(path, "{}\n")
    (refusal,) = plan(tmp_path, [edit], ChangeSettings()).refusals
    assert "protected" in refusal.reason
    assert "change.allow" in refusal.reason
    assert plan(tmp_path, [edit], ChangeSettings(allow=(path,))).change.paths == (path,)
    assert plan(tmp_path, [edit], ChangeSettings(allow=("other/**",))).refusals


def test_a_protected_file_may_neither_go_nor_move_nor_be_edited(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").write_text("* @team\n")
    (tmp_path / "a.txt").write_text("* @me\n")
    edits: list[Edit] = [
        Delete("CODEOWNERS"),
        Rename("CODEOWNERS", "b.txt"),
        Rename("a.txt", "AGENTS.md"),
        Replace("CODEOWNERS", "@team", "@me"),
    ]
    for edit in edits:
        planned = plan(tmp_path, [edit], ChangeSettings())
        assert planned.change.files == ()
        assert "protected" in planned.refusals[0].reason


@pytest.mark.parametrize("content", PIPELINES)
def test_a_pipeline_is_protected_under_any_name(content: str, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "ci.yml").write_text(content)
    edits: list[Edit] = [
        WriteWhole("build/new.yml", content),
        WriteWhole("build/ci.yml", "a: 1\n"),
        Delete("build/ci.yml"),
    ]
    for edit in edits:
        planned = plan(tmp_path, [edit], ChangeSettings())
        assert planned.change.files == ()
        assert any("pipeline definition" in refusal.reason for refusal in planned.refusals)
    freed = plan(tmp_path, [Delete("build/ci.yml")], ChangeSettings(allow=("build/ci.yml",)))
    assert freed.change.paths == ("build/ci.yml",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_pipeline_is_protected_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_bytes("steps:\n- script: a\n".encode(encoding))
    for edit in (Delete("ci.yml"), Rename("ci.yml", "b.txt"), Replace("ci.yml", "- script: a\n", "- script: b\n")):
        planned = plan(tmp_path, [edit], ChangeSettings())
        assert planned.change.files == ()
        assert planned.refusals


@pytest.mark.parametrize(
    "content",
    [
        "parameters:\n- name: jobs\njobs: ${{ parameters.jobs }}\n",
        "${{ if eq(variables.a, 1) }}:\n  steps:\n  - script: a\n",
    ],
)
def test_a_pipeline_that_is_put_together_by_expressions_is_one(content: str, tmp_path: Path) -> None:
    (refusal,) = plan(tmp_path, [WriteWhole("ci.yml", content)], ChangeSettings()).refusals
    assert "pipeline definition" in refusal.reason


@pytest.mark.parametrize(
    "content", ["a:\n  steps:\n  - b\n", "services:\n  web:\n    image: x\n", "- steps: []\n", "steps: 3\n"]
)
def test_other_yaml_is_no_pipeline(content: str, tmp_path: Path) -> None:
    assert plan(tmp_path, [WriteWhole("a.yml", content)], ChangeSettings()).change.paths == ("a.yml",)


def test_settings_protect_more(tmp_path: Path) -> None:
    settings = ChangeSettings(protected=("infra/**", "*.sql"))
    for path in ["infra/a/main.tf", "db/schema.sql", "INFRA/x"]:
        (refusal,) = plan(tmp_path, [WriteWhole(path, "x\n")], settings).refusals
        assert "protected" in refusal.reason


def test_a_file_with_local_changes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    (refusal,) = plan(tmp_path, [Delete("a.py")], ChangeSettings(), locked=frozenset({"a.py"})).refusals
    assert "not committed" in refusal.reason
