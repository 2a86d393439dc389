"""What earlier runs left behind, and whether it is a reason to stop."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass

from redimento.delivery import signature
from redimento.delivery.branches import REFERENCE, Tip
from redimento.delivery.pull_request import PullRequest
from redimento.settings import Settings
from redimento.text import wording
from redimento.work_items.item import Comment, WorkItem

_UNFINISHED = "unfinished-"
_REFERENCE = re.compile(rf"\breference ({_UNFINISHED})?([0-9a-f]{{12}}(?:-[0-9a-f]{{8}})?)")
_NAMED = re.compile(r"\[(?:Draft p|P)ull request \d{1,10}\]\(([^()\s]{1,2000})\)")
_EARLIER = re.compile(r"\bearlier pull request: (\S{1,2000})")  # our comment is about a later run
_SPENT = re.compile(r"\bruns so far: (\d{1,6}), (\d{1,6}\.\d\d) USD")


def own(comment: Comment, marker: str) -> bool:
    """Return whether a comment is the one Redimento keeps on an item: anybody can write the marker."""
    # The whole line: the marker of the repository `web` is a prefix of that of `web-api`.
    return comment.ours and comment.text.strip().split("\n", 1)[0].strip(" *\\") == marker


def own_comment(item: WorkItem, marker: str) -> Comment | None:
    """Return the comment that Redimento keeps on an item, None if there is none yet."""
    return next((comment for comment in item.comments if own(comment, marker)), None)


def others(item: WorkItem, marker: str) -> tuple[Comment, ...]:
    """Return the comments that people wrote."""
    return tuple(comment for comment in item.comments if not own(comment, marker))


def asks_for(item: WorkItem, marker: str) -> str:
    """Return a short hash of what the item asks for.

    State, tags and our own comment are left out: they change because of our work on the item.
    """
    parts = [item.title, item.description, *item.acceptance_criteria, item.repro_steps, item.system_info]
    parts += [field.text for field in item.fields]
    parts += [comment.text for comment in others(item, marker)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def reference(item: WorkItem, marker: str, settings: Settings, base: str) -> str:
    """Return a short hash of all that decides about the model's answer: `{what the item asks for}-{everything else}`."""
    known = asdict(settings)
    decisive = {name: known[name] for name in ("project", "context", "change", "checks")}
    model = settings.model
    decisive["model"] = (model.name, model.thinking, model.candidates)
    text = repr((decisive, base, wording.version("prompts")))
    return f"{asks_for(item, marker)}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def asked(ref: str) -> str:
    """Return the reference under which our comment asks questions about the item."""
    return f"questions-{ref}"


def unfinished(ref: str) -> str:
    """Return the reference under which our comment tells of a pull request some of whose effects failed."""
    return f"{_UNFINISHED}{ref}"


def _same_request(one: str, other: str) -> bool:
    return one.partition("-")[0] == other.partition("-")[0]


@dataclass(frozen=True)
class Tally:
    """Runs of an item that reached an end, and what they cost in US dollars."""

    runs: int = 0
    usd: float = 0.0


NO_RUNS = Tally()


def _lines(item: WorkItem, marker: str) -> tuple[str, str]:
    """Return the line of our comment after the marker, and its last line: between them are a model's words."""
    comment = own_comment(item, marker)
    lines = [line.strip() for line in comment.text.splitlines() if line.strip()] if comment else []
    # A server that keeps comments as HTML gives them back with Markdown's signs escaped.
    return (lines[1], lines[-1].replace("\\", "")) if len(lines) > 1 else ("", "")


def tally(item: WorkItem, marker: str) -> Tally:
    """Return what our comment says that the earlier runs of an item cost."""
    found = _SPENT.search(_lines(item, marker)[1])
    return Tally(int(found[1]), float(found[2])) if found else NO_RUNS


@dataclass(frozen=True)
class Start:
    """A run that is about to start. `changed_by_run`: whether the newest change of the item is a run's own.

    `remembers`: whether runs keep a comment on the item.
    """

    item: WorkItem
    marker: str
    reference: str
    by_hand: bool = True
    remembers: bool = True
    run: str = ""
    changed_by_run: Callable[[], bool] = lambda: False

    @property
    def remembered(self) -> str:
        """The reference in our comment, "" without one."""
        found = _REFERENCE.search(_lines(self.item, self.marker)[1])
        return found[2] if found else ""

    @property
    def unfinished(self) -> bool:
        """Whether our comment says that some effects failed."""
        return f"reference {_UNFINISHED}" in _lines(self.item, self.marker)[1]

    @property
    def claims(self) -> int:
        """How many other runs say that they work on the item: all but one of them ended before they could release it."""
        return sum(run != self.run for run in self.item.claims)

    def concluded(self, pull_request: PullRequest) -> bool:
        """Return whether an earlier run brought about all that belongs on it: its comment comes last, and names it."""
        earlier = _EARLIER.search(_lines(self.item, self.marker)[1])
        delivered = self._delivered(pull_request) and not self.unfinished
        return delivered or (earlier is not None and earlier[1] == pull_request.url)

    def _delivered(self, pull_request: PullRequest) -> bool:
        named = _NAMED.match(_lines(self.item, self.marker)[0])
        return named is not None and named[1] == pull_request.url

    def said(self, pull_request: PullRequest) -> bool:
        """Return whether our comment says that the pull request answers the item as it stands: it comes last.

        What failed is tried again by hand alone: it may fail for ever, and the comment of each trial is an event.
        """
        same = _same_request(self.remembered, self.reference) and self._delivered(pull_request)
        return same and not (self.unfinished and self.by_hand)

    def settled(self, pull_request: PullRequest) -> bool:
        """Return whether nothing remains to be done for the item as it stands."""
        return self.said(pull_request) and not self.claims

    def repeated(self) -> bool:
        """Return whether only our own updates, and nothing that people or settings ask for, can have started the run."""
        if self.by_hand:
            return False
        if not self.remembered:
            # Where runs keep a comment, an item without one has not been worked on, whoever changed it last.
            return not self.remembers and self.changed_by_run()
        if not _same_request(self.remembered, self.reference):
            return False
        return self.remembered == self.reference or self.changed_by_run()


@dataclass(frozen=True)
class Stop:
    """Why a run stops, with the way out. `unsettled`: an earlier run was killed before all of its effects."""

    sentence: str
    unsettled: bool = False


def stop_by_item(start: Start) -> Stop | None:
    """Return why the run should stop, as far as the item alone tells."""
    item = start.item
    ref = start.reference.partition("-")[0]
    if f"reference {asked(ref)}" in _lines(item, start.marker)[1]:
        return Stop(
            "The questions asked on this work item are not answered yet. Answer in a comment or in the description.",
            unsettled=start.claims > 0,
        )
    # A dead claim on the item may be that of a run that was killed on the way: look further.
    return None if start.claims else stop_repeated(start)


def stop_repeated(start: Start) -> Stop | None:
    """Return why a run that only our own updates can have started should stop."""
    if not start.repeated():
        return None
    return Stop(
        "Nobody has changed what this work item asks for since the last run, and nobody queued this run by hand. "
        "Change the work item, or queue the run by hand to try again.",
        unsettled=start.claims > 0,
    )


def stop_by_pull_request(start: Start, pull_request: PullRequest | None) -> Stop | None:
    """Return why the run should stop without a look at the branch: everything was brought about."""
    if pull_request is None or pull_request.status != "active" or not start.settled(pull_request):
        return None
    return None if pull_request.draft else _answered(pull_request)


def stop_by_branch(
    start: Start, branch: str, tip: Tip | None, pull_request: PullRequest | None, *, keep_out: bool = False
) -> Stop | None:
    """Return why the run should stop, or None to go on.

    `keep_out`: stop where other people's commits are on the branch.
    """
    if tip is None:
        return _gone(start, pull_request)
    if tip.generated is None:
        return Stop(
            f"No commit on the branch {branch} is as Redimento made it, so a person is working there. "
            "Delete or rename the branch to let a run start over."
        )
    if pull_request is None or not _same_request(tip.generated.trailers.get(REFERENCE, ""), start.reference):
        if keep_out and tip.holds_others:
            return Stop(
                f"Somebody else's commits are on the branch {branch}, and pull_request.commits_of_others is `stop`. "
                "Merge or remove them, or set it to `add`, to let a run add to them."
            )
        return None
    if pull_request.status != "active":
        return _unchanged(pull_request, f"was {pull_request.status}")
    settled = start.settled(pull_request)
    # Without a comment nobody can tell a killed run from one that ended: a draft is tried again then.
    if pull_request.draft and start.by_hand and (settled or start.unfinished or not start.remembers):
        return None
    if pull_request.draft and not start.by_hand and settled and not start.repeated():
        return None
    return _answered(pull_request, unsettled=not settled)


def outdated(start: Start, pull_request: PullRequest) -> bool:
    """Return whether our text answers an earlier request: a run pushed its commit and was killed before the text."""
    signed = signature.read(pull_request.description)
    return signed is not None and signed.untouched and not _same_request(signed.reference, start.reference)


def names_to_try(branch: str, like: re.Pattern[str], heads: Iterable[str]) -> Iterator[str]:
    """Yield the existing branches that may be those of an item, `branch` first: an earlier title gave another name."""
    known = set(heads)
    if branch in known:
        yield branch
    yield from sorted(name for name in known if name != branch and like.fullmatch(name))


def _gone(start: Start, pull_request: PullRequest | None) -> Stop | None:
    """Judge by the closed pull request of a deleted branch."""
    if pull_request is None or pull_request.status == "active":
        return None
    signed = signature.read(pull_request.description)
    answered = signed.reference if signed else start.remembered
    if answered and not _same_request(answered, start.reference):
        return None
    if not answered and pull_request.status == "abandoned":
        return None
    what = "was completed and its branch deleted" if pull_request.status == "completed" else "was abandoned"
    return Stop(
        f"Pull request {pull_request.id} {what} ({pull_request.url}). Change the work item to let a run start over."
    )


def _answered(pull_request: PullRequest, *, unsettled: bool = False) -> Stop:
    stop = _unchanged(pull_request, "already answers this work item")
    conflict = f" It conflicts with {pull_request.target_branch}." if pull_request.conflicts else ""
    done = " What its run had not done yet was done now." if unsettled else ""
    return Stop(f"{stop.sentence}{conflict}{done}", unsettled)


def _unchanged(pull_request: PullRequest, what: str) -> Stop:
    # Deleting the branch of a completed pull request starts nothing over: see _gone.
    way_out = (
        "Change the work item" if pull_request.status == "completed" else "Change the work item or delete the branch"
    )
    return Stop(f"Pull request {pull_request.id} {what} ({pull_request.url}). {way_out} to let a run start over.")
