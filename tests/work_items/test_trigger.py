from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.errors import UsageError
from redimento.work_items.trigger import VARIABLE, Trigger, read_pull_request, read_trigger


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    return tmp_path / "payload.json"


def write(path: Path, body: Any) -> Path:
    path.write_text(json.dumps(body), "utf-8")
    return path


def test_each_source_names_the_item(payload: Path) -> None:
    assert read_trigger("7", {}, None) == Trigger(7, "option")
    assert read_trigger(None, {VARIABLE: "8"}, None) == Trigger(8, "environment")
    body = {"eventType": "workitem.updated", "resource": {"id": 12, "workItemId": 345, "rev": 12}}
    assert read_trigger(None, {}, write(payload, body)) == Trigger(345, "payload")


def test_a_created_item_names_itself_by_its_own_id(payload: Path) -> None:
    body = {"eventType": "workitem.created", "resource": {"id": 12, "fields": {"System.State": "New"}}}
    assert read_trigger(None, {}, write(payload, body)).item_id == 12
    commented = {"eventType": "workitem.commented", "resource": {"id": 13, "rev": 3, "fields": {}}}
    assert read_trigger(None, {}, write(payload, commented)).item_id == 13


def test_a_pull_request_is_named_as_an_item_is(payload: Path) -> None:
    event = "ms.vss-code.git-pullrequest-comment-event"
    body = {"eventType": event, "resource": {"comment": {"id": 1}, "pullRequest": {"pullRequestId": 9}}}
    assert read_pull_request(None, {}, write(payload, body)) == 9
    assert read_pull_request("9", {"REDIMENTO_PULL_REQUEST": "9"}, payload) == 9
    assert read_pull_request("https://dev.azure.com/org/Shop/_git/web/pullrequest/9?_a=files", {}, None) == 9
    with pytest.raises(UsageError, match="Different pull requests"):
        read_pull_request("8", {}, payload)
    with pytest.raises(UsageError, match="No pull request was given"):
        read_pull_request(None, {VARIABLE: "7"}, None)
    for wrong in ({"eventType": event, "resource": {"pullRequest": 9}}, {"eventType": event}, {"resource": {"id": 9}}):
        with pytest.raises(UsageError, match="is not the body of a pull request event"):
            read_pull_request(None, {}, write(payload, wrong))


@pytest.mark.parametrize(
    "body",
    [
        {"eventType": "workitem.updated", "resource": {"id": 12}},
        {"eventType": "workitem.deleted", "resource": {"id": 12}},
        {"resource": {"id": 12}},
        {"eventType": ["x"], "resource": {"workItemId": 7}},
        {"resource": []},
        [],
        None,
        {"resource": {"workItemId": "7; rm -rf /"}},
        {"resource": {"workItemId": True}},
        {"resource": {"workItemId": 7.0}},
        {"resource": {"workItemId": 0}},
        {"resource": {"workItemId": 2**31}},
    ],
)
def test_other_bodies_are_refused(payload: Path, body: Any) -> None:
    with pytest.raises(UsageError) as refused:
        read_trigger(None, {}, write(payload, body))
    assert "rm -rf" not in str(refused.value)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"resource":{"workItemId":' + b"9" * 6_000 + b"}}"]
)
def test_invalid_json_is_refused(payload: Path, raw: bytes) -> None:
    payload.write_bytes(raw)
    with pytest.raises(UsageError):
        read_trigger(None, {}, payload)


def test_a_huge_or_missing_payload_is_refused(payload: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_trigger(None, {}, payload)
    with payload.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)
    with pytest.raises(UsageError, match="larger than"):
        read_trigger(None, {}, payload)


@pytest.mark.parametrize("value", ["$(WorkItem)", "${{ parameters.id }}", "$[variables.id]", "", "  ", None])
def test_an_unexpanded_macro_counts_as_unset(value: str | None) -> None:
    assert read_trigger(value, {VARIABLE: "8"}, None) == Trigger(8, "environment")
    with pytest.raises(UsageError, match="No work item was given") as refused:
        read_trigger(value, {VARIABLE: "$(Id)", "TF_BUILD": "True"}, None)
    for source in ("--work-item", VARIABLE, "--payload"):
        assert source in refused.value.remedy
    with pytest.raises(UsageError, match="--work-item-file"):
        read_trigger(value, {}, None)


@pytest.mark.parametrize(
    "value",
    ["x", "7 ", "7\n", "-7", "+7", "0", "\u0667", "99999999999", "4294967296", "7;x", "##vso[task.setvariable]7", "#7"],
)
def test_only_digits_are_accepted_and_a_refused_value_is_not_quoted(value: str) -> None:
    for option, environment in ((value, {}), (None, {VARIABLE: value})):
        with pytest.raises(UsageError) as refused:
            read_trigger(option, environment, None)
        assert len(value) < 3 or value not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://dev.azure.com/org/Shop/_workitems/edit/7", True),
        ("https://tfs.example/tfs/Default/Shop/_workitems/edit/7/?x=1#y", True),
        ("https://dev.azure.com/org/Shop/_workitems/edit/7x", False),
        ("https://dev.azure.com/org/Shop/_workitems/edit/7/../8", False),
        ("https://dev.azure.com/?x=/_workitems/edit/7", False),
        ("file:///_workitems/edit/7", False),
    ],
)
def test_the_address_of_an_item_is_accepted(address: str, good: bool) -> None:  # noqa: FBT001 - a column of the table
    if good:
        assert read_trigger(address, {}, None).item_id == 7
        return
    with pytest.raises(UsageError):
        read_trigger(address, {}, None)


def test_sources_must_agree(payload: Path) -> None:
    body = write(payload, {"resource": {"workItemId": 7}})
    assert read_trigger("7", {VARIABLE: "7"}, body) == Trigger(7, "option")
    with pytest.raises(UsageError, match="Different work items"):
        read_trigger("8", {}, body)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(value: str) -> None:
    try:
        found = read_trigger(value, {}, None)
    except UsageError:
        return
    assert 0 < found.item_id < 2**31


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["resource", "id", "workItemId", "eventType"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(_JSON)
def test_any_body_is_a_number_or_refused(tmp_path_factory: pytest.TempPathFactory, body: Any) -> None:
    path = write(tmp_path_factory.mktemp("hook") / "body.json", body)
    try:
        found = read_trigger(None, {}, path)
    except UsageError:
        return
    assert 0 < found.item_id < 2**31
