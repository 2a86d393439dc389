"""The Base port on a commit of a checkout."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from redimento.change.base import Recorded
from redimento.errors import GitError
from redimento.repository.attributes import attributes
from redimento.repository.store import PrivateGit, private_git
from redimento.repository.tree import GitTree

_REGULAR: Final = ("100644", "100755")
_MOST_PATTERNS: Final = 40
_LONGEST_PATTERN: Final = 120  # characters


@dataclass(frozen=True)
class CommitBase:
    """The commit of `tree`, which a change of the checkout goes onto.

    With `uncommitted`, nothing will be committed: local modifications and files that git does not track may be edited.
    """

    tree: GitTree
    uncommitted: bool = False

    @cached_property
    def filtered(self) -> tuple[str, ...]:
        """Return the first patterns of .gitattributes that put files behind a filter, relative to the root."""
        rules = [path for path in self._listed if path.rpartition("/")[2] == ".gitattributes" and self._is_file(path)]
        found = (
            pattern
            for path, content in (self.tree.read(rules) if rules else ())
            for pattern in _filter_patterns(path.rpartition("/")[0], content.decode(errors="replace"))
        )
        return tuple(dict.fromkeys(found))[:_MOST_PATTERNS]

    def look(self, root: Path, paths: Collection[str], largest: int) -> Mapping[str, Recorded]:
        """Return what the commit says about each path; see the port. Raises GitError."""
        if not paths:
            return {}
        paths = sorted(paths)
        with private_git(self.tree.checkout.store, work_tree=root) as git:
            # The rules count as they are in the commit, so git looks for them in an empty tree and in the index.
            clean = replace(git, work_tree=git.folder.parent / "commit")
            clean.work_tree.mkdir()
            rules = self._rules(paths)
            self._stage(clean, rules)
            stored = attributes(clean, sorted({*paths, *rules}))
            plain = {path for path in stored if self._is_file(path) and not stored[path].filter}
            self._stage(clean, plain - rules)
            changed, missing = _differing(git, plain.intersection(paths))
            skipped = self._skipped(git, missing)
            # A partial clone may lack some of them.
            wanted = "".join(f"{path}\0" for path in skipped | (rules & plain))
            clean.try_run("checkout-index", "--force", "-z", "--stdin", stdin=wanted.encode())
            lost = {rule for rule in rules if not (clean.work_tree / rule).is_file()}
            ignored, excepted = self._ignored(clean, [path for path in paths if path not in self._listed])
            return {
                path: replace(
                    self._recorded(path),
                    filter=stored[path].filter,
                    encoding=stored[path].encoding,
                    ignored=path in ignored,
                    excepted=path in excepted,
                    modified=path in (changed | missing - skipped) and not self.uncommitted,
                    skipped=path in skipped,
                    content=_content(clean.work_tree / path, largest) if path in skipped else None,
                    unknown_rules=next((rule for rule in _rules_above(path) if rule in lost), ""),
                )
                for path in paths
            }

    def names_in(self, folder: str) -> Collection[str]:
        return self._names.get(folder, frozenset())

    @property
    def _listed(self) -> Mapping[str, str]:
        return self.tree.listed

    @cached_property
    def _names(self) -> Mapping[str, Collection[str]]:
        """Folder → the names in it."""
        names: dict[str, set[str]] = {"": set()}
        for path in self._listed:
            folder, _, name = path.rpartition("/")
            while folder not in names:
                names[folder] = {name}
                folder, _, name = folder.rpartition("/")
            names[folder].add(name)
        return names

    def _is_file(self, path: str) -> bool:
        return self._listed.get(path, "").startswith(_REGULAR)

    def _recorded(self, path: str) -> Recorded:
        head = self._listed.get(path, "")
        if self._is_file(path):
            return Recorded("file", int(head[:6], 8))
        if head:
            return Recorded("submodule" if head.startswith("160000") else "link")
        if path in self._names:
            return Recorded("folder")
        above = next((folder for folder in _above(path) if folder in self._listed), "")
        return Recorded("unknown" if self.uncommitted else "absent", above=above)

    def _rules(self, paths: Collection[str]) -> AbstractSet[str]:
        """Return the files with rules for the paths."""
        return {rule for path in paths for rule in _rules_above(path) if self._is_file(rule)}

    def _stage(self, git: PrivateGit, paths: Collection[str]) -> None:
        """Add files of the commit to the private index."""
        heads = ((path, self._listed[path].rpartition(" ")[0].rstrip()) for path in paths)  # without the size
        lines = "".join(f"{head}\t{path}\0" for path, head in heads)
        git.run("update-index", "-z", "--index-info", stdin=lines.encode())

    def _skipped(self, git: PrivateGit, missing: AbstractSet[str]) -> AbstractSet[str]:
        """Return which of the missing files the index marks as left out or unchanging: nobody deleted those."""
        if not missing:
            return frozenset()
        index = {"GIT_INDEX_FILE": str(self.tree.checkout.store.index)}
        listed = git.try_run("ls-files", "-v", "-z", "--", *sorted(missing), environment=index).stdout.decode()
        entries = (entry.partition(" ") for entry in listed.split("\0") if entry)
        # "S": skip-worktree; lower case: assume-unchanged (git-ls-files, option -v).
        return frozenset(path for mark, _, path in entries if mark == "S" or mark.islower())

    def _ignored(self, clean: PrivateGit, new: Sequence[str]) -> tuple[AbstractSet[str], AbstractSet[str]]:
        """Return the new paths that are excluded, apart from those beside which excluded files are tracked, and those."""
        excluded = _excluded(clean, new)
        folders = {path.rpartition("/")[0] for path in excluded}
        beside = [path for folder in folders for path in self._files_in(folder)]
        usual = {(path.rpartition("/")[0], rule) for path, rule in _excluded(clean, beside).items()}
        excepted = frozenset(path for path, rule in excluded.items() if (path.rpartition("/")[0], rule) in usual)
        return excluded.keys() - excepted, excepted

    def _files_in(self, folder: str) -> Iterator[str]:
        paths = (f"{folder}/{name}".removeprefix("/") for name in self.names_in(folder))
        return (path for path in paths if self._is_file(path))


def _above(path: str) -> Iterator[str]:
    """Yield the folders above a path, outermost first, without the root."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _rules_above(path: str) -> Iterator[str]:
    for folder in ("", *_above(path)):
        for name in (".gitattributes", ".gitignore"):
            yield f"{folder}/{name}".removeprefix("/")


def _differing(git: PrivateGit, named: AbstractSet[str]) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Return which of the staged files differ in the working tree, as git stores files, and which it lacks."""
    listed = git.run("diff", "--name-status", "--no-renames", "--no-ext-diff", "--ignore-submodules", "-z", "--")
    fields = listed.decode().split("\0")[:-1]
    states = dict(zip(fields[1::2], fields[::2], strict=True))
    missing = {path for path, state in states.items() if state == "D"}
    return (states.keys() - missing) & named, missing & named


def _excluded(clean: PrivateGit, paths: Sequence[str]) -> Mapping[str, str]:
    """Return the excluded ones of the paths, each with its rule: file, line and pattern."""
    if not paths:
        return {}
    # The commit's own rules: neither those of the user nor of this clone.
    ended = clean.try_run(
        *("-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "--verbose", "-z", "--stdin"),
        # Without literal pathspecs, which check-ignore does not have, a colon would begin a pattern.
        stdin="".join(f"{path}\0" for path in paths if path[0] != ":").encode(errors="surrogateescape"),
        environment={"GIT_LITERAL_PATHSPECS": "0"},
    )
    if ended.status not in {0, 1}:
        raise GitError(f"git check-ignore failed: {ended.stderr}", "Check the .gitignore files of the repository.")
    fields = ended.stdout.decode(errors="surrogateescape").split("\0")[:-1]
    rules = zip(fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=True)
    # Verbose, git also names paths that a pattern with "!" takes back.
    return {path: f"{file}:{line}:{rule}" for file, line, rule, path in rules if not rule.startswith("!")}


def _content(file: Path, largest: int) -> bytes | None:
    try:
        return file.read_bytes() if file.stat().st_size <= largest else None
    except FileNotFoundError:
        return None


def _filter_patterns(folder: str, text: str) -> Iterator[str]:
    """Yield the patterns of one .gitattributes file that set a filter, also through a macro, relative to the root."""
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    macros = {line[0].removeprefix("[attr]") for line in lines if line and line[0].startswith("[attr]") and _sets(line)}
    for line in lines:
        if not line or line[0].startswith("[attr]") or not (_sets(line) or macros.intersection(line[1:])):
            continue
        pattern = line[0]
        if folder:
            pattern = f"{folder}/{'' if '/' in pattern else '**/'}{pattern.removeprefix('/')}"
        if pattern.isprintable() and len(pattern) <= _LONGEST_PATTERN:
            yield pattern


def _sets(line: Sequence[str]) -> bool:
    return any(word.startswith("filter=") for word in line[1:])
