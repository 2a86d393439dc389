"""Checks of Python projects: uv, Poetry, PDM, Hatch, pip with extras, groups and requirements, tox, nox, Django's runners."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

from redimento.adoption.detection.project import Project, Proposal, strings, table, words
from redimento.settings import CheckCommand
from redimento.verification.runners import PYTEST_VALUES

MANIFEST: Final = r"pyproject\.toml|setup\.(?:py|cfg)|manage\.py|Pipfile|tox\.ini|noxfile\.py|requirements[\w.-]*\.txt"
_TESTS: Final = r"(?:.*/)?(?:test_[^/]*|[^/]*_test|tests)\.py"
_ASIDE: Final = re.compile(r"(?:^|/)(?:examples?|samples?|docs?|fixtures?|testdata|templates?|bench\w*)/")
_REQUIREMENTS: Final = r"requirements[\w.-]*\.txt|requirements/[\w.-]+\.txt|(?:tests?|ci)/requirements[\w.-]*\.txt"
_FOR_TESTS: Final = re.compile(r"test|dev|ci\b|local", re.IGNORECASE)
_NOT_FOR_TESTS: Final = re.compile(
    r"doc|prod|deploy|lint|min|constraint|release|build|lock|mypy|typing|optional|gpu|win"
)
_GROUPS: Final = ("test", "tests", "testing", "dev", "develop", "development", "ci")
_PYTHON: Final = ".venv/bin/python"
_PIP: Final = f"{_PYTHON} -m pip install --quiet"
_TEST_SECONDS: Final = 1_800
_REPORT: Final = "junit-pytest.xml"
_CHOOSING: Final = re.compile(
    r"-[mk]$|--(?:ignore|deselect|ds|rootdir|pyargs|import-mode|config-file|override-ini)\b|-c$|-o$"
)
_SLOW: Final = re.compile(r"integration|e2e|end.to.end|smoke|perf|docs")
_QUIETLY: Final = frozenset({"-U", "--upgrade", "--system", "--user", "-q", "--quiet"})
_NO_DEPENDENCIES: Final = frozenset(
    {"pip", "setuptools", "wheel", "uv", "tox", "nox", "hatch", "poetry", "pdm", "coveralls", "codecov"}
)
_TESTING: Final = re.compile(r"\b(?:pytest|manage\.py test|runtests\.py)\b")
_DJANGO_RUNNER: Final = "xmlrunner.extra.djangotestrunner.XMLTestRunner"


class _Tool(NamedTuple):
    """A manager that installs from its lock file into `.venv`, and how it is told what else to install."""

    lock: str
    install: str
    line: str
    add: str
    extra: str
    group: str


_TOOLS: Final = (
    _Tool("uv.lock", "uv sync", "uv sync --quiet", "uv pip install --quiet", "--extra", "--group"),
    _Tool(
        "poetry.lock", "poetry install", "POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --no-interaction --quiet", _PIP,
        "--extras", "",
    ),
    _Tool("pdm.lock", "pdm (?:install|sync)", "pdm install --quiet", _PIP, "--group", "--group"),
)  # fmt: skip


def python(project: Project) -> Proposal | None:
    tests = [path for path in project.matching(_TESTS) if not _ASIDE.search(path)]
    if not tests:
        return None
    data = project.toml("pyproject.toml")
    files = [
        name
        for name in ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "Pipfile", "noxfile.py")
        if project.has(name)
    ]
    said = project.texts([*files, *project.matching(_REQUIREMENTS)])
    test = _test(project, data, said, tests)
    lints = [] if test.name == "nox" else _lints(project, said)
    wanted = [tool for tool in (test.name, *(lint.name for lint in lints)) if tool in {"pytest", "ruff", "mypy"}]
    wanted += ["unittest-xml-reporting"] if test.name == "django" and test.junit else []
    setup = () if test.name == "nox" else tuple(_setup(project, data, said, wanted))
    return Proposal(setup, (test, *lints))


def _test(project: Project, data: dict[str, Any], said: str, tests: Sequence[str]) -> CheckCommand:
    given = project.runs(r"pytest|py\.test")[:20]
    uses_pytest = bool(given) or re.search(r"\bpytest\b", said) is not None
    script = next(iter(project.matching(r"manage\.py|[^/]+/manage\.py")), "")
    if script and "pytest-django" not in said and (project.ran(r"manage\.py test") or not uses_pytest):
        return _django(project, script)
    script = project.first("runtests.py", "tests/runtests.py", "runtests/runtests.py")
    if script and not re.search(r"[\"'\s]pytest\b(?!\.ini)", said):
        return CheckCommand("runtests", (_PYTHON, script), _TEST_SECONDS)
    known = _dependencies(project, data)
    if project.has("noxfile.py") and not known and not re.search(r"\btests?\b", " ".join(_extras(data))):
        session = next(iter(re.findall(r"def (tests?|unit\w*|pytest)\b", project.read("noxfile.py"))), "tests")
        return CheckCommand(
            "nox", ("nox", "-s", session), _TEST_SECONDS, junit=_REPORT, env={"PYTEST_ADDOPTS": f"--junitxml={_REPORT}"}
        )
    # Jobs for some of the tests have more conditions than the one for all.
    choices = [_chosen(project, line[1:], tests, said) for line in given] or [_chosen(project, [], tests, said)]
    chosen = min(choices, key=lambda words: sum(bool(_CHOOSING.match(word) or _SLOW.search(word)) for word in words))
    run = (_PYTHON, "-m", "pytest", "-q", *chosen, f"--junitxml={_REPORT}")
    return CheckCommand("pytest", run, _TEST_SECONDS, junit=_REPORT)


def _django(project: Project, script: str) -> CheckCommand:
    given = (project.ran(r"manage\.py test") or [])[2:]
    options = [word for word in given if word.startswith("--settings") or re.fullmatch(r"[\w./]+", word)]
    run = (_PYTHON, script, "test", "--noinput", *options)
    # The reporting runner would take the place of one that the project has chosen.
    if "TEST_RUNNER" in project.texts(project.matching(r"(?:.*/)?(?:settings[\w.-]*|settings/[\w.-]+)\.py"), most=20):
        return CheckCommand("django", run, _TEST_SECONDS)
    return CheckCommand("django", (*run, f"--testrunner={_DJANGO_RUNNER}"), _TEST_SECONDS, junit="TEST-*.xml")


def _chosen(project: Project, given: Sequence[str], tests: Sequence[str], said: str) -> list[str]:
    """Return which tests to run: as the pipeline chooses them, else so that those of examples stay out."""
    chosen: list[str] = []
    for number, word in enumerate(given):
        before = given[number - 1] if number else ""
        is_path = project.has(word) or project.has_folder(word)
        if _CHOOSING.match(word) or _CHOOSING.fullmatch(before) or (is_path and before not in PYTEST_VALUES):
            chosen.append(word)
    if chosen or "testpaths" in said:
        return chosen
    apart = {path.partition("/")[0] for path in tests if "/" in path and not _ASIDE.search(path)}
    mixed = any(_ASIDE.search(path) for path in project.matching(_TESTS))
    return sorted(apart) if mixed and len(apart) == 1 and not any("/" not in path for path in tests) else []


def _lints(project: Project, said: str) -> list[CheckCommand]:
    found = []
    for name, usual in (("ruff", ("check",)), ("mypy", ())):
        configured = re.search(rf"^\[(?:tool\.)?{name}\b", said, re.MULTILINE) or project.has(
            f"{name}.toml", f"{name}.ini", f".{name}.toml"
        )
        if configured or re.search(rf"^\s*[\"']?{name}\b", said, re.MULTILINE):
            given = [
                word
                for word in (project.ran(name) or [])[1:]
                if project.has_folder(word) or (word.endswith(".py") and project.has(word))
            ]
            targets = bool(re.search(r"^(?:files|packages|modules)\s*=", said, re.MULTILINE))
            arguments = (*usual, *(given or ([] if targets and not usual else ["."])))
            found.append(CheckCommand(name, (_PYTHON, "-m", name, *arguments), required=False))
    return found


def _setup(project: Project, data: dict[str, Any], said: str, wanted: Sequence[str]) -> list[str]:
    for tool in _TOOLS:
        given = _of_the_test_job(project).ran(tool.install, installs=True) or project.ran(tool.install, installs=True)
        listed = table(data, "tool", tool.install.partition(" ")[0], "dependencies")
        if project.has(tool.lock) or given is not None or listed:
            missing = [name for name in wanted if not re.search(rf"\b{name}\b", re.sub(r"(?m)^\[.*\]$", "", said))]
            lines = [_line(tool.line, given, _choices(data, tool))]
            return lines + ([f"{tool.add} {' '.join(missing)}"] if missing else [])
    given = _from_pipeline(project)
    installs = [*given, " ".join(wanted)] if given else [" ".join((*_installs(project, data, said), *wanted))]
    return ["python3 -m venv .venv", *(f"{_PIP} {line}" for line in installs if line)]


def _line(start: str, given: Sequence[str] | None, usual: Sequence[str]) -> str:
    """Return the installing line with the options of the pipeline's own, or the usual ones."""
    if "--directory" in (given or ()):  # of another project
        given = None
    skipped = ("--python", "-p", "-q", "--quiet", "-v", "--no-interaction", "--no-root", "--upgrade")
    options = [word for word in (given or [])[2:] if word not in skipped and not re.fullmatch(r"[\d.]+", word)]
    return " ".join((start, *map(shlex.quote, options or usual)))


def _choices(data: dict[str, Any], tool: _Tool) -> list[str]:
    """Return options for the extras and the groups whose names say that they are for tests."""
    chosen = [word for name in _extras(data) if name in _GROUPS for word in (tool.extra, name)]
    groups = table(data, "dependency-groups") if tool.group else {}
    return chosen + [word for name in groups if name in _GROUPS and name != "dev" for word in (tool.group, name)]


def _extras(data: dict[str, Any]) -> list[str]:
    return [*table(data, "project", "optional-dependencies"), *table(data, "tool", "poetry", "extras")]


def _of_the_test_job(project: Project) -> Project:
    """Return the project with what its pipeline runs in the same job before the tests, and nothing else."""
    runs = [at for at, line in enumerate(project.lines) if _TESTING.search(line.text) and "install" not in line.text]
    before = project.lines[: runs[0]] if runs else ()
    return replace(project, lines=tuple(line for line in before if line.job == project.lines[runs[0]].job))


def _from_pipeline(project: Project) -> list[str]:
    """Return what the pipeline installs with pip before it runs the tests, if it says so in full."""
    found = []
    for line in _of_the_test_job(project).lines:
        match = re.search(r"\bpip3? install\s+(.+)$", line.text)
        if match is None or "--no-deps" in match[1]:
            continue
        if "$" in match[1] or "/dev/" in match[1]:
            return []
        kept = [word for word in words(match[1]) if word not in _QUIETLY]
        if any(re.split(r"[=<>~!\[]", word)[0] not in _NO_DEPENDENCIES for word in kept):
            found.append(shlex.join(kept))
    return list(dict.fromkeys(found))


def _installs(project: Project, data: dict[str, Any], said: str) -> list[str]:
    files = [path for path in project.matching(_REQUIREMENTS) if not _NOT_FOR_TESTS.search(path)]
    names = {path: re.sub(r"requirements|\.txt|[^a-z]", "", path.rpartition("/")[2]) for path in files}
    listed = [path for path in files if names[path] in {"", *_GROUPS}] or [
        path for path in files if _FOR_TESTS.search(path)
    ]
    extras, further, more = _from_tox(project, data)
    installs = [f"-r {shlex.quote(path)}" for path in dict.fromkeys((*listed, *more))]
    extras += [name for name in _extras(data) or _extras_of_setup(project) if name in _GROUPS]
    if project.has("setup.py") or "[build-system]" in said or "[project]" in said:
        chosen = ",".join(dict.fromkeys(extras))
        installs.append(shlex.quote(f"-e.[{chosen}]" if chosen else "-e."))
    return installs + [shlex.quote(one) for one in dict.fromkeys((*further, *_dependencies(project, data)))]


def _extras_of_setup(project: Project) -> list[str]:
    text = project.read("setup.cfg").partition("[options.extras_require]")[2].partition("\n[")[0]
    in_script = project.read("setup.py").partition("extras_require")[2][:2_000]
    return [*re.findall(r"^(\w+)\s*=", text, re.MULTILINE), *re.findall(r"[\"'](\w+)[\"']\s*:", in_script)]


def _dependencies(project: Project, data: dict[str, Any]) -> list[str]:
    """Return what groups and environments of Hatch need for tests: pip knows the first only since 25.1, the others never."""
    groups = table(data, "dependency-groups")
    found: list[str] = []
    pending = [name for name in groups if name in _GROUPS]
    for name in pending:
        for member in groups[name] if isinstance(groups[name], list) else ():
            further = str(member.get("include-group")) if isinstance(member, dict) else ""
            if isinstance(member, str):
                found.append(member)
            elif further in groups and further not in pending:
                pending.append(further)
    for name in ("default", "test", "tests", "hatch-test"):
        env = {**table(data, "tool", "hatch", "envs", name), **table(project.toml("hatch.toml"), "envs", name)}
        found += [*strings(env.get("dependencies")), *strings(env.get("extra-dependencies"))]
        if name == "hatch-test" and (env or project.ran("hatch test")):  # what Hatch adds by itself
            found += ["pytest-mock", "pytest-rerunfailures", "pytest-xdist"]
    return [one for one in found if not re.search(r"[{}\n]", one)]


def _from_tox(project: Project, data: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Return the extras, the requirements and the files of requirements of tox's basic environment."""
    base = table(data, "tool", "tox", "env_run_base")
    parser = configparser.RawConfigParser(strict=False)
    with suppress(configparser.Error):
        parser.read_string(project.read("tox.ini") or str(table(data, "tool", "tox").get("legacy_tox_ini", "")))
    section = dict(parser.items("testenv")) if parser.has_section("testenv") else {}
    # A line with a colon is for some environments only.
    extras = [line for line in section.get("extras", "").splitlines() if ":" not in line]
    extras = [*strings(base.get("extras")), *" ".join(extras).replace(",", " ").split()]
    needed = [
        *strings(base.get("deps")),
        *(line.partition(" #")[0].strip() for line in section.get("deps", "").splitlines()),
    ]
    listed = [found[1] for line in needed if (found := re.fullmatch(r"-r\s*(?:\{toxinidir\}/)?([\w./-]+)", line))]
    return (
        [name for name in extras if re.fullmatch(r"[\w-]+", name)],
        [one for one in needed if re.fullmatch(r"\w[\w.\-\[\],<>=~! ]*", one)],
        [path for path in listed if project.has(path)],
    )
