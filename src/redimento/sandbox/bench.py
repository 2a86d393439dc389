"""The workbench: one tree with the settings, scratch space and isolation for the commands that run in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from redimento.errors import UsageError
from redimento.sandbox.environment import build_environment
from redimento.sandbox.execution import Ended, run
from redimento.sandbox.isolation import Isolation, find_isolation
from redimento.sandbox.keeping import Kept, keep
from redimento.sandbox.stored_token import StoredToken, bring_back, take_away
from redimento.settings import CheckSettings

_PROBE_SECONDS = 120.0  # against a file system that hangs, not against a busy machine
_CLEANING_SECONDS = 120.0


@dataclass(frozen=True)
class Workbench:
    """A tree where commands run. `secrets`: values that must appear in no output and no environment."""

    tree: Path
    settings: CheckSettings
    scratch: Path
    isolation: Isolation
    secrets: tuple[str, ...]
    kept: Kept
    taken: tuple[StoredToken, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def home(self) -> Path:
        return self.scratch / "home"

    @property
    def temporary(self) -> Path:
        return self.scratch / "tmp"

    def environment(self) -> dict[str, str]:
        """Return the environment that every command of this bench starts with."""
        return build_environment(
            os.environ,
            home=self.home,
            temporary=self.temporary,
            tree=self.tree,
            pass_env=self.settings.pass_env,
            secrets=self.secrets,
        )


def open_workbench(
    tree: Path, settings: CheckSettings, scratch: Path, *, secrets: Sequence[str], files: Sequence[str] = ()
) -> Workbench:
    """Prepare `tree` for running `settings.commands` in it; `scratch` is a folder of its own, outside the tree.

    `files`: the paths git tracks, which are put back whenever a command changes or deletes them. Open the bench before
    the change is written. Raises UsageError when the isolation or the missing network that the settings ask for cannot
    be had here; SettingsError for a `pass_env` name that looks like a secret. A token that the checkout stores is out of
    reach until the bench is closed.
    """
    tree, scratch = tree.resolve(), scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in (scratch / "home", scratch / "tmp", scratch / "kept"):
        _remove(folder)
    for folder in (scratch / "home", scratch / "tmp"):
        folder.mkdir(mode=0o700)
    isolation = find_isolation(settings.isolation, network=settings.network)
    if not _runs_commands(settings):  # nothing to guard against: copying 7,000 files took 30 % of a run on Django
        return Workbench(tree, settings, scratch, isolation, tuple(secrets), Kept(tree, scratch / "kept"))
    taken = take_away(tree)
    try:
        kept = keep(tree, files, scratch / "kept")
        return _probed(Workbench(tree, settings, scratch, isolation, tuple(secrets), kept, taken))
    except BaseException:
        bring_back(taken)
        raise


def abandon(bench: Workbench) -> None:
    """End the command that runs on the bench, if any, and let no further one begin."""
    bench.stop.set()


def close_workbench(bench: Workbench) -> None:
    """Remove the scratch space, files of the other account included; a stored token is back where it was."""
    bring_back(bench.taken)
    if bench.isolation.kind == "user" and _runs_commands(bench.settings):
        cleaning = replace(bench, stop=threading.Event())
        execute(cleaning, 'find "$HOME" "$TMPDIR" -mindepth 1 -delete', timeout_seconds=_CLEANING_SECONDS)
        for folder in (bench.home, bench.temporary):  # not ours to look into, but empty and in a folder of ours
            with contextlib.suppress(OSError):
                folder.rmdir()
    _remove(bench.scratch)


def execute(
    bench: Workbench, command: str | Sequence[str], *, timeout_seconds: float, env: dict[str, str] | None = None
) -> Ended:
    """Run a command at the root of the bench's tree. See `execution.run`."""
    return run(
        command,
        folder=bench.tree,
        tree=bench.tree,
        env={**bench.environment(), **(env or {})},
        isolation=bench.isolation,
        timeout_seconds=timeout_seconds,
        secrets=bench.secrets,
        stop=bench.stop,
    )


def _runs_commands(settings: CheckSettings) -> bool:
    return bool(settings.setup or settings.commands)


def _probed(bench: Workbench) -> Workbench:
    """Try the isolation on a command that does nothing, and fall back to `process` where the settings allow it."""
    isolation = bench.isolation
    if isolation.kind == "process" and isolation.network:
        return bench
    ended = execute(bench, 'test -w "$PWD" && test -w "$HOME"', timeout_seconds=_PROBE_SECONDS)
    if ended.exit_code == 0:
        return bench
    if ended.reason.startswith("network"):
        raise UsageError(
            f"checks.network is false, but the kernel does not let us switch it off: {ended.reason}.",
            "Allow user namespaces in the container, or set checks.network to true.",
        )
    why = ended.reason or f"{bench.tree} cannot be reached or written by its account"
    if bench.settings.isolation == "user":
        raise UsageError(
            f"checks.isolation is `user`, but a command could not run so: {why}.",
            "Make the folders above the checkout passable for other accounts, or set checks.isolation to `auto`.",
        )
    instead = Isolation("process", f"`user` did not work: {why}", isolation.network)
    _remove(bench.home)
    _remove(bench.temporary)
    bench.home.mkdir(mode=0o700)
    bench.temporary.mkdir(mode=0o700)
    return _probed(replace(bench, isolation=instead))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
