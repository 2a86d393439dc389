"""The files that say how a module is built, tested and formatted: those nearest above its sources."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from redimento.context.languages import language

_SCRIPT: Final = r"package\.json"
# By the language of a source: what builds its module, and what else says how code is written there.
_MANIFESTS: Final = {
    "python": re.compile(r"pyproject\.toml|setup\.(?:py|cfg)"),
    "javascript": re.compile(_SCRIPT),
    "typescript": re.compile(_SCRIPT),
    "csharp": re.compile(r"[^/]+\.csproj"),
    "java": re.compile(r"pom\.xml|build\.gradle(?:\.kts)?"),
    "go": re.compile(r"go\.mod"),
    "rust": re.compile(r"Cargo\.toml"),
}
_FURTHER: Final = {
    "python": re.compile(
        r"tox\.ini|pytest\.ini|\.?ruff\.toml|\.flake8|mypy\.ini|(?:dev-|test-)?requirements(?:[-_]?(?:dev|test|tests))?\.txt"
    ),
    "javascript": re.compile(r"\.prettierrc(?:\.\w+)?|\.eslintrc(?:\.\w+)?|eslint\.config\.\w+|biome\.jsonc?"),
    "typescript": re.compile(
        r"tsconfig\.json|\.prettierrc(?:\.\w+)?|\.eslintrc(?:\.\w+)?|eslint\.config\.\w+|biome\.jsonc?"
    ),
    "csharp": re.compile(r"Directory\.(?:Build|Packages)\.props|\.editorconfig"),
    "go": re.compile(r"\.golangci\.(?:ya?ml|toml|json)"),
    "rust": re.compile(r"\.?rustfmt\.toml"),
}


def manifests(paths: Iterable[str], sources: Sequence[str]) -> tuple[str, ...]:
    """Return the files that build the modules of `sources`: for each the nearest folder above that has one."""
    return _nearest(paths, sources, _MANIFESTS)


def further_settings(paths: Iterable[str], sources: Sequence[str]) -> tuple[str, ...]:
    """Return the files besides that say how the code of `sources` is tested, checked and formatted, nearest first."""
    return _nearest(paths, sources, _FURTHER)


def family(path: str) -> str:
    """Return the language of a source; "tsx" is TypeScript here."""
    name = language(path)
    return "typescript" if name == "tsx" else name


def _nearest(paths: Iterable[str], sources: Sequence[str], wanted: dict[str, re.Pattern[str]]) -> tuple[str, ...]:
    families = {family(source) for source in sources} & wanted.keys()
    known: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path in paths:
        folder, _, name = path.rpartition("/")
        for one in families:
            if wanted[one].fullmatch(name):
                known[one, folder].append(path)
    found = (path for source in sources for path in _above(source, known))
    return tuple(dict.fromkeys(found))


def _above(source: str, known: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    """Yield the files of the nearest folder above that has any."""
    folder = source
    while folder:
        folder = folder.rpartition("/")[0]
        own = known.get((family(source), folder))
        if own:
            yield from sorted(own)
            return
