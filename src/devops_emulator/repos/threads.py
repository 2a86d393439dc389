"""Review threads of pull requests, and their comments."""

from __future__ import annotations

from devops_emulator import hooks, people
from devops_emulator.faults import Fault, body_missing, invalid
from devops_emulator.organisation import Organisation, now
from devops_emulator.repos import pull_request, repositories, tracking
from devops_emulator.store import Document, pick
from devops_emulator.wire import Answer, Call, choice, collection, hrefs, inner, members, served

_STATUSES = {0: "unknown", 1: "active", 2: "fixed", 3: "wontFix", 4: "closed", 5: "byDesign", 6: "pending"}
_TYPES = {0: "unknown", 1: "text", 2: "codeChange", 3: "system"}
_LONGEST = 150_000
_MOST = 500
# The members of CommentThread and Comment; the service takes no others.
_THREAD_MEMBERS = frozenset(
    {
        *("comments", "id", "identities", "isDeleted", "lastUpdatedDate", "properties", "publishedDate", "status"),
        *("threadContext", "pullRequestThreadContext", "_links"),
    }
)
_COMMENT_MEMBERS = frozenset(
    {
        *("author", "commentType", "content", "id", "isDeleted", "lastContentUpdatedDate", "lastUpdatedDate"),
        *("parentCommentId", "publishedDate", "usersLiked", "_links"),
    }
)


def _content(body: Document) -> str:
    content = body.get("content")
    if not isinstance(content, str) or not content:
        raise body_missing("content")
    if len(content) > _LONGEST:
        raise invalid(f"A comment must not be longer than {_LONGEST} characters.")
    return content


def _append_comment(organisation: Organisation, thread: Document, body: Document) -> Document:
    content = _content(members(body, _COMMENT_MEMBERS))
    parent = int(body.get("parentCommentId") or 0)
    if parent and parent not in [known["id"] for known in thread["comments"]]:
        raise invalid(f"TF401175: The thread has no comment {parent} to reply to.")
    if len(thread["comments"]) >= _MOST:
        raise invalid(f"A thread can have at most {_MOST} comments.")
    moment = now()
    comment = {
        "id": len(thread["comments"]) + 1,
        "parentCommentId": parent,
        "author": people.me(organisation)["id"],
        "content": content,
        "publishedDate": moment,
        "lastUpdatedDate": moment,
        "lastContentUpdatedDate": moment,
        "commentType": choice(body.get("commentType") or "text", _TYPES, "commentType"),
    }
    thread["comments"].append(comment)
    thread["lastUpdatedDate"] = moment
    return comment


def _url(call: Call, pull: Document, thread: Document) -> str:
    return f"{pull_request.url(call.organisation, pull)}/threads/{thread['id']}"


def _comment_shape(call: Call, pull: Document, thread: Document, comment: Document) -> Document:
    shown = comment | {
        "author": pull_request.person(call.organisation, comment["author"]),
        "usersLiked": [],
        "_links": hrefs(self=f"{_url(call, pull, thread)}/comments/{comment['id']}"),
    }
    if comment.get("isDeleted"):
        del shown["content"]
    return shown


def _shape(call: Call, pull: Document, thread: Document) -> Document:
    return thread | {
        "comments": [_comment_shape(call, pull, thread, comment) for comment in thread["comments"]],
        "isDeleted": False,
        "identities": None,
        "_links": hrefs(self=_url(call, pull, thread)),
    }


def _list(call: Call) -> Answer:
    pull, _ = pull_request.load(call)
    return collection([_shape(call, pull, _tracked(call, pull, thread)) for thread in pull["threads"]])


def _tracked(call: Call, pull: Document, thread: Document) -> Document:
    iteration = call.number("$iteration", 0)
    if not iteration:
        return thread
    repository = repositories.find_repository(call.organisation, pull["repository"], None)
    home = repositories.path(call.organisation, repository)
    return tracking.tracked(home, pull, thread, iteration, call.number("$baseIteration", 0))


def _announce(call: Call, pull: Document, thread: Document, comment: Document) -> None:
    """Publish the comment event, whose body has the comment and its pull request."""
    organisation = call.organisation
    repository = repositories.find_repository(organisation, pull["repository"], None)
    project = repositories.project_of(organisation, repository)
    shown = _comment_shape(call, pull, thread, comment)
    hooks.publish(
        organisation,
        hooks.Event(
            name="ms.vss-code.git-pullrequest-comment-event",
            project=project,
            fields={},
            resource={"comment": shown, "pullRequest": pull_request.shape(organisation, repository, pull)},
            sentence=f"{shown['author']['displayName']} has commented on pull request {pull['id']}",
            changed=(),
            exact={"repository": repository["id"], "branch": pull["target"].removeprefix("refs/heads/")},
        ),
    )


def _create(call: Call) -> Answer:
    pull, _ = pull_request.load(call, write=True)
    body = call.object(*_THREAD_MEMBERS)
    if not body.get("comments"):
        raise body_missing("comments")
    context = inner(body.get("threadContext")) or None
    if context and not str(context.get("filePath") or "").startswith("/"):
        raise invalid("The filePath of a threadContext must start with a slash.")
    number = len(pull["iterations"])
    both = {"firstComparingIteration": number, "secondComparingIteration": number}
    newest = {"iterationContext": both} if context and number else None
    thread: Document = {
        "id": call.organisation.store.next_number("thread"),
        "publishedDate": now(),
        "comments": [],
        "threadContext": context,
        "pullRequestThreadContext": body.get("pullRequestThreadContext") or newest,
        "properties": {},
    }
    pull["threads"].append(thread)
    return _changed(call, pull, thread, body)


def _changed(call: Call, pull: Document, thread: Document, body: Document) -> Answer:
    """Apply the members that creating and updating a thread share, and store it."""
    # A thread without a status is a plain remark that nobody has to resolve.
    if body.get("status") is not None:
        thread["status"] = choice(body["status"], _STATUSES, "status")
    thread["properties"] |= {
        name: value if isinstance(value, dict) else {"$type": "System.String", "$value": str(value)}
        for name, value in (body.get("properties") or {}).items()
    }
    said = [_append_comment(call.organisation, thread, comment) for comment in body.get("comments") or []]
    thread["lastUpdatedDate"] = now()
    pull_request.keep(call.organisation, pull)
    for comment in said:
        _announce(call, pull, thread, comment)
    return Answer(_shape(call, pull, thread))


def _thread(call: Call, *, write: bool = False) -> tuple[Document, Document]:
    pull, _ = pull_request.load(call, write=write)
    number = call.values["threadId"]
    absent = Fault(404, "CommentThreadNotFoundException", f"VS403306: The thread {number} does not exist.")
    return pull, pick(pull["threads"], number, ("id",), absent)


def _get(call: Call) -> Answer:
    pull, thread = _thread(call)
    return Answer(_shape(call, pull, _tracked(call, pull, thread)))


def _update(call: Call) -> Answer:
    pull, thread = _thread(call, write=True)
    return _changed(call, pull, thread, call.object(*_THREAD_MEMBERS))


def _comments(call: Call) -> Answer:
    pull, thread = _thread(call)
    return collection(_shape(call, pull, thread)["comments"])


def _add_comment(call: Call) -> Answer:
    pull, thread = _thread(call, write=True)
    comment = _append_comment(call.organisation, thread, call.object())
    pull_request.keep(call.organisation, pull)
    _announce(call, pull, thread, comment)
    return Answer(_comment_shape(call, pull, thread, comment))


def _comment(call: Call, thread: Document) -> Document:
    number = call.values["commentId"]
    absent = Fault(404, "CommentNotFoundException", f"VS403307: The comment {number} does not exist.")
    return pick(thread["comments"], number, ("id",), absent)


def _get_comment(call: Call) -> Answer:
    pull, thread = _thread(call)
    return Answer(_comment_shape(call, pull, thread, _comment(call, thread)))


def _update_comment(call: Call) -> Answer:
    pull, thread = _thread(call, write=True)
    comment, moment = _comment(call, thread), now()
    comment |= {"content": _content(call.object()), "lastUpdatedDate": moment, "lastContentUpdatedDate": moment}
    pull_request.keep(call.organisation, pull)
    return Answer(_comment_shape(call, pull, thread, comment))


def _delete_comment(call: Call) -> Answer:
    pull, thread = _thread(call, write=True)
    comment = _comment(call, thread)
    comment |= {"isDeleted": True, "lastUpdatedDate": now()}
    pull_request.keep(call.organisation, pull)
    return Answer(b"")


RESOURCES = (
    served("pullRequestThreads", {"GET": _list, "POST": _create}, {"GET": _get, "PATCH": _update}),
    served(
        "pullRequestThreadComments",
        {"GET": _comments, "POST": _add_comment},
        {"GET": _get_comment, "PATCH": _update_comment, "DELETE": _delete_comment},
    ),
)
