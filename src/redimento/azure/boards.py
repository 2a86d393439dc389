"""Azure Boards as the Board port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from redimento.azure import address, claims, comments, history
from redimento.azure.client import AzureClient
from redimento.azure.exchange import account_id
from redimento.azure.fields import (
    CHANGED_BY,
    COMMENT_COUNT,
    CRITERIA,
    DESCRIPTION,
    PROJECT,
    STATE,
    TITLE,
    TYPE,
    category,
    comment_id,
    related_item,
    relatives,
    values,
    work_item,
)
from redimento.azure.fields import comment as comment_value
from redimento.azure.marking import Marking
from redimento.azure.shape import readable
from redimento.errors import AzureError, UsageError
from redimento.text.foreign import neutralise
from redimento.work_items.attachment import LARGEST
from redimento.work_items.item import Attachment, RelatedItem, Relation, StateCategory, WorkItem
from redimento.work_items.kinds import unsuited
from redimento.work_items.mark import Mark

# The first version whose answers tell Markdown fields from HTML ones; an older server is asked for its newest version.
_ITEM_VERSION = "7.2-preview.3"
_BATCH_VERSION = "7.2-preview.1"
_BATCH = 200  # ids; the service refuses more
MOST_OUTLINES = 50  # of one request: an answer has all texts of each item
_MOST_CLOSE = 20  # parents and children whose texts are read
_DOWNLOAD_SECONDS = 30.0  # one slow attachment must not hold up the run
_NAMED_BY = (TYPE, TITLE, STATE)
_OWN_STATES: Mapping[str, StateCategory] = {  # learn.microsoft.com, "Workflow states and state categories"
    "New": "Proposed",
    "To Do": "Proposed",
    "Proposed": "Proposed",
    "Active": "InProgress",
    "Doing": "InProgress",
    "Committed": "InProgress",
}


@dataclass(frozen=True)
class AzureBoard:
    """The work items of one project.

    `say` receives a sentence for each problem that does not stop the run. `fields`: further ones to read of an item.
    """

    client: AzureClient
    project: str
    say: Callable[[str], None]
    fields: Sequence[str] = ()
    _known_states: dict[tuple[str, str], list[Mapping[str, Any]]] = field(default_factory=dict, compare=False)
    _known_comments: dict[tuple[int, str], int | None] = field(default_factory=dict, compare=False)
    _commented: dict[int, str] = field(default_factory=dict, compare=False)  # by item, whose account made a new comment

    @readable
    def load(self, item_id: int) -> WorkItem:
        """Return the whole item. It may belong to any project: admission checks that."""
        return self._whole(self._asked(item_id))

    @readable
    def again(self, item: WorkItem) -> WorkItem:
        """Return the item as it is now, with one request if nobody has changed it."""
        answer = self._asked(item.id)
        revision, author = int(answer["rev"]), account_id(answer["fields"].get(CHANGED_BY))
        # Our new comment is a revision, too.
        if revision == item.revision + 1 and author and author == self._commented.get(item.id):
            return replace(item, revision=revision)
        return item if revision == item.revision else self._whole(answer)

    @readable
    def outline(self, item_id: int, names: Sequence[str]) -> WorkItem | None:
        """Return an item without comments and links, its `fields` those of these names as stored; None if it is hidden."""
        for row in self._rows([item_id]):
            return replace(work_item(row, comments=(), related=()), fields=values(row, names))
        return None

    @readable
    def outlines(self, numbers: Sequence[int]) -> tuple[WorkItem, ...]:
        """Return at most MOST_OUTLINES items with all fields, without comments and links.

        One request; items that do not exist or are hidden are left out.
        """
        return tuple(work_item(row, comments=(), related=(), further=self.fields) for row in self._rows(numbers))

    def _asked(self, item_id: int) -> Mapping[str, Any]:
        path, about = f"_apis/wit/workitems/{item_id}", f"work item {item_id}"
        answer: Mapping[str, Any] = self.client.get(
            path, query={"$expand": "all"}, api_version=_ITEM_VERSION, about=about
        )
        return answer

    def _rows(self, numbers: Sequence[int], fields: Sequence[str] = ()) -> list[Mapping[str, Any]]:
        # Without the policy one unreadable item fails the whole batch.
        body = {"ids": list(numbers), "errorPolicy": "omit", **({"fields": list(fields)} if fields else {})}
        answer = self.client.get(
            "_apis/wit/workitemsbatch", body=body, api_version=_BATCH_VERSION, about="the work items"
        )
        return [row for row in answer["value"] if row]

    def _whole(self, answer: Mapping[str, Any]) -> WorkItem:
        fields, item_id = answer["fields"], int(answer["id"])
        if unsuited(str(fields.get(TYPE) or "")):  # a hook sends every change of them: no further call
            return work_item(answer, comments=(), related=())
        project = str(fields.get(PROJECT) or self.project)
        # Every answer of the service has the count; without it, ask.
        said = () if fields.get(COMMENT_COUNT) == 0 else comments.newest(self.client, project, item_id)
        return work_item(
            answer,
            further=self.fields,
            comments=[comment_value(each, ours=ours) for each, ours in said],
            related=self._related(answer.get("relations") or ()),
        )

    @readable
    def read(self, attachment: Attachment) -> bytes:
        """Return the content of an attachment. The token goes to the collection's own address, whatever the link says."""
        place = address.attachment(attachment.url, self.client.collection_url)
        if place is None:
            raise UsageError("It is not an attachment of this organisation.", "Attach it to the work item.")
        project, identity = place
        path = f"_apis/wit/attachments/{identity}"
        return self.client.download(
            path, project=project, most=LARGEST, seconds=_DOWNLOAD_SECONDS, about="an attachment of the work item"
        )

    def category(self, item: WorkItem) -> StateCategory:
        """Return the category of the item's state; say so and return "" if the states cannot be read.

        States of Azure's own processes, which no process may give another category, are known without a request.
        """
        return _OWN_STATES.get(item.state) or category(
            self._states(item.project or self.project, item.type), item.state
        )

    @readable
    def changed_by_run(self, item: WorkItem) -> bool:
        """Return whether the job's account made the newest change; pipelines of the project share it."""
        return self.client.is_own({"id": item.changed_by})

    @readable
    def requester(self, item: WorkItem, run: str) -> str:
        return history.queued(self.client, self.project, run) if run else history.moved(self.client, item)

    @readable
    def claim(self, item: WorkItem, run: str) -> WorkItem | None:
        """Link the item to the run so that only one of two runs wins; replace the claim of a build that has ended."""
        revision = claims.claim(self.client, self.project, item, run, self.say)
        if revision is None:
            return None
        return replace(item, revision=revision) if revision <= item.revision + 1 else self.load(item.id)

    @readable
    def release(self, item_id: int, run: str) -> None:
        claims.release(self.client, item_id, run)

    @readable
    def comment(self, item_id: int, marker: str, markdown: str, *, known: int | None = None) -> str:
        key = (item_id, marker)
        known = self._known_comments.get(key, known)
        self._known_comments[key] = None  # if this fails halfway, the comment has to be looked for
        answer = comments.OwnComment(self.client, self.project, item_id, marker).write(markdown, known=known)
        number = self._known_comments[key] = comment_id(answer)
        if known == 0:
            self._commented[item_id] = account_id(answer.get("createdBy"))
        if not number:
            return ""
        return f"{self.client.web_url(self.project, '_workitems', 'edit', str(item_id))}#{number}"

    @readable
    def mark(self, item: WorkItem, wanted: Mark, *, current: bool = False) -> tuple[WorkItem, tuple[str, ...]]:
        if wanted.empty:
            return item, ()
        states = self._states(item.project or self.project, item.type) if wanted.state else ()
        marking = Marking(self.client, item.project or self.project, item, wanted, states, self.say)
        return marking.carry_out(current=current)

    def _states(self, project: str, type_name: str) -> list[Mapping[str, Any]]:
        known = self._known_states.get((project, type_name))
        if known is None:
            try:
                known = self._asked_states(project, type_name)
            except AzureError as error:
                self.say(f"The category of the work item's state is unknown. {error}")
                known = []
            self._known_states[project, type_name] = known
        return known

    @readable
    def _asked_states(self, project: str, type_name: str) -> list[Mapping[str, Any]]:
        path = f"_apis/wit/workitemtypes/{quote(type_name, safe='')}/states"
        answer = self.client.get(path, project=project, about=f"the states of the type {neutralise(type_name)}")
        return [{"name": row["name"], "category": row.get("category")} for row in answer["value"]]

    def _related(self, relations: Iterable[Mapping[str, Any]]) -> Iterator[RelatedItem]:
        found = relatives(relations)
        close = [number for number, relation in found.items() if relation in ("parent", "child")][:_MOST_CLOSE]
        shown = {}
        try:
            shown = self._shown(close, found, [*_NAMED_BY, DESCRIPTION, CRITERIA])
        except AzureError as error:  # their texts may be more than an answer may have
            self.say(f"The texts of the parent and the children are left out. {error}")
        others = [number for number in found if number not in shown and (number not in close or not shown)]
        for start in range(0, len(others), _BATCH):
            shown |= self._shown(others[start : start + _BATCH], found, _NAMED_BY)
        yield from (shown[number] for number in found if number in shown)

    def _shown(
        self, numbers: Sequence[int], found: Mapping[int, Relation], fields: Sequence[str]
    ) -> dict[int, RelatedItem]:
        rows = self._rows(numbers, fields) if numbers else ()
        return {int(row["id"]): related_item(row, found[int(row["id"])]) for row in rows}
