"""Dependencies of a change are named with version and source, also when only those changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from redimento.change.edit import Dependency, FileChange, WriteWhole
from redimento.change.guards.dependencies import new_dependencies
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

CASES = [
    ("package.json", {"dependencies": {"a": "1"}}, {"dependencies": {"a": "2"}, "devDependencies": {"b": "1"}}, ["a 2 (1)", "b 1"]),
    ("package.json", {"dependencies": {"a": "^1"}}, {"dependencies": {"a": "git+https://x/a#f00"}}, ["a <git+https://x/a#f00> (^1)"]),
    ("package.json", {}, {"dependencies": {"a": "some/a", "b": "file:../b", "c": "npm:d@1"}}, ["a <some/a>", "b <file:../b>", "c <npm:d@1>"]),
    ("package.json", {}, [1, 2], []),
    ("composer.json", {}, {"require": {"x/y": "1"}}, ["x/y 1"]),
    ("requirements-dev.txt", "a==1\nc>=2\n", "# c\n-r x.txt\na==2  # why\nc>=2\nB[extra]>=1 ; python_version > '3'\n", ["B >=1", "a ==2 (==1)"]),
    ("requirements.txt", "a==1\n", "a @ https://x/a.whl\ngit+https://x/b#egg=b\n-e ./c\n", ["./c <./c>", "a <https://x/a.whl> (==1)", "b <git+https://x/b#egg=b>"]),
    ("pyproject.toml", "", '[project]\ndependencies = ["a>=1"]\n[project.optional-dependencies]\nx = ["b"]\n[dependency-groups]\ndev = ["c"]\n[tool.poetry.dependencies]\npython = "3"\nd = "1"\n', ["a >=1", "b", "c", "d 1"]),
    ("pyproject.toml", '[project]\ndependencies = ["a"]\n', '[project]\ndependencies = ["a"]\n[tool.uv.sources]\na = {git = "https://x/a", rev = "f00"}\n', ["a f00 <https://x/a> (any version)"]),
    ("Pipfile", "", '[packages]\na = {version = "*", index = "inner"}\n', ["a * <inner>"]),
    ("go.mod", "module m\n", "module m\n\nrequire (\n\tgithub.com/a/b v1.2.3 // indirect\n)\n", ["github.com/a/b v1.2.3"]),
    ("go.mod", "require x.y/z v1.0.0\n", "require x.y/z v1.0.0\nreplace x.y/z => ../z\n", ["x.y/z v1.0.0 <../z> (v1.0.0)"]),
    ("Cargo.toml", "", '[dependencies]\na = "1"\n[target."cfg(unix)".dependencies]\nb = {git = "https://x", branch = "m"}\n', ["a 1", "b m <https://x>"]),
    ("Cargo.toml", '[dependencies]\na = "1"\n', '[dependencies]\na = {version = "1", registry = "other"}\n', ["a 1 <other> (1)"]),
    ("src/A.csproj", "<Project/>\n", '<Project><ItemGroup><PackageReference Include="A.B" Version="1" /></ItemGroup></Project>\n', ["A.B 1"]),
    ("Directory.Packages.props", '<Project><PackageVersion Include="A" Version="1" /></Project>\n', '<Project><PackageVersion Include="A" Version="2" /></Project>\n', ["A 2 (1)"]),
    ("a.fsproj", "<Project/>\n", '<Project><PackageReference Include="A"><Version>3</Version></PackageReference></Project>\n', ["A 3"]),
    ("pom.xml", "<project/>\n", "<project><dependency>\n<groupId>g</groupId>\n<artifactId>a</artifactId>\n<version>2</version></dependency></project>\n", ["g:a 2"]),
    ("pom.xml", "<project/>\n", "<project><dependency><artifactId>b</artifactId><groupId>g</groupId><scope>test</scope><version>3</version></dependency></project>\n", ["g:b 3"]),
    ("pom.xml", "<p><k>1</k><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${k}</version></dependency></p>", "<p><k>2</k><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${k}</version></dependency></p>", ["g:a 2 (1)"]),
    ("pom.xml", "<p/>", "<p><plugin><artifactId>maven-x-plugin</artifactId><configuration><version>9</version></configuration></plugin></p>", ["org.apache.maven.plugins:maven-x-plugin"]),
    ("packages.config", "<packages/>", '<packages>\n  <package id="A" version="1.0" targetFramework="net48" />\n</packages>', ["A 1.0"]),
    ("db.sqlproj", "<Project/>", '<Project><PackageReference Include="A" Version="1"/></Project>', ["A 1"]),
    ("requirements/base.txt", "", "a==1\n", ["a ==1"]),
    ("build.gradle.kts", "\n", 'dependencies {\n    implementation("g:a:1.0")\n}\n', ["g:a 1.0"]),
    ("gradle/libs.versions.toml", "", '[versions]\nk = "1.2"\n[libraries]\na = {module = "g:a", version.ref = "k"}\nb = "g:b:2"\n', ["g:a 1.2", "g:b 2"]),
    ("Gemfile", "\n", 'gem "rails", "~> 7", git: "https://x/rails"\n', ["rails ~> 7 <https://x/rails>"]),
]  # fmt: skip


def described(one: Dependency) -> str:
    parts = (one.name, one.version, f"<{one.source}>" if one.source else "", f"({one.was})" if one.was else "")
    return " ".join(filter(None, parts))


@pytest.mark.parametrize(("path", "before", "after", "named"), CASES)
def test_dependencies_are_named_with_version_and_source(
    path: str, before: object, after: object, named: list[str]
) -> None:
    old, new = (text if isinstance(text, str) else json.dumps(text) for text in (before, after))
    found = new_dependencies([FileChange(path, old.encode(), new.encode())])
    assert [described(one) for one in found] == named
    assert {one.manifest for one in found} <= {path}
    assert new_dependencies([FileChange(path, new.encode(), new.encode())]) == ()


def test_the_change_has_its_dependencies(tmp_path: Path) -> None:
    planned = plan(tmp_path, [WriteWhole("requirements.txt", "a==1\n")], ChangeSettings())
    assert planned.change.new_dependencies == (Dependency("a", "requirements.txt", "==1"),)
