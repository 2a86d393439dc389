"""What is attached to a pull request: labels, reviewers, statuses and properties."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from devops_emulator import people, tags
from devops_emulator.faults import Fault, body_missing, invalid
from devops_emulator.organisation import Organisation, now
from devops_emulator.repos import pull_request, repositories
from devops_emulator.store import Document, pick
from devops_emulator.wire import JSON_PATCH, Answer, Call, choice, collection, hrefs, objects, served

_VOTES = (-10, -5, 0, 5, 10)
_STATES = {0: "notSet", 1: "pending", 2: "succeeded", 3: "failed", 4: "error", 5: "notApplicable"}


def new_label(body: Any) -> Document:
    name = str(body.get("name") or "").strip() if isinstance(body, dict) else ""
    if not name:
        raise body_missing("name")
    return {"id": str(uuid4()), "name": name}


def new_reviewer(organisation: Organisation, identity: str | None, body: Document) -> Document:
    vote = int(body.get("vote") or 0)
    if vote not in _VOTES:
        raise invalid(f"A vote is one of {', '.join(map(str, _VOTES))}, not {vote}.")
    return {
        "id": people.person_by_id(organisation, str(identity or ""))["id"],
        "vote": vote,
        "isRequired": bool(body.get("isRequired")),
        "hasDeclined": bool(body.get("hasDeclined")),
        "isFlagged": bool(body.get("isFlagged")),
    }


def _labels(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return collection([pull_request.label(call.organisation, pull, one) for one in pull["labels"]])


def _add_label(call: Call) -> Answer:
    pull, repository = pull_request.load(call, write=True)
    label = new_label(call.object())
    tags.check_may_use(call.organisation, repositories.project_of(call.organisation, repository), [label["name"]])
    known = [one for one in pull["labels"] if one["name"].casefold() == label["name"].casefold()]
    if not known:
        pull["labels"].append(label)
        pull_request.keep(call.organisation, pull)
    return Answer(pull_request.label(call.organisation, pull, known[0] if known else label))


def _label(call: Call, pull: Document) -> Document:
    name = call.values["labelIdOrName"]
    absent = Fault(404, "TagNotFoundException", f"VS403388: The label {name} is not on the pull request.")
    return pick(pull["labels"], name, ("id", "name"), absent)


def _get_label(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return Answer(pull_request.label(call.organisation, pull, _label(call, pull)))


def _remove_label(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    pull["labels"].remove(_label(call, pull))
    pull_request.keep(call.organisation, pull)
    # The service answers 200 with an empty body.
    return Answer(b"")


def _reviewers(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return collection([pull_request.reviewer(call.organisation, pull, one) for one in pull["reviewers"]])


def _reviewer(call: Call, pull: Document) -> Document:
    identity = call.values["reviewerId"]
    absent = Fault(404, "GitPullRequestReviewerNotFoundException", f"TF401186: {identity} is not a reviewer.")
    return pick(pull["reviewers"], identity, ("id",), absent)


def _get_reviewer(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return Answer(pull_request.reviewer(call.organisation, pull, _reviewer(call, pull)))


def _add_reviewers(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    body = call.json()
    if body is None:
        raise body_missing("reviewers")
    return collection([_put(call.organisation, pull, one.get("id"), one) for one in objects(body)])


def _put_reviewer(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    return Answer(_put(call.organisation, pull, call.values["reviewerId"], call.object()))


def _put(organisation: Organisation, pull: Document, identity: str | None, body: Document) -> Document:
    reviewer = new_reviewer(organisation, identity, body)
    if reviewer["vote"] and reviewer["id"] != people.me(organisation)["id"]:
        raise invalid("TF401186: Nobody can vote for somebody else.")
    pull["reviewers"] = [*(known for known in pull["reviewers"] if known["id"] != reviewer["id"]), reviewer]
    pull_request.keep(organisation, pull)
    return pull_request.reviewer(organisation, pull, reviewer)


def _remove_reviewer(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    pull["reviewers"].remove(_reviewer(call, pull))
    pull_request.keep(call.organisation, pull)
    return Answer(b"")


def _status_shape(call: Call, pull: Document, status: Document) -> Document:
    shown = {name: value for name, value in status.items() if name != "author"}
    return shown | {
        "createdBy": pull_request.person(call.organisation, status["author"]),
        "_links": hrefs(self=f"{pull_request.url(call.organisation, pull)}/statuses/{status['id']}"),
    }


def _statuses(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return collection([_status_shape(call, pull, status) for status in pull["statuses"]])


def _status(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    number = call.values["statusId"]
    absent = Fault(404, "GitStatusNotFoundException", f"TF401367: There is no status {number}.")
    return Answer(_status_shape(call, pull, pick(pull["statuses"], number, ("id",), absent)))


def _add_status(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    body = call.object("state", "description", "context", "targetUrl", "iterationId", "properties")
    context = body.get("context") or {}
    if not context.get("name"):
        raise body_missing("context.name")
    iteration = body.get("iterationId")
    if iteration is not None and not 1 <= int(iteration) <= len(pull["iterations"]):
        raise invalid(f"VS403404: The pull request has no iteration {iteration}.")
    moment = now()
    status = {
        "id": len(pull["statuses"]) + 1,
        "state": choice(body.get("state") or "notSet", _STATES, "state"),
        "description": str(body.get("description") or ""),
        "context": {"name": str(context["name"]), "genre": str(context.get("genre") or "")},
        "creationDate": moment,
        "updatedDate": moment,
        "author": people.me(call.organisation)["id"],
    }
    status |= {name: body[name] for name in ("targetUrl", "iterationId") if body.get(name)}
    pull["statuses"].append(status)
    pull_request.keep(call.organisation, pull)
    return Answer(_status_shape(call, pull, status))


def _change_properties(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    for step in objects(call.json(JSON_PATCH)):
        name = re.sub(r"^/", "", str(step.get("path") or "")).replace("~1", "/").replace("~0", "~")
        match str(step.get("op")).casefold():
            case "add" | "replace" if name:
                value = step.get("value")
                pull["properties"][name] = value if type(value) is int else str(value)
            case "remove":
                pull["properties"].pop(name, None)
            case other:
                raise invalid(f"The patch operation {other} is not supported on the properties of a pull request.")
    pull_request.keep(call.organisation, pull)
    return _properties(call)


def _properties(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    # The service stores integers and strings; anything else is stored as its text.
    shown = {
        name: {"$type": "System.Int32" if isinstance(value, int) else "System.String", "$value": value}
        for name, value in pull["properties"].items()
    }
    return Answer({"count": len(shown), "value": shown})


RESOURCES = (
    served("pullRequestLabels", {"GET": _labels, "POST": _add_label}, {"GET": _get_label, "DELETE": _remove_label}),
    served(
        "pullRequestReviewers",
        {"GET": _reviewers, "POST": _add_reviewers},
        {"GET": _get_reviewer, "PUT": _put_reviewer, "DELETE": _remove_reviewer},
    ),
    served("pullRequestStatuses", {"GET": _statuses, "POST": _add_status}, {"GET": _status}),
    served("pullRequestProperties", {"GET": _properties, "PATCH": _change_properties}),
)
