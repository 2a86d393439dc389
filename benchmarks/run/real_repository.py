"""Let a run fix a real bug in a third-party repository, and judge the commit that it pushes.

inflection 0.5.1 raises IndexError for `camelize("", False)`. The work item reports it, a recorded answer fixes it, and the
project's tests are the check. Afterwards the pushed branch is fetched into a new clone: it must be one commit on top of the
old one, change two files and pass all tests, and its new test must fail on the old code. The second run has a checkout that
belongs to another user (needs root), as when an agent checks out and its container runs as root.

python -m benchmarks.run.real_repository
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from benchmarks.run.organisation import ITEM, Organisation, commit_all, git, organised

RELEASE = "inflection==0.5.1"
OTHER_USER = 1001  # the usual uid of an Azure agent on the host
STORY = {
    "System.Title": "camelize fails on an empty string when the first letter shall be lower",
    "System.Description": '<div><code>inflection.camelize("", False)</code> raises IndexError.</div>',
    "Microsoft.VSTS.Common.AcceptanceCriteria": '<ul><li><code>camelize("", False)</code> is an empty string.</li></ul>',
}
ANSWER = """```json
{"summary": "camelize returns an empty string for an empty string, with a lower first letter as well.",
 "criteria": [{"id": 1, "status": "done", "tests": ["test_inflection.py::test_camelize_empty_string_with_lower_first_letter"]}]}
```
```python
inflection/__init__.py
<<<<<<< SEARCH
        return string[0].lower() + camelize(string)[1:]
=======
        return string[:1].lower() + camelize(string)[1:]
>>>>>>> REPLACE
```
```python
test_inflection.py
<<<<<<< SEARCH
def test_camelize_with_underscores():
=======
def test_camelize_empty_string_with_lower_first_letter():
    assert "" == inflection.camelize("", False)


def test_camelize_with_underscores():
>>>>>>> REPLACE
```
"""
TESTS = "python3 -m pytest -q -p no:cacheprovider --junitxml=report.xml"
SETTINGS = {"checks": {"isolation": "process", "commands": [{"name": "tests", "run": TESTS, "junit": "report.xml"}]}}


def main() -> None:
    """Run with both checkouts and print the findings."""
    with tempfile.TemporaryDirectory(prefix="redimento-real-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        origin = _download(folder)
        recording, config = folder / "answer.md", folder / "settings.yml"
        recording.write_text(ANSWER)
        config.write_text(json.dumps({**SETTINGS, "model": {"sdk": "recorded", "recording": str(recording)}}))
        owners: dict[str, int | None] = {"own": None}
        if os.geteuid() == 0:
            owners["other"] = OTHER_USER
        else:
            print("not root: skipping the checkout of another user")
        for owner, uid in owners.items():
            with organised(folder / owner, origin, STORY) as organisation:
                print(f"checkout of {owner} user: {_run(organisation, config, uid)}")


def _download(folder: Path) -> Path:
    """Return a git repository with the released sources."""
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, "--no-deps", "--no-binary=:all:", "--dest", str(folder), RELEASE], check=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder / "release", filter="data")
    origin = next((folder / "release").iterdir())
    commit_all(origin)
    return origin


def _run(organisation: Organisation, config: Path, uid: int | None) -> str:
    checkout = organisation.checkout("job", uid=uid)
    assert checkout.stat().st_uid == (os.geteuid() if uid is None else uid)
    command = ("run", "--work-item", ITEM, "--repo", str(checkout), "--config", str(config), "--json")
    environment = organisation.environment("job")
    done = subprocess.run(
        [sys.executable, "-m", "redimento", *command], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    outcome = json.loads(done.stdout)
    assert outcome["outcome"] == "delivered", outcome
    # The project does not ignore what its tests leave behind (report.xml, bytecode); the commit must not contain it.
    assert (_git_as_owner(checkout, uid, "status", "--porcelain", "--untracked-files=no")) == "", (
        "the checkout has changed"
    )
    return f"{outcome['sentence']} {_judge(organisation, checkout, outcome, uid)}"


def _judge(organisation: Organisation, checkout: Path, outcome: dict[str, str], uid: int | None) -> str:
    """Fetch the pushed branch as a reviewer would. Raises AssertionError unless it has the right commit."""
    base = _git_as_owner(checkout, uid, "rev-parse", "HEAD")
    review = organisation.folder / "review"
    review.mkdir()
    organisation.fetch(review, outcome["branch"], depth=2)
    assert git(review, "rev-parse", "HEAD").strip() == outcome["commit"]
    assert git(review, "rev-parse", "HEAD^").strip() == base
    changed = git(review, "diff", "--name-only", "HEAD^", "HEAD").split()
    assert changed == ["inflection/__init__.py", "test_inflection.py"], changed
    assert _tests(review) == 0
    git(review, "checkout", "--quiet", "HEAD^", "--", "inflection")
    assert _tests(review) == 1, "the new test passes on the old code"
    lines = git(review, "diff", "--shortstat", "HEAD^", outcome["commit"]).strip()
    return f"{outcome['commit'][:12]} on top of {base[:12]}: {lines}; its test fails on the old code and passes on the new."


def _tests(folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=folder, capture_output=True, check=False
    ).returncode


def _git_as_owner(checkout: Path, uid: int | None, *arguments: str) -> str:
    return git(checkout, *arguments, more={"HOME": str(checkout)}, uid=uid).strip()


if __name__ == "__main__":
    main()
