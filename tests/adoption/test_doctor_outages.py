"""What Azure DevOps does not tell is unknown, never ok: outages, refusals and nonsense in place of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from redimento.adoption import doctor
from redimento.adoption.doctor import Question, examine
from redimento.adoption.finding import Finding, exit_code
from tests.adoption.front import Front, Own, fronted
from tests.run.conftest import Site

BATCH = "permissionevaluationbatch"
PAGE = "<html><title>Azure DevOps Services Unavailable</title></html>"


@pytest.fixture
def front(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.setattr(doctor, "_SECONDS", 3.0)  # an outage is asked again for all of them
    with fronted(site.emulator.url) as serving:
        yield serving


def examined(site: Site, front: Front, **variables: str) -> dict[str, Finding]:
    environment = {**site.environment, "SYSTEM_COLLECTIONURI": front.url, **variables}
    found = examine(Question(site.checkout, site.config([]), "7"), environment)
    assert site.emulator.token not in repr(found)
    assert exit_code(found) == min((one.exit_code for one in found if one.exit_code), default=0)
    return {one.name: one for one in found}


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Own(200, PAGE, "text/html"), "out of order"),
        (Own(203, "<html>Sign in</html>", "text/html"), "did not accept the token"),
        (Own(401, ""), "did not accept the token"),
        (Own(407, ""), "proxy"),
        (Own(200, "{}"), "whose token"),
    ],
)
def test_an_organisation_that_does_not_answer_leaves_no_right_ok(
    site: Site, front: Front, answer: Own, word: str
) -> None:
    front.own = {"/_apis/": answer}
    found = examined(site, front)
    assert (found["sign-in"].severity, found["sign-in"].exit_code) == ("problem", 3)
    assert word in found["sign-in"].sentence
    assert [one.severity for one in found.values() if one.topic == "rights"] == ["unknown"]


@pytest.mark.parametrize(
    "answer",
    [
        Own(403, json.dumps({"message": "Access denied.", "typeKey": "AccessDeniedException"})),
        Own(404, "Page not found", "text/plain"),
        Own(200, PAGE, "text/html"),
        Own(200, "[]"),
        Own(200, json.dumps({"evaluations": []})),
        Own(200, json.dumps({"evaluations": [{"permissions": 2, "value": "true"}] * 4})),
    ],
)
def test_rights_that_cannot_be_asked_for_are_unknown(site: Site, front: Front, answer: Own) -> None:
    front.own = {BATCH: answer}
    found = examined(site, front)
    rights = [one for one in found.values() if one.topic == "rights" and one.name != "View builds"]
    assert len(rights) == 7
    assert {one.severity for one in rights} == {"unknown"}
    assert (found["repository"].severity, found["admission"].severity) == ("ok", "ok")


def test_settings_and_areas_that_cannot_be_read_are_unknown(site: Site, front: Front) -> None:
    refused = Own(403, json.dumps({"message": "TF50309: not you", "typeKey": "AccessCheckException"}))
    front.own = {"generalsettings": refused, "classificationnodes": Own(200, '{"identifier": 1, "children": 7}')}
    found = examined(site, front)
    assert found["repositories in reach"].severity == "unknown"
    assert found["Contribute"].severity == "ok"


@pytest.mark.parametrize(
    ("changes", "severity", "word"),
    [
        ({"isDisabled": True}, "problem", "is disabled"),
        ({"remoteUrl": None}, "ok", "is that of calc"),
    ],
)
def test_the_repository_is_the_one_that_a_run_would_push_to(
    site: Site, front: Front, changes: dict[str, Any], severity: str, word: str
) -> None:
    shown = site.get("_apis/git/repositories/calc")
    front.own = {r"/repositories/[0-9a-f-]{36}(\?|$)": Own(200, json.dumps({**shown, **changes}))}
    found = examined(site, front)["repository"]
    assert (found.severity, word in found.sentence) == (severity, True)


def test_a_wrong_clock_is_noted(site: Site, front: Front) -> None:
    front.date = "Mon, 01 Jan 2024 00:00:00 GMT"
    found = examined(site, front)
    assert (found["clock"].severity, "ahead of" in found["clock"].sentence) == ("note", True)
    front.date = "yesterday"
    assert examined(site, front)["clock"].severity == "unknown"


def test_git_that_does_not_answer_is_a_problem(site: Site, front: Front) -> None:
    repository = site.environment["BUILD_REPOSITORY_URI"]
    front.own = {"/_git/": Own(403, "TF401027: You need the Git 'GenericRead' permission to perform this action.\n")}
    found = examined(site, front, BUILD_REPOSITORY_URI=repository.replace(site.emulator.url, front.url))
    assert (found["target branch"].severity, found["target branch"].exit_code) == ("problem", 3)
