"""The PullRequests port on one repository of Azure Repos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.azure.reviewers import Reviewers, resolve
from redimento.azure.shape import readable
from redimento.delivery.pull_request import PullRequest, PullRequestText, Status
from redimento.errors import AzureError, ConflictError, PermissionMissingError

_HEADS = "refs/heads/"
_LONGEST_DESCRIPTION = 4000  # UTF-16 units; more is refused with 400 InvalidArgumentValueException
_LONGEST_TITLE = 250  # no documented limit; a team saw a failure above 419 (dotnet/arcade-services#1148)
_PAGE = 100
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

    @readable
    def find(self, source_branch: str, target_branch: str) -> PullRequest | None:
        """Return the newest pull request that this account opened for the pair, preferring an active one; ignore forks."""
        ours = [row for row in self._rows(source_branch, target_branch) if self.client.is_own(row.get("createdBy"))]
        row = max(ours, key=_newest, default=None)
        return None if row is None else self._value(self._whole(int(row["pullRequestId"])))

    @readable
    def own_pushes(self, branch: str) -> frozenset[str]:
        """Return the tips that this account has pushed to `branch` since the branch was created."""
        name, found, start = _HEADS + branch, set[str](), 0
        while True:
            query = {
                "searchCriteria.refName": name,
                "searchCriteria.includeRefUpdates": "true",
                "$top": str(_PAGE),
                "$skip": str(start),
            }
            about = f"the pushes to {branch}"
            page = self.client.get(f"{self._path}/pushes", project=self.project_id, query=query, about=about)["value"]
            for push in page:  # the newest first
                update: Json = next((each for each in push.get("refUpdates") or () if each.get("name") == name), {})
                if self.client.is_own(push.get("pushedBy")):
                    found.add(str(update.get("newObjectId")))
                if not str(update.get("oldObjectId", "")).strip("0"):
                    return frozenset(found)
            if len(page) < _PAGE:
                return frozenset(found)
            start += _PAGE

    @readable
    def open(self, wanted: PullRequestText) -> PullRequest:
        """Create the pull request, or update the active one; never touch closed ones, or those of other people.

        `warnings` of the result lists labels, reviewers and work item links that could not be added.
        """
        wanted = replace(
            wanted,
            title=cut(wanted.title, _LONGEST_TITLE),
            description=cut(wanted.description, _LONGEST_DESCRIPTION),
        )
        reviewers = resolve(self.client, wanted.reviewers)
        seen = self._active(wanted)
        answer = self._created(wanted, reviewers) if seen is None else self._updated(seen, wanted)
        opened = self._value(answer)
        if not opened.id:  # only noted, so there is nothing to add to
            return replace(opened, warnings=reviewers.warnings)
        if not self.client.is_own(answer.get("createdBy")):
            # Azure allows only one for each pair of branches.
            theirs = (
                f"Pull request {opened.id} for this branch was opened by somebody else, so nothing in it was changed."
            )
            return replace(opened, warnings=(theirs,))
        return replace(opened, warnings=(*reviewers.warnings, *self._completed(answer, wanted, reviewers)))

    def _created(self, wanted: PullRequestText, reviewers: Reviewers) -> Json:
        body = {
            "sourceRefName": _HEADS + wanted.source_branch,
            "targetRefName": _HEADS + wanted.target_branch,
            "title": wanted.title,
            "description": wanted.description,
            "isDraft": wanted.draft,
            "labels": [{"name": label} for label in wanted.labels],
            "reviewers": [{"id": reviewer} for reviewer in reviewers.ids],
            "workItemRefs": [{"id": str(wanted.work_item_id)}],
        }
        try:
            return self._posted(body, wanted)
        except PermissionMissingError:
            # Perhaps only the right to link the work item is missing: a pull request without the link is better than
            # none, and `_link` tries again separately.
            return self._posted({**body, "workItemRefs": []}, wanted)
        except ConflictError:
            # TF401179: another run opened it after we looked.
            theirs = self._active(wanted)
            if theirs is None:
                raise
            return self._updated(theirs, wanted)

    def _posted(self, body: Json, wanted: PullRequestText) -> Json:
        answer: Json = self.client.write(
            "POST",
            f"{self._path}/pullrequests",
            project=self.project_id,
            query={"supportsIterations": "true"},
            body=body,
            happened=partial(self._active, wanted),
            about=f"the pull request for {wanted.source_branch}",
        )
        return answer

    def _updated(self, seen: Json, wanted: PullRequestText) -> Json:
        number = int(seen["pullRequestId"])
        target = {"title": wanted.title, "description": wanted.description, "isDraft": wanted.draft}
        changes = {name: value for name, value in target.items() if seen.get(name, "") != value}
        if not changes or not self.client.is_own(seen.get("createdBy")):
            return seen

        def happened() -> Json | None:
            now = self._whole(number)
            return now if all(now.get(name) == value for name, value in changes.items()) else None

        self.client.write(
            "PATCH",
            f"{self._path}/pullrequests/{number}",
            project=self.project_id,
            body=changes,
            happened=happened,
            about=f"pull request {number}",
        )
        return {**seen, **changes}

    def _completed(self, answer: Json, wanted: PullRequestText, reviewers: Reviewers) -> Iterator[str]:
        """Add missing labels, reviewers and the link; yield a sentence for each of the three that failed."""
        number = int(answer["pullRequestId"])
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("Not all labels were added.", lambda: self._label(number, wanted)),
            ("Not all reviewers were added.", lambda: self._add_reviewers(number, reviewers)),
            ("It is not linked to the work item.", lambda: self._link(answer, wanted.work_item_id)),
        )
        for sentence, step in steps:
            try:
                step()
            except AzureError as error:
                yield f"{sentence} {error}"

    def _label(self, number: int, wanted: PullRequestText) -> None:
        for label in wanted.labels:
            if self._labelled(number, label) is None:
                self.client.write(
                    "POST",
                    f"{self._path}/pullRequests/{number}/labels",
                    project=self.project_id,
                    body={"name": label},
                    happened=partial(self._labelled, number, label),
                    about=f"the labels of pull request {number}",
                )

    def _labelled(self, number: int, label: str) -> Json | None:
        path = f"{self._path}/pullRequests/{number}/labels"
        rows = self.client.get(path, project=self.project_id, about=f"the labels of pull request {number}")["value"]
        return next((row for row in rows if str(row["name"]).casefold() == label.casefold()), None)

    def _add_reviewers(self, number: int, reviewers: Reviewers) -> None:
        if not reviewers.ids:
            return
        path = f"{self._path}/pullRequests/{number}/reviewers"
        answer = self.client.get(path, project=self.project_id, about=f"the reviewers of pull request {number}")
        present = {str(row["id"]).lower() for row in answer["value"]}
        for reviewer in reviewers.ids:
            if reviewer.lower() not in present:  # adding somebody again would reset the vote
                url = f"{path}/{reviewer}"
                self.client.write(
                    "PUT",
                    url,
                    project=self.project_id,
                    body={"id": reviewer, "vote": 0},
                    happened=partial(self._or_none, url),
                    about=f"the reviewers of pull request {number}",
                )

    def _link(self, answer: Json, item_id: int) -> None:
        """Link the work item unless it is linked: `workItemRefs` only works at creation."""
        number = int(answer["pullRequestId"])

        def linked() -> Json | None:
            rows = self.client.get(
                f"{self._path}/pullRequests/{number}/workitems",
                project=self.project_id,
                about=f"the work items of pull request {number}",
            )["value"]
            return {} if str(item_id) in (str(row["id"]) for row in rows) else None

        if linked() is not None:
            return
        artifact = f"vstfs:///Git/PullRequestId/{self.project_id}%2F{self.repository_id}%2F{number}"
        relation = {
            "rel": "ArtifactLink",
            "url": str(answer.get("artifactId") or artifact),
            "attributes": {"name": "Pull Request"},
        }
        try:
            self.client.write(
                "PATCH",
                f"_apis/wit/workitems/{item_id}",
                body=[{"op": "add", "path": "/relations/-", "value": relation}],
                content_type=JSON_PATCH,
                happened=linked,
                about=f"the links of work item {item_id}",
            )
        except AzureError as error:
            if "RelationAlreadyExists" not in error.type_key:
                raise

    def _active(self, wanted: PullRequestText) -> Json | None:
        row = max(self._rows(wanted.source_branch, wanted.target_branch), key=_newest, default=None)
        whole = self._whole(int(row["pullRequestId"])) if row is not None else None
        return whole if whole is not None and whole.get("status") == "active" else None

    def _rows(self, source_branch: str, target_branch: str) -> list[Json]:
        query = {
            "searchCriteria.status": "all",
            "searchCriteria.sourceRefName": _HEADS + source_branch,
            "searchCriteria.targetRefName": _HEADS + target_branch,
            "$top": str(_PAGE),
        }
        path = f"{self._path}/pullrequests"
        answer = self.client.get(path, project=self.project_id, query=query, about=f"repository {self.repository}")
        return [row for row in answer["value"] if not row.get("forkSource")]

    def _whole(self, number: int) -> Json:
        # Listings cut descriptions at 400 characters.
        answer: Json = self.client.get(
            f"{self._path}/pullrequests/{number}", project=self.project_id, about=f"pull request {number}"
        )
        return answer

    def _or_none(self, path: str) -> Any:
        try:
            return self.client.get(path, project=self.project_id)
        except AzureError:
            return None

    @property
    def _path(self) -> str:
        return f"_apis/git/repositories/{quote(self.repository_id, safe='')}"

    def _value(self, answer: Json) -> PullRequest:
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
        )


def _newest(row: Json) -> tuple[bool, int]:
    return row.get("status") == "active", int(row["pullRequestId"])


def cut(text: str, units: int) -> str:
    """Return the text cut to at most `units` UTF-16 units, ending in an ellipsis if it was cut."""
    encoded = text.encode("utf-16-le")
    if len(encoded) // 2 <= units:
        return text
    kept = encoded[: (units - 1) * 2].decode("utf-16-le", "ignore")
    return f"{kept}…"
