"""The hidden lines around our part of a description: what a run wrote into a pull request, so that a person's words stay."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from redimento.delivery.pull_request import PullRequest, PullRequestText
from redimento.text.wording import Sentence

UNITS = 110  # UTF-16 units of both lines and their line breaks
_END = "<!-- Redimento ends here -->"
_BEGIN = re.compile(
    r"<!-- Redimento ([0-9a-f]{12}(?:-[0-9a-f]{8})?) title ([0-9a-f]{8}) text ([0-9a-f]{8}) (draft|ready) -->\r?\n"
)


@dataclass(frozen=True)
class Signed:
    """What a run wrote: the reference it answers, digests of title and text, and the text around its own."""

    reference: str
    title: str
    text: str
    draft: bool
    before: str
    ours: str
    after: str

    @property
    def untouched(self) -> bool:
        """Whether nobody edited our part."""
        return _digest(self.ours) == self.text


def sign(wanted: PullRequestText, reference: str) -> PullRequestText:
    """Return the text with its description between two lines that a reader does not see."""
    state = "draft" if wanted.draft else "ready"
    begin = f"<!-- Redimento {reference} title {_digest(wanted.title)} text {_digest(wanted.description)} {state} -->"
    return replace(wanted, description=f"{begin}\n{wanted.description.rstrip()}\n{_END}\n")


def read(description: str) -> Signed | None:
    """Return what a run wrote into this description, None if its lines are not there (any more)."""
    found = _BEGIN.search(description)
    if found is None:
        return None
    ours, _, after = description[found.end() :].partition(_END)
    reference, title, text, state = found.groups()
    return Signed(reference, title, text, state == "draft", description[: found.start()], ours, after.strip())


def kept(now: PullRequest) -> tuple[str, ...]:
    """Return a finished sentence for everything in the pull request that a person changed, and that stays."""
    signed = read(now.description)
    if signed is None:
        return (Sentence("description_rewritten"),)
    sentences = []
    if _digest(now.title) != signed.title:
        sentences.append(Sentence("title_kept"))
    if not signed.untouched:
        sentences.append(Sentence("description_kept"))
    if now.draft != signed.draft:
        sentences.append(Sentence("stays_a_draft" if now.draft else "stays_published"))
    return tuple(sentences)


def merged(now: PullRequest, wanted: PullRequestText, reference: str) -> PullRequestText:
    """Return the text that `now` should get: `wanted`, but what a person changed as the person left it."""
    signed = read(now.description)
    if signed is None:
        return replace(wanted, title=now.title, description=now.description, draft=now.draft)
    # The digests stay those of what a run wrote, so that the next run still sees what a person changed.
    title_kept, draft_kept = _digest(now.title) != signed.title, now.draft != signed.draft
    ours = sign(wanted, reference).description.rstrip()
    if title_kept:
        ours = ours.replace(f"title {_digest(wanted.title)} ", f"title {signed.title} ", 1)
    if draft_kept:
        was = "draft" if signed.draft else "ready"
        ours = re.sub(r" (?:draft|ready) -->", f" {was} -->", ours, count=1)
    after = f"\n{signed.after}\n" if signed.after else "\n"
    return replace(
        wanted,
        title=now.title if title_kept else wanted.title,
        description=f"{signed.before}{ours}{after}" if signed.untouched else now.description,
        draft=now.draft if draft_kept else wanted.draft,
    )


def around(description: str) -> str:
    """Return the text of other people around ours, which takes room in a description."""
    signed = read(description)
    return signed.before + signed.after if signed else ""


def _digest(text: str) -> str:
    # The web page may write other line ends, and blanks at the end of a line.
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return hashlib.sha256(lines.encode()).hexdigest()[:8]
