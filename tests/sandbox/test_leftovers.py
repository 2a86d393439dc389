"""What a command left behind is gone before it could judge a later run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from redimento.errors import HostileCheckError
from redimento.sandbox.bench import Workbench, clean, close_workbench, execute, open_workbench, remember
from redimento.sandbox.leftovers import Place, go_back, record
from redimento.settings import CheckCommand, CheckSettings
from redimento.text.redaction import NO_SECRETS
from redimento.verification.checks import run_baseline, run_check, run_checks, run_setup
from tests.sandbox.benches import OpenBench
from tests.sandbox.outsider import SAY_WHO_WATCHES, warden_killed
from tests.sandbox.stage import needs_root, python_for_everyone


def run(bench: Workbench, line: str) -> str:
    ended = execute(bench, line, timeout_seconds=100)
    assert ended.exit_code == 0, ended
    return ended.output


def attack(bench: Workbench, line: str) -> None:
    """Run a line that may fail: under `user` some of it is not permitted at all."""
    execute(bench, line, timeout_seconds=100)


@pytest.fixture
def by_account(checks_account: str) -> Iterator[Workbench]:
    """A bench under `user`, on a tree that every account can reach."""
    root = Path(tempfile.mkdtemp(prefix="redimento-test-", dir="/tmp"))
    root.chmod(0o755)
    (root / "tree" / "src").mkdir(parents=True)
    (root / "tree" / "src" / "a.py").write_text("x = 1\n")
    subprocess.run(["git", "init", "-q"], cwd=root / "tree", check=True)
    settings = CheckSettings(commands=(CheckCommand("any", "true"),), isolation="user")
    bench = open_workbench(root / "tree", settings, root / "scratch", files=("src/a.py",))
    assert bench.isolation.kind == "user"
    yield bench
    close_workbench(bench)
    assert not bench.scratch.exists()
    shutil.rmtree(root)


@pytest.fixture(params=["process", pytest.param("user", marks=needs_root)])
def bench(request: pytest.FixtureRequest) -> Workbench:
    """A bench under each isolation."""
    if request.param == "user":
        by_account: Workbench = request.getfixturevalue("by_account")
        return by_account
    opened: Workbench = request.getfixturevalue("open_bench")()
    return opened


def test_each_command_finds_an_empty_tmpdir(bench: Workbench) -> None:
    run(bench, 'touch "$TMPDIR/marker"; mkdir -m 0 "$TMPDIR/locked"')
    assert run(bench, 'ls -A "$TMPDIR"') == ""
    run(bench, 'rm -rf "$TMPDIR" || true')
    assert run(bench, 'test -w "$TMPDIR" && echo there') == "there\n"


def test_each_command_finds_home_as_setup_left_it(bench: Workbench) -> None:
    run(bench, 'mkdir -p "$HOME/.cache"; echo setup > "$HOME/.cache/tool"; ln -s tool "$HOME/.cache/link"')
    remember(bench, "setup")
    attack(
        bench,
        'cd "$HOME"; echo bad > .cache/tool; rm .cache/link; echo x > .bashrc; mkdir -m 0 locked; touch -d @1 .cache/tool',
    )
    assert run(bench, 'cd "$HOME"; find . ! -name . | sort; cat .cache/link; test -w .cache/tool && echo ours') == (
        "./.cache\n./.cache/link\n./.cache/tool\nsetup\nours\n"
    )


def test_a_command_that_breaks_what_is_remembered_of_home_fails_the_next_one_and_not_the_run(
    open_bench: OpenBench,
) -> None:
    bench = open_bench()  # under our own account: it can
    remember(bench, "setup")
    run(bench, f"echo [1 > {bench.scratch}/kept-home/record.json")
    remember(bench, "baseline")
    assert "supervisor lost" in execute(bench, "true", timeout_seconds=30).reason


def test_what_the_baseline_left_in_home_stays(open_bench: OpenBench) -> None:
    bench = open_bench(
        CheckCommand("fill", 'test -e "$HOME/cache" || { touch "$HOME/cache"; exit 1; }'), CheckCommand("any", "true")
    )
    run_setup(bench)
    first, second = run_baseline(bench), run_checks(bench)
    assert [checks.results[0].exit_code for checks in (first, second)] == [1, 0]


@pytest.mark.parametrize(
    ("leaves", "name"),
    [
        ("echo '[pytest]' > pytest.ini", "pytest.ini"),
        ("mkdir -p tests/a/b; echo x > tests/a/b/conftest.py", "tests/a"),
        ("echo junk > .gitignore; echo x > ignored; echo '*' >> .git/info/exclude", "ignored"),
        ("ln cart.py second || ln node_modules/a.js second", "second"),
        ("ln -s / everything", "everything"),
        ("mkfifo pipe", "pipe"),
        ("mkdir -m 0 locked", "locked"),
        ("echo x > node_modules/new.js", "node_modules/new.js"),
        ("mv node_modules gone; mkdir node_modules", "gone"),
    ],
)
def test_new_files_are_gone_before_the_next_pass(bench: Workbench, leaves: str, name: str) -> None:
    run(bench, "mkdir node_modules; echo good > node_modules/a.js")
    remember(bench, "setup")
    attack(bench, leaves)
    assert os.path.lexists(bench.tree / name)
    assert clean(bench, ()) == ()
    assert not os.path.lexists(bench.tree / name)
    assert (bench.tree / "node_modules" / "a.js").read_text() == "good\n"


@pytest.mark.parametrize(
    "damage",
    [
        "echo bad! > lib/a.py",
        "touch -r lib/a.py old; echo bad! > lib/a.py; touch -r old lib/a.py; rm old",
        "ln lib/a.py ../name 2>/dev/null || ln lib/a.py name; cat *name ../name 2>/dev/null; echo bad! > lib/a.py",
        "rm lib/a.py",
        "rm lib/a.py; ln -s b.py lib/a.py",
        "rm lib/a.py; mkdir -m 0 lib/a.py",
        "rm -r lib",
        "mv lib elsewhere; ln -s elsewhere lib",
        "mv lib/bin lib/moved; ln -s /etc lib/bin",
        "chmod 0 lib/a.py",
        "chmod 0 lib",
        "rm lib/link; ln -s b.py lib/link",
    ],
)
def test_what_setup_installed_comes_back(bench: Workbench, damage: str) -> None:
    run(bench, "mkdir .venv; cd .venv; mkdir -p lib/bin; echo good > lib/a.py; echo b > lib/b.py; ln -s a.py lib/link")
    remember(bench, "setup")
    before = (bench.tree / ".venv/lib/a.py").stat().st_mtime_ns
    attack(bench, f"cd .venv; {damage}")
    assert clean(bench, ()) == ()
    assert run(bench, "cd .venv; find . ! -name . | sort; cat lib/a.py lib/link; test -d lib/bin") == (
        "./lib\n./lib/a.py\n./lib/b.py\n./lib/bin\n./lib/link\ngood\ngood\n"
    )
    assert (bench.tree / ".venv/lib/a.py").stat().st_mtime_ns == before


def test_files_of_the_change_and_of_the_program_stay(tree: Path, tmp_path: Path) -> None:
    command = CheckCommand("any", "true")
    own = tree / ".redimento" / "record.json"
    bench = open_workbench(tree, CheckSettings(commands=(command,), isolation="process"), tmp_path / "s", spared=(own,))
    remember(bench, "setup")
    for path in ("new/module.py", "new/marker", ".redimento/record.json", ".redimento/marker"):
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text("x")
    clean(bench, ("new/module.py",))
    assert (tree / "new" / "module.py").exists()
    assert own.exists()
    assert not (tree / "new" / "marker").exists()
    assert not (tree / ".redimento" / "marker").exists()
    close_workbench(bench)


def test_nothing_is_cleaned_before_anything_is_remembered(tree: Path, open_bench: OpenBench) -> None:
    (tree / "mine").write_text("x")
    clean(open_bench(), ())
    assert (tree / "mine").exists()


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave room for no copy at all."""
    monkeypatch.setattr("redimento.sandbox.leftovers._MOST_COPIES", 0)


@pytest.mark.usefixtures("tight")
def test_without_a_copy_setup_runs_again(tree: Path, open_bench: OpenBench) -> None:
    line = "if test -e node_modules/flag; then rm node_modules/flag; echo bad > node_modules/a.js; fi; cat node_modules/a.js"
    setup = ("mkdir node_modules", "echo good > node_modules/a.js", "touch node_modules/flag")
    bench = open_bench(CheckCommand("read", line), setup=setup)
    run_setup(bench)
    assert [run_checks(bench).results[0].output for _ in range(2)] == ["bad\n", "bad\n"]
    assert run_checks(bench).results[0].report_problems == ()
    shutil.rmtree(tree / "node_modules")


@pytest.mark.usefixtures("tight")
def test_without_a_copy_and_a_setup_the_next_results_say_so(tree: Path, open_bench: OpenBench) -> None:
    (tree / "node_modules").mkdir()
    (tree / "node_modules" / "a.js").write_text("good\n")
    bench = open_bench(CheckCommand("spoil", "echo bad > node_modules/a.js"), baseline=False)
    run_setup(bench)
    assert run_checks(bench).results[0].report_problems == ()
    assert run_checks(bench).results[0].report_problems == (
        "node_modules was changed by an earlier run and could not be restored.",
    )


@pytest.mark.usefixtures("tight")
def test_without_a_copy_a_touched_file_counts_as_unchanged(tree: Path, open_bench: OpenBench) -> None:
    (tree / "large").write_text("good\n")
    bench = open_bench()
    remember(bench, "setup")
    run(bench, "touch large; chmod g+w large; ln large other")
    assert clean(bench, ()) == ()


@pytest.mark.usefixtures("tight")
def test_without_a_copy_what_the_baseline_built_is_built_again(tree: Path, open_bench: OpenBench) -> None:
    line = "test -e target/obj/a || mkdir -p target/obj; date +%N >> target/obj/a; wc -l < target/obj/a"
    bench = open_bench(CheckCommand("build", line))
    run_setup(bench)
    run_baseline(bench)
    results = [run_checks(bench).results[0] for _ in range(3)]
    assert [result.report_problems for result in results] == [(), (), ()]
    assert results[2].output.strip() == "1"


def test_reports_of_the_baseline_are_not_kept(tree: Path, open_bench: OpenBench) -> None:
    bench = open_bench(
        CheckCommand("tests", "test ! -e junit.xml && echo '<testsuite/>' > junit.xml", junit="junit.xml")
    )
    run_setup(bench)
    assert [run_baseline(bench).results[0].exit_code, run_checks(bench).results[0].exit_code] == [0, 0]


@needs_root
def test_what_the_account_left_where_everybody_may_write_is_removed(by_account: Workbench) -> None:
    folders = [each for each in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock") if Path(each).is_dir()]
    names = [f"{folder}/{by_account.scratch.parent.name}.left" for folder in folders]
    mine = Path(f"{names[0]}.mine")
    mine.touch()
    try:
        run(by_account, "".join(f"mkdir {name}; touch {name}/marker;" for name in names))
        assert not any(os.path.lexists(name) for name in names)
        assert mine.exists()
    finally:
        mine.unlink()


_MAKE_IPC = (
    "import ctypes; c = ctypes.CDLL(None); print(c.shmget(7, 9, 0o1600), c.msgget(7, 0o1600), c.semget(7, 1, 0o1600))"
)
_FIND_IPC = "import ctypes; c = ctypes.CDLL(None); print(c.shmget(7, 9, 0), c.msgget(7, 0), c.semget(7, 1, 0))"


@needs_root
def test_memory_queues_and_semaphores_of_the_account_are_removed(by_account: Workbench) -> None:
    python = python_for_everyone()
    assert "-1" not in run(by_account, f"{python} -S -c '{_MAKE_IPC}'")
    assert run(by_account, f"{python} -S -c '{_FIND_IPC}'") == "-1 -1 -1\n"


@pytest.mark.parametrize("door", ["baseline", "pass"])
def test_a_check_that_kills_its_supervisor_ends_the_run(open_bench: OpenBench, tmp_path: Path, door: str) -> None:
    warden = tmp_path / "warden"
    bench = open_bench(CheckCommand("unit tests", f"WARDEN={warden}; {SAY_WHO_WATCHES}; sleep 300"))
    hostile = pytest.raises(
        HostileCheckError, match="The check unit tests killed or stopped the process that watches it"
    )
    with warden_killed(warden), hostile:
        run_baseline(bench) if door == "baseline" else run_checks(bench, changed=())


def test_a_folder_can_be_put_back_more_than_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "file").write_text("good")
    where = Place(root, tmp_path / "store")
    then = record(where, None, late=False)
    for _ in range(2):
        shutil.rmtree(root)
        then = go_back(where, then).record
        assert (root / "deep" / "file").read_text() == "good"


def test_run_check_alone_does_not_clean(tree: Path, open_bench: OpenBench) -> None:
    bench = open_bench()
    remember(bench, "setup")
    run_check(bench, CheckCommand("build", "mkdir dist"))
    assert (tree / "dist").is_dir()


def test_what_a_person_writes_between_the_commands_is_set_aside(tree: Path, tmp_path: Path) -> None:
    settings = CheckSettings(commands=(CheckCommand("any", "true"),), isolation="process")
    aside = tmp_path / "run" / "set-aside"
    bench = open_workbench(tree, settings, tmp_path / "s", secrets=NO_SECRETS, files=("cart.py",), aside=aside)
    remember(bench, "setup")
    run(bench, "mkdir -p dist build; touch dist/check build/check left")
    time.sleep(0.1)
    (tree / "notes.txt").write_text("mine")
    (tree / "dist" / "mine").write_text("mine")
    clean(bench, ())
    close_workbench(bench)
    assert [(aside / name).read_text() for name in ("notes.txt", "dist/mine")] == ["mine", "mine"]
    assert sorted(bench.memory.set_aside) == ["dist", "notes.txt"]
    assert not any((tree / name).exists() for name in ("notes.txt", "dist", "build", "left"))
    assert not (aside / "build").exists()
