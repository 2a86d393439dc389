"""Where the settings of a pipeline come from: never from the branch that somebody had built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from redimento.events import Note
from tests.run.conftest import CALC, GOOD_FIX, Ended, Site, git
from tests.run.test_memory import push

HOSTILE_SETTINGS = "checks:\n  commands:\n    - name: nothing\n      run: 'true'\npull_request:\n  labels: [evil]\n"


def commit_settings(folder: Path, text: str) -> None:
    (folder / ".redimento.yml").write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Settings")


def notes(ended: Ended) -> list[str]:
    return [event.text for event in ended.events if isinstance(event, Note) and event.text.startswith("Settings")]


def run_in_pipeline(
    site: Site, built: str, monkeypatch: pytest.MonkeyPatch, config: Path | None = None, *, key: str = "never-used"
) -> Ended:
    """Run with the settings of the repository, as a pipeline that built a branch."""
    variables = site.emulator.environment["calc"]
    monkeypatch.setitem(variables, "TF_BUILD", "True")
    monkeypatch.setenv("GEMINI_API_KEY", key)
    monkeypatch.setitem(variables, "BUILD_SOURCEBRANCH", f"refs/heads/{built}")
    return site.run([], config=config)


def test_the_default_branch_names_the_target_and_the_target_has_the_settings(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = site.clone()
    commit_settings(clone, "work_items:\n  states: [Never]\npull_request:\n  target: next\n")
    push(clone, "main")
    commit_settings(clone, "work_items:\n  states: [Later]\npull_request:\n  target: elsewhere\n")
    push(clone, "next")

    ended = run_in_pipeline(site, "main", monkeypatch)

    assert [note.split(" at ")[0] for note in notes(ended)] == ["Settings: the default branch", "Settings: next"]
    assert "Later" in str(ended.finished.outcome)


def test_a_named_target_that_does_not_exist_is_a_mistake_in_the_settings(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = site.clone()
    commit_settings(clone, "pull_request:\n  target: gone\n")
    push(clone, "main")

    ended = run_in_pipeline(site, "main", monkeypatch)

    assert ended.finished.outcome.exit_code == 2
    assert "The target branch gone does not exist" in ended.finished.outcome.sentence


@pytest.mark.parametrize("name", ["settings/strict.yml", "settings/link.yml"])
def test_a_settings_file_that_the_pipeline_names_in_the_checkout_comes_from_the_target_too(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    outside = site.tmp / "hostile.yml"
    outside.write_text(HOSTILE_SETTINGS)
    (site.checkout / "settings").mkdir()
    (site.checkout / "settings" / "strict.yml").write_text(HOSTILE_SETTINGS)
    (site.checkout / "settings" / "link.yml").symlink_to(outside)
    clone = site.clone()
    (clone / "settings").mkdir()
    (clone / name).write_text("work_items:\n  states: [Never]\n")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "Settings")
    push(clone, "main")

    ended = run_in_pipeline(site, "main", monkeypatch, site.checkout / name)

    assert "Never" in str(ended.finished.outcome)


@pytest.mark.parametrize("on_main", [None, "pull_request:\n  labels: [good]\n"])
def test_a_built_branch_does_not_decide_with_its_own_settings(
    site: Site, monkeypatch: pytest.MonkeyPatch, on_main: str | None
) -> None:
    clone = site.clone()
    if on_main:
        commit_settings(clone, f"{on_main}work_items:\n  states: [Never]\n")
        push(clone, "main")
    commit_settings(clone, HOSTILE_SETTINGS)
    push(clone, "feature")
    url = site.environment["BUILD_REPOSITORY_URI"]
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {site.emulator.token}",
    }
    git(site.checkout, "fetch", "-q", "--depth=1", "origin", "feature", **header)
    git(site.checkout, "checkout", "-q", "--detach", "FETCH_HEAD")

    # The defaults admit the item: without a key the run ends before it would ask Google.
    ended = run_in_pipeline(site, "feature", monkeypatch, key="never-used" if on_main else "")

    (said,) = notes(ended)
    assert "the default branch at" in said
    assert ("the defaults" in said) is (on_main is None)
    if on_main:  # the state that these settings admit
        assert "Never" in str(ended.finished.outcome)


RULES = """
pull_request:
  target:
  - {when: {tag: Hotfix}, branch: release/1.0}
  - {when: {area: 'Shop\\Web', type: Bug}, branch: web}
"""


def test_an_item_chooses_its_target_by_rules_and_the_run_works_on_that_branch(organise: Callable[..., Site]) -> None:
    site = organise(**{"System.Tags": "hotfix; x"})
    clone = site.clone()
    (clone / "old.py").write_text("old = 1\n")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "Of the release")
    push(clone, "release/1.0")
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    (clone / "new.py").write_text("new = 1\n")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "Not for the release")
    push(clone, "main")
    wanted = {"checks": {"commands": [{"name": "old", "run": "test -f old.py && test ! -f new.py"}]}}
    ended = site.run([GOOD_FIX], {**wanted, **yaml.safe_load(RULES)})

    assert ended.kind == "delivered", ended.finished.outcome
    (pull,) = site.get("_apis/git/repositories/calc/pullrequests")["value"]
    assert pull["targetRefName"] == "refs/heads/release/1.0"
    branch = site.clone(ended.finished.outcome.branch)
    assert git(branch, "diff", "--name-only", "origin/release/1.0", "HEAD").split() == ["calc.py", "tests/test_calc.py"]
    assert (site.checkout / "calc.py").read_text() == CALC
    assert site.run([], {**wanted, **yaml.safe_load(RULES)}).kind == "skipped"


def test_an_item_that_no_rule_fits_goes_to_the_branch_that_was_built(site: Site) -> None:
    ended = site.run([GOOD_FIX], {"checks": {"commands": []}, **yaml.safe_load(RULES)})
    (pull,) = site.get("_apis/git/repositories/calc/pullrequests")["value"]
    assert (ended.kind, pull["targetRefName"]) == ("draft", "refs/heads/main")
