from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ASSIGNED = "[System.AssignedTo] = 'jane@example.com'"


def found(rest: Any, where: str, tail: str = "", **params: str) -> list[int]:
    query = f"SELECT [System.Id], [System.Title] FROM WorkItems WHERE {where} {tail}"
    answer = rest("POST", "Shop%20Floor/_apis/wit/wiql", json={"query": query}, params=params)
    return [item["id"] for item in answer["workItems"]]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("[System.TeamProject] = @project", [7, 3]),
        ("[System.WorkItemType] = 'user story'", [7]),
        ("[System.WorkItemType] <> 'Feature' AND [System.State] = 'New'", [7]),
        ("[System.State] IN ('New', 'Active')", [7, 3]),
        ("[System.State] NOT IN ('New')", []),
        ("[System.Title] CONTAINS 'RIGHT'", [7]),
        ("[System.Title] NOT CONTAINS 'right'", [3]),
        ("[System.Tags] CONTAINS 'shop'", [7]),
        ("[System.AreaPath] UNDER 'Shop Floor\\Checkout'", [7]),
        ("[System.AreaPath] UNDER 'Shop Floor'", [7, 3]),
        ("[System.AreaPath] UNDER 'Shop'", []),
        (ASSIGNED, [7]),
        (f"NOT ({ASSIGNED} OR [System.Id] > 7)", [3]),
        ("[System.Id] >= 3 AND [System.Id] < 7", [3]),
        ("[System.CreatedDate] >= @today - 1", [7, 3]),
        ("[System.Title] = 'It''s \"quoted\"'", []),
        ("[System.AssignedTo] = ''", [3]),
        ("[System.CreatedBy] = @me", [7, 3]),
    ],
)
def test_clauses_select_items(rest: Any, where: str, numbers: list[int]) -> None:
    assert found(rest, where) == numbers


def test_results_are_ordered_and_limited(rest: Any) -> None:
    assert found(rest, "[System.Id] > 0", "ORDER BY [System.Id]") == [3, 7]
    assert found(rest, "[System.Id] > 0", "ORDER BY [System.State] ASC, [System.Id] DESC") == [7, 3]
    assert found(rest, "[System.Id] > 0", "ORDER BY [System.Title] DESC", **{"$top": "1"}) == [7]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT [System.Id]",
        "SELECT [System.Id] FROM WorkItemLinks",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] LIKE 3",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'open",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] IN (1",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 3 nonsense",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = @nothing",
        "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = [System.Rev]",
        "SELECT [System.Id] FROM WorkItems ORDER BY 'x'",
        "x" * 32_001,
    ],
)
def test_an_invalid_query_is_refused(rest: Any, query: str) -> None:
    assert "query" in rest("POST", "_apis/wit/wiql", json={"query": query}, status=400)["message"]


def test_the_project_macro_needs_a_project(rest: Any) -> None:
    query = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"}
    rest("POST", "_apis/wit/wiql", json=query, status=400)
    assert rest("POST", "Shop%20Floor/Any%20Team/_apis/wit/wiql", json=query)["queryType"] == "flat"


SAVED = "6a7b8c9d-0000-4000-8000-000000000001"


def test_a_saved_query_is_run_by_its_id(serve: Any, seed: Any, tmp_path: Path) -> None:
    query = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project ORDER BY [System.Id] DESC"
    with serve(tmp_path, {**seed, "queries": {SAVED: query}}) as rest:
        answer = rest("GET", f"Shop%20Floor/_apis/wit/wiql/{SAVED.upper()}")
        assert [item["id"] for item in answer["workItems"]] == [7, 3]
        assert rest("GET", f"Shop%20Floor/_apis/wit/wiql/{SAVED}", params={"$top": "1"})["workItems"][0]["id"] == 7
        for path in (f"_apis/wit/wiql/{SAVED}", "Shop%20Floor/_apis/wit/wiql/other"):
            assert rest("GET", path, status=404)["message"].startswith("TF401243")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("wiql", {"query": "SELECT [System.Id] FROM WorkItems", "top": 3}),
        ("workitemsbatch", {"ids": [7], "expand": "all"}),
    ],
)
def test_a_member_that_the_service_does_not_know_is_refused(rest: Any, path: str, body: Any) -> None:
    assert "Could not find member" in rest("POST", f"Shop%20Floor/_apis/wit/{path}", json=body, status=400)["message"]
