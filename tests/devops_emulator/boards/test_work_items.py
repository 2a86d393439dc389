from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def add(field: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/fields/{field}", "value": value}


PATCH = {"Content-Type": "application/json-patch+json"}


def test_an_item_is_read_with_its_fields_people_and_relations(rest: Any) -> None:
    item = rest("GET", "Shop%20Floor/_apis/wit/workitems/7", params={"$expand": "all"})
    fields = item["fields"]
    assert fields["System.Title"] == "Totals are right"
    assert fields["System.Tags"] == "ready; shop"
    assert fields["System.Parent"] == 3
    assert fields["System.CommentCount"] == 1
    assert fields["System.AssignedTo"]["uniqueName"] == "jane@example.com"
    assert "System.History" not in fields
    assert [link["attributes"]["name"] for link in item["relations"]] == ["Parent"]
    assert item["relations"][0]["url"].endswith("/_apis/wit/workItems/3")
    assert item["_links"]["html"]["href"].endswith("/Shop%20Floor/_workitems/edit/7")


def test_a_link_has_its_other_end(rest: Any) -> None:
    parent = rest("GET", "_apis/wit/workitems/3", params={"$expand": "relations"})
    assert [link["rel"] for link in parent["relations"]] == ["System.LinkTypes.Hierarchy-Forward"]


def test_fields_select_what_is_returned(rest: Any) -> None:
    item = rest("GET", "_apis/wit/workitems/7", params={"fields": "system.title,System.State"})
    assert set(item["fields"]) == {"System.Title", "System.State"}


def test_fields_and_expand_exclude_each_other(rest: Any) -> None:
    wrong = rest("GET", "_apis/wit/workitems/7", params={"fields": "System.Title", "$expand": "all"}, status=400)
    assert "expand" in wrong["message"]


def test_an_item_is_read_as_of_a_moment(rest: Any) -> None:
    before = rest("GET", "_apis/wit/workitems/7")["fields"]["System.ChangedDate"]
    rest.patch_item(7, add("System.Title", "Later"))
    assert rest("GET", "_apis/wit/workitems/7", params={"asOf": before})["fields"]["System.Title"] == "Totals are right"
    assert rest("GET", "_apis/wit/workitems/7", params={"asOf": "2001-01-01"}, status=404)["typeKey"]
    rest("GET", "_apis/wit/workitems/7", params={"asOf": "yesterday"}, status=400)
    batch = {"ids": [7], "asOf": before, "fields": ["System.Title"]}
    assert rest("POST", "_apis/wit/workitemsbatch", json=batch)["value"][0]["fields"] == {
        "System.Title": "Totals are right"
    }


@pytest.mark.parametrize("path", ["_apis/wit/workitems/99", "Shop%20Floor/_apis/wit/workitems/abc"])
def test_an_absent_item_looks_like_a_forbidden_one(rest: Any, path: str) -> None:
    missing = rest("GET", path, status=404)
    assert missing["message"].startswith("TF401232: Work item ")
    assert missing["typeKey"] == "WorkItemUnauthorizedAccessException"
    assert set(missing) == {"$id", "innerException", "message", "typeName", "typeKey", "errorCode", "eventId"}


def test_a_batch_omits_missing_items_or_fails(rest: Any) -> None:
    body = {"ids": [7, 99], "fields": ["System.Title"], "errorPolicy": "omit"}
    found = rest("POST", "Shop%20Floor/_apis/wit/workitemsbatch", json=body)
    assert [item and item["id"] for item in found["value"]] == [7, None]
    rest("POST", "_apis/wit/workitemsbatch", json={"ids": [7, 99]}, status=404)
    rest("POST", "_apis/wit/workitemsbatch", json={"ids": list(range(1, 202))}, status=400)
    assert rest("GET", "_apis/wit/workitems", params={"ids": "7,3"})["count"] == 2


def test_an_item_is_created(rest: Any) -> None:
    steps = [
        add("System.Title", "A bug"),
        add("Microsoft.VSTS.TCM.ReproSteps", "<p>Click</p>"),
        {
            "op": "add",
            "path": "/relations/-",
            "value": {"rel": "System.LinkTypes.Related", "url": f"{rest.emulator.url}_apis/wit/workItems/7"},
        },
    ]
    made = rest("POST", "Shop%20Floor/_apis/wit/workitems/$Bug", data=json.dumps(steps), headers=PATCH)
    assert made["rev"] == 1
    assert made["fields"]["System.State"] == "New"
    related = rest("GET", "_apis/wit/workitems/7", params={"$expand": "relations"})["relations"]
    assert related[-1]["url"].endswith(f"/{made['id']}")


@pytest.mark.parametrize(
    ("kind", "steps", "status", "key"),
    [
        ("Bug", [], 400, "RuleValidationException"),
        ("Wish", [add("System.Title", "x")], 404, "WorkItemTypeNotFoundException"),
        ("Bug", [add("System.Title", "x" * 256)], 400, "RuleValidationException"),
        ("Bug", [add("System.Title", "x"), add("System.State", "Doing")], 400, "RuleValidationException"),
        ("Bug", [add("System.Title", "x"), add("System.Id", 4)], 400, "RuleValidationException"),
        ("Bug", [add("System.Titel", "x")], 400, "WorkItemTrackingFieldDefinitionNotFoundException"),
        ("Bug", [add("System.Title", "x"), add("System.AreaPath", "Other")], 400, "RuleValidationException"),
        (
            "Bug",
            [{"op": "append", "path": "/fields/System.Title", "value": "x"}],
            400,
            "VssPropertyValidationException",
        ),
    ],
)
def test_rules_apply_on_creation(rest: Any, kind: str, steps: list[Any], status: int, key: str) -> None:
    path = f"Shop%20Floor/_apis/wit/workitems/${kind}"
    assert rest("POST", path, data=json.dumps(steps), headers=PATCH, status=status)["typeKey"] == key


def test_the_revision_is_tested_before_a_write(rest: Any) -> None:
    revision = rest("GET", "_apis/wit/workitems/7")["rev"]
    test = {"op": "test", "path": "/rev", "value": revision}
    assert rest.patch_item(7, test, add("System.Tags", "claimed"))["rev"] == revision + 1
    late = rest.patch_item(7, test, add("System.Tags", "also claimed"), status=412)
    assert late["typeKey"] == "WorkItemRevisionMismatchException"
    assert rest("GET", "_apis/wit/workitems/7")["fields"]["System.Tags"] == "claimed"


def test_another_content_type_is_refused(rest: Any) -> None:
    assert "json-patch" in rest("PATCH", "_apis/wit/workitems/7", json=[], status=415)["message"]


def test_a_patch_that_changes_nothing_makes_no_revision(rest: Any) -> None:
    before = rest("GET", "_apis/wit/workitems/7")
    assert rest.patch_item(7, add("System.Title", "Totals are right"))["rev"] == before["rev"]


def test_an_emptied_field_is_absent(rest: Any) -> None:
    assert "System.Tags" not in rest.patch_item(7, add("System.Tags", ""))["fields"]
    assert (
        "System.Description" not in rest.patch_item(7, {"op": "remove", "path": "/fields/System.Description"})["fields"]
    )


def test_validate_only_changes_nothing(rest: Any) -> None:
    shown = rest.patch_item(7, add("System.State", "active"), params={"validateOnly": "true"})
    assert shown["fields"]["System.State"] == "Active"
    assert rest("GET", "_apis/wit/workitems/7")["fields"]["System.State"] == "New"
    rest.patch_item(7, add("System.State", "Nowhere"), params={"validateOnly": "true"}, status=400)


def test_updates_show_what_each_revision_changed(rest: Any) -> None:
    rest.patch_item(7, add("System.State", "Active"))
    updates = rest("GET", "_apis/wit/workItems/7/updates")["value"]
    assert updates[-1]["fields"]["System.State"] == {"oldValue": "New", "newValue": "Active"}
    assert updates[-1]["fields"]["System.Rev"] == {"oldValue": 2, "newValue": 3}
    assert updates[1]["relations"]["added"][0]["rel"] == "System.LinkTypes.Hierarchy-Reverse"
    assert rest("GET", "_apis/wit/workItems/7/updates/3")["id"] == 3
    revisions = rest("GET", "_apis/wit/workItems/7/revisions")["value"]
    assert [revision["fields"]["System.State"] for revision in revisions] == ["New", "New", "Active"]
    assert rest("GET", "_apis/wit/workItems/7/revisions/1")["rev"] == 1
    rest("GET", "_apis/wit/workItems/7/revisions/9", status=404)


def test_history_becomes_a_comment(rest: Any) -> None:
    rest.patch_item(7, add("System.History", "Done soon"))
    comments = rest("GET", "Shop%20Floor/_apis/wit/workItems/7/comments", version="7.1-preview.4")["comments"]
    assert comments[0]["text"] == "Done soon"


def relation(rel: str, url: str, **attributes: str) -> dict[str, Any]:
    return {"op": "add", "path": "/relations/-", "value": {"rel": rel, "url": url, "attributes": attributes}}


def test_a_duplicate_link_is_refused(rest: Any) -> None:
    link = relation("ArtifactLink", "vstfs:///Git/PullRequestId/a%2Fb%2F1", name="Pull Request")
    rest.patch_item(7, link)
    again = relation("ArtifactLink", "vstfs:///Git/PullRequestId/a%2fb%2f1", name="Pull Request")
    assert rest.patch_item(7, again, status=400)["typeKey"] == "RelationAlreadyExistsException"
    found = rest("POST", "_apis/wit/artifacturiquery", json={"artifactUris": [link["value"]["url"]]})
    assert [item["id"] for item in found["artifactUrisQueryResult"][link["value"]["url"]]] == [7]


def test_invalid_links_are_refused(rest: Any) -> None:
    url = rest.emulator.url
    rest.patch_item(7, relation("System.LinkTypes.Hierarchy-Reverse", f"{url}_apis/wit/workItems/7"), status=400)
    rest.patch_item(3, relation("System.LinkTypes.Related", f"{url}_apis/wit/workItems/99"), status=404)
    rest.patch_item(3, relation("System.LinkTypes.Related", "https://example.com"), status=400)
    rest.patch_item(3, relation("AttachedFile", f"{url}_apis/wit/attachments/{'0' * 36}"), status=400)
    rest.patch_item(3, relation("ArtifactLink", "vstfs:///Git/Ref/x"), status=400)
    rest.patch_item(3, relation("Custom.Nothing", "https://example.com"), status=400)


def test_a_link_is_removed_at_both_ends(rest: Any) -> None:
    rest.patch_item(7, {"op": "remove", "path": "/relations/0"})
    assert "relations" not in rest("GET", "_apis/wit/workitems/3", params={"$expand": "all"})
    assert "System.Parent" not in rest("GET", "_apis/wit/workitems/7")["fields"]


def test_a_second_parent_is_refused(rest: Any) -> None:
    made = rest(
        "POST",
        "Shop%20Floor/_apis/wit/workitems/$Feature",
        data=json.dumps([add("System.Title", "Other")]),
        headers=PATCH,
    )
    link = relation("System.LinkTypes.Hierarchy-Reverse", made["url"])
    assert "only one Parent" in rest.patch_item(7, link, status=400)["message"]
    other_side = relation("System.LinkTypes.Hierarchy-Forward", f"{rest.emulator.url}_apis/wit/workItems/7")
    rest.patch_item(made["id"], other_side, status=400)


def test_markdown_fields_show_only_in_the_newer_version(rest: Any) -> None:
    rest.patch_item(
        7,
        add("System.Description", "# Title"),
        {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown"},
    )
    newer = rest.session.get(
        f"{rest.emulator.url}_apis/wit/workitems/7",
        params={"api-version": "7.2-preview.3"},
        headers={"Authorization": f"Bearer {rest.emulator.token}"},
        timeout=100,
    ).json()
    assert newer["multilineFieldsFormat"] == {"System.Description": "markdown"}
    assert "multilineFieldsFormat" not in rest("GET", "_apis/wit/workitems/7")


def test_copy_and_move_of_fields(rest: Any) -> None:
    copy = {"op": "copy", "from": "/fields/System.Title", "path": "/fields/System.Description"}
    assert rest.patch_item(7, copy)["fields"]["System.Description"] == "Totals are right"
    move = {"op": "move", "from": "/fields/System.Tags", "path": "/fields/Custom.Old"}
    moved = rest.patch_item(7, move)["fields"]
    assert moved["Custom.Old"] == "ready; shop"
    assert "System.Tags" not in moved


def test_a_project_can_have_states_of_its_own(serve: Any, tmp_path: Path) -> None:
    task = {"id": 7, "type": "Task", "fields": {"System.Title": "x"}}
    states = {"Task": "Neu=Proposed, In Arbeit=InProgress, Fertig=Completed"}
    with serve(tmp_path, {"project": "P", "work_items": [task], "states": states}) as rest:
        listed = rest("GET", "P/_apis/wit/workitemtypes/Task/states")["value"]
        assert [(state["name"], state["category"]) for state in listed] == [
            ("Neu", "Proposed"), ("In Arbeit", "InProgress"), ("Fertig", "Completed"),
        ]  # fmt: skip
        assert rest("GET", "_apis/wit/workitems/7")["fields"]["System.State"] == "Neu"
        steps = json.dumps([add("System.State", "Active")])
        rest("PATCH", "_apis/wit/workitems/7", data=steps, headers=PATCH, status=400)


def test_types_and_states_are_listed_with_categories(rest: Any) -> None:
    names = [kind["name"] for kind in rest("GET", "Shop%20Floor/_apis/wit/workitemtypes")["value"]]
    assert names == ["Epic", "Feature", "User Story", "Task", "Bug", "Issue"]
    assert rest("GET", "Shop%20Floor/_apis/wit/workitemtypes/user%20story")["name"] == "User Story"
    states = rest("GET", "Shop%20Floor/_apis/wit/workitemtypes/User%20Story/states")["value"]
    assert {state["name"]: state["category"] for state in states}["Resolved"] == "Resolved"
    assert rest("GET", "_apis/wit/workitemrelationtypes")["count"] > 5


def test_an_item_keeps_to_the_limits_of_azure_boards(rest: Any) -> None:
    text = {"op": "add", "path": "/fields/System.Description", "value": "x" * 1_000_001}
    tags = {"op": "add", "path": "/fields/System.Tags", "value": ";".join(f"t{number}" for number in range(101))}
    wrong = {"op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "asciidoc"}
    links = [
        {"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": f"https://example.com/{number}"}}
        for number in range(1_001)
    ]
    for patch in ([text], [tags], [wrong], links):
        rest.patch_item(7, *patch, status=400)
    rest.patch_item(7, text | {"value": "x" * 1_000_000}, *links[:900], wrong | {"value": "Markdown"})
