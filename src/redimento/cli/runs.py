"""The commands that run: `run`, `revise`, `plan`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from redimento.cli.options import FILE, FOLDER, own_defects
from redimento.errors import UsageError
from redimento.interruption import interruptible
from redimento.text.redaction import Secrets

if TYPE_CHECKING:
    from redimento.reporting.console import Listing
    from redimento.run_options import RunOptions
    from redimento.running import Ended


@click.command()
@click.option("--work-item", metavar="ID", help="Number of the work item. Default: REDIMENTO_WORK_ITEM.")
@click.option(
    "--work-item-file", type=FILE, help="A work item in a YAML or Markdown file; the result stays on this machine."
)
@click.option("--payload", type=FILE, help="The body of a service hook; only its work item number is used.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--run-dir", type=FOLDER, help="Where to write the record of the run.")
@click.option("--dry-run", is_flag=True, help="Write nothing outside this machine; list what would be written.")
@click.option(
    "--max-cost-usd", type=click.FloatRange(min=0, min_open=True), help="At most, with --ids for all together."
)
@click.option("--ids", metavar="NUMBERS", help="Several work items, such as 1,2,3, each in a worktree of its own.")
@click.option(
    "--at-once", type=click.IntRange(1, 32), default=2, show_default=True, help="How many of --ids at a time."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on standard output.")
def run(as_json: bool, ids: str | None, at_once: int, **options: Any) -> None:  # noqa: FBT001  click passes options by name
    """Take one work item, or several, to pull requests."""
    _carry_out(as_json=as_json, ids=ids, at_once=at_once, **options)


@click.command()
@click.option("--pull-request", metavar="ID", help="Number of the pull request. Default: REDIMENTO_PULL_REQUEST.")
@click.option("--payload", type=FILE, help="The body of a service hook; only its pull request number is used.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--run-dir", type=FOLDER, help="Where to write the record of the run.")
@click.option("--dry-run", is_flag=True, help="Write nothing outside this machine; list what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on standard output.")
def revise(as_json: bool, **options: Any) -> None:  # noqa: FBT001  click passes options by name
    """Answer what reviewers ask of a pull request of Redimento, with new commits on its branch."""
    _carry_out(as_json=as_json, revise=True, work_item=None, work_item_file=None, **options)


def _carry_out(*, as_json: bool, ids: str | None = None, at_once: int = 1, **options: Any) -> NoReturn:
    from redimento import run_options, running  # noqa: PLC0415  most of the program, not needed for --help and usage errors
    from redimento.sandbox.isolation import protect_process  # noqa: PLC0415  see above

    protect_process()
    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    started = run_options.RunOptions(**options)
    with own_defects(secrets, environment):
        if ids is not None:
            sys.exit(_run_several(started, ids, at_once, environment, secrets, as_json=as_json))
        with interruptible():
            with _listener(as_json=as_json, secrets=secrets) as emit:
                ended = running.carry_out(started, environment, emit)
            _show(ended, as_json=as_json)
    sys.exit(ended.finished.outcome.exit_code)


def _run_several(
    options: RunOptions, ids: str, at_once: int, environment: dict[str, str], secrets: Secrets, *, as_json: bool
) -> int:
    """Run several items, show how they ended, and return the exit code of the one that ended worst."""
    from redimento.batch import several, wanted  # noqa: PLC0415  see `run`

    if options.work_item or options.work_item_file or options.payload:
        raise UsageError("--ids and another option name work items.", "Give the numbers in one place only.")
    numbers = wanted.read_ids(ids)
    with _listener(as_json=as_json, secrets=secrets) as emit:
        ended = several.carry_out_several(options, numbers, environment, emit, at_once=at_once)
    _show_listing(several.listing(ended), as_json=as_json)
    return several.worst(ended)


def _show_listing(listing: Listing, *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415  see `run`

    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        console.show_pipeline_listing(sys.stderr if as_json else sys.stdout, listing)
    elif not as_json:
        console.show_terminal_listing(Console(), listing)
    if as_json:
        console.print_json(sys.stdout, listing.value)


@click.command()
@click.option("--ids", metavar="NUMBERS", help="Work items, such as 1,2,3. Default: REDIMENTO_IDS.")
@click.option("--query", metavar="WIQL", help="A query for work items. Default: REDIMENTO_QUERY.")
@click.option("--saved-query", metavar="ID", help="The id of a saved query. Default: REDIMENTO_SAVED_QUERY.")
@click.option("--most", type=click.IntRange(1, 256), default=20, show_default=True, help="How many get a run at most.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object on standard output.")
def plan(as_json: bool, most: int, repo: Path, config: Path | None, **given: str | None) -> None:  # noqa: FBT001  click
    """Choose work items that may start a run, and set a matrix of jobs as an output variable."""
    from redimento import run_options  # noqa: PLC0415  see `run`
    from redimento.batch import planning, wanted  # noqa: PLC0415  see `run`

    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    options = run_options.RunOptions(None, None, None, repo, config, None)
    asked = wanted.read_wanted({f"--{name.replace('_', '-')}": value for name, value in given.items()}, environment)
    with interruptible(), _listener(as_json=as_json, secrets=secrets) as emit:
        made = secrets.redacted(planning.plan(asked, options, environment, emit, most=most))
    _show_listing(planning.listing(made), as_json=as_json)


@contextmanager
def _listener(*, as_json: bool, secrets: Secrets) -> Iterator[Callable[[Any], None]]:
    """Choose how to show progress: to the agent, on a terminal, or on standard error next to the JSON."""
    from rich.console import Console  # noqa: PLC0415  see `run`

    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        yield console.pipeline_listener(pipelines, sys.stderr if as_json else sys.stdout, secrets, os.environ)
        return
    with console.terminal_listener(Console(stderr=True), secrets) as emit:
        yield emit


def _show(ended: Ended, *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415  see `run`

    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        stream = sys.stderr if as_json else sys.stdout
        console.show_pipeline_end(pipelines, stream, ended.finished, ended.summary, ended.calls)
    elif not as_json:
        console.show_terminal_end(Console(), ended.finished, ended.folder, ended.calls)
    if as_json:
        console.print_json(sys.stdout, console.as_json(ended.finished, ended.folder, ended.calls))
