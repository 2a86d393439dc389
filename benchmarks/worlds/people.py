"""What people do, and what they may rely on from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.worlds.place import ADA, ITEM, MALLORY, GitFailedError, Json, Place, Seen, git
from benchmarks.worlds.world import Event

_HOME = "_apis/git/repositories/calc/pullrequests"
_COMMENTS = f"_apis/wit/workItems/{ITEM}/comments"
_VERSION = "7.1-preview.4"
MARKER = "**Redimento, calc**"
CLOSED = ("Closed", "Removed")

Holds = Callable[[Seen], bool]


@dataclass
class People:
    """People who work beside the runs. `relied_on`: what has to stay as they left it, by a sentence that says so."""

    place: Place
    relied_on: dict[tuple[str, str], tuple[str, Holds]] = field(default_factory=dict)
    deleted_comment: bool = False
    took_off: set[str] = field(default_factory=set)
    remarked: set[int] = field(default_factory=set)

    def act(self, event: Event) -> str:
        """Do what the event says; return "" or why it was not possible, as all deeds do."""
        try:
            return DEEDS[event.what](self, event.value)
        except GitFailedError:
            return "git refused"

    def broken(self, seen: Seen) -> list[str]:
        """Return what people relied on and what is no longer so."""
        return [sentence for sentence, holds in self.relied_on.values() if not holds(seen)]

    def rely(self, kind: str, which: object, sentence: str, holds: Holds) -> str:
        self.relied_on[kind, str(which)] = (sentence, holds)
        return ""

    def give_up(self, kind: str, which: object = "") -> str:
        for key in [key for key in self.relied_on if key[0] == kind and (not which or key[1].startswith(str(which)))]:
            del self.relied_on[key]
        return ""

    # The branch

    def _branch(self) -> str:
        """Return our branch, the newest one."""
        seen = self.place.look()
        made = [
            update["name"].removeprefix("refs/heads/")
            for push in seen.pushes
            for update in push.get("refUpdates") or ()
            if push["pushedBy"]["id"] == self.place.job
        ]
        return next((name for name in made if name in seen.heads), "")

    def _clone(self) -> Path:
        folder = self.place.folder / "ada"
        more = self._signed_in()
        if not folder.exists():
            git(self.place.folder, "clone", "-q", self.place.variables["BUILD_REPOSITORY_URI"], str(folder), more=more)
        git(folder, "fetch", "-q", "--prune", "origin", more=more)
        return folder

    def _signed_in(self) -> dict[str, str]:
        return self.place.signed_in(self.place.emulator.tokens[ADA])

    def _push(self, folder: Path, branch: str, *options: str) -> None:
        git(folder, "push", "-q", *options, "origin", f"HEAD:refs/heads/{branch}", more=self._signed_in())

    def _on(self, branch: str) -> Path:
        folder = self._clone()
        git(folder, "checkout", "-q", "--force", "--detach", f"origin/{branch}")
        return folder

    def _commit(self, branch: str, name: str, content: str) -> str:
        folder = self._on(branch)
        (folder / name).write_text(content)
        git(folder, "add", name)
        git(folder, "commit", "-q", "-m", f"Change {name}")
        self._push(folder, branch)
        return self._rely_on_commit(branch, git(folder, "rev-parse", "HEAD"))

    def _rely_on_commit(self, branch: str, commit: str) -> str:
        def holds(seen: Seen) -> bool:
            return branch in seen.heads and self.place.holds(seen.heads[branch], commit)

        return self.rely("commit", f"{branch} {commit}", f"A commit of Ada's is on {branch}.", holds)

    def _rewritten(self, folder: Path, branch: str) -> str:
        self._push(folder, branch, "--force")
        self.give_up("commit", branch)
        return self._rely_on_commit(branch, git(folder, "rev-parse", "HEAD"))

    def commit(self, value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        return self._commit(branch, f"notes-{value}.txt", "Mine.\n")

    def commit_in_conflict(self, value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        return self._commit(branch, "calc.py", f"def add(a, b):\n    return sum((a, b))  # Ada {value}\n")

    def amend(self, value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        folder = self._on(branch)
        git(folder, "commit", "-q", "--amend", "-m", f"In my words {value}")
        return self._rewritten(folder, branch)

    def rebase(self, _value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        folder = self._on(branch)
        try:
            git(folder, "rebase", "-q", "--force-rebase", "origin/main")
        except GitFailedError:
            git(folder, "rebase", "--abort")
            return "conflict"
        return self._rewritten(folder, branch)

    def squash(self, value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        folder = self._on(branch)
        git(folder, "reset", "-q", "--soft", git(folder, "merge-base", "HEAD", "origin/main"))
        git(folder, "commit", "-q", "--allow-empty", "-m", f"In one {value}")
        return self._rewritten(folder, branch)

    def delete_branch(self, _value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        folder = self._clone()
        git(folder, "push", "-q", "--delete", "origin", branch, more=self._signed_in())
        return self.give_up("commit", branch)

    def make_branch(self, value: int) -> str:
        branch = ("redimento/7-add-adds", "redimento/7-mine")[value % 2]
        if branch in self.place.look().heads:
            return "there is one"
        folder = self._on("main")
        git(folder, "commit", "-q", "--allow-empty", "-m", f"Begin {value}")
        self._push(folder, branch)
        return self._rely_on_commit(branch, git(folder, "rev-parse", "HEAD"))

    def move_target(self, value: int) -> str:
        return self._commit("main", f"other-{value}.txt", "More.\n")

    def move_target_in_conflict(self, value: int) -> str:
        return self._commit("main", "calc.py", f"def add(a, b):\n    return a.__add__(b)  # main {value}\n")

    # The pull request

    def _pull(self, status: str = "active") -> Json | None:
        pulls = [
            one
            for one in self.place.look().pulls.values()
            if one["createdBy"]["id"] == self.place.job and one["status"] == status
        ]
        return pulls[-1] if pulls else None

    def _edit(self, pull: Json | None, **body: Any) -> Json | None:
        changed: Json | None = pull and self.place.ask("PATCH", f"{_HOME}/{pull['pullRequestId']}", body)
        return changed

    def _set(self, name: str, value: Any) -> str:
        pull = self._edit(self._pull(), **{name: value})
        if pull is None:
            return "no pull request, or refused"
        number = pull["pullRequestId"]
        sentence = f"The {name} of pull request {number} is {str(value)[:40]!r}, as Ada wrote it."
        return self.rely(name, number, sentence, lambda seen: bool(seen.pulls[number].get(name) == value))

    def retitle(self, value: int) -> str:
        return self._set("title", f"My title {value}")

    def rewrite(self, value: int) -> str:
        pull = self._pull()
        self.give_up("around", pull["pullRequestId"] if pull else "none")
        return self._set("description", f"All mine {value}.")

    def publish(self, _value: int) -> str:
        return self._set("isDraft", False)  # noqa: FBT003  a value as any other

    def mark_as_draft(self, _value: int) -> str:
        return self._set("isDraft", True)  # noqa: FBT003  a value as any other

    def write_around(self, value: int) -> str:
        pull = self._pull()
        before, after = f"Before {value}.", f"After {value}."
        written = f"{before}\n\n{(pull or {}).get('description', '')}\n\n{after}"
        if not (pull := self._edit(pull, description=written)):
            return "no pull request, or too long"
        number = pull["pullRequestId"]

        def holds(seen: Seen) -> bool:
            text = seen.pulls[number].get("description", "")
            return before in text and after in text

        self.give_up("description", number)
        return self.rely("around", f"{number} {value}", f"Ada's words stand around ours ({before})", holds)

    def _mark(self, method: str, kind: str, name: str, body: Any, *, there: bool) -> str:
        """Add or remove a mark of our pull request; a removal counts once our comment has said that all is done."""
        pull = self._pull()
        if pull is None:
            return "no pull request"
        number = pull["pullRequestId"]
        path = f"{_HOME}/{number}/{kind}" + ("" if method == "POST" else f"/{name}")
        said = f"ull request {number}](" in "".join(one["text"] for one in self._ours())
        if self.place.ask(method, path, body) is None:
            return "refused"
        if not there:
            self.took_off.add(name)
        if there or said:

            def holds(seen: Seen) -> bool:
                marks = seen.pulls[number].get(kind) or ()
                return (name in {mark.get("id") if kind == "reviewers" else mark["name"] for mark in marks}) is there

            sentence = f"The {kind} of pull request {number} are as Ada left them ({name})."
            self.rely(kind, f"{number} {name}", sentence, holds)
        return ""

    def _id(self, mail: str) -> str:
        query = {"searchFilter": "General", "filterValue": mail, "api-version": "7.1"}
        url = f"{self.place.emulator.url}_apis/identities"
        signed_in = {"Authorization": f"Bearer {self.place.emulator.tokens[ADA]}"}
        return str(self.place.session.get(url, params=query, headers=signed_in, timeout=60).json()["value"][0]["id"])

    def invite(self, _value: int) -> str:
        ada = self._id(ADA)
        return self._mark("PUT", "reviewers", ada, {"id": ada, "vote": 0}, there=True)

    def uninvite(self, _value: int) -> str:
        return self._mark("DELETE", "reviewers", self._id(MALLORY), None, there=False)

    def label(self, value: int) -> str:
        return self._mark("POST", "labels", f"ada-{value}", {"name": f"ada-{value}"}, there=True)

    def unlabel(self, _value: int) -> str:
        return self._mark("DELETE", "labels", "redimento", None, there=False)

    def remark(self, value: int) -> str:
        """Ask something of our pull request; Ada has pushed, and so may contribute, and Mallory may not."""
        pull, who = self._pull(), MALLORY if value % 5 == 0 else ADA
        if pull is None:
            return "no pull request"
        if who == ADA and "ada" not in self.place.look().heads:
            self._push(self._on("main"), "ada")
        number, text = pull["pullRequestId"], f"/redimento Say why, case {value}."
        threads = self.place.threads(number)
        if threads and value % 3 == 0:
            body: Json = {"content": text, "commentType": "text", "parentCommentId": 1}
            path = f"{_HOME}/{number}/threads/{threads[-1]['id']}/comments"
        else:
            body = {"comments": [{"content": text, "commentType": "text"}], "status": "active"}
            path = f"{_HOME}/{number}/threads"
        if self.place.ask("POST", path, body, who=who) is None:
            return "refused"
        self.remarked.add(number)

        def holds(_seen: Seen) -> bool:
            said = [one for thread in self.place.threads(number) for one in thread["comments"]]
            return any(one["content"] == text for one in said)

        return self.rely("remark", f"{number} {value}", f"The remark {text!r} is on pull request {number}.", holds)

    def _end(self, pull: Json | None, **body: Any) -> str:
        pull = self._edit(pull, **body)
        if pull is None:
            return "no pull request, or refused"
        number, status = pull["pullRequestId"], pull["status"]
        sentence = f"Pull request {number} is {status}, as Ada decided."
        return self.rely("status", number, sentence, lambda seen: bool(seen.pulls[number]["status"] == status))

    def abandon(self, _value: int) -> str:
        return self._end(self._pull(), status="abandoned")

    def reactivate(self, _value: int) -> str:
        return self._end(self._pull("abandoned"), status="active")

    def complete(self, _value: int, *, delete: bool = False) -> str:
        pull = self._edit(self._pull(), isDraft=False)
        if pull is None:
            return "no pull request"
        body = {
            "status": "completed",
            "lastMergeSourceCommit": pull["lastMergeSourceCommit"],
            "completionOptions": {"deleteSourceBranch": delete},
        }
        self.give_up("isDraft", pull["pullRequestId"])
        if delete:
            self.give_up("commit", pull["sourceRefName"].removeprefix("refs/heads/"))
        return self._end(pull, **body)

    def complete_and_delete(self, value: int) -> str:
        return self.complete(value, delete=True)

    def _other_target(self) -> None:
        if "other" not in self.place.look().heads:
            self._push(self._on("main"), "other")

    def retarget(self, _value: int) -> str:
        self._other_target()
        return self._set("targetRefName", "refs/heads/other")

    def open_another(self, value: int) -> str:
        if not (branch := self._branch()):
            return "no branch"
        self._other_target()
        title = f"Ada's own {value}"
        body = {"sourceRefName": f"refs/heads/{branch}", "targetRefName": "refs/heads/other", "title": title}
        if not (made := self.place.ask("POST", _HOME, body)):
            return "refused"
        number = made["pullRequestId"]

        def holds(seen: Seen) -> bool:
            pull = seen.pulls[number]
            return (pull["title"], pull.get("description"), pull["status"]) == (title, None, "active")

        return self.rely("own", number, f"Ada's own pull request {number} is as she left it.", holds)

    # The work item

    def _ours(self) -> list[Json]:
        return [one for one in self.place.look().comments if one["createdBy"]["id"] == self.place.job]

    def _set_field(self, name: str, value: str) -> str:
        body = [{"op": "add", "path": f"/fields/{name}", "value": value}]
        if self.place.ask("PATCH", f"_apis/wit/workitems/{ITEM}", body) is None:
            return "refused"
        if name == "System.State" and value not in CLOSED:
            return self.give_up("field", name)  # a run may move an open item, as the settings say
        sentence = f"{name} is {value!r}, as Ada set it."
        return self.rely("field", name, sentence, lambda seen: bool(seen.item["fields"].get(name) == value))

    def change_item(self, value: int) -> str:
        return self._set_field("System.Description", f"<p>It should add, case {value}.</p>")

    def rename_item(self, value: int) -> str:
        return self._set_field("System.Title", f"Sums, case {value}")

    def tag(self, value: int) -> str:
        tag = f"ada-{value}"
        self._set_field("System.Tags", tag)
        self.give_up("field", "System.Tags")  # a run may add its own, and a later deed replaces them all
        return self.rely(
            "tag", "", f"The item has Ada's tag {tag}.", lambda seen: tag in seen.item["fields"].get("System.Tags", "")
        )

    def close(self, _value: int) -> str:
        return self._set_field("System.State", "Closed")

    def remove(self, _value: int) -> str:
        return self._set_field("System.State", "Removed")

    def reopen(self, _value: int) -> str:
        return self._set_field("System.State", "Active")

    def comment(self, value: int) -> str:
        return self._say(f"Remember case {value}.")

    def answer(self, value: int) -> str:
        return self._say(f"The sum of both numbers, case {value}.")

    def quote(self, value: int) -> str:
        ours = self._ours()
        return self._say(f"{ours[0]['text'] if ours else MARKER}\n\nWhat does that mean? {value}")

    def _say(self, text: str) -> str:
        made = self.place.ask("POST", _COMMENTS, {"text": text}, version=_VERSION, format="markdown")
        if made is None:
            return "refused"

        def holds(seen: Seen) -> bool:
            return any(one["id"] == made["id"] and one["text"] == text for one in seen.comments)

        return self.rely("comment", made["id"], f"Ada's comment {made['id']} says what she wrote.", holds)

    def delete_comment(self, _value: int) -> str:
        for one in self._ours():
            self.place.ask("DELETE", f"{_COMMENTS}/{one['id']}", version=_VERSION)
            self.deleted_comment = True
        return ""

    def link(self, value: int) -> str:
        url = f"https://example.com/{value}"
        body = [{"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": url}}]
        if self.place.ask("PATCH", f"_apis/wit/workitems/{ITEM}", body) is None:
            return "refused"
        return self.rely("link", value, "Ada's link is on the item.", lambda seen: url in seen.links(url))


DEEDS: dict[str, Callable[[People, int], str]] = {
    "commit": People.commit,
    "commit in conflict": People.commit_in_conflict,
    "amend": People.amend,
    "rebase": People.rebase,
    "squash": People.squash,
    "delete the branch": People.delete_branch,
    "make a branch": People.make_branch,
    "retitle": People.retitle,
    "write around": People.write_around,
    "rewrite": People.rewrite,
    "publish": People.publish,
    "mark as draft": People.mark_as_draft,
    "invite": People.invite,
    "uninvite": People.uninvite,
    "label": People.label,
    "unlabel": People.unlabel,
    "abandon": People.abandon,
    "reactivate": People.reactivate,
    "remark": People.remark,
    "complete": People.complete,
    "complete and delete": People.complete_and_delete,
    "retarget": People.retarget,
    "open another": People.open_another,
    "change the item": People.change_item,
    "rename the item": People.rename_item,
    "comment": People.comment,
    "quote our comment": People.quote,
    "delete our comment": People.delete_comment,
    "answer": People.answer,
    "close": People.close,
    "remove": People.remove,
    "reopen": People.reopen,
    "tag": People.tag,
    "link": People.link,
    "move the target": People.move_target,
    "move the target in conflict": People.move_target_in_conflict,
}
