"""Checks of Node projects: npm, pnpm, Yarn and Bun, workspaces; jest, vitest, mocha, Playwright and `node --test` with reports."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

from redimento.adoption.detection.project import Project, Proposal, table
from redimento.settings import CheckCommand

MANIFEST: Final = r"package\.json"
_TEST_SECONDS: Final = 1_800
_MOST_MEMBERS: Final = 8
_DELEGATES: Final = re.compile(
    r"workspaces?\b|--filter\b|--recursive\b|\s-r\s|\b(?:turbo|nx|lerna)\b"
)  # runs scripts of members
_ASIDE: Final = re.compile(
    r"(?:^|/)(?:node_modules|fixtures?|__\w+__|templates?|\w*examples?|playgrounds?|e2e[\w-]*|docs?|website|bench\w*)/"
)
_NO_TEST: Final = re.compile(
    r"no tests? (?:specified|yet|configured)|^\s*(?:exit 0|true|echo [^&|;]*)$|^(?:php|python3?|go|cargo|dotnet|docker|make|mvn|bundle)\b"
)
_PLAIN: Final = re.compile(r"[^|;<>()$`\\\n*?{}~!#&]*")
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=[^\s]*")
_CALL: Final = re.compile(r"(?:npm|pnpm|yarn|bun) (?:run |-s )*([\w:.-]+)")
_LINTS: Final = re.compile(r"lint|format|prettier|style|types?(?:check)?\b|\btsc\b")
_DEEPEST_CALL, _MOST_PARTS = 2, 12  # of scripts that call others
_REPORT: Final = "junit-{}.xml"
# jest has no reporter of its own for JUnit; it may be missing from the project, and must not change its lock file.
_JEST_JUNIT: Final = "junit-for-jest"  # a folder of its own in node_modules, where jest finds it from any rootDir


class _Runner(NamedTuple):
    """Words that start it, those that make it write a report, and the environment for that."""

    start: tuple[str, ...]
    report: tuple[str, ...]
    env: dict[str, str] = {}  # noqa: RUF012  never changed


_RUNNERS: Final = {
    "vitest": _Runner(("vitest", "run"), ("--reporter=default", "--reporter=junit", "--outputFile.junit=junit-vitest.xml")),
    "jest": _Runner(
        ("jest",), ("--ci", "--reporters=default", f"--reporters={_JEST_JUNIT}/node_modules/jest-junit"),
        {"JEST_JUNIT_OUTPUT_FILE": "junit-jest.xml", "JEST_JUNIT_ADD_FILE_ATTRIBUTE": "true"},
    ),
    "mocha": _Runner(("mocha",), ("--reporter", "xunit", "--reporter-option", "output=junit-mocha.xml")),
    "playwright": _Runner(
        ("playwright", "test"), ("--reporter=line,junit",), {"PLAYWRIGHT_JUNIT_OUTPUT_NAME": "junit-playwright.xml"}
    ),
    "node": _Runner(
        ("node", "--test"),
        ("--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=junit", "--test-reporter-destination=junit-node.xml"),
    ),
}  # fmt: skip


def node(project: Project) -> Proposal | None:
    manifest = project.json("package.json")
    scripts = {name: text for name, text in table(manifest, "scripts").items() if isinstance(text, str)}
    tool = _tool(project, manifest)
    tests = _tests(project, scripts, tool)
    delegates = any(_DELEGATES.search(text) for name, text in scripts.items() if name.startswith("test"))
    if ("workspaces" in manifest or project.has("pnpm-workspace.yaml")) and (not tests or delegates):
        found = list(_of_members(project, tool))
        tests = found if not tests or any(one.junit for one in found) else tests
    named = {one.name for one in tests}
    others = [one for one in _others(project, scripts, tool) if one.name not in named]
    setup = [_install(project, tool)]
    for one in tests:
        if "JEST_JUNIT_OUTPUT_FILE" in one.env:
            below = f"{one.junit.rpartition('/')[0]}/".lstrip("/")
            setup.append(
                f"npm install --silent --no-audit --no-fund --prefix {below}node_modules/{_JEST_JUNIT} jest-junit@16"
            )
        if "PLAYWRIGHT_JUNIT_OUTPUT_NAME" in one.env:
            setup.append("npx playwright install")
    building = [command for command in others if command.required]
    return Proposal(tuple(setup), (*building, *tests, *(one for one in others if not one.required)))


def _tool(project: Project, manifest: dict[str, Any]) -> str:
    named = str(manifest.get("packageManager") or "").partition("@")[0]
    if named in {"npm", "pnpm", "yarn", "bun"}:
        return named
    locks = {
        "pnpm-lock.yaml": "pnpm",
        "pnpm-workspace.yaml": "pnpm",
        "yarn.lock": "yarn",
        "bun.lock": "bun",
        "bun.lockb": "bun",
        "package-lock.json": "npm",
    }
    return next((tool for name, tool in locks.items() if project.has(name)), "npm")


def _install(project: Project, tool: str) -> str:
    given = project.ran(
        {"npm": "npm (?:ci|i|install)", "yarn": "yarn install"}.get(tool, f"{tool} i(?:nstall)?"), installs=True
    )
    options = [word for word in (given or [])[2:] if word.startswith("--")]
    quiet = ["--no-audit", "--no-fund"] if tool == "npm" else []
    if tool == "npm":
        locked = project.has("package-lock.json", "npm-shrinkwrap.json")
        exact = locked and (given or ["", "ci"])[1] == "ci"
        # Neither writes a lock file; the second still takes the versions of one that no longer fits the manifest.
        start = ["npm", "ci"] if exact else ["npm", "install", "--no-save" if locked else "--no-package-lock"]
    elif tool == "yarn":
        start = ["yarn", "install", "--immutable" if project.has(".yarnrc.yml") else "--frozen-lockfile"]
    else:
        start = [tool, "install", "--frozen-lockfile"]
    return shlex.join(dict.fromkeys((*start, *quiet, *options)))


def _tests(project: Project, scripts: dict[str, str], tool: str) -> list[CheckCommand]:
    """Return the checks that the test script stands for, one for each part that can run alone; none if there is no script."""
    name = next(iter(_candidates(project, scripts, tool)), "")
    if not name:
        # Only the pipeline knows, and starts the runner itself.
        name, scripts = "pipeline", {"pipeline": next(_started_by_pipelines(project), "")}
    if not scripts[name]:
        return []
    parts = [] if {f"pre{name}", f"post{name}"} & scripts.keys() else _parts(name, scripts)
    if any(map(_runner, parts)) and all(_runner(part) or _called(part, scripts) for part in parts):
        return list(_apart(parts, scripts, tool))
    call = (tool, "test") if name == "test" and tool != "bun" else (tool, "run", name)
    check = CheckCommand(" ".join(call), call, _TEST_SECONDS)
    found = _runner(scripts[name].split("&&")[-1].strip())
    report, env = _reporting(found[2], _RUNNERS[found[0]]) if found else ((), {})
    if found is None or not report:
        return [check]
    # `pnpm test` takes options for itself, and pnpm 10 hands a `--` over, which would end the options of the runner.
    start = {"pnpm": (tool, "run", name), "yarn": call}.get(tool, (*call, "--"))
    return [replace(check, run=(*start, *report), junit=_REPORT.format(found[0]), env=env)]


def _apart(parts: Sequence[str], scripts: dict[str, str], tool: str) -> Iterator[CheckCommand]:
    reported: set[str] = set()
    # A linter that keeps a cache looks like a build, and what builds is repeated before the tests that come after it.
    for part in sorted(dict.fromkeys(parts), key=lambda part: bool(_LINTS.search(_called(part, scripts)))):
        found = _runner(part)
        if found is None:
            call = (tool, "run", _called(part, scripts))
            yield CheckCommand(" ".join(call), call, _TEST_SECONDS)
            continue
        runner, assigned, rest = found
        kind = _RUNNERS[runner]
        start = kind.start if runner == "node" else (*_execute(tool), *kind.start)
        again = runner in reported
        reported.add(runner)
        report, env = ((), {}) if again else _reporting(rest, kind)
        title = part if again else " ".join(kind.start[: 2 if runner == "node" else 1])
        junit = _REPORT.format(runner) if report else ""
        yield CheckCommand(
            title,
            (*start, *(word for word in rest if word not in report), *report),
            _TEST_SECONDS,
            junit=junit,
            env={**assigned, **env},
        )


def _parts(name: str, scripts: dict[str, str], deep: int = _DEEPEST_CALL) -> list[str]:
    """Return the commands of a script, with those of the scripts that it calls to test."""
    pieces = scripts[name].split("&&")
    if len(pieces) > _MOST_PARTS:
        return [scripts[name]]
    parts: list[str] = []
    for part in map(str.strip, pieces):
        called = _called(part, scripts)
        hooked = {f"pre{called}", f"post{called}"} & scripts.keys()
        inner = _parts(called, scripts, deep - 1) if called and deep and not hooked else []
        parts += inner if any(map(_runner, inner)) else [part]
    return parts


def _called(part: str, scripts: dict[str, str]) -> str:
    """Return the script that a command calls, "" for none."""
    call = _CALL.fullmatch(part)
    return call[1] if call and call[1] in scripts else ""


def _candidates(project: Project, scripts: dict[str, str], tool: str) -> Iterator[str]:
    """Yield the scripts that test, the one that a pipeline runs first."""
    names = [
        name for name, text in scripts.items() if re.match(r"(?:tests?|unit)\b", name) and not _NO_TEST.search(text)
    ]
    names = [
        name
        for name in names
        if not re.search(r"watch|update|debug|e2e|integration|browser|types?$|lint|ui$|extension", name)
    ]
    run = re.compile(rf"\b(?:{tool}|npm|yarn|pnpm) (?:run |-s )?([\w:.-]+)")
    for line in project.lines:
        for found in run.findall(line.text):
            if found in names and (found == "test" or _runner(scripts[found].split("&&")[-1].strip())):
                yield found
    if "test" in names:
        yield "test"
    yield from sorted(names, key=lambda name: ("cov" in name, not re.search(r"unit|ci\b|all|run", name), name))


def _started_by_pipelines(project: Project) -> Iterator[str]:
    for line in project.lines:
        found = _runner(line.text)
        if found and found[0] != "playwright" and "--browser" not in line.text:
            yield line.text


@lru_cache(maxsize=256)  # scripts may call each other
def _runner(line: str) -> tuple[str, dict[str, str], tuple[str, ...]] | None:
    """Return the test runner that a plain command line starts, the variables before it and the words after it."""
    if not _PLAIN.fullmatch(line.replace("'", "").replace('"', "").replace("*", "")):
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    assigned = dict(word.split("=", 1) for word in words if _ASSIGNED.fullmatch(word))
    for number, word in enumerate(words):
        name = {"_mocha": "mocha"}.get(word.rpartition("/")[2], word.rpartition("/")[2])
        rest = _without_reporters(words[number + 1 :])
        if name == "node" and "--test" in rest:
            return "node", assigned, tuple(one for one in rest if one != "--test")
        if name in {"jest", "vitest", "mocha"}:
            return name, assigned, tuple(rest[1:] if rest[:1] in (["run"], ["watch"], ["dev"]) else rest)
        if name == "playwright" and rest[:1] == ["test"]:
            return name, assigned, tuple(rest[1:])
        if not (
            _ASSIGNED.fullmatch(word)
            or word.startswith("-")
            or name in {"cross-env", "c8", "nyc", "npx", "node", "exec", "pnpm", "yarn", "dotenv"}
        ):
            return None
    return None


def _without_reporters(words: Sequence[str]) -> list[str]:
    """Return the words without reporters, which ours take the place of, and without what never ends or measures."""
    kept = [word for place, word in enumerate(words) if not (place and words[place - 1] in {"--reporter", "-R"})]
    return [word for word in kept if not re.match(r"--watch|--coverage|--ui$|-w$|--run$|--reporters?\b|-R$", word)]


def _reporting(rest: Sequence[str], kind: _Runner) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return what makes the runner write a report, nothing where the script has chosen reporters that would clash."""
    clash = any(word.startswith("--test-reporter") for word in rest)
    return ((), {}) if clash else (kind.report, kind.env)


def _execute(tool: str) -> tuple[str, ...]:
    return {"pnpm": ("pnpm", "exec"), "yarn": ("yarn", "run"), "bun": ("bunx",)}.get(tool, ("npx",))


def _of_members(project: Project, tool: str) -> Iterator[CheckCommand]:
    """Yield a check for each member of the workspace whose runner is known; one for all if there are many, or others.

    They have no `paths`: a change in one member can break another.
    """
    tested: dict[str, list[CheckCommand]] = {}
    for path in project.matching(r"(?:[^/]+/){1,3}package\.json"):
        scripts = (
            table(project.json(path), "scripts") if len(tested) <= _MOST_MEMBERS and not _ASIDE.search(path) else {}
        )
        plain = {name: text for name, text in scripts.items() if isinstance(text, str)}
        if tests := _tests(Project(path.rpartition("/")[0], (), str), plain, tool):
            tested[path.rpartition("/")[0]] = tests
    if len(tested) <= _MOST_MEMBERS and all(any(one.junit for one in tests) for tests in tested.values()):
        for folder, tests in tested.items():
            for one in tests:
                line = f"cd {shlex.quote(folder)} && {shlex.join(one.run)}"
                junit = f"{folder}/{one.junit}" if one.junit else ""
                yield replace(one, name=f"{one.name} ({folder})", run=line, junit=junit)
        return
    run = {
        "npm": ("npm", "test", "--workspaces", "--if-present"),
        "pnpm": ("pnpm", "--recursive", "--if-present", "run", "test"),
        "yarn": ("yarn", "workspaces", "foreach", "--all", "run", "test")
        if project.has(".yarnrc.yml")
        else ("yarn", "workspaces", "run", "test"),
        "bun": ("bun", "run", "--filter", "*", "test"),
    }[tool]
    yield CheckCommand(f"{tool} test", run, _TEST_SECONDS)


def _others(project: Project, scripts: dict[str, str], tool: str) -> Iterator[CheckCommand]:
    for name in ("build", "lint", "typecheck", "type-check", "check-types", "tsc"):
        # A pipeline that leaves the build out shows that the tests do not need it.
        if name in scripts and (
            name != "build" or not project.lines or project.ran("(?:npm|pnpm|yarn|bun)(?: run)? build")
        ):
            yield CheckCommand(
                f"{tool} run {name}",
                (tool, "run", name),
                _TEST_SECONDS if name == "build" else 600,
                required=name == "build",
            )
