from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from redimento.sandbox.bench import Workbench, close_workbench, execute, open_workbench
from redimento.settings import CheckCommand, CheckSettings
from redimento.verification.checks import run_check, run_setup
from redimento.verification.evidence import CheckResult

OpenBench = Callable[..., Workbench]
FIXED = "def total(prices):\n    return sum(prices)\n"


def state(tree: Path) -> str:
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=tree, check=True, capture_output=True, text=True
    )  # fmt: skip
    return done.stdout


def check(open_bench: OpenBench, line: str, *changed: str) -> CheckResult:
    return run_check(open_bench(), CheckCommand("check", line), changed=changed)


DAMAGES = (
    "echo broken > cart.py",
    "rm cart.py",
    "rm -rf tests; touch tests",
    "rm cart.py; ln -s /etc/passwd cart.py",
    "rm cart.py; mkdir cart.py; touch cart.py/x; chmod 0 cart.py",
    "mv tests elsewhere; ln -s elsewhere tests",
    "chmod +x cart.py",
    "touch -r cart.py old; echo b > cart.py; touch -r old cart.py; rm old",
    "rm -rf tests; mkdir -p elsewhere; ln -s $PWD/elsewhere tests",
)
DELETIONS = ("rm -rf .git * .[a-z]*", 'rm -rf "$PWD"', 'mv "$PWD" "$PWD-away"')


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_tracked_file_comes_back(tree: Path, open_bench: OpenBench, damage: str) -> None:
    check(open_bench, damage)
    subprocess.run(["rm", "-rf", "elsewhere"], cwd=tree, check=True)
    assert state(tree) == ""


def test_a_missing_tracked_file_does_not_stop_the_others_from_coming_back(tree: Path, open_bench: OpenBench) -> None:
    (tree / "cart.py").unlink()  # the first of the two
    check(open_bench, "echo broken > tests/test_cart.py")
    assert state(tree) == " D cart.py\n"


def test_a_tracked_link_comes_back_as_a_link(tree: Path, tmp_path: Path) -> None:
    (tree / "link").symlink_to("cart.py")
    command = CheckCommand("check", "rm link; echo broken > link")
    bench = open_workbench(tree, CheckSettings(commands=(command,)), tmp_path / "s", files=("link",))
    run_check(bench, command)
    close_workbench(bench)
    assert (tree / "link").readlink() == Path("cart.py")


def test_nothing_is_copied_when_there_is_nothing_to_run(tree: Path, tmp_path: Path) -> None:
    bench = open_workbench(tree, CheckSettings(), tmp_path / "scratch", files=("cart.py",))
    assert not bench.kept.store.exists()
    close_workbench(bench)
    assert not bench.scratch.exists()


def test_setup_alone_is_guarded_too(tree: Path, open_bench: OpenBench) -> None:
    run_setup(open_bench(commands=(), setup=("rm cart.py",)))
    assert state(tree) == ""


def test_the_output_names_what_was_restored(open_bench: OpenBench) -> None:
    assert "[restored: cart.py]" in check(open_bench, "echo broken > cart.py").output


def test_the_change_stays_as_it_was_written(tree: Path, open_bench: OpenBench) -> None:
    bench = open_bench()
    (tree / "cart.py").write_text(FIXED)
    (tree / "new.py").write_text("x = 1\n")
    (tree / "tests" / "test_cart.py").unlink()
    changed = ("cart.py", "new.py", "tests/test_cart.py")
    run_check(bench, CheckCommand("check", "rm *.py; touch tests/test_cart.py"), changed=changed)
    assert (tree / "cart.py").read_text() == FIXED
    assert (tree / "new.py").read_text() == "x = 1\n"
    assert not (tree / "tests" / "test_cart.py").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works in the tree of another account")
@pytest.mark.parametrize("damage", [*DAMAGES, *DELETIONS, "echo x >> .git/config; rm .git/HEAD; rm -rf .git/hooks"])
def test_what_comes_back_belongs_to_the_owner_of_the_tree(tree: Path, open_bench: OpenBench, damage: str) -> None:
    stranger = 4321
    for path in (tree, *tree.rglob("*")):
        os.chown(path, stranger, stranger)
    check(open_bench, damage)
    tracked = [tree, *(tree / name for name in ("cart.py", "tests", "tests/test_cart.py")), *tree.glob(".git/**/*")]
    assert {path: (path.lstat().st_uid, path.lstat().st_gid) for path in tracked} == dict.fromkeys(
        tracked, (stranger, stranger)
    )


@pytest.mark.parametrize("damage", DELETIONS)
def test_a_deleted_tree_comes_back_with_its_history_and_the_change(
    tree: Path, open_bench: OpenBench, damage: str
) -> None:
    bench = open_bench()
    (tree / "cart.py").write_text(FIXED)
    result = run_check(bench, CheckCommand("check", damage), changed=("cart.py",))
    assert "deleted" in result.output
    assert (tree / "cart.py").read_text() == FIXED
    assert state(tree) == " M cart.py\n"
    subprocess.run(["git", "fsck", "--strict"], cwd=tree, check=True, capture_output=True)


@pytest.mark.parametrize(
    "attack",
    [
        "printf '#!/bin/sh\\ntouch /tmp/owned' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push",
        "git config core.fsmonitor 'touch /tmp/owned; true'",
        "git config core.hooksPath /tmp/hooks",
        "echo '* filter=x' > .git/info/attributes",
        "git checkout -q -b elsewhere",
        "git add -A; git -c user.name=x -c user.email=x@x.invalid commit -q --allow-empty -m x; git checkout -q --detach",
        "rm -rf .git/hooks; ln -s /tmp .git/hooks",
        "mv .git .git2; git init -q",
    ],
)
def test_nothing_that_controls_git_can_be_planted(tree: Path, open_bench: OpenBench, attack: str) -> None:
    def controls() -> dict[str, bytes | None]:
        return {
            name: path.read_bytes() if (path := tree / ".git" / name).is_file() else None
            for name in ("HEAD", "config", "info/attributes", "hooks/pre-push", "index")
        }

    before = controls()
    result = check(open_bench, f"echo begun; {attack}")
    assert result.output.startswith("begun")
    assert ".git" in result.output.partition("[")[2]
    assert controls() == before
    assert not (tree / ".git" / "hooks").is_symlink()


def test_a_linked_worktree_keeps_its_link_and_the_common_settings(tree: Path, open_bench: OpenBench) -> None:
    linked = tree.parent / "linked"
    subprocess.run(["git", "worktree", "add", "-q", str(linked)], cwd=tree, check=True, capture_output=True)
    os.rename(tree, tree.parent / "main-tree")  # noqa: PTH104 - the fixture opens benches on `tree`
    (tree.parent / "main-tree" / ".git" / "worktrees" / "linked" / "gitdir").write_text(f"{tree}/.git\n")
    os.rename(linked, tree)  # noqa: PTH104 - as above
    (tree / ".git").write_text(f"gitdir: {tree.parent}/main-tree/.git/worktrees/linked\n")
    result = check(open_bench, "git config core.hooksPath /tmp; git status --porcelain; rm .git")
    assert "restored in .git: config" in result.output
    assert state(tree) == ""
    assert "hooksPath" not in (tree.parent / "main-tree" / ".git" / "config").read_text()


def test_build_products_are_left_for_the_next_run(tree: Path, open_bench: OpenBench) -> None:
    check(open_bench, "mkdir build; echo product > build/cart.o")
    assert (tree / "build" / "cart.o").read_text() == "product\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http.https://dev.azure.com/.extraheader", "AUTHORIZATION: bearer abc"),
        ("remote.origin.url", "https://me:sesame@dev.azure.com/org/_git/shop"),
    ],
)
def test_a_token_stored_in_the_checkout_is_removed_until_the_bench_is_closed(
    tree: Path, open_bench: OpenBench, name: str, value: str
) -> None:
    subprocess.run(["git", "config", name, value], cwd=tree, check=True)
    config = tree / ".git" / "config"
    found = config.read_bytes()
    bench = open_bench()
    ended = execute(bench, "git config --list; cat .git/config", timeout_seconds=100)

    assert ended.exit_code == 0
    assert "bearer" not in ended.output
    assert "sesame" not in ended.output
    close_workbench(bench)
    assert config.read_bytes() == found


def test_a_user_name_in_the_url_of_a_remote_is_not_a_token(tree: Path, open_bench: OpenBench) -> None:
    subprocess.run(["git", "config", "remote.origin.url", "https://org@dev.azure.com/org/_git/a"], cwd=tree, check=True)
    assert open_bench().isolation.kind == "process"
