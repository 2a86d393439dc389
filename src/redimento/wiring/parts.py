"""One of the three parts of a run, each a job with rights of its own: what it is handed, and what it hands on.

The tape goes from part to part: each plays what the one before it heard, and then asks only what its rights allow.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.azure.pipelines import variable
from redimento.errors import DiffersError, RedimentoError, UsageError
from redimento.models.port import NOTHING_SPENT, Spent
from redimento.models.recorded import CONVERSATION
from redimento.outcome import INTERRUPTED, Outcome
from redimento.run.job import Finished
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions
from redimento.store.plain import made, plain
from redimento.store.tape import WIRE, Tape, read
from redimento.text.wording import Sentence
from redimento.wiring.playback import Start, of_same_item, read_file, start_in
from redimento.wiring.store import KEY

DIGEST = "REDIMENTO_DIGEST"
_COLLECTED = b'\n{"kind": "collected", '  # begins the last line of what the first part leaves
_AUTHORED = frozenset({"check", "clock", "limit", "authored", "failed"})  # what the second part may tell the third


@dataclass(frozen=True)
class _Failed:
    """How a part ended that has made no change."""

    outcome: Outcome
    spent: Spent = NOTHING_SPENT


def part_of(options: RunOptions, environment: Mapping[str, str]) -> tuple[RunOptions, Mapping[str, str], Tape]:
    """Return options, environment and tape of one part of a run. Raises UsageError.

    What the server answered is believed only from the part that runs no foreign code: its digest comes first in
    REDIMENTO_DIGEST. All that follows it needs the digest of the second part and to be readable, or counts as broken off.
    """
    part, secret = options.part, variable(environment, KEY).encode()
    if options.work_item_file or options.dry_run or (part == "collect") == (options.resume is not None):
        raise UsageError(
            f"--part {part} does not fit the other options.",
            "Parts are of a work item in Azure Boards, without --dry-run; author and deliver need --resume.",
        )
    if part == "collect":
        return options, environment, Tape(secret=secret, part=part)
    if part == "author":
        if variable(environment, "SYSTEM_ACCESSTOKEN"):
            raise UsageError(
                "SYSTEM_ACCESSTOKEN is set for --part author, where checks run that could look for it.",
                "Map the token only on the steps with --part collect and --part deliver.",
            )
        environment = {**environment, "SYSTEM_ACCESSTOKEN": secrets.token_hex(20)}  # goes nowhere: see `stage`
    assert options.resume is not None  # noqa: S101 - see above
    folder, known = options.resume.resolve(), variable(environment, DIGEST).split()
    content, answers = read_file(folder, WIRE), read_file(folder, CONVERSATION)
    end = content.find(b"\n", content.find(_COLLECTED) + 1) + 1
    collected, whole = _digest(content[:end]), _digest(content, answers)
    if not known or collected != known[0] or (part == "author" and whole != collected):
        raise UsageError(
            f"{folder} is not what the job before this one has left, as {DIGEST} says.",
            f"Run all jobs of the pipeline again, with their digests as {DIGEST}; without a pipeline, leave out --part.",
        )
    heard = read(content[:end], secret)
    options = of_same_item(options, environment, folder, start_in(folder, heard))
    try:
        authored = [one for one in read(content[end:], secret) if one.kind in _AUTHORED] if whole in known else []
    except UsageError:
        authored = []
    text = (content if authored else content[:end]).decode("utf-8", "replace")
    return options, environment, Tape((*heard, *authored), secret=secret, part=part, text=text)


def refuse_other_start(folder: Path, start: Start, tape: Tape) -> None:
    """Write down how a run starts. Raises UsageError if it is a part, and the one before it was of another run."""

    def same(one: Start) -> Start:
        return replace(one, environment={"": one.environment.get("BUILD_BUILDID", "")})

    try:
        # Of the base, too: a rule may lead to another checkout than the one that `start` names.
        told = tape.heard("start", tape.base, lambda: plain(start))
        other = "start" in tape.plays and same(made(Start, told)) != same(start)
    except DiffersError:
        other = True
    if other:
        raise UsageError(
            f"The run in {folder} was of another item, repository, commit, build or settings than this one.",
            "Run all jobs of the pipeline again.",
        )


def broken_off(most_usd: float) -> Finished:
    """Return how a second part has ended that left nothing to go on from. Nobody knows what it has spent."""
    outcome = Outcome("failed", Sentence("author_broke_off"), Sentence("log_says_why"), RedimentoError.exit_code)
    return Finished(outcome, spent=Spent(calls=1, usd=most_usd, estimated=1, estimated_usd=most_usd))


def earlier_end(tape: Tape, most_usd: float) -> Finished | None:
    """Return how the second part has ended without a change, for the third one."""
    if tape.part != "deliver" or any(one.kind == "authored" for one in tape.known):
        return None
    try:
        failed = made(_Failed, next((one.answer for one in tape.known if one.kind == "failed"), None))
    except ValueError:
        return broken_off(most_usd)
    code = failed.outcome.exit_code
    known = code if 0 < code < INTERRUPTED else RedimentoError.exit_code  # of 256 a shell makes 0
    ended = Outcome("failed", failed.outcome.sentence, failed.outcome.remedy, known)
    return Finished(ended, spent=replace(failed.spent, usd=min(max(failed.spent.usd, 0.0), most_usd)))


def hand_on(folder: RunFolder, tape: Tape, finished: Finished) -> dict[str, str]:
    """Leave what the next part goes on from, and return the output variables that tell of it."""
    part, ended = tape.part, finished.outcome
    if part == "collect" and ended.kind != "continues":
        return {"next": "false"}
    if part == "author" and ended.kind == "failed" and ended.exit_code != INTERRUPTED:
        if not (folder.path / WIRE).exists():
            folder.write_text(WIRE, tape.text)
        failed = plain(_Failed(ended, finished.spent))
        folder.append_line(WIRE, {"kind": "failed", "asked": "", "sent": "", "answer": failed})
    elif ended.kind != "continues":
        return {}
    digest = _digest(read_file(folder.path, WIRE), read_file(folder.path, CONVERSATION))
    return {"digest": digest, "next": "true"} if part == "collect" else {"digest": digest}


def _digest(wire: bytes, answers: bytes = b"") -> str:
    """Return a hash of all that the next part reads of a folder."""
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in (wire, answers))).hexdigest()
