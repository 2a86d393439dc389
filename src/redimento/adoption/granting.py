"""The rights of the job's account: what it lacks is granted, what a person denied is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from redimento.adoption.pipeline import describe
from redimento.adoption.plan import Step
from redimento.adoption.site import MARK, Json, Site, is_ours
from redimento.azure.permissions import NAMESPACES
from redimento.azure.shape import readable
from redimento.delivery.rights import AREA_PAGE, PIPELINE_PAGE, REPOSITORY_PAGE, RIGHTS, Right

_RECORD = re.compile(r" Granted to (?P<account>[^\[\]]+) on area \[(?P<area>.*)\]: (?P<bits>[A-Za-z_, ]+)\.")


@dataclass(frozen=True)
class _Place:
    """Where rights are granted: the page that people know, its address, and the security token."""

    page: str
    what: str
    link: str
    token: str

    @property
    def wanted(self) -> Sequence[Right]:
        return [right for right in RIGHTS if right.needed_for and right.page == self.page]


@dataclass(frozen=True)
class _Granted:
    """What `install` granted, as the pipeline's description records it."""

    account: str
    area: str
    bits: tuple[str, ...]


@readable
def look_at_repository(site: Site) -> list[Step]:
    link = site.link("_settings", "repositories", repo=site.repository_id, _a="permissions")
    token = f"repoV2/{site.project_id}/{site.repository_id}"
    return _look(site, _Place(REPOSITORY_PAGE, f"repository {site.repository}", link, token))


@readable
def look_at_area(site: Site) -> list[Step]:
    return _look(site, _area(site, site.choices.area))


@readable
def look_at_builds(site: Site) -> list[Step]:
    definition = site.definition()
    if definition is None:
        return []  # a new pipeline shows its runs to everybody
    return _look(site, _builds(site, definition))


def _area(site: Site, area: str) -> _Place:
    named = area or site.project
    return _Place(AREA_PAGE, f"area {named}", site.link("_settings", "work-team", _a="areas"), _area_token(site, named))


def _builds(site: Site, definition: Json) -> _Place:
    folder = [part for part in str(definition.get("path") or "").split("\\") if part]
    token = "/".join((site.project_id, *folder, str(definition["id"])))
    link = site.link("_build", definitionId=str(definition["id"]))
    return _Place(PIPELINE_PAGE, f"pipeline {site.pipeline}", link, token)


def _area_token(site: Site, area: str) -> str:
    """Return the security token of an area: the ids of its nodes, from the root down. Raises NotThereError."""
    below = area.split("\\")[1:]
    nodes = []
    for end in range(len(below) + 1):
        path = "/".join(quote(name, safe="") for name in ("Areas", *below[:end]))
        about = f"the area {area}"
        node = site.client.get(f"_apis/wit/classificationnodes/{path}", project=site.project, about=about)
        nodes.append(f"vstfs:///Classification/Node/{node['identifier']}")
    return ":".join(nodes)


def _look(site: Site, place: _Place) -> list[Step]:
    account = site.job_account
    descriptor = site.descriptor(account)
    entry = _entry(site, place, descriptor)
    extended = entry.get("extendedInfo") or {}
    allowed = int(entry.get("allow") or 0) | int(extended.get("effectiveAllow") or 0)
    denied = int(entry.get("deny") or 0) | int(extended.get("effectiveDeny") or 0)
    what = f"rights on the {place.what}"
    steps = []
    if refused := [right for right in place.wanted if denied & right.mask]:
        why = f"{account} is denied {_names(refused)}, and a denial stays: set it to Allow."
        steps.append(Step(what, "by hand", why, place.link))
    missing = [right for right in place.wanted if not (allowed | denied) & right.mask]
    if missing:
        why = f"{account} gets {_names(missing)}, for {', '.join(right.needed_for for right in missing)}."
        ready = site.definition() is not None
        grant = partial(_grant, site, place, descriptor, missing) if ready else None
        steps.append(Step(what, "create", why, place.link, grant))
    return steps or [Step(what, "keep", f"{account} has what it needs.", place.link)]


def _entry(site: Site, place: _Place, descriptor: str) -> Json:
    query = {"token": place.token, "descriptors": descriptor, "includeExtendedInfo": "true"}
    path = f"_apis/accesscontrollists/{NAMESPACES[place.page]}"
    about = f"the rights on the {place.what}"
    for row in site.client.get(path, query=query, about=about).get("value") or []:
        for entry in (row.get("acesDictionary") or {}).values():
            if str(entry.get("descriptor")) == descriptor:
                found: Json = entry
                return found
    return {}


def _names(rights: Sequence[Right]) -> str:
    return ", ".join(f"'{right.name}'" for right in rights)


@readable
def _grant(site: Site, place: _Place, descriptor: str, rights: Sequence[Right]) -> None:
    """Note in the pipeline what is about to be granted, then grant it: a kill in between leaves nothing unknown."""
    _note(site, [right.bit for right in rights])
    site.client.write(
        "POST",
        f"_apis/accesscontrolentries/{NAMESPACES[place.page]}",
        body={
            "token": place.token,
            "merge": True,
            "accessControlEntries": [
                {"descriptor": descriptor, "allow": sum(right.mask for right in rights), "deny": 0}
            ],
        },
        happened=lambda: None,
        about=f"the rights on the {place.what}",
    )


def _note(site: Site, bits: Sequence[str]) -> None:
    definition = site.definition()
    if definition is None or not is_ours(definition):
        return  # without a pipeline of ours there is no place to note it, and `--remove` leaves these rights
    before = _granted(definition)
    kept = before.bits if before else ()
    if {*bits} <= {*kept}:
        return
    account, area = (before.account, before.area) if before else (site.job_account, site.choices.area or site.project)
    record = f" Granted to {account} on area [{area}]: {', '.join(dict.fromkeys((*kept, *bits)))}."
    text = _RECORD.sub("", str(definition.get("description") or "")) + record
    describe(site, definition, text)


def _granted(definition: Json) -> _Granted | None:
    found = _RECORD.search(str(definition.get("description") or ""))
    return _Granted(found["account"], found["area"], tuple(found["bits"].split(", "))) if found else None


@readable
def remove_rights(site: Site) -> list[Step]:
    """Look at the rights that were granted, as the pipeline notes them."""
    definition = site.definition()
    if definition is None:
        connection = site.connection(site.pipeline)
        if connection is None or not is_ours(connection):
            return []
        why = "The pipeline noted which rights were granted, and is gone: look through those of the build account."
        return [Step("rights of the build account", "by hand", why, site.link("_settings", "repositories"))]
    granted = _granted(definition) if is_ours(definition) else None
    return list(_removals(site, definition, granted)) if granted is not None else []


def _removals(site: Site, definition: Json, granted: _Granted) -> Iterator[Step]:
    descriptor = site.descriptor(granted.account)
    token = f"repoV2/{site.project_id}/{site.repository_id}"
    link = site.link("_settings", "repositories", repo=site.repository_id, _a="permissions")
    repository = _Place(REPOSITORY_PAGE, f"repository {site.repository}", link, token)
    for place in (repository, _area(site, granted.area), _builds(site, definition)):
        bits = sum(right.mask for right in place.wanted if right.bit in granted.bits)
        if bits & int(_entry(site, place, descriptor).get("allow") or 0):
            rights = [right for right in place.wanted if right.bit in granted.bits]
            take = partial(
                site.client.write,
                "DELETE",
                f"_apis/permissions/{NAMESPACES[place.page]}/{bits}",
                body=None,
                query={"descriptor": descriptor, "token": place.token},
                about=f"the rights on the {place.what}",
            )
            why = f"{MARK} {granted.account} was granted {_names(rights)}."
            yield Step(f"rights on the {place.what}", "remove", why, place.link, take)
