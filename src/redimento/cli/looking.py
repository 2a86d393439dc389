"""The commands that show, check or try something on this machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from redimento.cli.options import FILE, FOLDER, USAGE, own_defects
from redimento.errors import UsageError
from redimento.interruption import interruptible
from redimento.text.foreign import json_line, neutralise

if TYPE_CHECKING:
    pass


@click.command()
@click.option("--work-item-file", type=FILE, required=True, help="The work item, as YAML, Markdown or text.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="A checkout, or any folder.")
@click.option("--budget", type=click.IntRange(min=0), help="Maximum of tokens. Default: context.budget_tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print files, spans and tokens as one JSON object.")
def context(work_item_file: Path, repo: Path, budget: int | None, as_json: bool) -> None:  # noqa: FBT001  click
    """Show which parts of the repository the model would see, and why."""
    from redimento.commands.context import show_context  # noqa: PLC0415  see `run`

    click.echo(show_context(work_item_file, repo, budget, as_json=as_json))


@click.command()
@click.argument("answer", type=click.File("r", encoding="utf-8", errors="replace"))
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The tree to change.")
@click.option("--partial", is_flag=True, help="Apply what can be applied, even if some edits are refused.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written, deleted and refused as JSON.")
def apply(answer: Any, repo: Path, partial: bool, as_json: bool) -> None:  # noqa: FBT001  click
    """Apply a model's answer (a file, or - for standard input) to a tree, all or nothing."""
    from redimento.commands.apply import apply_answer  # noqa: PLC0415  see `run`

    applied = apply_answer(answer.read(), repo, partial=partial)
    click.echo(json_line(applied.as_json()) if as_json else neutralise(applied.as_text()))
    sys.exit(USAGE if applied.refused and not partial else 0)


@click.group()
def config() -> None:
    """Check and show the settings of a repository."""


@config.command()
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The repository.")
@click.argument("file", type=FILE, required=False)
def validate(repo: Path, file: Path | None) -> None:
    """Report everything that is wrong with .redimento.yml or FILE."""
    from redimento.commands.settings import validate_settings  # noqa: PLC0415  see `run`

    click.echo(validate_settings(repo, file))


@config.command()
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The repository.")
@click.argument("file", type=FILE, required=False)
def show(repo: Path, file: Path | None) -> None:
    """Print the effective settings, including defaults."""
    from redimento.commands.settings import show_settings  # noqa: PLC0415  see `run`

    click.echo(show_settings(repo, file), nl=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of .redimento.yml."""
    from redimento.settings import schema as settings_schema  # noqa: PLC0415  see `run`

    click.echo(json.dumps(settings_schema.schema(), indent=2, ensure_ascii=False))


@click.command()
@click.argument("runs", type=FOLDER, nargs=-1, required=True)
@click.option("--output", type=FILE, default="runs.html", show_default=True, help="Where to write the page.")
@click.option("--language", type=click.Choice(["en", "pt-BR"]), default="en", show_default=True, help="Of the page.")
@click.option("--json", "as_json", is_flag=True, help="Print all that as one JSON object, and write no page.")
def report(runs: tuple[Path, ...], output: Path, language: str, as_json: bool) -> None:  # noqa: FBT001  click
    """Make one page over many runs. RUNS: their folders, or folders of such folders."""
    from redimento.reporting import history  # noqa: PLC0415  see `run`
    from redimento.run_options import known_secrets, take_environment  # noqa: PLC0415  see `run`
    from redimento.wiring.reviews import reviews  # noqa: PLC0415  see `run`

    environment = take_environment(os.environ)
    with own_defects(known_secrets(environment), environment), reviews(environment) as known:
        found = history.read_history(runs, known)
        if as_json:
            click.echo(json_line(history.as_json(found)))
            return
        history.write_history(found, output, language)
        click.echo(f"{len(found.runs)} runs: {neutralise(str(output))}")


@click.command()
@click.option("--folder", type=FOLDER, help="Where to keep the results. Default: a new temporary folder.")
def demo(folder: Path | None) -> None:
    """Take a sample work item to a pull request on an emulated Azure DevOps on this machine."""
    from redimento.demo import play  # noqa: PLC0415  see `run`

    with interruptible():
        sys.exit(play(folder, sys.stdout))


@click.command()
@click.option("--folder", type=FOLDER, required=True, help="Where to keep the organisation.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--seed", type=FILE, help="YAML or JSON with projects, repositories and work items.")
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
