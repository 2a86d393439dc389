"""What a run was started with, written to its folder, so that a later one can start as it did.

Nothing in the folder is believed: what it names is looked up in the repository, and no file outside of it is read.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.azure.pipelines import in_pipeline, variable
from redimento.errors import UsageError
from redimento.repository.checkout import Checkout, origin_url
from redimento.repository.local_branches import local_heads, local_tip
from redimento.repository.process import run_git
from redimento.repository.worktrees import worktree
from redimento.run.job import Job
from redimento.run_options import RunOptions, committed_name, placed
from redimento.sandbox.files import read_regular
from redimento.store.plain import made
from redimento.store.tape import CHECKS, LARGEST, WIRE, Heard, Tape, read
from redimento.text.answer_size import UnusableAnswerError, refuse_many_values
from redimento.wiring.site import Site
from redimento.wiring.store import KEY
from redimento.work_items.trigger import read_pull_request

_LARGEST = 4 * LARGEST  # bytes
_MOST_VALUES = 5_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FILE_NAME = re.compile(r"[\w-][\w. -]*")
_LONGEST_NAME = 255  # bytes, of a file
_USER = re.compile(r"^(https?://)[^/\s]*@")  # a checkout may keep a password in its remote
_ON_DESK = re.compile(r"pull-requests/[0-9]{1,9}/pull-request\.json")
# What a run takes from its environment besides secrets and folders.
_VARIABLES = (
    "TF_BUILD", "SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECT", "SYSTEM_TEAMPROJECTID",
    "SYSTEM_PULLREQUEST_ISFORK", "SYSTEM_TOTALJOBSINPHASE", "BUILD_BUILDID", "BUILD_BUILDNUMBER", "BUILD_REASON",
    "BUILD_REPOSITORY_ID", "BUILD_REPOSITORY_NAME", "BUILD_REPOSITORY_PROVIDER", "BUILD_REPOSITORY_URI", "BUILD_SOURCEBRANCH",
)  # fmt: skip


@dataclass(frozen=True)
class Start:
    """What a run was started with. `item`: its number, `text`: its file in a local run, `settings`: a file outside of git.

    `branches` and `desk`: the local branches and pull requests that a local run found.
    """

    item: int
    repository: str
    base: str
    branch: str
    origin: str
    environment: dict[str, str]
    config: str | None
    settings: str | None
    item_file: str
    text: str
    pull_request: str | None
    revise: bool
    dry_run: bool
    apart: bool
    max_cost_usd: float | None
    branches: dict[str, str]
    desk: dict[str, str]


def start_of(site: Site, job: Job) -> Start:
    """Return what this run was started with."""
    options, local = site.options, site.options.work_item_file
    committed = in_pipeline(site.environment) and local is None
    name = committed_name(site.given, options) if committed else None
    file = options.config or site.given.root / ".redimento.yml"
    heads = local_heads(site.given) if local else ()
    found = {
        one: local_tip(site.given, one) for one in heads if one == site.given.branch or job.branch_like.fullmatch(one)
    }
    desk = options.desk or site.folder.path
    return Start(
        item=job.item_id,
        repository=job.repository,
        base=site.given.head,
        branch=site.given.branch,
        origin=_USER.sub(r"\1", origin_url(site.given)),
        environment={
            each: _USER.sub(r"\1", value) for each in _VARIABLES if (value := variable(site.environment, each))
        },
        config=name,
        settings=None if name else _text(file),
        item_file=local.name if local else "",
        text=_text(local) if local else "",
        pull_request=str(read_pull_request(options.pull_request, site.environment, options.payload))
        if options.revise
        else None,
        revise=options.revise,
        dry_run=options.dry_run,
        apart=options.apart,
        max_cost_usd=options.max_cost_usd,
        branches={one: commit for one, commit in found.items() if commit},
        desk={str(each.relative_to(desk)): _text(each) for each in desk.glob("pull-requests/*/pull-request.json")}
        if local
        else {},
    )


def _text(file: Path) -> str:
    return (read_regular(file.resolve(), at_most=LARGEST) or b"").decode("utf-8", "replace")


def read_file(folder: Path, name: str) -> bytes:
    """Return a file of a run folder, b"" if it is none: whoever made the folder may have planted a link or a pipe.

    Raises UsageError for one that would take gigabytes of memory.
    """
    content = read_regular(folder / name, at_most=_LARGEST) or b""
    try:
        refuse_many_values(content, _MOST_VALUES)
    except UnusableAnswerError as error:
        raise UsageError(f"The file {name} in {folder} has {error}.", "Name the folder of a run.") from None
    return content


def read_tape(folder: Path, secret: bytes = b"") -> tuple[Start, tuple[Heard, ...]]:
    """Return what the run in a folder was started with and heard. Raises UsageError."""
    heard = read(read_file(folder, WIRE), secret)
    return start_in(folder, heard), heard


def start_in(folder: Path, heard: tuple[Heard, ...]) -> Start:
    """Return what a recorded run was started with. Raises UsageError."""
    started = next((one.answer for one in heard if one.kind == "start"), None)
    if started is None:
        raise UsageError(
            f"{folder} has no recording ({WIRE}) of a run that had started.",
            "Name the folder of a run, such as .redimento/runs/latest; with the setting `record` on full there is one.",
        )
    try:
        start = made(Start, started)
    except ValueError as error:
        raise UsageError(f"The recording in {folder} does not say how its run started: {error}.", "") from None
    config = Path(start.config or "")
    if not _COMMIT.fullmatch(start.base) or config.is_absolute() or ".." in config.parts:
        raise UsageError(f"The recording in {folder} does not say from which commit and settings its run started.", "")
    return start


def resumed(options: RunOptions, environment: Mapping[str, str]) -> tuple[RunOptions, Tape]:
    """Return options and tape of a run that goes on where the one in `options.resume` ended. Raises UsageError.

    Its item is the same, unless the options name it. Results of checks are played if all were written with our secret,
    and the change was complete: a check could have written the others. All else is asked for again, but for the model.
    """
    assert options.resume is not None  # noqa: S101 - see above
    secret = variable(environment, KEY).encode()
    folder = options.resume.resolve()
    start, heard = read_tape(folder, secret)
    options = of_same_item(options, environment, folder, start)
    checks = tuple(one for one in heard if one.kind == "check" and one.sealed)
    done = any(one.kind == "authored" and one.sealed for one in heard)
    return options, Tape(checks, CHECKS if done else frozenset(), secret)


def of_same_item(options: RunOptions, environment: Mapping[str, str], folder: Path, start: Start) -> RunOptions:
    """Return the options with the folder to go on from, and the item of the run in it unless they name one. Raises UsageError."""
    if not (
        options.work_item or options.work_item_file or options.payload or variable(environment, "REDIMENTO_WORK_ITEM")
    ):
        if start.text:
            raise UsageError("The earlier run was of a file.", "Name it again with --work-item-file.")
        options = replace(options, work_item=str(start.item))
    if placed(options, environment).run_dir == folder:
        raise UsageError(f"This run would overwrite {folder}.", "Name another folder with --run-dir.")
    return replace(options, resume=folder)


def refuse_other(folder: Path, job: Job) -> None:
    """Raise UsageError if the run in a folder was of another item or repository."""
    start, _ = read_tape(folder)
    if (start.item, start.repository) != (job.item_id, job.repository):
        raise UsageError(
            f"The run in {folder} was of work item {start.item} in {start.repository}, and this one is of {job.item_id} in "
            f"{job.repository}.",
            "Name the folder of a run of this item with --resume, or run without it.",
        )


@contextmanager
def stage(start: Start, given: Checkout, place: Path) -> Iterator[tuple[RunOptions, dict[str, str]]]:
    """Provide a fresh worktree as the run found it, with options and environment that lead nowhere else.

    Raises UsageError if the repository does not have the commit.
    """
    known = run_git(("cat-file", "-e", f"{start.base}^{{commit}}"), given.root, environment=_git(given.root))
    if known.status:
        raise UsageError(
            f"The commit {start.base} of the recorded run is not in {given.root}.",
            f"Replay it in a clone of {start.repository}, and fetch that commit.",
        )
    files = place / "given"
    files.mkdir()
    # A local run calls the repository as its folder.
    with worktree(given, start.base, place / "trees" / _file_name(start.repository, "tree")) as tree:
        try:
            _set_up(tree, start)
        except ValueError:  # what no argument of a command can hold
            raise UsageError("The recorded run names branches or a remote that cannot be.", "") from None
        config = item = None
        if start.settings is not None:
            config = files / "settings.yml"
            config.write_text(start.settings, "utf-8", "replace")
        elif start.config:
            config = tree / start.config
        if start.item_file:
            item = files / _file_name(start.item_file, "item.md")
            item.write_text(start.text, "utf-8", "replace")
        for name, text in start.desk.items():
            if _ON_DESK.fullmatch(name):
                (place / "desk" / name).parent.mkdir(parents=True)
                (place / "desk" / name).write_text(text, "utf-8", "replace")
        options = RunOptions(
            work_item=None if item or start.revise else str(start.item),
            work_item_file=item,
            payload=None,
            repo=tree,
            config=config,
            run_dir=None,
            dry_run=start.dry_run,
            apart=start.apart,
            max_cost_usd=start.max_cost_usd,
            revise=start.revise,
            pull_request=start.pull_request,
            desk=place / "desk" if item else None,
        )
        variables = {name: value for name, value in start.environment.items() if name in _VARIABLES}
        # The token goes nowhere, as nobody is asked; it is one that no text can hold.
        yield options, {**variables, "SYSTEM_ACCESSTOKEN": secrets.token_hex(20), "AGENT_TEMPDIRECTORY": str(place)}


def _file_name(name: str, otherwise: str) -> str:
    return name if _FILE_NAME.fullmatch(name) and len(name.encode()) <= _LONGEST_NAME else otherwise


def _set_up(tree: Path, start: Start) -> None:
    """Give the worktree the branch, the remote and the local branches of the recorded run; git refuses names that are none."""
    run_git(("config", "--local", "remote.origin.url", start.origin), tree, environment=_git(tree))
    for name, commit in start.branches.items():
        if _COMMIT.fullmatch(commit):
            run_git(("update-ref", f"refs/heads/{name}", commit), tree, environment=_git(tree))
    if start.branch:
        run_git(("update-ref", f"refs/heads/{start.branch}", start.base), tree, environment=_git(tree))
        run_git(("symbolic-ref", "HEAD", f"refs/heads/{start.branch}"), tree, environment=_git(tree))


def _git(root: Path) -> dict[str, str]:
    return {"GIT_DIR": str(root / ".git"), "GIT_WORK_TREE": str(root)}
