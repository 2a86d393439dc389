"""Replaying an earlier run or files, and writing calls that can be replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.errors import UsageError
from redimento.models import conversation, recorded
from redimento.models.port import Failure, Message, ModelError, ModelReply, ModelRequest, Usage


def request(purpose: str = "author") -> ModelRequest:
    return ModelRequest(purpose, "You change code.", (Message("user", "Change it."),), 1000, "medium", 600.0)


def written(folder: Path, *lines: Any, name: str = "answers.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_run_folder_is_replayed_answer_for_answer_and_failure_for_failure(tmp_path: Path) -> None:
    reply = ModelReply(
        "hello", "gemini-3.8-flash", Usage(9, 1, 2, 3), "MAX_TOKENS", truncated=True, seconds=1.5, attempts=2
    )
    error = ModelError("It broke.", "Mend it.", kind="unavailable", retryable=True, usage=Usage(prompt=4))
    written(
        tmp_path,
        conversation.to_json(request(), reply, model="gemini-3.8-flash"),
        conversation.to_json(request("repair"), error, model="gemini-3.8-flash"),
        name="conversation.jsonl",
    )
    (tmp_path / "summary.md").write_text("not an answer")
    (tmp_path / "record.json").write_text("{}")
    model = recorded.open_model(tmp_path)
    assert model.answer(request()) == reply
    with pytest.raises(ModelError) as caught:
        model.answer(request("repair"))
    assert (caught.value.kind, caught.value.sentence, caught.value.remedy) == ("unavailable", "It broke.", "Mend it.")
    assert caught.value.usage == Usage(prompt=4)
    assert caught.value.retryable, "a replay retries like the run"


def test_line_of_a_conversation_says_what_was_asked() -> None:
    line = conversation.to_json(request(), ModelReply("hello", "m", Usage(), "STOP"), model="m")
    assert line["purpose"] == "author"
    assert line["request"]["system"] == "You change code."
    assert line["request"]["messages"] == ({"role": "user", "text": "Change it."},)


def test_lines_of_text_answer_in_order(tmp_path: Path) -> None:
    model = recorded.open_model(written(tmp_path, {"text": "one"}, {"text": "two", "truncated": True}))
    assert model.name == "recorded"
    assert model.answer(request()).text == "one"
    assert model.answer(request("repair")).truncated


def test_answer_for_a_purpose_is_kept_for_it(tmp_path: Path) -> None:
    model = recorded.open_model(
        written(tmp_path, {"purpose": "repair", "text": "mended"}, {"purpose": "author", "text": "made"})
    )
    assert model.answer(request("author")).text == "made"
    with pytest.raises(ModelError, match="it still has some for: repair"):
        model.answer(request("author"))
    assert model.answer(request("repair")).text == "mended"


def test_text_file_is_one_answer(tmp_path: Path) -> None:
    file = tmp_path / "answer.md"
    file.write_text("# Grüße\n\nhello\n", encoding="utf-8")
    model = recorded.open_model(file)
    assert model.answer(request()).text == "# Grüße\n\nhello\n"
    with pytest.raises(ModelError) as caught:
        model.answer(request())
    assert caught.value.kind == "no_recording"
    assert caught.value.remedy


def test_folder_answers_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "2.txt").write_text("second")
    (tmp_path / "1.md").write_text("first")
    (tmp_path / ".hidden.md").write_text("never")
    (tmp_path / "note.json").write_text("{}")
    written(tmp_path, {"text": "third"}, {"text": "fourth"}, name="3.jsonl")
    model = recorded.open_model(tmp_path)
    assert [model.answer(request()).text for _ in range(4)] == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '"text"',
        "{}",
        '{"text": 5}',
        '{"text": "a", "usage": {"prompts": 1}}',
        '{"reply": {}}',
        '{"error": {"kind": "unheard-of", "sentence": "x"}}',
        '{"reply": {"text": "a"}, "error": {"kind": "safety", "sentence": "x"}}',
        '{"text": "\\ud800"}',
        "[" * 100_000,
    ],
)
def test_invalid_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"text": "fine"}\n\n' + line + "\n")
    with pytest.raises(UsageError) as caught:
        recorded.open_model(file)
    assert f"{file}:3:" in caught.value.sentence
    assert len(caught.value.sentence) < 600


def test_unusable_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no recording"):
        recorded.open_model(tmp_path / "absent")
    with pytest.raises(UsageError, match="has no answers"):
        recorded.open_model(tmp_path)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        recorded.open_model(tmp_path)


def test_run_without_model_calls_cannot_be_replayed(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("{}")
    (tmp_path / "summary.md").write_text("The run failed.")
    with pytest.raises(UsageError, match="before its first model call"):
        recorded.open_model(tmp_path)


_counts = st.integers(0, 10**9)
_usages = st.builds(Usage, _counts, _counts, _counts, _counts)
_texts = st.text(st.characters(exclude_categories=["Cs"]))
_replies = st.builds(ModelReply, _texts, _texts, _usages, _texts, st.booleans(), st.floats(0, 10**6), st.integers(1, 9))
_errors = st.builds(
    lambda kind, sentence, remedy, usage: ModelError(sentence, remedy, kind=kind, usage=usage),
    st.sampled_from(get_args(Failure)), _texts, _texts, st.none() | _usages,
)  # fmt: skip


@given(outcome=_replies | _errors, purpose=_texts)
def test_what_is_written_is_read_back(outcome: ModelReply | ModelError, purpose: str) -> None:
    line = json.loads(json.dumps(conversation.to_json(request(purpose), outcome, model="m")))
    read_purpose, read = conversation.from_json(line)
    assert read_purpose == purpose
    if isinstance(outcome, ModelReply):
        assert read == outcome
    else:
        assert isinstance(read, ModelError)
        assert vars(read) == vars(outcome)
