"""What build files say about a project: language level, test framework, strictness, module system, formatter.

The files are foreign text. A fact is left out rather than guessed: values that are computed, conditional or given twice.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from redimento.context.build_files import family, further_settings, manifests
from redimento.context.tree import Tree, texts

_Setting = tuple[str, str]  # where it stands, in dots, and its value; a section has the value ""

_LONGEST: Final = 100_000  # characters of a file that are read
_DEEPEST: Final = 3  # keys of JSON
_MOST: Final = 16  # facts
_VALUE: Final = re.compile(r"[\w.,;<>=!~^*|&+\-/ ()]{1,60}")  # no more than versions, names and switches
_COMMENT: Final = {
    "#": re.compile(r"^\s*[#;].*$", re.MULTILINE),
    "<": re.compile(r"<!--.{0,20000}?-->", re.DOTALL),
    "/": re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.{0,20000}?\*/', re.DOTALL),
}
_TRAILING_COMMA: Final = re.compile(r'("(?:[^"\\\n]|\\.)*")|,(?=\s{0,200}[}\]])')
_FIRST_PART: Final = re.compile(r"\.?[^.]*")
_WITHOUT_VALUE: Final = ("Tests", "Formatter", "Linter")  # sentences that say something without a version
_SECTION: Final = re.compile(r"\s*\[{1,2}\s*([^\[\]\n]{1,100}?)\s*\]{1,2}\s*")
_KEY: Final = re.compile(r"([\w.\-]{1,60})\s*[=:]\s*(.{1,200})")
_REQUIREMENT: Final = re.compile(r"""[\s"']*(pytest|nose2?|black|ruff|flake8)\s?([=<>~!]=?[^"'#\n;]{1,40})""")
_ELEMENT: Final = re.compile(r"<([\w.]{1,60})>([^<>\n]{1,80})</")
_GROUP: Final = re.compile(r"</?(PropertyGroup|ItemGroup|Choose|profiles)\b([^<>]{0,500})>")
_ALWAYS_CONDITIONAL: Final = frozenset({"Choose", "profiles"})
_PACKAGE: Final = re.compile(
    r'<Package(?:Reference|Version)\s+(?:Include|Update)="([\w.]{1,80})"(?:\s+Version="([^"\n]{1,40})")?'
)
_ARTIFACT: Final = re.compile(
    r"<artifactId>([\w.\-]{1,80})</artifactId>(?:\s{0,200}<version>([^<>\n]{1,40})</version>)?"
)
_REQUIRED: Final = re.compile(r"(?:require\s+)?([\w./\-]{1,120})\s+(v[\w.+\-]{1,60})")
_SET_IN_GRADLE: Final = re.compile(
    r"(sourceCompatibility|targetCompatibility|JavaLanguageVersion\.of|useJUnitPlatform|useTestNG|release)"
    r"(?:\s?=\s?|\.set\(|\()\s?[\"']?((?:JavaVersion\.)?\w{0,20})"
)
_SET_IN_SETUP: Final = re.compile(r"\b(python_requires)\s?=\s?[\"']([^\"'\n]{1,60})[\"']")

# What is said of a value, by where it stands. The first one that a family of files gives is taken for each sentence.
_FACTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "python": {
        "Python {}": ("project.requires-python", "options.python_requires", "setup.python_requires", "tool.poetry.dependencies.python"),
        "Tests: pytest {}": (
            "requirement.pytest", "tool.poetry.group.dev.dependencies.pytest", "tool.poetry.group.test.dependencies.pytest",
            "tool.poetry.dev-dependencies.pytest", "tool.pytest.ini_options", "tool:pytest", "pytest",
        ),
        "Formatter: black": ("tool.black",),
        "Formatter and linter: ruff": ("tool.ruff", "tool.ruff.lint", "file.ruff", "file..ruff"),
        "Imports: isort": ("tool.isort", "isort"),
        "Longest line: {}": ("tool.ruff.line-length", "line-length", "tool.black.line-length", "flake8.max-line-length"),
        "mypy strict: {}": ("tool.mypy.strict", "mypy.strict"),
    },
    "javascript": {
        "Modules, `type` in package.json: {}": ("type",),
        **{f"Tests: {name} {{}}": (f"devDependencies.{name}", f"dependencies.{name}") for name in ("jest", "vitest", "mocha", "jasmine", "ava")},
        "Node {}": ("engines.node",),
        "Formatter: prettier {}": ("devDependencies.prettier", "file..prettierrc"),
        "Linter: eslint {}": ("devDependencies.eslint", "file..eslintrc", "file.eslint"),
        "Formatter and linter: biome": ("file.biome",),
    },
    "csharp": {
        "Target framework: {}": ("TargetFramework", "TargetFrameworks"),
        "Language version: C# {}": ("LangVersion",),
        "Nullable reference types: {}": ("Nullable",),
        "Implicit usings: {}": ("ImplicitUsings",),
        "Warnings are errors: {}": ("TreatWarningsAsErrors",),
        "Tests: xUnit {}": ("package.xunit", "package.xunit.v3"),
        "Tests: NUnit {}": ("package.NUnit",),
        "Tests: MSTest {}": ("package.MSTest.TestFramework", "package.MSTest"),
    },
    "java": {
        "Java {}": ("maven.compiler.release", "java.version", "maven.compiler.source", "gradle.release", "gradle.JavaLanguageVersion.of", "gradle.sourceCompatibility"),
        "Tests: JUnit Jupiter {}": ("package.junit-jupiter", "package.junit-jupiter-api", "package.junit-jupiter-engine"),
        "Tests: junit:junit {}": ("package.junit",),
        "Tests: TestNG {}": ("package.testng", "gradle.useTestNG"),
        "Tests run on the JUnit Platform": ("gradle.useJUnitPlatform",),
    },
    "go": {
        "Go {}": ("go",),
        "Tests: testify {}": ("package.github.com/stretchr/testify",),
        "Linter: golangci-lint": ("file..golangci",),
    },
    "rust": {
        "Rust edition {}": ("package.edition",),
        "Rust {} or newer": ("package.rust-version",),
        "Formatter: rustfmt, configured": ("file.rustfmt", "file..rustfmt"),
    },
}  # fmt: skip
_FACTS["typescript"] = _FACTS["javascript"] | {
    "TypeScript {}": ("devDependencies.typescript", "dependencies.typescript"),
    "TypeScript strict: {}": ("compilerOptions.strict",),
    "TypeScript target: {}": ("compilerOptions.target",),
    "TypeScript module: {}": ("compilerOptions.module",),
}


def project_facts(tree: Tree, paths: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    """Return what the build files nearest above `sources` say, each fact with the file that says it.

    A value is at most 60 characters of versions, names and switches.
    """
    names = dict.fromkeys((*manifests(paths, sources), *further_settings(paths, sources)))
    said: defaultdict[str, dict[str, str]] = defaultdict(dict)  # where it stands → file → value
    for path, content in texts(tree, names):
        settings: defaultdict[str, set[str]] = defaultdict(set)
        for where, value in _settings(path.rpartition("/")[2], content[:_LONGEST]):
            settings[where].add(value)
        for where, values in settings.items():
            if len(values) == 1:  # otherwise it depends on a condition
                said[where][path] = values.pop()
    facts = (fact for one in dict.fromkeys(map(family, sources)) for fact in _facts(one, said))
    return tuple(dict.fromkeys(facts))[:_MOST]


def _facts(language: str, said: dict[str, dict[str, str]]) -> Iterator[str]:
    for sentence, places in _FACTS.get(language, {}).items():
        path, value = next(((path, value) for where in places for path, value in said.get(where, {}).items()), ("", ""))
        plain = value if _VALUE.fullmatch(value) else ""
        if path and (plain or sentence.startswith(_WITHOUT_VALUE) or "{}" not in sentence):
            yield f"{sentence.format(plain).rstrip()} ({path})"


def _settings(name: str, text: str) -> Iterator[_Setting]:
    yield f"file.{_FIRST_PART.match(name)[0]}", ""  # type: ignore[index]  # it matches every name
    reader = next((reader for ending, reader in _READERS if name.endswith(ending)), None)
    if reader:
        yield from ((where, value.strip().strip("\"'")) for where, value in reader(text))


def _from_sections(text: str) -> Iterator[_Setting]:
    """Read TOML and INI by line: sections, and keys with their values."""
    section = ""
    for row in _COMMENT["#"].sub("", text).splitlines():
        head = _SECTION.fullmatch(row)
        if head:
            section = head[1]
            yield section, ""
        elif found := _KEY.match(row):
            yield f"{section}.{found[1]}".lstrip("."), found[2].partition(" #")[0]
        if found := _REQUIREMENT.match(row):
            yield f"requirement.{found[1]}", found[2]


def _from_json(text: str) -> Iterator[_Setting]:
    plain = _TRAILING_COMMA.sub(r"\1", _COMMENT["/"].sub(r"\1", text))
    try:
        yield from _flat("", json.loads(plain), _DEEPEST)
    except (ValueError, RecursionError):
        return


def _flat(where: str, value: Any, depth: int) -> Iterator[_Setting]:
    if isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield from _flat(f"{where}.{key}".lstrip("."), inner, depth - 1)
    elif isinstance(value, str | int | bool):
        yield where, str(value).lower() if isinstance(value, bool) else str(value)


def _from_xml(text: str) -> Iterator[_Setting]:
    plain = "".join(_unconditional(_COMMENT["<"].sub("", text)))
    yield from _ELEMENT.findall(plain)
    yield from ((f"package.{name}", version) for name, version in (_PACKAGE.findall(plain) + _ARTIFACT.findall(plain)))


def _unconditional(text: str) -> Iterator[str]:
    """Yield what stands in no conditional group and no profile."""
    start, inside = 0, ""
    for tag in _GROUP.finditer(text):
        if not inside and (tag[1] in _ALWAYS_CONDITIONAL or "Condition" in tag[2]) and not tag[2].endswith("/"):
            yield text[start : tag.start()]
            inside = tag[1]
        elif inside and tag[0] == f"</{inside}>":
            start, inside = tag.end(), ""
    if not inside:
        yield text[start:]


def _from_go(text: str) -> Iterator[_Setting]:
    for row in _COMMENT["/"].sub(r"\1", text).splitlines():
        words = row.split()
        if len(words) == 2 and words[0] == "go":  # noqa: PLR2004 - `go 1.22`
            yield "go", words[1]
        elif found := _REQUIRED.fullmatch(row.strip()):
            yield f"package.{found[1]}", found[2]


def _from_gradle(text: str) -> Iterator[_Setting]:
    for name, value in _SET_IN_GRADLE.findall(_COMMENT["/"].sub(r"\1", text)):
        yield f"gradle.{name}", value.removeprefix("JavaVersion.").removeprefix("VERSION_").replace("_", ".")


def _from_setup(text: str) -> Iterator[_Setting]:
    yield from ((f"setup.{name}", value) for name, value in _SET_IN_SETUP.findall(_COMMENT["#"].sub("", text)))


_READERS: Final[tuple[tuple[str, Callable[[str], Iterator[_Setting]]], ...]] = (
    ("setup.py", _from_setup),
    ("go.mod", _from_go),
    (".gradle", _from_gradle),
    (".kts", _from_gradle),
    (".json", _from_json),
    (".xml", _from_xml),
    (".csproj", _from_xml),
    (".props", _from_xml),
    (".toml", _from_sections),
    (".cfg", _from_sections),
    (".ini", _from_sections),
    (".flake8", _from_sections),
    (".txt", _from_sections),
)
