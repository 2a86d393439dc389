from __future__ import annotations

import pytest

from redimento.errors import UsageError
from redimento.work_items.kinds import kind_of


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


@pytest.mark.parametrize("type_name", ["Feature", "epic", "Initiative"])
def test_a_type_that_is_too_large_is_refused_with_a_remedy(type_name: str) -> None:
    with pytest.raises(UsageError, match="too large") as refused:
        kind_of(type_name)
    assert "Split" in refused.value.remedy


def test_a_type_that_is_no_code_change_is_refused() -> None:
    with pytest.raises(UsageError, match="does not describe a code change"):
        kind_of("Test Case")
