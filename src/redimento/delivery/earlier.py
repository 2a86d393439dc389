"""What earlier runs left behind, and whether it is a reason to stop."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from redimento.delivery import signature
from redimento.delivery.branches import REFERENCE, Tip
from redimento.delivery.pull_request import PullRequest
from redimento.settings import Settings
from redimento.text import wording
from redimento.text.wording import Sentence
from redimento.work_items.item import Comment, WorkItem
from redimento.work_items.replies import Answered, answered

Concluded = Literal["", "draft", "ready"]
_UNFINISHED, _QUESTIONS = "unfinished-", "questions-"
# What our comment says to a later run is told by its form, never by its words: a team may change its language.
DRAFT, WORKING = "🟡", "⏳"  # the first begins a comment that names a draft, the second ends one that is no result
_REFERENCE = re.compile(rf"(?<!\S)({_QUESTIONS}|{_UNFINISHED})?([0-9a-f]{{12}}(?:-[0-9a-f]{{8}})?)(?![\w-])")
_NAMED = re.compile(rf"(?P<draft>{DRAFT} )?\[[^\[\]]{{1,60}} (?P<number>\d{{1,10}})\]\((?P<url>[^()\s]{{1,2000}})\)")
_ASKED_AFTER = re.compile(r"(?:^|, )(?:[^\W\d_]+ )+(\d{1,10})(?=,|$)")  # words, and a number
_QUESTION = re.compile(r"\*\*\d{1,2}\\?\.\*\* (.+)")
_SPENT = re.compile(r": (\d{1,6}), (\d{1,6})[.,](\d\d) USD")


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


def asks_for(item: WorkItem) -> str:
    """Return a short hash of what the item asks for.

    State, tags and what our account says are left out: they change because of our work on the item.
    """
    parts = [item.title, item.description, *item.acceptance_criteria, item.repro_steps, item.system_info]
    parts += [field.text for field in item.fields]
    parts += [comment.text for comment in item.comments if not comment.ours]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def reference(item: WorkItem, settings: Settings, base: str) -> str:
    """Return a short hash of all that decides about the model's answer: `{what the item asks for}-{everything else}`."""
    known = asdict(settings)
    decisive = {name: known[name] for name in ("language", "project", "context", "change", "checks")}
    model = settings.model
    decisive["model"] = (model.name, model.thinking, model.candidates)
    text = repr((decisive, base, wording.version("prompts")))
    return f"{asks_for(item)}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def asked(ref: str) -> str:
    """Return the reference under which our comment asks questions about the item."""
    return f"{_QUESTIONS}{ref}"


def questions(item: WorkItem, marker: str) -> tuple[str, ...]:
    """Return what our comment asks, or has asked before."""
    comment = own_comment(item, marker)
    if comment is None or not asked_after(item, marker):
        return ()
    found = (_QUESTION.fullmatch(line.strip()) for line in comment.text.splitlines())
    return tuple(one[1] for one in found if one)


def asked_after(item: WorkItem, marker: str) -> str:
    """Return the number of the newest comment when our questions were asked, "" if none were."""
    found = _ASKED_AFTER.search(_lines(item, marker)[1])
    return found[1] if found else ""


def answers(item: WorkItem, marker: str) -> tuple[Answered, ...]:
    """Return our questions with what people have replied to them since; the server says who they are."""
    after = asked_after(item, marker)
    replies = [one for one in item.comments if after and not one.ours and one.id > int(after)]
    return answered(questions(item, marker), replies) if replies else ()


def reopened(item: WorkItem, marker: str) -> bool:
    """Return whether people have changed what the item asks for since our comment asked questions or told of a draft."""
    first, last = _lines(item, marker)
    told, named = _REFERENCE.search(last), _NAMED.match(first)
    if told is None or not (told[1] == _QUESTIONS or (named and named["draft"])):
        return False
    return not _same_request(told[2], asks_for(item))


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
    return Tally(int(found[1]), float(f"{found[2]}.{found[3]}")) if found else NO_RUNS


def memory(
    reference: str,
    tally: Tally,
    pull_request: str = "",
    asked_after: str = "",
    *,
    working: bool = False,
    language: str = "en",
) -> str:
    """Return the end of our comment, from which later runs read.

    `pull_request`: the address of one that an earlier run left. `asked_after`: the newest comment before our questions.
    `working`: the comment is no result, because a run still works, or was killed.
    """

    def say(name: str, **values: object) -> str:
        return wording.say(name, language, **values)

    parts = [
        *([say("reference", text=reference)] if reference else []),
        *([f"{say('earlier_pull_request')}: {pull_request} "] if pull_request else []),  # the blanks end the address
        *([say("asked_after", number=asked_after)] if asked_after else []),
        *([say("runs_so_far", runs=tally.runs, usd=tally.usd)] if tally.runs else []),
        *([f"{say('no_result_yet')} {WORKING}"] if working else []),
    ]
    return ", ".join(parts)


def remembered(item: WorkItem, marker: str) -> str:
    """Return the reference in our comment, with what it says of the run, "" without one."""
    found = _REFERENCE.search(_lines(item, marker)[1])
    return found[0] if found else ""


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
        found = self._told
        return found[2] if found and found[1] != _QUESTIONS else ""

    @property
    def unfinished(self) -> bool:
        """Whether our comment says that some effects failed."""
        found = self._told
        return found is not None and found[1] == _UNFINISHED

    @property
    def asks(self) -> str:
        """The request about which our comment asks questions, "" if it does not."""
        found = self._told
        return found[2] if found and found[1] == _QUESTIONS else ""

    @property
    def _told(self) -> re.Match[str] | None:
        return _REFERENCE.search(_lines(self.item, self.marker)[1])

    @property
    def working(self) -> bool:
        """Whether our comment says that a run works on the item, or was killed while it did."""
        return _lines(self.item, self.marker)[1].endswith(WORKING)

    def again(self, tip: Tip | None, pull_request: PullRequest | None) -> bool:
        """Return whether an earlier run may have marked the item for the same request."""
        signed = signature.read(pull_request.description) if pull_request else None
        pushed = tip.generated.trailers.get(REFERENCE, "") if tip and tip.generated else ""
        known = (self.remembered, pushed, signed.reference if signed else "")
        return self.claims > 0 or any(_same_request(one, self.reference) for one in known)

    @property
    def claims(self) -> int:
        """How many other runs say that they work on the item: all but one of them ended before they could release it."""
        return sum(run != self.run for run in self.item.claims)

    def concluded(self, pull_request: PullRequest) -> Concluded:
        """Return whether an earlier run brought about all that belongs on it: its comment comes last, and names it.

        Where runs keep no comment, only the claim of a killed run tells that something may be missing: otherwise what a
        person took off must not come back.
        """
        if not self.remembers:
            return "" if self.claims else left_as(pull_request)
        named = self._named
        if named is not None and self._delivered(pull_request) and not self.unfinished:
            return "draft" if named["draft"] else "ready"
        # Our comment can be about a later run, and have the address as a word of its own.
        return "ready" if pull_request.url in _lines(self.item, self.marker)[1].split() else ""

    @property
    def named(self) -> int:
        """The number of the pull request that our comment names first, 0 for none."""
        return int(self._named["number"]) if self._named else 0

    @property
    def _named(self) -> re.Match[str] | None:
        return _NAMED.match(_lines(self.item, self.marker)[0])

    def _delivered(self, pull_request: PullRequest) -> bool:
        return self._named is not None and self._named["url"] == pull_request.url

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
    if start.asks == start.reference.partition("-")[0]:
        return Stop(Sentence("not_answered_yet"), unsettled=start.claims > 0)
    # A dead claim on the item may be that of a run that was killed on the way: look further.
    return None if start.claims else stop_repeated(start)


def stop_repeated(start: Start) -> Stop | None:
    """Return why a run that only our own updates can have started should stop."""
    if not start.repeated():
        return None
    return Stop(Sentence("nobody_asked"), unsettled=start.claims > 0)


def stop_by_pull_request(start: Start, pull_request: PullRequest | None) -> Stop | None:
    """Return why the run should stop without a look at the branch: everything was brought about."""
    if pull_request is None or pull_request.status != "active" or not start.settled(pull_request):
        return None
    return None if pull_request.draft else answered_by(pull_request)


def stop_by_branch(
    start: Start, branch: str, tip: Tip | None, pull_request: PullRequest | None, *, keep_out: bool = False
) -> Stop | None:
    """Return why the run should stop, or None to go on.

    `keep_out`: stop where other people's commits are on the branch.
    """
    if tip is None:
        return _gone(start, pull_request)
    if tip.generated is None:
        return Stop(Sentence("branch_of_a_person", branch=branch))
    if pull_request is None or not _same_request(tip.generated.trailers.get(REFERENCE, ""), start.reference):
        if keep_out and tip.holds_others:
            return Stop(Sentence("commits_of_others_stop", branch=branch))
        if unopened(start, tip, pull_request):
            return Stop(Sentence("had_no_pull_request", branch=branch), unsettled=True)
        return None
    if pull_request.status != "active":
        return Stop(_standing(pull_request, pull_request.status))
    settled = start.settled(pull_request)
    # Without a comment nobody can tell a killed run from one that ended: a draft is tried again then.
    if pull_request.draft and start.by_hand and (settled or start.unfinished or not start.remembers):
        return None
    if pull_request.draft and not start.by_hand and settled and not start.repeated():
        return None
    return answered_by(pull_request, unsettled=not settled, finishing=start.remembers)


def left_as(pull_request: PullRequest) -> Concluded:
    """Return how the last run left a pull request, by what it wrote into the description."""
    signed = signature.read(pull_request.description)
    return "draft" if signed and signed.draft else "ready"


def unopened(start: Start, tip: Tip | None, pull_request: PullRequest | None) -> bool:
    """Return whether a run was killed between its commit and the pull request for it. Local runs keep no claim to tell."""
    if pull_request is not None or tip is None or tip.generated is None or not start.run:
        return False
    return _same_request(tip.generated.trailers.get(REFERENCE, ""), start.reference)


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
    return Stop(_standing(pull_request, "deleted" if pull_request.status == "completed" else "gone"))


def answered_by(pull_request: PullRequest, *, unsettled: bool = False, finishing: bool = False) -> Stop:
    """Return the stop of a run whose item a pull request answers already."""
    told = [_standing(pull_request, "answers")]
    if pull_request.conflicts:
        told.append(Sentence("conflicts_with", branch=pull_request.target_branch))
    if unsettled and finishing:
        told.append(Sentence("rest_was_done"))
    return Stop(Sentence("several", sentences=told), unsettled)


def _standing(pull_request: PullRequest, how: str) -> Sentence:
    """Say how a pull request stands to the item: that it answers it, was completed or abandoned, or its branch is gone."""
    return Sentence("pull_request_stands", id=pull_request.id, url=pull_request.url, how=how)
