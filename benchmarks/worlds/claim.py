"""The claim: what has to be so after everything that can happen. One function for each sentence of docs/runs.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.worlds.ended import Ended
from benchmarks.worlds.people import CLOSED, MARKER, People
from benchmarks.worlds.place import Json, Place, Seen
from benchmarks.worlds.world import World
from redimento.delivery.earlier import WORKING

_ZERO = "0" * 40
_KINDS = {"delivered": (0,), "draft": (0,), "questions": (0,), "skipped": (0,), "failed": (2, 3, 4, 5, 130)}
_ANSWERED = re.compile(r"<!-- Redimento answers comment (\d+)(?: of \d+)? -->")
_DEFECT = re.compile(r"Traceback|defect|bug in Redimento", re.IGNORECASE)


@dataclass(frozen=True)
class History:
    """A world after everything has settled. The runs from `settling` on were undisturbed."""

    world: World
    place: Place
    seen: Seen
    people: People
    ended: tuple[Ended, ...]
    settling: int

    @property
    def own_pulls(self) -> list[Json]:
        return [one for one in self.seen.pulls.values() if one["createdBy"]["id"] == self.place.job]

    @property
    def open_pulls(self) -> list[Json]:
        return [one for one in self.own_pulls if one["status"] == "active"]

    @property
    def comments(self) -> list[Json]:
        return [one for one in self.seen.comments if one["createdBy"]["id"] == self.place.job]

    @property
    def remembers(self) -> bool:
        """Whether runs keep a comment, and nobody deleted it: it is their memory."""
        return bool(self.world.settings["updates"]["comment"]) and not self.people.deleted_comment

    def own_moves(self) -> Iterator[Json]:
        """Yield every move of a reference that a run pushed."""
        for push in self.seen.pushes:
            if push["pushedBy"]["id"] == self.place.job:
                yield from push.get("refUpdates") or ()


def at_most_one_branch(history: History) -> Iterator[str]:
    """An item has at most one branch that a run made and that is not merged."""
    heads = history.seen.heads
    made = {move["name"].removeprefix("refs/heads/") for move in history.own_moves() if move["oldObjectId"] == _ZERO}
    left = {name for name in made & heads.keys() if not history.place.holds(heads["main"], heads[name])}
    if len(left) > 1:
        yield f"{sorted(left)}"


def at_most_one_open_pull_request(history: History) -> Iterator[str]:
    """An item has at most one open pull request that a run made."""
    if len(history.open_pulls) > 1:
        yield f"{[one['pullRequestId'] for one in history.open_pulls]}"


def at_most_one_comment(history: History) -> Iterator[str]:
    """An item has at most one comment that a run wrote."""
    if len(history.comments) > 1:
        yield f"{[one['text'][:80] for one in history.comments]}"


def nothing_of_a_person_is_overwritten(history: History) -> Iterator[str]:
    """Nothing that a person made or changed is overwritten, and no run moves a branch backwards, or a branch not its own."""
    yield from history.people.broken(history.seen)
    for move in history.own_moves():
        if not move["name"].startswith("refs/heads/redimento/7-"):
            yield f"a run pushed {move['name']}"
        if move["newObjectId"] == _ZERO or (
            move["oldObjectId"] != _ZERO and not history.place.holds(move["newObjectId"], move["oldObjectId"])
        ):
            yield f"a run moved {move['name']} backwards"
    for one in history.comments:
        if MARKER.strip("*") not in one["text"]:
            yield f"comment {one['id']} is not ours any more"


def money_stays_below_its_limits(history: History) -> Iterator[str]:
    """No run, and no item whose comment nobody deleted, costs more than its limit, or has more paid runs than its limit."""
    limits = history.world.settings
    for one in history.ended:
        if one.usd > limits["model"]["max_cost_usd"]:
            yield f"run {one.run} cost ${one.usd:.2f}"
    if history.remembers:
        usd, paid = sum(one.usd for one in history.ended), sum(one.calls > 0 for one in history.ended)
        if usd > limits["work_items"]["max_cost_usd"]:
            yield f"all runs cost ${usd:.2f}"
        if paid > limits["work_items"]["max_runs"]:
            yield f"there were {paid} paid runs"


def the_checkout_is_restored(history: History) -> Iterator[str]:
    """A run that was not killed leaves files, index and references of the checkout as they were before, also after a killed one."""
    yield from (f"run {one.run} left something" for one in history.ended if not (one.restored or one.killed))


def no_claim_stays(history: History) -> Iterator[str]:
    """A claim on the item is of a build that has ended; where runs comment, and may start, none is left."""
    for url in history.seen.links("vstfs:///Build/Build/"):
        number = url.rpartition("/")[2]
        build = history.place.store.find("build", number)
        if build is not None and build["status"] != "completed":
            yield f"build {number} claims the item and runs"
        elif history.remembers and not _kept_out(history) and not _taken_over(history):
            yield f"build {number} still claims the item"


def every_outcome_has_a_sentence(history: History) -> Iterator[str]:
    """A run that was not killed says how it ended in finished sentences, with an exit code that fits, and without a traceback."""
    for one in history.ended:
        if _DEFECT.search(one.output):
            yield f"run {one.run}: {one.output[-1500:]}"
        if one.killed:
            continue
        if one.exit_code not in _KINDS.get(one.kind, ()):
            yield f"run {one.run} ended with {one.exit_code}, {one.kind!r}: {one.output[-500:]}"
        for text in (one.sentence, one.remedy):
            if text and not text.rstrip(")*`").endswith((".", "!", "?")):
                yield f"run {one.run} says: {text}"
        if not one.sentence:
            yield f"run {one.run} says nothing"
        if one.kind == "failed" and not one.remedy:
            yield f"run {one.run} names no remedy: {one.sentence}"


def everything_is_brought_about(history: History) -> Iterator[str]:
    """An open pull request that a run made is linked to the item, named by the comment, and has the labels, reviewers and status of the settings, unless a person took them off, or took the branch over."""
    settings = history.world.settings["pull_request"]
    if _kept_out(history) or not history.world.settings["updates"]["comment"]:
        return
    if _taken_over(history):
        return
    for pull in history.open_pulls:
        number = pull["pullRequestId"]
        if not any(url.endswith(f"%2F{number}") for url in history.seen.links("vstfs:///Git/PullRequestId/")):
            yield f"pull request {number} is not linked"
        if not any(f"/pullrequest/{number}" in one["text"] for one in history.comments):
            yield f"no comment names pull request {number}"
        labels = {one["name"] for one in pull.get("labels") or ()}
        missing = set(settings["labels"]) - labels - history.people.took_off
        if missing:
            yield f"pull request {number} lacks the labels {sorted(missing)}"
        reviewers = {one["uniqueName"] for one in pull["reviewers"]}
        if "mallory@example.com" in settings["reviewers"] and not reviewers and not history.people.took_off:
            yield f"pull request {number} lacks its reviewer"
        if settings["status"] and not history.seen.statuses[number]:
            yield f"pull request {number} lacks its status"


def nothing_says_that_a_run_works(history: History) -> Iterator[str]:
    """Neither the comment nor a tag says that a run works on the item, and the tags tell of one end at most."""
    updates, tags = history.world.settings["updates"], history.seen.item["fields"].get("System.Tags", "").split("; ")
    if updates.get("tag_started") in tags:
        yield f"the tags are {tags}"
    if {updates.get("tag_delivered"), updates.get("tag_questions")} <= {*tags}:
        yield f"the tags tell of two ends: {tags}"
    for one in history.comments:
        if one["text"].rstrip().endswith(WORKING):
            yield f"the comment says: {one['text']}"


def another_run_changes_nothing(history: History) -> Iterator[str]:
    """Once everything has settled, a further run changes nothing and does not ask the model, nor does one that revises."""
    for last in history.ended[-2 if history.people.remarked else -1 :]:
        if last.writes or last.calls:
            yield f"run {last.run} wrote {last.writes} times and asked {last.calls} times: {last.sentence}"


def every_remark_is_answered_once(history: History) -> Iterator[str]:
    """What people ask of an open pull request that a run made is answered, once, in its thread, unless a person gave it another target: only a run on that may answer."""
    for pull in history.open_pulls:
        for thread in history.place.threads(pull["pullRequestId"]):
            ours = [one["content"] for one in thread["comments"] if one["author"]["id"] == history.place.job]
            people = [one["id"] for one in thread["comments"] if one["author"]["id"] != history.place.job]
            named = [int(found[1]) for found in map(_ANSWERED.match, ours) if found]
            if len(named) != len(set(named)):
                yield f"thread {thread['id']} is answered {named}"
            elsewhere = pull.get("targetRefName", "refs/heads/main") != "refs/heads/main"
            if people and max(named, default=0) < max(people) and not elsewhere:
                yield f"thread {thread['id']} is not answered: {people}, {named}"


def every_request_is_described(history: History) -> Iterator[str]:
    """Every request of a run is as Microsoft's descriptions of the REST interface say, where they are beside the repository."""
    yield from dict.fromkeys(history.place.gate.undescribed)


def _taken_over(history: History) -> bool:
    """Return whether a person has made the branch his own, so that no run starts any more."""
    return "a person is working there" in history.ended[-1].sentence


def _kept_out(history: History) -> bool:
    """Return whether the item itself, or a limit, kept the last runs from doing anything."""
    fields = history.seen.item["fields"]
    states = history.world.settings["work_items"]["states"]
    if (states and fields["System.State"] not in states) or fields["System.State"] in CLOSED:
        return True
    return any("work_items.max_" in one.sentence for one in history.ended[history.settling :])


Sentence = Callable[[History], Iterator[str]]
CLAIM: tuple[Sentence, ...] = (
    at_most_one_branch,
    at_most_one_open_pull_request,
    at_most_one_comment,
    nothing_of_a_person_is_overwritten,
    money_stays_below_its_limits,
    the_checkout_is_restored,
    no_claim_stays,
    every_outcome_has_a_sentence,
    everything_is_brought_about,
    nothing_says_that_a_run_works,
    another_run_changes_nothing,
    every_remark_is_answered_once,
    every_request_is_described,
)
