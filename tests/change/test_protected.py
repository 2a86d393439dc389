"""Protected files: by name, by content, and allowed one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from redimento.change.edit import Delete, Edit, Rename, Replace, WriteWhole
from redimento.change.guards import protected
from redimento.change.guards.paths import fold
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
    ".gitea/workflows/ci.yml",
    ".githooks/pre-commit",
    "gradle.lockfile",
    ".clinerules/a.md",
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
# An example for each pattern, which no other pattern matches.
EXAMPLES = {
    "azure-pipelines*.yml": "azure-pipelines-release.yml", "azure-pipelines*.yaml": "ci/azure-pipelines.yaml",
    "*.azure-pipelines.yml": "web.azure-pipelines.yml", "*.azure-pipelines.yaml": "web.azure-pipelines.yaml",
    ".azuredevops/": ".azuredevops/pull_request_template.md", ".azure-pipelines/": ".azure-pipelines/ci.yml",
    "azure-pipelines/": "build/azure-pipelines/steps.sh", ".pipelines/": ".pipelines/build.yml",
    ".vsts/": ".vsts/ci.yml", ".vsts-ci.yml": ".vsts-ci.yml", ".vsts.yml": ".vsts.yml",
    ".forgejo/": ".forgejo/workflows/ci.yml", "Jenkinsfile*": "deploy/Jenkinsfile.prod",
    "*.jenkinsfile": "release.jenkinsfile", ".circleci/": ".circleci/config.yml", ".travis.yml": ".travis.yml",
    "appveyor.yml": "appveyor.yml", ".appveyor.yml": ".appveyor.yml",
    "bitbucket-pipelines.yml": "bitbucket-pipelines.yml", ".buildkite/": ".buildkite/pipeline.yml",
    ".drone.yml": ".drone.yml", ".drone.jsonnet": ".drone.jsonnet", ".woodpecker.yml": ".woodpecker.yml",
    ".woodpecker/": ".woodpecker/test.yml", ".teamcity/": ".teamcity/settings.kts", ".tekton/": ".tekton/push.yaml",
    "cloudbuild.yaml": "cloudbuild.yaml", "cloudbuild.yml": "cloudbuild.yml", "buildspec*.yml": "buildspec-test.yml",
    ".semaphore/": ".semaphore/semaphore.yml", "codemagic.yaml": "codemagic.yaml", ".cirrus.yml": ".cirrus.yml",
    ".cirrus.star": ".cirrus.star", "wercker.yml": "wercker.yml", ".redimento.yml": ".redimento.yml",
    ".redimento.yaml": ".redimento.yaml", ".redimento/": ".redimento/rules.md", ".redimento-*": ".redimento-state",
    ".git*": "src/.gitignore", ".husky/": ".husky/pre-commit", ".huskyrc*": ".huskyrc.js",
    ".pre-commit-config.yaml": ".pre-commit-config.yaml", ".pre-commit-hooks.yaml": ".pre-commit-hooks.yaml",
    "lefthook.yml": "lefthook.yml", "lefthook-local.yml": "lefthook-local.yml",
    ".lefthook/": ".lefthook/pre-push/check.sh", ".lefthook.yml": ".lefthook.yml",
    ".lintstagedrc*": ".lintstagedrc.json", "lint-staged.config.*": "web/lint-staged.config.js",
    ".overcommit.yml": ".overcommit.yml", ".overcommit.yaml": ".overcommit.yaml", ".envrc": ".envrc",
    ".vscode/": ".vscode/tasks.json", ".devcontainer/": ".devcontainer/devcontainer.json",
    "CODEOWNERS": "docs/CODEOWNERS", "OWNERS": "OWNERS", "OWNERS_ALIASES": "OWNERS_ALIASES",
    "package-lock.json": "package-lock.json", "npm-shrinkwrap.json": "npm-shrinkwrap.json",
    "yarn.lock": "web/yarn.lock", "pnpm-lock.yaml": "pnpm-lock.yaml", "bun.lock": "bun.lock",
    "bun.lockb": "bun.lockb", "deno.lock": "deno.lock", "poetry.lock": "poetry.lock", "uv.lock": "uv.lock",
    "pdm.lock": "pdm.lock", "Pipfile.lock": "Pipfile.lock", "pylock*.toml": "pylock.dev.toml",
    "conda-lock.yml": "conda-lock.yml", "Cargo.lock": "Cargo.lock", "go.sum": "go.sum", "go.work.sum": "go.work.sum",
    "Gemfile.lock": "Gemfile.lock", "composer.lock": "composer.lock", "packages.lock.json": "packages.lock.json",
    "project.assets.json": "project.assets.json", "paket.lock": "paket.lock", "mix.lock": "mix.lock",
    "pubspec.lock": "pubspec.lock", "Podfile.lock": "Podfile.lock", "Package.resolved": "Package.resolved",
    "Cartfile.resolved": "Cartfile.resolved", "*.lockfile": "gradle/dependency.lockfile",
    "gradle-wrapper.jar": "gradle-wrapper.jar", "gradle-wrapper.properties": "gradle-wrapper.properties",
    "maven-wrapper.jar": "maven-wrapper.jar", "maven-wrapper.properties": "maven-wrapper.properties",
    "verification-metadata.xml": "verification-metadata.xml", "flake.lock": "flake.lock", "conan.lock": "conan.lock",
    ".terraform.lock.hcl": ".terraform.lock.hcl", "MODULE.bazel.lock": "MODULE.bazel.lock",
    "Chart.lock": "Chart.lock", ".npmrc": ".npmrc", ".yarnrc": ".yarnrc", ".yarnrc.yml": ".yarnrc.yml",
    ".yarn/": ".yarn/releases/yarn.cjs", "nuget.config": "NuGet.Config", "pip.conf": "pip.conf", ".pypirc": ".pypirc",
    ".netrc": ".netrc", ".cargo/": ".cargo/config.toml", "AGENTS.md": "AGENTS.md", "AGENT.md": "AGENT.md",
    "AGENTS.override.md": "AGENTS.override.md", "CLAUDE.md": "src/CLAUDE.md", "CLAUDE.local.md": "CLAUDE.local.md",
    "GEMINI.md": "GEMINI.md", "QWEN.md": "QWEN.md", "WARP.md": "WARP.md", ".cursorrules": ".cursorrules",
    ".cursor/": ".cursor/rules/a.mdc", ".cursorignore": ".cursorignore", ".windsurfrules": ".windsurfrules",
    ".windsurf/": ".windsurf/rules/a.md", ".clinerules": ".clinerules", ".roorules*": ".roorules-code",
    ".roo/": ".roo/rules/a.md", ".aider*": ".aider.conf.yml", ".claude/": ".claude/settings.json",
    ".gemini/": ".gemini/config.yaml", ".codex/": ".codex/config.toml", ".agents/": ".agents/skills/a.md",
    ".continue/": ".continue/rules/a.md", ".continuerules": ".continuerules", ".junie/": ".junie/guidelines.md",
    ".kiro/": ".kiro/steering/a.md", ".amazonq/": ".amazonq/rules/a.md", ".augment/": ".augment/rules/a.md",
    ".augment-guidelines": ".augment-guidelines", ".goosehints": ".goosehints", ".opencode/": ".opencode/agent/a.md",
    "opencode.json": "opencode.json", ".mcp.json": ".mcp.json", "mcp.json": "mcp.json",
    "copilot-instructions.md": "copilot-instructions.md", "*.instructions.md": "docs/python.instructions.md",
    "*.chatmode.md": "plan.chatmode.md", ".rules": ".rules",
}  # fmt: skip
PIPELINES = [
    "steps:\n- script: echo\n",
    "trigger: none\njobs:\n  - job: a\n",
    '{"stages": [{"stage": "a"}]}\n',
    "parameters: []\n'steps':\n- bash: id\n",
    "extends:\n  template: other.yml\n",
    "steps: [\n- broken\n",
]


def test_every_pattern_protects_its_example(tmp_path: Path) -> None:
    for path in EXAMPLES.values():
        (refusal,) = plan(tmp_path, [WriteWhole(path, "{}\n")], ChangeSettings()).refusals
        assert "is protected" in refusal.reason


def test_every_pattern_has_an_example_that_no_other_pattern_protects() -> None:
    specs = {pattern: GitIgnoreSpec.from_lines([fold(pattern)]) for pattern in protected.PROTECTED}
    assert {
        path: [pattern for pattern, spec in specs.items() if spec.match_file(fold(path))] for path in EXAMPLES.values()
    } == {path: [pattern] for pattern, path in EXAMPLES.items()}
    assert {*specs} == {*EXAMPLES}


@pytest.mark.parametrize("path", PROTECTED)
def test_a_protected_file_is_refused_unless_it_is_allowed(path: str, tmp_path: Path) -> None:
    edit = WriteWhole(path, "{}\n")
    (refusal,) = plan(tmp_path, [edit], ChangeSettings()).refusals
    assert "protected" in refusal.reason
    assert "change.allow" in refusal.reason
    assert plan(tmp_path, [edit], ChangeSettings(allow=(path,))).change.paths == (path,)
    assert plan(tmp_path, [edit], ChangeSettings(allow=("other/**",))).refusals


def test_a_protected_file_may_not_be_deleted_moved_or_edited(tmp_path: Path) -> None:
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
    allowed = plan(tmp_path, [Delete("build/ci.yml")], ChangeSettings(allow=("build/ci.yml",)))
    assert allowed.change.paths == ("build/ci.yml",)


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
def test_a_pipeline_made_of_expressions_is_recognized(content: str, tmp_path: Path) -> None:
    (refusal,) = plan(tmp_path, [WriteWhole("ci.yml", content)], ChangeSettings()).refusals
    assert "pipeline definition" in refusal.reason


@pytest.mark.parametrize(
    "content", ["a:\n  steps:\n  - b\n", "services:\n  web:\n    image: x\n", "- steps: []\n", "steps: 3\n"]
)
def test_other_yaml_is_not_a_pipeline(content: str, tmp_path: Path) -> None:
    assert plan(tmp_path, [WriteWhole("a.yml", content)], ChangeSettings()).change.paths == ("a.yml",)


LOCKS = ["package-lock.json", "web/yarn.lock", "PNPM-lock.yaml", "poetry.lock", "go.sum", "packages.lock.json"]


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_file_is_left_out_and_the_rest_is_applied(path: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    edits: list[Edit] = [Replace("a.txt", "a\n", "b\n"), WriteWhole(path, "{}\n"), Replace(path, "x\n", "y\n")]
    planned = plan(tmp_path, edits, ChangeSettings())
    assert planned.refusals == ()
    assert (planned.change.paths, planned.change.left_out) == (("a.txt",), (path,))
    later = plan(tmp_path, [WriteWhole("b.txt", "b\n")], ChangeSettings(), already=planned.change)
    assert later.change.left_out == (path,)
    allowed = plan(tmp_path, edits[:2], ChangeSettings(allow=(path,))).change
    assert (allowed.paths, allowed.left_out) == (tuple(sorted(("a.txt", path))), ())


def test_a_lock_file_alone_a_wrapper_and_a_moved_lock_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "yarn.lock").write_text("a\n")
    other = WriteWhole("a.txt", "a\n")
    answers: list[list[Edit]] = [
        [WriteWhole("yarn.lock", "b\n")],
        [other, Rename("yarn.lock", "b.txt")],
        [other, WriteWhole("gradle-wrapper.properties", "a\n")],
        [other, WriteWhole("../yarn.lock", "a\n")],
    ]
    for edits in answers:
        planned = plan(tmp_path, edits, ChangeSettings())
        assert planned.refusals
        assert planned.change.files == ()


def test_a_refusal_is_said_once_with_its_count(tmp_path: Path) -> None:
    edits: list[Edit] = [WriteWhole("AGENTS.md", f"{n}\n") for n in range(4)]
    (refusal,) = plan(tmp_path, edits, ChangeSettings()).refusals
    assert refusal.count == 4
    assert refusal.sentence == f"{refusal.reason} (4 times)"


def test_settings_can_protect_more(tmp_path: Path) -> None:
    settings = ChangeSettings(protected=("infra/**", "*.sql"))
    for path in ["infra/a/main.tf", "db/schema.sql", "INFRA/x"]:
        (refusal,) = plan(tmp_path, [WriteWhole(path, "x\n")], settings).refusals
        assert "protected" in refusal.reason
