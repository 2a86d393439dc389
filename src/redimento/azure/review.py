"""The Review port on one pull request of Azure Repos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redimento.azure.client import AzureClient
from redimento.azure.exchange import account_id
from redimento.azure.fields import person
from redimento.azure.repos import AzurePullRequests
from redimento.azure.shape import readable
from redimento.delivery.pull_request import PullRequest
from redimento.delivery.review import Place, Said, Thread

_RESOLVED = frozenset(("fixed", "wontfix", "closed", "bydesign"))

Json = Mapping[str, Any]


@dataclass(frozen=True)
class AzureReview:
    """The threads of the pull request `number`, and who may contribute to its repository."""

    client: AzureClient
    pull_requests: AzurePullRequests
    number: int
    _contributors: dict[str, bool] = field(default_factory=dict, compare=False)

    def pull_request(self) -> PullRequest:
        return self.pull_requests.numbered(self.number)

    @readable
    def threads(self) -> Sequence[Thread]:
        """Return all threads. The server moves their places along to the newest iteration, and does so only if asked."""
        iterations = self._get(f"{self._path}/iterations")["value"]
        newest = str(max((int(row["id"]) for row in iterations), default=0))
        tracked = {"$iteration": newest, "$baseIteration": newest} if newest != "0" else {}
        rows = self._get(f"{self._path}/threads", **tracked)["value"]
        return [self._thread(row) for row in rows if not row.get("isDeleted")]

    @readable
    def thread(self, number: int) -> Thread:
        return self._thread(self._get(f"{self._path}/threads/{number}"))

    @readable
    def contributes(self, author: str) -> bool:
        """Return whether the account has pushed to the repository.

        Readers may comment on pull requests, too (docs: repos/git/set-git-repository-permissions), and what another account
        may do is for administrators to see. A push is what the server let the account do.
        """
        if author not in self._contributors:
            query = {"searchCriteria.pusherId": author, "$top": "1"}
            path = f"{self.pull_requests.path}/pushes"
            about = "who has pushed to the repository"
            rows = self.client.get(path, query=query, about=about)["value"]
            # A server that does not know the filter returns the pushes of everybody.
            self._contributors[author] = any(account_id(row.get("pushedBy")) == author for row in rows) and bool(author)
        return self._contributors[author]

    @readable
    def reply(self, thread: int, markdown: str) -> None:
        def happened() -> Json | None:
            said = self.thread(thread).comments
            return {} if any(one.ours and one.text.strip() == markdown.strip() for one in said) else None

        self.client.write(
            "POST",
            f"{self._path}/threads/{thread}/comments",
            body={"content": markdown, "parentCommentId": 1, "commentType": "text"},
            happened=happened,
            about=self._about,
        )

    @readable
    def resolve(self, thread: int) -> None:
        self.client.write(
            "PATCH",
            f"{self._path}/threads/{thread}",
            body={"status": "fixed"},
            happened=lambda: {} if self.thread(thread).resolved else None,
            about=self._about,
        )

    @property
    def _path(self) -> str:
        return self.pull_requests.one(self.number)

    @property
    def _about(self) -> str:
        return f"the threads of pull request {self.number}"

    def _get(self, path: str, **query: str) -> Json:
        answer: Json = self.client.get(path, query=query, about=self._about)
        return answer

    def _thread(self, row: Json) -> Thread:
        return Thread(
            id=int(row["id"]),
            comments=tuple(self._comments(row.get("comments") or ())),
            place=_place(row.get("threadContext") or {}),
            # A thread without a status is a remark that nobody has to resolve.
            resolved=str(row.get("status") or "").casefold() in _RESOLVED,
        )

    def _comments(self, rows: Sequence[Json]) -> Iterator[Said]:
        for row in rows:
            if row.get("isDeleted") or str(row.get("commentType") or "text").casefold() != "text":
                continue
            author: Any = row.get("author")
            yield Said(
                id=int(row["id"]),
                author=account_id(author),
                name=person(author),
                text=str(row.get("content") or ""),
                ours=self.client.is_own(author),
                edited=_edited(row),
            )


def _edited(row: Json) -> int:
    """Return when a person changed the text, in digits of the server's time to the millisecond, 0 if nobody has."""
    written, changed = (str(row.get(name) or "") for name in ("publishedDate", "lastContentUpdatedDate"))
    if not changed or changed == written:
        return 0
    try:
        moment = datetime.fromisoformat(changed).astimezone(UTC)
    except (ValueError, OverflowError):
        return 0
    return int(moment.strftime("%Y%m%d%H%M%S")) * 1000 + moment.microsecond // 1000


def _place(context: Json) -> Place | None:
    path = str(context.get("filePath") or "").lstrip("/")
    if not path:
        return None
    for side in ("right", "left"):
        start, end = (context.get(f"{side}File{which}") or {} for which in ("Start", "End"))
        if first := int(start.get("line") or 0):
            return Place(path, first, max(first, int(end.get("line") or first)), removed=side == "left")
    return Place(path)
