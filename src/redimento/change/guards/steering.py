"""Files that steer builds, tools and reviews. A change may touch them, but a person has to look at them first.

The stricter tier is `protected`. Which of the files steer the checks of a run is for `verification.steering` to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import re2
from pathspec import GitIgnoreSpec

from redimento.change.edit import FileChange
from redimento.change.guards.data_syntax import parse_toml
from redimento.change.guards.paths import fold
from redimento.change.guards.pipelines import is_pipeline
from redimento.change.guards.protected import is_protected
from redimento.text.wording import Sentence

# .gitignore patterns, matched case-insensitively.
_WRAPPERS = """
gradlew gradlew.bat mvnw mvnw.cmd .mvn/ gradle.properties buildSrc/ build-logic/ .pnpmfile.* pnpmfile.js pnpm-workspace.yaml bunfig.toml
global.json dotnet-tools.json paket.dependencies .tool-versions .sdkmanrc mise.toml .mise.toml .python-version .ruby-version
.java-version .go-version .nvmrc .node-version rust-toolchain rust-toolchain.toml .bazelversion .bazeliskrc .bazelrc
project/build.properties project/plugins.sbt .terraform-version .terraformrc .bundle/ .condarc uv.toml poetry.toml pip.ini
"""
_EDITORS = """
.vscode/ .vs/ .idea/ .run/ .fleet/ .zed/ .nova/ .devcontainer/ .devcontainer.json .editorconfig *.code-workspace
*.sublime-project .gitpod.yml .gitpod.Dockerfile .replit replit.nix devfile.yaml .devfile.yaml Vagrantfile .dockerignore
docker-compose*.yml docker-compose*.yaml compose.yml compose.yaml compose.*.yml compose.*.yaml shell.nix flake.nix
"""
ANALYSERS = """
.eslintrc* eslint.config.* .eslintignore .prettierrc* prettier.config.* .prettierignore biome.json* .stylelintrc*
stylelint.config.* .oxlintrc* .jshintrc .xo-config* mypy.ini .mypy.ini ruff.toml .ruff.toml .flake8 .pylintrc
pylintrc .isort.cfg pyrightconfig.json .bandit bandit.yaml bandit.yml pytype.cfg .style.yapf .golangci.*
staticcheck.conf .nextest.toml nextest.toml clippy.toml .clippy.toml rustfmt.toml .rustfmt.toml rust-toolchain
rust-toolchain.toml .clang-tidy .clang-format .swiftlint.yml detekt.yml checkstyle*.xml pmd*.xml spotbugs*.xml
findbugs*.xml sonar-project.properties .semgrep* .yamllint* .markdownlint* .sqlfluff .hadolint.yaml .ansible-lint
codecov.yml .codecov.yml junit-platform.properties testng*.xml
"""
_SUPPRESSIONS = """
.*ignore *suppression*.xml *suppression*.json *suppression*.txt *suppressions.y*ml lint-baseline*.xml detekt-baseline*.xml
*-baseline.neon psalm-baseline.xml .secrets.baseline .snyk .trivyignore* trivy.yaml .grype.yaml .checkov.*
osv-scanner.toml .nsprc audit-ci.json* .tflint.hcl .tfsec* .dockle* .hadolint.yml .codeclimate.yml .codacy.* .deepsource.toml
.whitesource .mend .fossa.yml .sonarcloud.properties .sonarlint/ SonarQube.Analysis.xml GlobalSuppressions.* lint.xml
.credo.exs .spectral.* .tslint* tslint.json .scalafix.conf .scalafmt.conf deny.toml audit.toml .zap* .gosec* CodeCoverage.runsettings
*.ruleset .globalconfig .dependabot/ renovate.json* .renovaterc*
"""
_TEMPLATES = "pull_request_template* PULL_REQUEST_TEMPLATE/ merge_request_templates/ ISSUE_TEMPLATE/"
_KINDS = {
    "steers_tools": _WRAPPERS,
    "steers_editors": _EDITORS,
    "steers_analysers": f"{ANALYSERS} {_SUPPRESSIONS}",
    "steers_templates": _TEMPLATES,
}
# The lines of a manifest that say where packages come from, or what runs when they are installed. TOML and JSON are
# written out as `a.b.c = value` first.
_PYTHON = r"\s*(?:-i\b|--(?:extra-)?index-url|--find-links|-f\b|--trusted-host|--no-index|--pre\b|-e\b|--editable|--global-option|-[rc]\s*\w+:)|[^#]*(?:\s@\s|^\s*)(?:[a-z+]+:)?//|[^#]*\w\+\w+://"
_TOML = (
    r"(?:tool\.(?:uv|poetry|pdm|rye|hatch)\.(?:.*\b(?:index|source|sources|git|url|path|find-links|indexes)\b)|source\b|build-system\.(?:build-backend|backend-path)"
    r"|(?:.*dependencies(?:\.[^ ]+)?|.*packages\.[^ ]+)\.(?:git|path|registry|registry-index|url|index|file|source)\b|patch\.|replace\.|package\.build\b|package\.links\b"
    r"|(?:project|dependency-groups|build-system).* = .*(?:\s@\s|://))"
)
_NPM = (
    r"(?:overrides|resolutions|pnpm|packageManager|publishConfig|trustedDependencies|onlyBuiltDependencies|bundle[dD]?Dependencies|dependenciesMeta)\b"
    r"|scripts\.(?:(?:pre|post)?install|(?:pre|post)?prepare|prepublish|prepublishOnly|(?:pre|post)pack|dependencies|preuninstall|postuninstall|uninstall) "
    r"|\w*[dD]ependencies\.\S+ = (?:[a-z+]+:|\.{0,2}/|~/|[\w.-]+/[\w.-]+(?:#|$))"
)
_GRADLE = (
    r"\s*(?:mavenLocal|mavenCentral|jcenter|google|gradlePluginPortal|ivy|flatDir|maven|repositories|pluginManagement|exclusiveContent)\b\s*[({]?"
    r"|.*\b(?:url|setUrl|artifactUrls|includeBuild|apply\s*\(?from|resolutionStrategy|force|initscript)\b\s*[=(:]?\s*(?:uri\()?[\"'{]|.*\bhttps?://"
)
_MAVEN = r".*</?(?:repository|repositories|pluginRepositor(?:y|ies)|distributionManagement|snapshotRepository|mirror|url|extension|systemPath|relativePath)\b"
_DOTNET = r".*\b(?:Restore(?:Sources|AdditionalProjectSources|ConfigFile|FallbackFolders|AdditionalProjectFallbackFolders|PackagesPath)|PackageSource|NuGetAudit\w*)\b|.*<(?:Exec|UsingTask|Sdk|Import)\s"
_SOURCES: dict[str, str] = {
    **dict.fromkeys(("*requirements*.txt", "*constraints*.txt", "requirements*.in"), _PYTHON),
    **dict.fromkeys(("pyproject.toml", "pipfile", "cargo.toml"), _TOML),
    "package.json": _NPM,
    "composer.json": r"(?:repositories|scripts|config\.allow-plugins|minimum-stability)\b",
    **dict.fromkeys(("*.gradle", "*.gradle.kts"), _GRADLE),
    "pom.xml": _MAVEN,
    **dict.fromkeys(("*.csproj", "*.fsproj", "*.vbproj", "*.vcxproj", "*.props", "*.targets", "*.proj"), _DOTNET),
    "go.mod": r".*=>|\s*(?:toolchain|exclude|tool)\b",
    "go.work": r".*=>|\s*(?:use|toolchain)\b",
    **dict.fromkeys(("setup.py", "setup.cfg"), r".*\b(?:dependency_links|cmdclass|find_links|index_url|setup_requires)\b|.*\s@\s*\S*://"),
    "gemfile": r"\s*(?:source|git_source|plugin)\b|.*\b(?:git|github|path|source)(?::|\s*=>)",
    "*.gemspec": r".*\b(?:extensions|allowed_push_host)\b",
    "podfile": r"\s*(?:source|plugin)\b|.*:(?:git|path|podspec)\b",
    "package.swift": r".*\.package\(.*(?:url|path):",
    "mix.exs": r".*\b(?:git|github|path|organization|repo):",
    "pubspec.yaml": r"\s*(?:git|hosted|url|path|dependency_overrides)\s*:",
    "pubspec_overrides.yaml": r".",
    **dict.fromkeys(("environment*.yml", "environment*.yaml"), r"\s*channels\s*:|\s*-\s*(?:https?:|--|-i\b)|\s*-\s*[\w-]+\s*$"),
    "chart.yaml": r"\s*(?:-\s*)?repository\s*:",
    "*.tf": r"\s*source\s*=",
    "build.sbt": r".*\b(?:resolvers|externalResolvers|credentials)\b",
    "deno.json*": r".*https?://",
    **dict.fromkeys(("dockerfile*", "*.dockerfile", "containerfile*"), r"(?i)\s*(?:FROM|ADD\s+\S*://)\b|.*--from=|.*(?:--(?:extra-)?index-url|--registry|\bcurl\b|\bwget\b)"),
}  # fmt: skip
_LONGEST_LINE = 1_000  # characters that a line is looked at
_MOST_LINES = 5


@dataclass(frozen=True)
class SteeringFile:
    """A changed file that steers something. `added`, `removed`: the first statements that make it so, if not all of it does."""

    path: str
    what: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def steering_files(files: Iterable[FileChange], conventions: Sequence[str] = ()) -> tuple[SteeringFile, ...]:
    """Return the changed files that steer builds, tools or reviews. `conventions`: the files that the model is given as rules."""
    return tuple(found for file in files if (found := _steering(file, conventions)))


def _steering(file: FileChange, conventions: Sequence[str]) -> SteeringFile | None:
    if is_protected(file.path) or is_pipeline(file.path, file.before, file.after):
        return SteeringFile(file.path, Sentence("steers_freed"))
    folders = tuple(name for name in conventions if name.endswith("/"))
    if file.path in conventions or file.path.startswith(folders):
        return SteeringFile(file.path, Sentence("steers_conventions"))
    if kind := next((kind for kind, patterns in _KINDS.items() if _spec(patterns).match_file(fold(file.path))), ""):
        return SteeringFile(file.path, Sentence(kind))
    before, after = (_statements(file.path, content) for content in (file.before, file.after))
    added, removed = (
        tuple(line for line in these if line not in those)[:_MOST_LINES]
        for these, those in ((after, before), (before, after))
    )
    return SteeringFile(file.path, Sentence("steers_sources"), added, removed) if added or removed else None


@lru_cache(maxsize=8)
def _spec(patterns: str) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(map(fold, patterns.split()))


def _statements(path: str, content: bytes | None) -> dict[str, None]:
    """Return the statements of a manifest about the sources of packages, in order."""
    name = path.rpartition("/")[2].lower()
    pattern = next((pattern for glob, pattern in _SOURCES.items() if fnmatchcase(name, glob)), None)
    if content is None or pattern is None:
        return {}
    about_sources = re2.compile(pattern)
    lines = (line[:_LONGEST_LINE] for line in _lines(name, content.decode("utf-8-sig", "replace")))
    return {" ".join(line.split()): None for line in lines if about_sources.match(line)}


def _lines(name: str, text: str) -> Iterator[str]:
    try:
        if name.endswith(".json"):
            yield from _written_out("", json.loads(text))
            return
        if name.endswith(".toml") or name == "pipfile":
            yield from _written_out("", parse_toml(text))
            return
    except (ValueError, RecursionError):  # broken, or with comments: its lines as they are
        pass
    yield from text.split("\n")


def _written_out(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _written_out(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _written_out(name, inner)
    else:
        yield f"{name} = {value}"
