"""From a work item to the pipeline: the incoming webhook, and the subscriptions that post to it."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from redimento.adoption.plan import Step
from redimento.adoption.site import MARK, Json, Site, hook_name, is_ours, same
from redimento.azure.shape import readable

_CONNECTIONS = "_apis/serviceendpoint/endpoints"
_SUBSCRIPTIONS = "_apis/hooks/subscriptions"
_KIND = "incomingwebhook"
_EVENTS = {
    "workitem.updated": "service hook on changed states",
    "workitem.commented": "service hook on comments",
    "ms.vss-code.git-pullrequest-comment-event": "service hook on comments in pull requests",
}
_INPUTS = ("areaPath", "workItemType", "tag", "changedFields", "repository")


@readable
def look_at_connection(site: Site) -> list[Step]:
    """Look at the service connection that receives events."""
    found = site.connection(site.pipeline)
    what, page = f"incoming webhook {site.pipeline}", site.link("_settings", "adminservices")
    if found is None:
        why = "It starts the pipeline. Its name is random and is its only secret, as service hooks cannot sign."
        return [Step(what, "create", why, page, partial(_create_connection, site))]
    parameters = _parameters(found)
    if not same(found.get("type"), _KIND):
        why = f"A service connection of this name exists and is of the type {found.get('type')}. Rename it, and run this again."
        return [Step(what, "by hand", why, page)]
    if parameters.get("header"):
        why = "It wants a signature, which service hooks of Azure DevOps cannot make: empty its secret and its header."
        return [Step(what, "by hand", why, page)]
    if not parameters.get("webhookname"):
        why = "It does not show its name to your account: open it and note the WebHook Name, or delete it and run this again."
        return [Step(what, "by hand", why, page)]
    return [Step(what, "keep", "It is there." if is_ours(found) else "It is there; somebody else made it.", page)]


@readable
def look_at_subscriptions(site: Site) -> list[Step]:
    """Look at the service hooks that post to the incoming webhook."""
    connection = site.connection(site.pipeline)
    target = str(_parameters(connection).get("webhookname") or "") if connection else ""
    if target:
        site.issued.append(target)
    if kind := site.choices.work_item_type:  # a filter by a wrong one would be met by no item, and nobody would be told
        path, about = f"_apis/wit/workitemtypes/{quote(kind, safe='')}", f"the work item type {kind}"
        site.client.get(path, project=site.project, about=about)
    events = [*_EVENTS][: None if site.choices.replies else 1]
    ours = _subscriptions(site, target)
    return [_look_at_event(site, event, target, ours) for event in events]


def _look_at_event(site: Site, event: str, target: str, ours: list[Json]) -> Step:
    what, page = _EVENTS[event], site.link("_settings", "serviceHooks")
    mine = [row for row in ours if row.get("eventType") == event]
    wanted = _wanted(site, event, target)
    found = next((row for row in mine if hook_name(_url(row)) == target), mine[0] if mine else None)
    if found is None:
        filters = _filters(site) if event.startswith("workitem.") else ""
        why = f"It posts to the incoming webhook what starts a run{filters}."
        return Step(what, "create", why, page, partial(_subscribe, site, wanted) if target else None)
    if found.get("status") == "disabledByUser":
        return Step(what, "by hand", "A person disabled it, so it stays disabled: enable it for runs to start.", page)
    if hook_name(_url(found)) != target or found.get("status") not in ("enabled", "onProbation"):
        broken = "It posts to an incoming webhook that is gone." if hook_name(_url(found)) != target else ""
        why = broken or "Azure DevOps disabled it."
        repaired = {**found, "status": "enabled", "consumerInputs": wanted["consumerInputs"]}
        return Step(what, "change", why, page, partial(_replace, site, repaired) if target else None)
    inputs = found.get("publisherInputs") or {}
    other = [name for name in _INPUTS if not same(inputs.get(name), wanted["publisherInputs"].get(name))]
    if other:
        why = f"Its filters differ from your options ({', '.join(other)}), and stay: delete it and run this again for yours."
        return Step(what, "by hand", why, page)
    return Step(what, "keep", "It is there.", page)


@readable
def remove_subscriptions(site: Site) -> list[Step]:
    connection = site.connection(site.pipeline)
    target = str(_parameters(connection).get("webhookname") or "") if connection else ""
    page = site.link("_settings", "serviceHooks")
    return [
        Step(
            _EVENTS.get(str(row.get("eventType")), "service hook"),
            "remove",
            "It posts to the incoming webhook.",
            page,
            partial(site.client.write, "DELETE", f"{_SUBSCRIPTIONS}/{row['id']}", body=None),
        )
        for row in _subscriptions(site, target)
    ]


@readable
def remove_connection(site: Site) -> list[Step]:
    found = site.connection(site.pipeline)
    if found is None:
        return []
    what, page = f"incoming webhook {site.pipeline}", site.link("_settings", "adminservices")
    if not is_ours(found):
        return [Step(what, "keep", "Somebody else made it.", page)]
    query = {"projectIds": site.project_id}
    delete = partial(site.client.write, "DELETE", f"{_CONNECTIONS}/{found['id']}", body=None, query=query)
    return [Step(what, "remove", MARK, page, delete)]


def _create_connection(site: Site) -> None:
    reference = {"id": site.project_id, "name": site.project}
    site.client.write(
        "POST",
        _CONNECTIONS,
        body={
            "name": site.pipeline,
            "type": _KIND,
            "url": "https://dev.azure.com/",
            "owner": "library",
            "authorization": {
                "scheme": "None",
                "parameters": {"webhookname": site.new_hook_name(), "secret": "", "header": ""},
            },
            "serviceEndpointProjectReferences": [
                {"projectReference": reference, "name": site.pipeline, "description": MARK}
            ],
        },
        happened=partial(site.connection, site.pipeline),
        about=f"the incoming webhook {site.pipeline}",
        confidential=True,
    )


def _wanted(site: Site, event: str, target: str) -> dict[str, Any]:
    if event.startswith("workitem."):
        inputs = {
            "areaPath": site.choices.area,
            "workItemType": site.choices.work_item_type,
            "tag": site.choices.tag,
            # This tests which field changed, not its value: the run looks at the state.
            "changedFields": "System.State" if event == "workitem.updated" else "",
        }
    else:
        inputs = {"repository": site.repository_id}
    return {
        "publisherId": "tfs",
        "eventType": event,
        "resourceVersion": "1.0",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {"projectId": site.project_id} | {name: value for name, value in inputs.items() if value},
        "consumerInputs": {
            "url": f"{site.client.collection_url}_apis/public/distributedtask/webhooks/{quote(target, safe='')}"
            "?api-version=6.0-preview",
            # What "minimal" leaves of the number of the item is written nowhere.
            "resourceDetailsToSend": "all",
            "messagesToSend": "none",
            "detailedMessagesToSend": "none",
        },
    }


def _filters(site: Site) -> str:
    chosen = site.choices
    named = {"area": chosen.area, "type": chosen.work_item_type, "tag": chosen.tag}
    said = [f"{name} {value}" for name, value in named.items() if value]
    return f" ({', '.join(said)})" if said else ""


def _subscribe(site: Site, wanted: Json) -> None:
    def happened() -> Json | None:
        address = wanted["consumerInputs"]["url"]
        mine = _subscriptions(site, hook_name(address))
        return next((row for row in mine if (row.get("eventType"), _url(row)) == (wanted["eventType"], address)), None)

    site.client.write(
        "POST", _SUBSCRIPTIONS, body=wanted, happened=happened, about="the service hook", confidential=True
    )


def _replace(site: Site, row: Json) -> None:
    known = ("id", "publisherId", "eventType", "resourceVersion", "consumerId", "consumerActionId", "publisherInputs")
    body = {name: row[name] for name in (*known, "status", "consumerInputs")}
    path = f"{_SUBSCRIPTIONS}/{row['id']}"
    site.client.write("PUT", path, body=body, happened=lambda: None, about="the service hook", confidential=True)


def _subscriptions(site: Site, target: str) -> list[Json]:
    """Return the project's subscriptions that post to our incoming webhook, or to one that it had before."""
    rows = site.client.get(_SUBSCRIPTIONS, query={"publisherId": "tfs", "consumerId": "webHooks"}).get("value") or []
    found = []
    for row in rows:
        name, project = hook_name(_url(row)), (row.get("publisherInputs") or {}).get("projectId")
        if name and same(project, site.project_id) and (name == target or name.startswith(site.hook_prefix)):
            site.issued.append(name)
            found.append(row)
    return found


def _url(row: Json) -> str:
    return str((row.get("consumerInputs") or {}).get("url") or "")


def _parameters(connection: Json) -> Json:
    return (connection.get("authorization") or {}).get("parameters") or {}
