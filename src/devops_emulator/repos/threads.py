"""Review threads of pull requests, and the comments in them."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import Fault, body_missing, invalid
from devops_emulator.organisation import Organisation, now
from devops_emulator.repos import pull_request, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, choice, collection

_STATUSES = {0: "unknown", 1: "active", 2: "fixed", 3: "wontFix", 4: "closed", 5: "byDesign", 6: "pending"}
_TYPES = {0: "unknown", 1: "text", 2: "codeChange", 3: "system"}
_LONGEST = 150_000
_MOST = 500


def _comment(organisation: Organisation, thread: Document, body: Document) -> Document:
    content = body.get("content")
    if not isinstance(content, str) or not content:
        raise body_missing("content")
    if len(content) > _LONGEST:
        raise invalid(f"A comment must not be longer than {_LONGEST} characters.")
    parent = int(body.get("parentCommentId") or 0)
    if parent and parent not in [known["id"] for known in thread["comments"]]:
        raise invalid(f"TF401175: The thread has no comment {parent} to answer.")
    if len(thread["comments"]) >= _MOST:
        raise invalid(f"A thread takes {_MOST} comments at most.")
    moment = now()
    comment = {
        "id": len(thread["comments"]) + 1,
        "parentCommentId": parent,
        "author": people.job(organisation)["id"],
        "content": content,
        "publishedDate": moment,
        "lastUpdatedDate": moment,
        "lastContentUpdatedDate": moment,
        "commentType": choice(body.get("commentType") or "text", _TYPES, "commentType"),
    }
    thread["comments"].append(comment)
    thread["lastUpdatedDate"] = moment
    return comment


def _comment_shape(organisation: Organisation, url: str, comment: Document) -> Document:
    shown = comment | {
        "author": pull_request.person(organisation, comment["author"]),
        "usersLiked": [],
        "_links": {"self": {"href": f"{url}/comments/{comment['id']}"}},
    }
    if comment.get("isDeleted"):
        del shown["content"]
    return shown


def _shape(call: Call, repository: Document, pull: Document, thread: Document) -> Document:
    home = repositories.reference(call.organisation, repository)["url"]
    url = f"{home}/pullRequests/{pull['id']}/threads/{thread['id']}"
    comments = [_comment_shape(call.organisation, url, comment) for comment in thread["comments"]]
    return thread | {"comments": comments, "isDeleted": False, "identities": None, "_links": {"self": {"href": url}}}


def _list(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    return collection([_shape(call, repository, pull, thread) for thread in pull["threads"]])


def _create(call: Call) -> Answer:
    pull, repository = _writable(call)
    body = call.object()
    if not body.get("comments"):
        raise body_missing("comments")
    context = body.get("threadContext")
    if context and not str(context.get("filePath") or "").startswith("/"):
        raise invalid("The filePath of a threadContext has to start with a slash.")
    moment = now()
    thread: Document = {
        "id": call.organisation.store.next_number("thread"),
        "publishedDate": moment,
        "lastUpdatedDate": moment,
        "comments": [],
        "threadContext": context,
        "pullRequestThreadContext": body.get("pullRequestThreadContext"),
        "properties": _properties(body.get("properties") or {}),
    }
    # Without a status a thread is a plain remark that nobody has to resolve.
    if body.get("status") is not None:
        thread["status"] = choice(body["status"], _STATUSES, "status")
    for comment in body["comments"]:
        _comment(call.organisation, thread, comment)
    pull["threads"].append(thread)
    pull_request.keep(call.organisation, pull)
    return Answer(_shape(call, repository, pull, thread))


def _properties(given: Document) -> Document:
    return {
        name: value if isinstance(value, dict) else {"$type": "System.String", "$value": str(value)}
        for name, value in given.items()
    }


def _writable(call: Call) -> tuple[Document, Document]:
    pull, repository = pull_request.load(call)
    repositories.check_right(call.organisation, repository, "PullRequestContribute")
    return pull, repository


def _thread(call: Call, pull: Document) -> Document:
    for thread in pull["threads"]:
        if str(thread["id"]) == call.values["threadId"]:
            found: Document = thread
            return found
    raise Fault(
        404, "CommentThreadNotFoundException", f"VS403306: The thread {call.values['threadId']} does not exist."
    )


def _get(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    return Answer(_shape(call, repository, pull, _thread(call, pull)))


def _update(call: Call) -> Answer:
    pull, repository = _writable(call)
    thread, body = _thread(call, pull), call.object()
    if body.get("status") is not None:
        thread["status"] = choice(body["status"], _STATUSES, "status")
    thread["properties"] |= _properties(body.get("properties") or {})
    for comment in body.get("comments") or []:
        _comment(call.organisation, thread, comment)
    thread["lastUpdatedDate"] = now()
    pull_request.keep(call.organisation, pull)
    return Answer(_shape(call, repository, pull, thread))


def _comments(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    return collection(_shape(call, repository, pull, _thread(call, pull))["comments"])


def _add_comment(call: Call) -> Answer:
    pull, repository = _writable(call)
    thread = _thread(call, pull)
    comment = _comment(call.organisation, thread, call.object())
    pull_request.keep(call.organisation, pull)
    return Answer(_shape(call, repository, pull, thread)["comments"][comment["id"] - 1])


def _one_comment(call: Call, thread: Document) -> Document:
    for comment in thread["comments"]:
        if str(comment["id"]) == call.values["commentId"]:
            found: Document = comment
            return found
    raise Fault(404, "CommentNotFoundException", f"VS403307: The comment {call.values['commentId']} does not exist.")


def _get_comment(call: Call) -> Answer:
    pull, repository = pull_request.load(call)
    thread = _thread(call, pull)
    number = _one_comment(call, thread)["id"]
    return Answer(_shape(call, repository, pull, thread)["comments"][number - 1])


def _update_comment(call: Call) -> Answer:
    pull, repository = _writable(call)
    thread = _thread(call, pull)
    comment, content = _one_comment(call, thread), call.object().get("content")
    if not isinstance(content, str) or not content:
        raise body_missing("content")
    moment = now()
    comment |= {"content": content, "lastUpdatedDate": moment, "lastContentUpdatedDate": moment}
    pull_request.keep(call.organisation, pull)
    return Answer(_shape(call, repository, pull, thread)["comments"][comment["id"] - 1])


def _delete_comment(call: Call) -> Answer:
    pull, _ = _writable(call)
    comment = _one_comment(call, _thread(call, pull))
    comment |= {"isDeleted": True, "lastUpdatedDate": now()}
    pull_request.keep(call.organisation, pull)
    return Answer(b"")


_HOME = "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/threads"

RESOURCES = (
    Resource(
        "ab6e2e5d-a0b7-4153-b64a-a4efe0d49449",
        "git",
        "pullRequestThreads",
        f"{_HOME}/{{threadId}}",
        {"GET": _list, "POST": _create},
        {"GET": _get, "PATCH": _update},
        version=1,
    ),
    Resource(
        "965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b",
        "git",
        "pullRequestThreadComments",
        f"{_HOME}/{{threadId}}/comments/{{commentId}}",
        {"GET": _comments, "POST": _add_comment},
        {"GET": _get_comment, "PATCH": _update_comment, "DELETE": _delete_comment},
        version=1,
    ),
)
