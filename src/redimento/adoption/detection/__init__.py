"""Propose checks for a repository from its files and its pipelines. A person reviews them before use."""

from __future__ import annotations

import re
import shlex
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from redimento.adoption.detection import dotnet, jvm, native, node, python, scripting
from redimento.adoption.detection.pipelines import pipeline_lines, watched_together
from redimento.adoption.detection.project import Line, Project, Proposal, required
from redimento.settings import CheckCommand, CheckSettings
from redimento.verification.runners import plain_words

Read = Callable[[str], str]
_DEEPEST: Final = 3  # folders above a project
_MOST_FOLDERS, _MOST_CHECKS = 200, 24
_ASIDE: Final = re.compile(
    r"(?:^|/)(?:\.[^/]*|tests?|__\w+__|testing|e2e|spec|fixtures?|test-?data|\w*samples?|\w*examples?|demos?|docs?|website|site|bench\w*"
    r"|templates?|third[_-]?party|vendor|external|node_modules|playgrounds?|scripts?|tools?|hack|contrib|fuzz|deps|dist|build|target|snippets|support)(?:/|$)",
    re.IGNORECASE,
)
_LONGEST: Final = 300  # characters of a command that is taken over as it is, and of a line of a recipe
_LONGEST_NAME: Final = 100  # as the schema has it
_MOST_TARGETS: Final = 10  # of one `make`, and lines of each
_FOLDER: Final = re.compile(r"[\w.@+ -]+(?:/[\w.@+ -]+)*")


class _Detector(NamedTuple):
    manifest: str
    detect: Callable[[Project], Proposal | None]
    last: bool = False  # only where no other detector found a test


_DETECTORS: Final = (
    _Detector(python.MANIFEST, python.python),
    _Detector(node.MANIFEST, node.node),
    _Detector(dotnet.MANIFEST, dotnet.dotnet),
    _Detector(jvm.MAVEN, jvm.maven),
    _Detector(jvm.GRADLE, jvm.gradle),
    _Detector(native.GO, native.go),
    _Detector(native.RUST, native.rust),
    _Detector(scripting.PHP, scripting.php),
    _Detector(scripting.RUBY, scripting.ruby),
    _Detector(native.CMAKE, native.cmake),
    _Detector(native.MAKE, native.make, last=True),
)


def propose(paths: Sequence[str], read: Read) -> CheckSettings:
    """Return checks for the projects among `paths`; no commands if none is recognised.

    `read(path)` returns a file's text, "" for one that must not or cannot be read. A project in a folder gets checks of
    its own with `paths`, unless one above it tests it as well. Folders of fixtures, samples and foreign code are ignored.
    """
    tree = sorted(path for path in paths if _FOLDER.fullmatch(path))
    ran, watched = pipeline_lines(tree, read), watched_together(tree, read)
    setup: list[str] = []
    commands: dict[str, CheckCommand] = {}
    for detector in _DETECTORS:
        if detector.last and any(required([*commands.values()])):
            continue
        for project, proposal in _proposals(detector, tree, read, ran):
            setup += [_line_in(project.folder, line) for line in proposal.setup]
            places = dict.fromkeys(one for group in watched if project.folder in group for one in group)
            paths = tuple(f"{one}/" for one in {project.folder: None, **places})
            found = [_named(_check_in(project, command, paths)) for command in proposal.commands]
            commands |= {one.name: one for one in found}
    if not any(required([*commands.values()])):
        commands |= {one.name: one for one in _as_the_pipeline(ran)}
    return CheckSettings(setup=tuple(dict.fromkeys(setup)), commands=tuple(commands.values())[:_MOST_CHECKS])


def _proposals(
    detector: _Detector, tree: Sequence[str], read: Read, ran: Mapping[str, tuple[Line, ...]]
) -> Iterator[tuple[Project, Proposal]]:
    covered: list[str] = []
    for folder in _folders(detector.manifest, tree, ran):
        if any(folder.startswith(f"{above}/") or not above for above in covered):
            continue
        project = _project(folder, tree, read, ran)
        proposal = detector.detect(project)
        if proposal is not None and any(required(proposal.commands)):
            covered.append(folder)
            yield project, proposal


def _folders(manifest: str, tree: Sequence[str], ran: Mapping[str, tuple[Line, ...]]) -> list[str]:
    """Return the folders that may be projects, the highest first."""
    compiled = re.compile(manifest)
    folders = {path.rpartition("/")[0] for path in tree if compiled.fullmatch(path.rpartition("/")[2])}
    if manifest == dotnet.MANIFEST and folders:
        # A solution may be anywhere, and names projects outside of its folder, unless a pipeline works in that folder.
        apart = {folder for folder in folders if any(line.text.startswith("dotnet ") for line in ran.get(folder, ()))}
        folders = apart or {""}
    known = [folder for folder in folders if folder.count("/") < _DEEPEST and not _ASIDE.search(folder)]
    return sorted(known, key=lambda folder: (folder.count("/") + bool(folder), folder))[:_MOST_FOLDERS]


def _project(folder: str, tree: Sequence[str], read: Read, ran: Mapping[str, tuple[Line, ...]]) -> Project:
    if not folder:
        found, text = tree, read
    else:
        before = f"{folder}/"
        found = [
            path.removeprefix(before) for path in tree[bisect_left(tree, before) : bisect_left(tree, f"{folder}0")]
        ]

        def text(path: str) -> str:
            return read(before + path)

    makefile = next(
        (name for name in ("GNUmakefile", "Makefile", "makefile") if f"{folder}/{name}".lstrip("/") in tree), ""
    )
    lines = tuple(_with_recipes(ran.get(folder, ()), text(makefile) if makefile else ""))
    return Project(folder, found, text, lines)


def _with_recipes(lines: Sequence[Line], makefile: str) -> Iterator[Line]:
    """Yield the lines, each `make` followed by what its target runs."""
    recipes: dict[str, list[str]] = {}
    recipe: list[str] = []
    for row in makefile.splitlines():
        if row.startswith("\t"):
            recipe.append(row.strip().lstrip("@-")[:_LONGEST])
        elif row.strip():
            recipe = recipes.setdefault(row.partition(":")[0], [])
    for line in lines:
        yield line
        for target in plain_words(line.text)[1:_MOST_TARGETS] if line.text.startswith("make ") else ():
            yield from (Line(row, line.job) for row in recipes.get(target, ())[:_MOST_TARGETS])


def _line_in(folder: str, line: str) -> str:
    return f"(cd {shlex.quote(folder)} && {line})" if folder else line


def _check_in(project: Project, command: CheckCommand, paths: tuple[str, ...]) -> CheckCommand:
    folder = project.folder
    if not folder:
        return command
    line = command.run if isinstance(command.run, str) else shlex.join(command.run)
    return replace(
        command,
        name=f"{command.name} ({folder})",
        run=f"cd {shlex.quote(folder)} && {line}",
        junit=f"{folder}/{command.junit}" if command.junit else "",
        paths=paths,
    )


def _named(command: CheckCommand) -> CheckCommand:
    """Return the check with a name that a settings file may have."""
    name = command.name
    return (
        command
        if len(name) <= _LONGEST_NAME
        else replace(command, name=f"{name[:50]}…{name[50 - _LONGEST_NAME + 1 :]}")
    )


def _as_the_pipeline(ran: Mapping[str, tuple[Line, ...]]) -> Iterator[CheckCommand]:
    """Yield the first plain command of a pipeline that tests, whatever runs it."""
    for folder, lines in ran.items():
        for line in lines:
            argv = plain_words(line.text)
            if (
                len(line.text) < _LONGEST
                and (argv[1:2] in (["test"], ["tests"], ["check"]))
                and argv[0] not in {"[", "npm"}
            ):
                yield _check_in(Project(folder, (), str), CheckCommand("tests", tuple(argv), 1_800), (f"{folder}/",))
                return
