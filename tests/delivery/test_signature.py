"""What a person changed in a pull request is told from what a run wrote, and stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.delivery.markdown import units
from redimento.delivery.pull_request import PullRequest, PullRequestText
from redimento.delivery.signature import UNITS, around, kept, merged, read, sign
from tests.scaling import assert_linear_in

FIRST, NEXT = "0123456789ab-01234567", "ba9876543210-76543210"
WRITTEN = PullRequestText("redimento/7", "main", "Round totals", "**Draft.**\n\nDone.", draft=True, work_item_id=7)
WANTED = replace(WRITTEN, title="Round all totals", description="Ready.", draft=False)


def opened(text: PullRequestText = WRITTEN) -> PullRequest:
    made = sign(text, FIRST)
    return PullRequest(3, "u", "redimento/7", "main", made.title, made.description, draft=made.draft, status="active")


def after(now: PullRequest, text: PullRequestText) -> PullRequest:
    return replace(now, title=text.title, description=text.description, draft=text.draft)


def test_what_nobody_touched_is_replaced() -> None:
    assert kept(opened()) == ()
    text = merged(opened(), WANTED, NEXT)
    assert text == sign(WANTED, NEXT)
    assert read(text.description) is not None


@pytest.mark.parametrize(
    ("person", "stays", "said"),
    [
        ({"title": "Mine"}, {"title": "Mine"}, "the title"),
        ({"draft": False}, {"draft": False}, "published"),
        ({"description": "Mine."}, {"description": "Mine.", "title": "Round totals", "draft": True}, "rewritten"),
    ],
)
def test_what_a_person_changed_stays_in_every_later_run(
    person: dict[str, object], stays: dict[str, object], said: str
) -> None:
    now = replace(opened(), **person)  # type: ignore[arg-type]  # the names are those of the value
    for reference in (NEXT, FIRST, NEXT):
        (sentence,) = kept(now)
        assert said in sentence
        now = after(now, merged(now, replace(WANTED, draft=True), reference))
        assert {name: getattr(now, name) for name in stays} == stays


def test_an_edit_of_our_part_keeps_the_whole_description() -> None:
    edited = replace(opened(), description=opened().description.replace("Done.", "Done, I think."))
    assert kept(edited) == ("Somebody edited the description of the pull request, so it was kept.",)
    assert merged(edited, WANTED, NEXT).description == edited.description


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_other_line_ends_and_blanks_are_no_edit(ends: str) -> None:
    saved = replace(opened(), description=opened().description.replace("\n", f" {ends}").replace("--> ", "-->"))
    assert kept(saved) == ()


def test_text_around_ours_stays_where_it_is() -> None:
    now = replace(opened(), description=f"Before.\n\n{opened().description}\nAfter.\n")
    text = merged(now, WANTED, NEXT)
    assert text.description == f"Before.\n\n{sign(WANTED, NEXT).description}After.\n"
    assert kept(after(now, text)) == ()
    assert around(text.description) == "Before.\n\nAfter."


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
def test_any_text_is_recognised_as_ours_and_takes_the_room_that_is_reserved(title: str, body: str, draft: bool) -> None:  # noqa: FBT001
    text = replace(WRITTEN, title=title, description=body, draft=draft)
    assert kept(opened(text)) == () or "<!-- Redimento" in body
    assert units(sign(text, FIRST).description) - units(body.rstrip()) <= UNITS


@pytest.mark.parametrize("piece", ["<!-- Redimento ", "<!-- Redimento 0123456789ab title ", "-->\n", "a", " \n"])
def test_reading_takes_time_in_proportion(piece: str) -> None:
    begin, _, _ = opened().description.partition("\n")
    assert_linear_in(
        lambda text: kept(replace(opened(), description=text)), lambda size: f"{begin}\n{piece * size}", 3000
    )
