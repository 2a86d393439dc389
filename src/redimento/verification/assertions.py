"""Distinguish failed assertions from other errors by what test runners print."""

from __future__ import annotations

import re
from collections.abc import Callable

# The text is foreign, so no pattern may take quadratic time: `\s*` at the start of a line took minutes on 100,000 empty
# lines, hence `[ \t]*`, and `.{1,400}` within a line.
_ASSERTION = re.compile(
    # Python: pytest's rewritten assert, unittest, pytest.fail and pytest.raises.
    r"\bAssertionError\b|^(?:E\s+)?assert\b|\bFailed: |DID NOT RAISE|DID NOT WARN"
    # JavaScript: jest, vitest, chai, node:assert.
    r"|\bexpect\(|\bJestAssertionError\b|ERR_ASSERTION|\bexpected .{1,400} to (?:be|deeply|equal|have|include|match|throw)\b"
    # Java, Kotlin: JUnit 4 and 5, TestNG, AssertJ, Hamcrest.
    r"|\bAssertionFailedError\b|\bComparisonFailure\b|\bMultipleFailuresError\b|\bAssertionError:|\bExpecting "
    # .NET: xUnit, NUnit, MSTest, FluentAssertions.
    r"|\bAssert\.\w+\(\)|\bAssert\.\w+ (?:Failure|failed)|\bXunit\.Sdk\.|\bNUnit\.Framework\.AssertionException\b"
    r"|^[ \t]*Expected: |^[ \t]*Expected .+, but "
    # Go: t.Error and t.Fatal print a place in a test file; testify prints "Error Trace".
    r"|^[ \t]+\w+_test\.go:\d+: |Error Trace:"
    # Rust: assert!, assert_eq!.
    r"|assertion (?:`[^`]*` )?failed|assertion failed:",
    re.MULTILINE,
)
# The program lacks something the test needs, so the test never got as far as judging it.
_NOT_RUN = re.compile(
    r"\b(?:ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|ReferenceError|NoClassDefFoundError"
    r"|ClassNotFoundException|NoSuchMethodError|NoSuchFieldError)\b|Cannot find module|collection failure"
    r"|errors? during collection|COMPILATION ERROR|\berror CS\d{4}\b|\berror TS\d+\b|\berror\[E\d{4}\]|\[build failed\]"
    # When a Go test panics, its log lines look like its errors.
    r"|fixture '[^'\n]*' not found|^panic: ",
    re.MULTILINE,
)
# Only what compilers and build tools print themselves. Such a build runs no tests of what it could not build.
_NOT_BUILT = re.compile(
    r"COMPILATION ERROR|Compilation failed; see the compiler|\berror (?:CS|FS|BC|MSB)\d{4}\b|\berror\[E\d{4}\]"
    r"|\[(?:build|setup) failed\]"
)


def did_not_build(output: str) -> bool:
    """Return whether a command's output shows that part of the program could not be built."""
    return _NOT_BUILT.search(output) is not None


def is_assertion(message: str) -> bool:
    """Return whether a failure's text shows a failed assertion, and no error that kept the test from running.

    If a message has both (a test that asserts about an import error), the first line decides.
    """
    first = message.lstrip().partition("\n")[0]
    if _ASSERTION.search(first):
        return True
    return _ASSERTION.search(message) is not None and _NOT_RUN.search(message) is None


# Places in stack traces: Python (`File "a.py", line 3`, pytest's `a.py:3: IndexError`), JavaScript `(a.js:3:5)`, Java
# `(Cart.java:3)`, .NET `in a.cs:line 3`, Go and Rust `a.go:3`.
_PLACE = re.compile(r"([^\s\"'()<>,;]+\.(?:py|[cm]?[jt]sx?|java|kt|cs|fs|vb|go|rs|rb|php))(?:\"?, line |:line |:)\d+")
_NOT_OURS = re.compile(r"(?:^|/)(?:node_modules|site-packages|internal|\.cargo|rustc)/|^node:|^/usr/")


def raised_in(message: str, is_source: Callable[[str], bool]) -> bool:
    """Return whether a failure's text shows an exception raised inside a file for which `is_source` is true.

    Python's traces end where the exception was raised, all others begin there. An import, name or fixture error does not
    count: such a test was never run far enough to be judged.
    """
    if _NOT_RUN.search(message):
        return False
    places = [path for path in _PLACE.findall(message) if not _NOT_OURS.search(path)]
    if not places:
        return False
    return is_source(places[-1] if places[0].endswith(".py") else places[0])
