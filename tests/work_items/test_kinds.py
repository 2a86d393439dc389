from __future__ import annotations

import pytest

from redimento.work_items.kinds import kind_of, unsuited


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("User Story", "story"),
        ("Product Backlog Item", "story"),
        ("Requirement", "story"),
        ("Issue", "story"),
        ("Change Request", "story"),
        ("Bug", "bug"),
        ("TASK ", "task"),
        ("Our Own Type", "story"),
    ],
)
def test_each_type_has_its_kind(type_name: str, kind: str) -> None:
    assert kind_of(type_name) == kind


@pytest.mark.parametrize(
    ("type_name", "words"),
    [
        ("Feature", "too large"),
        ("epic", "too large"),
        ("Initiative", "too large"),
        ("Risk", "does not describe a code change"),
        ("Test  Case", "does not describe a code change"),
        ("Code Review Request", "does not describe a code change"),
    ],
)
def test_a_type_that_no_pull_request_resolves_has_a_reason(type_name: str, words: str) -> None:
    assert words in unsuited(type_name)


@pytest.mark.parametrize("type_name", ["User Story", "Change Request", "Issue", "Our Own Type", ""])
def test_any_other_type_has_none(type_name: str) -> None:
    assert unsuited(type_name) == ""
