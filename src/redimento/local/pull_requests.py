"""The PullRequests port for local runs: a pull request is a folder with its text for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

from redimento.delivery.pull_request import CheckStatus, Marks, PullRequest, PullRequestText
from redimento.errors import NotThereError, UsageError
from redimento.run_folder import RunFolder
from redimento.settings import AutoComplete, Reviewer
from redimento.store.plain import made

_DATA = "pull-request.json"
_TEXT = "pull-request.md"
_WHOLE = "whole-text.md"


class FolderPullRequests:
    """Pull requests as folders `pull-requests/<number>` in `folder`, numbered from 1."""

    def __init__(self, folder: RunFolder) -> None:
        self._run = folder
        self._folder = folder.path / "pull-requests"

    def refuse_missing_rights(self, branch: str, *, new: bool) -> None:
        """Do nothing: nobody restricts a folder."""

    def find(self, source_branch: str, target_branch: str) -> PullRequest | None:
        """Return the newest pull request of this pair, preferring an active one. Raises UsageError for a damaged folder."""
        wanted = (source_branch, target_branch)
        found = [each for each in self._all() if (each.source_branch, each.target_branch) == wanted]
        return max(found, key=lambda each: (each.status == "active", each.id), default=None)

    def current(self, pull_request: PullRequest) -> PullRequest:
        """Return the pull request as its folder has it now."""
        return next((each for each in self._all() if each.id == pull_request.id), pull_request)

    def open(self, wanted: PullRequestText, known: PullRequest | None = None) -> PullRequest:
        """Update the active pull request of this pair, or create one."""
        known = known or self.find(wanted.source_branch, wanted.target_branch)
        number = known.id if known is not None and known.status == "active" else self._new_number()
        opened = PullRequest(
            id=number,
            url=(self._folder / str(number) / _TEXT).resolve().as_uri(),
            source_branch=wanted.source_branch,
            target_branch=wanted.target_branch,
            title=wanted.title,
            description=wanted.description,
            draft=wanted.draft,
            status="active",
        )
        folder = f"{self._folder.name}/{number}"
        draft = "Draft: " if wanted.draft else ""
        self._run.write_text(f"{folder}/{_TEXT}", f"# {draft}{wanted.title}\n\n{wanted.description.rstrip()}\n")
        more = {
            "work_item_id": wanted.work_item_id,
            "labels": wanted.labels,
            "reviewers": [one.name for one in wanted.reviewers],
        }
        self._run.write_json(f"{folder}/{_DATA}", {**asdict(opened), **more})
        return opened

    def marks(self, pull_request: PullRequest) -> Marks:
        """Return what the folder says of the pull request: everything is written at once."""
        data = json.loads((self._folder / str(pull_request.id) / _DATA).read_text("utf-8"))
        labels, reviewers = (frozenset(map(str.casefold, data[key])) for key in ("labels", "reviewers"))
        return Marks(labels, reviewers, frozenset([int(data["work_item_id"])]))

    def identities(self, reviewers: Sequence[Reviewer]) -> tuple[tuple[Reviewer, ...], tuple[str, ...]]:
        return tuple(replace(one, name=one.name.casefold()) for one in reviewers), ()

    def label(self, pull_request: PullRequest, label: str) -> None:
        """Do nothing: `open` writes all labels."""

    def invite(self, pull_request: PullRequest, reviewer: Reviewer) -> None:
        """Do nothing: `open` writes all reviewers."""

    def link(self, pull_request: PullRequest, item_id: int) -> None:
        """Do nothing: `open` writes the number of the work item."""

    def post(self, pull_request: PullRequest, status: CheckStatus) -> None:
        """Do nothing: no policy reads it."""

    def remark(self, pull_request: PullRequest, text: str, *, update: bool = True) -> None:
        """Write the text beside the pull request."""
        if update:
            self._run.write_text(f"{self._folder.name}/{pull_request.id}/{_WHOLE}", text)

    def complete_by_policy(self, pull_request: PullRequest, wish: AutoComplete) -> None:
        """Do nothing: nobody completes a folder."""

    def keep_open(self, pull_request: PullRequest) -> None:
        """Do nothing: nobody completes a folder."""

    def numbered(self, number: int) -> PullRequest:
        """Return the pull request in the folder with this number. Raises NotThereError."""
        for each in self._all():
            if each.id == number:
                return each
        raise NotThereError(f"There is no pull request {number} in {self._folder}.", status=404)

    def _all(self) -> list[PullRequest]:
        return [_read(path) for path in sorted(self._folder.glob(f"*/{_DATA}"))]

    def _new_number(self) -> int:
        """Return the next number and create its folder, so that no other run gets the same."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((int(each.name) for each in self._folder.iterdir() if each.name.isdecimal()), default=0)
        while True:
            try:
                (self._folder / str(number)).mkdir()
            except FileExistsError:
                number += 1
            else:
                return number


def _read(path: Path) -> PullRequest:
    try:
        data = json.loads(path.read_text("utf-8"))
        return made(PullRequest, {each.name: data[each.name] for each in fields(PullRequest) if each.name in data})
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"{path} does not describe a pull request.", f"Remove the folder {path.parent}.") from error
