from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from redimento.errors import UsageError
from redimento.local.item_file import read_item
from redimento.work_items.item import Attachment, Comment, Field, RelatedItem, WorkItem


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_yaml_gives_the_whole_item(tmp_path: Path) -> None:
    item = read_item(
        put(
            tmp_path,
            "item.yml",
            """
id: 7
type: Bug
title: Totals are wrong
state: Active
state_category: InProgress
tags: [cart, ai]
priority: 1
description: |
  The total is off.

  - by a cent
acceptance_criteria:
  - Totals have two places
  - Tests show it
repro_steps: 1. open
comments:
  - Please hurry
  - {author: Anna, created: 2026-01-01T00:00:00Z, text: <b>ok</b>}
related:
  - {relation: parent, id: 3, type: Feature, title: Cart, state: New}
attachments:
  - {name: log.txt, url: "https://x/1", size: 12}
""",
        )
    )
    assert item == WorkItem(
        id=7, revision=1, type="Bug", kind="bug", title="Totals are wrong", state="Active", state_category="InProgress",
        tags=("cart", "ai"), priority="1", description="The total is off.\n\n- by a cent",
        acceptance_criteria=("Totals have two places", "Tests show it"), repro_steps="1. open",
        comments=(Comment(1, "", "", "Please hurry"), Comment(2, "Anna", "2026-01-01T00:00:00Z", "**ok**")),
        related=(RelatedItem("parent", 3, "Feature", "Cart", "New"),),
        attachments=(Attachment("log.txt", "https://x/1", 12),),
    )  # fmt: skip


def test_azure_s_names_mean_the_same(tmp_path: Path) -> None:
    item = read_item(
        put(
            tmp_path,
            "item.json",
            """{"id": 7, "rev": 3, "fields": {"System.WorkItemType": "Task", "System.Title": "T", "System.Tags": "a; b",
            "System.Description": "<div>x</div><div>y</div>", "System.AssignedTo": {"displayName": "Anna"},
            "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>one</li><li>two</li></ul>", "System.CommentCount": 3}}""",
        )
    )
    assert (item.id, item.revision, item.kind, item.tags, item.assigned_to) == (7, 3, "task", ("a", "b"), "Anna")
    assert (item.description, item.acceptance_criteria) == ("x\ny", ("one", "two"))


def test_markdown_gives_the_same_value_as_yaml(tmp_path: Path) -> None:
    markdown = put(
        tmp_path,
        "item.md",
        """---
id: 7
type: Bug
tags: [cart]
---
# Totals are wrong

The total is off.

## Repro steps

1. open

## System info

Linux

## Acceptance criteria

- Totals have two places
- Tests show it
""",
    )
    yaml_file = put(
        tmp_path,
        "item.yaml",
        yaml.safe_dump(
            {
                "id": 7, "type": "Bug", "tags": ["cart"], "title": "Totals are wrong", "description": "The total is off.",
                "repro_steps": "1. open", "system_info": "Linux",
                "acceptance_criteria": "- Totals have two places\n- Tests show it",
            }
        ),
    )  # fmt: skip
    assert read_item(markdown) == read_item(yaml_file)


@pytest.mark.parametrize(
    "text",
    [
        "Round totals\n\nThey are off.",
        "\ufeff# Round totals #\r\n\r\nThey are off.",
        "Round totals\n====\n\nThey are off.\n",
    ],
)
def test_the_first_line_is_the_title(tmp_path: Path, text: str) -> None:
    item = read_item(put(tmp_path, "item.txt", text))
    assert (item.id, item.type, item.title, item.description) == (0, "User Story", "Round totals", "They are off.")


def test_with_a_title_in_front_matter_all_text_is_the_description(tmp_path: Path) -> None:
    item = read_item(put(tmp_path, "item.md", "---\ntitle: T\n---\nFirst line.\n"))
    assert (item.title, item.description) == ("T", "First line.")


def test_text_in_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "item.txt"
    path.write_bytes("Größe\n\nx".encode("utf-16"))
    assert read_item(path).title == "Größe"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("item.md", b"", "has no title"),
        ("item.yml", b"description: x", "has no title"),
        ("item.yml", b"- x", "does not describe"),
        ("item.yml", b"title: [", "item.yml:1: "),
        ("item.yml", b"title: x\ntilte: y", '"tilte" is not a field'),
        ("item.yml", b"title: {a: b}", "title must be text"),
        ("item.yml", b"title: x\nid: 7x", "id must be a number"),
        ("item.yml", b"title: x\nid: 99999999999", "id must be a number"),
        ("item.yml", b"title: x\nstate_category: Done", "state_category must be one of"),
        ("item.yml", b"title: x\ncomments: hello", "comments must be a list"),
        ("item.yml", b"title: x\nfields: 3", "fields must be"),
        ("item.md", b"---\nid: 7\nid: 8\n---\n# x", "item.md:3: id: duplicate key"),
        ("item.md", b"Gr\xf6\xdfe", "is not UTF-8"),
        ("item.md", b"\xff\xfe\x00", "is not UTF-8"),
        ("item.md", b"x\x00", "not a text file"),
        ("item.md", b"x" * (4 * 1024 * 1024 + 1), "larger than"),
    ],
    ids=range(16),
)
def test_files_that_do_not_describe_an_item_are_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words) as refused:
        read_item(path)
    assert refused.value.remedy


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_item(tmp_path / "none.md")
    with pytest.raises(UsageError, match="cannot be read"):
        read_item(tmp_path)


_KEYS = st.sampled_from(
    [
        "id",
        "title",
        "type",
        "tags",
        "fields",
        "comments",
        "related",
        "attachments",
        "text",
        "acceptance_criteria",
        "System.Title",
    ]
)
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=10,
)


@given(
    st.sampled_from(["item.yml", "item.md"]),
    st.binary(max_size=60)
    | _DATA.map(lambda data: yaml.safe_dump(data).encode())
    | _DATA.map(lambda data: f"---\n{yaml.safe_dump(data)}---\nT".encode()),
)
def test_any_file_is_an_item_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    try:
        item = read_item(path)
    except UsageError:
        return
    assert item.title


def test_fields_that_the_settings_name_are_kept(tmp_path: Path) -> None:
    path = put(tmp_path, "item.yml", "title: x\nfields:\n  Custom.Rules: <b>Half</b> up\n  Custom.Other: no\n")
    assert read_item(path, ("Custom.Rules", "Custom.None")).fields == (Field("Custom.Rules", "**Half** up"),)
    assert read_item(path).fields == ()
