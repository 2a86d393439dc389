"""Propose checks for a repository from its files. For `redimento init`: a person reviews them before use."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from redimento.settings import CheckCommand, CheckSettings

Read = Callable[[str], str]
_Proposal = tuple[tuple[str, ...], tuple[CheckCommand, ...]]
_BUILD_SECONDS = 1_800


def propose(paths: Sequence[str], read: Read) -> CheckSettings:
    """Return checks for the languages found in `paths`: Python, Node, .NET, Maven, Gradle, Go, Rust.

    `read(path)` returns a file's text. Only the root of the repository counts, except for .NET, whose project files may
    be in subfolders. If nothing is recognised, there are no commands.
    """
    found = frozenset(paths)
    proposals = [look(found, read) for look in (_python, _node, _dotnet, _maven, _gradle, _go, _rust)]
    return CheckSettings(
        setup=tuple(line for setup, _ in proposals for line in setup),
        commands=tuple(command for _, commands in proposals for command in commands),
    )


def _python(found: frozenset[str], read: Read) -> _Proposal:
    manifests = [name for name in ("pyproject.toml", "setup.py", "setup.cfg") if name in found]
    requirements = sorted(path for path in found if re.fullmatch(r"requirements[\w.-]*\.txt", path))
    tested = any(re.search(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$", path) for path in found)
    if not (manifests or requirements or tested):
        return (), ()
    text = "\n".join(read(name) for name in [*manifests, *requirements])
    commands: list[CheckCommand] = []
    if tested:
        commands.append(
            CheckCommand(
                "pytest", (".venv/bin/python", "-m", "pytest", "-q", "--junitxml=junit.xml"), junit="junit.xml"
            )
        )
    commands += [
        CheckCommand(name, (".venv/bin/python", "-m", *arguments), required=False)
        for name, arguments in (("ruff", ("ruff", "check", ".")), ("mypy", ("mypy", ".")))
        if f"[tool.{name}" in text or re.search(rf"^{name}\b", text, re.MULTILINE)
    ]
    tools = [command.name for command in commands]
    installs = [f"-r {path}" for path in requirements]
    installs += ["-e ."] if "setup.py" in found or "[build-system]" in text or "[project]" in text else []
    if not commands:
        return (), ()
    install = f".venv/bin/python -m pip install --quiet {' '.join([*installs, *tools])}"
    return ("python3 -m venv .venv", install), tuple(commands)


def _node(found: frozenset[str], read: Read) -> _Proposal:
    if "package.json" not in found:
        return (), ()
    try:
        manifest = json.loads(read("package.json"))
    except ValueError:
        return (), ()
    if not isinstance(manifest, dict):
        return (), ()
    scripts = _table(manifest, "scripts")
    needed = {**_table(manifest, "dependencies"), **_table(manifest, "devDependencies")}
    tool, install = _node_tool(found)
    commands = []
    if "vitest" in needed:
        run: tuple[str, ...] = (
            "npx",
            "vitest",
            "run",
            "--reporter=default",
            "--reporter=junit",
            "--outputFile.junit=junit.xml",
        )
        commands.append(CheckCommand("vitest", run, junit="junit.xml"))
    elif "jest" in needed and "jest-junit" in needed:
        run = ("npx", "jest", "--ci", "--reporters=default", "--reporters=jest-junit")
        commands.append(CheckCommand("jest", run, junit="junit.xml"))
    elif "jest" in needed:
        commands.append(CheckCommand("jest", ("npx", "jest", "--ci")))
    elif "test" in scripts and "no test specified" not in str(scripts["test"]):
        commands.append(CheckCommand(f"{tool} test", (tool, "test")))
    commands += [
        CheckCommand(f"{tool} run {name}", (tool, "run", name), required=name == "build")
        for name in ("build", "lint", "typecheck")
        if name in scripts
    ]
    return (install,), tuple(commands)


def _table(manifest: dict[str, object], key: str) -> dict[str, object]:
    value = manifest.get(key)
    return value if isinstance(value, dict) else {}


def _node_tool(found: frozenset[str]) -> tuple[str, str]:
    if "pnpm-lock.yaml" in found:
        return "pnpm", "pnpm install --frozen-lockfile"
    if "yarn.lock" in found:
        return "yarn", "yarn install --immutable" if ".yarnrc.yml" in found else "yarn install --frozen-lockfile"
    locked = {"package-lock.json", "npm-shrinkwrap.json"} & found
    return "npm", "npm ci --no-audit --no-fund" if locked else "npm install --no-audit --no-fund --no-package-lock"


def _dotnet(found: frozenset[str], read: Read) -> _Proposal:
    projects = sorted(path for path in found if PurePosixPath(path).suffix in {".csproj", ".fsproj", ".vbproj"})
    solutions = sorted(path for path in found if path.endswith((".sln", ".slnx")) and "/" not in path)
    if not projects and not solutions:
        return (), ()
    target = (solutions or projects)[:1] if len(solutions) == 1 or len(projects) == 1 else []
    build = CheckCommand("dotnet build", ("dotnet", "build", *target, "--no-restore"), timeout_seconds=_BUILD_SECONDS)
    tests = [path for path in projects if "Microsoft.NET.Test.Sdk" in read(path)]
    if not tests:
        return (f"dotnet restore {' '.join(target)}".rstrip(),), (build,)
    # The logger is a package that the test project references; without it there is no report.
    logged = any("JunitXml.TestLogger" in read(path) for path in tests)
    options = ("--logger", "junit;LogFilePath=TestResults/{assembly}.junit.xml") if logged else ()
    test = CheckCommand("dotnet test", ("dotnet", "test", *target, "--no-restore", *options), timeout_seconds=_BUILD_SECONDS,
        junit="**/TestResults/*.junit.xml" if logged else "",
    )  # fmt: skip
    return (f"dotnet restore {' '.join(target)}".rstrip(),), (build, test)


def _maven(found: frozenset[str], _read: Read) -> _Proposal:
    if "pom.xml" not in found:
        return (), ()
    program = "./mvnw" if "mvnw" in found else "mvn"
    run = (program, "--batch-mode", "--no-transfer-progress", "test")
    return (), (CheckCommand("maven", run, _BUILD_SECONDS, junit="**/target/surefire-reports/TEST-*.xml"),)


def _gradle(found: frozenset[str], _read: Read) -> _Proposal:
    if not {"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"} & found:
        return (), ()
    program = "./gradlew" if "gradlew" in found else "gradle"
    # Without --continue, one failing module hides the tests of all others.
    run = (program, "--no-daemon", "--console=plain", "--continue", "test")
    return (), (CheckCommand("gradle", run, _BUILD_SECONDS, junit="**/build/test-results/test/*.xml"),)


def _go(found: frozenset[str], _read: Read) -> _Proposal:
    if "go.mod" not in found:
        return (), ()
    return ("go mod download",), (
        CheckCommand("go test", ("go", "test", "./...")),
        CheckCommand("go vet", ("go", "vet", "./..."), required=False),
    )


def _rust(found: frozenset[str], _read: Read) -> _Proposal:
    if "Cargo.toml" not in found:
        return (), ()
    locked = ("--locked",) if "Cargo.lock" in found else ()
    return (), (CheckCommand("cargo test", ("cargo", "test", *locked), _BUILD_SECONDS),)
