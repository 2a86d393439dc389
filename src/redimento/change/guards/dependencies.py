"""Dependencies that a change adds to a manifest, so that the pull request can list them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from redimento.change.edit import FileChange
from redimento.change.guards import toml

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
# Each of these reads a line or an element once: `^\s*` took 22 s for a go.mod of 40,000 line breaks, because it crosses them.
_GO_REQUIRE = re.compile(r"^[ \t]*(?:require[ \t]+)?([\w-]++(?:\.[\w-]++)++/\S+)[ \t]+v\d", re.MULTILINE)
_PACKAGE = re.compile(
    r"<(?:PackageReference|PackageVersion|GlobalPackageReference)\s[^<>]*?\b(?:Include|Update)\s*=\s*\"([^\"]{1,200})\""
)
_MAVEN = re.compile(r"<dependency>\s*<groupId>([^<]{1,200})</groupId>\s*<artifactId>([^<]{1,200})</artifactId>")
_GRADLE = re.compile(
    r"^[ \t]*(?:api|implementation|compileOnly|runtimeOnly|annotationProcessor|kapt|test\w+)[\s(]+[\"']([^\"':]{1,200}:[^\"':]{1,200})",
    re.MULTILINE,
)
_GEM = re.compile(r"^[ \t]*gem[ \t]+[\"']([^\"']{1,200})[\"']", re.MULTILINE)


def new_dependencies(files: Iterable[FileChange]) -> tuple[str, ...]:
    """Return "name (manifest)" for each dependency that the change adds to a manifest."""
    added: set[str] = set()
    for file in files:
        names = _reader(file.path)
        if names and file.after is not None:
            new = set(_read(names, file.after)) - set(_read(names, file.before or b""))
            added |= {f"{name} ({file.path})" for name in new}
    return tuple(sorted(added))


def _read(names: Callable[[str], Iterator[str]], content: bytes) -> Iterator[str]:
    try:
        yield from names(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError, AttributeError, TypeError):  # the manifest is broken, or not a manifest
        return


def _reader(path: str) -> Callable[[str], Iterator[str]] | None:
    name = PurePosixPath(path).name
    return next((reader for pattern, reader in _READERS.items() if fnmatchcase(name, pattern)), None)


def _package_json(text: str) -> Iterator[str]:
    manifest = json.loads(text)
    for kind in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        yield from manifest.get(kind) or {}


def _composer(text: str) -> Iterator[str]:
    manifest = json.loads(text)
    for kind in ("require", "require-dev"):
        yield from manifest.get(kind) or {}


def _requirements(text: str) -> Iterator[str]:
    yield from _named(line for line in text.split("\n") if not line.lstrip().startswith(("#", "-")))


def _named(requirements: Iterable[Any]) -> Iterator[str]:
    for requirement in requirements:
        if isinstance(requirement, str) and (name := _REQUIREMENT.match(requirement)):
            yield name.group(1)


def _pyproject(text: str) -> Iterator[str]:
    manifest = toml.parse(text)
    project = manifest.get("project", {})
    yield from _named(project.get("dependencies", ()))
    for group in [*project.get("optional-dependencies", {}).values(), *manifest.get("dependency-groups", {}).values()]:
        yield from _named(group)
    yield from _named(manifest.get("build-system", {}).get("requires", ()))
    poetry = manifest.get("tool", {}).get("poetry", {})
    for table in [poetry, *poetry.get("group", {}).values()]:
        yield from (
            name for kind in ("dependencies", "dev-dependencies") for name in table.get(kind, {}) if name != "python"
        )


def _pipfile(text: str) -> Iterator[str]:
    manifest = toml.parse(text)
    yield from (name for kind in ("packages", "dev-packages") for name in manifest.get(kind, {}))


def _cargo(text: str) -> Iterator[str]:
    manifest = toml.parse(text)
    tables = [manifest, manifest.get("workspace", {}), *manifest.get("target", {}).values()]
    for table in tables:
        yield from (
            name for kind in ("dependencies", "dev-dependencies", "build-dependencies") for name in table.get(kind, {})
        )


def _every(pattern: re.Pattern[str]) -> Callable[[str], Iterator[str]]:
    return lambda text: (":".join(match.groups()) for match in pattern.finditer(text))


_READERS: dict[str, Callable[[str], Iterator[str]]] = {
    "package.json": _package_json,
    "composer.json": _composer,
    "*requirements*.txt": _requirements,
    "requirements*.in": _requirements,
    "pyproject.toml": _pyproject,
    "Pipfile": _pipfile,
    "Cargo.toml": _cargo,
    "go.mod": _every(_GO_REQUIRE),
    "*.csproj": _every(_PACKAGE),
    "*.fsproj": _every(_PACKAGE),
    "*.vbproj": _every(_PACKAGE),
    "*.props": _every(_PACKAGE),
    "*.targets": _every(_PACKAGE),
    "pom.xml": _every(_MAVEN),
    "build.gradle": _every(_GRADLE),
    "build.gradle.kts": _every(_GRADLE),
    "Gemfile": _every(_GEM),
}
