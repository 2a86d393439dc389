"""A checkout whose configuration, hooks and attributes are hostile: nothing in it may run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.errors import GitError
from redimento.repository.base import CommitBase
from redimento.repository.checkout import Checkout, open_checkout, read_at, target_branch
from redimento.repository.commits import commit_change, history, patch, same_tree
from redimento.repository.process import run_git
from redimento.repository.remote import Credentials, fetch_branch, heads, push, remote_url
from redimento.repository.tree import GitTree
from redimento.repository.worktrees import worktree
from tests.repository.conftest import SIGNED_IN, TOKEN, Repo, Server


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a mark when it is run."""
    path = tmp_path / "trap"
    path.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/sprung\ncat\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def hostile(job: Repo, trap: Path, tmp_path: Path) -> Repo:
    (job.path / ".git" / "info").mkdir(exist_ok=True)
    (job.path / ".git" / "info" / "attributes").write_text("* filter=trap diff=trap merge=trap\n")
    for hook in ("post-checkout", "pre-push", "reference-transaction", "post-index-change", "post-commit"):
        target = job.path / ".git" / "hooks" / hook
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(trap)
    (tmp_path / "included").write_text(f"[core]\n\tpager = {trap}\n[gpg]\n\tprogram = {trap}\n")
    for key, value in {
        "include.path": str(tmp_path / "included"),
        "core.fsmonitor": str(trap),
        "core.sshCommand": str(trap),
        "core.editor": str(trap),
        "core.askPass": str(trap),
        "core.hooksPath": str(job.path / ".git" / "hooks"),
        "core.worktree": "/etc",
        "core.gitProxy": str(trap),
        "core.alternateRefsCommand": str(trap),
        "credential.helper": f"!{trap}",
        "diff.external": str(trap),
        "diff.trap.command": str(trap),
        "diff.trap.textconv": str(trap),
        "filter.trap.clean": str(trap),
        "filter.trap.smudge": str(trap),
        "filter.trap.process": str(trap),
        "log.showSignature": "true",
        "push.gpgSign": "if-asked",
        "trailer.sign.command": str(trap),
        "trailer.sign.key": "Signed-off-by",
        "protocol.ext.allow": "always",
        "url.ext::sh -c touch% sprung .insteadOf": "http://127.0.0.1",
        "http.proxy": "http://127.0.0.1:1",
        "alias.push": f"!{trap}",
    }.items():
        job.git("config", "--file", ".git/config", key, value)
    return job


def use_everything(checkout: Checkout, server: Server, tmp_path: Path) -> None:
    credentials = Credentials(server.url, TOKEN)
    change = Change((FileChange("src/cart.py", b"", b"new\n"), FileChange("new.py", None, b"new\n")))
    made = commit_change(
        checkout,
        change,
        parents=(checkout.head,),
        message="Change {}\n".format,
        author_name="R",
        author_email="r@example.com",
    )
    tree = GitTree(checkout, made)
    assert [path for path, _ in tree.read(entry.path for entry in tree.entries())]
    assert tree.history(5)
    looked = CommitBase(GitTree(checkout, checkout.head)).look(checkout.root, ["notes.txt", "src/cart.py"], 100_000)
    assert [found.modified for found in looked.values()] == [True, False]
    assert read_at(checkout, made, "new.py") == b"new\n"
    assert "+new" in patch(checkout, change)
    assert history(checkout, made, 1)[0].trailers == {}
    assert not same_tree(checkout, checkout.head, made)
    with worktree(checkout, made, tmp_path / "try") as folder:
        assert (folder / "new.py").read_text() == "new\n"
    assert heads(checkout, credentials).branches["main"]
    push(checkout, credentials, made, "redimento/7", expected=None)
    assert fetch_branch(checkout, credentials, "redimento/7") == made


def test_no_program_that_the_checkout_configures_is_run(
    hostile: Repo, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text((hostile.path / ".git" / "config").read_text())
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    (hostile.path / "notes.txt").write_text("changed\n")

    checkout = open_checkout(hostile.path)
    assert checkout.root == hostile.path
    assert target_branch(checkout, "refs/heads/main") == "main"
    assert remote_url(checkout, {}) == server.url
    use_everything(checkout, server, tmp_path)

    assert not (tmp_path / "sprung").exists()
    assert not (hostile.path / "sprung").exists()


def test_plain_git_triggers_the_trap(hostile: Repo, tmp_path: Path) -> None:
    hostile.git("--work-tree", str(hostile.path), "status")

    assert (tmp_path / "sprung").exists()


def test_git_and_its_children_end_at_the_deadline(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    alias = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "alias.hang",
        "GIT_CONFIG_VALUE_0": f"!echo $$ > {pid_file}; sleep 600",
    }

    for seconds in (0.5, 5, 50):  # on a busy machine the child may start after the shortest deadline
        with pytest.raises(GitError, match=f"git hang did not finish within {seconds} seconds"):
            run_git(("hang",), tmp_path, environment=alias, seconds=seconds)
        if pid_file.is_file() and pid_file.read_text():
            break

    child = int(pid_file.read_text())
    while _alive(child):  # the timeout of the test ends this loop
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_redirect_does_not_take_the_token_elsewhere(job: Repo, server: Server) -> None:
    server.redirect = server.url.replace("127.0.0.1", "localhost")

    with pytest.raises(GitError):
        heads(open_checkout(job.path), Credentials(server.url, TOKEN))

    assert server.authorizations == [[], [SIGNED_IN]]
