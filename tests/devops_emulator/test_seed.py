from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from devops_emulator.faults import StartError
from devops_emulator.server import running


def test_a_yaml_file_seeds_projects_with_everything_in_them(tmp_path: Path, sample: Path, serve: Any) -> None:
    (tmp_path / "notes.txt").write_text("attached", encoding="utf-8")
    content = [
        {
            "project": "One",
            "process": "Scrum",
            "repositories": [{"name": "web", "from": str(sample)}, {"name": "empty"}],
            "work_items": [
                {
                    "id": 41,
                    "type": "Product Backlog Item",
                    "fields": {
                        "System.Title": "A",
                        "System.State": "Approved",
                        "System.CreatedBy": "Jane <j@example.com>",
                        "System.Description": "# D",
                    },
                    "markdown": ["System.Description"],
                    "comments": [{"text": "**c**", "format": "markdown", "date": "2025-01-02T03:04:05Z"}],
                    "attachments": ["notes.txt"],
                    "relations": [{"rel": "Hyperlink", "url": "https://example.com"}],
                },
                {
                    "type": "Task",
                    "fields": {"System.Title": "B"},
                    "relations": [{"rel": "System.LinkTypes.Hierarchy-Reverse", "id": 41}],
                },
            ],
        },
        {"project": "Two", "process": "Basic", "repositories": [{"name": "web"}]},
    ]
    file = tmp_path / "seed.yml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    with serve(tmp_path / "organisation", file) as rest:
        assert set(rest.emulator.projects) == {"One", "Two"}
        assert set(rest.emulator.environment) == {"One/web", "empty", "Two/web"}
        assert rest.emulator.environment["empty"]["BUILD_SOURCEVERSION"] == ""
        item = rest("GET", "One/_apis/wit/workitems/41", params={"$expand": "all"})
        assert item["fields"]["System.State"] == "Approved"
        assert item["fields"]["System.CreatedBy"]["displayName"] == "Jane"
        assert [link["rel"] for link in item["relations"]] == [
            "AttachedFile",
            "Hyperlink",
            "System.LinkTypes.Hierarchy-Forward",
        ]
        comment = rest("GET", "One/_apis/wit/workItems/41/comments", version="7.1-preview.4")["comments"][0]
        assert (comment["format"], comment["createdDate"]) == ("markdown", "2025-01-02T03:04:05Z")
        assert rest("GET", "_apis/wit/workitems/42")["fields"]["System.Parent"] == 41
        attached = item["relations"][0]["url"].removeprefix(rest.emulator.url)
        assert rest("GET", attached) == b"attached"


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        ({"process": "Agile"}, "at its top: 'project' is a required property"),
        ({"project": "P", "process": "Waterfall"}, "at process: 'Waterfall' is not one of"),
        ({"project": "P", "colour": 1}, "colour"),
        ({"project": "P", "deny": ["Everything"]}, "at deny[0]"),
        ([{"project": "P"}, {"project": "Q", "work_items": [{"type": "Task"}]}], "at [1].work_items[0]: 'fields'"),
        (
            {"project": "P", "work_items": [{"type": "Wish", "fields": {"System.Title": "x"}}]},
            "at work_items[0]: VS402323",
        ),
        (
            {
                "project": "P",
                "work_items": [
                    {
                        "id": 1,
                        "type": "Task",
                        "fields": {"System.Title": "x"},
                        "relations": [{"rel": "System.LinkTypes.Related", "id": 9}],
                    }
                ],
            },
            "at work_items[0].relations[0]: TF401232",
        ),
        (
            {"project": "P", "work_items": [{"id": 1, "type": "Task", "fields": {"System.Title": "x"}}] * 2},
            "at work_items[1].id: duplicate work item 1",
        ),
        (
            {
                "project": "P",
                "work_items": [{"type": "Task", "fields": {"System.Title": "x"}, "attachments": ["none.png"]}],
            },
            "at work_items[0].attachments[0]",
        ),
        (
            {"project": "P", "repositories": [{"name": "r", "from": "nowhere"}]},
            "at repositories[0].from: the folder",
        ),
        (
            {"project": "P", "repositories": [{"name": "r", "from": "/"}]},
            "at repositories[0].from: / is not a git repository",
        ),
        (
            {"project": "P", "repositories": [{"name": "r"}, {"name": "R"}]},
            "at repositories[1]: duplicate repository R",
        ),
        ([{"project": "P"}, {"project": "p"}], "at [1]: duplicate project p"),
    ],
)
def test_a_bad_seed_is_refused_with_its_place(tmp_path: Path, seed: Any, place: str) -> None:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed), encoding="utf-8")
    with pytest.raises(StartError) as error, running(tmp_path / "organisation", seed=file):
        pass
    assert place in str(error.value)
    assert str(error.value).endswith(".")


def test_a_bad_seed_leaves_an_empty_organisation(tmp_path: Path, serve: Any) -> None:
    bad = {"project": "P", "work_items": [{"type": "Wish", "fields": {"System.Title": "x"}}]}
    with pytest.raises(StartError), running(tmp_path, seed=bad):
        pass
    with serve(tmp_path, {"project": "P"}) as rest:
        assert rest("GET", "_apis/projects")["count"] == 1


@pytest.mark.parametrize("content", [b"project: [", b"\xff\xfe\x00"])
def test_an_unreadable_seed_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "seed.yml"
    file.write_bytes(content)
    with pytest.raises(StartError, match="is not valid YAML or JSON"), running(tmp_path / "o", seed=file):
        pass
    with pytest.raises(StartError, match="cannot be read"), running(tmp_path / "o", seed=tmp_path / "none.yml"):
        pass


def test_a_seed_is_refused_for_a_folder_in_use(tmp_path: Path, seed: Any) -> None:
    with running(tmp_path, seed=seed):
        pass
    with (
        pytest.raises(StartError, match="already holds an organisation with the projects Shop Floor"),
        running(tmp_path, seed=seed),
    ):
        pass
