"""A plan: what is there, what would change and why, one step each; and carrying it out, whatever of it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from redimento.errors import AzureError, NotThereError, PermissionMissingError, SignInError

Change = Literal["keep", "create", "change", "remove", "by hand"]
Looked = Sequence["Step"]


@dataclass(frozen=True)
class Step:
    """One line of a plan. `page` is where a person sees or changes it; `act` brings it about, and may return a better page.

    A change without `act` waits for something that an earlier step makes.
    """

    what: str
    change: Change
    why: str
    page: str = ""
    act: Callable[[], object] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Part:
    """Something that belongs together: how to look at it, and the right that an administrator needs for it."""

    name: str
    look: Callable[[], Looked]
    right: str
    where: str  # the page that grants the right, in words
    page: str  # its address
    by_hand: str  # what a person has to do instead


def looked(parts: Sequence[Part]) -> list[Step]:
    """Look at every part and return the plan; nothing is changed. Raises SignInError."""
    return [step for part in parts for step in _look(part)]


def carried_out(parts: Sequence[Part]) -> Iterator[Step]:
    """Bring the parts about, one after the other, and yield what became of each step. Raises SignInError.

    Each part is looked at again first, as it may need what an earlier one has made.
    """
    for part in parts:
        for step in _look(part):
            yield _carry_out(part, step)


def _look(part: Part) -> Looked:
    try:
        return part.look()
    except SignInError:
        raise
    except AzureError as error:
        return [_left(part, Step(part.name, "by hand", ""), error)]


def _carry_out(part: Part, step: Step) -> Step:
    if step.change in ("keep", "by hand"):
        return step
    if step.act is None:
        return replace(step, change="by hand", why=f"{step.why} Not done, as something before it failed: run it again.")
    try:
        made = step.act()
    except SignInError:
        raise
    except AzureError as error:
        return _left(part, step, error)
    return replace(step, page=made) if isinstance(made, str) else step


def _left(part: Part, step: Step, error: AzureError) -> Step:
    if isinstance(error, (PermissionMissingError, NotThereError)):
        said = error.remedy.partition("Azure DevOps said: ")[2]
        why = f"Your account lacks the right '{part.right}' ({part.where}), or what it is about is not there. {part.by_hand}"
        why += f" Azure DevOps said: {said}" if said else ""
    else:
        why = f"{error} {part.by_hand}"
    return replace(step, change="by hand", why=why, page=part.page, act=None)
