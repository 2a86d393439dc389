"""Tell a failed assertion from every other trouble, by what test runners print."""

from __future__ import annotations

import re

# What these search is foreign: `[ \t]*`, as `\s*` at the start of a line takes minutes over 100,000 empty lines, and no
# unbounded `.*` in the middle of a line.
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
    # Go: t.Error and t.Fatal print the place in a test file; testify prints "Error Trace".
    r"|^[ \t]+\w+_test\.go:\d+: |Error Trace:"
    # Rust: assert!, assert_eq!.
    r"|assertion (?:`[^`]*` )?failed|assertion failed:",
    re.MULTILINE,
)
# The program is not there as the test expects it: it was never run far enough to be judged.
_NOT_RUN = re.compile(
    r"\b(?:ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|ReferenceError|NoClassDefFoundError"
    r"|ClassNotFoundException|NoSuchMethodError|NoSuchFieldError)\b|Cannot find module|collection failure"
    r"|errors? during collection|COMPILATION ERROR|\berror CS\d{4}\b|\berror TS\d+\b|\berror\[E\d{4}\]|\[build failed\]"
    # Go prints the log lines of a test that panics in the form of its errors.
    r"|fixture '[^'\n]*' not found|^panic: ",
    re.MULTILINE,
)
# Only what compilers and build tools print of their own: such a build stops before the tests of what it could not make.
_NOT_BUILT = re.compile(
    r"COMPILATION ERROR|Compilation failed; see the compiler|\berror (?:CS|FS|BC|MSB)\d{4}\b|\berror\[E\d{4}\]"
    r"|\[(?:build|setup) failed\]"
)


def did_not_build(output: str) -> bool:
    """Tell whether a command's output says that some of the program could not be built."""
    return _NOT_BUILT.search(output) is not None


def is_assertion(message: str) -> bool:
    """Tell whether a failure's text speaks of an assertion that did not hold, and of nothing that kept it from running.

    A message that names both (an import error that a test asserts against) counts by its first line.
    """
    first = message.lstrip().partition("\n")[0]
    if _ASSERTION.search(first):
        return True
    return _ASSERTION.search(message) is not None and _NOT_RUN.search(message) is None
