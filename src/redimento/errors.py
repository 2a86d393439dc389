"""All errors that users can see: a complete sentence, a remedy, an exit code.

RedimentoError                1  a bug of ours if raised directly
├── UsageError                2  wrong use: an option, a file, not a repository
│   └── SettingsError         2  `.redimento.yml` is wrong; lists all problems
├── AzureError                3  Azure DevOps refused or failed
│   ├── SignInError           3  the token is missing, expired or not accepted
│   ├── PermissionMissingError 3 the identity lacks a permission
│   ├── NotThereError         3  does not exist, or is not visible
│   └── ConflictError         3  somebody else changed it first (409, 412)
├── GitError                  3  git, or the server behind it, refused or failed
├── ModelError                4  the model refused or failed (models/port.py)
├── LimitError                5  money, tokens or time ended the run
├── HostileCheckError         5  a check attacked the process that watches it
└── DiffersError              6  a replayed run is not the run that was recorded
"""

from __future__ import annotations

from typing import ClassVar


class RedimentoError(Exception):
    """An expected failure: `sentence` describes it, `remedy` is what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence, remedy)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class UsageError(RedimentoError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class SettingsError(UsageError):
    """The settings file is wrong; `problems` has one complete line for each mistake."""

    def __init__(self, sentence: str, remedy: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(sentence, remedy)
        self.problems = problems


class AzureError(RedimentoError):
    """Azure DevOps refused or failed; `status` is the HTTP status, 0 if there was no answer."""

    exit_code = 3

    def __init__(self, sentence: str, remedy: str = "", *, status: int = 0, type_key: str = "") -> None:
        super().__init__(sentence, remedy)
        self.status = status
        self.type_key = type_key


class SignInError(AzureError):
    """The token is missing, expired or not accepted."""


class PermissionMissingError(AzureError):
    """The identity is known but lacks a permission."""


class NotThereError(AzureError):
    """It does not exist, or the identity may not see it: Azure does not reveal which."""


class ConflictError(AzureError):
    """Somebody else changed it first."""


class GitError(RedimentoError):
    """git, or the server behind it, refused or failed."""

    exit_code = 3


class LimitError(RedimentoError):
    """A limit on money, tokens or time ended the run."""

    exit_code = 5


class HostileCheckError(RedimentoError):
    """A check attacked the process that watches it: nothing that it or a later one says can be believed."""

    exit_code = 5


class DiffersError(RedimentoError):
    """A run that is replayed asks for something that the recorded one did not ask for."""

    exit_code = 6
