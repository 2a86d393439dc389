"""Checks of .NET solutions and projects, with central package management and both test platforms; reports are TRX."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from redimento.adoption.detection.project import Project, Proposal, table
from redimento.settings import CheckCommand

MANIFEST: Final = r"[^/]+\.(?:slnx?|[cf]sproj|vbproj)"
_SECONDS: Final = 1_800
_MOST: Final = 8  # solutions
_TEST_SDK: Final = re.compile(
    r"Microsoft\.NET\.Test\.Sdk|MSTest\.Sdk|\"(?:MSTest|xunit(?:\.v3)?|NUnit|TUnit)\"|<IsTestProject>\s*true",
    re.IGNORECASE,
)
_NO_UNIT_TEST: Final = re.compile(
    r"<IsTestProject>\s*false|(?:Performance|Fuzz)\w*\.\w+proj$|Benchmarks?\.\w+proj$|Manual", re.IGNORECASE
)
_TEST_NAME: Final = re.compile(r"(?:Tests?|[./](?:Unit|Integration|Functional)?[Tt]ests?|Specs?)\.[cfv]\w+$")
_ASIDE: Final = re.compile(
    r"(?:^|/)(?:samples?|examples?|templates?|playground|bench\w*|perf\w*|docs?|assets|deps|[^/]*(?:e2e|endtoend)[^/]*)/",
    re.IGNORECASE,
)
_FRAMEWORKS: Final = re.compile(r"<\w{0,60}Frameworks?(?:\s[^>]{0,300})?>([^<]{1,300})<")
_OLD: Final = re.compile(r"\bnet(?:4\d+|\d+\.\d-windows)")
_NEW: Final = re.compile(r"\bnet(?:coreapp)?(\d+)\.\d\b(?!-)")
_PROPS: Final = r"(?:.*/)?Directory\.(?:Build|Packages)\.(?:props|targets)"
_TRX: Final = ("--results-directory", "TestResults")
_REPORT: Final = "TestResults/*.trx"


def dotnet(project: Project) -> Proposal | None:
    projects = [path for path in project.matching(r".*\.(?:[cf]s|vb)proj") if not _ASIDE.search(path)][:300]
    shared = project.texts(project.matching(_PROPS))
    tests = [path for path in projects if _is_test(path, project.read(path))]
    solutions = _solutions(project, tests) if projects else []
    if not solutions and len(tests or projects) != 1:
        return None
    targets = solutions or (tests or projects)
    commands = {
        target: [*_checks(project, target, tests, shared, alone=len(targets) == 1)] for target in targets[:_MOST]
    }
    setup = tuple(f"dotnet restore {shlex.quote(target)}" for target, found in commands.items() if found)
    return Proposal(setup, tuple(command for found in commands.values() for command in found))


def _checks(project: Project, target: str, tests: Sequence[str], shared: str, *, alone: bool) -> Iterator[CheckCommand]:
    said = project.read(target)
    mine = [path for path in tests if path == target or path.rpartition("/")[2] in said] or ([*tests] if alone else [])
    mark = "" if alone else f" {target.rpartition('/')[2].rpartition('.')[0]}"
    above = target.rpartition("/")[0]
    # Projects outside of the solution's folder belong to it as well.
    paths = (f"{above}/",) if not alone and above and '"..' not in said else ()
    if not mine:
        if "/" not in target or project.ran("dotnet (?:build|test)"):
            yield CheckCommand(
                f"dotnet build{mark}", ("dotnet", "build", target, "--no-restore"), _SECONDS, paths=paths
            )
        return
    texts = {path: project.read(path) for path in mine}
    for path in [path for path in mine if _is_program(texts[path], shared)]:  # `dotnet test` passes and runs nothing
        name = path.rpartition("/")[2].rpartition(".")[0]
        yield CheckCommand(
            f"dotnet run {name}", ("dotnet", "run", "--no-restore", "--project", path), _SECONDS, paths=paths
        )
        del texts[path]
    if not texts:
        return
    if str(table(project.json("global.json"), "test").get("runner", "")).endswith("Testing.Platform"):
        kind = "--solution" if ".sln" in target else "--project"
        reports = any(word in shared + "".join(texts.values()) for word in ("TrxReport", "MSTest.Sdk", "TUnit"))
        run: tuple[str, ...] = (
            "dotnet",
            "test",
            kind,
            target,
            "--no-restore",
            *(("--report-trx", *_TRX) if reports else ()),
        )
        yield CheckCommand(f"dotnet test{mark}", run, _SECONDS, junit=_REPORT if reports else "", paths=paths)
        return
    frameworks = {path: _frameworks(text) or _frameworks(shared) for path, text in texts.items()}
    if not any(_OLD.search(each) for each in frameworks.values()):
        run = ("dotnet", "test", target, "--no-restore", "--logger", "trx", *_TRX)
        yield CheckCommand(f"dotnet test{mark}", run, _SECONDS, junit=_REPORT, paths=paths)
        return
    # The .NET Framework does not run on Linux, and a solution cannot be narrowed to one framework.
    for path, named in frameworks.items():
        if newest := max(_NEW.finditer(named), key=lambda found: int(found[1]), default=None):
            name = path.rpartition("/")[2].rpartition(".")[0]
            run = ("dotnet", "test", path, "--framework", newest[0], "--logger", "trx", *_TRX)
            yield CheckCommand(f"dotnet test {name}", run, _SECONDS, junit=_REPORT, paths=paths)


def _is_test(path: str, text: str) -> bool:
    # What makes it one may be in files that it imports.
    named = _TEST_NAME.search(path) is not None
    return (named or _TEST_SDK.search(text) is not None) and not _NO_UNIT_TEST.search(f"{text}\n{path}")


def _is_program(text: str, shared: str) -> bool:
    """Return whether a test project is a program of its own: it has no test SDK, and imports none."""
    return "<OutputType>Exe<" in text and "<Import" not in text and not _TEST_SDK.search(text + shared)


def _frameworks(text: str) -> str:
    return " ".join(found for found in _FRAMEWORKS.findall(text) if _OLD.search(found) or _NEW.search(found))


def _solutions(project: Project, tests: Sequence[str]) -> list[str]:
    """Return the solution that a pipeline names, else the one at the root, else one of each folder that has some."""
    ran = [*project.runs("dotnet test"), *project.runs("dotnet build")]
    named = [
        word.replace("\\", "/").removeprefix("./") for line in ran for word in line if re.search(r"\.sln[xf]?$", word)
    ]
    for word in sorted(named, key=lambda word: (word.count("/"), not word.endswith("slnf"))):
        if project.has(word):
            return [word]
    folders: dict[str, list[str]] = {}
    for path in project.matching(r"(?:[^/]+/){0,3}[^/]+\.slnx?"):
        if not _ASIDE.search(path):
            folders.setdefault(path.rpartition("/")[0], []).append(path)
    best = [
        max(several, key=lambda path: (_count(project.read(path), tests), -len(path))) for several in folders.values()
    ]
    return (
        [path for path in best if "/" not in path]
        or [path for path in best if _count(project.read(path), tests)]
        or best[:1]
    )


def _count(said: str, tests: Sequence[str]) -> int:
    return sum(path.rpartition("/")[2] in said for path in tests)
