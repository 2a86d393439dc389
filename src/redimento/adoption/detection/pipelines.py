"""The commands that the pipeline files of a repository run: the best evidence of how its tests are meant to run.

The files are read line by line, not as YAML: templates, anchors and tags of the many dialects do not matter then. GitHub
Actions, Azure Pipelines (with the tasks for .NET, Maven, Gradle and npm), GitLab, CircleCI and Travis are alike enough.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from redimento.adoption.detection.project import Line, Project

_FILE: Final = re.compile(
    r"(?:\.github/workflows/[^/]+|(?:[^/]+/){0,2}[^/]*azure-pipelines?[^/]*|\.azure-?(?:pipelines|devops)/[^/]+"
    r"|(?:\.?ci|build|\.?pipelines?)/[^/]+|\.gitlab-ci|\.travis|\.circleci/config|appveyor|\.?cirrus)\.ya?ml"
)
_FOR_CHANGES: Final = re.compile(
    r"(?:^|[/_.-])(?:ci|tests?|unit\w*|build|main|pr|checks?|pull[_-]request|python|node|go)\b"
)
_FOR_SOMETHING_ELSE: Final = re.compile(
    r"release|publish|deploy|docs?[._-]|codeql|stale|nightly|bench|docker|wheel|fuzz|label|scorecard|legacy|cron|weekly|monthly"
    r"|smoke|website|manpage|container|redistribute|dependabot|latest|benchmark|redimento"
)
_MOST_SERVICES: Final = 8
_MOST_FILES, _MOST_ROWS, _MOST_LINES, _LONGEST_ROW = 30, 3_000, 500, 1_000
_PAIR: Final = re.compile(r"""["']?([\w-]+)["']?:(?:\s+(.*))?$""")
_BLOCK: Final = re.compile(r"[|>][+-]?\d?[+-]?(?:\s+#.*)?$")
_SCRIPTS: Final = ("run", "script", "bash", "pwsh", "powershell", "line")
_FOLDERS: Final = ("working-directory", "workingDirectory", "working_directory", "workingDir")
_ROOT: Final = re.compile(
    r"^(?:\$\((?:Build\.SourcesDirectory|System\.DefaultWorkingDirectory)\)|\$\{\{ ?github\.workspace ?\}\}|\$GITHUB_WORKSPACE|\.)(?:/|$)",
    re.IGNORECASE,
)
# The filter of GitHub Actions (`paths:`) or Azure Pipelines (`paths:`, `include:`), as a block or in brackets.
_WATCHED: Final = re.compile(
    r"^[ -]*(?:paths|changes):(?:\s*\n *include:)? *((?:\n *- *[^\n]{1,200})+|\[[^\]\n]{1,1000}\])", re.MULTILINE
)
_WHOLE_FOLDER: Final = re.compile(r"""[\[\s,"'-]*/?([\w.@+][\w.@+/-]*?)/?(?:\*\*/?)?\*?["']?\]?""")
_SERVICES: Final = re.compile(r"^( *)(?:services|containers):\s*\n((?:\1[ -][^\n]*\n?)+)", re.MULTILINE)
_IMAGE: Final = re.compile(
    r"""^ *(?:-? *(?:image|name): *|- +)["']?([a-z][\w.-]*(?:/[\w.-]+)*(?::[\w.-]+)?)["']? *$""", re.MULTILINE
)
_SEPARATOR: Final = re.compile(r"\s*(?:&&|\|\||;)\s*")
# Tasks of Azure Pipelines and the command each stands for (learn.microsoft.com/azure/devops/pipelines/tasks/reference).
_TASKS: Final = {
    "DotNetCoreCLI": ("dotnet", ("command", "projects", "arguments")),
    "Maven": ("mvn", ("goals", "goal", "options")),
    "Gradle": ("gradle", ("tasks", "options")),
    "Npm": ("npm", ("customCommand", "command")),
}


def pipeline_lines(paths: Sequence[str], read: Callable[[str], str]) -> Mapping[str, tuple[Line, ...]]:
    """Return the commands by the folder in which they run; those of the files that look at every change come first."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for path in _files(paths):
        for folder, text, job in islice(_commands(read(path)), _MOST_LINES):
            found[folder].append(Line(text, f"{path} {job}"))
    return {folder: tuple(lines) for folder, lines in found.items()}


def watched_together(paths: Sequence[str], read: Callable[[str], str]) -> list[tuple[str, ...]]:
    """Return for each pipeline the folders on whose changes it starts: a project's own, and such as shared test data."""
    whole = Project("", paths, str)
    found = []
    for path in _files(paths):
        rows = (row for block in _WATCHED.findall(_short(read(path))) for row in re.split(r"[\n,]", block))
        named = dict.fromkeys(folder[1] for row in rows if (folder := _WHOLE_FOLDER.fullmatch(row.strip())))
        found.append(tuple(one for one in named if one[0] != "." and whole.has_folder(one)))
    return found


def services(paths: Sequence[str], read: Callable[[str], str]) -> tuple[str, ...]:
    """Return the images of the services that pipelines start beside their jobs, such as a database."""
    texts = (text for path in _files(paths) if "services:" in (text := _short(read(path))))
    blocks = (block for text in texts for _, block in _SERVICES.findall(text))
    return tuple(dict.fromkeys(image for block in blocks for image in _IMAGE.findall(block)))[:_MOST_SERVICES]


def _files(paths: Sequence[str]) -> list[str]:
    files = [path for path in paths if _FILE.fullmatch(path) and not _FOR_SOMETHING_ELSE.search(path)]
    return sorted(files, key=lambda path: not _FOR_CHANGES.search(path))[:_MOST_FILES]


def _short(text: str) -> str:
    return "\n".join(row for row in text.splitlines()[:_MOST_ROWS] if len(row) <= _LONGEST_ROW)


def _commands(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield folder, command and number of the job."""
    usual, job = "", 0
    for step, inside in _steps(text):
        job += not {"steps", "script", "runs-on"}.isdisjoint(
            key for key, value in step.items() if key == "runs-on" or not value
        )
        named = next((step[key] for key in _FOLDERS if key in step), "")
        if not inside:
            usual = named or usual
            continue
        folder = _inside(named or usual, "")
        if folder is None:
            continue
        for script in (step[key] for key in _SCRIPTS if key in step):
            yield from ((*command, job) for command in _split(script, folder))
        program, inputs = _TASKS.get(step.get("task", "").partition("@")[0], ("", ()))
        if program:
            yield (
                folder,
                " ".join((program, *(step[name] for name in inputs if step.get(name, "custom") != "custom"))),
                job,
            )
        elif "command" in step:
            yield from ((*command, job) for command in _split(step["command"], folder))


def _steps(text: str) -> Iterator[tuple[dict[str, str], bool]]:
    """Yield the pairs of each item of a list, and each pair outside of one (with False)."""
    step: dict[str, str] = {}
    depth, block, block_depth = -1, "", 0
    for row in (row for row in text.splitlines()[:_MOST_ROWS] if len(row) <= _LONGEST_ROW):
        bare = row.strip()
        indent = len(row) - len(row.lstrip())
        if block and (not bare or indent > block_depth):
            step[block] += f"{bare}\n"
            continue
        block = ""
        if not bare or bare.startswith("#"):
            continue
        if indent <= depth:
            yield step, True
            step, depth = {}, -1
        while bare.startswith("- "):
            if depth >= 0:
                yield step, True
            step, depth = {}, indent
            indent, bare = indent + 2, bare[2:].strip()
        pair = _PAIR.match(bare)
        if pair is None:
            step["line"] = _bare(bare)
            continue
        key, value = pair[1], (pair[2] or "").strip()
        if _BLOCK.match(value):
            step[key], block, block_depth = "", key, indent
        elif depth >= 0:
            step[key] = _bare(value)
        else:
            yield {key: _bare(value)}, False
    yield step, True


def _bare(value: str) -> str:
    """Return a value without the quotes around it."""
    return value[1:-1] if value[:1] in {'"', "'"} and value[-1:] == value[:1] else value


def _split(script: str, folder: str) -> Iterator[tuple[str, str]]:
    here: str | None = folder
    for row in script.replace("\\\n", " ").splitlines():
        for command in _SEPARATOR.split(row.strip()):
            if command.startswith("cd "):
                here = None if here is None else _inside(command[3:].strip("\"' "), here)
            elif here is not None and command and not command.startswith("#"):
                yield here, command


def _inside(folder: str, base: str) -> str | None:
    """Return the folder from the root, None if that is not known or outside."""
    below = _ROOT.sub("", folder) if _ROOT.match(folder) and folder != "." else folder
    joined = posixpath.normpath(posixpath.join(base if below == folder else "", below))
    if joined.startswith(("..", "/")) or "$" in joined:
        return None
    return "" if joined == "." else joined
