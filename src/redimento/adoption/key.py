"""The key for Gemini, as a secret of a variable group; a job that signs in with its identity needs none."""

from __future__ import annotations

from functools import partial
from typing import Any

from redimento.adoption.plan import Step
from redimento.adoption.site import MARK, Json, Site, is_ours
from redimento.azure.shape import readable

_GROUPS = "_apis/distributedtask/variablegroups"
_KEY = "GEMINI_API_KEY"


@readable
def look_at_key(site: Site) -> list[Step]:
    if site.choices.service_connection:
        return []
    found = site.group()
    what, page = f"variable group {site.choices.variable_group}", site.link("_library", itemType="VariableGroups")
    value = ((found or {}).get("variables") or {}).get(_KEY)
    if value is not None:
        if not value.get("isSecret"):
            return [
                Step(
                    what,
                    "by hand",
                    f"{_KEY} is not secret: everybody can read it. Replace the key, then lock it.",
                    page,
                )
            ]
        return [Step(what, "keep", f"It has the secret {_KEY}; whether the key is valid, only a run can tell.", page)]
    if not site.choices.gemini_key:
        why = f"It needs the secret {_KEY}. Set {_KEY} in the environment of this command, or add it there."
        return [Step(what, "by hand", why, page)]
    if found is None:
        return [Step(what, "create", f"It keeps the secret {_KEY}.", page, partial(_write, site, "POST", _GROUPS, {}))]
    put = partial(_write, site, "PUT", f"{_GROUPS}/{found['id']}", found)
    return [Step(what, "change", f"It lacks the secret {_KEY}.", page, put)]


@readable
def remove_key(site: Site) -> list[Step]:
    found = site.group()
    if found is None:
        return []
    what, page = f"variable group {site.choices.variable_group}", site.link("_library", itemType="VariableGroups")
    if not is_ours(found):
        return [Step(what, "keep", "Somebody else made it.", page)]
    path = f"_apis/pipelines/pipelinePermissions/variablegroup/{found['id']}"
    users = site.client.get(path, project=site.project, api_version="7.1-preview.1")
    own = (site.definition() or {}).get("id")
    if (users.get("allPipelines") or {}).get("authorized") or [
        one for one in users.get("pipelines") or [] if one.get("id") != own
    ]:
        return [Step(what, "keep", "Other pipelines use it.", page)]
    query = {"projectIds": site.project_id}
    delete = partial(site.client.write, "DELETE", f"{_GROUPS}/{found['id']}", body=None, query=query)
    return [Step(what, "remove", f"{MARK} The key goes with it.", page, delete)]


def _write(site: Site, method: Any, path: str, found: Json) -> None:
    name, description = site.choices.variable_group, str(found.get("description") or MARK)
    reference = {"id": site.project_id, "name": site.project}
    site.client.write(
        method,
        path,
        body={
            "name": name,
            "description": description,
            "type": "Vsts",
            # A secret comes back without its value, and keeps it when it is sent so.
            "variables": {**(found.get("variables") or {}), _KEY: {"value": site.choices.gemini_key, "isSecret": True}},
            "variableGroupProjectReferences": [
                {"projectReference": reference, "name": name, "description": description}
            ],
        },
        happened=site.group if method == "POST" else (lambda: None),
        about=f"the variable group {name}",
        confidential=True,
    )
