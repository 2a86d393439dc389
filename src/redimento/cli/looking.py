"""The commands that show, check or try something on this machine."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from redimento.cli.options import FILE, FOLDER, PLAIN, RUNS, USAGE, epilog, own_defects, refuse_two_items
from redimento.errors import UsageError
from redimento.interruption import interruptible
from redimento.text.foreign import json_line, neutralise


@click.command(epilog=epilog("context --work-item-file story.md --budget 20000", "context --work-item 42 --prompt"))
@click.option(
    "--work-item", metavar="ID", help="Number of a work item, read as a run does. Default: REDIMENTO_WORK_ITEM."
)
@click.option("--work-item-file", type=FILE, help="The work item, as YAML, Markdown or text.")
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="A checkout, or with a file any folder.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--budget", type=click.IntRange(min=0), help="Maximum of tokens. Default: context.budget_tokens.")
@click.option("--prompt", is_flag=True, help="Print the first request of a run, as it would be sent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: files, spans and tokens, or the request.")
def context(
    *,
    work_item: str | None,
    work_item_file: Path | None,
    repo: Path,
    config: Path | None,
    budget: int | None,
    prompt: bool,
    as_json: bool,
) -> None:
    """Show which parts of the repository the model would see, and why."""
    from redimento.azure.pipelines import variable  # noqa: PLC0415  see `run`
    from redimento.context import explain  # noqa: PLC0415  see `run`
    from redimento.work_items.trigger import VARIABLE  # noqa: PLC0415  see `run`

    refuse_two_items(work_item, work_item_file)
    if not (work_item or work_item_file or variable(os.environ, VARIABLE)):
        raise UsageError(
            "No work item was given.",
            "Name a file with --work-item-file, or a number with --work-item: `redimento context --help`.",
        )
    if work_item_file and not prompt:
        from redimento.commands.context import select_context  # noqa: PLC0415  see `run`

        chosen, hidden = select_context(work_item_file, repo, config, budget)
    else:
        from redimento.adoption.preview import look_ahead  # noqa: PLC0415  see `run`
        from redimento.run_options import RunOptions, take_environment  # noqa: PLC0415  see `run`

        options = RunOptions(work_item, work_item_file, None, repo, config, None, dry_run=True)
        seen = look_ahead(options, take_environment(os.environ), budget)
        if prompt:
            click.echo(json_line(seen.as_json()) if as_json else seen.as_text())
            return
        chosen, hidden = seen.context, seen.left_out
    if as_json:
        click.echo(json_line(explain.as_json(chosen, hidden)))
    else:
        click.echo(neutralise(explain.as_text(chosen, hidden, shutil.get_terminal_size((100, 24)).columns)))


@click.command(
    epilog=epilog("apply answer.md --repo ~/code/shop", codes="0 applied; 2 some edits were refused, or wrong use.")
)
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


@config.command(epilog=epilog("config validate --repo ~/code/shop"))
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The repository.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as one JSON object.")
@click.argument("file", type=FILE, required=False)
def validate(repo: Path, file: Path | None, as_json: bool) -> None:  # noqa: FBT001  click
    """Report everything that is wrong with .redimento.yml or FILE."""
    from redimento.commands.settings import validate_settings  # noqa: PLC0415  see `run`

    found = validate_settings(repo, file)
    if as_json:
        click.echo(json_line(found.as_json()))
    else:
        click.echo(neutralise(found.as_text()), err=bool(found.problems))
    sys.exit(USAGE if found.problems else 0)


@config.command(epilog=epilog("config show --repo ~/code/shop"))
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The repository.")
@click.option("--origin", is_flag=True, help="Print one line per setting, with where its value comes from.")
@click.argument("file", type=FILE, required=False)
def show(repo: Path, file: Path | None, origin: bool) -> None:  # noqa: FBT001  click
    """Print the effective settings, including defaults."""
    from redimento.commands.settings import show_origins, show_settings  # noqa: PLC0415  see `run`

    click.echo((show_origins if origin else show_settings)(repo, file), nl=False)


@config.command(epilog=epilog("config schema > redimento.schema.json"))
def schema() -> None:
    """Print the JSON Schema of .redimento.yml."""
    from redimento.settings import schema as settings_schema  # noqa: PLC0415  see `run`

    click.echo(json.dumps(settings_schema.schema(), indent=2, ensure_ascii=False))


@click.command(epilog=epilog("report .redimento/runs --output runs.html"))
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


@click.command(epilog=epilog("demo --folder /tmp/demo", codes=RUNS))
@click.option("--folder", type=FOLDER, help="Where to keep the results. Default: a new temporary folder.")
@PLAIN
def demo(folder: Path | None, plain: bool) -> None:  # noqa: FBT001  click
    """Take a sample work item to a pull request on an emulated Azure DevOps on this machine."""
    from redimento.demo import play  # noqa: PLC0415  see `run`

    with interruptible():
        sys.exit(play(folder, plain=plain))


@click.command(epilog=epilog("emulator --folder /tmp/organisation --port 8080"))
@click.option("--folder", type=FOLDER, required=True, help="Where to keep the organisation.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--seed", type=FILE, help="YAML or JSON with projects, repositories and work items.")
def emulator(folder: Path, port: int, seed: Path | None) -> None:
    """Serve an emulated Azure DevOps organisation on loopback, to try things out and for tests."""
    try:
        from devops_emulator.faults import StartError  # noqa: PLC0415  an extra, not in the image
        from devops_emulator.server import serve  # noqa: PLC0415  see above
    except ImportError as error:
        raise UsageError(
            "The emulator is not installed.", "Run `pip install '.[emulator]'` in Redimento's own folder."
        ) from error
    try:
        serve(folder, port, seed)
    except StartError as error:
        raise UsageError(str(error)) from error
