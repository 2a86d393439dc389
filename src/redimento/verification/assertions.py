"""Distinguish failed assertions from other errors by what test runners print."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Collection, Iterator

from redimento.verification.evidence import Ending, TestResult
from redimento.verification.roles import is_test_path

# The text is foreign, so no pattern may take quadratic time: `\s*` at the start of a line took minutes on 100,000 empty
# lines, hence `[ \t]*`, and `.{1,400}` within a line.
_ASSERTION = re.compile(
    # Python: pytest's rewritten assert, unittest, pytest.fail and pytest.raises.
    r"\bAssertionError\b|^(?:E\s+)?assert\b|\bFailed: |DID NOT RAISE|DID NOT WARN"
    # JavaScript: jest, vitest, chai, node:assert.
    r"|\bexpect\(|\bJestAssertionError\b|ERR_ASSERTION|\bexpected .{1,400} to (?:be|deeply|equal|have|include|match|throw)\b"
    # Java, Kotlin: JUnit 4 and 5, TestNG, AssertJ, Hamcrest.
    r"|\bAssertionFailedError\b|\bComparisonFailure\b|\bMultipleFailuresError\b|\bAssertionError:|\bExpecting "
    # .NET: xUnit, NUnit, MSTest, FluentAssertions, and a team's own.
    r"|\bAssert\.\w+\(\)|\bAssert\.\w+ (?:Failure|failed)|\bXunit\.Sdk\.|\bAssert\w{0,30}Exception\b"
    r"|^[ \t]*Expected: |^[ \t]*Expected .+, but "
    # Go: t.Error and t.Fatal print a place in a test file; testify prints "Error Trace".
    r"|^[ \t]+\w+_test\.go:\d+: |Error Trace:"
    # Rust: assert!, assert_eq!.
    r"|assertion (?:`[^`]*` )?failed|assertion failed:",
    re.MULTILINE,
)
# The program lacks something the test needs, so the test never got as far as judging it.
_NOT_LOADED = (
    r"\b(?:SyntaxError|IndentationError)\b|collection failure|errors? during collection|COMPILATION ERROR"
    r"|\berror CS\d{4}\b|\berror TS\d+\b|\berror\[E\d{4}\]|\[build failed\]|fixture '[^'\n]*' not found"
)
_NEVER_LOADED = re.compile(_NOT_LOADED)
_NOT_RUN = re.compile(
    _NOT_LOADED
    + r"|\b(?:ImportError|ModuleNotFoundError|NameError|ReferenceError|NoClassDefFoundError|ClassNotFoundException"
    # When a Go test panics, its log lines look like its errors.
    r"|NoSuchMethodError|NoSuchFieldError)\b|Cannot find module|^panic: ",
    re.MULTILINE,
)
# What pytest writes when a fixture fails before or after the test.
_AROUND_THE_TEST = re.compile(r"failed on (?:setup|teardown) with")
# Only what compilers and build tools print themselves. Such a build runs no tests of what it could not build.
_NOT_BUILT = re.compile(
    r"COMPILATION ERROR|Compilation failed; see the compiler|\berror (?:CS|FS|BC|MSB)\d{4}\b|\berror\[E\d{4}\]"
    r"|\[(?:build|setup) failed\]"
)

# What pytest ends a failure with. A group may hold assertions.
_RAISED = re.compile(r"^[^\s:]{1,400}\.py:\d+: (\w+)$", re.MULTILINE)
_OTHER_ERRORS = frozenset(dir(builtins)) - {"AssertionError", "ExceptionGroup", "BaseExceptionGroup"}


def did_not_build(output: str) -> bool:
    """Return whether a command's output shows that part of the program could not be built."""
    return _NOT_BUILT.search(output) is not None


def is_assertion(message: str) -> bool:
    """Return whether a failure's text shows a failed assertion, and no error that kept the test from running.

    pytest ends with the type of the exception, whatever its text says. If a message has both (a test that asserts about an
    import error), the first line decides.
    """
    if (raised := _RAISED.findall(message)) and raised[-1] in _OTHER_ERRORS:
        return False
    first = message.lstrip().partition("\n")[0]
    if _ASSERTION.search(first):
        return True
    return _ASSERTION.search(message) is not None and _NOT_RUN.search(message) is None


# Places in stack traces: Python (`File "a.py", line 3`, pytest's `a.py:3: IndexError`), JavaScript `(a.js:3:5)`, Java
# `(Cart.java:3)`, .NET `in a.cs:line 3`, Go and Rust `a.go:3`.
_PLACE = re.compile(
    r"([^\s\"'()<>,;]{1,400}\.(?:py|[cm]?[jt]sx?|java|kt|cs|fs|vb|go|rs|rb|php))(?:\"?, line |:line |:)\d+"
)
_NOT_OURS = re.compile(
    r"(?:^|/)(?:node_modules|site-packages|internal|\.cargo|rustc|lib/python3\.\d+|go/src/(?:runtime|testing))/|^node:|^/usr/"
)


def raised_in(message: str, is_source: Callable[[str], bool]) -> bool:
    """Return whether a failure's text shows an exception raised inside a file for which `is_source` is true.

    Python's traces end where the exception was raised, all others begin there. A name that only the test misses is
    missed in the test's own file. A test that could not be loaded or set up was never run far enough to be judged.
    """
    if _NEVER_LOADED.search(message):
        return False
    places = [path for path in _PLACE.findall(message) if not _NOT_OURS.search(path)]
    if not places:
        return False
    return is_source(places[-1] if places[0].endswith(".py") else places[0])


def ending_on_old_source(test: TestResult, is_source: Callable[[str], bool]) -> Ending:
    """Return how a test ended on source that lacks the change: "failed" only for a reason that the source gave."""
    if not test.fails:
        return test.outcome
    asserted = is_assertion(test.message) and not _AROUND_THE_TEST.match(test.message)
    return "failed" if asserted or raised_in(test.message, is_source) else "error"


def existing_source(paths: Collection[str]) -> Callable[[str], bool]:
    """Return what tells whether a path in a trace is one of these files of the untouched tree, and no test."""
    source = [path for path in paths if not is_test_path(path)]
    names = set(_ends(source))
    return lambda path: any(end in names for end in _ends((path.replace("\\", "/"),)))


def _ends(paths: Collection[str]) -> Iterator[str]:
    """Yield the last two parts of each path: traces name files from other folders than ours, Java's by the name alone."""
    for path in paths:
        parts = path.split("/")
        yield "/".join(parts[-2:])
        if parts[-1].endswith((".java", ".kt")):
            yield parts[-1]
