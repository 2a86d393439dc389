"""The options of a run, and the folders, settings and secrets that follow from them."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from redimento.azure.pipelines import account, in_pipeline, variable
from redimento.context.cache import open_cache
from redimento.errors import GitError, RedimentoError, UsageError
from redimento.events import Emit, Note
from redimento.local.item_file import read_item
from redimento.locks import own_folder
from redimento.repository.checkout import Checkout, find_root, open_checkout, read_at
from redimento.repository.remote import DEFAULT_BRANCH, Credentials, fetch_branch, heads, remote_url
from redimento.run_folder import RunFolder, open_run_folder
from redimento.settings import Settings
from redimento.settings import file as settings_file
from redimento.settings.rules import SECRET_VARIABLES
from redimento.store.tape import Part, Tape
from redimento.text.redaction import Secrets
from redimento.work_items.trigger import read_pull_request, read_trigger

_LONG = 16  # characters
_WORDS = re.compile(r"[a-z._-]+")


@dataclass(frozen=True)
class RunOptions:
    """The options of `redimento run`, and of `redimento revise`, which is about a pull request.

    `resume`: the folder of an earlier run, whose answers are used again. `desk`: where a local run finds and leaves what Azure
    would hold, None for the run folder. `apart`: work in a worktree of the checkout, as one of several runs. `max_cost_usd`: at most, whatever the settings say. `part`: the only part of the
    run that this process does, from where the one before it left its folder as `resume`.
    """

    work_item: str | None
    work_item_file: Path | None
    payload: Path | None
    repo: Path
    config: Path | None
    run_dir: Path | None
    dry_run: bool = False
    apart: bool = False
    max_cost_usd: float | None = None
    revise: bool = False
    pull_request: str | None = None
    resume: Path | None = None
    desk: Path | None = None
    part: Part | None = None


def take_environment(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Return the environment, and remove the secrets from it, so that no child process inherits them."""
    whole = dict(environment)
    for name in SECRET_VARIABLES:
        environment.pop(name, None)
    return whole


def known_secrets(environment: Mapping[str, str]) -> Secrets:
    """Return the secrets that a run starts with."""
    values = [variable(environment, name) for name in SECRET_VARIABLES]
    return Secrets((*values, *(part for value in values for part in _parts(value))))


def _parts(url: str) -> Iterator[str]:
    """Yield what is secret in an address by itself: its password, and what is no word in the path and query of a hook."""
    _, _, password = url.rpartition("@")[0].rpartition(":")
    yield from (password, unquote(password))
    parts = re.split(r"[/?&=]", url.partition("://")[2].partition("/")[2])
    yield from (part for part in parts if len(part) >= _LONG and not _WORDS.fullmatch(part))


def load_settings(
    checkout: Checkout,
    options: RunOptions,
    environment: Mapping[str, str],
    emit: Emit,
    *,
    url: str = "",
    tape: Tape | None = None,
) -> Settings:
    """Return the settings from `options.config`, or else from the repository.

    A local run reads them from the working tree, so that they can be tried before they are committed. For a pipeline see
    `_settings_of_target`; a file outside the checkout is the pipeline's own. `url`: see `server_credentials`.
    """
    file = (options.config or checkout.root / settings_file.NAME).absolute()
    name = committed_name(checkout, options)
    if name is not None and in_pipeline(environment) and options.work_item_file is None:
        return _settings_of_target(checkout, name, server_credentials(checkout, environment, url, tape=tape), emit)
    emit(Note(f"Settings: {file}." if file.exists() else "Settings: the defaults."))
    return settings_file.read(file, must_exist=options.config is not None)


def committed_name(checkout: Checkout, options: RunOptions) -> str | None:
    """Return the path of the settings in the repository, None for a file outside of it, which no commit can change."""
    file = (options.config or checkout.root / settings_file.NAME).absolute()
    # Links below the root are not followed: the built branch may hold one that leads out of the checkout.
    root = next((folder for folder in file.parents if folder.resolve() == checkout.root), None)
    if root is None and file.resolve().is_relative_to(checkout.root):
        file, root = file.resolve(), checkout.root
    return None if root is None else file.relative_to(root).as_posix()


def server_credentials(
    checkout: Checkout, environment: Mapping[str, str], url: str = "", *, tape: Tape | None = None
) -> Credentials:
    """Return what git needs to reach the repository at `url`, or else that of the pipeline. Raises UsageError."""
    token = variable(environment, "SYSTEM_ACCESSTOKEN")
    return Credentials(url or remote_url(checkout, environment), token, account(environment), tape or Tape())


def _settings_of_target(checkout: Checkout, name: str, credentials: Credentials, emit: Emit) -> Settings:
    """Return the settings of the branch that pull requests target, whatever was built.

    Whoever can push a branch can have it built, so a built branch must not decide about itself. The file on the default
    branch may name a target, and then the target's file has everything else. Without a name, or with rules for one, the default
    branch's file has everything; without a name the target is the branch that the pipeline builds.
    """

    def read(branch: str, commit: str) -> Settings:
        if commit != checkout.head:
            commit = fetch_branch(checkout, credentials, branch, depth=1) or commit
        content = read_at(checkout, commit, name)
        where = f"{branch or 'the default branch'} at {commit[:12]}"
        emit(
            Note(f"Settings: the defaults, as {name} is not on {where}." if content is None else f"Settings: {where}.")
        )
        return Settings() if content is None else settings_file.decode(content, name)

    known = heads(checkout, credentials)
    newest = known.default
    if newest is None:
        raise GitError("The repository on the server has no default branch.", "Choose one on the page of its branches.")
    settings = read(DEFAULT_BRANCH, newest)
    if not isinstance(settings.pull_request.target, str):  # which branch it is, only the item tells
        return settings
    target = settings.pull_request.target.removeprefix("refs/heads/")
    commit = known.branches.get(target) if target else None
    if commit in (None, newest):  # a target that does not exist is reported with the remedy, once the item is admitted
        return settings
    own = read(target, commit)
    return replace(own, pull_request=replace(own.pull_request, target=target))


def checkout_beside(own: Path, environment: Mapping[str, str], path: str) -> Path:
    """Return the root of the checkout that a `checkout:` step has put into the folder `path` of Build.SourcesDirectory.

    Without that variable, beside `own`. Raises UsageError if there is none.
    """
    sources = Path(variable(environment, "BUILD_SOURCESDIRECTORY") or own.parent)
    root = (sources / path).resolve()
    # A folder inside another checkout would be taken for that one, and a link in a commit can lead to another job's.
    if find_root(root) != root or not root.is_relative_to(sources.resolve()):
        raise UsageError(
            f"There is no checkout at {root}, where a rule under `repositories` says that this work item belongs.",
            "Add a `checkout:` step for that repository to the job, or correct the rule's `path` in .redimento.yml.",
        )
    return root


def placed(options: RunOptions, environment: Mapping[str, str]) -> RunOptions:
    """Return the options with a folder for this run, which no other run has. Raises UsageError if there is no place for it."""
    if options.run_dir is not None:
        return replace(options, run_dir=options.run_dir.resolve())
    name = run_name(options, environment)
    if temporary := variable(environment, "AGENT_TEMPDIRECTORY"):
        attempt = variable(environment, "SYSTEM_JOBATTEMPT")
        again = f"-{attempt}" if attempt not in ("", "1") else ""
        return replace(options, run_dir=Path(temporary) / "redimento" / f"{name}{again}")
    root = find_root(options.repo) or open_checkout(options.repo).root  # which says what is wrong
    runs, now = hidden_folder(root) / "runs", datetime.now(UTC)
    dated = f"{name}-{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}"
    return replace(options, run_dir=runs / dated, desk=runs / name)


def open_folder(options: RunOptions, environment: Mapping[str, str]) -> RunFolder:
    """Open the folder of a run, even of one that cannot start. Raises UsageError if there is no place for it."""
    if options.run_dir is None:
        options = placed(options, environment)
    assert options.run_dir is not None  # noqa: S101 - see `placed`
    return open_run_folder(options.run_dir, known_secrets(environment))


def correlation(options: RunOptions, environment: Mapping[str, str]) -> str:
    """Return the id that finds a run in all logs: that of its build, in a pipeline, and that of its item."""
    return "-".join(filter(None, (variable(environment, "BUILD_BUILDID"), run_name(options, environment))))


def run_name(options: RunOptions, environment: Mapping[str, str]) -> str:
    """Return the number of what the run is about, or its file's name. Any error in either is reported when it is actually read."""
    file = options.work_item_file
    try:
        if file is not None:
            return str(read_item(file).id or file.stem)
        if options.revise:
            return f"pull-request-{read_pull_request(options.pull_request, environment, options.payload)}"
        return str(read_trigger(options.work_item, environment, options.payload).item_id)
    except RedimentoError:
        return file.stem if file is not None else "unnamed"


def hidden_folder(root: Path) -> Path:
    """Return `.redimento` in a checkout, hidden from git. A hostile repository may contain a link with that name."""
    own = root / ".redimento"
    ignore = own / ".gitignore"
    if own.resolve() != root.resolve() / ".redimento" or (own / "runs").is_symlink():
        raise UsageError(f"{own} links to another place.", "Remove the link, or name a folder with --run-dir.")
    try:
        own.mkdir(exist_ok=True)
        if not ignore.is_symlink() and not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise UsageError(f"{own} cannot be written: {error.strerror}.", "Use a checkout that can.") from error
    return own


@contextmanager
def scratch_folder(lock: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """Provide an empty folder outside the tree for candidates, their journals and the homes of commands.

    Its name depends only on `lock`, which you hold, and the account, so that a run removes what a killed one left. Other
    accounts may traverse but not list it.
    """
    base = Path(variable(environment, "AGENT_TEMPDIRECTORY") or tempfile.gettempdir())
    name = hashlib.sha256(lock.encode()).hexdigest()[:12]
    shutil.rmtree(own_folder(base, name), ignore_errors=True)
    folder = own_folder(base, name)
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def context_cache(root: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the folder that keeps what is known of a checkout between runs; a job has none, for it ends with its files."""
    return None if variable(environment, "AGENT_TEMPDIRECTORY") else open_cache(root, environment)
