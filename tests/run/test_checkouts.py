"""Checkouts as jobs find them: shallow, detached, and made by another account."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.run.conftest import CALC, CALC_TEST, GOOD_FIX, Ended, Site, git

AGENT = 1001


def give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, AGENT, AGENT, follow_symlinks=False)


def fetched(site: Site, ended: Ended) -> Path:
    """Fetch the pushed branch with its history, as a reviewer does."""
    review = site.tmp / "review"
    job = site.emulator.environment["calc"]
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {job['SYSTEM_ACCESSTOKEN']}",
    }
    branch = ended.finished.outcome.branch
    git(site.tmp, "clone", "-q", "--branch", branch, job["BUILD_REPOSITORY_URI"], str(review), **header)
    return review


def description(site: Site, ended: Ended) -> str:
    number = ended.finished.outcome.pull_request_id
    return str(site.get(f"_apis/git/repositories/calc/pullrequests/{number}")["description"])


def assert_right_commit(site: Site, ended: Ended, base: str) -> None:
    assert ended.kind == "delivered", ended.finished.outcome
    review = fetched(site, ended)
    assert git(review, "rev-parse", "HEAD").strip() == ended.finished.outcome.commit
    assert git(review, "rev-list", "HEAD").split() == [ended.finished.outcome.commit, base]
    assert git(review, "diff", "--name-only", base, "HEAD").split() == ["calc.py", "tests/test_calc.py"]
    assert (review / "calc.py").read_text() == "def add(a, b):\n    return a + b\n"
    assert "test_two" in (review / "tests" / "test_calc.py").read_text()


def test_a_shallow_detached_checkout_leads_to_the_right_commit(site: Site) -> None:
    assert git(site.checkout, "rev-parse", "--is-shallow-repository").strip() == "true"
    assert git(site.checkout, "branch", "--show-current").strip() == ""
    base = git(site.checkout, "rev-parse", "HEAD").strip()

    assert_right_commit(site, site.run([GOOD_FIX]), base)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a checkout to another account")
def test_a_checkout_of_another_account_leads_to_the_right_commit(site: Site) -> None:
    base = git(site.checkout, "rev-parse", "HEAD").strip()
    give_away(site.checkout)
    # Plain git refuses here (CVE-2022-24765), otherwise the test proves nothing.
    refused = subprocess.run(["git", "status"], cwd=site.checkout, capture_output=True, text=True, check=False)
    assert "dubious ownership" in refused.stderr

    ended = site.run([GOOD_FIX])

    assert_right_commit(site, ended, base)
    assert (site.checkout / "calc.py").read_text() == CALC
    assert (site.checkout / "tests" / "test_calc.py").read_text() == CALC_TEST
    # Checks may leave files of their own; everything we write must belong to the owner.
    ours = (path for path in site.checkout.rglob("*") if path.name != "report.xml")
    strangers = [path for path in ours if path.lstat().st_uid != AGENT]
    assert strangers == [], "the owner of the checkout must be able to fetch into it and to clean it"


NO_CHECKS: dict[str, Any] = {"checks": {"commands": []}}


def test_a_sparse_checkout_leads_to_the_right_commit_and_stays_sparse(site: Site) -> None:
    git(site.checkout, "sparse-checkout", "set", "--no-cone", "/*", "!/tests/")
    base = git(site.checkout, "rev-parse", "HEAD").strip()

    ended = site.run([GOOD_FIX], NO_CHECKS)

    review = fetched(site, ended)
    assert git(review, "diff", "--name-status", base, "HEAD").split() == ["M", "calc.py", "M", "tests/test_calc.py"]
    assert not (site.checkout / "tests").exists()
    assert git(site.checkout, "status", "--porcelain") == ""
    assert len(ended.conversation()) == 1
    assert "`tests/test_calc.py` +3" in description(site, ended)


def test_files_behind_a_filter_are_named_never_shown_and_refused_before_any_check(site: Site) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"
    (site.checkout / ".gitattributes").write_text("*.csv filter=lfs -text\n")
    (site.checkout / "calc.csv").write_text(pointer)
    git(site.checkout, "add", ".")
    git(site.checkout, "commit", "-q", "-m", "Data")
    spoilt = GOOD_FIX + "```\ncalc.csv\n<<<<<<< WHOLE\na,b\n>>>>>>> WHOLE\n```\n"

    ended = site.run([spoilt, GOOD_FIX])

    first, second = ended.conversation()
    named = first["request"]["messages"][0]["text"].partition("neither change nor add one:")[2]
    assert "*.csv" in named.partition("\n\n")[0]
    assert "git-lfs.github.com" not in json.dumps([first, second])
    assert "calc.csv is stored through the git filter" in json.dumps(second["request"])
    assert ended.kind == "delivered", ended.finished.outcome
    assert (fetched(site, ended) / "calc.csv").read_text() == pointer


def test_the_pull_request_says_which_new_file_is_ignored_like_its_neighbours(site: Site) -> None:
    (site.checkout / "report.xml").write_text("<kept/>\n")
    git(site.checkout, "add", "--force", "report.xml")
    (site.checkout / ".gitignore").write_text("*.xml\n__pycache__/\n")
    git(site.checkout, "add", ".")
    git(site.checkout, "commit", "-q", "-m", "Keep a report")

    ended = site.run([GOOD_FIX + "```\nmore.xml\n<<<<<<< WHOLE\n<more/>\n>>>>>>> WHOLE\n```\n"], NO_CHECKS)

    assert "`more.xml` added, although .gitignore excludes it" in description(site, ended)


@pytest.mark.parametrize(("folder", "near"), [("nope", ""), ("Tests", " Did you mean tests?"), ("calc.py", "")])
def test_a_project_folder_that_is_not_there_is_found_before_the_model_is_paid(
    site: Site, folder: str, near: str
) -> None:
    ended = site.run([GOOD_FIX], {"project": {"folder": folder}})
    assert ended.finished.outcome.exit_code == 2
    assert ended.finished.outcome.sentence == f"The repository has no folder {folder} with files in it.{near}"
    assert not (ended.folder / "conversation.jsonl").exists()
