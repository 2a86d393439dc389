from __future__ import annotations

from typing import Any

import pytest


def test_a_wrong_route_is_plain_text_and_a_wrong_method_is_not(rest: Any) -> None:
    assert rest("GET", "_apis/git/nothing", status=404).startswith(b"Page not found")
    assert rest("DELETE", "_apis/wit/workitems/7", status=405)["typeKey"] == "VssInvalidMethodException"


def test_projects_are_found_by_name_or_id_in_any_case(rest: Any) -> None:
    identity = rest.emulator.projects["Shop Floor"]["id"]
    for project in ("Shop%20Floor", "shop%20FLOOR", identity, identity.upper()):
        assert rest("GET", f"{project}/_apis/WIT/WorkItems/7")["id"] == 7
    assert rest("GET", "Elsewhere/_apis/wit/workitems/7", status=404)["message"].startswith("TF200016")


def test_a_refusal_has_its_message_in_a_header_too(rest: Any) -> None:
    answer = rest.session.get(
        f"{rest.emulator.url}_apis/wit/workitems/99?api-version=7.1",
        headers={"Authorization": f"Bearer {rest.emulator.token}"},
        timeout=100,
    )
    assert answer.headers["x-tfs-serviceerror"].startswith("TF401232%3A%20Work%20item%2099")
    assert answer.headers["ActivityId"]


def test_locations_are_listed_completely_and_by_area(rest: Any) -> None:
    whole = rest.session.options(
        f"{rest.emulator.url}_apis", headers={"Authorization": f"Bearer {rest.emulator.token}"}, timeout=100
    ).json()
    boards = rest.session.options(
        f"{rest.emulator.url}_apis/wit", headers={"Authorization": f"Bearer {rest.emulator.token}"}, timeout=100
    ).json()
    assert 0 < boards["count"] < whole["count"]
    comments = next(one for one in boards["value"] if one["id"] == "608aac0a-32e1-4493-a863-b9cf4566d257")
    assert comments["releasedVersion"] == "0.0"
    assert "{workItemId}" in comments["routeTemplate"]


def test_projects_are_listed(rest: Any) -> None:
    assert [project["name"] for project in rest("GET", "_apis/projects")["value"]] == ["Shop Floor"]
    shown = rest("GET", "_apis/projects/Shop%20Floor", params={"includeCapabilities": "true"})
    assert shown["capabilities"]["processTemplate"]["templateName"] == "Agile"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "Shop%20Floor/_apis/git/repositories/web/pullrequests", {"labels": 3, "title": "x"}),
        (
            "POST",
            "Shop%20Floor/_apis/git/repositories/web/pullrequests",
            {"title": "x", "labels": [{"name": "a"}], "reviewers": [3]},
        ),
        ("POST", "_apis/wit/workitemsbatch", {"ids": 3}),
        ("POST", "_apis/wit/workitemsbatch", {"ids": [7], "fields": 3}),
        ("POST", "Shop%20Floor/_apis/git/repositories/web/refs", [3]),
        ("PATCH", "Shop%20Floor/_apis/build/builds/1", []),
    ],
)
def test_a_body_of_another_shape_is_refused_and_no_failure_of_the_server(
    rest: Any, method: str, path: str, body: Any
) -> None:
    rest(method, path, json=body, status=400)
