"""The pieces of a request: how each looks, and what it says in fewer tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from redimento.authoring.elements import data, fenced, line, prose
from redimento.authoring.places import as_excerpt, changed_places, places_read
from redimento.authoring.share import Part, Piece, cost, filled, largest, shared, shrinking
from redimento.change.edit import FileChange, Refusal
from redimento.context.selection import Excerpt
from redimento.exploration.wish import Finding, Wish
from redimento.text import wording
from redimento.text.encoding import NotTextError, text_of
from redimento.verification.evidence import CheckResult, Failure, TestResult
from redimento.verification.trial import TrialResult

_LONGEST_MESSAGE = 4_000  # characters of one failure
_LONGEST_OUTPUT = 12_000
_LONGEST_TEXT = 8_000
_MOST_TESTS = 20  # of a try
_LONGEST_NAME = 200
_LEFT_OUT = 120  # tokens kept for naming what is left out
_MOST_NAMES = 8
_AROUND = (20, 3)  # lines shown around a change in a large file, and if these do not fit
_BETWEEN = 4  # tokens between two pieces of a finding


def name_list(names: Sequence[str], share: float) -> Part:
    """Return names on one line, as many as fit."""

    def first(count: int) -> str:
        more = len(names) - count
        return data(", ".join(shown[:count])) + (f" and {more} more" if more else "")

    shown = [line(name) for name in names]
    return Part([shrinking("names", first, len(names))] if names else [], share)


def rendered(template: str, budget: int, parts: Mapping[str, Part], **values: object) -> str:
    """Render a prompt with as much of the parts, the most important first, as `budget` tokens allow."""
    path = f"prompts/{template}.md.j2"
    frame = wording.render(
        path, **values, parts={name: [""] if parts[name].pieces else [] for name in parts}, left_out=""
    )
    shown, names = shared(budget - cost(frame) - _LEFT_OUT, parts)
    return wording.render(path, **values, parts=shown, left_out=_left_out(names))


def _left_out(names: Sequence[str]) -> str:
    """Return a sentence that names what is left out, as far as `_LEFT_OUT` tokens allow; "" if nothing is."""

    def sentence(count: int) -> str:
        named = [line(name)[:_LONGEST_NAME] for name in names[: count - 1]]
        return wording.render("prompts/left_out.md.j2", names=named, more=len(names) - len(named))

    return largest(sentence, min(len(names), _MOST_NAMES) + 1, _LEFT_OUT) if names else ""


def criterion(number: int, text: str) -> Piece:
    """Return an acceptance criterion as an item of a numbered list."""

    def show(part: str) -> str:
        return f"{number}. " + data(prose(part)).replace("\n", "\n   ")

    return text_piece(f"criterion {number}", text, show, len(text))


def file_pieces(name: str, text: str, most: int = _LONGEST_TEXT) -> list[Piece]:
    """Return a text that is shown as it is, if there is one."""
    return [text_piece(name, text, lambda shorter: data(fenced(shorter)), most)] if text else []


def text_piece(name: str, text: str, show: Callable[[str], str], most: int = _LONGEST_TEXT) -> Piece:
    """Return a text of at most `most` characters, which loses its middle first. `show` puts it where it stands."""
    return shrinking(name, lambda length: show(head_and_tail(text, length)), min(len(text), most))


def failure_piece(failure: Failure) -> Piece:
    name = ": ".join(filter(None, (failure.check, failure.test)))
    return text_piece(name, failure.told, partial(_section, name), _LONGEST_MESSAGE)


def output_piece(result: CheckResult) -> Piece:
    name = f"Output of {result.name}"
    ended = f" (exit code {result.exit_code})" if result.exit_code else ""
    heading = name + (f" ({result.reason})" if result.reason else ended)
    return text_piece(name, result.output, partial(_section, heading), _LONGEST_OUTPUT)


def test_piece(test: TestResult) -> Piece:
    return text_piece(test.id, test.message, partial(_section, test.id), _LONGEST_MESSAGE)


def trial_piece(trial: TrialResult) -> Piece:
    """Return what a try showed: how each test ended, and what was printed."""
    name = f"{trial.check}: {', '.join(trial.asked) or 'all tests'}"
    ended = "\n".join(f"{test.id}: {test.outcome}" for test in trial.tests[:_MOST_TESTS])
    # Some runners print less than they report.
    told = (test.message for test in trial.tests[:_MOST_TESTS] if test.message.partition("\n")[0] not in trial.output)
    text = "\n".join(filter(None, (trial.remark, ended, *told, trial.output.strip())))
    return text_piece(name, text, partial(_section, name), _LONGEST_OUTPUT)


def refusal_piece(refusal: Refusal) -> Piece:
    where = refusal.path or "the whole answer"

    def shorter(length: int) -> str:
        nearest = f"\n{fenced(head_and_tail(refusal.nearest, length))}" if refusal.nearest else ""
        return data(f"- {line(where)}: {prose(head_and_tail(refusal.sentence, length))}{nearest}")

    longest = min(_LONGEST_MESSAGE, max(len(refusal.sentence), len(refusal.nearest)))
    return shrinking(f"why {where} was refused", shorter, longest)


def changed_piece(file: FileChange, large: int, whole: Collection[str] = ()) -> Piece:
    """Return a file of a change: whole or, if that takes more than `large` tokens, what the change touched."""
    before, after = (_text(file, content or b"") for content in (file.before, file.after))

    def within(tokens: int) -> str:
        wide, near = (changed_places(file.path, before, after, around) for around in _AROUND)
        text = excerpt(as_excerpt(wide, wide.length))
        if cost(text) <= tokens:
            return text
        return largest(lambda lines: excerpt(as_excerpt(near, lines)), near.length, tokens)

    shown = Excerpt(file.path, after, tokens=0, score=0.0, spans=None)
    return _whole_or(shown, within, large, file.path if file.path in whole else "")


def _text(file: FileChange, content: bytes) -> str:
    try:
        return text_of(content, file.path, file.encoding)
    except NotTextError:  # a picture may be deleted or renamed
        return "(not text)\n"


def _excerpt_piece(found: Excerpt, large: int, to_write: str) -> Piece:
    """Return a file, or lines of it, as they were read."""

    def within(tokens: int) -> str:
        places = places_read(found)
        return largest(lambda lines: excerpt(as_excerpt(places, lines)), places.length, tokens)

    return _whole_or(found, within, large, to_write if found.spans is None else "")


def finding_piece(finding: Finding, large: int, to_write: Collection[str] = (), *, heading: bool = True) -> Piece:
    """Return what a wish brought, with the wish as heading; of a file that takes more than `large` tokens, only a part.

    `to_write`: paths that the model has to write whole.
    """
    pieces = [_excerpt_piece(one, large, one.path if one.path in to_write else "") for one in finding.excerpts]
    pieces += file_pieces(finding.text, finding.text, len(finding.text))
    name = wish_text(finding.wish)
    above = f"## {data(name)}\n" if heading else ""

    def joined(texts: Sequence[str]) -> str:
        return "\n".join(filter(None, [above, *texts])) if any(texts) else ""

    def within(tokens: int) -> str:
        return joined(filled(pieces, tokens - cost(above) - _BETWEEN * len(pieces)))

    return Piece(name, joined([piece.text for piece in pieces]), within)


def wish_text(wish: Wish) -> str:
    """Return a wish as an answer writes it, on one line."""
    pattern = {"pattern": wish.target, "in": wish.within, "around": wish.around}
    target = {key: value for key, value in pattern.items() if value} if wish.within or wish.around else wish.target
    return line(json.dumps({wish.kind: target}, ensure_ascii=False))


def _whole_or(file: Excerpt, within: Callable[[int], str], large: int, to_write: str) -> Piece:
    """Return a file as it is, or `within` its share if it is large. Only what is shown whole can be written whole."""
    text = excerpt(file) + _write_whole(to_write)
    return Piece(file.path, text if cost(text) <= large else within(large), within)


def _write_whole(path: str) -> str:
    return "\n" + wording.render("prompts/whole.md.j2", path=line(path)) if path else ""


def head_and_tail(text: str, most: int = _LONGEST_MESSAGE) -> str:
    """Return `text` cut to about `most` characters in its middle, which matters least."""
    if len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head]}\n… {len(text) - most:,} characters omitted …\n{text[head - most :]}"


def _section(heading: str, text: str) -> str:
    return data(f"## {line(heading)[:_LONGEST_NAME]}\n\n{fenced(text)}")


def excerpt(file: Excerpt) -> str:
    """Return an element with a file and, as heading, its name, which marks excerpts."""
    what = "" if file.spans is None else " (excerpts; the numbers are not part of the file)"
    return data(f"## {line(file.path)}{what}\n{fenced(file.text)}")


wording.add_filter("excerpt", excerpt)
