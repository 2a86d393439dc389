"""Look at the machine and the checkout: tools, space, isolation, what is left lying about."""

from __future__ import annotations

import locale
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from redimento.adoption.finding import Finding, Topic, problem, unknown
from redimento.azure.pipelines import in_pipeline, variable
from redimento.errors import RedimentoError
from redimento.models import network
from redimento.repository.checkout import Checkout
from redimento.repository.process import OLDEST, git_version
from redimento.run_folder import LEAST_FREE, MEGABYTE, refuse_full, room
from redimento.sandbox.isolation import find_isolation
from redimento.sandbox.stored_token import find_tokens
from redimento.settings import CheckSettings

_MACHINE: Topic = "machine"
_AMPLE_DISK = 20 * LEAST_FREE
_AMPLE_MEMORY = 1024 * MEGABYTE  # a run takes up to 300 MB, and the checks come on top
# What limits the memory of this process, in bytes: control groups of the second and the first version.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_CREDENTIALS = (".git-credentials", ".netrc", ".azure/msal_token_cache.json")
# Words that begin a line of a shell and are no program (bash(1), SHELL BUILTIN COMMANDS and RESERVED WORDS).
_OF_THE_SHELL = re.compile(
    r"[!:\[({$].*|\.|case|cd|command|declare|echo|eval|exec|exit|export|false|for|if|local|printf|pushd|read|set|shopt|source"
    r"|test|time|trap|true|type|ulimit|umask|unset|until|wait|while"
)


def examine_machine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what can be said without a repository."""
    yield _git()
    place = variable(environment, "AGENT_TEMPDIRECTORY")
    for folder in dict.fromkeys(Path(each) for each in (place, tempfile.gettempdir()) if each):
        yield _disk(folder)
    yield _memory()
    cores = len(os.sched_getaffinity(0))
    few = "" if cores > 1 else " The checks and the model's work share it, so a run takes longer."
    yield Finding(_MACHINE, "processors", "ok" if cores > 1 else "note", f"{_count(cores, 'processor')}.{few}")
    encoding = locale.getpreferredencoding(do_setlocale=False)
    if encoding.lower().replace("-", "") == "utf8":
        yield Finding(_MACHINE, "locale", "ok", "The locale is UTF-8.")
    else:
        sentence = f"The locale's encoding is {encoding}, so checks may fail on texts that are not in English."
        yield Finding(_MACHINE, "locale", "note", sentence, "Set LANG to C.UTF-8.")
    yield _network(environment)


def examine_checkout(checkout: Checkout, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the working tree shows."""
    topic: Topic = "checkout"
    yield Finding(topic, "commit", "ok", f"{checkout.root} is at {checkout.head[:12]}.")
    if checkout.shallow:
        sentence = "The history is cut off. A run needs no more, but finds its files a little better with some."
        yield Finding(topic, "history", "note", sentence, "Set fetchDepth to 3000.")
    else:
        yield Finding(topic, "history", "ok", "The history is complete.")
    stored = [str(token.file.relative_to(checkout.root)) for token in find_tokens(checkout.root)]
    if stored:
        sentence = (
            f"A token is stored in {', '.join(stored)}. A run takes it away while checks run; other steps can read it."
        )
        yield Finding(topic, "stored token", "note", sentence, "Set persistCredentials: false on the checkout step.")
    else:
        yield Finding(topic, "stored token", "ok", "No token is stored in the settings of git.")
    home = Path(environment.get("HOME") or "/")
    left = [name for name in _CREDENTIALS if os.access(home / name, os.R_OK)]
    if left:
        sentence = f"{home} has {', '.join(left)}, which checks can read if they run under this account."
        yield Finding(
            topic, "left credentials", "note", sentence, "Remove them from the agent, or use the image's account."
        )


def examine_checks(checks: CheckSettings, checkout: Checkout, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield whether the team's commands can run here. `checks` as in a run: in a pipeline `auto` means `user`."""
    if not checks.commands:
        sentence = "No checks are configured, so every pull request will be a draft."
        yield Finding("settings", "checks", "note", sentence, "`redimento init` proposes some.")
        return
    try:
        isolation = find_isolation(checks.isolation, checkout.root, network=checks.network)
    except RedimentoError as error:
        yield problem(_MACHINE, "isolation", error)
    else:
        own = isolation.kind == "user"
        which = "another account" if own else "the account of the run, which an attack on it could reach"
        risky = not own and in_pipeline(environment)
        yield Finding(
            _MACHINE, "isolation", "note" if risky else "ok", f"Checks run under {which} ({isolation.reason})."
        )
    for command in checks.commands:
        yield _program(command.name, command.run, checkout.root, environment)


def _git() -> Finding:
    try:
        version = git_version()
    except RedimentoError as error:
        return problem(_MACHINE, "git", error)
    written = ".".join(map(str, version))
    if version == (0,):
        return unknown(_MACHINE, "git", "The version of git could not be read.")
    if version < OLDEST:
        least = ".".join(map(str, OLDEST))
        sentence = f"git is {written}, and a run needs {least}."
        return Finding(_MACHINE, "git", "problem", sentence, f"Install git {least} or newer.", exit_code=3)
    return Finding(_MACHINE, "git", "ok", f"git is {written}.")


def _disk(folder: Path) -> Finding:
    name = f"disk of {folder}"
    try:
        refuse_full(folder)
        free = room(folder) // MEGABYTE
    except RedimentoError as error:
        return problem(_MACHINE, name, error)
    except OSError as error:
        return unknown(_MACHINE, name, f"The room on the disk could not be read: {error.strerror}.")
    few = free * MEGABYTE < _AMPLE_DISK
    sentence = f"{free:,} MB are free{', which a build can fill' if few else ''}."
    return Finding(_MACHINE, name, "note" if few else "ok", sentence)


def _memory() -> Finding:
    known = [size for size in (_available(), *map(_limit, _LIMITS)) if size is not None]
    if not known:
        return unknown(_MACHINE, "memory", "The memory could not be read.")
    size = min(known)
    sentence = f"{size // MEGABYTE:,} MB of memory are there for the run and its checks."
    few = size < _AMPLE_MEMORY
    return Finding(_MACHINE, "memory", "note" if few else "ok", sentence, "Give the container more." if few else "")


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None


def _limit(file: str) -> int | None:
    try:
        return int(Path(file).read_text("ascii"))
    except (OSError, ValueError):  # `max` stands for no limit
        return None


def _network(environment: Mapping[str, str]) -> Finding:
    try:
        network.refuse_unusable(environment)
    except RedimentoError as error:
        return problem(_MACHINE, "proxy and certificates", error)
    named = ", ".join(name for name in network.VARIABLES if environment.get(name, "").strip())
    sentence = f"What the environment names can be used: {named}." if named else "The environment names none."
    return Finding(_MACHINE, "proxy and certificates", "ok", sentence)


def _program(name: str, run: str | tuple[str, ...], root: Path, environment: Mapping[str, str]) -> Finding:
    shown = f"check {name}"
    program = _first_word(run)
    if not program:
        return unknown("settings", shown, "The check begins with something that is no plain program.")
    found = (
        os.access(root / program, os.X_OK) if "/" in program else shutil.which(program, path=environment.get("PATH"))
    )
    if found:
        return Finding("settings", shown, "ok", f"{program} is there.")
    place = "there" if "/" in program else "on PATH"
    sentence = f"{program} is not {place}. The check can run only if a setup command installs it."
    return Finding("settings", shown, "note", sentence, "Base the image on one with your toolchain.")


def _first_word(run: str | tuple[str, ...]) -> str:
    try:
        words = shlex.split(run, comments=True) if isinstance(run, str) else [*run]
    except ValueError:
        return ""
    if isinstance(run, str):
        words = [word for word in words if "=" not in word]
    first = words[0] if words else ""
    return "" if _OF_THE_SHELL.fullmatch(first) else first.rstrip(";")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
