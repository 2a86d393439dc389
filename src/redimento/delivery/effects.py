"""What has to be so outside once a pull request is there: one list, the same for a first run and for every later one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from redimento.delivery.pull_request import Marks, PullRequest, PullRequests
from redimento.errors import RedimentoError
from redimento.settings import PullRequestSettings


@dataclass(frozen=True)
class Effect:
    """Something outside. `failed` begins the sentence that is said when it cannot be brought about."""

    failed: str
    already: Callable[[], bool]
    bring_about: Callable[[], object]


def on_pull_request(
    pull_request: PullRequest, item_id: int, pull_requests: PullRequests, settings: PullRequestSettings
) -> Iterator[Effect]:
    """Yield what belongs on a pull request."""
    known: list[Marks] = [pull_request.marks] if pull_request.marks else []

    def marks() -> Marks:
        if not known:
            known.append(pull_requests.marks(pull_request))
        return known[0]

    def label(name: str) -> Effect:
        return Effect(
            f"The label '{name}' was not added.",
            lambda: name.casefold() in marks().labels,
            lambda: pull_requests.label(pull_request, name),
        )

    def reviewer(identity: str) -> Effect:
        return Effect(
            "Not all reviewers were added.",
            lambda: identity in marks().reviewers,
            lambda: pull_requests.invite(pull_request, identity),
        )

    yield from map(label, settings.labels)
    yield from map(reviewer, pull_requests.identities(settings.reviewers)[0])
    yield Effect(
        "The pull request is not linked to the work item.",
        lambda: item_id in marks().work_items,
        lambda: pull_requests.link(pull_request, item_id),
    )


def settle(effects: Iterable[Effect]) -> Iterator[str]:
    """Bring about, in order, what is not so yet; yield a finished sentence for each effect that failed."""
    for effect in effects:
        try:
            if not effect.already():
                effect.bring_about()
        except RedimentoError as error:
            yield f"{effect.failed} {error}"
