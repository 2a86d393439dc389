"""Render the work item within a number of tokens: a description of 1 MB made a prompt of 913,511 characters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from redimento.authoring.elements import data, fenced, line, prose
from redimento.authoring.pieces import criterion, rendered, text_piece
from redimento.authoring.share import Part, Piece
from redimento.text.foreign import plain
from redimento.work_items.attachment import Shown
from redimento.work_items.item import Comment, RelatedItem, WorkItem
from redimento.work_items.replies import Answered

BUDGET = 20_000  # tokens of an item, unless the settings say otherwise
LEAST_BUDGET = 6_000
_LONGEST_LINE = 300  # characters of a title, a tag, a name
_MOST_TAGS = 30


def told(
    item: WorkItem,
    comments: Sequence[Comment],
    shown: Sequence[Shown],
    budget: int = BUDGET,
    answers: Sequence[Answered] = (),
) -> str:
    """Return the item as the model reads it, with as much of each text as `budget` allows and a note of the rest."""
    related = sorted(item.related, key=lambda one: one.relation not in ("parent", "child"))
    texts = [("## Description", item.description), ("## Steps to reproduce", item.repro_steps)]
    parts = {
        "criteria": Part([criterion(*each) for each in enumerate(item.acceptance_criteria, 1)], 0.8),
        "answers": Part([_answer(*each) for each in enumerate(answers, 1)], 0.5),
        "texts": Part([_section(title, text) for title, text in texts if text], 0.5),
        "fields": Part([_section(f"## Field {_short(each.name)}", each.text) for each in item.fields], 0.4),
        "attachments": Part(
            [_section(f"## Attachment {_short(one.name)}", one.text, _file) for one in shown if one.text], 0.4
        ),
        "comments": Part([_comment(each) for each in reversed(comments)], 0.5),
        "system": Part([_section("## System information", item.system_info)] if item.system_info else [], 0.4),
        "related": Part([_related(each) for each in related], 0.5),
        "links": Part([_named(each) for each in item.links], 0.5),
        "refused": Part([_named(f"{one.name}: {one.refused}") for one in shown if one.refused], 1.0),
    }
    pictures = [one.name for one in shown if one.picture]
    return rendered("item", budget, parts, item=item, pictures=pictures, most_tags=_MOST_TAGS, short=_short)


def _short(text: str) -> str:
    return line(text[: 10 * _LONGEST_LINE])[:_LONGEST_LINE]


def _section(title: str, text: str, shape: Callable[[str], str] = prose) -> Piece:
    return text_piece(title.lstrip("# "), text, lambda part: f"{title}\n{data(shape(part))}", len(text))


def _file(text: str) -> str:
    return fenced(plain(text))  # a log or a script is no Markdown: a comment `# …` would become a heading


def _comment(comment: Comment) -> Piece:
    heading = _short(f"{comment.author}, {comment.created}:")
    return text_piece(
        f"a comment of {heading}", comment.text, lambda part: data(f"{heading}\n{prose(part)}"), len(comment.text)
    )


def _answer(number: int, pair: Answered) -> Piece:
    head = f"{number}. {data(_short(pair.question))}" if pair.question else "To all of them:"
    text = "\n\n".join(pair.replies)
    if not text:
        return Piece(f"question {number}", f"{head} → no reply names it")
    return text_piece(f"the reply to question {number}", text, lambda part: f"{head} → {data(prose(part))}", len(text))


def _related(item: RelatedItem) -> Piece:
    state = f" ({item.state})" if item.state else ""
    heading = _short(f"{item.type} {item.id}: {item.title}{state}")
    name = f"{item.relation} {item.id}"

    def show(part: str) -> str:
        return f"- {item.relation}: {data(heading)}" + (f"\n{data(prose(part))}" if part else "")

    return text_piece(name, item.text, show, len(item.text)) if item.text else Piece(name, show(""))


def _named(text: str) -> Piece:
    return Piece(_short(text), f"- {data(_short(text))}")
