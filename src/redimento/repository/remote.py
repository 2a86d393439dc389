"""The git server of the checkout: look up, fetch and push a branch. Branches are never rewritten."""

from __future__ import annotations

import re
import shlex
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import tenacity

from redimento.delivery.rights import Account
from redimento.errors import GitError, UsageError
from redimento.repository.checkout import Checkout, origin_url
from redimento.repository.objects import packed, unpack
from redimento.repository.process import Ended
from redimento.repository.rejection import SOME_ACCOUNT, is_transient, no_git_server, rejection
from redimento.repository.store import PrivateGit, private_git
from redimento.store.plain import made
from redimento.store.tape import Tape

DEFAULT_BRANCH: Final = ""  # in place of a branch's name
_NETWORK_SECONDS: Final = 300.0
_ATTEMPTS: Final = 4
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Credentials:
    """The URL of the repository and the job's token; with an empty token none is sent."""

    url: str
    token: str = field(repr=False)
    account: Account = SOME_ACCOUNT  # the token's, for errors
    tape: Tape = field(default_factory=Tape, repr=False, compare=False)  # of what the server says


@dataclass(frozen=True)
class _Listed:
    """The references of a server; what a tape plays is checked by it."""

    references: dict[str, str]


class _TransientError(Exception):
    """A failure that another attempt may avoid, with the output of git."""

    def __init__(self, action: str, said: str, account: Account) -> None:
        super().__init__(action, said)
        self.action = action
        self.said = said
        self.account = account


def remote_url(checkout: Checkout, environment: Mapping[str, str]) -> str:
    """Return the http(s) URL of the repository, without user name or password.

    From BUILD_REPOSITORY_URI, else from `origin`. Raises UsageError when it is not an http(s) URL.
    """
    given = environment.get("BUILD_REPOSITORY_URI", "")
    if given.startswith("$("):  # an unexpanded macro
        given = ""
    address = urlsplit(given or origin_url(checkout))
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise UsageError(
            "The repository has no http(s) address to push to.",
            "Set BUILD_REPOSITORY_URI or the remote 'origin' to the https address of the repository.",
        )
    return urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment=""))


@dataclass(frozen=True)
class Heads:
    """The branches on the server by short name, and the commit of the default branch, each at its newest commit."""

    branches: Mapping[str, str]
    default: str | None


def heads(checkout: Checkout, credentials: Credentials) -> Heads:
    """Return all branches on the server, with one request. Raises GitError, also when there is none."""
    with private_git(checkout.store) as git:

        def listed() -> dict[str, str]:
            ended = _run_online(git, credentials, "ls-remote", "--", credentials.url, "HEAD", "refs/heads/*")
            _raise_if_failed("Listing the branches", ended, credentials.account)
            return _references(ended)

        try:
            found = made(_Listed, {"references": _played(credentials, "branches", listed)}).references
        except ValueError as error:
            raise UsageError(f"The recorded list of branches cannot be read: {error}.", "Run it again.") from None
    prefix = "refs/heads/"  # the pattern also matches names that only end like this
    branches = {name.removeprefix(prefix): commit for name, commit in found.items() if name.startswith(prefix)}
    if not branches:
        raise no_git_server("Listing the branches")
    return Heads(branches, found.get("HEAD"))


def fetch_branch(checkout: Checkout, credentials: Credentials, branch: str, *, depth: int = 50) -> str | None:
    """Fetch `branch` and return the commit at its tip, None when there is no such branch. No reference changes.

    A shallow clone fetches the newest `depth` commits, a full one everything it lacks.
    """
    shallow = (f"--depth={depth}",) if checkout.shallow else ()
    with private_git(checkout.store) as git:
        # git only tells the server about commits that a reference points to.
        (git.folder / "refs" / "heads" / "head").write_text(f"{checkout.head}\n")

        def fetch() -> str | None:
            ended = _run_online(
                git,
                credentials,
                *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", *shallow),
                *("--", credentials.url, f"+{_reference(branch)}:refs/heads/fetched"),
            )
            if "couldn't find remote ref" in ended.stderr:
                return None
            _raise_if_failed(f"Fetching {branch!r}", ended, credentials.account)
            return git.word("rev-parse", "refs/heads/fetched")

        commit = _played(credentials, f"fetch {branch or 'HEAD'}", fetch)
        tape = credentials.tape
        if commit and (tape.part == "collect" or "objects" in tape.plays):
            told = tape.heard("objects", str(commit), lambda: packed(checkout, commit))
            if "objects" in tape.plays:
                unpack(checkout, told)
        if commit and "git" in tape.plays:
            _refuse_unknown(git, str(commit))
        return None if commit is None else str(commit)


def _refuse_unknown(git: PrivateGit, commit: str) -> None:
    if not _COMMIT.fullmatch(commit) or git.try_run("cat-file", "-e", f"{commit}^{{commit}}").status:
        raise UsageError(
            f"The commit {commit[:64]!r}, which the recorded run fetched, is not in this repository.",
            "Fetch all branches of the repository that the run worked in, and replay it there.",
        )


def push(checkout: Checkout, credentials: Credentials, commit: str, branch: str, *, expected: str | None) -> None:
    """Push `commit` as the new tip of `branch`.

    `expected` is the tip that the branch must still have on the server (None: it must not exist), otherwise
    ConflictError is raised. Raises GitError when `commit` is not based on `expected` or the server refuses it.
    """
    with private_git(checkout.store) as git:
        if expected and git.try_run("merge-base", "--is-ancestor", expected, commit).status:
            raise GitError(
                f"The new commit is not based on the tip of {branch!r}, and a branch is never rewritten.",
                "Run again: the new run starts from the branch as it is now.",
            )

        def send() -> None:
            ended = _run_online(
                git,
                credentials,
                *("push", "--porcelain"),
                f"--force-with-lease=refs/heads/{branch}:{expected or ''}",
                *("--", credentials.url, f"{commit}:refs/heads/{branch}"),
            )
            if ended.status and _is_pushed(git, credentials, branch, commit):
                return  # only the answer was lost
            _raise_if_failed(f"Pushing {branch!r}", ended, credentials.account)

        _played(credentials, f"push {commit} to {branch} at {expected}", send)


def _references(ended: Ended) -> dict[str, str]:
    # Whoever may push can put any bytes into a name.
    lines = (line.partition(b"\t") for line in ended.stdout.split(b"\n") if line)
    return {name.decode(errors="backslashreplace"): commit.decode(errors="replace") for commit, _, name in lines}


def _reference(branch: str) -> str:
    # Every server lists HEAD, but not every one says which branch it is.
    return "HEAD" if branch == DEFAULT_BRANCH else f"refs/heads/{branch}"


def _is_pushed(git: PrivateGit, credentials: Credentials, branch: str, commit: str) -> bool:
    """Return whether a push whose answer was a failure arrived all the same."""
    ended = _run_online(git, credentials, "ls-remote", "--", credentials.url, _reference(branch))
    return ended.status == 0 and _references(ended).get(_reference(branch)) == commit


def _run_online(git: PrivateGit, credentials: Credentials, *arguments: str) -> Ended:
    with _credential_socket(credentials.token) as descriptor:
        return git.try_run(
            *arguments,
            environment=_authentication(credentials, descriptor),
            seconds=_NETWORK_SECONDS,
            descriptors=(descriptor,) if descriptor else (),
        )


@contextmanager
def _credential_socket(token: str) -> Iterator[int]:
    """Provide the descriptor that git's credential helper reads its answer from, once; 0 without a token.

    Other processes of our account can read git's environment and arguments, and open its files and pipes through
    /proc/<pid>/fd, but not a socket (ENXIO). Its memory remains, where the kernel lets them read it (ptrace(2), Yama).
    """
    if not token:
        yield 0
        return
    ours, gits = socket.socketpair()
    with ours, gits:
        ours.sendall(f"username=redimento\npassword={token}\n".encode())
        ours.shutdown(socket.SHUT_WR)
        yield gits.fileno()


def _authentication(credentials: Credentials, descriptor: int) -> dict[str, str]:
    """Return the settings that authenticate one git process, as environment variables without the token in them.

    The empty values drop what a configuration sets for the same URL: a header, which the server would prefer to ours
    (measured with `persistCredentials: true`), and other credential helpers. Azure DevOps takes a job's token as the
    password of any user (docs: repos/git/auth-overview).
    """
    header = f"http.{credentials.url}.extraheader"
    settings = [(header, ""), (header, "X-TFS-FedAuthRedirect: Suppress"), ("credential.helper", "")]
    if descriptor:
        # For this server alone: git also asks its helpers for the password of a proxy.
        server = urlunsplit(urlsplit(credentials.url)._replace(path=""))
        script = f"import os; os.write(1, os.read({descriptor}, 1 << 16))"
        # Git appends its own word (get, store, erase) to the line.
        helper = f"!{shlex.join([sys.executable, '-I', '-S', '-c', script])} #"
        settings.append((f"credential.{server}.helper", helper))
        # From git 2.46 on without a first request that is refused, and never by NTLM, which a server on premises offers.
        settings.append(("http.proactiveAuth", "basic"))
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _raise_if_failed(action: str, ended: Ended, account: Account) -> None:
    if not ended.status:
        return
    # `push --porcelain` reports rejected references on standard output.
    refused = [line for line in ended.stdout.decode(errors="replace").splitlines() if line.startswith("!")]
    said = "\n".join([ended.stderr, *refused])
    if is_transient(said):
        raise _TransientError(action, said, account)
    raise rejection(action, said, account)


def _played(credentials: Credentials, asked: str, attempt: Callable[[], _Result]) -> Any:
    return credentials.tape.heard("git", asked, lambda: _with_retries(attempt))


def _with_retries(attempt: Callable[[], _Result]) -> _Result:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(_TransientError),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.25, max=10),
        reraise=True,
    )
    try:
        return retrying(attempt)
    except _TransientError as error:
        raise rejection(f"{error.action} ({_ATTEMPTS} attempts)", error.said, error.account) from None
