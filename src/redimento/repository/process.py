"""Run git through GitPython with a minimal environment and a deadline that kills its whole process group."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redimento.errors import GitError, UsageError
from redimento.sandbox.programs import SYSTEM_PATH, trusted_program

if TYPE_CHECKING:
    from git.cmd import Git

LOCAL_SECONDS: Final = 120.0
OLDEST: Final = (2, 38)  # merge-tree writes trees since then

# The variables that git and its HTTP transport need: temporary files, proxies and certificates. Everything else is
# removed: our secrets, and whatever would change what git does or loads (PATH, LD_*, GIT_*).
_PASSED_ON: Final = frozenset(
    {
        "TMPDIR",
        *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
        *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
_ALWAYS: Final = {
    "PATH": SYSTEM_PATH,
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # Anything that runs as the same user can write to the home directory; /etc/gitconfig belongs to root.
    "GIT_CONFIG_GLOBAL": os.devnull,
    # Otherwise `url.*.insteadOf` in a configuration could turn a URL into a command (ext::) or into ssh.
    "GIT_ALLOW_PROTOCOL": "http:https",
}


@dataclass(frozen=True)
class Ended:
    """A finished git process. A negative status is a signal."""

    status: int
    stdout: bytes
    stderr: str


def run_git(
    arguments: tuple[str, ...],
    folder: Path,
    *,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    seconds: float = LOCAL_SECONDS,
    descriptors: tuple[int, ...] = (),
) -> Ended:
    """Run git in `folder`, with `descriptors` open under their numbers, and return its result for any exit status.

    After `seconds` it kills the whole process group and raises GitError.
    """
    process = _start(arguments, folder, environment, descriptors)
    try:
        stdout, stderr = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        raise GitError(
            f"git {arguments[0]} did not finish within {seconds:g} seconds and was stopped.",
            "Check that the server responds and that the disk is not full, then run again.",
        ) from None
    except BaseException:
        _kill_group(process)
        raise
    return Ended(process.returncode, stdout, stderr.decode(errors="replace").strip())


def git_version() -> tuple[int, ...]:
    """Return the version of git, (0,) for one that cannot be read. Raises UsageError if there is no usable git."""
    said = run_git(("version",), Path("/"), environment={}).stdout.decode(errors="replace")
    found = re.search(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?", said)
    return tuple(int(part) for part in found.groups("0")) if found else (0,)


def _start(
    arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], descriptors: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    # GitPython passes our environment to git and can only add to it; `env -u` removes variables again. They are emptied
    # as well, because other processes of our account can read the environment of `env` before it starts git.
    strangers = sorted(os.environ.keys() - _PASSED_ON - _ALWAYS.keys() - environment.keys())
    unset = [word for name in strangers for word in ("-u", name)]
    wrapped: Any = _gitpython()(folder).execute(
        [_program("env"), *unset, _program("git"), *arguments],
        istream=subprocess.PIPE,
        as_process=True,
        env={**dict.fromkeys(strangers, ""), **_ALWAYS, **environment},
        start_new_session=True,
        pass_fds=descriptors,
    )
    process: subprocess.Popen[bytes] = wrapped.proc
    wrapped.proc = None  # otherwise GitPython kills the process when the wrapper is garbage-collected
    return process


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # GitPython's own deadline needs pgrep or ps, which slim images lack.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@cache
def _program(name: str) -> str:
    """Return where a program is. Looked up once, before any check runs: a check may plant a `git` where it can write."""
    found = trusted_program(name)
    if found is not None:
        return found
    where = shutil.which(name)
    if where is None:
        raise UsageError(
            f"{name} is not installed.", f"Install git {'.'.join(map(str, OLDEST))} or newer and run again."
        )
    raise UsageError(
        f"The only {name} here is {where}, which a check could replace.",
        f"Install {name} for the whole machine, in a folder that only root can write, such as /usr/bin.",
    )


@cache
def _gitpython() -> type[Git]:
    os.environ["GIT_PYTHON_GIT_EXECUTABLE"] = _program("git")  # the import runs git
    from git.cmd import Git  # noqa: PLC0415 - 0.1 s

    logging.getLogger("git.cmd").setLevel(logging.WARNING)  # its debug messages contain every command
    return Git
