"""Files of which only a part steers the checks: a manifest with scripts, a build file with a section for tests."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

_PACKAGE_KEYS = (
    "scripts", "jest", "mocha", "ava", "tap", "nyc", "c8", "vitest", "babel", "imports", "type", "workspaces", "config", "eslintConfig", "eslintIgnore",
    "prettier", "stylelint", "xo", "wireit", "nx", "lint-staged", "husky", "browserslist", "packageManager", "engines", "overrides", "resolutions",
)  # fmt: skip
# Of `tool` in pyproject.toml: what builds or packages the project is no judge of it.
_BUILD_TOOLS = frozenset(
    {
        "poetry",
        "setuptools",
        "setuptools_scm",
        "flit",
        "hatch",
        "pdm",
        "uv",
        "scikit-build",
        "maturin",
        "cibuildwheel",
        "towncrier",
        "commitizen",
        "semantic_release",
        "bumpversion",
        "bumpver",
    }
)
_JUDGING_PARTS = (("hatch", "envs"), ("pdm", "scripts"), ("poetry", "scripts"), ("uv", "sources"))
_SECTIONS = re.compile(
    r"tool:pytest|pytest|aliases|test|nosetests|flake8.*|mypy.*|pylint.*|pycodestyle|pydocstyle|coverage.*|tox.*|testenv.*|isort|ptr|unittest|options\.entry_points|bdist_wheel"
)
_BUILD_FILES = re.compile(
    r"pom\.xml|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|gradle\.properties|.*\.(?:cs|fs|vb)proj|.*\.(?:props|targets|sln)|Cargo\.toml|CMakeLists\.txt"
    r"|BUILD(?:\.bazel)?|build\.sbt|project\.clj|mix\.exs|build\.zig|Package\.swift|meson\.build|composer\.json|setup\.py|Gemfile|deno\.jsonc?"
)
_ABOUT_TESTS = re.compile(
    r"\btests?\b|[a-z]Tests?\b|\btest[A-Z]\w+|surefire|failsafe|\bskip|ignore|exclude|filter|harness|jacoco|checkstyle|spotbugs|VSTest|<Compile|\bscripts\b|cmdclass|"
    r"ErrorsAsWarnings|NoWarn|TreatWarnings|autotest|autobins|required-features|enable_testing|ctest",
    re.IGNORECASE,
)  # fmt: skip


def applies_to(path: str) -> bool:
    """Return whether only some of the file at `path` steers checks."""
    return _reader(path) is not None


def differ(path: str, before: bytes | None, after: bytes | None) -> bool:
    """Return whether the steering part of the file is another than before. A file that cannot be read counts whole."""
    read = _reader(path)
    try:
        return read is not None and read(_text(before)) != read(_text(after))
    except (ValueError, RecursionError, configparser.Error):
        return before != after


def _reader(path: str) -> Callable[[str], Any] | None:
    name = PurePosixPath(path).name
    if name == "package.json":
        return _package
    if name == "pyproject.toml":
        return _pyproject
    if name == "setup.cfg":
        return _setup_cfg
    return _lines_about_tests if _BUILD_FILES.fullmatch(name) else None


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")


def _package(text: str) -> Mapping[str, Any]:
    values = json.loads(text or "{}")
    return {key: values[key] for key in _PACKAGE_KEYS if key in values} if isinstance(values, dict) else {"": values}


def _pyproject(text: str) -> Mapping[str, Any]:
    values = tomllib.loads(text)
    tools = values.get("tool", {})
    judging = {name: part for name, part in tools.items() if name not in _BUILD_TOOLS}
    nested = {f"{tool}.{part}": tools.get(tool, {}).get(part) for tool, part in _JUDGING_PARTS}
    plugins = {
        name: part
        for name, part in values.get("project", {}).get("entry-points", {}).items()
        if name.startswith(("pytest", "nose"))
    }
    return {"tool": judging, "nested": nested, "plugins": plugins}


def _setup_cfg(text: str) -> Mapping[str, Any]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections() if _SECTIONS.fullmatch(name)}


def _lines_about_tests(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if _ABOUT_TESTS.search(line)]
