from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devops_emulator.server import Emulator, running
from redimento.azure.client import AzureClient
from redimento.azure.repos import AzurePullRequests, cut
from redimento.delivery.effects import on_pull_request, settle
from redimento.delivery.pull_request import PullRequest, PullRequestText
from redimento.errors import AzureError, PermissionMissingError
from redimento.settings import PullRequestSettings, Reviewer
from tests.azure.conftest import SEED, Connected, connect, git
from tests.azure.hostile import HostileServer, Pauses, Serve, fault, json_answer, nothing

WANTED = PullRequestText(
    source_branch="redimento/7-round",
    target_branch="main",
    title="Round the total",
    description="What was done.\n\n- one\n",
    draft=True,
    work_item_id=7,
    labels=("redimento", "needs review"),
    reviewers=(Reviewer("ann@contoso.com"),),
)


@dataclass(frozen=True)
class Opened:
    """A pull request with everything on it, and a sentence for each thing that could not be added."""

    whole: PullRequest
    warnings: tuple[str, ...]


def deliver(port: AzurePullRequests, wanted: PullRequestText) -> Opened:
    """Open or update a pull request as a run does."""
    known = port.find(wanted.source_branch, wanted.target_branch)
    opened = port.open(wanted, port.current(known) if known and known.status == "active" else None)
    settings = PullRequestSettings(labels=wanted.labels, reviewers=wanted.reviewers)
    effects = on_pull_request(opened, wanted.work_item_id, port, settings) if opened.id and opened.ours else ()
    return Opened(replace(opened, marks=None), (*settle(effects), *port.identities(wanted.reviewers)[1]))


def path_of(azure: Connected, number: int, tail: str = "") -> str:
    return f"_apis/git/repositories/{azure.job.repository_id}/pullRequests/{number}{tail}"


def rows(azure: Connected, number: int, tail: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = azure.client.get(path_of(azure, number, tail), project=azure.job.project_id)["value"]
    return found


def patch(azure: Connected, number: int, **body: Any) -> None:
    azure.client.write("PATCH", path_of(azure, number), project=azure.job.project_id, body=body)


def abandon(azure: Connected, number: int) -> None:
    patch(azure, number, status="abandoned")


def item_links(azure: Connected, item_id: int) -> list[str]:
    answer = azure.client.get(f"_apis/wit/workitems/{item_id}", query={"$expand": "relations"})
    return [row["url"] for row in answer.get("relations") or () if row["rel"] == "ArtifactLink"]


def test_a_pull_request_is_opened_with_everything_on_it(azure: Connected) -> None:
    opened = deliver(azure.pull_requests, WANTED)
    assert opened.warnings == ()
    assert (opened.whole.source_branch, opened.whole.target_branch) == ("redimento/7-round", "main")
    assert (opened.whole.title, opened.whole.draft, opened.whole.status) == ("Round the total", True, "active")
    assert opened.whole.url == f"{azure.job.collection_url}My%20Shop/_git/web/pullrequest/{opened.whole.id}"
    assert {row["name"] for row in rows(azure, opened.whole.id, "/labels")} == {"redimento", "needs review"}
    assert [row["displayName"] for row in rows(azure, opened.whole.id, "/reviewers")] == ["Ann Archer"]
    assert [row["id"] for row in rows(azure, opened.whole.id, "/workitems")] == ["7"]
    assert len(item_links(azure, 7)) == 1


def test_nothing_is_found_before_and_it_is_found_after(azure: Connected) -> None:
    assert azure.pull_requests.find("redimento/7-round", "main") is None
    opened = deliver(azure.pull_requests, WANTED).whole
    assert azure.pull_requests.find("redimento/7-round", "main") == opened
    assert azure.pull_requests.find("redimento/8-tidy", "main") is None


def test_a_found_pull_request_is_read_whole_when_it_is_asked_for_again(azure: Connected) -> None:
    long = replace(WANTED, description="d" * 3000)
    azure.pull_requests.open(long)
    found = azure.pull_requests.find("redimento/7-round", "main")
    assert found is not None
    assert long.description.startswith(found.description)
    assert azure.pull_requests.current(found).description == long.description


def test_a_second_run_updates_the_same_pull_request(azure: Connected) -> None:
    first = deliver(azure.pull_requests, WANTED).whole
    changed = replace(WANTED, title="Round it", description="Better.", draft=False, labels=("redimento", "green"))
    second = deliver(azure.pull_requests, changed).whole
    assert second.id == first.id
    assert (second.title, second.description, second.draft) == ("Round it", "Better.", False)
    assert azure.pull_requests.find("redimento/7-round", "main") == second
    assert {row["name"] for row in rows(azure, first.id, "/labels")} == {"redimento", "needs review", "green"}
    assert len(item_links(azure, 7)) == 1


def test_an_update_adds_the_reviewers_and_the_link_that_are_missing(azure: Connected) -> None:
    deliver(azure.pull_requests, replace(WANTED, reviewers=()))
    opened = deliver(azure.pull_requests, replace(WANTED, work_item_id=8))
    assert opened.warnings == ()
    assert [row["displayName"] for row in rows(azure, opened.whole.id, "/reviewers")] == ["Ann Archer"]
    assert {row["id"] for row in rows(azure, opened.whole.id, "/workitems")} == {"7", "8"}


def test_a_vote_that_was_given_stays(azure: Connected) -> None:
    ourselves = replace(WANTED, reviewers=(Reviewer("Project Collection Build Service (emulated)"),))
    opened = deliver(azure.pull_requests, ourselves)
    (reviewer,) = rows(azure, opened.whole.id, "/reviewers")
    path = path_of(azure, opened.whole.id, f"/reviewers/{reviewer['id']}")
    azure.client.write("PUT", path, project=azure.job.project_id, body={"id": reviewer["id"], "vote": 5})
    deliver(azure.pull_requests, replace(ourselves, title="Round it"))
    assert [row["vote"] for row in rows(azure, opened.whole.id, "/reviewers")] == [5]


def of_ann(azure: Connected) -> AzurePullRequests:
    client = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"], sleep=Pauses())
    return replace(azure.pull_requests, client=client)


def test_a_pull_request_of_somebody_else_answers_nothing_and_is_left_alone(azure: Connected) -> None:
    theirs = of_ann(azure).open(replace(WANTED, title="Mine", description="By hand.", draft=False, reviewers=()))
    assert azure.pull_requests.find("redimento/7-round", "main") is None

    opened = azure.pull_requests.open(WANTED)

    assert opened == replace(theirs, ours=False, marks=None)
    assert of_ann(azure).find("redimento/7-round", "main") == replace(theirs, marks=None)
    assert rows(azure, theirs.id, "/reviewers") == []


def move(azure: Connected, client: AzureClient, branch: str, new: str) -> None:
    path = f"_apis/git/repositories/{azure.job.repository_id}/refs"
    known = client.get(path, project=azure.job.project_id, query={"filter": f"heads/{branch}"})["value"]
    old = known[0]["objectId"] if known else "0" * 40
    update = {"name": f"refs/heads/{branch}", "oldObjectId": old, "newObjectId": new}
    client.write("POST", path, project=azure.job.project_id, body=[update])


def test_only_what_our_account_pushed_since_the_branch_was_created_is_ours(azure: Connected, source: Path) -> None:
    one, two, three = (git(source, "rev-parse", name) for name in ("main", "redimento/7-round", "redimento/8-tidy"))
    ours, theirs = azure.client, of_ann(azure).client
    assert azure.pull_requests.own_pushes("redimento/9-sum") == frozenset()
    for client, commit in ((ours, one), (theirs, two), (ours, three)):
        move(azure, client, "redimento/9-sum", commit)
    assert azure.pull_requests.own_pushes("redimento/9-sum") == {one, three}
    assert of_ann(azure).own_pushes("redimento/9-sum") == {two}

    for commit in ("0" * 40, three):
        move(azure, theirs, "redimento/9-sum", commit)
    assert azure.pull_requests.own_pushes("redimento/9-sum") == frozenset()


def test_an_abandoned_pull_request_is_found_and_never_touched(azure: Connected) -> None:
    first = azure.pull_requests.open(WANTED)
    abandon(azure, first.id)
    found = azure.pull_requests.find("redimento/7-round", "main")
    assert found is not None
    assert (found.id, found.status) == (first.id, "abandoned")
    second = azure.pull_requests.open(replace(WANTED, title="Another try"))
    assert second.id != first.id
    untouched = azure.client.get(path_of(azure, first.id), project=azure.job.project_id)
    assert (untouched["status"], untouched["title"]) == ("abandoned", "Round the total")


def test_the_active_one_is_found_before_a_newer_one_that_is_closed(azure: Connected) -> None:
    first = azure.pull_requests.open(WANTED)
    abandon(azure, first.id)
    second = azure.pull_requests.open(WANTED)
    abandon(azure, second.id)
    patch(azure, first.id, status="active")
    found = azure.pull_requests.find("redimento/7-round", "main")
    assert found is not None
    assert found.id == first.id


BARE = replace(WANTED, labels=(), reviewers=())
THEIRS = {
    "pullRequestId": 4,
    "status": "active",
    "createdBy": {"id": "0000-me"},
    "title": "Theirs",
    "description": "d" * 500,
    "isDraft": True,
}
LISTED = json_answer({"value": [{**THEIRS, "description": "d" * 400}]})
NONE = json_answer({"value": []})
LINKED = json_answer({"value": [{"id": "7"}]})


def pull_requests_on(server: HostileServer) -> AzurePullRequests:
    client = AzureClient(server.url, "token-0123456789", sleep=Pauses())
    client.account = "0000-me"  # otherwise asked for once
    return AzurePullRequests(client, "My Shop", "project-id", "web", "repository-id")


def test_when_another_run_opens_it_in_between_theirs_is_updated(serve: Serve) -> None:
    exists = fault(409, "GitPullRequestExistsException", "TF401179: An active pull request already exists.")
    server = serve(exists, LISTED, json_answer(THEIRS), json_answer({}))
    opened = pull_requests_on(server).open(BARE)
    assert (opened.id, opened.title) == (4, "Round the total")
    assert [seen.method for seen in server.seen] == ["POST", "GET", "GET", "PATCH"]
    assert server.seen[3].json == {"title": "Round the total", "description": WANTED.description}


def test_a_pull_request_whose_answer_was_lost_is_not_opened_twice(serve: Serve) -> None:
    server = serve(nothing(), LISTED, json_answer(THEIRS))
    opened = pull_requests_on(server).open(BARE)
    assert (opened.id, len(opened.description)) == (4, 500)
    assert [seen.method for seen in server.seen] == ["POST", "GET", "GET"]


def test_a_refused_reviewer_lookup_is_tried_again_and_an_effect_that_failed(serve: Serve) -> None:
    refused = fault(403, "AccessDeniedException", "no")
    server = serve(NONE, refused, json_answer(THEIRS), refused, NONE, NONE)
    opened = deliver(pull_requests_on(server), replace(BARE, reviewers=(Reviewer("ann@contoso.com"),)))
    assert opened.warnings[0].startswith("Not all reviewers were added. ")


def test_a_reviewer_whose_answer_was_lost_is_not_added_twice(serve: Serve) -> None:
    ann = {"id": "ann-id", "providerDisplayName": "Ann", "isActive": True}
    found = (json_answer({"value": None}), json_answer({"value": [ann]}))
    invited = json_answer({"value": [{"id": "ANN-ID"}]})
    server = serve(NONE, *found, json_answer(THEIRS), nothing(), NONE, invited, LINKED)
    opened = deliver(pull_requests_on(server), replace(BARE, reviewers=(Reviewer("Ann"),)))
    assert opened.warnings == ()
    assert [seen.method for seen in server.seen].count("PUT") == 1


def test_an_existing_link_is_not_an_error(serve: Serve) -> None:
    exists = fault(400, "RelationAlreadyExistsException", "VS402625: A relation already exists.")
    port = pull_requests_on(serve(exists))
    port.link(PullRequest(4, "", "a", "main", "", "", draft=False, status="active"), 7)


def test_a_pull_request_from_a_fork_is_not_ours(serve: Serve) -> None:
    server = serve(json_answer({"value": [{**THEIRS, "forkSource": {"name": "refs/heads/x"}}]}))
    assert pull_requests_on(server).find("redimento/7-round", "main") is None


@pytest.mark.parametrize("name", ["ann@contoso.com", "Ann Archer", "ANN@CONTOSO.COM"])
def test_a_reviewer_is_found_by_mail_address_and_by_name(azure: Connected, name: str) -> None:
    opened = deliver(azure.pull_requests, replace(WANTED, reviewers=(Reviewer(name), Reviewer("ann@contoso.com"))))
    assert opened.warnings == ()
    assert [row["displayName"] for row in rows(azure, opened.whole.id, "/reviewers")] == ["Ann Archer"]


def test_a_reviewer_is_found_by_id(azure: Connected) -> None:
    first = deliver(azure.pull_requests, WANTED)
    (ann,) = rows(azure, first.whole.id, "/reviewers")
    tidy = replace(WANTED, source_branch="redimento/8-tidy", reviewers=(Reviewer(ann["id"]),))
    assert deliver(azure.pull_requests, tidy).warnings == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody@contoso.com", "nobody has that name"),
        ("Bob Baker", "2 accounts have that name"),
        ("00000000-1111-2222-3333-444444444444", "nobody has that name"),
    ],
)
def test_an_unknown_reviewer_is_a_warning(azure: Connected, name: str, reason: str) -> None:
    opened = deliver(azure.pull_requests, replace(WANTED, reviewers=(Reviewer(name), Reviewer("ann@contoso.com"))))
    (warning,) = opened.warnings
    assert f"Reviewer '{name}' was not added: {reason}" in warning
    assert [row["displayName"] for row in rows(azure, opened.whole.id, "/reviewers")] == ["Ann Archer"]


def test_a_description_that_is_too_long_is_cut_rather_than_refused(azure: Connected) -> None:
    opened = azure.pull_requests.open(replace(WANTED, description="😀" * 2500))
    assert len(opened.description.encode("utf-16-le")) // 2 <= 4000
    assert opened.description.endswith("😀…")


def test_an_absent_branch_is_an_error(azure: Connected) -> None:
    with pytest.raises(AzureError, match="TF401398") as caught:
        azure.pull_requests.open(replace(WANTED, source_branch="redimento/9-gone"))
    assert caught.value.sentence.endswith(".")


def test_the_right_that_is_missing_and_who_needs_it_are_named(tmp_path: Path, source: Path) -> None:
    web = {"name": "web", "from": str(source), "deny": ["PullRequestContribute"]}
    with running(tmp_path / "organisation", seed={**SEED, "repositories": [web]}) as emulator:
        with pytest.raises(PermissionMissingError, match="'Contribute to pull requests'") as caught:
            connect(emulator).pull_requests.open(WANTED)
        assert "Project Collection Build Service (emulated) lacks" in caught.value.sentence


def test_a_refused_link_is_a_warning_on_the_pull_request(tmp_path: Path, source: Path) -> None:
    seed = {**SEED, "repositories": [{"name": "web", "from": str(source)}], "deny": ["WorkItemWrite"]}
    with running(tmp_path / "organisation", seed=seed) as emulator:
        azure = connect(emulator)
        opened = deliver(azure.pull_requests, WANTED)
        assert rows(azure, opened.whole.id, "/workitems") == []
        (warning,) = opened.warnings
        assert "not linked to the work item" in warning
        assert "'Edit work items in this node'" in warning


def test_a_dry_run_lists_the_calls_and_opens_nothing(emulator: Emulator) -> None:
    azure = connect(emulator, "note")
    noted = deliver(azure.pull_requests, replace(WANTED, reviewers=(Reviewer("nobody@contoso.com"),)))
    assert (noted.whole.id, noted.whole.url, noted.whole.title, noted.whole.draft) == (0, "", "Round the total", True)
    assert "nobody@contoso.com" in noted.warnings[0]
    (call,) = azure.client.noted
    assert call.method == "POST"
    assert call.url.endswith("/pullrequests?supportsIterations=true")
    assert azure.pull_requests.find("redimento/7-round", "main") is None


def test_a_dry_run_of_an_update_lists_only_what_differs(emulator: Emulator) -> None:
    opened = connect(emulator).pull_requests.open(WANTED)
    dry = connect(emulator, "note")
    assert deliver(dry.pull_requests, replace(WANTED, title="Round it")).whole.id == opened.id
    assert [(call.method, call.summary) for call in dry.client.noted] == [("PATCH", '{"title": "Round it"}')]


@given(st.text(), st.integers(min_value=1, max_value=20))
def test_a_cut_text_is_never_longer_and_is_a_beginning(text: str, units: int) -> None:
    kept = cut(text, units)
    assert len(kept.encode("utf-16-le")) // 2 <= units
    assert kept == text or (kept.endswith("…") and text.startswith(kept[:-1]))
