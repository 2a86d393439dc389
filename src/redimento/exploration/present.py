"""The files as they are: the tree with the change so far, without what may not be shown."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Final
from unicodedata import normalize

from redimento.context import exclusion
from redimento.context.imports import module_parts
from redimento.context.languages import language, role
from redimento.context.segments import Segment, cut
from redimento.context.survey import listed
from redimento.context.tree import Entry, Tree, texts
from redimento.exploration.wish import Changed
from redimento.text.redaction import Secrets

_ONE_SEARCH: Final = 200_000_000  # bytes: two seconds; what promises least is left out
_PARSING: Final = 12  # bytes that are searched in the time in which one is parsed
_LONGEST_ROW: Final = 200  # characters
_ORDER: Final = {"source": 0, "test": 1, "data": 2, "prose": 2}


@dataclass
class Allowance:
    """The bytes that the wishes of one answer may still search, together: some fifteen seconds."""

    left: int = 1_500_000_000


@dataclass(frozen=True)
class Present:
    """`tree` with what `changed` says, limited to the files that may be shown.

    `committed`: path → bytes of each file of `tree`; `sizes`: of those that may be shown, as they are now. `best`: path →
    place among the files that the context selection took for likely. `secrets`: of the run, which no text may show.
    """

    tree: Tree
    committed: Mapping[str, int]
    sizes: Mapping[str, int]
    changed: Changed
    exclude: Sequence[str]
    best: Mapping[str, int]
    secrets: Secrets
    allowance: Allowance = field(default_factory=Allowance)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file that is there, in the order asked for."""
        wanted = list(paths)
        unchanged = self.tree.read(path for path in wanted if path not in self.changed)
        following = next(unchanged, None)
        for path in wanted:
            content = self.changed.get(path)
            if content is not None:
                yield path, content
            elif following is not None and following[0] == path:
                yield following
                following = next(unchanged, None)

    def row(self, line: str) -> str:
        """Return the beginning of a line without secrets: in one that is cut first, the half of a secret would stay."""
        return self.secrets.redact(line[: _LONGEST_ROW + self.secrets.longest])[:_LONGEST_ROW]

    def lines(self, path: str) -> list[str] | None:
        """Return the lines of a file without secrets; None if it is binary or cannot be read."""
        content = next((content for _, content in texts(self, [path])), None)
        if content is None:
            return None
        lines = content.removesuffix("\n").split("\n")
        return [*map(self.secrets.redact, lines)] if self.secrets.reveals(content) else lines

    def affordable(self, paths: Sequence[str]) -> Sequence[str]:
        """Return the first of `paths`: as many as one search may read. They count as read."""
        allowed = min(_ONE_SEARCH, self.allowance.left)
        sizes = list(accumulate(self.sizes[path] for path in paths))
        within = bisect_right(sizes, allowed)
        self.allowance.left -= sizes[within - 1] if within else 0
        return paths[:within]

    def searched(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and text (UTF-8, LF, without the last one) of each text file, in the order asked for."""
        for path, content in texts(self, paths):
            yield path, content.replace("\r\n", "\n").removesuffix("\n").encode("utf-8", "replace")

    def segments(self, path: str, content: str | bytes) -> tuple[Segment, ...]:
        """Return how a file is cut at its definitions; nothing if no grammar reads it, or no allowance is left."""
        plain = content.encode("utf-8", "replace") if isinstance(content, str) else content
        cost = _PARSING * len(plain)
        if not language(path) or cost > self.allowance.left:
            return ()
        self.allowance.left -= cost
        return cut(plain, language(path))

    def why_hidden(self, path: str) -> str:
        """Return why an existing file may not be shown, as the end of a sentence; "" if there is no such file."""
        content = self.changed.get(path)
        size = self.committed.get(path) if content is None else len(content)
        return "" if size is None else exclusion.reason(path, size, self.exclude)

    def promising(self, words: Iterable[str] = ()) -> list[str]:
        """Return what to search: the likely files, then those whose path has `words` (lower case), source, tests, the rest."""
        wanted = list(words)
        paths = [path for path in self.sizes if not exclusion.is_snapshot(path)]
        return sorted(paths, key=lambda path: (self.unlikeliness(path, wanted), path))

    def unlikeliness(self, path: str, words: Sequence[str]) -> tuple[int, int, int]:
        """Return what orders paths as `promising` does."""
        lower = path.lower()
        return self.best.get(path, len(self.best)), -sum(word in lower for word in words), _ORDER[role(path)]

    @cached_property
    def folders(self) -> Counter[str]:
        """Folder → number of files in it and below; "" is the root."""
        counts: Counter[str] = Counter()
        for path in self.sizes:
            folder = path
            while folder:
                folder = folder.rpartition("/")[0]
                counts[folder] += 1
        return counts

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """File name as `folded` → paths."""
        return _grouped((folded(path.rpartition("/")[2]), path) for path in self.sizes)

    @cached_property
    def by_module(self) -> dict[str, list[str]]:
        """Last part of the name under which code imports a file → paths."""
        return _grouped((module_parts(path)[-1], path) for path in self.sizes)


def unchanged(tree: Tree, exclude: Sequence[str], best: Sequence[str], secrets: Secrets) -> Present:
    """Return `tree` without a change. `exclude`: as in the settings; `best`: the likely files, the likeliest first."""
    entries = tree.entries()
    places = {path: place for place, path in reversed(list(enumerate(best)))}
    return Present(tree, _sizes(entries), _sizes(listed(entries, exclude)), {}, exclude, places, secrets)


def with_change(present: Present, changed: Changed) -> Present:
    """Return the files with the change, and a new allowance."""
    new = [Entry(path, len(content)) for path, content in changed.items() if content is not None]
    kept = {path: size for path, size in present.sizes.items() if path not in changed}
    sizes = dict(sorted({**kept, **_sizes(listed(new, present.exclude))}.items()))
    return replace(present, sizes=sizes, changed=changed, allowance=Allowance())


def _sizes(entries: Iterable[Entry]) -> dict[str, int]:
    return {entry.path: entry.size for entry in entries}


def folded(path: str) -> str:
    """Return `path` as it is compared when its spelling may differ: in case, and in the form of accented letters."""
    return path.lower() if path.isascii() else normalize("NFC", path).casefold()


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, path in pairs:
        groups.setdefault(key, []).append(path)
    return groups
