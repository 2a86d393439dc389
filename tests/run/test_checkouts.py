"""Checkouts as jobs find them: shallow, detached, and made by another account."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

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
