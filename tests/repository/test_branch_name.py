from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.errors import SettingsError
from redimento.repository.branch_name import branch_name, branch_pattern

TEMPLATE = "redimento/{id}-{slug}"


def test_the_title_becomes_a_readable_slug() -> None:
    title = "Überflüssige café totals & prices: wrong (cart)"

    assert (
        branch_name(TEMPLATE, id=7, title=title, type="Bug") == "redimento/7-uberflussige-cafe-totals-prices-wrong-cart"
    )


def test_a_long_title_is_cut_between_words() -> None:
    name = branch_name(
        TEMPLATE, id=7, title="reconcile the totals of every cart that a customer left behind", type="Bug"
    )

    assert name == "redimento/7-reconcile-the-totals-of-every-cart-that-a-customer"


def test_the_type_can_be_part_of_the_name() -> None:
    assert branch_name("{type}/{id}", id=7, title="x", type="User Story") == "user-story/7"


def test_a_title_without_letters_still_has_a_name() -> None:
    assert branch_name(TEMPLATE, id=7, title="統計 🙂", type="Bug") == "redimento/7-change"


@pytest.mark.parametrize("template", ["redimento/{slug}", "{id}/{title}", "{id.__class__}", "{id}{", ""])
def test_a_template_that_cannot_be_filled_in_is_refused(template: str) -> None:
    with pytest.raises(SettingsError, match="branch template"):
        branch_name(template, id=7, title="x", type="Bug")


@pytest.mark.parametrize(
    "template", ["-{id}", "{id}.lock", "a..{id}", "a b/{id}", "{id}/", "/{id}", "a//{id}", ".{id}"]
)
def test_a_template_that_git_does_not_accept_is_refused(template: str) -> None:
    with pytest.raises(SettingsError, match="git does not accept"):
        branch_name(template, id=7, title="x", type="Bug")


@settings(deadline=None, max_examples=60)
@given(
    title=st.text(),
    type=st.text(),
    template=st.lists(
        st.sampled_from([*"ab/.-@{}~ \\\x7f", "lock", "{id}", "{slug}", "{type}", "HEAD"]), max_size=6
    ).map("".join),
)
def test_git_accepts_every_name(title: str, type: str, template: str) -> None:  # noqa: A002 - as in the signature
    try:
        name = branch_name(template + "{id}", id=2_147_483_647, title=title, type=type)
    except SettingsError:
        return
    subprocess.run(["git", "check-ref-format", "--branch", name], check=True, capture_output=True)


@settings(deadline=None, max_examples=60)
@given(title=st.text())
def test_no_title_breaks_the_default_template(title: str) -> None:
    name = branch_name(TEMPLATE, id=1, title=title, type="Bug")

    assert len(name) <= len("redimento/1-") + 50
    subprocess.run(["git", "check-ref-format", "--branch", name], check=True, capture_output=True)


@given(
    title=st.text(max_size=80),
    number=st.integers(1, 10**6),
    template=st.sampled_from([TEMPLATE, "{type}/{id}", "x/{slug}_{id}"]),
)
def test_every_name_of_an_item_is_recognised_and_none_of_another_one(title: str, number: int, template: str) -> None:
    name = branch_name(template, id=number, title=title, type="Bug")

    assert branch_pattern(template, id=number).fullmatch(name)
    assert not branch_pattern(template, id=number * 10 + 1).fullmatch(name)


@pytest.mark.parametrize(
    "name", ["redimento/77-x", "redimento/7", "x/redimento/7-y", "redimento/7-Mine", "redimento/7-a/b"]
)
def test_other_branches_are_not_those_of_the_item(name: str) -> None:
    assert not branch_pattern(TEMPLATE, id=7).fullmatch(name)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        (TEMPLATE, "redimento/add-totals"),
        ("x/{slug}_{id}", "x/add-totals"),
        ("x/{id}/{slug}", "x/add-totals"),
        ("{type}/{id}", "bug/add-totals"),
    ],
)
def test_an_item_without_a_number_is_named_by_its_title(template: str, name: str) -> None:
    assert branch_name(template, id=0, title="Add totals", type="Bug") == name
    assert branch_pattern(template, id=0).fullmatch(name)
