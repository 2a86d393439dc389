"""How a work item shows on the board that a run works on it, and how the run ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """What an item should have: a state, by name or category ("" leaves it), a tag, and none of the tags `without`.

    `back`: it may go back from a state in progress to a proposed one. `again`: an earlier run marked it for the same
    request, so that a tag that a person took off since stays off.
    """

    state: str = ""
    tag: str = ""
    without: tuple[str, ...] = ()
    back: bool = False
    again: bool = False

    @property
    def empty(self) -> bool:
        return not (self.state or self.tag or self.without)

    def tags(self, now: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tags `now` as they should be; people's keep their order."""
        gone = {tag.casefold() for tag in self.without}
        kept = tuple(tag for tag in now if tag.casefold() not in gone)
        return (*kept, self.tag) if self.tag and not has(kept, self.tag) else kept


def has(tags: tuple[str, ...], tag: str) -> bool:
    """Return whether `tag` is among `tags`; Azure Boards compares them without regard to case."""
    return tag.casefold() in (one.casefold() for one in tags)
