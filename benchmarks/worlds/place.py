"""The organisation of a world, the machines of its agents, and what can be seen of both."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from benchmarks.worlds.gate import Gate
from benchmarks.worlds.world import WRONG, World
from devops_emulator.server import Emulator, running
from devops_emulator.store import Store

ADA, MALLORY = "ada@example.com", "mallory@example.com"
ITEM = "7"
_COMMENTS = "7.1-preview.4"
_IDENTITY = ("-c", "user.name=Ada", "-c", f"user.email={ADA}", "-c", "init.defaultBranch=main", "-c", "gc.auto=0")
_QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
CODE = "def add(a, b):\n    return a - b\n"

Json = dict[str, Any]


class GitFailedError(Exception):
    """Git refused what a person wanted."""


def git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    """Run git in `folder` and return what it prints; raise GitFailedError."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **_QUIET, **(more or {})}
    done = subprocess.run(
        ["git", *_IDENTITY, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise GitFailedError(done.stderr)
    return done.stdout.strip()


@dataclass(frozen=True)
class Seen:
    """What a person sees of the organisation: the item, its comments, all pull requests, branches, and pushes."""

    item: Json
    comments: list[Json]
    pulls: dict[int, Json]
    heads: dict[str, str]
    pushes: list[Json]
    statuses: dict[int, list[Json]]

    def links(self, kind: str) -> list[str]:
        """Return the addresses of the item's links that begin with `kind`."""
        return [row["url"] for row in self.item.get("relations") or () if row["url"].startswith(kind)]


@dataclass
class Place:
    """A running organisation. `job` is the id of the job's account."""

    folder: Path
    emulator: Emulator
    gate: Gate
    store: Store
    session: requests.Session
    job: str = ""
    pristine: dict[Path, str] = field(default_factory=dict)
    at: dict[Path, str] = field(default_factory=dict)

    @cached_property
    def variables(self) -> dict[str, str]:
        return self.emulator.environment["calc"]

    @property
    def clock(self) -> Path:
        """The file that says how wrong the clocks of all agents are."""
        return self.folder / "clock"

    def set_clock(self, seconds: float) -> None:
        """Let the clocks of all agents, also of runs that go on, be wrong by so many seconds."""
        with self.clock.open("r+b" if self.clock.exists() else "wb") as stream:
            stream.write(WRONG.pack(seconds))

    @cached_property
    def server(self) -> Path:
        """The repository on the server's disk."""
        return self.folder / "organisation" / "repositories" / f"{self.variables['BUILD_REPOSITORY_ID']}.git"

    def ask(self, method: str, path: str, body: Any = None, *, who: str = ADA, **options: Any) -> Any:
        """Send a request as a person and return the JSON answer, None if it was refused."""
        patch = path.startswith("_apis/wit/workitems/") and method == "PATCH"
        headers = {
            "Authorization": f"Bearer {self.emulator.tokens.get(who) or who}",
            "Content-Type": "application/json-patch+json" if patch else "application/json",
        }
        query = {"api-version": options.pop("version", "7.1"), **options}
        url = f"{self.emulator.url}Shop/{path}"
        answer = self.session.request(method, url, params=query, json=body, headers=headers, timeout=60)
        return (answer.json() if answer.content else {}) if answer.ok else None

    def look(self) -> Seen:
        """Return what can be seen now."""
        repository = "_apis/git/repositories/calc"
        rows = self.ask("GET", f"{repository}/pullrequests", **{"searchCriteria.status": "all"})["value"]
        numbers = sorted(row["pullRequestId"] for row in rows)
        heads = self.ask("GET", f"{repository}/refs", filter="heads/")["value"]
        options: Json = {"searchCriteria.includeRefUpdates": "true", "$top": "1000"}
        return Seen(
            self.ask("GET", f"_apis/wit/workitems/{ITEM}", **{"$expand": "all"}),
            self.ask("GET", f"_apis/wit/workItems/{ITEM}/comments", version=_COMMENTS)["comments"],
            {number: self.ask("GET", f"{repository}/pullrequests/{number}") for number in numbers},
            {row["name"].removeprefix("refs/heads/"): row["objectId"] for row in heads},
            self.ask("GET", f"{repository}/pushes", **options)["value"],
            {number: self.ask("GET", f"{repository}/pullRequests/{number}/statuses")["value"] for number in numbers},
        )

    def threads(self, number: int) -> list[Json]:
        """Return the threads of a pull request."""
        rows: list[Json] = self.ask("GET", f"_apis/git/repositories/calc/pullRequests/{number}/threads")["value"]
        return rows

    def holds(self, tip: str, commit: str) -> bool:
        """Return whether `commit` is in the history of `tip`."""
        try:
            git(self.server, "merge-base", "--is-ancestor", commit, tip)
        except GitFailedError:
            return False
        return True

    def queue_build(self) -> str:
        """Let a build of the job's pipeline begin and return its number."""
        first = self.store.find("build", self.variables["BUILD_BUILDID"])
        assert first is not None
        with self.store.transaction():
            number = self.store.next_number("build")
            self.store.put("build", number, {**first, "id": number, "status": "inProgress", "buildNumber": str(number)})
        return str(number)

    def end_build(self, number: str) -> None:
        with self.store.transaction():
            build = self.store.find("build", number)
            self.store.put("build", number, {**(build or {}), "status": "completed", "result": "failed"})

    def signed_in(self, token: str) -> dict[str, str]:
        """Return what lets git sign in with a token."""
        url = self.variables["BUILD_REPOSITORY_URI"]
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {token}",
        }

    def check_out(self, agent: str) -> Path:
        """Check out main on a machine as an agent does: one commit, detached, nothing stored."""
        folder, main = self.folder / agent / "s", git(self.server, "rev-parse", "refs/heads/main")
        if self.at.get(folder) == main:
            return folder
        if folder not in self.at:
            folder.mkdir(parents=True)
            git(folder, "init", "--quiet")
            git(folder, "remote", "add", "origin", self.variables["BUILD_REPOSITORY_URI"])
        wanted = "+refs/heads/main:refs/remotes/origin/main"
        job = self.signed_in(self.emulator.token)
        git(folder, "fetch", "-q", "--no-tags", "--depth=1", "origin", wanted, more=job)
        git(folder, "checkout", "-q", "--force", "--detach", "refs/remotes/origin/main")
        self.at[folder], self.pristine[folder] = main, state_of(folder)
        return folder


def state_of(checkout: Path) -> str:
    """Return a digest of everything in a checkout but git's objects: files with their modes, index, HEAD, references."""
    digest = hashlib.sha256()
    for file in sorted(path for path in checkout.rglob("*") if not path.is_dir()):
        name = file.relative_to(checkout).as_posix()
        if name.startswith((".git/objects", ".git/shallow", ".git/FETCH_HEAD", ".git/logs")):
            continue
        digest.update(f"{name} {file.lstat().st_mode}\n".encode() + file.read_bytes())
    return digest.hexdigest()


@contextmanager
def settled(folder: Path, world: World) -> Iterator[Place]:
    """Provide the organisation of a world at its beginning."""
    origin, gate = folder / "origin", Gate()
    origin.mkdir()
    (origin / "calc.py").write_text(CODE)
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "A calculator")
    seed = {
        "project": "Shop",
        "process": "Agile",
        "people": [f"Ada <{ADA}>", f"Mallory <{MALLORY}>"],
        "repositories": [{"name": "calc", "from": str(origin), "deny": ["ForcePush"]}],
        "work_items": [{"id": int(ITEM), "type": "User Story", "fields": world.item}],
    }
    with (
        running(folder / "organisation", seed=seed, around=gate.around) as emulator,
        requests.Session() as session,
    ):
        gate.token = emulator.token
        store = Store(folder / "organisation" / "organisation.sqlite")
        try:
            place = Place(folder, emulator, gate, store, session)
            me = place.session.get(
                f"{emulator.url}_apis/connectionData", headers={"Authorization": f"Bearer {emulator.token}"}, timeout=60
            )
            place.set_clock(0)
            place.job = me.json()["authenticatedUser"]["id"]
            yield place
        finally:
            store.close()
