"""What has to be so outside once a pull request is there: one list, the same for a first run and for every later one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from redimento.delivery.pull_request import CheckStatus, Marks, PullRequest, PullRequests
from redimento.errors import RedimentoError
from redimento.settings import AutoComplete, PullRequestSettings, Reviewer


@dataclass(frozen=True)
class Effect:
    """Something outside. `failed` begins the sentence that is said when it cannot be brought about."""

    failed: str
    already: Callable[[], bool]
    bring_about: Callable[[], object]


def on_pull_request(
    pull_request: PullRequest,
    item_id: int,
    pull_requests: PullRequests,
    settings: PullRequestSettings,
    *,
    forgotten: bool = False,
) -> Iterator[Effect]:
    """Yield what belongs on a pull request.

    `forgotten`: an earlier run opened it, and no comment tells how far it came. The link, which comes last, does: where it
    is, a person took off what is missing.
    """
    known: list[Marks] = [pull_request.marks] if pull_request.marks else []

    def marks() -> Marks:
        if not known:
            known.append(pull_requests.marks(pull_request))
        return known[0]

    def taken_off() -> bool:
        return forgotten and item_id in marks().work_items

    def label(name: str) -> Effect:
        return Effect(
            f"The label '{name}' was not added.",
            lambda: taken_off() or name.casefold() in marks().labels,
            lambda: pull_requests.label(pull_request, name),
        )

    def missing() -> list[Reviewer]:
        found, _ = pull_requests.identities(settings.reviewers)
        return [] if taken_off() else [one for one in found if one.name not in marks().reviewers]

    def invite() -> None:
        failed: list[RedimentoError] = []
        for one in missing():
            try:
                pull_requests.invite(pull_request, one)
            except RedimentoError as error:
                failed.append(error)
        if failed:
            raise failed[0]

    yield from map(label, settings.labels)
    yield Effect("Not all reviewers were added.", lambda: not missing(), invite)
    yield Effect(
        "The pull request is not linked to the work item.",
        lambda: item_id in marks().work_items,
        lambda: pull_requests.link(pull_request, item_id),
    )


def of_commit(pull_request: PullRequest, pull_requests: PullRequests, status: CheckStatus) -> Effect:
    """Return the effect that the checks' word on a commit is on the pull request."""
    return Effect(
        "The status redimento/checks was not posted.", lambda: False, lambda: pull_requests.post(pull_request, status)
    )


def of_whole_text(pull_request: PullRequest, pull_requests: PullRequests, text: str, *, update: bool = True) -> Effect:
    """Return the effect that a comment has the text for which the description has no room."""
    return Effect(
        "The whole text was not added as a comment of the pull request.",
        lambda: False,
        lambda: pull_requests.remark(pull_request, text, update=update),
    )


def of_auto_complete(pull_request: PullRequest, pull_requests: PullRequests, wish: AutoComplete) -> Effect:
    """Return the effect that the server completes the pull request once its policies are met."""
    return Effect(
        "Auto-complete was not set.",
        lambda: pull_request.auto_complete,
        lambda: pull_requests.complete_by_policy(pull_request, wish),
    )


def settle(effects: Iterable[Effect]) -> Iterator[str]:
    """Bring about, in order, what is not so yet; yield a finished sentence for each effect that failed."""
    for effect in effects:
        try:
            if not effect.already():
                effect.bring_about()
        except RedimentoError as error:
            yield f"{effect.failed} {error}"
