"""The commands that run: `run`, `revise`, `plan`."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from redimento.cli.options import FILE, FOLDER, PLAIN, RUNS, epilog, own_defects, refuse_two_items
from redimento.errors import UsageError
from redimento.interruption import interruptible
from redimento.text.foreign import neutralise
from redimento.text.redaction import Secrets

if TYPE_CHECKING:
    from redimento.events import Emit
    from redimento.reporting.console import Listing
    from redimento.run_options import RunOptions
    from redimento.running import Ended


@dataclass(frozen=True)
class Shown:
    """How output is wanted."""

    as_json: bool
    plain: bool


@click.command(
    epilog=epilog(
        "run --work-item-file story.md --repo ~/code/shop",
        "run --work-item 7 --dry-run",
        "run --ids 1,2,3 --json",
        codes=RUNS,
    )
)
@click.option("--work-item", metavar="ID", help="Number of the work item. Default: REDIMENTO_WORK_ITEM.")
@click.option(
    "--work-item-file", type=FILE, help="A work item in a YAML or Markdown file; the result stays on this machine."
)
@click.option("--payload", type=FILE, help="The body of a service hook; only its work item number is used.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--run-dir", type=FOLDER, help="Where to write the record of the run.")
@click.option(
    "--resume",
    type=FOLDER,
    metavar="RUN",
    help="A killed or failed run's folder, of several the furthest: go on there.",
)
@click.option(
    "--part",
    type=click.Choice(["collect", "author", "deliver"]),
    help="One part of the run alone, each in a job with its own rights; --resume names what the one before left.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing outside this machine; list what would be written.")
@click.option("--open", "open_page", is_flag=True, help="Open the page of the run in a browser at the end.")
@click.option(
    "--max-cost-usd", type=click.FloatRange(min=0, min_open=True), help="At most, with --ids for all together."
)
@click.option("--ids", metavar="NUMBERS", help="Several work items, such as 1,2,3, each in a worktree of its own.")
@click.option(
    "--at-once", type=click.IntRange(1, 32), default=2, show_default=True, help="How many of --ids at a time."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on standard output.")
@PLAIN
def run(as_json: bool, plain: bool, ids: str | None, at_once: int, **options: Any) -> None:  # noqa: FBT001  click passes options by name
    """Take one work item, or several, to pull requests."""
    refuse_two_items(options["work_item"] or options["payload"], options["work_item_file"])
    _refuse_overwriting(options["run_dir"])
    _carry_out(Shown(as_json, plain), ids=ids, at_once=at_once, **options)


@click.command(epilog=epilog("revise --pull-request 12", "revise --payload comment.json --json", codes=RUNS))
@click.option("--pull-request", metavar="ID", help="Number of the pull request. Default: REDIMENTO_PULL_REQUEST.")
@click.option("--payload", type=FILE, help="The body of a service hook; only its pull request number is used.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--run-dir", type=FOLDER, help="Where to write the record of the run.")
@click.option("--dry-run", is_flag=True, help="Write nothing outside this machine; list what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on standard output.")
@PLAIN
def revise(as_json: bool, plain: bool, **options: Any) -> None:  # noqa: FBT001  click passes options by name
    """Answer what reviewers ask of a pull request of Redimento, with new commits on its branch."""
    _carry_out(Shown(as_json, plain), revise=True, work_item=None, work_item_file=None, **options)


@click.command(
    epilog=epilog("replay .redimento/runs/latest", codes="0 nothing differs; 6 something does; otherwise as for run.")
)
@click.argument("recorded", type=FOLDER, metavar="RUN")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="A clone of the run's repository.")
@click.option("--run-dir", type=FOLDER, help="Where to write the record of the repeated run.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on standard output.")
@PLAIN
def replay(recorded: Path, repo: Path, run_dir: Path | None, as_json: bool, plain: bool) -> None:  # noqa: FBT001  click
    """Repeat a run from its folder RUN, without key or server, and say where it differs."""
    from redimento import run_options, running  # noqa: PLC0415  see `run`
    from redimento.errors import DiffersError  # noqa: PLC0415  see `run`
    from redimento.reporting import console  # noqa: PLC0415  see `run`

    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    options, shown = run_options.RunOptions(None, None, None, repo, None, run_dir), Shown(as_json, plain)
    with own_defects(secrets, environment), interruptible():
        with listener(shown, secrets) as emit:
            ended, differences = running.replay(recorded, options, environment, emit)
        if as_json:
            console.print_json(sys.stdout, {**ended.as_json(), "differences": differences})
        else:
            _show(ended, shown)
            said = differences or ["The run is the same: its answers, its change and its texts."]
            click.echo("\n".join(secrets.clean(line) for line in said))
    sys.exit(DiffersError.exit_code if differences else 0)


def _refuse_overwriting(run_dir: Path | None) -> None:
    """Ask whether an earlier run may go, where somebody is there to answer."""
    if run_dir is None or not (run_dir / "record.json").exists() or not sys.stdin.isatty():
        return
    if not click.confirm(f"{run_dir} holds an earlier run. Replace it?", err=True):
        raise UsageError("Nothing was changed.", "Name another folder with --run-dir, or leave that out.")


def _carry_out(
    shown: Shown, *, ids: str | None = None, at_once: int = 1, open_page: bool = False, **options: Any
) -> NoReturn:
    from redimento import run_options, running  # noqa: PLC0415  most of the program, not needed for --help and usage errors
    from redimento.sandbox.isolation import protect_process  # noqa: PLC0415  see above

    protect_process()
    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    started = run_options.RunOptions(**options)
    with own_defects(secrets, environment):
        if ids is not None:
            sys.exit(_run_several(started, ids, environment, secrets, shown, at_once=at_once))
        with interruptible():
            with listener(shown, secrets) as emit:
                ended = running.carry_out(started, environment, emit)
            _show(ended, shown, started.repo)
    if open_page and ended.folder:
        _open(ended.folder / "report.html")
    sys.exit(ended.finished.outcome.exit_code)


def _open(page: Path) -> None:
    import webbrowser  # noqa: PLC0415  see `run`

    if not page.exists() or not webbrowser.open(page.resolve().as_uri()):
        click.echo(f"The page cannot be opened here: {neutralise(str(page))}", err=True)


def _run_several(
    options: RunOptions, ids: str, environment: dict[str, str], secrets: Secrets, shown: Shown, *, at_once: int
) -> int:
    """Run several items, show how they ended, and return the exit code of the one that ended worst."""
    from redimento.batch import several, wanted  # noqa: PLC0415  see `run`

    if options.work_item or options.work_item_file or options.payload or options.resume or options.part:
        raise UsageError("--ids and another option name work items.", "Give the numbers in one place only.")
    numbers = wanted.read_ids(ids)
    with listener(shown, secrets) as emit:
        ended = several.carry_out_several(options, numbers, environment, emit, at_once=at_once)
    _show_listing(several.listing(ended), shown)
    return several.worst(ended)


def _show_listing(listing: Listing, shown: Shown) -> None:
    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console, terminal  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        console.show_pipeline_listing(sys.stderr if shown.as_json else sys.stdout, listing)
    elif not shown.as_json:
        console.show_terminal_listing(terminal.open_terminal(plain=shown.plain), listing)
    if shown.as_json:
        console.print_json(sys.stdout, listing.value)


@click.command(epilog=epilog("plan --ids 1,2,3", "plan --saved-query 0e3d4b5c-...", codes=RUNS))
@click.option("--ids", metavar="NUMBERS", help="Work items, such as 1,2,3. Default: REDIMENTO_IDS.")
@click.option("--query", metavar="WIQL", help="A query for work items. Default: REDIMENTO_QUERY.")
@click.option("--saved-query", metavar="ID", help="The id of a saved query. Default: REDIMENTO_SAVED_QUERY.")
@click.option("--most", type=click.IntRange(1, 256), default=20, show_default=True, help="How many get a run at most.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as one JSON object on standard output.")
@PLAIN
def plan(as_json: bool, plain: bool, most: int, repo: Path, config: Path | None, **given: str | None) -> None:  # noqa: FBT001  click
    """Choose work items that may start a run, and set a matrix of jobs as an output variable."""
    from redimento import run_options  # noqa: PLC0415  see `run`
    from redimento.batch import planning, wanted  # noqa: PLC0415  see `run`

    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    options = run_options.RunOptions(None, None, None, repo, config, None)
    asked = wanted.read_wanted({f"--{name.replace('_', '-')}": value for name, value in given.items()}, environment)
    with interruptible(), listener(Shown(as_json, plain), secrets) as emit:
        made = secrets.redacted(planning.plan(asked, options, environment, emit, most=most))
    _show_listing(planning.listing(made), Shown(as_json, plain))


def listener(shown: Shown, secrets: Secrets) -> AbstractContextManager[Emit]:
    """Choose how to show progress: to the agent, on a terminal, or on standard error next to the JSON."""
    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console, terminal  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        stream = sys.stderr if shown.as_json else sys.stdout
        return console.pipeline_listener(pipelines, stream, secrets, os.environ)
    return console.terminal_listener(terminal.open_terminal(plain=shown.plain, stderr=True), secrets)


def _show(ended: Ended, shown: Shown, checkout: Path | None = None) -> None:
    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console, terminal  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        stream = sys.stderr if shown.as_json else sys.stdout
        console.show_pipeline_end(pipelines, stream, ended.finished, ended.summary, ended.calls, outputs=ended.outputs)
    elif not shown.as_json:
        screen = terminal.open_terminal(plain=shown.plain)
        console.show_terminal_end(screen, ended.finished, ended.folder, ended.calls, checkout)
    if shown.as_json:
        console.print_json(sys.stdout, ended.as_json())
