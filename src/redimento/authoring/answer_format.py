"""Parse a model's answer: a JSON head and edit blocks, or files inside the JSON. Never raises."""

from __future__ import annotations

from redimento.authoring import answer_json, answer_wishes
from redimento.authoring.answer import Answer
from redimento.authoring.answer_blocks import read_blocks
from redimento.change.document import plain

_NOTHING = (
    "Found no edit block and no JSON head: answer with a JSON head in a fence, then one fence for each edit, with the "
    "path as its first line and the lines between <<<<<<< SEARCH, ======= and >>>>>>> REPLACE."
)


def parse_answer(text: str, *, truncated: bool = False) -> Answer:
    """Return the parsed answer; `problems` explains to the model what could not be parsed.

    `truncated`: the model was cut off. Complete blocks are kept, and the answer is `incomplete`.
    """
    text = answer_json.clean(plain(text))
    blocks = read_blocks(text, truncated=truncated)
    # Not inside the blocks, where JSON belongs to a file.
    head, broken = answer_json.find_json(blocks.outside)
    values = head or {}
    edits, problems = answer_json.files_of(values)
    edits.extend(blocks.edits)
    problems.extend(blocks.problems)
    incomplete = truncated or blocks.ended_inside
    if broken and not edits:
        edits = answer_json.complete_files(text)
        incomplete = incomplete or bool(edits)
        problems.extend([] if incomplete else [broken])
    answer = Answer(
        summary=answer_json.long_text(values.get("summary")),
        questions=answer_json.texts(values.get("questions")),
        wishes=answer_wishes.wishes(values),
        edits=tuple(dict.fromkeys(edits)),  # models repeat blocks when they sum up
        trial=answer_wishes.trial(values.get("try")),
        submit=values.get("submit") is True,
        criteria=answer_json.claims(values.get("criteria")),
        remarks=answer_json.claims(values.get("remarks")),
        build_instructions=answer_json.long_text(values.get("build_instructions", values.get("buildInstructions"))),
        documentation=answer_json.long_text(values.get("documentation")),
        changed_tests=answer_json.changed_tests(values.get("changed_tests")),
        nothing_to_do=answer_json.long_text(values.get("nothing_to_do")),
        problems=tuple(dict.fromkeys(problems)),
        incomplete=incomplete,
    )
    if answer.edits or answer.questions or answer.wishes or answer.trial or answer.problems or incomplete:
        return answer
    known = answer.summary or answer.criteria or answer.changed_tests or answer.nothing_to_do or answer.submit
    return answer if known else Answer(problems=(_NOTHING,))
