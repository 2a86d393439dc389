"""The settings of one repository as values; `file.py` reads them from `.redimento.yml`.

A test keeps the defaults here equal to those of the schema.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Literal

Thinking = Literal["minimal", "low", "medium", "high", "xhigh"]
Tier = Literal["standard", "flex"]
Sdk = Literal["google-genai", "google-generativeai", "recorded"]


@dataclass(frozen=True)
class WorkItemSettings:
    """Which work items may start a run, where an empty tuple means any, and what is read of them."""

    types: tuple[str, ...] = (
        "User Story", "Product Backlog Item", "Requirement", "Change Request", "Issue", "Task", "Bug",
    )  # fmt: skip
    states: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    max_runs: int = 20
    max_cost_usd: float = 20.0


@dataclass(frozen=True)
class ProjectSettings:
    """What the model is told about the project. `language` "": detected from the files; `folder` "": the whole repository."""

    folder: str = ""
    language: str = ""
    framework: str = ""
    architecture: str = ""
    conventions: tuple[str, ...] = (
        "AGENTS.md", "CLAUDE.md", "GEMINI.md", ".github/copilot-instructions.md", "CONTRIBUTING.md", ".editorconfig",
        "docs/adr/",
    )  # fmt: skip


@dataclass(frozen=True)
class ContextSettings:
    """How much of the repository the model sees, and which files it never sees."""

    budget_tokens: int = 60_000
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class VertexSettings:
    """Where Vertex AI runs the model. `project` "": not on Vertex AI, unless the environment names a project."""

    project: str = ""
    location: str = "global"


@dataclass(frozen=True)
class ModelSettings:
    """The model, and the limits of one run."""

    sdk: Sdk = "google-genai"
    name: str = "gemini-3.8-flash"
    thinking: Thinking = "medium"
    tier: Tier = "standard"
    base_url: str = ""
    vertex: VertexSettings = VertexSettings()
    max_output_tokens: int = 32_768
    call_timeout_seconds: int = 900
    candidates: int = 1
    max_cost_usd: float = 2.0
    max_cost_usd_per_day: float | None = None
    max_cost_usd_per_month: float | None = None
    max_tokens: int = 2_000_000
    max_minutes: int = 45
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    keep_answers_seconds: int = 3600
    recording: str = ""
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    allow_prompt_storage: bool = False


@dataclass(frozen=True)
class AuthoringSettings:
    """How the model works on a change. `notebook_tokens` None: as many as `context.budget_tokens`."""

    notebook_tokens: int | None = None
    reproduce: Literal["auto", "always", "never"] = "auto"


@dataclass(frozen=True)
class CheckCommand:
    """One check. `run`: a list is executed directly, a string by `bash -c`."""

    name: str
    run: str | tuple[str, ...]
    timeout_seconds: int = 600
    required: bool = True
    junit: str = ""
    paths: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str:
        return self.run if isinstance(self.run, str) else shlex.join(self.run)


@dataclass(frozen=True)
class CheckSettings:
    """The commands that verify a change, and their isolation."""

    setup: tuple[str, ...] = ()
    commands: tuple[CheckCommand, ...] = ()
    isolation: Literal["auto", "process", "user"] = "auto"
    network: bool = True
    pass_env: tuple[str, ...] = ()
    baseline: bool = True
    repair_rounds: int = 10


@dataclass(frozen=True)
class ChangeSettings:
    """Which files a change may touch, and how much it may change."""

    max_files: int = 20
    max_added_lines: int = 2_000
    max_deleted_lines: int = 1_000
    max_shrink_percent: int = 60
    max_file_bytes: int = 1_000_000
    protected: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reviewer:
    """Somebody, or a group, who is asked to review: a mail address, a name or an id."""

    name: str
    required: bool = False


@dataclass(frozen=True)
class AutoComplete:
    """How Azure Repos completes a pull request once its policies are met. `merge` "auto": as the policy wants it."""

    merge: Literal["auto", "noFastForward", "squash", "rebase", "rebaseMerge"] = "auto"
    delete_branch: bool = True


@dataclass(frozen=True)
class Condition:
    """Which items a rule is for: those for which all that is given holds. `field`: values by reference name."""

    area: str = ""
    iteration: str = ""
    type: str = ""
    tag: str = ""
    field: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetRule:
    """The branch for the items that fit. Without conditions every item does."""

    branch: str
    when: Condition = Condition()


@dataclass(frozen=True)
class PullRequestSettings:
    """The branch and the pull request. `target` "": the branch of the checkout. `auto_complete` None: never."""

    branch: str = "redimento/{id}-{slug}"
    target: str | tuple[TargetRule, ...] = ""
    title: str = "{title}"
    commits_of_others: Literal["add", "stop"] = "add"
    remarks: Literal["addressed", "all"] = "addressed"
    resolve_threads: bool = False
    labels: tuple[str, ...] = ("redimento",)
    reviewers: tuple[Reviewer, ...] = ()
    auto_complete: AutoComplete | None = None
    status: bool = False
    co_author: bool = False
    author_name: str = "Redimento"
    author_email: str = "redimento@noreply.invalid"


@dataclass(frozen=True)
class UpdateSettings:
    """What is written back to the work item. A state of "" leaves it unchanged, a tag of "" is not set."""

    comment: bool = True
    state_started: str = ""
    state_delivered: str = ""
    state_questions: str = ""
    tag_started: str = ""
    tag_delivered: str = ""
    tag_questions: str = ""


@dataclass(frozen=True)
class RepositoryRule:
    """Where items belong: `path` is a checkout ("" for this repository), `folder` a project in it ("" for all of it)."""

    when: Condition = Condition()
    path: str = ""
    folder: str = ""


@dataclass(frozen=True)
class Settings:
    language: Literal["en", "pt-BR"] = "en"  # of what a run writes for the team
    record: Literal["full", "summary", "none"] = "full"  # what stays in the run folder
    work_items: WorkItemSettings = WorkItemSettings()
    repositories: tuple[RepositoryRule, ...] = ()
    project: ProjectSettings = ProjectSettings()
    context: ContextSettings = ContextSettings()
    model: ModelSettings = ModelSettings()
    authoring: AuthoringSettings = AuthoringSettings()
    checks: CheckSettings = CheckSettings()
    change: ChangeSettings = ChangeSettings()
    pull_request: PullRequestSettings = PullRequestSettings()
    updates: UpdateSettings = UpdateSettings()
