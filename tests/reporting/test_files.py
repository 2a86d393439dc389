"""The files that a run leaves, with hostile text everywhere."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.outcome import Outcome
from redimento.reporting.files import write_files
from redimento.run.job import Finished, Job
from redimento.run_folder import RunFolder, clear, open_run_folder
from redimento.text.redaction import Secrets
from tests.reporting.conftest import HIDDEN

VOID = {"meta", "br", "hr", "img", "link"}


class _Nesting(HTMLParser):
    """Checks that the tags of a page are nested correctly."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_runs_nothing(finished: Finished, tmp_path: Path) -> None:
    folder = open_run_folder(tmp_path / "run")
    write_files(folder, finished, None)

    page = (folder.path / "report.html").read_text("utf-8")
    nesting = _Nesting()
    nesting.feed(page)
    nesting.close()
    assert nesting.open == []
    assert not nesting.seen & {"script", "img", "iframe", "object", "form"}
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page


def test_foreign_text_stays_text_in_the_summary(finished: Finished, tmp_path: Path) -> None:
    summary = write_files(open_run_folder(tmp_path / "run"), finished, None).read_text("utf-8")

    read = re.sub(r"`[^`]*`", "", summary)  # text in a code span is shown as it is
    assert "Draft" in read
    assert "<script" not in read
    assert "![x](" not in read
    assert "##vso" not in summary
    assert all(line.count("|") in {0, 4, 5} for line in summary.splitlines() if line.startswith("|")), summary


@pytest.mark.parametrize("name", ["summary.md", "report.html"])
def test_nothing_hides_in_what_people_read(finished: Finished, tmp_path: Path, name: str) -> None:
    folder = open_run_folder(tmp_path / "run")
    write_files(folder, finished, None)

    text = (folder.path / name).read_text("utf-8")
    assert not set(HIDDEN) & set(text)
    assert "##vso" not in text


def test_what_a_change_hides_is_shown_in_its_place(finished: Finished, job: Job) -> None:
    line = "+if admin:\u202e \u2066# only\u2069\x0b-x\u2028-y\U000e0041\n"
    job.folder.write_text("change.patch", f"@@ -0,0 +1,2 @@\n{line}+crlf\r\n")
    write_files(job.folder, finished, job)

    page = (job.folder.path / "report.html").read_text("utf-8")
    shown = "if admin:U+202E U+2066# onlyU+2069U+000B-xU+2028-yU+E0041"
    assert f"<span>+</span><code>{shown}</code>" in page
    assert "<span>+</span><code>crlf</code>" in page


EVIDENCE = (
    "First reason.",
    "Behaviour that old tests forbade",
    "It adds up",
    "t::new",
    "tests",
    "The 1 test as it was, on the new source",
    "Failing since this change",
    "src/cart.py:3",
    "left-pad",
    "In the model's words",
    "I rounded.",
)


@pytest.mark.parametrize("name", ["summary.md", "report.html"])
def test_the_evidence_comes_before_the_words_of_the_model(seen: Finished, tmp_path: Path, name: str) -> None:
    folder = open_run_folder(tmp_path / "run")
    write_files(folder, seen, None)

    text = html.unescape((folder.path / name).read_text("utf-8"))
    text = re.sub("<nav.*?</nav>", "", text, flags=re.DOTALL)
    assert [words for words in EVIDENCE if words not in text] == []
    assert text.index("First reason.") < text.index("Behaviour that old") < text.index("It adds up")
    assert text.index("It adds up") < text.index("The 1 test as it was") < text.index("left-pad")
    assert text.index("left-pad") < text.index("In the model's words") < text.index("I rounded.")
    assert "proves nothing: it reads the source" in text


def test_the_summary_quotes_the_model_and_the_page_sets_it_apart(seen: Finished, tmp_path: Path) -> None:
    folder = open_run_folder(tmp_path / "run")
    summary = write_files(folder, seen, None).read_text("utf-8")

    assert "\n> I rounded.\n>\n> \\# I am the outcome\n" in summary
    page = (folder.path / "report.html").read_text("utf-8")
    assert '<blockquote class="text">I rounded.\n\n# I am the outcome</blockquote>' in page


def test_the_record_has_what_the_old_judge_and_the_proofs_showed(seen: Finished, tmp_path: Path) -> None:
    assert seen.report is not None
    folder = open_run_folder(tmp_path / "run")
    attempts = (replace(seen.attempts[0], verdict=seen.report.verdict),)
    write_files(folder, replace(seen, attempts=attempts), None)

    (candidate,) = json.loads((folder.path / "record.json").read_text("utf-8"))["candidates"]
    assert candidate["forbidden"] == [{"test": "t::vat", "why": "The rate is lower.", "criterion": 1}]
    assert (candidate["harmless"], candidate["moved"]) == (["t::tidied"], [["a::t", "b::t"]])
    assert (candidate["unnoticed"], candidate["remarks"]) == (["src/cart.py:3"], [])


def test_a_run_that_could_not_start_leaves_a_record_too(tmp_path: Path) -> None:
    folder = open_run_folder(tmp_path / "run", secrets=Secrets(("very-secret-token",)))
    write_files(folder, Finished(Outcome("failed", "No key: very-secret-token.", "Set it.", 2)), None)

    record = json.loads((folder.path / "record.json").read_text("utf-8"))
    assert record["outcome"]["kind"] == "failed"
    assert record["outcome"]["exit_code"] == 2
    assert record["settings"] is None
    assert "could not start" in (folder.path / "summary.md").read_text("utf-8")
    assert not [path for path in folder.path.iterdir() if "very-secret" in path.read_text("utf-8")]


def test_an_existing_folder_keeps_its_permissions_and_other_files(tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir(mode=0o755)
    (place / "notes.txt").write_text("mine")
    (place / "record.json").write_text("old")
    folder = open_run_folder(place)
    clear(folder)

    assert place.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in place.iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_written_is_reported_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be written"):
        open_run_folder(tmp_path / "file" / "run")
    with pytest.raises(UsageError, match="cannot be written"):
        RunFolder(tmp_path / "file").write_text("a.txt", "x")
