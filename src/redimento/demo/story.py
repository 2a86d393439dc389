"""Tell what happened, from the work item to what to do next, by looking at the organisation as a person would."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.text import Text

from redimento.azure.client import AzureClient
from redimento.azure.comments import listed
from redimento.errors import GitError
from redimento.reporting.terminal import diff
from redimento.text.foreign import neutralise
from redimento.work_items.rich_text.html import to_markdown

_FIELDS = ("System.Description", "Microsoft.VSTS.Common.AcceptanceCriteria")
_GIT = (
    "git", "-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", "-c", "init.defaultBranch=main",
    "-c", "advice.detachedHead=false",
)  # fmt: skip


@dataclass(frozen=True)
class Story:
    """Each part prints a chapter. `checkout` is that of the agent, and stands at the commit before the run."""

    console: Console
    client: AzureClient
    project: str
    checkout: Path

    def chapter(self, title: str) -> None:
        self.console.print()
        self.console.print(Rule(Text(title, style="bold")))

    def item(self, number: int) -> None:
        fields = self.client.get(f"_apis/wit/workitems/{number}", project=self.project)["fields"]
        self.chapter(f"{fields['System.WorkItemType']} {number} on the board, in state {fields['System.State']}")
        self.console.print(Text(fields["System.Title"], style="bold"))
        for name in _FIELDS:
            self.console.print(Markdown(to_markdown(fields.get(name, ""))))

    def code(self, path: str) -> None:
        self.chapter(f"The code before: {path}")
        self._print(Text((self.checkout / path).read_text("utf-8")))

    def change(self, outcome: Mapping[str, Any], repository: str) -> None:
        """Show the reproduction, the diff, and the pull request with its proof."""
        path = f"_apis/git/repositories/{repository}/pullrequests/{outcome['pullRequestId']}"
        pull_request = self.client.get(path, project=self.project)
        for test in self._reproductions(outcome):
            self.chapter("The reproduction: a test that fails on the code before")
            self._print(Text(neutralise(test)))
        self.chapter("The change")
        self._print(diff(git(self.checkout, "diff", "HEAD", outcome["commit"])))
        state = "draft" if pull_request["isDraft"] else "ready for review"
        self.chapter(f"Pull request {pull_request['pullRequestId']} ({state}), with the proof")
        self.console.print(Text(pull_request["title"], style="bold"))
        self.console.print(Markdown(pull_request["description"]))

    def comment(self, number: int) -> None:
        """Show the last comment on the item, which is the run's."""
        *_, last = listed(self.client, self.project, number)
        self.chapter("What the run says on the board")
        self.console.print(Markdown(to_markdown(last["text"])))

    def next(self, outcome: Mapping[str, Any], folder: Path) -> None:
        beside = Path(sys.executable).parent / "redimento"
        program = [str(beside)] if beside.exists() else [sys.executable, "-m", "redimento"]
        self.chapter("What to do next")
        for purpose, words in (
            ("Read the whole run in a browser:", Path(outcome["runFolder"], "report.html").as_uri()),
            (
                "Serve the organisation again, and look around with its API:",
                shlex.join([*program, "emulator", "--folder", str(folder / "organisation")]),
            ),
            (
                "Write settings for a repository of yours, in its folder:",
                shlex.join([*program, "init"]),
            ),
        ):
            self._print(Text(f"{purpose}\n  {words}"))
        self._print(Text("docs/local.md says how to run it there, and docs/start.md how to put it into Azure DevOps."))

    def _print(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)  # nothing that a person may copy is broken into lines

    def _reproductions(self, outcome: Mapping[str, Any]) -> Iterator[str]:
        """Yield the source of the tests in the commit that were written before the change."""
        record = json.loads(Path(outcome["runFolder"], "record.json").read_text("utf-8"))
        wanted = {test.rpartition("::")[2] for one in record["candidates"][:1] for test in one["reproduction"]}
        for path in git(self.checkout, "diff", "--name-only", "HEAD", outcome["commit"], "--", "*.py").splitlines():
            with suppress(SyntaxError, GitError):  # a draft may hold anything, or have deleted the file
                source = git(self.checkout, "show", f"{outcome['commit']}:{path}")
                for node in ast.walk(ast.parse(source)):
                    if isinstance(node, ast.FunctionDef) and node.name in wanted:
                        yield ast.get_source_segment(source, node) or ""


def git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> str:
    """Run git as a person who has no settings would."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(  # noqa: S603  our own arguments
        [*_GIT, *arguments], cwd=folder, env={**kept, **(more or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise GitError(f"git {arguments[0]} failed: {done.stderr.strip()}", "The demo needs git 2.38 or newer.")
    return done.stdout
