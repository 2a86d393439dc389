"""Dependencies that a change adds to a manifest, or takes in another version or from another source."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from defusedxml.ElementTree import fromstring

from redimento.change.edit import Dependency, FileChange
from redimento.change.guards.data_syntax import parse_toml

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
_PROPERTY = re.compile(r"\$\{([\w.-]{1,100})\}")
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
_SOURCE = re.compile(r"(?:[a-z+]+:|\.{0,2}/|~/|[\w.-]+/[\w.-]+(?:#|$))")
_SOURCES = ("git", "url", "path", "file", "registry", "registry-index", "index", "source", "package", "workspace")
_VERSIONS = ("version", "rev", "tag", "branch", "ref")
# In JSON and TOML: tables such as `a = "1"` and `b = {git = "…", rev = "…"}`, lists of requirements, groups of such lists.
_TABLES = """
dependencies devDependencies peerDependencies optionalDependencies require require-dev packages dev-packages sources
dev-dependencies build-dependencies
"""
_LISTS = ("dependencies", "requires")
_GROUPS = ("optional-dependencies", "dependency-groups")
_DOTNET = (
    "PackageReference", "PackageVersion", "GlobalPackageReference", "DotNetCliToolReference", "PackageDownload", "package",
)  # fmt: skip
_MAVEN = ("dependency", "plugin", "extension", "parent")
_LONGEST = 200  # characters of a version, which may be a property that is named a thousand times


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
            versions[version.strip()[:_LONGEST]] = sources[source.strip()[:_LONGEST]] = None
    except (
        ValueError,
        SyntaxError,
        RecursionError,
        AttributeError,
        TypeError,
    ):  # the manifest is broken, or not a manifest
        pass
    return {name: (_joined(versions), _joined(sources)) for name, (versions, sources) in found.items()}


def _joined(words: Iterable[str]) -> str:
    return ", ".join(filter(None, words))


def _reader(path: str) -> Callable[[str], _Stated] | None:
    name = PurePosixPath(path).name
    if name.endswith((".txt", ".in")) and PurePosixPath(path).parent.name == "requirements":
        return _requirements
    return next((reader for pattern, reader in _READERS.items() if fnmatchcase(name, pattern)), None)


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


def _tables(manifest: Mapping[str, Any]) -> _Stated:
    for key, value in manifest.items():
        if key in _LISTS and isinstance(value, list):
            yield from _named(value)
        elif key in _GROUPS:
            for group in value.values():
                yield from _named(group)
        elif key in _TABLES.split() and isinstance(value, Mapping):
            for name, stated in value.items():
                yield from _stated(name, stated)
        elif isinstance(value, Mapping):
            yield from _tables(value)


def _stated(name: str, value: Any) -> _Stated:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, Mapping):
            version, source = (_joined(str(one[key]) for key in keys if key in one) for keys in (_VERSIONS, _SOURCES))
            yield name, version, source
        elif one is value and name != "python":
            yield (name, "", str(one)) if _SOURCE.match(str(one)) else (name, str(one), "")


def _gradle_catalog(text: str) -> _Stated:
    manifest = parse_toml(text)
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


def _elements(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name of each XML element, with the texts of the elements in it and its attributes."""
    for element in fromstring(text).iter():
        inside = {_local(child.tag): (child.text or "").strip() for child in element}
        yield _local(element.tag), inside | element.attrib


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _dotnet(text: str) -> _Stated:
    for kind, said in _elements(text):
        if kind in _DOTNET and (name := said.get("Include") or said.get("Update") or said.get("id")):
            yield name, said.get("VersionOverride") or said.get("Version") or said.get("version", ""), ""


def _maven(text: str) -> _Stated:
    elements = list(_elements(text))
    properties = {name: value for _, said in elements for name, value in said.items()}
    for kind, said in elements:
        if kind in _MAVEN and "artifactId" in said:
            # `${some.version}` says nothing when the property is what changed.
            version = _PROPERTY.sub(lambda found: properties.get(found[1], found[0]), said.get("version", ""))
            yield f"{said.get('groupId', 'org.apache.maven.plugins')}:{said['artifactId']}", version, ""


def _every(pattern: re.Pattern[str]) -> Callable[[str], _Stated]:
    def read(text: str) -> _Stated:
        for found in pattern.finditer(text):
            groups = found.groupdict()
            yield groups["name"], groups["version"] or "", groups.get("source") or ""

    return read


_READERS: dict[str, Callable[[str], _Stated]] = {
    **dict.fromkeys(("package.json", "composer.json"), lambda text: _tables(json.loads(text))),
    **dict.fromkeys(("*requirements*.txt", "*constraints*.txt", "requirements*.in"), _requirements),
    **dict.fromkeys(("pyproject.toml", "Pipfile", "Cargo.toml"), lambda text: _tables(parse_toml(text))),
    "*.versions.toml": _gradle_catalog,
    "go.mod": _go,
    **dict.fromkeys(("*.??proj", "*.???proj", "*.props", "*.targets", "packages.config"), _dotnet),
    "pom.xml": _maven,
    **dict.fromkeys(("build.gradle", "build.gradle.kts"), _every(_GRADLE)),
    "Gemfile": _every(_GEM),
}
