"""Files that control pipelines, developer tools or agents. A change may touch them only if the settings allow it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from pathspec import GitIgnoreSpec

from redimento.change.guards.paths import fold

# .gitignore patterns, matched case-insensitively. A name without a slash is protected in every folder.
_PIPELINES = """
azure-pipelines*.yml azure-pipelines*.yaml *.azure-pipelines.yml *.azure-pipelines.yaml .azuredevops/ .azure-pipelines/
azure-pipelines/ .pipelines/ .vsts/ .vsts-ci.yml .vsts.yml .forgejo/ Jenkinsfile* *.jenkinsfile .circleci/ .travis.yml
appveyor.yml .appveyor.yml bitbucket-pipelines.yml .buildkite/ .drone.yml .drone.jsonnet .woodpecker.yml .woodpecker/
.teamcity/ .tekton/ cloudbuild.yaml cloudbuild.yml buildspec*.yml .semaphore/ codemagic.yaml .cirrus.yml .cirrus.star
wercker.yml
"""
_OURS = ".redimento.yml .redimento.yaml .redimento/ .redimento-*"
_GIT = ".git*"  # also .github/, .gitlab/, .gitlab-ci.yml, .gitea/ and .githooks/
_HOOKS = """
.husky/ .huskyrc* .pre-commit-config.yaml .pre-commit-hooks.yaml lefthook.yml lefthook-local.yml .lefthook/
.lefthook.yml .lintstagedrc* lint-staged.config.* .overcommit.yml .overcommit.yaml .envrc .vscode/ .devcontainer/
"""
_OWNERS = "CODEOWNERS OWNERS OWNERS_ALIASES"
_LOCKS = """
package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock poetry.lock uv.lock pdm.lock
Pipfile.lock pylock*.toml conda-lock.yml Cargo.lock go.sum go.work.sum Gemfile.lock composer.lock packages.lock.json
project.assets.json paket.lock mix.lock pubspec.lock Podfile.lock Package.resolved Cartfile.resolved *.lockfile
flake.lock conan.lock .terraform.lock.hcl MODULE.bazel.lock Chart.lock
"""
_WRAPPERS = """
gradle-wrapper.jar gradle-wrapper.properties maven-wrapper.jar maven-wrapper.properties verification-metadata.xml
"""
# Package sources and their credentials.
_REGISTRIES = ".npmrc .yarnrc .yarnrc.yml .yarn/ nuget.config pip.conf .pypirc .netrc .cargo/"
_AGENTS = """
AGENTS.md AGENT.md AGENTS.override.md CLAUDE.md CLAUDE.local.md GEMINI.md QWEN.md WARP.md .cursorrules .cursor/
.cursorignore .windsurfrules .windsurf/ .clinerules .roorules* .roo/ .aider* .claude/ .gemini/ .codex/
.agents/ .continue/ .continuerules .junie/ .kiro/ .amazonq/ .augment/ .augment-guidelines .goosehints .opencode/
opencode.json .mcp.json mcp.json copilot-instructions.md *.instructions.md *.chatmode.md .rules
"""
PROTECTED = tuple(
    f"{_PIPELINES} {_OURS} {_GIT} {_HOOKS} {_OWNERS} {_LOCKS} {_WRAPPERS} {_REGISTRIES} {_AGENTS}".split()
)


@lru_cache(maxsize=32)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)


@lru_cache(maxsize=32)
def _protecting(extra: tuple[str, ...]) -> GitIgnoreSpec:
    return _spec(tuple(fold(pattern) for pattern in (*PROTECTED, *extra)))


def is_protected(path: str, extra: Sequence[str] = (), allow: Sequence[str] = ()) -> bool:
    """Return whether a change may not touch `path`: protected by default or by `extra`, and not allowed by `allow`.

    `extra` and `allow` are .gitignore patterns. Protection ignores case; `allow` must match exactly.
    """
    return _protecting(tuple(extra)).match_file(fold(path)) and not is_allowed(path, allow)


def is_lock_file(path: str, allow: Sequence[str] = ()) -> bool:
    """Return whether a dependency tool writes `path`, and nothing in `allow` frees it."""
    return _spec(tuple(map(fold, _LOCKS.split()))).match_file(fold(path)) and not is_allowed(path, allow)


def is_allowed(path: str, allow: Sequence[str]) -> bool:
    """Return whether the settings allow a change to `path`."""
    return bool(allow) and _spec(tuple(allow)).match_file(path)
