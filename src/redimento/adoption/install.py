"""`redimento install`: make what a repository needs for its first run, or take it away again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from redimento.adoption import granting, key, pipeline, proposal, webhook
from redimento.adoption.plan import Part, Step
from redimento.adoption.site import Choices, Site, refuse_unusable, same
from redimento.adoption.starter import settings_text
from redimento.azure import address
from redimento.azure.client import AzureClient
from redimento.azure.shape import readable
from redimento.delivery.rights import AREA_PAGE, PIPELINE_PAGE, REPOSITORY_PAGE
from redimento.repository.checkout import open_checkout
from redimento.repository.remote import remote_url
from redimento.settings import file as settings_file
from redimento.text import wording
from redimento.text.redaction import Secrets


@contextmanager
def opened(choices: Choices, token: str) -> Iterator[tuple[Site, Secrets]]:
    """Provide the site that was chosen, and the secrets that no text may show.

    Raises UsageError for a repository that is not in Azure Repos, and NotThereError for one that is not there.
    """
    url = choices.url or remote_url(open_checkout(choices.repo), {})
    collection, project, repository = address.of_repository(url)
    issued: list[str] = []
    secrets = Secrets((token.strip(), choices.gemini_key), lambda: issued)
    client = AzureClient(collection, token, personal=True, secrets=secrets)
    try:
        yield _as_named_there(Site(client, project, repository, choices, issued)), secrets
    finally:
        client.close()


@readable
def _as_named_there(site: Site) -> Site:
    """Return the site with the names as the server spells them: an address may have ids, and any case."""
    project, repository = str(site.repository_row["project"]["name"]), str(site.repository_row["name"])
    area = site.choices.area.replace("/", "\\").strip("\\")
    if area and not same(area.partition("\\")[0], project):
        area = f"{project}\\{area}"
    return replace(site, project=project, repository=repository, choices=replace(site.choices, area=area))


def installation(site: Site) -> tuple[Part, ...]:
    """Return what to bring about, in an order in which each part has what it needs: events start last. Raises UsageError."""
    refuse_unusable(site.choices)
    files = {
        settings_file.NAME: partial(_settings_text, site.choices.repo),
        proposal.FILE: partial(proposal.pipeline_file, site, pipeline.templates(site)),
    }
    return (
        _part(site, "connection", webhook.look_at_connection),
        _part(site, "key", key.look_at_key),
        _part(site, "pipeline", pipeline.look_at_pipeline),
        _part(site, "repository", granting.look_at_repository),
        _part(site, "area", granting.look_at_area),
        _part(site, "builds", granting.look_at_builds),
        _part(site, "permissions", pipeline.look_at_permissions),
        _part(site, "files", partial(proposal.look_at_files, files=files)),
        _part(site, "hooks", webhook.look_at_subscriptions),
    )


def _settings_text(repo: Path) -> str:
    """Return the settings that a person has prepared here, else those that the files suggest; raise RedimentoError."""
    path = repo / settings_file.NAME
    text = settings_file.text_of(path, must_exist=False)
    if text is None:
        return settings_text(repo)
    settings_file.parse(text, str(path))
    return text


def removal(site: Site) -> tuple[Part, ...]:
    """Return what to take away; the pipeline is last, as it knows which rights were granted."""
    return (
        _part(site, "hooks", webhook.remove_subscriptions),
        _part(site, "files", partial(proposal.remove_files, paths=(settings_file.NAME, proposal.FILE))),
        _part(site, "repository", granting.remove_rights),
        _part(site, "connection", webhook.remove_connection),
        _part(site, "key", key.remove_key),
        _part(site, "pipeline", pipeline.remove_pipeline),
    )


# By part: what people call it, the right that it takes, the page that grants it in words, what to do by hand, and the page.
_DUTIES = {
    "connection": (
        "incoming webhook",
        "Endpoint Creator",
        "Project settings > Service connections > Security",
        "Otherwise somebody with that role has to run this.",
        ("_settings", "adminservices"),
    ),
    "key": (
        "variable group",
        "Creator",
        "Pipelines > Library > Security",
        "Otherwise somebody with that role has to make the group, with the secret GEMINI_API_KEY.",
        ("_library",),
    ),
    "pipeline": (
        "pipeline",
        "Create build pipeline",
        "Pipelines > (…) > Manage security",
        f"Otherwise somebody with that right has to make it, from {proposal.FILE}.",
        ("_build",),
    ),
    "repository": (
        "rights on the repository",
        "Manage permissions",
        REPOSITORY_PAGE,
        "Otherwise somebody with that right has to grant what docs/rights.md lists.",
        ("_settings", "repositories"),
    ),
    "area": (
        "rights on the area",
        "Edit this node",
        AREA_PAGE,
        "Otherwise somebody with that right has to grant what docs/rights.md lists.",
        ("_settings", "work-team"),
    ),
    "builds": (
        "rights on the pipeline",
        "Administer build permissions",
        PIPELINE_PAGE,
        "Otherwise somebody with that right has to check that the job's account has View builds.",
        ("_build",),
    ),
    "permissions": (
        "use of protected resources",
        "Administrator",
        "of the resource: (…) > Security or Approvals and checks",
        "Otherwise the first run waits, and an administrator of the resource has to choose Permit on its page.",
        ("_settings", "adminservices"),
    ),
    "files": (
        "pull request",
        "Contribute, Create branch and Contribute to pull requests",
        REPOSITORY_PAGE,
        "Otherwise somebody with these rights has to add the files.",
        ("_settings", "repositories"),
    ),
    "hooks": (
        "service hooks",
        "Edit subscriptions",
        "Project settings > Service hooks; project administrators have it",
        "Otherwise a project administrator has to run this.",
        ("_settings", "serviceHooks"),
    ),
}


def _part(site: Site, name: str, look: Callable[[Site], Sequence[Step]]) -> Part:
    what, right, where, by_hand, page = _DUTIES[name]
    return Part(what, partial(look, site), right, where, site.link(*page), by_hand)


def changes(steps: Sequence[Step]) -> bool:
    """Return whether a plan would change anything."""
    return any(step.change not in ("keep", "by hand") for step in steps)


def as_text(steps: Sequence[Step], secrets: Secrets, *, removing: bool, carried_out: bool) -> str:
    """Return a plan, or what became of it, for people."""
    shown = wording.render(
        "adoption/plan.txt.j2",
        steps=steps,
        changes=changes(steps),
        removing=removing,
        carried_out=carried_out,
    )
    return secrets.clean(shown).rstrip()


def as_json(steps: Sequence[Step], secrets: Secrets, *, carried_out: bool) -> Mapping[str, Any]:
    """Return the same as one JSON value; `version` changes with its shape."""
    rows = [{name: value for name, value in asdict(step).items() if name != "act"} for step in steps]
    return secrets.redacted({"version": 1, "carriedOut": carried_out, "steps": rows})
