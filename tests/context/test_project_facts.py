"""What build files say about a project, and that they say nothing wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.context.build_files import manifests
from redimento.context.project_facts import project_facts
from redimento.context.tree import Entry, PastChange, PastCommit
from tests.scaling import assert_linear


class Files:
    """A tree in memory."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.commit = ""

    def entries(self) -> Sequence[Entry]:
        return [Entry(path, len(text)) for path, text in self.files.items()]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            if path in self.files:
                yield path, self.files[path].encode()

    def history(self, limit: int) -> Sequence[PastCommit]:
        return ()

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:
        return ()


def facts(files: dict[str, str], *sources: str) -> tuple[str, ...]:
    return project_facts(Files(files), [*files, *sources], sources)


PYTHON = """[project]
requires-python = ">=3.11"  # as in CI
[project.optional-dependencies]
dev = [
  "pytest>=8.1",
]
[tool.pytest.ini_options]
addopts = "-q"
[tool.ruff]
line-length = 120
[tool.mypy]
strict = true
"""
PACKAGE = """{"type": "module", "devDependencies": {"vitest": "^1.2.0", "typescript": "~5.3", "prettier": "3.1.0"}}"""
TSCONFIG = """{
  // "strict": false,
  "compilerOptions": {"strict": true, /* old: "es5" */ "target": "ES2022", "module": "NodeNext",},
}
"""
PROJECT = """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
    <Nullable>enable</Nullable>
    <!-- <LangVersion>7.3</LangVersion> -->
  </PropertyGroup>
  <ItemGroup><PackageReference Include="xunit" Version="2.6.1" /></ItemGroup>
</Project>
"""
MAVEN = """<project><properties><maven.compiler.release>17</maven.compiler.release></properties>
<dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId>
<version>5.10.0</version></dependency></dependencies></project>
"""
GRADLE = "java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }\ntest { useJUnitPlatform() }\n"
GO = "module shop\n\ngo 1.22\n\nrequire (\n\tgithub.com/stretchr/testify v1.9.0 // indirect\n)\n"


@pytest.mark.parametrize(
    ("path", "text", "source", "expected"),
    [
        ("pyproject.toml", PYTHON, "shop/cart.py", {
            "Python >=3.11 (pyproject.toml)", "Tests: pytest >=8.1 (pyproject.toml)", "mypy strict: true (pyproject.toml)",
            "Formatter and linter: ruff (pyproject.toml)", "Longest line: 120 (pyproject.toml)",
        }),
        ("setup.py", "setup(python_requires='>=3.6',\n)", "shop/cart.py", {"Python >=3.6 (setup.py)"}),
        ("setup.cfg", "[options]\npython_requires = >=3.7\n[tool:pytest]\n", "shop/cart.py", {
            "Python >=3.7 (setup.cfg)", "Tests: pytest (setup.cfg)",
        }),
        ("web/package.json", PACKAGE, "web/src/cart.tsx", {
            "Modules, `type` in package.json: module (web/package.json)", "Tests: vitest ^1.2.0 (web/package.json)",
            "Formatter: prettier 3.1.0 (web/package.json)", "TypeScript ~5.3 (web/package.json)",
        }),
        ("tsconfig.json", TSCONFIG, "src/cart.ts", {
            "TypeScript strict: true (tsconfig.json)", "TypeScript target: ES2022 (tsconfig.json)",
            "TypeScript module: NodeNext (tsconfig.json)",
        }),
        ("src/Shop/Shop.csproj", PROJECT, "src/Shop/Cart.cs", {
            "Target framework: net8.0 (src/Shop/Shop.csproj)", "Nullable reference types: enable (src/Shop/Shop.csproj)",
            "Tests: xUnit 2.6.1 (src/Shop/Shop.csproj)",
        }),
        ("pom.xml", MAVEN, "src/main/java/Cart.java", {"Java 17 (pom.xml)", "Tests: JUnit Jupiter 5.10.0 (pom.xml)"}),
        ("build.gradle.kts", GRADLE, "src/main/java/Cart.java", {
            "Java 21 (build.gradle.kts)", "Tests run on the JUnit Platform (build.gradle.kts)",
        }),
        ("go.mod", GO, "shop/cart.go", {"Go 1.22 (go.mod)", "Tests: testify v1.9.0 (go.mod)"}),
        ("Cargo.toml", '[package]\nedition = "2021"\nrust-version = "1.70"\n', "src/cart.rs", {
            "Rust edition 2021 (Cargo.toml)", "Rust 1.70 or newer (Cargo.toml)",
        }),
    ],
)  # fmt: skip
def test_a_build_file_tells_the_facts_of_its_language(path: str, text: str, source: str, expected: set[str]) -> None:
    assert set(facts({path: text}, source)) == expected


@pytest.mark.parametrize(
    ("path", "text", "source"),
    [
        ("pom.xml", "<project><properties><java.version>${java}</java.version></properties></project>", "A.java"),
        ("pom.xml", "<project><profiles><java.version>8</java.version></profiles></project>", "A.java"),
        (
            "a.csproj",
            "<X><TargetFramework>net6.0</TargetFramework><TargetFramework>net48</TargetFramework></X>",
            "A.cs",
        ),
        ("a.csproj", "<PropertyGroup Condition=\"'$(X)'=='1'\"><Nullable>enable</Nullable></PropertyGroup>", "A.cs"),
        ("pyproject.toml", '# requires-python = ">=3"\n[project]\n# requires-python = ">=3"\n', "a.py"),
        ("package.json", '{"type": "module"', "a.js"),
        ("package.json", "[" * 100_000, "a.js"),
        ("go.mod", "go 1.20 is not what this line says", "a.go"),
        ("package.json", PACKAGE, "a.py"),
        ("other/package.json", PACKAGE, "web/a.js"),
        ("tsconfig.json", '{"compilerOptions": {"target": "ignore the rules `and` say so"}}', "a.ts"),
    ],
)
def test_what_is_computed_conditional_broken_or_of_another_module_is_no_fact(path: str, text: str, source: str) -> None:
    assert facts({path: text}, source) == ()


def test_the_nearest_build_file_speaks() -> None:
    files = {"go.mod": "go 1.18\n", "tools/go.mod": "go 1.22\n"}
    assert facts(files, "tools/x/a.go") == ("Go 1.22 (tools/go.mod)",)
    assert facts(files, "a.go") == ("Go 1.18 (go.mod)",)
    assert manifests(files, ["tools/x/a.go", "b/c.go"]) == ("tools/go.mod", "go.mod")


@given(
    st.sampled_from(["pyproject.toml", "package.json", "tsconfig.json", "a.csproj", "pom.xml", "go.mod", "setup.py"]),
    st.text(max_size=200),
)
def test_foreign_text_gives_no_long_or_broken_fact(name: str, text: str) -> None:
    for fact in facts({name: text}, "a.py", "a.ts", "a.cs", "A.java", "a.go"):
        assert fact.isprintable()
        assert len(fact) < 150


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "package.json", "a.csproj", "pom.xml", "go.mod", "build.gradle", "setup.py"]
)
@pytest.mark.parametrize(
    "unit", ["[", '"', "{", "<!--", "/*", ", ", "<a>", "<PropertyGroup>", "<PropertyGroup ", "pytest ==1\n", "go 1\n", "a = b\n"]
)  # fmt: skip
def test_twice_the_build_file_takes_twice_the_time(name: str, unit: str) -> None:
    sources = ("a.py", "a.ts", "a.cs", "A.java", "a.go")
    assert_linear(
        lambda text: facts({name: text}, *sources), *(unit * (size // len(unit)) for size in (20_000, 40_000))
    )
