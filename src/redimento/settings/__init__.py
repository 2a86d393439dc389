"""The settings of one repository: the values here; `file` reads and describes `.redimento.yml`."""

from redimento.settings.values import (
    ChangeSettings,
    CheckCommand,
    CheckSettings,
    ContextSettings,
    ModelSettings,
    ProjectSettings,
    PullRequestSettings,
    Sdk,
    Settings,
    Thinking,
    UpdateSettings,
    WorkItemSettings,
)

__all__ = [
    "ChangeSettings",
    "CheckCommand",
    "CheckSettings",
    "ContextSettings",
    "ModelSettings",
    "ProjectSettings",
    "PullRequestSettings",
    "Sdk",
    "Settings",
    "Thinking",
    "UpdateSettings",
    "WorkItemSettings",
]
