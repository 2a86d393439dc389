"""What has to be so outside once a pull request is there, and what is said where it cannot be brought about."""

from __future__ import annotations

import pytest

from redimento.azure.client import AzureClient
from redimento.azure.repos import AzurePullRequests
from redimento.delivery.effects import on_pull_request, settle
from redimento.delivery.pull_request import Marks, PullRequest
from redimento.settings import PullRequestSettings, Reviewer
from tests.azure.hostile import Pauses, Step, fault, json_answer, serving

DENIED = fault(403, "AccessDeniedException", "No.")
AREAS = json_answer({"value": []})
REVIEWED = PullRequestSettings(labels=("ai",), reviewers=(Reviewer("ann@x.org"), Reviewer("bob@x.org")))


def person(identity: str, name: str) -> Step:
    return json_answer({"value": [{"id": identity, "isActive": True, "providerDisplayName": name}]})


def pull_request(*, marks: Marks | None) -> PullRequest:
    return PullRequest(3, "https://x.invalid/3", "a", "main", "T", "", draft=False, status="active", marks=marks)


def settled(marks: Marks | None, *script: Step, forgotten: bool = False) -> tuple[list[str], list[str]]:
    """Return what is said of the effects, and the writes."""
    with serving(script, None) as server:
        client = AzureClient(server.url, "token-0123456789", sleep=Pauses())
        port = AzurePullRequests(client, "Shop", "1", "web", "2")
        effects = on_pull_request(pull_request(marks=marks), 7, port, REVIEWED, forgotten=forgotten)
        said = [*settle(effects)]
        return said, [seen.method for seen in server.seen if seen.method != "GET"]


@pytest.mark.parametrize("script", [(DENIED, DENIED), (AREAS, DENIED, AREAS, DENIED)])
def test_reviewers_that_cannot_be_looked_up_have_not_been_added(script: tuple[Step, ...]) -> None:
    said, writes = settled(Marks(frozenset({"ai"}), frozenset(), frozenset({7})), *script)
    (sentence,) = said
    assert sentence.startswith("Not all reviewers were added. ")
    assert writes == []


def test_a_reviewer_who_is_refused_does_not_keep_the_next_one_out() -> None:
    script = (AREAS, person("a", "ann@x.org"), person("b", "bob@x.org"), DENIED, json_answer({}))
    said, writes = settled(Marks(frozenset({"ai"}), frozenset(), frozenset({7})), *script)
    assert len(said) == 1
    assert writes == ["PUT", "PUT"]


@pytest.mark.parametrize(("linked", "writes"), [(True, []), (False, ["POST", "PUT", "PUT", "PATCH"])])
def test_without_a_memory_the_link_tells_that_all_the_rest_was_there(*, linked: bool, writes: list[str]) -> None:
    attached = (json_answer({"value": rows}) for rows in ([], [], [{"id": "7"}] if linked else []))
    done = [json_answer({})] * 4
    script = (
        [*attached, AREAS, person("a", "ann@x.org"), person("b", "bob@x.org"), *done]
        if linked
        else [*attached, done[0], AREAS, person("a", "ann@x.org"), person("b", "bob@x.org"), *done]
    )
    assert settled(None, *script, forgotten=True) == ([], writes)
