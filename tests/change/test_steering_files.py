"""Files that steer builds, tools or reviews may change, and are named with what changed."""

from __future__ import annotations

import json

import pytest

from redimento.change.edit import FileChange
from redimento.change.guards.steering import SteeringFile, steering_files

NAMED = {
    "tool wrapper or tool version": ["gradlew", "web/mvnw.cmd", ".mvn/jvm.config", ".pnpmfile.cjs", "global.json", "buildSrc/a.kts"],
    "editor or container configuration": [".idea/x.xml", ".editorconfig", "docker-compose.dev.yml", "compose.yaml", "a.code-workspace"],
    "analyser configuration": [".eslintignore", ".semgrepignore", ".snyk", ".trivyignore", "sonar-project.properties", ".pylintrc", "owasp-suppressions.xml", "src/GlobalSuppressions.cs"],
    "pull request template": ["docs/pull_request_template.md", "PULL_REQUEST_TEMPLATE/bug.md"],
    "protected, and freed by the settings": [".npmrc", "yarn.lock", ".azuredevops/pull_request_template.md"],
    "conventions that this program reads, too": ["docs/rules.md"],
}  # fmt: skip
STATED = [
    ("requirements.txt", "a==1\n", "--extra-index-url https://x/simple\na==1\n", ["--extra-index-url https://x/simple"]),
    ("requirements.txt", "", "-i https://x\n--trusted-host x\na @ git+https://x/a\nb==1\n", ["-i https://x", "--trusted-host x", "a @ git+https://x/a"]),
    ("pyproject.toml", "", '[[tool.uv.index]]\nurl = "https://x"\n[tool.black]\nline-length = 3\n', ["tool.uv.index.url = https://x"]),
    ("pyproject.toml", "", '[[tool.poetry.source]]\nname = "x"\nurl = "https://x"\n', ["tool.poetry.source.name = x", "tool.poetry.source.url = https://x"]),
    ("pyproject.toml", "", '[project]\ndependencies = ["a @ https://x/a.whl", "b>=1"]\n', ["project.dependencies = a @ https://x/a.whl"]),
    ("package.json", "{}", json.dumps({"scripts": {"preinstall": "x", "test": "jest"}}), ["scripts.preinstall = x"]),
    ("package.json", "{}", json.dumps({"overrides": {"a": "1"}, "resolutions": {"b": "2"}}), ["overrides.a = 1", "resolutions.b = 2"]),
    ("package.json", "{}", json.dumps({"dependencies": {"a": "^1", "b": "github:x/b"}}), ["dependencies.b = github:x/b"]),
    ("pom.xml", "<p/>", "<p>\n<repository>\n<id>x</id>\n<url>https://x</url>\n</repository>\n</p>", ["<repository>", "<url>https://x</url>", "</repository>"]),
    ("build.gradle", "", "repositories {\n  maven { url 'https://x' }\n}\n", ["repositories {", "maven { url 'https://x' }"]),
    ("A.csproj", "<Project/>", "<Project>\n<RestoreSources>https://x</RestoreSources>\n<Nullable/></Project>", ["<RestoreSources>https://x</RestoreSources>"]),
    ("B.props", "<Project/>", "<Project>\n<RestoreAdditionalProjectSources>x</RestoreAdditionalProjectSources>\n</Project>", ["<RestoreAdditionalProjectSources>x</RestoreAdditionalProjectSources>"]),
    ("go.mod", "module m\n", "module m\nreplace a.b/c => ../c\nrequire d.e/f v1.0.0\n", ["replace a.b/c => ../c"]),
    ("Cargo.toml", "", '[dependencies]\na = {git = "https://x"}\nb = "1"\n[patch.crates-io]\nc = {path = "c"}\n', ["dependencies.a.git = https://x", "patch.crates-io.c.path = c"]),
    ("pom.xml", "<p/>", "<p><repository><url>https://x</url></repository></p>", ["<p><repository><url>https://x</url></repository></p>"]),
    ("Dockerfile", "from a\n", "from b\nCOPY --from=c/d /x /y\n", ["from b", "COPY --from=c/d /x /y"]),
    ("api/Dockerfile", "FROM a:1\nRUN x\n", "FROM b:1\nRUN y\n", ["FROM b:1"]),
    ("Gemfile", "", "source 'https://x'\ngem 'a'\n", ["source 'https://x'"]),
]  # fmt: skip


def changed(path: str) -> FileChange:
    return FileChange(path, b"a: 1\n", b"a: 2\n")


@pytest.mark.parametrize(("what", "path"), [(what, path) for what, paths in NAMED.items() for path in paths])
def test_a_steering_file_is_known_by_its_name(what: str, path: str) -> None:
    assert steering_files([changed(path)], ["docs/rules.md"]) == (SteeringFile(path, what),)


@pytest.mark.parametrize(("path", "before", "after", "added"), STATED)
def test_a_package_source_is_known_by_its_statement(path: str, before: str, after: str, added: list[str]) -> None:
    (found,) = steering_files([FileChange(path, before.encode(), after.encode())])
    assert (found.what, list(found.added)) == ("package sources", added)
    (back,) = steering_files([FileChange(path, after.encode(), before.encode())])
    assert list(back.removed) == added


@pytest.mark.parametrize("path", ["src/a.py", "README.md", "suppress.py", "src/baseline.json", "docker.md", "rules.md"])
def test_other_files_steer_nothing(path: str) -> None:
    assert steering_files([changed(path)], ["docs/rules.md"]) == ()


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("requirements.txt", "a==1\n", "a==2\nb>=1  # see https://x\n"),
        ("package.json", "{}", json.dumps({"scripts": {"test": "jest"}, "dependencies": {"a": "^2"}})),
        ("go.mod", "module m\n", "module m\nrequire a.b/c v1.0.0\n"),
        ("Dockerfile", "FROM a\n", "FROM a\nRUN make\n"),
        ("Cargo.toml", "", '[dependencies]\na = "1"\n'),
    ],
)
def test_a_manifest_without_a_change_of_sources_steers_nothing(path: str, before: str, after: str) -> None:
    assert steering_files([FileChange(path, before.encode(), after.encode())]) == ()
