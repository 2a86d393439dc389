"""Dependencies that a change adds to a manifest, or takes in another version or from another source."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from redimento.change.edit import Dependency, FileChange
from redimento.change.guards import toml

_Stated = Iterator[tuple[str, str, str]]  # name, version, source: as in `Dependency`

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:@\s*(?P<source>[^\s;]+)|(?P<version>[^;#]*))"
)
_BARE_ADDRESS = re.compile(r"\s*(?:(?:-e|--editable)[ =]+)?(?P<source>(?:[a-z+]+:)?//?\S+|[a-z]+\+\S+|\.{1,2}/\S*)")
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
# Each of these reads a line or an element once: `^\s*` took 22 s for a go.mod of 40,000 line breaks, because it crosses them.
_GO_REQUIRE = re.compile(
    r"^[ \t]*(?:require[ \t]+)?(?P<name>[\w-]++(?:\.[\w-]++)++/\S+)[ \t]+(?P<version>v\d\S*)[ \t]*(?://[^\n]*)?$",
    re.MULTILINE,
)
_GO_REPLACE = re.compile(
    r"^[ \t]*(?:replace[ \t]+)?(?P<name>[\w-]++(?:\.[\w-]++)++/\S+)(?:[ \t]+v\S+)?[ \t]+=>[ \t]+(?P<source>\S+)(?:[ \t]+(?P<version>v\S+))?",
    re.MULTILINE,
)
_PACKAGE = re.compile(
    r"<(?:PackageReference|PackageVersion|GlobalPackageReference|DotNetCliToolReference|PackageDownload)\s(?P<attributes>[^<>]{1,1000})>"
    r"(?:\s*<Version>(?P<version>[^<]{1,100})</Version>)?"
)
_INSTALLED = re.compile(r"<package\s([^<>]{1,1000})>")  # of packages.config
_ANY_ATTRIBUTE = re.compile(r"(\w{1,40})\s*=\s*[\"']([^\"']{1,200})[\"']")
_ATTRIBUTE = re.compile(r"\b(Include|Update|Version|VersionOverride)\s*=\s*[\"']([^\"']{1,200})[\"']")
_MAVEN = re.compile(r"<(?:dependency|plugin|extension|parent)>")
_MAVEN_PART = re.compile(
    r"<(groupId|artifactId|version)>([^<]{1,200})</|<(?:/(?:dependency|plugin|extension|parent)|exclusions|dependencies|executions|configuration)>"
)
_MOST_OF_ONE = 2_000  # characters of a Maven dependency that are looked at
_PROPERTY = re.compile(r"\$\{([\w.-]{1,100})\}")
_PROPERTY_VALUE = re.compile(r"<([\w.-]{1,100})>([^<>]{1,100})</")
_GRADLE = re.compile(
    r"^[ \t]*(?:api|implementation|compileOnly|runtimeOnly|annotationProcessor|kapt|ksp|classpath|test\w+)[\s(]+"
    r"(?:platform\()?[\"'](?P<name>[^\"':]{1,200}:[^\"':]{1,200})(?::(?P<version>[^\"']{1,100}))?[\"']",
    re.MULTILINE,
)
_GEM = re.compile(
    r"^[ \t]*gem[ \t]+[\"'](?P<name>[^\"']{1,200})[\"'](?:,[ \t]*[\"'](?P<version>[^\"']{1,100})[\"'])?"
    r"(?:[^\n]{0,200}?\b(?:git|github|path|source)(?::|[ \t]*=>)[ \t]*[\"'](?P<source>[^\"']{1,200})[\"'])?",
    re.MULTILINE,
)
# A version of npm that is none: an address, a path, a repository of GitHub, another package.
_NPM_SOURCE = re.compile(r"(?:[a-z+]+:|\.{0,2}/|~/|[\w.-]+/[\w.-]+(?:#|$))")
_SOURCES = ("git", "url", "path", "file", "registry", "registry-index", "index", "source", "package", "workspace")
_VERSIONS = ("version", "rev", "tag", "branch", "ref")


def new_dependencies(files: Iterable[FileChange]) -> tuple[Dependency, ...]:
    """Return the dependencies that the manifests of the change name, and did not name like that before."""
    found: list[Dependency] = []
    for file in files:
        stated = _reader(file.path)
        if stated and file.after is not None:
            before, after = _read(stated, file.before or b""), _read(stated, file.after)
            for name, version_and_source in after.items():
                if name not in before:
                    found.append(Dependency(name, file.path, *version_and_source))
                elif version_and_source != before[name]:
                    was = " from ".join(filter(None, before[name])) or "any version"
                    found.append(Dependency(name, file.path, *version_and_source, was))
    return tuple(sorted(found, key=lambda one: (one.manifest, one.name)))


def _read(stated: Callable[[str], _Stated], content: bytes) -> dict[str, tuple[str, str]]:
    """Return version and source by name; of a dependency that is named twice, all of them."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    try:
        for name, version, source in stated(content.decode("utf-8-sig", "replace")):
            versions, sources = found.setdefault(name, ({}, {}))
            versions[version.strip()] = sources[source.strip()] = None
    except (ValueError, RecursionError, AttributeError, TypeError):  # the manifest is broken, or not a manifest
        pass
    return {name: (_joined(versions), _joined(sources)) for name, (versions, sources) in found.items()}


def _joined(words: Iterable[str]) -> str:
    return ", ".join(filter(None, words))


def _reader(path: str) -> Callable[[str], _Stated] | None:
    name = PurePosixPath(path).name
    if name.endswith((".txt", ".in")) and PurePosixPath(path).parent.name == "requirements":
        return _requirements
    return next((reader for pattern, reader in _READERS.items() if fnmatchcase(name, pattern)), None)


def _package_json(text: str) -> _Stated:
    manifest = json.loads(text)
    for kind in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        for name, version in (manifest.get(kind) or {}).items():
            is_source = _NPM_SOURCE.match(version)
            yield (name, "", version) if is_source else (name, version, "")


def _composer(text: str) -> _Stated:
    manifest = json.loads(text)
    for kind in ("require", "require-dev"):
        yield from ((name, version, "") for name, version in (manifest.get(kind) or {}).items())


def _requirements(text: str) -> _Stated:
    for line in text.split("\n"):
        if address := _BARE_ADDRESS.match(line):
            source = address["source"]
            egg = _EGG.search(source)
            yield egg[1] if egg else source, "", source
        elif not line.lstrip().startswith(("#", "-")):
            yield from _named([line.partition(" #")[0].rstrip("\\ ")])


def _named(requirements: Iterable[Any]) -> _Stated:
    for requirement in requirements:
        if isinstance(requirement, str) and (found := _REQUIREMENT.match(requirement)):
            yield found["name"], (found["version"] or "").partition(" --hash")[0], found["source"] or ""


def _pyproject(text: str) -> _Stated:
    manifest = toml.parse(text)
    project, tools = manifest.get("project", {}), manifest.get("tool", {})
    yield from _named(project.get("dependencies", ()))
    for group in [*project.get("optional-dependencies", {}).values(), *manifest.get("dependency-groups", {}).values()]:
        yield from _named(group)
    yield from _named(manifest.get("build-system", {}).get("requires", ()))
    poetry = tools.get("poetry", {})
    for table in [poetry, *poetry.get("group", {}).values()]:
        yield from _tables(table, "dependencies", "dev-dependencies")
    yield from _tables(tools.get("uv", {}), "sources")


def _pipfile(text: str) -> _Stated:
    yield from _tables(toml.parse(text), "packages", "dev-packages")


def _cargo(text: str) -> _Stated:
    manifest = toml.parse(text)
    for table in [manifest, manifest.get("workspace", {}), *manifest.get("target", {}).values()]:
        yield from _tables(table, "dependencies", "dev-dependencies", "build-dependencies")


def _tables(table: Mapping[str, Any], *kinds: str) -> _Stated:
    """Yield what tables such as `a = "1"` and `b = {git = "…", rev = "…"}` state."""
    for kind in kinds:
        for name, value in table.get(kind, {}).items():
            if isinstance(value, Mapping):
                version, source = (
                    _joined(str(value[key]) for key in keys if key in value) for keys in (_VERSIONS, _SOURCES)
                )
                yield name, version, source
            elif name != "python":
                yield name, value if isinstance(value, str) else str(value), ""


def _gradle_catalog(text: str) -> _Stated:
    manifest = toml.parse(text)
    versions = manifest.get("versions", {})
    for kind, key in (("libraries", "module"), ("plugins", "id")):
        for value in manifest.get(kind, {}).values():
            if isinstance(value, str):
                name, _, version = value.rpartition(":")
            else:
                version = value.get("version", "")
                version = versions.get(version.get("ref"), version) if isinstance(version, Mapping) else version
                name = value.get(key) or f"{value.get('group')}:{value.get('name')}"
            yield name, str(version), ""


def _go(text: str) -> _Stated:
    yield from ((found["name"], found["version"], "") for found in _GO_REQUIRE.finditer(text))
    for found in _GO_REPLACE.finditer(text):
        yield found["name"], found["version"] or "", found["source"]


def _dotnet(text: str) -> _Stated:
    for found in _PACKAGE.finditer(text):
        attributes = dict(_ATTRIBUTE.findall(found["attributes"]))
        if name := attributes.get("Include") or attributes.get("Update"):
            yield name, attributes.get("VersionOverride") or attributes.get("Version") or found["version"] or "", ""


def _packages_config(text: str) -> _Stated:
    for found in _INSTALLED.finditer(text):
        attributes = {name.lower(): value for name, value in _ANY_ATTRIBUTE.findall(found[1])}
        if name := attributes.get("id"):
            yield name, attributes.get("version", ""), ""


def _maven(text: str) -> _Stated:
    properties = dict(_PROPERTY_VALUE.findall(text))
    for found in _MAVEN.finditer(text):
        parts: dict[str, str] = {}
        for part in _MAVEN_PART.finditer(text, found.end(), found.end() + _MOST_OF_ONE):
            if not part[1]:
                break
            parts.setdefault(part[1], part[2].strip())
        if name := parts.get("artifactId"):
            version = parts.get("version", "")
            # `${some.version}` says nothing when the property is what changed.
            if stated := _PROPERTY.fullmatch(version):
                version = properties.get(stated[1], version)
            yield f"{parts.get('groupId', 'org.apache.maven.plugins')}:{name}", version, ""


def _every(pattern: re.Pattern[str]) -> Callable[[str], _Stated]:
    def read(text: str) -> _Stated:
        for found in pattern.finditer(text):
            groups = found.groupdict()
            yield groups["name"], groups["version"] or "", groups.get("source") or ""

    return read


_READERS: dict[str, Callable[[str], _Stated]] = {
    "package.json": _package_json,
    "composer.json": _composer,
    "*requirements*.txt": _requirements,
    "*constraints*.txt": _requirements,
    "requirements*.in": _requirements,
    "pyproject.toml": _pyproject,
    "Pipfile": _pipfile,
    "Cargo.toml": _cargo,
    "*.versions.toml": _gradle_catalog,
    "go.mod": _go,
    **dict.fromkeys(("*.??proj", "*.???proj", "*.props", "*.targets"), _dotnet),
    "packages.config": _packages_config,
    "pom.xml": _maven,
    "build.gradle": _every(_GRADLE),
    "build.gradle.kts": _every(_GRADLE),
    "Gemfile": _every(_GEM),
}
