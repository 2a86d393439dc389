"""Split acceptance criteria into a list, in the many ways teams write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from redimento.work_items.gherkin import Dialect, dialect_of
from redimento.work_items.list_marks import COUNTING, ITEM, is_count, with_plain_marks
from redimento.work_items.phrases import EXCLUDED_START, EXCLUDED_TITLE, NONE, ROLE, TITLE, WISH, folded
from redimento.work_items.sections import FENCE, heading, inside_fences, is_titled, take_sections

_CHECKBOX = re.compile(r"^(?:\[[ xX]?\]|[\u2610\u2611\u2612])\s*")
_STRUCK = re.compile(r"~~(?:(?!~~).)+~~", re.DOTALL)
_TARGET = re.compile(r"\]\([^()\s]*\)")
# Possessive: two runs of white space that may meet take quadratic time.
_RULER = re.compile(r"^\s*+\|?\s*+:?-{2,}+:?\s*+(?:\|\s*+:?-{2,}+:?\s*+)*+\|?\s*+$")
_RULE = re.compile(r"^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$")
_BOLD_LINE = re.compile(r" *(?:\*\*|__)[^*_]{1,80}(?:\*\*|__)[:\uff1a]? *")
_GHERKIN_FENCE = re.compile(r"[`~](?:gherkin|cucumber|feature)\s*$", re.IGNORECASE)
_TAGS = re.compile(r"(?:@[^\s@]{1,60}\s*)+")
_CODE = re.compile(r"[A-Z]{1,4}-?\d{1,3}")  # above a requirement, as its number
_LONGEST_BACKGROUND = 50  # lines
_LONGEST_TITLE = 300  # characters in which a criterion says that it is out of scope
_WRAPPED = 60  # characters: a shorter line was broken by its author, not by an editor


@dataclass(frozen=True)
class Split:
    """What a text asks for, one requirement each, and what it says is not asked for."""

    criteria: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def split_criteria(markdown: str) -> Split:
    """Return the acceptance criteria in `markdown` in order.

    A criterion is a list item with its sub-items, a Gherkin scenario, a run of Given/When/Then lines, a table row, or a
    paragraph. Headings are dropped, and so is a one-line paragraph that only introduces a list (it ends in a colon). What
    is struck out, or says that there is none (N/A), is no criterion; what stands under "Out of scope" is excluded.
    """
    inside, sections = take_sections(markdown.replace("\r\n", "\n"), EXCLUDED_TITLE)
    words = dialect_of(inside)
    text = _unfence(inside, words)
    found = [each for block in _blocks(text, words) for each in _criteria(block, words) if not _is_void(each)]
    joined = list(_join_steps(found, words)) or _numbered_by_jira(text)
    excluded = [EXCLUDED_START.match(folded(each[:_LONGEST_TITLE])) is not None for each in joined]
    return Split(
        tuple(each for each, out in zip(joined, excluded, strict=True) if not out),
        (*filter(str.strip, sections), *(each for each, out in zip(joined, excluded, strict=True) if out)),
    )


def asked_for(description: str, criteria: str) -> tuple[str, tuple[str, ...]]:
    """Return the description and the acceptance criteria of an item from the two fields.

    Types of the Basic and CMMI processes have no field for criteria: then those of a section of the description count, which
    starts at a heading, a bold line or a line ending in a colon. What is out of scope goes to the description.
    """
    rest = description
    found = split_criteria(criteria)
    if not found.criteria:
        rest, sections = take_sections(description, TITLE, most=1)
        inner = split_criteria(sections[0]) if sections else Split()
        rest = rest if inner.criteria else description
        found = Split(inner.criteria, (*found.excluded, *(inner.excluded if inner.criteria else ())))
    more = ["## Out of scope", *found.excluded] if found.excluded else []
    return "\n\n".join(filter(None, (rest, *more))), found.criteria


def _numbered_by_jira(text: str) -> list[str]:
    """Return the items of a list that Jira marks `#`, which looks like headings without text."""
    found = [each[1] for line in text.split("\n") if (each := heading(line)) and each[0] == 1]
    return found if len(found) > 1 else []


def _is_void(criterion: str) -> bool:
    """Return whether a criterion is empty, struck out as a whole, or says that there is none."""
    if not criterion.strip() or NONE.fullmatch(folded(criterion.strip(" \n*_`()[]<>"))):
        return True
    rest = _STRUCK.sub("", criterion)
    return rest != criterion and not any(map(str.isalnum, _TARGET.sub("", rest)))


def _unfence(markdown: str, words: Dialect) -> str:
    """Remove the fences around Gherkin, named or begun as such: an HTML editor names no language."""
    lines = markdown.split("\n")
    fence = ""
    for at, line in enumerate(lines):
        if (mark := FENCE.match(line)) is None:
            continue
        opens = _GHERKIN_FENCE.search(line) or (line.endswith(mark[1]) and words.opens("".join(lines[at + 1 : at + 2])))
        if mark[1].startswith(fence) if fence else opens:
            fence = "" if fence else mark[1]
            lines[at] = ""
    return "\n".join(lines)


def _join_steps(criteria: list[str], words: Dialect) -> Iterator[str]:
    """Yield the criteria; steps written as list items of one line each are joined to the Given before them."""
    run: list[str] = []
    for criterion in criteria:
        role = "" if "\n" in criterion else words.role(criterion)
        if run and role in ("given", ""):
            yield "\n".join(run)
            run = []
        if run or role == "given":
            run.append(criterion)
        else:
            yield criterion
    if run:
        yield "\n".join(run)


def _blocks(markdown: str, words: Dialect) -> Iterator[list[str]]:
    """Yield the lines that belong together: a list item with its sub-items, a table, a scenario, a paragraph, a fence."""
    lines = _without_tags([line.rstrip() for line in markdown.replace("\t", "    ").split("\n")], words)
    fenced = inside_fences(lines)
    headings = _headings(lines, fenced, words)
    begins = (n for n, line in enumerate(lines) if line and not headings[n] and not line.endswith((":", "\uff1a")))
    first = next(begins, len(lines))
    if first < len(lines) and not words.opens(lines[first]):
        lines = with_plain_marks(lines, text_begins=first)
    block: list[str] = []
    for index, line in enumerate(lines):
        if fenced[index]:
            block.append(line)
            continue
        if headings[index]:
            yield from _whole(block)
            found = heading(line)
            title = found[1] if found else line.strip()
            block = [title] if words.is_scenario(title) else []
            continue
        if _begins_block(block, line, words):
            yield from _whole(block)
            block = []
        block.append(line)
    yield from _whole(block)


def _without_tags(lines: list[str], words: Dialect) -> list[str]:
    """Return the lines with an empty one in place of tags of Gherkin, which stand above what they belong to."""
    kept: list[str] = []
    below = ""
    for line in reversed(lines):
        opening = words.is_scenario(below) or words.feature.match(below.strip()) is not None
        kept.append("" if opening and _TAGS.fullmatch(line.strip()) else line)
        below = kept[-1] or below
    return kept[::-1]


def _whole(block: list[str]) -> Iterator[list[str]]:
    if any(line.strip() for line in block):
        yield block


def _headings(lines: list[str], fenced: list[bool], words: Dialect) -> list[bool]:
    """Return for each line whether it is a heading: marked as one, or bold in front of text that is not bold."""
    found = [False] * len(lines)
    below = ""  # the next line with text
    for index in range(len(lines) - 1, -1, -1):
        line, following = lines[index], lines[index + 1] if index + 1 < len(lines) else ""
        if not fenced[index]:
            bold = _BOLD_LINE.fullmatch(line) is not None and not words.is_scenario(line) and not words.role(line)
            found[index] = _is_heading(line, following, words) or (
                bold and (line.rstrip("*_ ").endswith(":") or (below != "" and not _BOLD_LINE.fullmatch(below)))
                and not line.rstrip("*_ ").endswith((".", "!", "?"))
            )  # fmt: skip
        below = line if line.strip() else below
    return found


def _is_heading(line: str, following: str, words: Dialect) -> bool:
    if heading(line) or _RULE.match(line) or words.feature.match(line.strip()) or is_titled(line, TITLE):
        return True
    underlined = re.fullmatch(r"={3,}|-{3,}", following)
    return bool(
        re.fullmatch(r"={3,}", line) or (underlined and line.strip() and "|" not in line and not ITEM.match(line))
    )


def _begins_block(block: list[str], line: str, words: Dialect) -> bool:
    if not block or not line.strip():
        return False
    first, last = block[0], block[-1]
    if words.is_background(line):
        return True
    background = words.is_background(first)
    within = words.is_scenario(first) or (background and any(map(words.is_scenario, block[:_LONGEST_BACKGROUND])))
    if words.is_scenario(line):  # the first one keeps the steps that come before all of them
        return within or not background
    if within or background:
        return not within and not words.role(line)
    item, open_item = ITEM.match(line), ITEM.match(first)
    if open_item:
        if item:
            return len(item[1]) <= len(open_item[1]) + 1
        return not last.strip() and not line.startswith(" " * (len(open_item[1]) + 2))
    if item:
        return not words.role(first)
    if _is_row(first) and not _is_row(line):
        return "|" not in line
    if last.strip():
        return False
    return not (words.role(line) not in ("", "given") and words.role(first))


def _criteria(block: list[str], words: Dialect) -> Iterator[str]:
    while block and not block[-1].strip():
        block.pop()
    first = block[0]
    item = ITEM.match(first)
    if item:
        yield _item(block, item)
    elif words.is_scenario(first) or FENCE.match(first) or (words.is_background(first) and len(block) > 1):
        yield "\n".join(line for line in block if line.strip())
    elif _is_row(first) or (len(block) > 1 and _RULER.match(block[1]) and "|" in first):
        yield from _rows(block)
    else:
        yield from _paragraph(block, words)


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def _item(block: list[str], item: re.Match[str]) -> str:
    width = min((len(line) - len(line.lstrip()) for line in block[1:] if line.strip()), default=0)
    first = _CHECKBOX.sub("", item[2].strip())
    rest = [line[width:] for line in block[1:]]
    nested = bool(rest) and any(ITEM.match(line) for line in rest)
    indent = "  " if nested else ""
    return "\n".join([first, *(indent + line if line.strip() else "" for line in rest)]).strip()


def _rows(block: list[str]) -> Iterator[str]:
    """Yield a criterion for each row, each cell with the heading of its column if there are several."""
    table = [_cells(line) for line in block if "|" in line]
    ruled = len(block) > 1 and _RULER.match(block[1]) is not None
    # Markdown has no table without headings, so the first of the numbered rows may stand there.
    headed = ruled and not (table[2:] and all(_is_numbered(row) for row in (table[0], *table[2:])))
    heads = [head.strip("*_ ") for head in table[0]] if headed else []
    rows = table[2:] if headed else [table[0], *table[2:]] if ruled else table
    grouped = any(row[0] and not _BOLD_LINE.fullmatch(row[0]) for row in rows)
    for cells in rows:
        if grouped and len(cells) > 1 and _BOLD_LINE.fullmatch(cells[0]) and not any(cells[1:]):
            continue  # the heading of the rows below
        counted = "".join(heads[:1]).lower() in COUNTING and is_count(cells[0]) and not all(map(is_count, cells))
        pairs = list(zip([*heads, *[""] * len(cells)], cells, strict=False))[counted:]
        shown = [(head, cell) for head, cell in pairs if cell]
        if not all(_is_void(cell) for _, cell in shown):
            yield "; ".join(f"{head}: {cell}" if head and len(shown) > 1 else cell for head, cell in shown)


def _is_numbered(cells: list[str]) -> bool:
    return len(cells) > 1 and cells[0].lower() not in COUNTING and is_count(cells[0]) and not is_count(cells[1])


def _cells(line: str) -> list[str]:
    cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())]
    return cells[1 if not cells[0] else 0 : -1 if len(cells) > 1 and not cells[-1] else None]


def _paragraph(block: list[str], words: Dialect) -> Iterator[str]:
    lines = [line.strip() for line in block if line.strip()]
    if words.role(lines[0]):
        yield from _scenarios(lines, words)
        return
    if len(lines) == 1 and (lines[0].endswith((":", "\uff1a")) or _CODE.fullmatch(lines[0])):
        return
    if len(lines) > 1 and _are_sentences(lines) and not _is_story(lines):
        yield from (_CHECKBOX.sub("", line) for line in lines)
        return
    yield _CHECKBOX.sub("", "\n".join(lines))


def _scenarios(lines: list[str], words: Dialect) -> Iterator[str]:
    """Yield runs of steps; a Given after a Then starts the next run."""
    run: list[str] = []
    ended = False
    for line in lines:
        role = words.role(line)
        if ended and role == "given":
            yield "\n".join(run)
            run, ended = [], False
        ended = ended or role == "then" or words.then_within.search(line) is not None
        run.append(line)
    yield "\n".join(run)


def _is_story(lines: list[str]) -> bool:
    """Return whether the lines are the parts of a user story: "As a …", "I want …", "so that …"."""
    return ROLE.match(folded(lines[0])) is not None and WISH.match(folded(lines[1])) is not None


def _are_sentences(lines: list[str]) -> bool:
    """Return whether each line is a sentence rather than part of a wrapped paragraph."""
    if any(_CHECKBOX.match(line) for line in lines):
        return all(_CHECKBOX.match(line) for line in lines)
    first = [line.lstrip("~")[:1] for line in lines]
    # Letters of many scripts have no case.
    begins = all((each.isalpha() and not each.islower()) or each in "\"'`*[" for each in first)
    ends = all(len(line) < _WRAPPED or line.endswith((".", "!", "?", ";")) for line in lines[:-1])
    return begins and ends
