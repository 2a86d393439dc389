"""The command line: parse, call one function, turn the result into an exit code."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from redimento import __version__, defect
from redimento.errors import RedimentoError, UsageError
from redimento.interruption import interruptible
from redimento.outcome import INTERRUPTED, Outcome, failure
from redimento.text.foreign import json_line, neutralise
from redimento.text.redaction import NO_SECRETS, Secrets

if TYPE_CHECKING:
    from redimento.running import Ended

_DEFECT = 1
_USAGE = 2

_folder = click.Path(file_okay=False, path_type=Path)
_file = click.Path(dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="redimento")
def cli() -> None:
    """Turn an Azure DevOps work item into one verified pull request."""


@cli.command()
@click.option("--work-item", metavar="ID", help="Number of the work item. Default: REDIMENTO_WORK_ITEM.")
@click.option(
    "--work-item-file", type=_file, help="A work item in a YAML or Markdown file; the result stays on this machine."
)
@click.option("--payload", type=_file, help="The body of a service hook; only its work item number is used.")
@click.option("--repo", type=_folder, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=_file, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--run-dir", type=_folder, help="Where to write the record of the run.")
@click.option("--dry-run", is_flag=True, help="Write nothing outside this machine; list what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on standard output.")
def run(as_json: bool, **options: Any) -> None:  # noqa: FBT001  click passes options by name
    """Take one work item to a pull request."""
    from redimento import run_options, running  # noqa: PLC0415  most of the program, not needed for --help and usage errors
    from redimento.sandbox.isolation import protect_process  # noqa: PLC0415  see above

    protect_process()
    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    started = run_options.RunOptions(**options)
    try:
        with interruptible():
            with _listener(as_json=as_json, secrets=secrets) as emit:
                ended = running.carry_out(started, environment, emit)
            _show(ended, as_json=as_json)
    except (RedimentoError, BrokenPipeError):
        raise
    except Exception:  # noqa: BLE001  a bug, whose traceback may show what only this function knows to be secret
        raise defect.saved(defect.details(secrets), environment) from None
    sys.exit(ended.finished.outcome.exit_code)


@contextmanager
def _listener(*, as_json: bool, secrets: Secrets) -> Iterator[Callable[[Any], None]]:
    """Choose how to show progress: to the agent, on a terminal, or on standard error next to the JSON."""
    from rich.console import Console  # noqa: PLC0415  see `run`

    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting import console  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        yield console.pipeline_listener(pipelines, sys.stderr if as_json else sys.stdout, secrets)
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


@cli.command()
@click.option("--work-item-file", type=_file, required=True, help="The work item, as YAML, Markdown or text.")
@click.option("--repo", type=_folder, default=".", show_default=True, help="A checkout, or any folder.")
@click.option("--budget", type=click.IntRange(min=0), help="Maximum of tokens. Default: context.budget_tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print files, spans and tokens as one JSON object.")
def context(work_item_file: Path, repo: Path, budget: int | None, as_json: bool) -> None:  # noqa: FBT001  click
    """Show which parts of the repository the model would see, and why."""
    from redimento.commands.context import show_context  # noqa: PLC0415  see `run`

    click.echo(show_context(work_item_file, repo, budget, as_json=as_json))


@cli.command()
@click.argument("answer", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--repo", type=_folder, default=".", show_default=True, help="The tree to change.")
@click.option("--partial", is_flag=True, help="Apply what can be applied, even if some edits are refused.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written, deleted and refused as JSON.")
def apply(answer: Any, repo: Path, partial: bool, as_json: bool) -> None:  # noqa: FBT001  click
    """Apply a model's answer (a file, or - for standard input) to a tree, all or nothing."""
    from redimento.commands.apply import apply_answer  # noqa: PLC0415  see `run`

    applied = apply_answer(answer.read(), repo, partial=partial)
    click.echo(json_line(applied.as_json()) if as_json else neutralise(applied.as_text()))
    sys.exit(_USAGE if applied.refused and not partial else 0)


@cli.group()
def config() -> None:
    """Check and show the settings of a repository."""


@config.command()
@click.option("--repo", type=_folder, default=".", show_default=True, help="The repository.")
@click.argument("file", type=_file, required=False)
def validate(repo: Path, file: Path | None) -> None:
    """Report everything that is wrong with .redimento.yml or FILE."""
    from redimento.commands.settings import validate_settings  # noqa: PLC0415  see `run`

    click.echo(validate_settings(repo, file))


@config.command()
@click.option("--repo", type=_folder, default=".", show_default=True, help="The repository.")
@click.argument("file", type=_file, required=False)
def show(repo: Path, file: Path | None) -> None:
    """Print the effective settings, including defaults."""
    from redimento.commands.settings import show_settings  # noqa: PLC0415  see `run`

    click.echo(show_settings(repo, file), nl=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of .redimento.yml."""
    from redimento.settings import schema as settings_schema  # noqa: PLC0415  see `run`

    click.echo(json.dumps(settings_schema.schema(), indent=2, ensure_ascii=False))


@cli.command()
@click.option("--repo", type=_folder, default=".", show_default=True, help="The repository.")
@click.option("--force", is_flag=True, help="Replace an existing .redimento.yml.")
def init(repo: Path, force: bool) -> None:  # noqa: FBT001  click
    """Write a .redimento.yml with checks that fit the repository's files."""
    from redimento.commands.starter import write_starter_files  # noqa: PLC0415  see `run`

    click.echo(write_starter_files(repo, force=force))


@cli.command()
@click.option("--folder", type=_folder, help="Where to keep the results. Default: a new temporary folder.")
def demo(folder: Path | None) -> None:
    """Take a sample work item to a pull request on an emulated Azure DevOps on this machine."""
    from redimento.demo import play  # noqa: PLC0415  see `run`

    with interruptible():
        sys.exit(play(folder, sys.stdout))


@cli.command()
@click.option("--folder", type=_folder, required=True, help="Where to keep the organisation.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--seed", type=_file, help="YAML or JSON with projects, repositories and work items.")
def emulator(folder: Path, port: int, seed: Path | None) -> None:
    """Serve an emulated Azure DevOps organisation on loopback, to try things out and for tests."""
    try:
        from devops_emulator.faults import StartError  # noqa: PLC0415  an extra, not in the image
        from devops_emulator.server import serve  # noqa: PLC0415  see above
    except ImportError as error:
        raise UsageError("The emulator is not installed.", "Install it: pip install 'redimento[emulator]'.") from error
    try:
        serve(folder, port, seed)
    except StartError as error:
        raise UsageError(str(error)) from error


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with one of the codes in `errors.py`."""
    words = sys.argv[1:] if arguments is None else arguments
    leave = partial(_leave, as_json="--json" in words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a title may hold what the agent's locale cannot print
    try:
        cli.main(args=words, prog_name="redimento", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        leave(Outcome("failed", "Interrupted.", exit_code=INTERRUPTED))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(_USAGE)
    except click.ClickException as error:
        context = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "redimento"
        message = error.format_message()
        sentence = message if message.endswith((".", "?")) else f"{message}."
        leave(Outcome("failed", sentence, f"See `{context} --help`.", _USAGE))
    except RedimentoError as error:
        leave(failure(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_DEFECT)
    except Exception:  # noqa: BLE001  the outermost boundary: anything else is a bug
        leave(failure(defect.saved(defect.details(), os.environ)))
    sys.exit(0)


def _leave(outcome: Outcome, *, as_json: bool) -> NoReturn:
    """Exit with the sentence on standard error and, with --json, one object on standard output."""
    clean = NO_SECRETS.clean
    texts = {"sentence": clean(outcome.sentence), "remedy": clean(outcome.remedy)}
    problems = [clean(problem) for problem in outcome.problems]
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"redimento: {texts['sentence']}", err=True)
    if texts["remedy"]:
        click.echo(f"  {texts['remedy']}", err=True)
    if as_json:
        click.echo(json_line({"outcome": outcome.kind, **texts, "problems": problems, "exitCode": outcome.exit_code}))
    sys.exit(outcome.exit_code)
