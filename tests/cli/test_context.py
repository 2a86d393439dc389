"""`redimento context`: what the model would see, of any folder, and of an item of Azure Boards."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from redimento.text.foreign import neutralise
from tests.cli.conftest import Command, Said
from tests.cli.test_run import run_locally
from tests.run.conftest import CALC, Site, git, organise, sample, site

__all__ = ["organise", "sample", "site"]  # fixtures


def test_context_lists_files_best_first_within_the_budget(redimento: Command, repository: Path, story: Path) -> None:
    shown = redimento("context", "--work-item-file", story, "--repo", repository, "--budget", "400", "--json").json

    assert shown["files"][0]["path"] == "calc.py"
    for file in shown["files"]:
        assert {"path", "tokens", "score", "spans"} <= set(file)
        assert file["spans"] is None or all(first <= last for first, last in file["spans"])
    scores = [file["score"] for file in shown["files"]]
    assert scores == sorted(scores, reverse=True)
    assert shown["tokens"] <= 400


def test_context_is_a_table_for_people_and_works_on_a_plain_folder(
    redimento: Command, tmp_path: Path, story: Path
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "calc.py").write_text(CALC)

    assert "calc.py" in redimento("context", "--work-item-file", story, "--repo", folder).out


def test_context_leaves_out_files_behind_a_git_filter(redimento: Command, repository: Path, story: Path) -> None:
    (repository / ".gitattributes").write_text("calc.py filter=git-crypt\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "Encrypt")

    shown = redimento("context", "--work-item-file", story, "--repo", repository, "--json").json

    assert "calc.py" not in [file["path"] for file in shown["files"]]


def test_the_prompt_is_what_a_run_sends_first(redimento: Command, repository: Path, tmp_path: Path) -> None:
    run_locally(repository, tmp_path)
    record = repository / ".redimento" / "runs" / "latest" / "conversation.jsonl"
    sent = json.loads(record.read_text().splitlines()[0])["request"]

    asked = ("context", "--work-item-file", tmp_path / "story.md", "--repo", repository, "--prompt")
    shown = redimento(*asked, "--json").json

    assert [same(shown[part]) for part in ("purpose", "system")] == [same(sent[part]) for part in ("purpose", "system")]
    assert [same(one["text"]) for one in shown["messages"]] == [same(one["text"]) for one in sent["messages"]]
    assert (
        "\n\n".join([shown["system"], *(neutralise(one["text"]) for one in shown["messages"])]) in redimento(*asked).out
    )


def same(text: str) -> str:
    """Return the text with one name for the elements, which each process names anew."""
    return re.sub("data-[0-9a-f]{12}", "data", text)


def test_an_item_of_azure_boards_is_read_as_a_run_reads_it(
    redimento: Command, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*more: str) -> Said:
        for name, value in site.environment.items():
            monkeypatch.setenv(name, value)
        return redimento(*asked, *more)

    asked = ("context", "--work-item", "7", "--repo", site.checkout, "--config", site.config([]))
    written: list[str] = []
    site.watchers.append(lambda method, path: written.append(path) if method != "GET" else None)

    assert "calc.py" in [one["path"] for one in said("--json").json["files"]]
    assert "Title: <data-" in said("--prompt").out
    assert written == []


@pytest.mark.parametrize("more", [["--work-item", "7", "--work-item-file", "x.md"], []])
def test_one_item_is_named(redimento: Command, more: list[str]) -> None:
    said = redimento("context", *more)
    assert said.code == 2
    assert "--work-item" in said.err
