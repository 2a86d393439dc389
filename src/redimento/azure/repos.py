"""The PullRequests port on one repository of Azure Repos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from redimento.azure import completion, remarks, statuses
from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.azure.permissions import Permissions, Place
from redimento.azure.reviewers import resolve
from redimento.azure.shape import readable
from redimento.delivery.pull_request import CheckStatus, Marks, PullRequest, PullRequestText, Status
from redimento.delivery.rights import RIGHTS, lacking
from redimento.errors import AzureError, ConflictError, PermissionMissingError, SignInError
from redimento.settings import AutoComplete, Reviewer

_HEADS = "refs/heads/"
_LONGEST_DESCRIPTION = 4000  # UTF-16 units; more is refused with 400 InvalidArgumentValueException
_LONGEST_TITLE = 250  # no documented limit; a team saw a failure above 419 (dotnet/arcade-services#1148)
_PAGE = 100
_TO_DELIVER = frozenset({"GenericContribute", "CreateBranch", "PullRequestContribute"})
_STATUSES: tuple[Status, ...] = ("active", "completed", "abandoned")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class AzurePullRequests:
    """The pull requests of one repository. API calls use its ids, web links its names."""

    client: AzureClient
    project: str
    project_id: str
    repository: str
    repository_id: str
    _known_people: dict[tuple[Reviewer, ...], tuple[tuple[Reviewer, ...], tuple[str, ...]]] = field(
        default_factory=dict, compare=False
    )

    def refuse_missing_rights(self, branch: str, *, new: bool) -> None:
        """Ask for all of these rights at once. A server that does not answer refuses later, when one is used."""
        if self.client.outward == "note":  # nothing will be pushed
            return
        place = Place(self.project_id, self.repository_id, branch)
        rights = [right for right in RIGHTS if right.bit in _TO_DELIVER and (new or right.bit != "CreateBranch")]
        try:
            held = Permissions(self.client, self.project_id).held([(right, place) for right in rights])
        except SignInError:
            raise
        except AzureError:
            return
        for right, is_held in zip(rights, held, strict=True):
            if not is_held:
                sentence, remedy = lacking(self.client.identity.named(), right, right.needed_for)
                raise PermissionMissingError(sentence, f"{remedy} Nothing was spent.")

    @readable
    def find(self, source_branch: str, target_branch: str) -> PullRequest | None:
        """Return the newest pull request that this account opened for the pair; ignore forks.

        An active one is preferred, also if somebody gave it another target.
        """
        ours = [
            row
            for row in self._rows(source_branch)
            if (row.get("status") == "active" or row.get("targetRefName") == _HEADS + target_branch)
            and self.client.is_own(row.get("createdBy"))
        ]
        row = max(ours, key=_newest, default=None)
        return None if row is None else self._value(row)

    @readable
    def own_pushes(self, branch: str) -> frozenset[str]:
        """Return the tips that this account has pushed to `branch` since the branch was created."""
        name, found = _HEADS + branch, set[str]()
        query = {"searchCriteria.refName": name, "searchCriteria.includeRefUpdates": "true"}
        # The newest first.
        for push in self.client.pages(f"{self.path}/pushes", query, size=_PAGE, about=f"the pushes to {branch}"):
            update: Json = next((each for each in push.get("refUpdates") or () if each.get("name") == name), {})
            if self.client.is_own(push.get("pushedBy")):
                found.add(str(update.get("newObjectId")))
            if not str(update.get("oldObjectId", "")).strip("0"):
                break
        return frozenset(found)

    @readable
    def current(self, pull_request: PullRequest) -> PullRequest:
        return self._value(self._whole(pull_request.id))

    @readable
    def numbered(self, number: int) -> PullRequest:
        """Return the pull request with this number in the repository, whoever opened it."""
        whole = self._whole(number)
        ours = self.client.is_own(whole.get("createdBy")) and not whole.get("forkSource")
        return replace(self._value(whole), ours=ours)

    @readable
    def open(self, wanted: PullRequestText, known: PullRequest | None = None) -> PullRequest:
        """Create the pull request, or update `known`; never touch closed ones, or those of other people."""
        wanted = replace(
            wanted,
            title=cut(wanted.title, _LONGEST_TITLE),
            description=cut(wanted.description, _LONGEST_DESCRIPTION),
        )
        return self._created(wanted) if known is None else self._updated(known, wanted)

    def _created(self, wanted: PullRequestText) -> PullRequest:
        try:
            reviewers, _ = self.identities(wanted.reviewers)
        except AzureError:  # tried again, and said, once the pull request is there
            reviewers = ()
        body = {
            "sourceRefName": _HEADS + wanted.source_branch,
            "targetRefName": _HEADS + wanted.target_branch,
            "title": wanted.title,
            "description": wanted.description,
            "isDraft": wanted.draft,
            "labels": [{"name": label} for label in wanted.labels],
            "reviewers": [{"id": one.name, "isRequired": one.required} for one in reviewers],
            "workItemRefs": [{"id": str(wanted.work_item_id)}],
        }
        try:
            answer = self._posted(body, wanted)
        except PermissionMissingError:
            # Perhaps only the right to link the work item, or to create a label, is missing: a bare pull request is
            # better than none, and the rest is tried again separately.
            bare = {**body, "labels": [], "reviewers": [], "workItemRefs": []}
            return replace(self._value(self._posted(bare, wanted)), marks=None)
        except ConflictError:
            # TF401179: another run or a person opened one after we looked.
            theirs = self._active(wanted)
            if theirs is None:
                raise
            opened = self._value(theirs)
            if not self.client.is_own(theirs.get("createdBy")):
                return replace(opened, ours=False)
            return self._updated(opened, wanted)
        return self._value(answer, linked=(wanted.work_item_id,))

    def _posted(self, body: Json, wanted: PullRequestText) -> Json:
        answer: Json = self.client.write(
            "POST",
            f"{self.path}/pullrequests",
            query={"supportsIterations": "true"},
            body=body,
            happened=partial(self._active, wanted),
            about=f"the pull request for {wanted.source_branch}",
        )
        return answer

    def _updated(self, known: PullRequest, wanted: PullRequestText) -> PullRequest:
        target = {"title": wanted.title, "description": wanted.description, "isDraft": wanted.draft}
        now = {"title": known.title, "description": known.description, "isDraft": known.draft}
        changes = {name: value for name, value in target.items() if now[name] != value}
        if not changes:
            return known

        def happened() -> Json | None:
            now = self._whole(known.id)
            return now if all(now.get(name) == value for name, value in changes.items()) else None

        self.client.write(
            "PATCH",
            self.one(known.id),
            body=changes,
            happened=happened,
            about=f"pull request {known.id}",
        )
        return replace(known, title=wanted.title, description=wanted.description, draft=wanted.draft)

    @readable
    def marks(self, pull_request: PullRequest) -> Marks:
        """Return labels, ids of reviewers and work items, with one request each."""
        labels, reviewers, items = (
            self.client.get(f"{self.one(pull_request.id)}/{kind}", about=f"pull request {pull_request.id}")["value"]
            for kind in ("labels", "reviewers", "workitems")
        )
        return _marks(labels, reviewers, [int(row["id"]) for row in items])

    @readable
    def identities(self, reviewers: Sequence[Reviewer]) -> tuple[tuple[Reviewer, ...], tuple[str, ...]]:
        """Return these people and groups by their ids, in lower case, and a sentence for each that was not found."""
        asked = tuple(reviewers)
        if asked not in self._known_people:
            self._known_people[asked] = resolve(self.client, asked, self.project)
        return self._known_people[asked]

    @readable
    def label(self, pull_request: PullRequest, label: str) -> None:
        self.client.write(
            "POST",
            f"{self.one(pull_request.id)}/labels",
            body={"name": label},
            happened=lambda: {} if label.casefold() in self.marks(pull_request).labels else None,
            about=f"the labels of pull request {pull_request.id}",
        )

    @readable
    def invite(self, pull_request: PullRequest, reviewer: Reviewer) -> None:
        """Add a reviewer; adding one again would reset the vote."""
        path = f"{self.one(pull_request.id)}/reviewers/{reviewer.name}"
        self.client.write(
            "PUT",
            path,
            body={"id": reviewer.name, "vote": 0, "isRequired": reviewer.required},
            happened=lambda: {} if reviewer.name in self.marks(pull_request).reviewers else None,
            about=f"the reviewers of pull request {pull_request.id}",
        )

    @readable
    def link(self, pull_request: PullRequest, item_id: int) -> None:
        """Link a work item by a link on the item: a pull request takes `workItemRefs` only when it is created."""
        relation = {
            "rel": "ArtifactLink",
            "url": f"vstfs:///Git/PullRequestId/{self.project_id}%2F{self.repository_id}%2F{pull_request.id}",
            "attributes": {"name": "Pull Request"},
        }
        try:
            self.client.write(
                "PATCH",
                f"_apis/wit/workitems/{item_id}",
                body=[{"op": "add", "path": "/relations/-", "value": relation}],
                content_type=JSON_PATCH,
                happened=lambda: {} if item_id in self.marks(pull_request).work_items else None,
                about=f"the links of work item {item_id}",
            )
        except AzureError as error:
            if "RelationAlreadyExists" not in error.type_key:
                raise

    @readable
    def post(self, pull_request: PullRequest, status: CheckStatus) -> None:
        """Post the status on the iteration of its commit."""
        statuses.post(self.client, self.one(pull_request.id), status)

    @readable
    def remark(self, pull_request: PullRequest, text: str, *, update: bool = True) -> None:
        """Write the text as a closed thread, which a policy about open comments does not wait for."""
        remarks.write(self.client, self.one(pull_request.id), text, update=update)

    @readable
    def complete_by_policy(self, pull_request: PullRequest, wish: AutoComplete) -> None:
        allowed = completion.allowed(self.client, self.project_id, self.repository_id, pull_request.target_branch)
        options = {"mergeStrategy": completion.chosen(allowed, wish.merge), "deleteSourceBranch": wish.delete_branch}
        self._set_auto_complete(pull_request, self.client.account, completionOptions=options)

    @readable
    def keep_open(self, pull_request: PullRequest) -> None:
        self._set_auto_complete(pull_request, completion.NOBODY)

    def _set_auto_complete(self, pull_request: PullRequest, account: str, **more: Any) -> None:
        self.client.write(
            "PATCH",
            self.one(pull_request.id),
            body={"autoCompleteSetBy": {"id": account}, **more},
            happened=lambda: {} if _completes(self._whole(pull_request.id)) == (account != completion.NOBODY) else None,
            about=f"auto-complete of pull request {pull_request.id}",
        )

    def _active(self, wanted: PullRequestText) -> Json | None:
        rows = self._rows(wanted.source_branch, **{"searchCriteria.targetRefName": _HEADS + wanted.target_branch})
        row = max(rows, key=_newest, default=None)
        whole = self._whole(int(row["pullRequestId"])) if row is not None else None
        return whole if whole is not None and whole.get("status") == "active" else None

    def _rows(self, source_branch: str, **criteria: str) -> list[Json]:
        query = {
            "searchCriteria.status": "all",
            "searchCriteria.sourceRefName": _HEADS + source_branch,
            "$top": str(_PAGE),
            **criteria,
        }
        path = f"{self.path}/pullrequests"
        answer = self.client.get(path, query=query, about=f"repository {self.repository}")
        return [row for row in answer["value"] if not row.get("forkSource")]

    def _whole(self, number: int) -> Json:
        # Listings cut descriptions at 400 characters.
        answer: Json = self.client.get(self.one(number), about=f"pull request {number}")
        return answer

    def one(self, number: int) -> str:
        return f"{self.path}/pullRequests/{number}"

    @property
    def path(self) -> str:
        return f"{quote(self.project_id, safe='')}/_apis/git/repositories/{quote(self.repository_id, safe='')}"

    def _value(self, answer: Json, *, linked: Iterable[int] | None = None) -> PullRequest:
        """Return the value of an answer; `linked`: the work items on it, if they are known."""
        number = int(answer.get("pullRequestId") or 0)
        status = str(answer.get("status") or "active")
        url = self.client.web_url(self.project, "_git", self.repository, "pullrequest", str(number)) if number else ""
        return PullRequest(
            id=number,
            url=url,
            source_branch=str(answer.get("sourceRefName", "")).removeprefix(_HEADS),
            target_branch=str(answer.get("targetRefName", "")).removeprefix(_HEADS),
            title=str(answer.get("title") or ""),
            description=str(answer.get("description") or ""),
            draft=bool(answer.get("isDraft")),
            status=next((known for known in _STATUSES if known == status), "active"),
            conflicts=answer.get("mergeStatus") == "conflicts",
            marks=None if linked is None else _marks(answer.get("labels") or (), answer.get("reviewers") or (), linked),
            auto_complete=_completes(answer),
        )


def _completes(row: Json) -> bool:
    return bool((row.get("autoCompleteSetBy") or {}).get("id"))


def _newest(row: Json) -> tuple[bool, int]:
    return row.get("status") == "active", int(row["pullRequestId"])


def _marks(labels: Iterable[Json], reviewers: Iterable[Json], items: Iterable[int]) -> Marks:
    return Marks(
        frozenset(str(row["name"]).casefold() for row in labels),
        frozenset(str(row["id"]).lower() for row in reviewers),
        frozenset(items),
    )


def cut(text: str, units: int) -> str:
    """Return the text cut to at most `units` UTF-16 units, ending in an ellipsis if it was cut."""
    encoded = text.encode("utf-16-le")
    if len(encoded) // 2 <= units:
        return text
    kept = encoded[: (units - 1) * 2].decode("utf-16-le", "ignore")
    return f"{kept}…"
