"""Run only some tests of a check, with known test runners.

Options are documented by pytest, jest, vitest, mocha, `node --test`, `go help test`, `dotnet test` and Maven Surefire. A
command line may enter a folder first (`cd api && …`). One that is more than that and a simple command (pipes, variables) is
not changed: the whole check runs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from redimento.sandbox.files import read_regular
from redimento.verification.evidence import TestResult

_LARGEST = 1_000_000  # bytes of a file that is looked at
_MOST_TESTS = 200  # command lines are limited, and so many failures are not flaky
_SHELL_SYNTAX = re.compile(r"[|&;<>()$`\\\n*?\[\]{}~!#]|^\s*\w+=")


class _Runner(NamedTuple):
    """How to recognise a runner, how to choose tests, and what makes it print what passing tests print."""

    recognises: Callable[[list[str]], bool]
    narrow: Callable[[list[str], Sequence[TestResult], Path], list[str] | None]
    talkative: tuple[str, ...] = ()


# What `init` and a project in a folder write before a command.
_ENTERS = re.compile(r"cd ([^\n&|;]+?) (?:&& |\|\| exit\n)(?:exec )?")

Command = str | tuple[str, ...]


def narrowed(command: str | Sequence[str], tests: Sequence[TestResult], tree: Path) -> Command | None:
    """Return a command that runs only `tests`, or None if the runner is unknown."""
    folder, argv = _place(command)
    return _in(folder, _chosen(argv, tests, tree / folder))


def asked(command: str | Sequence[str], names: Sequence[str], tree: Path) -> Command | None:
    """Return a command that runs the tests of these names and prints what they print, or None if the runner is unknown.

    A name is a path in `tree`, `path::test`, or the id of a report.
    """
    if any(name.startswith("-") or not name.isprintable() for name in names):  # an option, or no argument at all (NUL)
        return None
    folder, argv = _place(command)
    inner, runner = tree / folder, _runner(argv)
    if any(_is_file(tree / name.partition("::")[0]) and not (tree / name).is_relative_to(inner) for name in names):
        return None  # of another project
    chosen = _chosen(argv, [_as_test(name.removeprefix(f"{folder}/"), inner) for name in names], inner)
    return _in(folder, [*chosen, *runner.talkative] if chosen and runner else None)


def runs_alone(command: str | Sequence[str]) -> bool:
    """Return whether `narrowed` knows the runner of a command."""
    return _runner(_place(command)[1]) is not None


def _runner(argv: list[str]) -> _Runner | None:
    return next((runner for runner in _RUNNERS if argv and runner.recognises(argv)), None)


def _place(command: str | Sequence[str]) -> tuple[str, list[str]]:
    """Return the folder that a command enters ("" for none), and the words of what it runs there."""
    entered = _ENTERS.match(command) if isinstance(command, str) else None
    folder = plain_words(entered[1]) if entered else []
    if entered is None or len(folder) != 1:
        return "", plain_words(command)
    return folder[0], plain_words(command[entered.end() :])


def _in(folder: str, argv: Sequence[str] | None) -> Command | None:
    if not argv:
        return None
    return f"cd {shlex.quote(folder)} && {shlex.join(argv)}" if folder else tuple(argv)


def _chosen(argv: list[str], tests: Sequence[TestResult], tree: Path) -> list[str] | None:
    runner = _runner(argv)
    return runner.narrow(argv, tests, tree) if runner and 0 < len(tests) <= _MOST_TESTS else None


def _as_test(name: str, tree: Path) -> TestResult:
    path, _, rest = name.partition("::")
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or pure.suffix == ".py" or not _is_file(tree / path):
        return TestResult(name, "skipped")
    if pure.suffix in _CLASS_FILES:
        return TestResult("::".join(word for word in (pure.stem, rest.rpartition("::")[2]) if word), "skipped")
    return TestResult(rest, "skipped", file=path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long: models write such names
        return False


def file_of(test: TestResult, tree: Path) -> str:
    """Return the path in `tree` of the file that has the test, or "" if the report does not say."""
    # pytest reports only the module, unless junit_family is the old xunit1.
    return test.file or _python_file(test.id.partition("::")[0], tree)


def is_test_runner(line: str) -> bool:
    """Return whether a command line looks like that of a known test runner."""
    return _TEST_COMMAND.search(line) is not None


_TEST_COMMAND = re.compile(
    r"\b(?:pytest|unittest|nose2|tox|nox|jest|vitest|mocha|ava|ctest|phpunit|rspec|gotestsum|nextest)\b"
    r"|\b(?:npm|pnpm|yarn|go|cargo|dotnet|make|deno|bun|swift|flutter|mix)\b[^|;&]*\btest\b|\bnode\b.*--test\b"
    r"|(?:mvnw?|gradlew?)\b[^|;&]*\b(?:test|check|verify|build|install)\b"
)


def plain_words(command: str | Sequence[str]) -> list[str]:
    """Return the words of a command line that is one plain command; none for any other."""
    if not isinstance(command, str):
        return list(command)
    if _SHELL_SYNTAX.search(command):
        return []
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _named(*names: str) -> Callable[[list[str]], bool]:
    """Match one of the first words of a command: `pytest`, `python -m pytest`, `uv run pytest`, `npx jest`."""
    return lambda argv: any(Path(word).name in names for word in argv[:4])


def _started(program: str, task: str) -> Callable[[list[str]], bool]:
    return lambda argv: Path(argv[0]).name == program and task in argv[1:3]


def _pytest(argv: list[str], tests: Sequence[TestResult], tree: Path) -> list[str] | None:
    nodes = [_pytest_node(test, tree) for test in tests]
    if not all(nodes):
        return None
    start = next(number for number, word in enumerate(argv) if Path(word).name in {"pytest", "py.test"}) + 1
    # Paths in the original command would run as well, so the chosen tests replace them.
    options = [
        word
        for number, word in enumerate(argv[start:], start)
        if word.startswith("-") or argv[number - 1] in PYTEST_VALUES or not (tree / word.partition("::")[0]).exists()
    ]
    return [*argv[:start], *options, *dict.fromkeys(node for node in nodes if node)]


# Options of pytest whose value may be the name of something that exists.
PYTEST_VALUES = frozenset({
    "--rootdir", "-c", "--config-file", "--confcutdir", "--basetemp", "--ignore", "--deselect", "-p", "-k", "-m", "-W", "-o", "-n",
    "--cov", "--cov-config", "--junitxml", "--junit-xml", "--log-file", "--import-mode",
})  # fmt: skip


def _pytest_node(test: TestResult, tree: Path) -> str:
    group, separator, name = test.id.partition("::")
    if group.endswith(".py") and not group.startswith(("/", "../")) and _is_file(tree / group):
        return test.id
    if not separator:
        group, name = name or group, ""
    path = _python_file(group, tree)
    inner = group.split(".")[path.count("/") + 1 :]
    return "::".join(word for word in (path, *inner, name) if word) if path else ""


def _python_file(dotted: str, tree: Path) -> str:
    words = dotted.split(".")
    if not all(words):  # "..tmp.test_x" would be an absolute path
        return ""
    paths = ("/".join(words[:length]) + ".py" for length in range(len(words), 0, -1))
    return next((path for path in paths if _is_file(tree / path)), "")


def _jest(argv: list[str], tests: Sequence[TestResult], _tree: Path) -> list[str]:
    names = [_javascript_name(test) for test in tests if test.id]
    # A file without a test means all of its tests.
    chosen = ["-t", f"({'|'.join(names)})$"] if len(names) == len(tests) else []
    files = list(dict.fromkeys(test.file for test in tests)) if all(test.file for test in tests) else []
    start = next(number for number, word in enumerate(argv) if Path(word).name in {"jest", "vitest"}) + 1
    start += argv[start : start + 1] == ["run"]
    return [*argv[:start], *files, *argv[start:], *chosen]


def _mocha(argv: list[str], tests: Sequence[TestResult], _tree: Path) -> list[str]:
    names = [_javascript_name(test) for test in tests if test.id]
    files = list(dict.fromkeys(test.file for test in tests)) if all(test.file for test in tests) else []
    return [*argv, *files, *(("--grep", f"({'|'.join(names)})$") if len(names) == len(tests) else ())]


def _javascript_name(test: TestResult) -> str:
    # vitest joins nested names with " > " in reports, and with a space in filters.
    name = test.id.rpartition("::")[2] or test.id
    return re.sub(r"[^\w\s-]", ".", name.replace(" > ", " "))


def _node(argv: list[str], tests: Sequence[TestResult], tree: Path) -> list[str] | None:
    """Run whole files: which titles `--test-name-pattern` sees differs between Node 20 and 22."""
    files = [test.file or test.id.partition("::")[0] for test in tests]
    if not all(_is_file(tree / file) for file in files):
        return None
    start = argv.index("--test") + 1
    options = [
        word for number, word in enumerate(argv[start:], start) if word[:1] == "-" or argv[number - 1] in _NODE_VALUE
    ]
    return [*argv[:start], *options, *dict.fromkeys(files)]


_NODE_VALUE = frozenset({
    "--test-reporter", "--test-reporter-destination", "--import", "--require", "-r", "--loader", "--conditions", "-C",
    "--test-concurrency", "--test-timeout", "--env-file",
})  # fmt: skip


def _go(argv: list[str], tests: Sequence[TestResult], tree: Path) -> list[str] | None:
    names = dict.fromkeys(name for test in tests for name in _go_names(test, tree))
    if not names:
        return None
    return [*argv[:2], "-count=1", "-run", f"^({'|'.join(map(re.escape, names))})$", *argv[2:]]


def _gotestsum(argv: list[str], tests: Sequence[TestResult], tree: Path) -> list[str] | None:
    place = argv.index("--") + 1
    chosen = _go(["go", "test", *argv[place:]], tests, tree)
    return [*argv[:place], *chosen[2:]] if chosen else None


def _go_names(test: TestResult, tree: Path) -> list[str]:
    if test.id:
        return [test.id.rpartition("::")[2].partition("/")[0]]
    return _GO_TEST.findall((read_regular(tree / test.file, at_most=_LARGEST) or b"").decode("utf-8", "replace"))


_GO_TEST = re.compile(r"^func ((?:Test|Fuzz|Example)\w*)\(", re.MULTILINE)  # what `-run` chooses


def _dotnet(argv: list[str], tests: Sequence[TestResult], _tree: Path) -> list[str] | None:
    if "--filter" in argv:
        return None
    names = dict.fromkeys(_dotted(test).partition("(")[0] for test in tests)
    before, after = (argv[: argv.index("--")], argv[argv.index("--") :]) if "--" in argv else (argv, [])
    # A class without its namespace comes from the name of a file: it is looked for in the full name.
    chosen = (f"FullyQualifiedName{'=' if name.count('.') > 1 else '~'}{name}" for name in names)
    return [*before, "--filter", "|".join(chosen), *after]


def _dotted(test: TestResult) -> str:
    group, _, name = test.id.partition("::")
    return name if name.startswith(f"{group}.") else f"{group}.{name}"


def _maven(argv: list[str], tests: Sequence[TestResult], _tree: Path) -> list[str] | None:
    if any(word.startswith("-Dtest=") for word in argv):
        return None
    chosen = dict.fromkeys(_java_name(test, "#") for test in tests)
    return [
        *argv, f"-Dtest={','.join(chosen)}",
        "-DfailIfNoTests=false", "-DfailIfNoSpecifiedTests=false", "-Dsurefire.failIfNoSpecifiedTests=false",
    ]  # fmt: skip


def _gradle(argv: list[str], tests: Sequence[TestResult], _tree: Path) -> list[str] | None:
    if "test" not in argv:
        return None
    chosen = dict.fromkeys(_java_name(test, ".") for test in tests)
    # `--tests` applies to the task before it.
    place = argv.index("test") + 1
    return [*argv[:place], *(word for name in chosen for word in ("--tests", name)), *argv[place:]]


def _java_name(test: TestResult, joint: str) -> str:
    group, _, name = test.id.partition("::")
    # Parameters follow the method's name: `method(int)[1]`, `method{int}[1]`; or the name is only `[1] value`.
    method = re.match(r"\w+", name)
    return f"{group}{joint}{method[0]}" if method else group


_CLASS_FILES = frozenset({".java", ".kt", ".groovy", ".scala", ".cs", ".fs", ".vb"})

_RUNNERS = (
    _Runner(_named("pytest", "py.test"), _pytest, ("-rP",)),
    _Runner(_named("jest", "vitest"), _jest),
    _Runner(_named("mocha", "_mocha"), _mocha),
    _Runner(_started("node", "--test"), _node),
    _Runner(_started("go", "test"), _go, ("-v",)),
    _Runner(lambda argv: "--" in argv and any("gotestsum" in word for word in argv[:3]), _gotestsum, ("-v",)),
    _Runner(_started("dotnet", "test"), _dotnet),
    _Runner(_named("mvn", "mvnw"), _maven),
    _Runner(_named("gradle", "gradlew"), _gradle),
)
