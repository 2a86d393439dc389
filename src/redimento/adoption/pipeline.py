"""The pipeline, and what it may use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from redimento.adoption.plan import Step
from redimento.adoption.proposal import FILE
from redimento.adoption.site import MARK, Json, Site, is_ours, same
from redimento.azure.shape import readable
from redimento.errors import NotThereError

_DEFINITIONS = "_apis/build/definitions"
_YAML = 2  # a process of this type is a file in the repository


@readable
def look_at_pipeline(site: Site) -> list[Step]:
    found, page = site.definition(), site.link("_build")
    what = f"pipeline {site.pipeline}"
    if found is None:
        why = f"It runs {FILE} of {site.repository}."
        return [Step(what, "create", why, page, partial(_create, site))]
    page = site.link("_build", definitionId=str(found["id"]))
    wanted = {"file": FILE, "repository": site.repository_id, "branch": site.branch}
    process, repository = found.get("process") or {}, found.get("repository") or {}
    has = {
        "file": str(process.get("yamlFilename") or "").lstrip("/"),
        "repository": repository.get("id"),
        "branch": repository.get("defaultBranch"),
    }
    if other := [name for name in wanted if not same(has[name], wanted[name])]:
        why = f"It has another {' and '.join(other)} than expected, and stays as it is: change it there, or delete it."
        return [Step(what, "by hand", why, page)]
    if not same(found.get("queueStatus"), "enabled"):
        return [
            Step(what, "by hand", "A person paused or disabled it, and it stays so: enable it for runs to start.", page)
        ]
    return [Step(what, "keep", "It is there." if is_ours(found) else "It is there; somebody else made it.", page)]


@readable
def remove_pipeline(site: Site) -> list[Step]:
    found = site.definition()
    if found is None:
        return []
    what, page = f"pipeline {site.pipeline}", site.link("_build", definitionId=str(found["id"]))
    if not is_ours(found):
        return [Step(what, "keep", "Somebody else made it.", page)]
    delete = partial(site.client.write, "DELETE", f"{_DEFINITIONS}/{found['id']}", body=None, project=site.project)
    return [Step(what, "remove", f"{MARK} Its runs go with it.", page, delete)]


def describe(site: Site, definition: Json, description: str) -> None:
    """Replace the description of the pipeline; raises ConflictError if somebody changed the pipeline meanwhile."""
    body = {**definition, "description": description}
    path = f"{_DEFINITIONS}/{definition['id']}"
    site.client.write("PUT", path, project=site.project, body=body, about=f"the pipeline {site.pipeline}")


def _create(site: Site) -> None:
    body: dict[str, Any] = {
        "name": site.pipeline,
        "type": "build",
        "description": MARK,
        "queueStatus": "enabled",
        "repository": {
            "id": site.repository_id,
            "type": "TfsGit",
            "name": site.repository,
            "defaultBranch": site.branch,
        },
        "process": {"type": _YAML, "yamlFilename": FILE},
    }
    site.client.write(
        "POST",
        _DEFINITIONS,
        project=site.project,
        body=body,
        happened=site.definition,
        about=f"the pipeline {site.pipeline}",
    )


@readable
def look_at_permissions(site: Site) -> list[Step]:
    """Look at whether the pipeline may use what it needs; otherwise its first run waits for a person."""
    definition = site.definition()
    return [_look_at_permission(site, definition, *used) for used in _used(site)]


def _used(site: Site) -> Iterator[tuple[str, str, str]]:
    """Yield the protected resources of the pipeline: name for people, type, and id ("": not there yet)."""
    chosen = site.choices
    for name in filter(None, (site.pipeline, chosen.registry_connection, chosen.service_connection)):
        yield f"service connection {name}", "endpoint", str((site.connection(name) or {}).get("id") or "")
    if not chosen.service_connection:
        yield f"variable group {chosen.variable_group}", "variablegroup", str((site.group() or {}).get("id") or "")
    if chosen.pool:
        queue = site.named("_apis/distributedtask/queues", chosen.pool, queueNames=chosen.pool)
        yield f"agent pool {chosen.pool}", "queue", str((queue or {}).get("id") or "")
    project, repository, _ = templates(site)
    yield f"repository {project}/{repository} of the templates", "repository", _repository(site, project, repository)


def templates(site: Site) -> tuple[str, str, str]:
    """Return project, repository and reference of the pipeline templates."""
    place, _, reference = site.choices.templates.partition("@")
    project, _, repository = place.rpartition("/")
    return project or site.project, repository or "redimento", reference or "refs/tags/v0.1.0"


def _repository(site: Site, project: str, repository: str) -> str:
    try:
        row = site.client.get(f"_apis/git/repositories/{quote(repository, safe='')}", project=project)
    except NotThereError:
        return ""
    return f"{row['project']['id']}.{row['id']}"


def _look_at_permission(site: Site, definition: Json | None, name: str, kind: str, identity: str) -> Step:
    what = f"use of the {name}"
    made_here = name in (f"service connection {site.pipeline}", f"variable group {site.choices.variable_group}")
    if not identity and not made_here:
        return Step(what, "by hand", f"There is no {name} that your account can see: make it, and run this again.")
    why = "Without it the first run waits until a person permits it."
    if definition is None or not identity:
        return Step(what, "create", why)
    path = f"_apis/pipelines/pipelinePermissions/{kind}/{quote(identity, safe='')}"
    row = site.client.get(path, project=site.project, api_version="7.1-preview.1", about=f"who may use the {name}")
    pipelines = [one for one in row.get("pipelines") or [] if one.get("id") == definition["id"]]
    if (row.get("allPipelines") or {}).get("authorized") or any(one.get("authorized") for one in pipelines):
        return Step(what, "keep", "The pipeline may use it.")
    permit = partial(
        site.client.write,
        "PATCH",
        path,
        project=site.project,
        body={"pipelines": [{"id": definition["id"], "authorized": True}]},
        happened=lambda: None,
        api_version="7.1-preview.1",
        about=f"the permission to use the {name}",
    )
    return Step(what, "create", why, act=permit)
