"""Review feedback: what people ask of a pull request in its threads, and what was answered already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from redimento.delivery.markdown import quoted
from redimento.delivery.pull_request import PullRequest
from redimento.settings import PullRequestSettings
from redimento.text import wording

MOST = 30  # remarks that one run takes up, and strangers' that it answers
_LONGEST_NOTE = 1_500  # characters of the model's words in an answer
_MOST_PEOPLE = 50  # whose right to contribute one run asks for
# After empty lines, and never indented as code is, in which people quote the command.
_COMMAND = re.compile(r"(?:[ \t\r]*+\n)*+ {0,3}/redimento(?![\w/.-])", re.IGNORECASE)
# The first line of each answer, which no reader sees. It is believed only in a comment of the job's account.
_ANSWERED = re.compile(r"<!-- Redimento answers comment (\d{1,6})(?: of (\d{1,17}))? -->")


@dataclass(frozen=True)
class Said:
    """A comment of a thread. `author` is the id of an account, `name` what people call it.

    `edited`: when its text was changed last, as a number that grows with time; 0 if it is as it was written.
    """

    id: int
    author: str
    name: str
    text: str
    ours: bool = False  # written by the account of this job, as the server states
    edited: int = 0


@dataclass(frozen=True)
class Place:
    """Lines of a file, 0 where the server names none. `removed`: they are lines of the target, not of the pull request."""

    path: str
    first: int = 0
    last: int = 0
    removed: bool = False


@dataclass(frozen=True)
class Thread:
    """A thread without the comments of the system and those that were deleted, the oldest first."""

    id: int
    comments: tuple[Said, ...]
    place: Place | None = None
    resolved: bool = False


@dataclass(frozen=True)
class Remark:
    """What people ask in a thread: everything up to `comment`, in the words of those who may contribute, and ours.

    `edited`: the newest change of what they ask, as in `Said`. `stranger`: what somebody who may not asks behind it.
    """

    thread: int
    comment: int
    said: tuple[Said, ...]
    place: Place | None = None
    edited: int = 0
    stranger: Remark | None = None

    @property
    def name(self) -> str:
        """How a commit names the remark that it answers."""
        return f"{self.thread}.{self.comment}" + (f".{self.edited}" if self.edited else "")


@dataclass(frozen=True)
class Asked:
    """The open remarks. `strangers`: those of people who may not contribute. `later`: how many are left for another run."""

    remarks: tuple[Remark, ...] = ()
    strangers: tuple[Remark, ...] = ()
    later: int = 0


class Review(Protocol):
    """The review of one pull request."""

    def pull_request(self) -> PullRequest:
        """Return the pull request as it is now. Raises NotThereError."""
        ...

    def threads(self) -> Sequence[Thread]:
        """Return all threads, with their places in the newest state of the pull request."""
        ...

    def thread(self, number: int) -> Thread:
        """Return a thread as it is now."""
        ...

    def contributes(self, author: str) -> bool:
        """Return whether the account has contributed to the repository, as the server states."""
        ...

    def reply(self, thread: int, markdown: str) -> None:
        """Add a comment to a thread."""
        ...

    def resolve(self, thread: int) -> None:
        """Mark a thread as resolved."""
        ...


def asked(threads: Iterable[Thread], *, every: bool, contributes: Callable[[str], bool]) -> Asked:
    """Return the open remarks, in the order of the threads.

    A remark is addressed to Redimento if a comment begins with `/redimento`; with `every`, each comment of a person is. A
    person is whoever the server names as the author, and may contribute if `contributes` says so.
    """
    people: dict[str, bool] = {}
    remarks: list[Remark] = []
    strangers: list[Remark] = []
    later = 0
    for thread in threads:
        waiting = [*_waiting(thread, every=every)]
        if not waiting:
            continue
        unknown = {one.author for one in thread.comments if not one.ours} - people.keys()
        if len(remarks) == MOST or len(people) + len(unknown) > _MOST_PEOPLE:
            later += 1
            continue
        people |= {author: contributes(author) for author in sorted(unknown)}
        allowed = [one for one in waiting if people[one.author]]
        refused = [one for one in waiting if not people[one.author] and _is_addressed(one)]
        if allowed:
            last = max(allowed[-1].id, answered_up_to(thread)[0])
            said = tuple(one for one in thread.comments if one.id <= last and (one.ours or people[one.author]))
            behind = _remark(thread, refused, ()) if refused and refused[-1].id > last else None
            remarks.append(replace(_remark(thread, allowed, said), stranger=behind))
        elif refused and len(strangers) < MOST:
            strangers.append(_remark(thread, refused, ()))
    return Asked(tuple(remarks), tuple(strangers), later)


def _waiting(thread: Thread, *, every: bool) -> Iterator[Said]:
    """Yield the comments that ask for something and are not answered."""
    if thread.resolved:
        return
    done, seen = answered_up_to(thread)
    for one in thread.comments:
        if not one.ours and (one.id > done or one.edited > seen) and (every or _is_addressed(one)):
            yield one


def _remark(thread: Thread, waiting: Sequence[Said], said: tuple[Said, ...]) -> Remark:
    return Remark(thread.id, waiting[-1].id, said, thread.place, max(one.edited for one in waiting))


def _is_addressed(comment: Said) -> bool:
    return _COMMAND.match(comment.text) is not None


def answered_up_to(thread: Thread) -> tuple[int, int]:
    """Return the number of the newest comment that we have answered, and the newest change that we saw; 0 for none.

    Only in comments of our own account: anybody can write the line.
    """
    found = [line for one in thread.comments if one.ours and (line := _ANSWERED.match(one.text))]
    return max((int(one[1]) for one in found), default=0), max((int(one[2] or 0) for one in found), default=0)


@dataclass(frozen=True)
class Reply:
    """What a remark is told: the `commit` that answers it, or in a `sentence` why there is none.

    `status` and `note`: the model's own words on it. `draft`: the pull request is not fully verified.
    """

    commit: str = ""
    draft: bool = False
    status: Literal["done", "partly", "not", ""] = ""
    note: str = ""
    sentence: str = ""
    remedy: str = ""
    questions: tuple[str, ...] = ()

    @property
    def settles(self) -> bool:
        """Whether nothing remains to be done. What nobody said is not done: a killed run, or the model, kept silent on it."""
        return bool(self.commit) and self.status == "done"


def answer(
    review: Review,
    remark: Remark,
    reply: Reply,
    settings: PullRequestSettings,
    run_url: str = "",
    *,
    language: str = "en",
) -> None:
    """Answer a remark, unless that is done: a killed run may have. Resolve its thread if the settings say so."""
    thread = review.thread(remark.thread)
    done, seen = answered_up_to(thread)
    if done < remark.comment or seen < remark.edited:
        text = wording.render(
            "pull_request/reply.md.j2",
            language,
            remark=remark,
            reply=reply,
            words=quoted([reply.note], _LONGEST_NOTE),
            every=settings.remarks == "all",
            run_url=run_url,
        )
        review.reply(remark.thread, text.strip() + "\n")
    answered_last = not any(one.id > remark.comment and not one.ours for one in thread.comments)
    if settings.resolve_threads and reply.settles and answered_last and not thread.resolved:
        review.resolve(remark.thread)
