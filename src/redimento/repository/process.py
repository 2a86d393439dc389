"""One git process: started through GitPython with a bare environment, ended with its whole group at a deadline."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redimento.errors import GitError, UsageError

if TYPE_CHECKING:
    from git.cmd import Git

LOCAL_SECONDS: Final = 120.0

# What git and its HTTP transport may know of our environment: how to find programs, temporary space, proxies and
# certificates. Everything else stays behind: our secrets, and every GIT_* that would steer git elsewhere.
_PASSED_ON: Final = frozenset(
    {
        *("PATH", "TMPDIR", "LD_LIBRARY_PATH", "GIT_EXEC_PATH"),
        *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
        *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
_ALWAYS: Final = {
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # A home directory can be written by anything that runs as the same user; /etc/gitconfig belongs to root.
    "GIT_CONFIG_GLOBAL": os.devnull,
    # Otherwise `url.*.insteadOf` in a configuration could turn an address into a command (ext::) or into ssh.
    "GIT_ALLOW_PROTOCOL": "http:https",
}


@dataclass(frozen=True)
class Ended:
    """A git process that has ended. A negative status is a signal."""

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
) -> Ended:
    """Run git in `folder` and return how it ended, whatever its exit status.

    Raises GitError when it has not ended after `seconds`; the whole process group is killed then.
    """
    process = _start(arguments, folder, environment)
    try:
        stdout, stderr = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        raise GitError(
            f"git {arguments[0]} did not end within {seconds:g} seconds and was stopped.",
            "Check that the server answers and that the disk is not full, then run again.",
        ) from None
    except BaseException:
        _kill_group(process)
        raise
    return Ended(process.returncode, stdout, stderr.decode(errors="replace").strip())


def _start(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # GitPython hands its own copy of our environment to git and can only add to it: `env -u` takes names away again.
    strangers = sorted(os.environ.keys() - _PASSED_ON - _ALWAYS.keys() - environment.keys())
    unset = [word for name in strangers for word in ("-u", name)]
    wrapped: Any = _gitpython()(folder).execute(
        ["env", *unset, "git", *arguments],
        istream=subprocess.PIPE,
        as_process=True,
        env={**_ALWAYS, **environment},
        start_new_session=True,
    )
    process: subprocess.Popen[bytes] = wrapped.proc
    wrapped.proc = None  # GitPython would end the process when its wrapper is collected; we wait for it ourselves
    return process


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # GitPython's own deadline looks for children with pgrep or ps, which slim images do not have.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@cache
def _gitpython() -> type[Git]:
    try:
        from git.cmd import Git  # noqa: PLC0415 - its import runs git, and fails where there is none
    except ImportError:
        raise UsageError("git is not installed.", "Install git 2.38 or newer and run again.") from None
    logging.getLogger("git.cmd").setLevel(logging.WARNING)  # its debug lines repeat every command
    return Git
