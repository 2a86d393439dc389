"""The commands that a team meets first: `init`, `check`, `doctor`, `install`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from redimento.cli.options import FILE, FOLDER, PLAIN, epilog, own_defects
from redimento.cli.runs import Shown, listener
from redimento.errors import AzureError, UsageError
from redimento.interruption import interruptible
from redimento.text.foreign import json_line

if TYPE_CHECKING:
    from redimento.adoption.finding import Finding


@click.command(epilog=epilog("init --repo ~/code/shop"))
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The repository.")
@click.option("--force", is_flag=True, help="Replace an existing .redimento.yml.")
def init(repo: Path, force: bool) -> None:  # noqa: FBT001  click
    """Write a .redimento.yml with checks that fit the repository's files and pipelines."""
    from redimento.adoption.starter import write_starter_files  # noqa: PLC0415  see `run`

    click.echo(write_starter_files(repo, force=force))


@click.command(
    epilog=epilog("check", codes="0 nothing required is red; 6 it is, or the setup failed; 2 there are no checks.")
)
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@PLAIN
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object on standard output.")
def check(repo: Path, config: Path | None, plain: bool, as_json: bool) -> None:  # noqa: FBT001  click
    """Run setup and checks as a run would, without a model, and show times, reports and what is red already."""
    from redimento import run_options  # noqa: PLC0415  see `run`
    from redimento.adoption import checking  # noqa: PLC0415  see `run`
    from redimento.sandbox.isolation import protect_process  # noqa: PLC0415  see `run`

    protect_process()
    environment = run_options.take_environment(os.environ)
    secrets = run_options.known_secrets(environment)
    with own_defects(secrets, environment), interruptible():
        with listener(Shown(as_json, plain), secrets) as emit:
            checked = checking.check(repo, config, environment, emit)
        click.echo(json_line(checking.as_json(checked)) if as_json else checking.as_text(checked))
    sys.exit(checked.exit_code)


@click.command("sign-in", epilog=epilog("sign-in"))
def sign_in() -> None:
    """Sign in to Google as the job, and leave the token to later steps as the secret GOOGLE_OAUTH_ACCESS_TOKEN."""
    from redimento import run_options  # noqa: PLC0415  see `run`
    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.models import access, keyless, network  # noqa: PLC0415  see `run`
    from redimento.models.bounded import BoundedClient  # noqa: PLC0415  see `run`

    if not pipelines.in_pipeline(os.environ):
        raise UsageError("This would print a token.", "Use it in a step of Azure Pipelines, whose agent hides it.")
    environment = run_options.take_environment(os.environ)
    with own_defects(run_options.known_secrets(environment), environment), interruptible():
        http = BoundedClient(network.certificates(environment))
        token, _ = keyless.SignIn(access.find_identity(environment), http).walk()
    click.echo(pipelines.set_secret(access.TOKEN, token))


@click.command(
    epilog=epilog(
        "doctor --work-item 7", "doctor --json", codes="0 if a run would work, otherwise that with which it would stop."
    )
)
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="The checked-out repository.")
@click.option("--config", type=FILE, help="Settings to use instead of the repository's .redimento.yml.")
@click.option("--work-item", metavar="ID", help="An item to look at, too. Default: REDIMENTO_WORK_ITEM.")
@click.option("--call-model", is_flag=True, help="Ask the model for one word, which costs up to a cent.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object on standard output.")
@PLAIN
def doctor(as_json: bool, plain: bool, **options: Any) -> None:  # noqa: FBT001  click passes options by name
    """Find out whether a run would work here, without changing anything."""
    from redimento import run_options  # noqa: PLC0415  see `run`
    from redimento.adoption import doctor, finding  # noqa: PLC0415  see `run`
    from redimento.sandbox.isolation import protect_process  # noqa: PLC0415  see `run`

    protect_process()
    environment = run_options.take_environment(os.environ)
    with interruptible(), own_defects(run_options.known_secrets(environment), environment):
        findings = doctor.examine(doctor.Question(**options), environment)
        if as_json:
            click.echo(json_line(finding.as_json(findings)))
        else:
            _show_findings(findings, plain=plain)
    sys.exit(finding.exit_code(findings))


def _show_findings(findings: Sequence[Finding], *, plain: bool) -> None:
    from redimento.adoption import presentation  # noqa: PLC0415  see `run`
    from redimento.azure import pipelines  # noqa: PLC0415  see `run`
    from redimento.reporting.terminal import open_terminal  # noqa: PLC0415  see `run`

    if pipelines.in_pipeline(os.environ):
        click.echo(presentation.for_agent(findings))
    else:
        presentation.show(open_terminal(plain=plain), findings)


@click.command(
    epilog=epilog(
        "install --templates Shop/redimento@v0.1.0 --image registry.example/redimento@sha256:...",
        "install --remove",
        codes="0 done; 3 something remains for a person; 2 wrong use; 130 interrupted; 1 a bug in Redimento.",
    )
)
@click.option("--repo", type=FOLDER, default=".", show_default=True, help="A checkout: its files suggest the checks.")
@click.option("--url", default="", help="Web address of the repository. Default: the remote origin of the checkout.")
@click.option("--image", default="", help="The image that runs the job, by digest. Default: none, which protects less.")
@click.option(
    "--templates", default="", metavar="PROJECT/REPOSITORY@REF", help="Where the pipeline templates are in Azure Repos."
)
@click.option("--registry-connection", default="", help="Service connection to the registry of a private image.")
@click.option("--pool", default="", help="Agent pool of your own. Default: the hosted one.")
@click.option("--area", default="", help="Only work items below this area path start runs.")
@click.option("--tag", default="", help="Only work items with this tag start runs.")
@click.option("--work-item-type", default="", help="Only work items of this type start runs.")
@click.option("--replies/--no-replies", default=True, help="Whether comments start runs, too.")
@click.option("--variable-group", default="redimento", show_default=True, help="Group with the secret GEMINI_API_KEY.")
@click.option(
    "--service-connection", default="", help="Sign in to Gemini with this one, without a key: see docs/keyless.md."
)
@click.option("--workload-identity-provider", default="", help="See docs/keyless.md.")
@click.option("--service-account", default="", help="See docs/keyless.md.")
@click.option("--vertex-project", default="", help="See docs/keyless.md.")
@click.option("--vertex-location", default="", help="See docs/keyless.md.")
@click.option("--token-fd", type=int, help="Read your access token from this file descriptor.")
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@click.option("--remove", is_flag=True, help="Take away what an earlier call made.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan, or with --yes its result, as one JSON object.")
def install(token_fd: int | None, yes: bool, remove: bool, as_json: bool, **chosen: Any) -> None:  # noqa: FBT001  click
    """Set up hook, pipeline, rights and key of a repository, or take them away. Shows a plan first.

    Your access token comes from AZURE_DEVOPS_EXT_PAT, --token-fd or a prompt, the key from GEMINI_API_KEY. The exit code
    is 3 if something remains for a person after the plan was carried out.
    """
    from redimento.adoption import install as installing  # noqa: PLC0415  see `run`
    from redimento.adoption.plan import carried_out, looked  # noqa: PLC0415  see `run`
    from redimento.adoption.site import Choices  # noqa: PLC0415  see `run`
    from redimento.run_options import take_environment  # noqa: PLC0415  see `run`

    environment = take_environment(os.environ)
    token = _access_token(environment, token_fd)
    key = environment.get("GEMINI_API_KEY", "")
    if sys.stdin.isatty() and not (key or remove or chosen["service_connection"]):
        asked = "Key for Gemini (empty: leave the one that is there)"
        key = click.prompt(asked, default="", show_default=False, hide_input=True, err=True)
    with installing.opened(Choices(**chosen, gemini_key=key), token) as (site, secrets):
        parts = installing.removal(site) if remove else installing.installation(site)
        steps = looked(parts)
        if not as_json:
            click.echo(installing.as_text(steps, secrets, removing=remove, carried_out=False))
        done = installing.changes(steps) and (yes or (not as_json and _confirmed()))
        if done:
            steps = list(carried_out(parts))
            if not as_json:
                click.echo("\n" + installing.as_text(steps, secrets, removing=remove, carried_out=True))
        if as_json:
            click.echo(json_line(installing.as_json(steps, secrets, carried_out=done)))
    sys.exit(AzureError.exit_code if done and any(step.change == "by hand" for step in steps) else 0)


def _access_token(environment: Mapping[str, str], descriptor: int | None) -> str:
    """Return the administrator's token, which is never an argument: other processes can read those."""
    if descriptor is not None:
        try:
            with os.fdopen(descriptor, encoding="utf-8") as stream:
                return stream.readline()
        except (OSError, ValueError) as error:
            raise UsageError(f"The file descriptor {descriptor} cannot be read.", "Open it for reading.") from error
    if token := environment.get("AZURE_DEVOPS_EXT_PAT", ""):
        return token
    if not sys.stdin.isatty():
        raise UsageError("There is no access token.", "Set AZURE_DEVOPS_EXT_PAT, or use --token-fd.")
    return str(click.prompt("Access token for Azure DevOps", hide_input=True, err=True))


def _confirmed() -> bool:
    if sys.stdin.isatty():
        return click.confirm("\nCarry this out?", err=True)
    click.echo("\nNothing was changed: add --yes to carry this out.")
    return False
