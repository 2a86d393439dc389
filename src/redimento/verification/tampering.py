"""Source that reaches for its judge: lines that end the process, touch a test framework, or name the checks' report.

The old judge runs the new source, so what the source does to the test process escapes it. A file that did so before the
change (a plugin of a test runner) may go on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from redimento.change.edit import FileChange
from redimento.change.guards.line_diff import changed_lines
from redimento.settings import CheckCommand
from redimento.text.encoding import NotTextError, text_of
from redimento.text.grammars import language_of
from redimento.text.wording import Sentence
from redimento.verification.evidence import Failure
from redimento.verification.syntax import docstrings, leaves, python_tree

if TYPE_CHECKING:
    from tree_sitter import Node

_LARGEST = 1_000_000  # bytes of a file that are looked at
_ENDS_AT_ONCE = re.compile(
    r"\b_exit\b|\bos\.abort\b|\bgetattr\s*\(\s*os\b|\bprocess\.exit\s*\(\s*0?\s*\)|\bprocess\.exitCode\s*=\s*0\b|\bos\.kill(?:pg)?\s*\(\s*os\.getp|\bos\.exec[lv]|\bprocess\.(?:reallyExit|abort)\b"
    r"|\bprocess\.kill\s*\(\s*process\.pid|getRuntime\(\)\.halt|\bEnvironment\.FailFast\b|\bsyscall\.(?:Exit|Kill)\b|\blibc\._?exit\b"
)
_EXITS = re.compile(r"(?:sys\.|os\.)?_?exit\b|quit\b|raise SystemExit|process\.exit|Deno\.exit")
# A name of the assertions, whose members a source file then exchanges.
_ASSERT_NAME = re.compile(
    r"(?:import\s+(?:\*\s+as\s+)?(\w+)\s+from\s+|(?:const|let|var)\s+(\w+)\s*=\s*require\s*\(\s*)[\"'](?:node:)?assert(?:/strict)?[\"']"
)
_FRAMEWORK = re.compile(
    r"\b(?:import|from)\s+(?:_?pytest|unittest|conftest)\b|\b(?:_?pytest|unittest)\.\w|\bPYTEST_\w+|\bjunitxml\b|\bdef\s+pytest_\w"
    r"|[\"'](?:_?pytest|unittest)[\"']|\bJEST_WORKER_ID\b|\bVITEST\w*|\bnode:test\b"
    r"|[\"'](?:mocha|chai|vitest|jest[\w-]*|@jest/[\w-]+|tape|ava)[\"'/]"
    r"|\b(?:assert|expect)(?:\.\w+)*\.\w+\s*=[^=>]|require\([\"'](?:node:)?assert[\"'/\w]*\)\.\w+\s*=[^=]"
    r"|\bglobal(?:This)?\.(?:expect|it|test|describe|assert)\b|\bimport_module\s*\(\s*[\"'][^\"']*[\"']\s*\+"
    r"|\bbuiltins\.\w*(?:Error|Exception|assert)|\bsys\.modules\[(?!__name__\])|\bsys\.(?:settrace|excepthook|_getframe)\b"
    r"|\bf_(?:globals|back|locals)\b|\binspect\.(?:stack|currentframe)\b|\.__code__\s*=|\bgc\.get_(?:objects|referrers)\b"
    r"|\borg\.junit\b|\bXunit\b|\bNUnit\b|\btesting\.(?:M|Main)\b"
)


def reaches_for_the_judge(files: Sequence[FileChange], commands: Sequence[CheckCommand]) -> tuple[Failure, ...]:
    """Return a failure for each source file whose added lines reach for the checks that judge it."""
    reports = {PurePosixPath(part).name for command in commands for part in command.junit.split(",") if part.strip()}
    names = {name for name in reports if not set(name) & set("*?[")}
    return tuple(failure for file in files if (failure := _judged(file, names)))


def _judged(file: FileChange, reports: set[str]) -> Failure | None:
    try:
        before, after = (
            text_of((content or b"")[:_LARGEST], file.path, file.encoding) for content in (file.before, file.after)
        )
    except NotTextError:
        return None
    leaving = set() if file.path.endswith("__main__.py") else _leaves_when_loaded(file.path, after)
    equal = _equal_to_everything(file.path, after)
    is_tool = _FRAMEWORK.search(before) is not None
    patched = [
        re.compile(rf"\b{name}(?:\.\w+)+\s*=[^=>]") for names in _ASSERT_NAME.findall(after) for name in names if name
    ]
    silent = _silent_lines(file.path, after)
    for added in changed_lines(before, after)[0]:
        text = silent.get(added.number, added.text)
        found = [*_findings(text, reports, is_tool=is_tool)]
        found += [("exchanges_an_assertion", match[0]) for pattern in patched if (match := pattern.search(text))]
        if added.number in equal:
            found.append(("equals_everything", added.text))
        if added.number in leaving:
            found.append(("ends_its_loader", added.text))
        for what, seen in found:
            if seen not in before:
                line = Sentence(f"line_{what}", path=file.path, number=added.number)
                remark = Sentence("reaches_for_its_judge", line=line, seen=seen)
                return Failure("", f"{file.path}:{added.number}", "", kind="judge", remark=remark)
    return None


def _silent_lines(path: str, text: str) -> dict[int, str]:
    """Return the lines that hold comments, or lie in a docstring, without them: words in them do nothing."""
    language = language_of(path)
    lines = text.split("\n")
    found: dict[int, str] = {}
    for node in leaves(text.encode(), language) if language else ():
        if "comment" in node.type:
            first, column = node.start_point
            found.update(dict.fromkeys(range(first + 1, node.end_point[0] + 2), ""))
            found[first + 1] = lines[first].encode()[:column].decode("utf-8", "replace")
    tree = python_tree(text) if language == "python" else None
    for _, doc in docstrings(tree) if tree else ():
        found.update(dict.fromkeys(range(doc.lineno, (doc.end_lineno or doc.lineno) + 1), ""))
    return found


def _equal_to_everything(path: str, text: str) -> set[int]:
    """Return the lines of a Python `__eq__` that is always true: whatever a test expects, it gets."""
    tree = python_tree(text) if language_of(path) == "python" else None
    return {
        number
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.FunctionDef) and node.name == "__eq__" and isinstance(last := node.body[-1], ast.Return)
        and isinstance(last.value, ast.Constant) and last.value.value is True and len(node.body) <= 2  # noqa: PLR2004  a docstring
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }  # fmt: skip


def _leaves_when_loaded(path: str, text: str) -> set[int]:
    """Return the lines that end the process outside of every function: whoever loads the file ends there."""
    language = language_of(path)
    if language == "python":
        return _python_exits(text)
    return _script_exits(text, language) if language in {"javascript", "typescript", "tsx"} else set()


def _python_exits(text: str) -> set[int]:
    tree = python_tree(text)
    pending: list[ast.AST] = [tree] if tree else []
    found = set()
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Call | ast.Raise) and _EXITS.match(ast.unparse(node)):
            found.add(node.lineno)
        pending.extend(ast.iter_child_nodes(node))
    return found


def _script_exits(text: str, language: str) -> set[int]:
    found = set()
    for node in leaves(text.encode(), language):
        above = node.parent if node.text in {b"exit", b"exitCode"} else None
        if above is None or not _EXITS.match((above.text or b"").decode()):
            continue
        while above is not None and not _runs_later(above):
            above = above.parent
        if above is None:
            found.add(node.start_point[0] + 1)
    return found


def _runs_later(node: Node) -> bool:
    is_main = node.type == "if_statement" and re.search(rb"require\.main|import\.meta", node.text or b"")
    return "function" in node.type or node.type == "method_definition" or bool(is_main)


def _findings(line: str, reports: set[str], *, is_tool: bool) -> Iterator[tuple[str, str]]:
    if match := _ENDS_AT_ONCE.search(line):
        yield "ends_the_process", match[0]
    if (match := _FRAMEWORK.search(line)) and not is_tool:
        yield "reaches_into_tests", match[0]
    if name := next((name for name in reports if name in line), ""):
        yield "names_a_report", name
