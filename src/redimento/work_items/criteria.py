"""Split acceptance criteria into a list, in the many ways teams write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from redimento.work_items.sections import FENCE, heading, inside_fences, is_titled, take_section

_ITEM = re.compile(
    r"^( *)(?:[-*+\u2022\u2013\u2014]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z]\)|[A-Z]{1,4}-?[0-9]{1,3}[.:)])(?: +|$)(.*)$"
)
_CHECKBOX = re.compile(r"^(?:\[[ xX]?\]|[\u2610\u2611\u2612])\s*")
_TITLE = re.compile(
    r"(?:acceptance\s+(?:criteria|criterion|tests?)|success\s+criteria|definition\s+of\s+done|done\s+when|ac"
    r"|akzeptanzkriterien|abnahmekriterien|crit[eè]res\s+d.acceptation|criterios\s+de\s+aceptaci[oó]n)",
    re.IGNORECASE,
)
_SCENARIO = re.compile(r"^(?:[*_]{0,2})(?:scenario(?: outline| template)?|example)\b[^:]{0,40}:", re.IGNORECASE)
_FEATURE = re.compile(r"^(?:[*_]{0,2})(?:feature|rule)\s*:", re.IGNORECASE)
_STEP = re.compile(r"^[*_]{0,2}(given|when|then|and|but)\b", re.IGNORECASE)
# Possessive: two runs of white space that may meet take quadratic time.
_RULER = re.compile(r"^\s*+\|?\s*+:?-{2,}+:?\s*+(?:\|\s*+:?-{2,}+:?\s*+)*+\|?\s*+$")
_RULE = re.compile(r"^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$")
_GHERKIN = re.compile(r"[`~](?:gherkin|cucumber|feature)\s*$", re.IGNORECASE)
_COUNTING_COLUMN = frozenset({"#", "no", "no.", "nr", "nr.", "id", ""})
_WRAPPED = 60  # characters: a shorter line was broken by its author, not by an editor


def split_criteria(markdown: str) -> tuple[str, ...]:
    """Return the acceptance criteria in `markdown` in order, one string each.

    A criterion is a list item with its sub-items, a Gherkin scenario, a run of Given/When/Then lines, a table row, or a
    paragraph. Headings are dropped, and so is a one-line paragraph that only introduces a list (it ends in a colon).
    """
    found = [criterion for block in _blocks(_unfence(markdown)) for criterion in _criteria(block) if criterion]
    return tuple(_join_steps(found))


def criteria_in_description(description: str) -> tuple[str, tuple[str, ...]]:
    """Return a description without its "Acceptance criteria" section, and the criteria in that section.

    The section starts at a heading, a bold line or a line ending in a colon. Without any criteria in it, nothing is cut.
    """
    rest, section = take_section(description, _TITLE)
    criteria = split_criteria(section) if section else ()
    return (rest, criteria) if criteria else (description, ())


def _unfence(markdown: str) -> str:
    """Remove the fences around Gherkin."""
    kept: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = FENCE.match(line)
        if fence and mark and mark[1].startswith(fence):
            fence = ""
            kept.append("")
        elif not fence and mark and _GHERKIN.search(line):
            fence = mark[1]
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept)


def _join_steps(criteria: list[str]) -> Iterator[str]:
    """Yield the criteria; steps written as list items of one line each are joined to the Given before them."""
    run: list[str] = []
    for criterion in criteria:
        step = None if "\n" in criterion else _STEP.match(criterion)
        begins = step is not None and step[1].lower() == "given"
        if run and (begins or step is None):
            yield "\n".join(run)
            run = []
        if run or begins:
            run.append(criterion)
        else:
            yield criterion
    if run:
        yield "\n".join(run)


def _blocks(markdown: str) -> Iterator[list[str]]:
    """Yield the lines that belong together: a list item with its sub-items, a table, a scenario, a paragraph, a fence."""
    lines = [line.rstrip() for line in markdown.replace("\r\n", "\n").replace("\t", "    ").split("\n")]
    fenced = inside_fences(lines)
    block: list[str] = []
    for index, line in enumerate(lines):
        if fenced[index]:
            block.append(line)
            continue
        if _is_heading(line, lines[index + 1] if index + 1 < len(lines) else ""):
            yield from _whole(block)
            words = _heading_text(line)
            block = [words] if _SCENARIO.match(words) else []
            continue
        if _begins_block(block, line):
            yield from _whole(block)
            block = []
        block.append(line)
    yield from _whole(block)


def _whole(block: list[str]) -> Iterator[list[str]]:
    if any(line.strip() for line in block):
        yield block


def _is_heading(line: str, following: str) -> bool:
    if heading(line) or _RULE.match(line) or _FEATURE.match(line.strip()) or is_titled(line, _TITLE):
        return True
    underlined = re.fullmatch(r"={3,}|-{3,}", following)
    return bool(
        re.fullmatch(r"={3,}", line) or (underlined and line.strip() and "|" not in line and not _ITEM.match(line))
    )


def _heading_text(line: str) -> str:
    found = heading(line)
    return found[1] if found else line.strip()


def _begins_block(block: list[str], line: str) -> bool:
    """Return whether `line` starts a new block after `block`."""
    if not block or not line.strip():
        return False
    first, last = block[0], block[-1]
    if _SCENARIO.match(line.strip()):
        return True
    if _SCENARIO.match(first.strip()):
        return False
    item, open_item = _ITEM.match(line), _ITEM.match(first)
    if open_item:
        if item:
            return len(item[1]) <= len(open_item[1]) + 1
        return not last.strip() and not line.startswith(" " * (len(open_item[1]) + 2))
    if item:
        return not _STEP.match(first.strip())
    if last.strip():
        return False
    step = _STEP.match(line.strip())
    return not (step and _STEP.match(first.strip()) and step[1].lower() != "given")


def _criteria(block: list[str]) -> Iterator[str]:
    while block and not block[-1].strip():
        block.pop()
    first = block[0]
    item = _ITEM.match(first)
    if item:
        yield _item(block, item)
    elif _SCENARIO.match(first.strip()) or FENCE.match(first):
        yield "\n".join(line for line in block if line.strip())
    elif first.lstrip().startswith("|") or (len(block) > 1 and _RULER.match(block[1]) and "|" in first):
        yield from _rows(block)
    else:
        yield from _paragraph(block)


def _item(block: list[str], item: re.Match[str]) -> str:
    width = min((len(line) - len(line.lstrip()) for line in block[1:] if line.strip()), default=0)
    first = _CHECKBOX.sub("", item[2].strip())
    rest = [line[width:] for line in block[1:]]
    nested = bool(rest) and any(_ITEM.match(line) for line in rest)
    indent = "  " if nested else ""
    return "\n".join([first, *(indent + line if line.strip() else "" for line in rest)]).strip()


def _rows(block: list[str]) -> Iterator[str]:
    table = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in block if "|" in line
    ]
    headed = len(block) > 1 and _RULER.match(block[1]) is not None
    heads = table[0] if headed else []
    for cells in table[2 if headed else 0 :]:
        named = [
            f"{head}: {cell}" if head and len(heads) > 1 else cell
            for head, cell in zip([*heads, *[""] * len(cells)], cells, strict=False)
            if cell and not (head.lower() in _COUNTING_COLUMN and re.fullmatch(r"[A-Za-z]{0,3}-?[0-9]{0,3}\.?", cell))
        ]
        only = len(named) == 1 and re.fullmatch(r"[^:]{1,60}: (.+)", named[0])
        yield (only[1] if only else "; ".join(named)).replace("\\|", "|")


def _paragraph(block: list[str]) -> Iterator[str]:
    lines = [line.strip() for line in block if line.strip()]
    if _STEP.match(lines[0]):
        yield from _scenarios(lines)
        return
    if lines[-1].endswith(":") and len(lines) == 1:
        return
    if len(lines) > 1 and _are_sentences(lines):
        yield from (_CHECKBOX.sub("", line) for line in lines)
        return
    yield _CHECKBOX.sub("", "\n".join(lines))


def _scenarios(lines: list[str]) -> Iterator[str]:
    """Yield runs of steps; a Given after a Then starts the next run."""
    run: list[str] = []
    ended = False
    for line in lines:
        step = _STEP.match(line)
        word = step[1].lower() if step else ""
        if ended and word == "given":
            yield "\n".join(run)
            run, ended = [], False
        ended = ended or word == "then" or " then " in line.lower()
        run.append(line)
    yield "\n".join(run)


def _are_sentences(lines: list[str]) -> bool:
    """Return whether each line is a sentence rather than part of a wrapped paragraph."""
    if any(_CHECKBOX.match(line) for line in lines):
        return all(_CHECKBOX.match(line) for line in lines)
    begins = all(line[0].isupper() or line[0] in "\"'`*[" for line in lines)
    ends = all(len(line) < _WRAPPED or line.endswith((".", "!", "?", ";")) for line in lines[:-1])
    return begins and ends
