"""The command line as a whole: all commands, and the exit code of whatever they raise."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

import click

from redimento import __version__, defect
from redimento.cli import adopting, looking, runs
from redimento.cli.options import RUNS, USAGE, epilog
from redimento.errors import RedimentoError
from redimento.outcome import INTERRUPTED, Outcome, failure
from redimento.outcome import as_json as outcome_json
from redimento.text.foreign import json_line
from redimento.text.redaction import NO_SECRETS

_DEFECT = 1
# A run on 5,000 files makes 250,000 objects that stay until its end, and 3,000 in cycles: looking for those after each 700
# new ones, as Python does, took 0.2 s of 2.9 s of processor time.
_NEW_OBJECTS = 400_000


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=epilog("demo", "run --work-item-file story.md", "COMMAND --help", codes=RUNS),
)
@click.version_option(__version__, "-V", "--version", prog_name="redimento")
def cli() -> None:
    """Turn an Azure DevOps work item into one verified pull request."""


for command in (
    runs.run,
    runs.revise,
    runs.replay,
    runs.plan,
    looking.context,
    looking.apply,
    looking.config,
    adopting.init,
    adopting.check,
    adopting.doctor,
    adopting.sign_in,
    adopting.install,
    looking.report,
    looking.demo,
    looking.emulator,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with one of the codes in `errors.py`."""
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)  # the last search for garbage, of a process that ends, took 0.16 s
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
        sys.exit(USAGE)
    except click.ClickException as error:
        context = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "redimento"
        message = error.format_message()
        sentence = message if message.endswith((".", "?")) else f"{message}."
        leave(Outcome("failed", sentence, f"See `{context} --help`.", USAGE))
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
    problems = tuple(map(clean, outcome.problems))
    said = replace(outcome, sentence=clean(outcome.sentence), remedy=clean(outcome.remedy), problems=problems)
    remedy = [f"  {said.remedy}"] if said.remedy else []
    click.echo("\n".join([*problems, f"redimento: {said.sentence}", *remedy]), err=True)
    if as_json:
        click.echo(json_line(outcome_json(said)))
    sys.exit(said.exit_code)
