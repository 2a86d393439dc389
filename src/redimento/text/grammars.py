"""The tree-sitter grammars that are installed, by language and by file name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Language

_GRAMMARS: Final = {
    "python": ("tree_sitter_python", "language", "py pyi"),
    "javascript": ("tree_sitter_javascript", "language", "js jsx mjs cjs"),
    "typescript": ("tree_sitter_typescript", "language_typescript", "ts mts cts"),
    "tsx": ("tree_sitter_typescript", "language_tsx", "tsx"),
    "go": ("tree_sitter_go", "language", "go"),
    "java": ("tree_sitter_java", "language", "java"),
    "rust": ("tree_sitter_rust", "language", "rs"),
    "csharp": ("tree_sitter_c_sharp", "language", "cs csx"),
}
_BY_ENDING: Final = {ending: name for name, (_, _, endings) in _GRAMMARS.items() for ending in endings.split()}


def language_of(path: str) -> str:
    """Return the language whose grammar reads the file ("tsx" apart from "typescript"), "" when none does."""
    return _BY_ENDING.get(path.rpartition("/")[2].rpartition(".")[2].lower(), "")


@cache
def grammar(language: str) -> Language:
    """Return the grammar of one of the languages that `language_of` names."""
    from tree_sitter import Language  # noqa: PLC0415  a native library that most commands never need

    module, function, _ = _GRAMMARS[language]
    return Language(getattr(import_module(module), function)())
