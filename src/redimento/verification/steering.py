"""Files that steer how the checks run: which tests, with what settings, and what counts as passing.

The names are the documented ones of runners, linters and build tools. A name alone is not enough: a check's command line
names or implies others, and a new file can take the place of something that it names.
"""

from __future__ import annotations

import configparser
import json
import re
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from pathspec import GitIgnoreSpec

from redimento.change.edit import FileChange
from redimento.change.guards.steering import ANALYSERS
from redimento.settings import CheckCommand
from redimento.verification.syntax import lossy

# Patterns as in .gitignore, in any folder.
_PYTHON = """
pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini tox.toml conftest.py noxfile.py .coveragerc .testr.conf
.stestr.conf nose.cfg .noserc unittest.cfg nose2.cfg sitecustomize.py usercustomize.py *.pth *.dist-info/ *.egg-info/ .pythonrc* runtests.py
"""
_NODE = """
jest.config.* jest.*.config.* jest.setup.* jest.preset.* jest-*.config.* vitest.config.* vitest.workspace.*
vitest.*.config.* vitest.setup.* vite.config.* .mocharc* mocha.opts karma.conf.* karma.config.* playwright.config.*
playwright-ct.config.* cypress.config.* cypress.json ava.config.* .taprc .nycrc* .c8rc* wdio.conf.*
nightwatch.conf.* protractor.conf.* testcafe* .testcaferc* jasmine.json web-test-runner.config.* babel.config.*
.babelrc* .swcrc tsconfig*.json jsconfig*.json bunfig.toml node.config.json .node-version .nvmrc node_modules/
"""
_PHP = """
phpunit*.xml phpunit*.dist phpunit*.yml phpstan*.neon* phpstan*.php psalm*.xml pest.xml .php-cs-fixer* phpcs*.xml*
.phpcs* behat.yml* codeception.yml
"""
_DOTNET = """
*.runsettings *.testsettings testconfig.json *.testconfig.json xunit.runner.json Directory.Build.*
Directory.Solution.* *.rsp global.json .globalconfig *.ruleset stylecop.json .editorconfig
"""
_OTHERS = """
.bazelrc .bazelversion .bazelignore BUILD.bazel .buckconfig .rspec .rspec-local .simplecov minitest.yml cucumber.yml
cucumber.js cucumber.json .rubocop*.yml .jvmopts .mvn/ maven.config jvm.config lerna.json nx.json turbo.json
project.json
"""
_STEERING = tuple(f"{_PYTHON} {_NODE} {_PHP} {_DOTNET} {_OTHERS} {ANALYSERS}".split())
# Build tools read these without being told: they steer a check that starts the tool.
_READ_BY = {
    "make gmake remake": "Makefile makefile GNUmakefile *.mk",
    "task": "Taskfile.* taskfile.*",
    "just": "justfile .justfile Justfile",
    "rake bundle rails": "Rakefile rakefile Rakefile.rb *.rake",
    "invoke inv": "tasks.py tasks/ invoke.*",
    "doit": "dodo.py",
    "scons": "SConstruct SConscript",
    "ctest cmake": "CTestConfig.cmake CTestCustom.* CMakePresets.json CMakeUserPresets.json",
    "mage": "magefile.go magefiles/",
    "grunt": "Gruntfile.*",
    "gulp": "gulpfile.* gulpfile.*/",
    "earthly": "Earthfile",
    "ant": "build.xml",
    "nox": "noxfile.py",
    "hatch": "hatch.toml hatch_build.py",
    "jake": "Jakefile*",
    "python python3 pytest": "manage.py runtests.py run_tests.py",
}
_IMPLIED = {tool: patterns.split() for tools, patterns in _READ_BY.items() for tool in tools.split()}
_INTERPRETERS = re.compile(
    r"(?:python|pypy)[\d.]*|node|nodejs|deno|bun|tsx|ts-node|bash|sh|dash|zsh|ruby|perl|php|pwsh|Rscript|lua|env|xargs|exec|time"
)
_SCRIPT_SUFFIXES = frozenset({
    ".sh", ".bash", ".mk", ".cfg", ".ini", ".toml", ".conf", ".yml", ".yaml", ".xml", ".json", ".ps1", ".cake", ".props", ".targets", ".cmake",
})  # fmt: skip
# Modules that a runner imports by name: a file of that name at the head of the module path is run in their place.
_RUNNER_MODULES = frozenset({
    "pytest", "_pytest", "py", "pluggy", "iniconfig", "xdist", "coverage", "nose", "nose2", "tox", "nox", "hypothesis", "mypy", "ruff",
    "flake8", "pylint", "black", "pkg_resources", "setuptools", "pip", "twisted", "django", "behave", "robot", "green", "ward",
})  # fmt: skip
_MODULE_ROOTS = frozenset({"", "src", "lib", "python", "app"})
_PYTHONPATH = re.compile(r"PYTHONPATH=(\S+)")
_JOINTS = re.compile(r"[;|&\n(){}`]+")
_WORDS = re.compile(r"[\s<>\"'$=]+")
# What only looks at the files it names. `cat` is none of them: it hands a list of tests to somebody.
_READERS = frozenset({
    "test", "[", "[[", "grep", "egrep", "fgrep", "sed", "awk", "wc", "ls", "diff", "cmp", "head", "tail", "cut", "sort", "uniq", "tr", "find",
    "stat", "file", "echo", "printf", "true", "false", "cd", "mkdir", "touch", "rm",
})  # fmt: skip
_SCRIPTS = (".sh", ".bash", ".mk", ".ps1", ".py", ".js", ".mjs", ".cjs", ".rb", ".pl")
_SCRIPT_NAMES = frozenset(
    {"Makefile", "makefile", "GNUmakefile", "justfile", "Taskfile.yml", "package.json", "tox.ini", "noxfile.py"}
)
_NODE_TOOLS = frozenset({"npm", "npx", "pnpm", "yarn", "bun"})
_MOST_SCRIPTS = 50

# Of a manifest or a build file only a part steers the checks: scripts, a section for tests.
_PACKAGE_KEYS = (
    "scripts", "jest", "mocha", "ava", "tap", "nyc", "c8", "vitest", "babel", "imports", "type", "workspaces", "config", "eslintConfig", "eslintIgnore",
    "prettier", "stylelint", "xo", "wireit", "nx", "lint-staged", "husky", "browserslist", "packageManager", "engines", "overrides", "resolutions",
)  # fmt: skip
# Of `tool` in pyproject.toml: what builds or packages the project is no judge of it.
_BUILD_TOOLS = frozenset({
    "poetry", "setuptools", "setuptools_scm", "flit", "hatch", "pdm", "uv", "scikit-build", "maturin", "cibuildwheel", "towncrier",
    "commitizen", "semantic_release", "bumpversion", "bumpver",
})  # fmt: skip
_JUDGING_PARTS = (("hatch", "envs"), ("pdm", "scripts"), ("poetry", "scripts"), ("uv", "sources"))
_SECTIONS = re.compile(
    r"tool:pytest|pytest|aliases|test|nosetests|flake8.*|mypy.*|pylint.*|pycodestyle|pydocstyle|coverage.*|tox.*|testenv.*|isort|ptr|unittest|options\.entry_points|bdist_wheel"
)
_BUILD_FILES = re.compile(
    r"pom\.xml|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|gradle\.properties|.*\.(?:cs|fs|vb)proj|.*\.(?:props|targets|sln)|Cargo\.toml|CMakeLists\.txt"
    r"|BUILD(?:\.bazel)?|build\.sbt|project\.clj|mix\.exs|build\.zig|Package\.swift|meson\.build|composer\.json|setup\.py|Gemfile|deno\.jsonc?"
)
_ABOUT_TESTS = re.compile(
    r"\btests?\b|[a-z]Tests?\b|\btest[A-Z]\w+|surefire|failsafe|\bskip|ignore|exclude|filter|harness|jacoco|checkstyle|spotbugs|VSTest|<Compile|\bscripts\b|cmdclass|"
    r"ErrorsAsWarnings|NoWarn|TreatWarnings|autotest|autobins|required-features|enable_testing|ctest",
    re.IGNORECASE,
)  # fmt: skip


@lru_cache(maxsize=8)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)


Read = Callable[[str], str]  # the text of a file of the untouched tree, "" when there is none


def command_lines(commands: Sequence[CheckCommand], existing: Collection[str], read: Read) -> tuple[str, ...]:
    """Return the command lines of the checks, and the texts of the scripts and build files that they start in turn."""
    lines = [command.line for command in commands]
    scripts = {path: name for path in existing if (name := _name(path)) in _SCRIPT_NAMES or path.endswith(_SCRIPTS)}
    most = len(lines) + _MOST_SCRIPTS
    for line in lines:  # grows
        tools = _tools([line])
        implied = {*_implied(tools), *(["package.json"] if tools & _NODE_TOOLS else [])}
        started = [path for path, name in scripts.items() if name in implied or _is_started(path, line)]
        for path in started[: most - len(lines)]:
            del scripts[path]
            lines.append(read(path))
    return tuple(lines)


def is_settings(file: FileChange, lines: Sequence[str]) -> bool:
    """Return whether `file` holds settings that runners, linters or the build tools of `lines` look for."""
    if _spec((*_STEERING, *_implied(_tools(lines)))).match_file(file.path):
        return True
    return _parts_differ(file)


def is_named(file: FileChange, lines: Sequence[str], module_paths: Collection[str], existing: Collection[str]) -> bool:
    """Return whether a command line runs `file`, or would run it in place of something that it names.

    `module_paths`: folders of the checks' own PYTHONPATH; `existing`: the paths of the untouched tree.
    """
    if any(_is_started(file.path, line) for line in lines):
        return True
    return file.before is None and _stands_in_for(file.path, _tools(lines), module_paths, existing)


def _tools(lines: Iterable[str]) -> set[str]:
    """Return the words of command lines without their folders: programs and what they are given."""
    return {PurePosixPath(word).name for line in lines for words in _simple_commands(line) for word in words}


def _implied(tools: Collection[str]) -> list[str]:
    return [pattern for tool in sorted(_IMPLIED.keys() & tools) for pattern in _IMPLIED[tool]]


@lru_cache(maxsize=256)
def _simple_commands(line: str) -> tuple[tuple[str, ...], ...]:
    parts = (_WORDS.split(part) for part in _JOINTS.split(line))
    found = (tuple(word.removeprefix("./") for word in part if word not in {"", "!", "@", "-"}) for part in parts)
    return tuple(words for words in found if words)


def _is_started(path: str, line: str) -> bool:
    """Return whether a command line runs `path`, or hands it to a tool as its configuration."""
    return _name(path) in line and any(
        _runs(words, path) for words in _simple_commands(line) if PurePosixPath(words[0]).name not in _READERS
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _runs(words: Sequence[str], path: str) -> bool:
    for number, word in enumerate(words):
        if word != path and not path.endswith(f"/{word}"):
            continue
        before = PurePosixPath(words[number - 1]).name if number else ""
        is_program = not before or before in {"run", "source", "."} or _INTERPRETERS.fullmatch(before) is not None
        if is_program or before.startswith("-") or PurePosixPath(word).suffix in _SCRIPT_SUFFIXES:
            return True
    return False


def _stands_in_for(path: str, tools: Collection[str], module_paths: Collection[str], existing: Collection[str]) -> bool:
    """Return whether a new file takes the place of something that a check names: a module, a make target, a tool."""
    pure = PurePosixPath(path)
    top = pure.parts[0]
    if path == top and (
        path in tools or (pure.stem in tools and pure.suffix in {".py", ".sh", ".js", ".cjs", ".mjs", ""})
    ):
        return True
    # With `make test`, a folder of that name is a target that is up to date.
    is_new_folder = path != top and not any(known.startswith(f"{top}/") for known in existing)
    if is_new_folder and top in tools and not {"make", "gmake"}.isdisjoint(tools):
        return True
    roots = {root for root in _MODULE_ROOTS if f"{root}/__init__.py" not in existing}
    return any(_shadows(pure, root) for root in {*roots, *module_paths})


def module_paths(commands: Sequence[CheckCommand]) -> set[str]:
    """Return the folders that the checks put at the head of Python's module path."""
    texts = [command.line for command in commands]
    values = [command.env.get("PYTHONPATH", "") for command in commands] + [
        value for text in texts for value in _PYTHONPATH.findall(text)
    ]
    return {
        str(PurePosixPath(part)).removeprefix("./")
        for value in values
        for part in value.split(":")
        if part and part != "."
    }


def _shadows(path: PurePosixPath, root: str) -> bool:
    inside = path.relative_to(root) if path.is_relative_to(root) else PurePosixPath()
    if not inside.parts or path.suffix not in {".py", ".so", ".pyd", ".pyc"}:
        return False
    name = inside.parts[0].removesuffix(path.suffix)
    return name in _RUNNER_MODULES or name in sys.stdlib_module_names or name.startswith("pytest_")


def _parts_differ(file: FileChange) -> bool:
    """Return whether a file has a steering part that is another now. What cannot be read counts whole."""
    name = PurePosixPath(file.path).name
    read = _PARTS.get(name) or (_lines_about_tests if _BUILD_FILES.fullmatch(name) else None)
    try:
        return read is not None and read(lossy(file.before)) != read(lossy(file.after))
    except (ValueError, RecursionError, configparser.Error):
        return file.before != file.after


def _package(text: str) -> Mapping[str, Any]:
    values = json.loads(text or "{}")
    return {key: values[key] for key in _PACKAGE_KEYS if key in values} if isinstance(values, dict) else {"": values}


def _pyproject(text: str) -> Mapping[str, Any]:
    values = tomllib.loads(text)
    tools = values.get("tool", {})
    judging = {name: part for name, part in tools.items() if name not in _BUILD_TOOLS}
    nested = {f"{tool}.{part}": tools.get(tool, {}).get(part) for tool, part in _JUDGING_PARTS}
    plugins = {
        name: part
        for name, part in values.get("project", {}).get("entry-points", {}).items()
        if name.startswith(("pytest", "nose"))
    }
    return {"tool": judging, "nested": nested, "plugins": plugins}


def _setup_cfg(text: str) -> Mapping[str, Any]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections() if _SECTIONS.fullmatch(name)}


def _lines_about_tests(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if _ABOUT_TESTS.search(line)]


_PARTS: dict[str, Callable[[str], Any]] = {
    "package.json": _package, "pyproject.toml": _pyproject, "setup.cfg": _setup_cfg
}  # fmt: skip
