"""Files that steer how the checks run: which tests, with what settings, and what counts as passing.

The names are the documented ones of runners, linters and build tools. A name alone is not enough: a check's command line
names or implies others, and a new file can take the place of something that it names.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec

from redimento.change.edit import FileChange
from redimento.change.guards.steering import ANALYSERS
from redimento.settings import CheckCommand
from redimento.verification import steering_parts

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
_IMPLIED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("make", "gmake", "remake"), ("Makefile", "makefile", "GNUmakefile", "*.mk")),
    "task": ("Taskfile.*", "taskfile.*"),
    "just": ("justfile", ".justfile", "Justfile"),
    **dict.fromkeys(("rake", "bundle", "rails"), ("Rakefile", "rakefile", "Rakefile.rb", "*.rake")),
    **dict.fromkeys(("invoke", "inv"), ("tasks.py", "tasks/", "invoke.*")),
    **dict.fromkeys(("doit",), ("dodo.py",)),
    **dict.fromkeys(("scons",), ("SConstruct", "SConscript")),
    **dict.fromkeys(
        ("ctest", "cmake"), ("CTestConfig.cmake", "CTestCustom.*", "CMakePresets.json", "CMakeUserPresets.json")
    ),
    **dict.fromkeys(("mage",), ("magefile.go", "magefiles/")),
    **dict.fromkeys(("grunt",), ("Gruntfile.*",)),
    **dict.fromkeys(("gulp",), ("gulpfile.*", "gulpfile.*/")),
    **dict.fromkeys(("earthly",), ("Earthfile",)),
    **dict.fromkeys(("ant",), ("build.xml",)),
    **dict.fromkeys(("nox",), ("noxfile.py",)),
    **dict.fromkeys(("hatch",), ("hatch.toml", "hatch_build.py")),
    **dict.fromkeys(("jake",), ("Jakefile*",)),
    **dict.fromkeys(("python", "python3", "pytest"), ("manage.py", "runtests.py", "run_tests.py")),
}
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
_READER_NAMES = """
test [ [[ grep egrep fgrep sed awk wc ls diff cmp head tail cut sort uniq tr find stat file echo printf true false cd
mkdir touch rm
"""
_SCRIPTS = frozenset({".sh", ".bash", ".mk", ".ps1", ".py", ".js", ".mjs", ".cjs", ".rb", ".pl"})
_SCRIPT_NAMES = frozenset(
    {"Makefile", "makefile", "GNUmakefile", "justfile", "Taskfile.yml", "package.json", "tox.ini", "noxfile.py"}
)
_NODE_TOOLS = frozenset({"npm", "npx", "pnpm", "yarn", "bun"})
_MOST_SCRIPTS = 50
_READERS = frozenset(_READER_NAMES.split())


@lru_cache(maxsize=8)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)


Read = Callable[[str], str]  # the text of a file of the untouched tree, "" when there is none


def command_lines(commands: Sequence[CheckCommand], existing: Collection[str], read: Read) -> tuple[str, ...]:
    """Return the command lines of the checks, and the texts of the scripts and build files that they start in turn."""
    lines = [_line(command) for command in commands]
    seen: set[str] = set()
    scripts = [
        path for path in existing if PurePosixPath(path).suffix in _SCRIPTS or PurePosixPath(path).name in _SCRIPT_NAMES
    ]
    for line in lines:  # grows
        words = _words_of(line)
        tools = {PurePosixPath(word).name for word in words}
        implied = {name for tool in tools for name in _IMPLIED.get(tool, ())} | (
            {"package.json"} if tools & _NODE_TOOLS else set()
        )
        for path in scripts:
            if (
                path not in seen
                and len(seen) < _MOST_SCRIPTS
                and (PurePosixPath(path).name in implied or _is_started(path, line))
            ):
                seen.add(path)
                lines.append(read(path))
    return tuple(lines)


def is_settings(file: FileChange, lines: Sequence[str]) -> bool:
    """Return whether `file` holds settings that runners, linters or the build tools of `lines` look for."""
    tools = {PurePosixPath(word).name for line in lines for word in _words_of(line)}
    implied = tuple(pattern for tool in sorted(tools & _IMPLIED.keys()) for pattern in _IMPLIED[tool])
    if _spec((*_STEERING, *implied)).match_file(file.path):
        return True
    return steering_parts.applies_to(file.path) and steering_parts.differ(file.path, file.before, file.after)


def is_named(file: FileChange, lines: Sequence[str], module_paths: Collection[str], existing: Collection[str]) -> bool:
    """Return whether a command line runs `file`, or would run it in place of something that it names.

    `module_paths`: folders of the checks' own PYTHONPATH; `existing`: the paths of the untouched tree.
    """
    if any(_is_started(file.path, line) for line in lines):
        return True
    words = {word for line in lines for word in _words_of(line)}
    return file.before is None and _stands_in_for(file.path, words, module_paths, existing)


def _line(command: CheckCommand) -> str:
    return command.run if isinstance(command.run, str) else shlex.join(command.run)


@lru_cache(maxsize=256)
def _words_of(line: str) -> frozenset[str]:
    return frozenset(word for part in _simple_commands(line) for word in part)


@lru_cache(maxsize=256)
def _simple_commands(line: str) -> tuple[tuple[str, ...], ...]:
    parts = (_WORDS.split(part) for part in _JOINTS.split(line))
    found = (tuple(word.removeprefix("./") for word in part if word not in {"", "!", "@", "-"}) for part in parts)
    return tuple(words for words in found if words)


def _is_started(path: str, line: str) -> bool:
    """Return whether a command line runs `path`, or hands it to a tool as its configuration."""
    name = PurePosixPath(path).name
    return name in line and any(
        _runs(words, path) for words in _simple_commands(line) if PurePosixPath(words[0]).name not in _READERS
    )


def _runs(words: Sequence[str], path: str) -> bool:
    for number, word in enumerate(words):
        if word != path and not path.endswith(f"/{word}"):
            continue
        before = PurePosixPath(words[number - 1]).name if number else ""
        is_program = not before or before in {"run", "source", "."} or _INTERPRETERS.fullmatch(before) is not None
        if is_program or before.startswith("-") or PurePosixPath(word).suffix in _SCRIPT_SUFFIXES:
            return True
    return False


def _stands_in_for(path: str, words: Collection[str], module_paths: Collection[str], existing: Collection[str]) -> bool:
    """Return whether a new file takes the place of something that a check names: a module, a make target, a tool."""
    pure = PurePosixPath(path)
    top = pure.parts[0]
    is_new_folder = len(pure.parts) > 1 and not any(known.startswith(f"{top}/") for known in existing)
    tools = {PurePosixPath(word).name for word in words}
    if len(pure.parts) == 1 and (
        pure.name in tools or (pure.stem in tools and pure.suffix in {".py", ".sh", ".js", ".cjs", ".mjs", ""})
    ):
        return True
    # With `make test`, a folder of that name is a target that is up to date.
    if is_new_folder and top in tools and tools & {"make", "gmake"}:
        return True
    return any(
        _shadows(pure, root)
        for root in {*(root for root in _MODULE_ROOTS if f"{root}/__init__.py" not in existing), *module_paths}
    )


def module_paths(commands: Sequence[CheckCommand]) -> set[str]:
    """Return the folders that the checks put at the head of Python's module path."""
    texts = [_line(command) for command in commands]
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
    inside = path.relative_to(root) if root and path.is_relative_to(root) else path if not root else None
    if inside is None or not inside.parts:
        return False
    name = inside.parts[0] if len(inside.parts) > 1 else inside.stem
    if path.suffix not in {".py", ".so", ".pyd", ".pyc"}:
        return False
    return name in _RUNNER_MODULES or name in sys.stdlib_module_names or name.startswith("pytest_")
