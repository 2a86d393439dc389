from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.azure.fields import category, comment, person, relatives, split_tags, work_item
from redimento.work_items.item import WorkItem
from redimento.work_items.rich_text.html import to_markdown

SAMPLES = Path(__file__).parents[3] / "shared" / "specs" / "examples"


def item_of(fields: dict[str, Any], **answer: Any) -> WorkItem:
    known = {"System.WorkItemType": "User Story", "System.Title": "Total", "System.State": "Active"}
    whole = {"id": 7, "rev": 3, "fields": {**known, **fields}, **answer}
    return work_item(whole, comments=(), related=(), state_category="")


def test_a_story_has_its_texts_as_markdown_and_its_criteria_as_a_list() -> None:
    item = item_of(
        {
            "System.Description": "<div>As a <b>buyer</b></div>",
            "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>The total is rounded</li><li>It is shown</li></ul>",
            "System.Tags": "ready; web ;",
            "System.AssignedTo": {"displayName": "Ann", "uniqueName": "ann@contoso.com"},
            "Microsoft.VSTS.Common.Priority": 2,
        }
    )
    assert item.description == "As a **buyer**"
    assert item.acceptance_criteria == ("The total is rounded", "It is shown")
    assert (item.tags, item.assigned_to, item.priority) == (("ready", "web"), "Ann", "2")


def test_a_bug_has_its_steps_and_its_system() -> None:
    item = item_of(
        {
            "System.WorkItemType": "Bug",
            "Microsoft.VSTS.TCM.ReproSteps": "<p>Open the cart</p>",
            "Microsoft.VSTS.TCM.SystemInfo": "<p>Linux</p>",
            "Microsoft.VSTS.Common.Severity": "2 - High",
        }
    )
    assert (item.kind, item.repro_steps, item.system_info) == ("bug", "Open the cart", "Linux")
    assert item.severity == "2 - High"


def test_criteria_in_the_description_are_found_when_the_type_has_no_field_for_them() -> None:
    item = item_of(
        {"System.WorkItemType": "Issue", "System.Description": "Why.\n\n## Acceptance criteria\n\n- One\n- Two"}
    )
    assert item.acceptance_criteria == ("One", "Two")
    assert item.description == "Why."


def test_a_custom_field_of_the_same_name_replaces_an_absent_one() -> None:
    item = item_of({"Custom.Acceptance_Criteria": "- One\n- Two"})
    assert item.acceptance_criteria == ("One", "Two")


def test_a_type_of_a_localised_process_is_read_by_its_fields() -> None:
    item = item_of({"System.WorkItemType": "Anforderung", "System.Description": "<p>Summe</p>"})
    assert (item.type, item.kind, item.description) == ("Anforderung", "story", "Summe")


@pytest.mark.parametrize(
    ("text", "text_format", "expected"),
    [
        ("Use `List<Order>` & *care*", "", "Use `List<Order>` & *care*"),
        ("A <b>tag</b> shown as it is", "markdown", "A <b>tag</b> shown as it is"),
        ("A <b>tag</b>", "html", "A **tag**"),
        ("A <b>tag</b>", "", "A **tag**"),
        ("", "", ""),
    ],
)
def test_markdown_is_left_as_it_is(text: str, text_format: str, expected: str) -> None:
    assert to_markdown(text, text_format) == expected


def test_the_format_of_a_field_is_taken_from_the_answer() -> None:
    item = item_of(
        {"System.Description": "Show <br> as text"}, multilineFieldsFormat={"System.Description": "markdown"}
    )
    assert item.description == "Show <br> as text"


def test_attachments_and_related_items_differ_by_relation() -> None:
    base = "https://dev.azure.com/contoso/_apis/wit"
    relations: list[dict[str, Any]] = [
        {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": f"{base}/workItems/3"},
        {"rel": "System.LinkTypes.Related", "url": f"{base}/workItems/5"},
        {"rel": "System.LinkTypes.Related", "url": "https://elsewhere/9"},
        {"rel": "AttachedFile", "url": f"{base}/attachments/g", "attributes": {"name": "a.png", "resourceSize": 12}},
        {"rel": "ArtifactLink", "url": "vstfs:///Git/PullRequestId/a%2Fb%2F1", "attributes": {"name": "Pull Request"}},
    ]
    assert relatives(relations) == {3: "parent", 5: "related"}
    (attachment,) = item_of({}, relations=relations).attachments
    assert (attachment.name, attachment.size) == ("a.png", 12)


def test_a_category_is_found_by_the_states_of_the_type() -> None:
    states = [{"name": "Erledigt", "category": "Completed"}, {"name": "Neu", "category": "Proposed"}, {"name": "?"}]
    assert [category(states, name) for name in ("erledigt", "Neu", "?", "Fort")] == ["Completed", "Proposed", "", ""]


@pytest.mark.parametrize("value", ["Ann <ann@contoso.com>", {"displayName": "Ann <ann@contoso.com>"}])
def test_a_person_is_an_object_or_a_string(value: Any) -> None:
    assert person(value) == "Ann <ann@contoso.com>"
    assert person(None) == ""


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="Microsoft's recorded samples are not on this machine")
@pytest.mark.parametrize(
    "sample", sorted(SAMPLES.glob("wit/comments/GET__wit_workitems__issueId__comments_[123].json"))
)
def test_recorded_comments_are_read(sample: Path) -> None:
    body = json.loads(sample.read_text("utf-8-sig"))["responses"]["200"]["body"]
    found = [comment(each, ours=False) for each in body["comments"]]
    assert len(found) == body["count"]
    assert all(each.id and each.author and each.created.startswith("20") and each.text for each in found)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="Microsoft's recorded samples are not on this machine")
def test_recorded_work_items_are_read() -> None:
    read = 0
    for sample in sorted(SAMPLES.glob("wit/workItems/GET*.json")):
        body = json.loads(sample.read_text("utf-8-sig"))["responses"]["200"]["body"]
        for answer in body.get("value", [body]):
            if "id" in answer and answer["fields"].get("System.WorkItemType") in ("User Story", "Task", "Bug"):
                item = work_item(answer, comments=(), related=(), state_category="")
                assert (item.id, item.title) == (answer["id"], answer["fields"]["System.Title"])
                read += 1
    assert read > 0


@given(st.text())
def test_tags_are_trimmed_and_never_empty(text: str) -> None:
    assert all(tag and tag == tag.strip() and ";" not in tag for tag in split_tags(text))


@given(st.text())
def test_text_declared_as_markdown_keeps_every_character_between_its_ends(text: str) -> None:
    assert to_markdown(text, "Markdown") == text.strip()
