"""The workbench: one tree with the settings, scratch space and isolation of the commands that run in it."""

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
from redimento.sandbox.execution import CommandResult, run
from redimento.sandbox.isolation import Isolation, find_isolation
from redimento.sandbox.keeping import Snapshot, take_snapshot
from redimento.sandbox.stored_token import StoredToken, remove_tokens, restore_tokens
from redimento.settings import CheckSettings

_PROBE_SECONDS = 120.0  # against a file system that hangs, not against a busy machine
_CLEANING_SECONDS = 120.0


@dataclass(frozen=True)
class Workbench:
    """A tree to run commands in. `secrets` are kept out of every output and environment."""

    tree: Path
    settings: CheckSettings
    scratch: Path
    isolation: Isolation
    secrets: tuple[str, ...]
    kept: Snapshot
    removed_tokens: tuple[StoredToken, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)

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
    tree: Path, settings: CheckSettings, scratch: Path, *, secrets: Sequence[str], files: Sequence[str] = ()
) -> Workbench:
    """Prepare `tree` for running `settings.commands`; `scratch` is a separate folder outside the tree.

    `files` are the paths that git tracks; they are restored after every command. Open the bench before writing the
    change. Tokens stored in the checkout are removed until the bench is closed. Raises UsageError when the isolation
    that the settings require is not available here, and SettingsError for a `pass_env` name that looks like a secret.
    """
    tree, scratch = tree.resolve(), scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in (scratch / "home", scratch / "tmp", scratch / "kept"):
        _remove(folder)
    for folder in (scratch / "home", scratch / "tmp"):
        folder.mkdir(mode=0o700)
    isolation = find_isolation(settings.isolation, network=settings.network)
    if not _runs_commands(settings):  # copying Django's 7,000 files for nothing took 30 % of the run
        return Workbench(tree, settings, scratch, isolation, tuple(secrets), Snapshot(tree, scratch / "kept"))
    removed_tokens = remove_tokens(tree)
    try:
        kept = take_snapshot(tree, files, scratch / "kept")
        return _probed(Workbench(tree, settings, scratch, isolation, tuple(secrets), kept, removed_tokens))
    except BaseException:
        restore_tokens(removed_tokens)
        raise


def abandon(bench: Workbench) -> None:
    """Stop the running command, if any, and start no further one."""
    bench.stop.set()


def close_workbench(bench: Workbench) -> None:
    """Remove the scratch space, including files of the other account, and restore stored tokens."""
    restore_tokens(bench.removed_tokens)
    if bench.isolation.kind == "user" and _runs_commands(bench.settings):
        cleaning = replace(bench, stop=threading.Event())
        execute(cleaning, 'find "$HOME" "$TMPDIR" -mindepth 1 -delete', timeout_seconds=_CLEANING_SECONDS)
        for folder in (
            bench.home,
            bench.temporary,
        ):  # we may not list them, but they are empty and their parent is ours
            with contextlib.suppress(OSError):
                folder.rmdir()
    _remove(bench.scratch)


def execute(
    bench: Workbench, command: str | Sequence[str], *, timeout_seconds: float, env: dict[str, str] | None = None
) -> CommandResult:
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
    """Try the isolation on a trivial command, and fall back to `process` if the settings allow it."""
    isolation = bench.isolation
    if isolation.kind == "process" and isolation.network:
        return bench
    ended = execute(bench, 'test -w "$PWD" && test -w "$HOME"', timeout_seconds=_PROBE_SECONDS)
    if ended.exit_code == 0:
        return bench
    if ended.reason.startswith("network"):
        raise UsageError(
            f"checks.network is false, but this machine cannot enforce it: {ended.reason}.",
            "Allow user namespaces in the container, or set checks.network to true.",
        )
    why = ended.reason or f"its account cannot enter or write {bench.tree}"
    if bench.settings.isolation == "user":
        raise UsageError(
            f"checks.isolation is `user`, but a command failed to run that way: {why}.",
            "Let other accounts enter the folders above the checkout, or set checks.isolation to `auto`.",
        )
    fallback = Isolation("process", f"`user` did not work: {why}", isolation.network)
    _remove(bench.home)
    _remove(bench.temporary)
    bench.home.mkdir(mode=0o700)
    bench.temporary.mkdir(mode=0o700)
    return _probed(replace(bench, isolation=fallback))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
