"""The workbench: one tree with the settings, scratch space and isolation of the commands that run in it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from redimento.errors import UsageError
from redimento.events import Emit, ignore
from redimento.sandbox.environment import build_environment
from redimento.sandbox.execution import CommandResult, run
from redimento.sandbox.files import make_way
from redimento.sandbox.isolation import Isolation, find_isolation, no_account
from redimento.sandbox.keeping import Snapshot, take_snapshot
from redimento.sandbox.leftovers import Place, Record, Stamp, go_back, load, look, outermost, record, save
from redimento.sandbox.stored_token import StoredToken, remove_tokens, restore_tokens
from redimento.sandbox.warden import Rooms
from redimento.settings import CheckSettings
from redimento.store.plain import made, plain
from redimento.store.tape import Tape
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.text.wording import Sentence

_COARSE_NS = 20_000_000  # file times come from a clock that lags behind by up to a tick
_PROBE_SECONDS = 120.0  # against a file system that hangs, not against a busy machine
_CLEANING_SECONDS = 120.0
_REMEMBERING_SECONDS = 900.0


@dataclass
class Memory:
    """What is known of a tree from earlier commands; the one value here that changes.

    `record`: what was in the tree besides git's files after setup and baseline; None before. `looked_at`: the checks of
    which it is known whether later ones may need what they build; `builders`: those of which that is so. `busy`: when
    commands ran, in ns. `set_aside`: what was moved to the bench's folder `aside`.
    """

    record: Record | None = None
    looked_at: set[str] = field(default_factory=set)
    builders: set[str] = field(default_factory=set)
    busy: list[tuple[int, int]] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Workbench:
    """A tree to run commands in. `secrets` are kept out of every output and environment.

    `spared`: paths in the tree that the program itself writes. `aside`: where a person's new files go instead of being
    removed, None where nobody works in the tree. `trusting`: the tree is untouched, so what a command
    leaves in HOME stays for the next ones. `tape`: how commands ended; one that is played runs nothing.
    """

    tree: Path
    settings: CheckSettings
    scratch: Path
    isolation: Isolation
    secrets: Secrets
    kept: Snapshot
    removed_tokens: tuple[StoredToken, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    spared: frozenset[str] = frozenset()
    memory: Memory = field(default_factory=Memory)
    trusting: bool = False
    aside: Path | None = None
    emit: Emit = ignore
    tape: Tape = field(default_factory=Tape)

    @property
    def home(self) -> Path:
        return self.scratch / "home"

    @property
    def temporary(self) -> Path:
        return self.scratch / "tmp"

    def environment(self) -> dict[str, str]:
        """Return the environment of every command on this bench."""
        return build_environment(
            os.environ,
            home=self.home,
            temporary=self.temporary,
            tree=self.tree,
            pass_env=self.settings.pass_env,
            secrets=self.secrets,
        )


def open_workbench(
    tree: Path,
    settings: CheckSettings,
    scratch: Path,
    *,
    secrets: Secrets = NO_SECRETS,
    files: Sequence[str] = (),
    spared: Sequence[Path] = (),
    aside: Path | None = None,
    tape: Tape | None = None,
) -> Workbench:
    """Prepare `tree` for running `settings.commands`; `scratch` is a separate folder outside the tree.

    `files` are the paths that git tracks; they are restored after every command. `spared`: files that the program itself
    writes, which may be in the tree. `aside`: see Workbench. Open the bench before writing the
    change. Tokens stored in the checkout are removed until the bench is closed. Raises UsageError when the isolation
    that the settings require is not available here, and SettingsError for a `pass_env` name that looks like a secret.
    """
    tree, scratch = tree.resolve(), scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in (scratch / "home", scratch / "tmp", scratch / "kept", scratch / "kept-home", scratch / "kept-tree"):
        _remove(folder)
    for folder in (scratch / "home", scratch / "tmp"):
        folder.mkdir(mode=0o700)
    if not _runs_commands(settings):  # copying Django's 7,000 files for nothing took 30 % of the run
        nothing = Snapshot(tree, scratch / "kept")
        return Workbench(tree, settings, scratch, Isolation("process", Sentence("no_commands")), secrets, nothing)
    tape = tape or Tape()
    if "check" in tape.plays:
        isolation = _isolation(tape.heard("check", "isolation", dict), settings)
    else:
        isolation = find_isolation(settings.isolation, tree, network=settings.network)
    inside = frozenset(str(path.relative_to(tree)) for path in spared if path.is_relative_to(tree))
    removed_tokens = remove_tokens(tree)
    try:
        kept = take_snapshot(tree, files, scratch / "kept")
        bench = Workbench(
            tree, settings, scratch, isolation, secrets, kept, removed_tokens, spared=inside, aside=aside, tape=tape
        )
        if "check" in tape.plays:
            return bench
        probed = _probed(bench)
        tape.heard("check", "isolation", lambda: plain(probed.isolation))
        return probed
    except BaseException:
        restore_tokens(removed_tokens)
        raise


def abandon(bench: Workbench) -> None:
    """Stop the running command, if any, and start no further one."""
    bench.stop.set()


def close_workbench(bench: Workbench) -> None:
    """Remove the scratch space, including files of the other account, and restore stored tokens."""
    restore_tokens(bench.removed_tokens)
    if bench.isolation.kind == "user" and _runs_commands(bench.settings) and "check" not in bench.tape.plays:
        cleaning = replace(bench, stop=threading.Event())
        rooms = {**_rooms(cleaning), "fresh": False, "discard": True}
        _run(cleaning, ("true",), timeout_seconds=_CLEANING_SECONDS, rooms=cast("Rooms", rooms))
    _remove(bench.scratch)


def execute(
    bench: Workbench, command: str | Sequence[str], *, timeout_seconds: float, env: dict[str, str] | None = None
) -> CommandResult:
    """Run a command at the root of the bench's tree, with an empty TMPDIR and HOME as remembered. See `execution.run`."""
    return _run(bench, command, timeout_seconds=timeout_seconds, env=env, rooms=_rooms(bench))


def remember(bench: Workbench, state: Literal["setup", "baseline"], *, without: Sequence[str] = ()) -> None:
    """Remember tree and HOME: what `checks.setup` left there and, on an untouched tree, the baseline.

    `without`: paths that are to be gone the next time, unless they were there after setup.
    """
    if not _runs_commands(bench.settings) or bench.stop.is_set() or "check" in bench.tape.plays:
        return
    if bench.isolation.kind == "user":  # HOME belongs to the account, and the warden sets rights, which changes ctime
        rooms = {**_rooms(bench), "fresh": False, "remember": state}
        _run(bench, ("true",), timeout_seconds=_REMEMBERING_SECONDS, rooms=cast("Rooms", rooms))
    else:
        # A command may have broken the store, which is in its reach. Then the next one does not start, and says so.
        with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
            home = Place(bench.home, bench.scratch / "kept-home")
            save(home, record(home, load(home), late=state == "baseline"))
    place, earlier = _place(bench, ()), bench.memory.record
    bench.memory.record = record(place, earlier, late=state == "baseline", without=without)


def clean(bench: Workbench, changed: Sequence[str]) -> tuple[str, ...]:
    """Put the tree back to what is remembered, except for git's files and the `changed` ones.

    Return the files and folders that could not be restored. Does nothing before anything was remembered.
    """
    if bench.memory.record is None:
        return ()
    returned = go_back(_place(bench, changed), bench.memory.record)
    bench.memory.record = returned.record
    return tuple(dict.fromkeys(outermost(path, returned.record) for path in returned.lost))


def seen(bench: Workbench, changed: Sequence[str]) -> dict[str, Stamp]:
    """Return what is in the tree besides git's files and the `changed` ones."""
    return look(_place(bench, changed))


def _place(bench: Workbench, changed: Sequence[str]) -> Place:
    foreign = {".git", *bench.kept.files, *bench.spared, *changed}
    above = {str(folder) for path in (*bench.spared, *changed) for folder in PurePosixPath(path).parents}
    # As root we may work in a tree of somebody else.
    facts = bench.tree.stat()
    owner = (facts.st_uid, facts.st_gid) if os.geteuid() == 0 else None
    rescue = partial(_set_aside, bench) if bench.aside else None
    return Place(bench.tree, bench.scratch / "kept-tree", foreign, {*bench.kept.folders, *above}, owner, rescue)


def _set_aside(bench: Workbench, path: str) -> bool:
    """Move a new file or folder out of the tree if a person wrote in it: something did while no command was running."""
    assert bench.aside is not None  # noqa: S101 - see above
    source, target = bench.tree / path, bench.aside / path
    files = [file for file in (source, *source.rglob("*")) if file.is_symlink() or not file.is_dir()]
    if all(_while_busy(bench, file.lstat().st_ctime_ns) for file in files):
        return False
    bench.aside.mkdir(parents=True, exist_ok=True)
    make_way(bench.aside, target)
    shutil.move(source, target)
    bench.memory.set_aside.append(path)
    return True


def _while_busy(bench: Workbench, moment: int) -> bool:
    return any(start - _COARSE_NS <= moment <= end for start, end in bench.memory.busy)


def _rooms(bench: Workbench) -> Rooms:
    return Rooms(
        home=str(bench.home),
        temporary=str(bench.temporary),
        store=str(bench.scratch / "kept-home"),
        fresh=not bench.trusting,
        remember="",
        discard=False,
    )


def _run(
    bench: Workbench,
    command: str | Sequence[str],
    *,
    timeout_seconds: float,
    rooms: Rooms,
    env: dict[str, str] | None = None,
) -> CommandResult:
    began = time.time_ns()
    try:
        return run(
            command,
            folder=bench.tree,
            tree=bench.tree,
            env={**bench.environment(), **(env or {})},
            isolation=bench.isolation,
            timeout_seconds=timeout_seconds,
            secrets=bench.secrets,
            stop=bench.stop,
            rooms=rooms,
        )
    finally:
        bench.memory.busy.append((began, time.time_ns()))


def _isolation(told: object, settings: CheckSettings) -> Isolation:
    """Return the isolation of the run that is played: it is only named in texts."""
    try:
        isolation = made(Isolation, told)
    except ValueError as error:
        raise UsageError(f"The recorded isolation of the checks cannot be read: {error}.", "Run it again.") from None
    if settings.isolation not in ("auto", isolation.kind):  # under `process` a check could write another one
        raise UsageError("The recorded checks ran otherwise than checks.isolation says.", "Run it again.")
    if settings.isolation == "process":  # nor are a check's words believed about it
        return Isolation("process", Sentence("set_by_isolation"), settings.network)
    return isolation


def _runs_commands(settings: CheckSettings) -> bool:
    return bool(settings.setup or settings.commands)


def _probed(bench: Workbench) -> Workbench:
    """Try the isolation on a trivial command, and fall back to `process` if the settings allow it."""
    isolation = bench.isolation
    if isolation.kind == "process" and isolation.network:
        return bench
    ended = execute(bench, 'test -w "$PWD" && test -w "$HOME"', timeout_seconds=_PROBE_SECONDS)
    if ended.exit_code == 0:
        exposed = ended.exposed if isolation.kind == "user" else isolation.exposed
        return replace(bench, isolation=replace(isolation, exposed=exposed))
    if isinstance(ended.reason, Sentence) and ended.reason.name == "network_not_off":
        raise UsageError(
            f"checks.network is false, but this machine cannot enforce it: {ended.reason}.",
            "Allow user namespaces in the container, or set checks.network to true.",
        )
    why = ended.reason or Sentence("cannot_enter", tree=str(bench.tree))
    if bench.settings.isolation == "user":
        raise no_account(why)
    fallback = Isolation("process", Sentence("user_did_not_work", why=why), isolation.network)
    _remove(bench.home)
    _remove(bench.temporary)
    bench.home.mkdir(mode=0o700)
    bench.temporary.mkdir(mode=0o700)
    return _probed(replace(bench, isolation=fallback))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
