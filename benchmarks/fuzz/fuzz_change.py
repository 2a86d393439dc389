"""Send random edits through plan, guards, writer and commit, in generated repositories.

    TMPDIR=/dev/shm python benchmarks/fuzz/fuzz_change.py --seconds 300 [--seed 1] [--commit-every 25]

Each repository has a submodule, links, a filter, ignored files, scripts, encodings and line ends, and may be sparse. It
fails if anything raises, a protected path is planned, a file outside the root or one that the change does not name is
written, the tree differs after it was restored, or the commit's raw diff is not the change.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from redimento.change import writer
from redimento.change.base import Recorded
from redimento.change.edit import NO_CHANGE, Change, Delete, Edit, FileChange, Rename, Replace, WriteWhole
from redimento.change.guards.paths import problem
from redimento.change.guards.protected import is_protected
from redimento.change.plan import plan
from redimento.repository.base import CommitBase
from redimento.repository.checkout import Checkout, open_checkout
from redimento.repository.commits import commit_change
from redimento.repository.tree import GitTree
from redimento.settings import ChangeSettings

_INPUTS = 4_000  # per repository
_POOL = 1_500  # paths per repository
_SETTINGS = (ChangeSettings(), ChangeSettings(allow=(".git*", "*.yml"), max_shrink_percent=100))

_FILES: Mapping[str, bytes] = {
    "src/app.py": b"def total(prices):\n    return sum(prices)\n",
    "src/web.ts": b"export const a = 1;\n",
    "src/run.sh": b"#!/bin/sh\necho 1\n",
    "docs/guide.md": b"# Guide\n\na = 1\nlast\n",
    "docs/deep/win.txt": b"one\r\ntwo\r\n",
    "docs/.gitattributes": b"*.u16 text working-tree-encoding=UTF-16LE-BOM\n",
    "docs/wide.u16": b"\xff\xfe" + "a = 1\nlast\n".encode("utf-16-le"),
    "notes.txt": "caf\u00e9\n\nlast".encode("latin-1"),
    "sjis.txt": "\u8868 a = 1\n".encode("shift_jis"),
    "mixed.cs": b"// $Id$\r\na = 1;\nlast\r\n",
    "config.yml": b"a: 1\n",
    "azure-pipelines.yml": b"steps:\n- script: make\n",
    ".gitattributes": b"*.csv filter=lfs -text\n*.txt text=auto\n*.cs ident\nsjis.txt text working-tree-encoding=SHIFT_JIS\nwin.txt text eol=crlf\n",
    ".gitignore": b"dist/\n*.log\nkept/*\n",
    "docs/.gitignore": b"/out/\n!keep.log\n",
    "kept/build.js": b"a = 1\n",
    "data/big.csv": b"version 1\n",
    "AGENTS.md": b"rules\n",
}
_SCRIPTS = ("src/run.sh",)
_ON_DISK_ONLY = {"untracked.txt": b"mine\n", "dist/app.js": b"1\n"}
_FRAGMENTS = (
    "../", "/", "..\\", ".git", ".GIT", "link/", "out/", "vendor/lib", "vendor/lib/", "vendor/", "src/", "docs/", "docs/deep/", "kept/",
    "dist/", "data/", "azure-pipelines.yml", ".gitattributes", ".gitignore", "APP.py", "app.py", "con.txt", "a.", "a:b", "\0", "~",
    "outside.txt", "new/", "deep/", "file.py", "link", "pointer", "\u200c", "agents.md", "GIT~1", " ", "x.csv", "keep.log", "x.log",
    "more.js", "new.txt", "new.u16", "new.sh", "\uff0e\uff0e/", "elsewhere", "x" * 300, ".", "{a} = (b);[c].txt", "gro\u00dfe.txt", "e\u0301.txt",
    *_FILES, *_ON_DISK_ONLY,
)  # fmt: skip
_TEXTS = (
    "", "a\n", "x = 1\n", "a = 1\n", "a = 2\n", "    return sum(prices)\n", "    return 2\n", "last", "last\n", "steps:\n- script: id\n",
    "#!/bin/sh\n", "#!/bin/sh\necho 1\n", "export const a = 2;\n", "a: 2\n", "\0", "\ud800", "key = 'AKIA" + "QWERTYUIOPASDFGH'\n",
    "def f(:\n", "one\ntwo\n", "one\r\nthree\r\n", "\u8868\n", "\U0001f600\n", "* filter=x\n", "# ... rest of the file ...\n", "1\n",
)  # fmt: skip


@dataclass(frozen=True)
class Remembered:
    """A base that was asked about every path of the pool at once: the tree is the same before each input."""

    inner: CommitBase
    known: Mapping[str, Recorded]

    @property
    def filtered(self) -> tuple[str, ...]:
        return self.inner.filtered

    def look(self, root: Path, paths: Collection[str], largest: int) -> Mapping[str, Recorded]:
        missing = [path for path in paths if path not in self.known]
        asked = self.inner.look(root, missing, largest) if missing else {}
        return {path: self.known.get(path) or asked[path] for path in paths}

    def names_in(self, folder: str) -> Collection[str]:
        return self.inner.names_in(folder)


@dataclass(frozen=True)
class Site:
    """A generated repository with a folder and a file outside it. `whole`: what is on the disk between two inputs."""

    place: Path
    checkout: Checkout
    base: Remembered
    pool: Sequence[str]
    whole: Mapping[str, bytes]

    @property
    def root(self) -> Path:
        return self.place / "root"


def _git(root: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(["git", "-C", str(root), *arguments], env=environment, check=True, capture_output=True)
    return done.stdout.decode(errors="surrogateescape")


def _made(place: Path, dice: random.Random) -> Site:
    root = place / "root"
    for path, content in _FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    for path in _SCRIPTS:
        (root / path).chmod(0o755)
    (place / "outside.txt").write_text("outside\n")
    (place / "elsewhere").mkdir()
    (root / "link").symlink_to(place / "elsewhere")
    (root / "pointer").symlink_to(place / "outside.txt")
    (root / "docs" / "out-link").symlink_to("../src")
    _git(root, "init", "--quiet", "--initial-branch=main")
    _git(root, "add", "--force", "--all")
    _git(root, "commit", "--quiet", "-m", "Files")
    _git(root, "update-index", "--add", "--cacheinfo", f"160000,{_git(root, 'rev-parse', 'HEAD').strip()},vendor/lib")
    _git(root, "commit", "--quiet", "-m", "A submodule")
    _arrange(root, dice)
    for path, content in _ON_DISK_ONLY.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    checkout = open_checkout(root)
    inner = CommitBase(GitTree(checkout, checkout.head))
    pool = [*_FILES, *("".join(dice.choices(_FRAGMENTS, k=dice.randint(1, 3))) for _ in range(_POOL))]
    known = inner.look(root, {path for path in pool if not problem(path)}, _SETTINGS[0].max_file_bytes)
    return Site(place, checkout, Remembered(inner, known), pool, _state(place))


def _arrange(root: Path, dice: random.Random) -> None:
    """Leave the working tree as agents and people do: sparse, without submodules or links, with local changes."""
    match dice.randrange(4):
        case 0:
            _git(root, "sparse-checkout", "set", "--cone", "src")
        case 1:
            _git(root, "sparse-checkout", "set", "--no-cone", "/*", "!/docs/", "!*.txt")
        case 2:
            _git(root, "update-index", "--assume-unchanged", "docs/guide.md", "notes.txt")
            (root / "docs" / "guide.md").unlink()
            (root / "notes.txt").write_text("hidden change\n")
    shutil.rmtree(root / "vendor", ignore_errors=True)
    if dice.random() < 0.6:
        (root / "vendor" / "lib").mkdir(parents=True)
        if dice.random() < 0.5:
            (root / "vendor" / "lib" / ".git").write_text("gitdir: ../../.git/modules/lib\n")
    if dice.random() < 0.3:
        (root / "link").unlink(missing_ok=True)
    if dice.random() < 0.3:
        (root / "config.yml").unlink(missing_ok=True)
    if dice.random() < 0.3:
        (root / "src" / "web.ts").write_text("export const mine = 1;\n")


def _state(place: Path) -> dict[str, bytes]:
    """Return mode and content of every file below `place`, the target of every link, and "/" for a folder."""
    found: dict[str, bytes] = {}
    folders = [str(place)]
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_symlink():
                found[entry.path] = b"-> " + os.readlink(entry.path).encode()  # noqa: PTH115  as below
            elif entry.is_dir():
                if entry.path != f"{place}/root/.git":
                    found[entry.path] = b"/"
                    folders.append(entry.path)
            elif entry.name != "journal":
                with open(entry.path, "rb") as file:  # noqa: PTH123  three times as fast, a million times
                    found[entry.path] = b"%o " % (entry.stat().st_mode & 0o111) + file.read()
    return found


def _edit(site: Site, dice: random.Random) -> Edit:
    path, kind = dice.choice(site.pool), dice.randrange(8)
    if kind < 3:
        return WriteWhole(path, dice.choice(_TEXTS) + dice.choice(_TEXTS))
    if kind < 6:
        return Replace(
            dice.choice([*_FILES]) if dice.random() < 0.7 else path, dice.choice(_TEXTS), dice.choice(_TEXTS)
        )
    return Delete(path) if kind == 6 else Rename(path, dice.choice(site.pool))


def _one_input(site: Site, dice: random.Random, counts: Counter[str], commit_every: int) -> None:
    settings = dice.choice(_SETTINGS)
    journal = site.place / "journal"
    total = NO_CHANGE
    for _ in range(1 if dice.random() < 0.8 else 2):  # a second round starts from the first one
        edits = [_edit(site, dice) for _ in range(dice.randint(1, 3))]
        planned = plan(site.root, edits, settings, base=site.base, already=total, partial=dice.random() < 0.7)
        counts["refusals"] += len(planned.refusals)
        total = planned.change
        for path in total.paths:
            if problem(path) or is_protected(path, (), settings.allow):
                raise AssertionError(f"planned {path!r}")
        writer.write(site.root, total, journal)
    if total.files:
        counts["accepted"] += 1
        _check_disk(site, total)
        if counts["accepted"] % commit_every == 0:
            counts["committed"] += 1
            _check_commit(site, total)
    writer.recover(site.root, journal)
    if total.files and _state(site.place) != site.whole:
        raise AssertionError(f"not restored: {total.paths!r}")


def _check_disk(site: Site, change: Change) -> None:
    now = _state(site.place)
    named = {f"{site.root}/{path}" for path in change.paths}
    folders = {name[:end] for name in named for end in range(len(name)) if name[end] == "/"}
    different = {path for path in now.keys() | site.whole.keys() if now.get(path) != site.whole.get(path)}
    if not different <= named | folders:
        raise AssertionError(f"wrote {sorted(different - named - folders)!r}")
    for file in change.files:
        content = now.get(f"{site.root}/{file.path}")
        if (content and content.partition(b" ")[2]) != file.after and not (file.after is None and content == b"/"):
            raise AssertionError(f"{file.path!r} is not as planned on the disk")


def _check_commit(site: Site, change: Change) -> None:
    """Commit the change, and compare git's raw diff with it, apart from what the program itself checks."""
    made = commit_change(
        site.checkout,
        change,
        parents=(site.checkout.head,),
        message=lambda _: "Change\n",
        author_name="R",
        author_email="r@example.com",
    )
    fields = _git(site.root, "diff-tree", "-r", "-z", "--raw", "--no-renames", site.checkout.head, made).split("\0")
    raw = {
        (path, head.split()[4], head[1:7], head[8:14]) for head, path in zip(fields[::2], fields[1::2], strict=False)
    }
    judged = {(file.path, *_kind(file)) for file in change.files}
    unseen = {file.path for file in change.files if _same_lines(file)}
    if raw - judged or any(one[0] not in unseen for one in judged - raw):
        raise AssertionError(f"the commit has {raw!r}, the change {judged!r}")


def _kind(file: FileChange) -> tuple[str, str, str]:
    mode, none = f"{file.mode:06o}", "000000"
    if file.before is None:
        return "A", none, mode
    return ("D", mode, none) if file.after is None else ("M", mode, mode)


def _same_lines(file: FileChange) -> bool:
    contents = [
        (content or b"").replace(b"\r\n", b"\n").replace(b"\r\0\n\0", b"\n\0") for content in (file.before, file.after)
    ]
    return contents[0] == contents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commit-every", type=int, default=25, help="commit one of so many accepted changes")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    started = time.monotonic()
    while time.monotonic() - started < options.seconds:
        seed = options.seed * 1_000_000 + counts["repositories"]
        counts["repositories"] += 1
        place = Path(tempfile.mkdtemp(prefix="redimento-fuzz-"))
        try:
            site = _made(place, random.Random(seed))
            for number in range(_INPUTS):
                dice = random.Random(seed * _INPUTS + number)
                try:
                    _one_input(site, dice, counts, options.commit_every)
                except BaseException:
                    print(f"failed: repository {seed}, input {number}")
                    raise
                counts["inputs"] += 1
                if time.monotonic() - started > options.seconds:
                    break
        finally:
            shutil.rmtree(place, ignore_errors=True)
    seconds = time.monotonic() - started
    print(", ".join(f"{name} {number:,}" for name, number in sorted(counts.items())))
    print(f"{seconds:.0f} s, {counts['inputs'] / seconds:,.0f} inputs per second")


if __name__ == "__main__":
    main()
