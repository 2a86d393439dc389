"""The settings of one repository. `file` reads and writes `.redimento.yml`."""

from redimento.settings.values import (
    AuthoringSettings,
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
    VertexSettings,
    WorkItemSettings,
)

__all__ = [
    "AuthoringSettings",
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
    "VertexSettings",
    "WorkItemSettings",
]
