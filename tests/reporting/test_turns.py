"""The conversation of a run, read back for people."""

from __future__ import annotations

from pathlib import Path

from redimento.models.conversation import to_json
from redimento.models.port import Message, ModelError, ModelReply, ModelRequest, Usage
from redimento.reporting.files import write_files
from redimento.reporting.turns import read_conversation
from redimento.run.job import Finished, Job
from redimento.run_folder import open_run_folder


def asked(prompt: str) -> ModelRequest:
    return ModelRequest("author", "You are an engineer.", (Message("user", prompt),), 100, "high", 9)


def test_each_call_is_a_turn_and_what_was_said_before_is_not_repeated(tmp_path: Path) -> None:
    folder = open_run_folder(tmp_path / "run")
    reply = ModelReply("I did.", "gemini", Usage(10, 0, 5, 2), "STOP", seconds=1.5)
    rules = "# Rules\n```\n# no heading\n```\n"
    folder.append_line("conversation.jsonl", to_json(asked(f"{rules}# Now\nWrite."), reply, model="m"))
    folder.append_line("conversation.jsonl", "not a call")
    refused = ModelError("The key was refused.", kind="key_refused")
    folder.append_line("conversation.jsonl", to_json(asked(f"{rules}# Now\nRepair."), refused, model="m"))
    first, second = read_conversation(folder.path / "conversation.jsonl").turns

    assert [(one.title, one.text) for one in first.sections] == [
        ("system", "You are an engineer."), ("Rules", "```\n# no heading\n```"), ("Now", "Write."),
    ]  # fmt: skip
    assert [(one.title, one.text, one.same_as) for one in second.sections] == [
        ("system", "", 1), ("Rules", "", 1), ("Now", "Repair.", 0),
    ]  # fmt: skip
    assert (first.answer, first.usage.output, first.thinking, first.seconds) == ("I did.", 5, "high", 1.5)
    assert (second.answer, second.error) == ("", "The key was refused.")


def test_a_run_without_a_conversation_has_none(tmp_path: Path) -> None:
    assert read_conversation(tmp_path / "conversation.jsonl").turns == ()


def test_a_conversation_of_more_than_32_megabytes_makes_a_small_page_that_says_so(finished: Finished, job: Job) -> None:
    for number in range(34):
        reply = ModelReply(f"{number}" + "<&>" * 330_000, "gemini", Usage(), "STOP")
        job.folder.append_line("conversation.jsonl", to_json(asked(f"# Part\n{number}"), reply, model="m"))
    write_files(job.folder, finished, job)

    page = (job.folder.path / "report.html").read_text("utf-8")
    assert (job.folder.path / "conversation.jsonl").stat().st_size > 32 << 20
    assert len(page) < 6_000_000
    assert "more characters are left out here" in page
    assert "<code>conversation.jsonl</code> in the folder of the run has the rest" in page
