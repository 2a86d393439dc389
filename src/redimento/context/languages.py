"""What a file is, by its path: its language, and whether it is a test, documentation or data."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, Literal

Role = Literal["source", "test", "prose", "data"]

_BY_EXTENSION: Final = {
    **dict.fromkeys(("py", "pyi", "pyx"), "python"),
    **dict.fromkeys(("ts", "mts", "cts"), "typescript"),
    "tsx": "tsx",
    **dict.fromkeys(("js", "jsx", "mjs", "cjs"), "javascript"),
    **dict.fromkeys(("cs", "csx"), "csharp"),
    "java": "java",
    "go": "go",
    "rs": "rust",
}
_OTHER_SOURCE_TEXT: Final = (
    "c h cc cpp cxx hpp hh m mm kt kts scala swift rb php pl pm lua ex exs erl hs ml fs fsx vb dart groovy "
    "clj jl r vue svelte html htm cshtml razor xaml tpl jinja j2 hbs ejs css scss sass less pcss sql proto "
    "graphql thrift sh bash ps1 psm1 bat cmd tf bicep"
)
_OTHER_SOURCE: Final = frozenset(_OTHER_SOURCE_TEXT.split())
_PROSE_TEXT: Final = "md markdown rst txt adoc asciidoc org tex"
_PROSE: Final = frozenset(_PROSE_TEXT.split())
_TEST: Final = re.compile(
    r"(?:^|/)(?:tests?|__tests__|__mocks__|specs?|testdata|testing|fixtures|e2e|cypress|playwright|benches"
    r"|(?:integration|unit|functional)[-_]?tests?|test[-_]utils|[\w.]*\.(?:Unit|Integration)?Tests?)/"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_tests?|conftest|tests|[^/]*[.-](?:test|spec|stories))\.\w+$"
    r"|(?:Tests?|TestCase)\.(?:cs|java|kt)$",
)
_LARGEST_NAME: Final = 12


@cache
def extension(name: str) -> str:
    """Return the extension of a file name in lower case, without the dot; "" if there is none."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem and len(ending) <= _LARGEST_NAME else ""


@lru_cache(maxsize=100_000)  # called several times per file
def language(path: str) -> str:
    """Return the language whose grammar reads the file ("tsx" is not "typescript"), "" if none does."""
    return _BY_EXTENSION.get(extension(path.rpartition("/")[2]), "")


@lru_cache(maxsize=100_000)  # called several times per file
def role(path: str) -> Role:
    """Return the role of a file: source code, a test or its material, prose, or data and configuration."""
    ending = extension(path.rpartition("/")[2])
    if ending in _BY_EXTENSION or ending in _OTHER_SOURCE:
        return "test" if is_test(path) else "source"
    return "prose" if ending in _PROSE else "data"


def is_test(path: str) -> bool:
    """Return whether the path is that of a test, or of something that only tests use."""
    return _TEST.search(path) is not None


def main_language(paths: list[str]) -> str:
    """Return the language of most source files ("tsx" counts as "typescript"), "" if none is known."""
    counts: dict[str, int] = {}
    for path in paths:
        name = language(path)
        if name:
            name = "typescript" if name == "tsx" else name
            counts[name] = counts.get(name, 0) + 1
    return max(sorted(counts), key=lambda name: counts[name], default="")
