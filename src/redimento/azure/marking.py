"""State and tags of a work item, changed in one write that fails if somebody else changed the item first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.azure.fields import STATE, TAGS, category, split_tags
from redimento.azure.history import updates
from redimento.errors import AzureError, ConflictError, PermissionMissingError, RedimentoError, UsageError
from redimento.settings.state_names import CATEGORIES, category_named
from redimento.text.foreign import neutralise
from redimento.text.wording import Sentence
from redimento.work_items.item import WorkItem
from redimento.work_items.mark import Mark, has

_ROUNDS = 8
_MAY_GO_BACK = ("Proposed", "InProgress")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class _Seen:
    revision: int
    state: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Marking:
    """One mark on one item. `states` are those of its type, in the order of the workflow, empty if unreadable."""

    client: AzureClient
    project: str
    item: WorkItem
    wanted: Mark
    states: Sequence[Json]
    say: Callable[[str], None]

    def carry_out(self, *, current: bool) -> tuple[WorkItem, tuple[str, ...]]:
        """Return the marked item, and a sentence for what was left because a person or a later state comes first.

        `current`: the server has the item as it is here. Without the right to create a tag the item stays without it, and
        a warning says so. Raises UsageError for a state that the type does not have, and AzureError; tags are set even so.
        """
        wanted, problem, target = self.wanted, None, ""
        try:
            target = self._target()
        except RedimentoError as error:
            problem = error
        item, seen = self.item, _Seen(self.item.revision, self.item.state, self.item.tags) if current else self._read()
        for _ in range(_ROUNDS):
            state, kept = self._destination(target, seen)
            tags = self._tags(wanted, seen)
            try:
                if state or tags != seen.tags:
                    seen = self._written(seen, state, tags)
                if problem:
                    raise problem
                return replace(item, revision=seen.revision, state=seen.state, tags=seen.tags), kept
            except ConflictError:
                seen = self._read()
            except PermissionMissingError as error:
                if not has(tags, wanted.tag) or has(seen.tags, wanted.tag):
                    raise
                self.say(
                    f"The tag '{wanted.tag}' was not added. {error} Or let somebody who may create tags put it on a work "
                    "item that keeps it: Azure DevOps forgets a tag that no item has."
                )
                wanted = replace(wanted, tag="")
            except AzureError as error:
                if error is problem or not state or tags == seen.tags:
                    raise
                problem, target = error, ""  # the tags do not depend on it
        raise ConflictError(f"Work item {item.id} keeps changing.", "Run it again.")

    def _target(self) -> str:
        """Return the name of the state that is wanted, "" for none."""
        setting, kind = self.wanted.state, neutralise(self.item.type)
        wanted = category_named(setting)
        if not self.states:
            if wanted is not None:
                raise AzureError(f"The states of the type {kind} are unknown.", "Name a state in .redimento.yml.")
            return setting
        for row in self.states if setting else ():
            if row.get("category") == wanted if wanted is not None else _same(str(row["name"]), setting):
                return str(row["name"])
        if not setting:
            return ""
        what = f"state '{setting}'" if wanted is None else f"state of the category {wanted}"
        names = ", ".join(str(row["name"]) for row in self.states)
        raise UsageError(f"A {kind} has no {what}.", f"Use one of its states in .redimento.yml: {neutralise(names)}.")

    def _destination(self, target: str, seen: _Seen) -> tuple[str, tuple[str, ...]]:
        """Return the state to move to, "" for none, and why not if a person or a later state comes first."""
        now, goal = category(self.states, seen.state), category(self.states, target)
        there = now and now == category_named(self.wanted.state)
        if not target or there or _same(seen.state, target):
            return "", ()
        if not _same(seen.state, self.item.state):
            return "", (Sentence("moved_meanwhile", state=seen.state, target=target),)
        steps_back = self.wanted.back and {now, goal} <= {*_MAY_GO_BACK}
        if now and goal and CATEGORIES.index(now) > CATEGORIES.index(goal) and not steps_back:
            return "", (Sentence("not_moved_back", state=seen.state, target=target),)
        return target, ()

    def _tags(self, wanted: Mark, seen: _Seen) -> tuple[str, ...]:
        tags = wanted.tags(seen.tags)
        if wanted.again and has(tags, wanted.tag) and not has(seen.tags, wanted.tag) and self._taken_off(wanted.tag):
            return replace(wanted, tag="").tags(seen.tags)
        return tags

    def _taken_off(self, tag: str) -> bool:
        """Return whether a person was the last to take this tag off the item."""
        taken = False
        for update in updates(self.client, self.item.id):
            change = (update.get("fields") or {}).get(TAGS)
            if change is None:
                continue
            had, got = (has(split_tags(str(change.get(side) or "")), tag) for side in ("oldValue", "newValue"))
            if had != got:
                taken = had and not self.client.is_own(update.get("revisedBy"))
        return taken

    def _read(self) -> _Seen:
        query = {"fields": f"{STATE},{TAGS}"}
        return _seen(self.client.get(self._path, query=query, about=self._about))

    def _written(self, seen: _Seen, state: str, tags: tuple[str, ...]) -> _Seen:
        """Write both and return the item after it. Raises ConflictError if it is not at the revision in `seen`."""
        steps: list[Json] = [{"op": "test", "path": "/rev", "value": seen.revision}]
        if state:
            steps.append({"op": "add", "path": f"/fields/{STATE}", "value": state})
        if tags != seen.tags:
            # `add` would keep the tags that are there.
            steps.append({"op": "replace" if seen.tags else "add", "path": f"/fields/{TAGS}", "value": "; ".join(tags)})

        def happened() -> Json | None:
            answer: Json = self.client.get(self._path, about=self._about)
            now = _seen(answer)
            return answer if _same(now.state, state or now.state) and {*now.tags} == {*tags} else None

        answer = self.client.write(
            "PATCH", self._path, body=steps, content_type=JSON_PATCH, happened=happened, about=self._about
        )
        # A dry run sends nothing and gets no fields.
        return _seen(answer) if answer.get("fields") else _Seen(seen.revision, state or seen.state, tags)

    @property
    def _path(self) -> str:
        return f"_apis/wit/workitems/{self.item.id}"

    @property
    def _about(self) -> str:
        return f"work item {self.item.id}"


def _seen(answer: Json) -> _Seen:
    fields: Json = answer["fields"]
    return _Seen(int(answer["rev"]), str(fields.get(STATE) or ""), split_tags(str(fields.get(TAGS) or "")))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
