"""Fetch the trees of `compare_cost.py`: FOLDER/NAME, a git checkout, and FOLDER/NAME.md, a work item for it.

    PYTHONPATH=../shared/bench python benchmarks/context/trees.py FOLDER [NAME ...]

flask         a development case at its base commit
django        the newest commit of the benchmark's mirror
ansible       the wheel of ansible 10.7.0 from PyPI
linux-debian  Linux 6.1 as Debian packages it: Debian's lines at the end of its `.gitignore` hide every file
linux         the same without these lines, as published by kernel.org

An archive becomes a repository of one commit that tracks every file. Needs git, pip, and for Linux apt-get and dpkg-deb
with current package lists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import checkout

ANSIBLE = "ansible==10.7.0"
LINUX = "linux-source-6.1"
DEBIAN_LINES = "\n/*\n!/debian/\n"
ANSIBLE_ITEM = """community.general.ufw reports changed on every run when a rule names an interface

With `interface_in` set, the module compares the rules before and after with a different order of words, so that
`changed` is true although `ufw status` is the same. Expected: the second run of the same play reports ok.
"""
LINUX_ITEM = """ext4: fallocate on a file with inline data leaves i_blocks wrong after a crash

When a file that holds inline data is extended with fallocate() and the machine crashes before the journal commits,
fsck reports that `i_blocks` is wrong. `ext4_fallocate` converts the inline data, but the extent tree is set up in a
second transaction.
"""


def flask(tree: Path) -> str:
    """Check out a development case."""
    return _case(tree, "pallets__flask-5063", at_base=True)


def django(tree: Path) -> str:
    """Check out the newest commit of the mirror, with the text of a development case."""
    return _case(tree, "django__django-15252", at_base=False)


def ansible(tree: Path) -> str:
    """Unpack the wheel from PyPI."""
    with tempfile.TemporaryDirectory() as scratch:
        _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, ANSIBLE)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            wheel.extractall(tree)
    _commit_all(tree)
    return ANSIBLE_ITEM


def linux_debian(tree: Path) -> str:
    """Unpack Debian's package of the source."""
    with tempfile.TemporaryDirectory() as scratch:
        _run("apt-get", "download", "-qq", LINUX, folder=scratch)
        _run("dpkg-deb", "-x", str(next(Path(scratch).glob("*.deb"))), scratch)
        with tarfile.open(Path(scratch, "usr", "src", f"{LINUX}.tar.xz")) as archive:
            archive.extractall(scratch)
        shutil.move(Path(scratch, LINUX), tree)
    _commit_all(tree)
    return LINUX_ITEM


def linux(tree: Path) -> str:
    """Link the files of Debian's package, without Debian's lines in `.gitignore`."""
    packaged = tree.with_name("linux-debian")
    if not packaged.is_dir():
        fetch(packaged)
    shutil.copytree(packaged, tree, symlinks=True, copy_function=os.link, ignore=shutil.ignore_patterns(".git"))
    ignore = tree / ".gitignore"
    text = ignore.read_text()
    ignore.unlink()  # a hard link: the package keeps its own
    ignore.write_text(text.replace(DEBIAN_LINES, "\n"))
    _commit_all(tree)
    return LINUX_ITEM


SOURCES: dict[str, Callable[[Path], str]] = {
    "flask": flask,
    "django": django,
    "ansible": ansible,
    "linux-debian": linux_debian,
    "linux": linux,
}


def fetch(tree: Path) -> None:
    """Make the tree and its work item, unless they exist."""
    item = tree.with_name(f"{tree.name}.md")
    if not item.exists():
        if tree.exists():  # incomplete
            shutil.rmtree(tree)
        item.write_text(SOURCES[tree.name](tree), "utf-8")


def _case(tree: Path, name: str, *, at_base: bool) -> str:
    case = next(case for case in checkout.load(("dev", "dev_verified")) if case["id"] == name)
    commit = (
        case["base_commit"] if at_base else _run("git", "rev-parse", "HEAD", folder=checkout.gitdir(case["mirror"]))
    )
    checkout.materialise(case["mirror"], commit, str(tree), git=True)
    return str(case["problem_statement"])


def _commit_all(tree: Path) -> None:
    """Commit every file, ignored or not, in one pack like a clone."""
    git = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-c", "gc.auto=0")
    _run("git", "init", "-q", folder=tree)
    # Files over the threshold go directly into a pack: five times as fast as 78,000 loose objects.
    _run(*git, "-c", "core.bigFileThreshold=1", "add", "--force", "--all", folder=tree)
    _run(*git, "commit", "-q", "-m", "The tree", folder=tree)
    _run(*git, "repack", "-a", "-d", "-q", "--window=0", folder=tree)


def _run(*command: str, folder: str | Path | None = None) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def main(arguments: list[str]) -> None:
    """Fetch the named trees, or all."""
    folder, *names = arguments
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in names or SOURCES:
        fetch(Path(folder, name).absolute())


if __name__ == "__main__":
    main(sys.argv[1:])
