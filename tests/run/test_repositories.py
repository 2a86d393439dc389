"""Which repository a run works on: that of its checkout, and the one that a rule chooses among several."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.run.conftest import GOOD_FIX, Ended, Site, agent_checkout, git, write_sample
from tests.run.test_memory import push
from tests.run.test_settings_source import commit_settings, run_in_pipeline

BY_TAG: dict[str, Any] = {
    "repositories": [{"when": {"tag": "web"}, "path": "web"}, {"when": {"area": "Shop\\Calc"}, "path": "s"}]
}
Organise = Callable[..., Site]


def multi(organise: Organise, tmp_path: Path, *, tags: str = "", deny: tuple[str, ...] = ()) -> Site:
    """A job with two checkouts, `s` of its own repository and `web`."""
    web = write_sample(tmp_path / "web-origin")
    (web / "only-web.txt").write_text("web\n")
    git(web, "add", ".")
    git(web, "commit", "-q", "-m", "Web")
    repositories = [
        {"name": "calc", "from": str(tmp_path / "origin")},
        {"name": "web", "from": str(web), "deny": list(deny)},
    ]
    site = organise({"repositories": repositories}, **{"System.Tags": tags})
    agent_checkout(site.emulator, site.checkout.parent / "web", "web" if not deny else "calc")
    site.variables["BUILD_SOURCESDIRECTORY"] = str(site.checkout.parent)
    return site


def pull_requests(site: Site, repository: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = site.get(f"_apis/git/repositories/{repository}/pullrequests")["value"]
    return rows


def comments(site: Site) -> list[str]:
    found = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    return [comment["text"] for comment in found]


def nothing_was_paid(ended: Ended) -> bool:
    return ended.finished.spent.calls == 0 and not (ended.folder / "conversation.jsonl").exists()


def test_a_checkout_of_another_repository_is_refused(organise: Organise, tmp_path: Path) -> None:
    site = multi(organise, tmp_path)

    ended = site.run([GOOD_FIX], repo=site.checkout.parent / "web")

    assert ended.finished.outcome.exit_code == 2
    assert "is of the repository web, but this job would push to calc" in ended.finished.outcome.sentence
    assert "checkout: self" in ended.finished.outcome.remedy
    assert nothing_was_paid(ended)
    assert pull_requests(site, "calc") == pull_requests(site, "web") == []


@pytest.mark.parametrize("origin", ["https://github.com/contoso/calc", "/srv/git/calc.git", "", "git@host:calc.git"])
def test_a_checkout_from_elsewhere_is_refused(site: Site, origin: str) -> None:
    git(site.checkout, "remote", "set-url", "origin", origin) if origin else git(
        site.checkout, "remote", "remove", "origin"
    )

    ended = site.run([GOOD_FIX])

    assert ended.finished.outcome.exit_code == 2
    assert "is not of a repository in" in ended.finished.outcome.sentence
    assert nothing_was_paid(ended)


def test_the_own_repository_may_have_another_address(site: Site) -> None:
    project = site.emulator.projects["Shop"]
    address = site.emulator.url.replace("http://", "http://someone@")
    git(
        site.checkout, "remote", "set-url", "origin", f"{address}{project['id']}/_git/{project['repositories']['calc']}"
    )

    ended = site.run([GOOD_FIX])

    assert ended.kind == "delivered", ended.finished.outcome


def test_a_rule_chooses_the_repository_whose_settings_and_branches_count(organise: Organise, tmp_path: Path) -> None:
    site = multi(organise, tmp_path, tags="Web; urgent")

    ended = site.run([GOOD_FIX], BY_TAG)

    assert ended.kind == "delivered", ended.finished.outcome
    (row,) = pull_requests(site, "web")
    assert row["targetRefName"] == "refs/heads/main"
    assert pull_requests(site, "calc") == []
    item = site.get("_apis/wit/workitems/7", query={"$expand": "relations"})
    web = site.emulator.projects["Shop"]["repositories"]["web"]
    assert [link["url"] for link in item["relations"]] == [
        f"vstfs:///Git/PullRequestId/{site.emulator.projects['Shop']['id']}%2F{web}%2F{row['pullRequestId']}"
    ]
    assert "/_git/web/pullrequest/" in ended.finished.outcome.pull_request_url
    again = site.run([], BY_TAG)
    assert again.kind == "skipped"
    assert "already answers this work item" in again.finished.outcome.sentence


def test_the_chosen_repository_has_its_own_settings_but_not_its_own_admission(
    organise: Organise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = multi(organise, tmp_path, tags="web")
    clone = site.clone()
    commit_settings(clone, "work_items: {states: [Never]}\nrepositories:\n  - {when: {tag: web}, path: web}\n")
    push(clone, "main")
    url = site.emulator.environment["web"]["BUILD_REPOSITORY_URI"]
    header = f"http.{url}.extraheader=AUTHORIZATION: bearer {site.emulator.tokens['mallory@example.com']}"
    web = site.tmp / "clone-of-web"
    git(site.tmp, "clone", "-q", "--config", header, url, str(web))
    commit_settings(web, "pull_request: {target: nowhere}\nwork_items: {states: [Active]}\n")
    push(web, "main")

    ended = run_in_pipeline(site, "main", monkeypatch)

    assert ended.kind == "skipped"
    assert "Never" in ended.finished.outcome.sentence
    commit_settings(clone, "repositories:\n  - {when: {tag: web}, path: web}\n")
    push(clone, "main")
    admitted = run_in_pipeline(site, "main", monkeypatch)
    assert "The target branch nowhere does not exist" in admitted.finished.outcome.sentence


def test_an_item_that_no_rule_fits_gets_a_question_once(organise: Organise, tmp_path: Path) -> None:
    site = multi(organise, tmp_path)

    ended = site.run([GOOD_FIX], BY_TAG)

    assert ended.kind == "questions"
    assert ended.finished.outcome.questions == (
        "Does it belong to web? Then it needs the tag web.",
        "Does it belong to s? Then it needs the area path Shop\\Calc.",
    )
    assert nothing_was_paid(ended)
    (comment,) = comments(site)
    assert "Then it needs the tag web." in comment
    assert "Give the work item an area path, a tag or a field" in comment
    assert site.run([], BY_TAG).kind == "skipped"
    assert comments(site) == [comment]
    tag = [{"op": "add", "path": "/fields/System.Tags", "value": "web"}]
    patch = "application/json-patch+json"
    site.client().write("PATCH", "_apis/wit/workitems/7", body=tag, content_type=patch)
    decided = site.run([GOOD_FIX], BY_TAG)
    assert decided.kind == "delivered", decided.finished.outcome
    assert len(pull_requests(site, "web")) == 1


def test_a_repository_that_the_token_may_not_see_is_refused_with_the_scope(organise: Organise, tmp_path: Path) -> None:
    site = multi(organise, tmp_path, deny=("GenericRead",), tags="web")
    address = site.emulator.environment["calc"]["BUILD_REPOSITORY_URI"].replace("/calc", "/web")
    git(site.checkout.parent / "web", "remote", "set-url", "origin", address)

    ended = site.run([GOOD_FIX], BY_TAG)

    assert ended.finished.outcome.exit_code == 3
    assert "The repository web does not exist, or this job may not read it." in ended.finished.outcome.sentence
    for word in ("Protect access to repositories in YAML pipelines", "Limit job authorization scope", "checkout:"):
        assert word in ended.finished.outcome.remedy
    assert nothing_was_paid(ended)


def test_a_rule_for_a_checkout_that_is_missing_is_refused(organise: Organise, tmp_path: Path) -> None:
    site = multi(organise, tmp_path)
    agent_checkout(site.emulator, tmp_path / "of another job", "web")
    (site.checkout / "link").symlink_to(tmp_path / "of another job")

    for path in ("gone", "s/tests", "s/link", "WEB"):
        ended = site.run([GOOD_FIX], {"repositories": [{"path": path}]})
        assert ended.finished.outcome.exit_code == 2
        assert "There is no checkout at" in ended.finished.outcome.sentence
        assert nothing_was_paid(ended)


IN_FOLDER = re.sub(r"(?<![\w/.])(calc\.py\n|tests/test_calc\.py)", r"services/calc/\1", GOOD_FIX)
SPOILT = IN_FOLDER + "```\nservices/other/calc.py\n<<<<<<< WHOLE\nx = 1\n>>>>>>> WHOLE\n```\n"


@pytest.fixture
def monorepo(organise: Organise, tmp_path: Path) -> Site:
    """A repository with two projects, and its settings outside of it."""
    site = organise(**{"System.AreaPath": "Shop\\Calc\\Core"})
    clone = site.clone()
    for name in ("calc", "other"):
        folder = clone / "services" / name
        (folder / "tests").mkdir(parents=True)
        for path in ("calc.py", "run_tests.py", "tests/__init__.py", "tests/test_calc.py"):
            (folder / path).write_bytes((clone / path).read_bytes())
    for path in ("calc.py", "run_tests.py", "tests/__init__.py", "tests/test_calc.py"):
        (clone / path).unlink()
    (clone / "AGENTS.md").write_text("Rules of the whole.\n")
    (clone / "services" / "calc" / "AGENTS.md").write_text("Rules of the calculator.\n")
    git(clone, "add", "--all", ".")
    git(clone, "commit", "-q", "-m", "Two projects")
    push(clone, "main")
    site.checkout = agent_checkout(site.emulator, tmp_path / "agent" / "mono")
    return site


def test_a_rule_narrows_context_change_and_checks_to_a_folder(monorepo: Site) -> None:
    settings = {
        "repositories": [{"when": {"area": "Shop\\Calc"}, "folder": "services/calc"}, {"folder": "services/other"}],
        "checks": {
            "commands": [
                {
                    "name": "tests",
                    "run": ["python3", "run_tests.py"],
                    "junit": "report.xml",
                    "paths": ["services/calc/"],
                },
                {"name": "others", "run": "exit 1", "paths": ["services/other/"]},
            ]
        },
    }

    ended = monorepo.run([SPOILT, IN_FOLDER], settings)

    assert ended.kind == "delivered", ended.finished.outcome
    first, second = ended.conversation()
    shown = first["request"]["messages"][0]["text"]
    assert "The project is in the folder services/calc: change nothing outside of it." in shown
    assert "services/other" not in shown
    assert "Rules of the whole." in shown
    assert "Rules of the calculator." in shown
    assert "services/other/calc.py is outside of services/calc" in second["request"]["messages"][0]["text"]
    report = ended.finished.report
    assert report is not None
    assert [check.name for check in report.checks] == ["tests"]
    assert [criterion.standing for criterion in report.criteria] == ["proved"]


def test_one_rule_without_conditions_is_for_the_rest(monorepo: Site) -> None:
    rules = [{"when": {"field": {"Custom.Part": "x"}}, "folder": "services/other"}, {"folder": "services/calc"}]

    ended = monorepo.run([IN_FOLDER], {"repositories": rules})

    assert ended.kind == "delivered", ended.finished.outcome
