"""Show on the work item that a run works on it: by its comment, its state and its tags."""

from __future__ import annotations

from dataclasses import replace

from redimento.delivery import earlier, texts
from redimento.delivery.stages import Stage, mark_of
from redimento.errors import RedimentoError
from redimento.events import ItemAdmitted, Note, Warned
from redimento.run.job import Admitted, Job, Ports


def begin(job: Job, ports: Ports, admitted: Admitted) -> Admitted:
    """Show that the run has begun, and return the item as it is then. The claim holds, and nothing fails the run."""
    item = admitted.item
    ports.emit(ItemAdmitted(item.id, item.type, item.title))
    admitted, _ = mark(job, ports, admitted, "started", current=True)
    say_working(job, ports, admitted)
    return admitted


def say_working(job: Job, ports: Ports, admitted: Admitted) -> None:
    """Let our comment say that a run works; if it is killed, that is what the next run counts and finishes it by."""
    if not (job.settings.updates.comment and job.run):
        return
    item, language = admitted.item, job.settings.language
    left = admitted.pull_request.url if admitted.concluded and admitted.pull_request else ""
    # A killed run leaves this comment: it must say what the one before it remembers, and no more.
    kept = earlier.memory(
        earlier.remembered(item, job.marker),
        earlier.tally(item, job.marker),
        left,
        earlier.asked_after(item, job.marker),
        working=True,
        language=language,
    )
    known, asked = earlier.own_comment(item, job.marker), earlier.questions(item, job.marker)
    try:
        text = texts.working(job.marker, job.tape.now("comment"), job.run_url, kept, asked, language=language)
        ports.board.comment(item.id, job.marker, text, known=known.id if known else 0)
    except RedimentoError as error:
        ports.emit(Warned(f"The work item does not say that a run works on it. {error}"))


def mark(job: Job, ports: Ports, admitted: Admitted, stage: Stage, *, current: bool = False) -> tuple[Admitted, bool]:
    """Give the item the state and the tags of a stage; return it as it is then, and whether that worked.

    `current`: nothing has changed the item since it was read.
    """
    wanted = mark_of(stage, job.settings.updates, again=admitted.again)
    try:
        item, kept = ports.board.mark(admitted.item, wanted, current=current)
    except RedimentoError as error:
        what = f"moved to {wanted.state}" if wanted.state else "given its tags"
        ports.emit(Warned(f"The work item could not be {what}. {error}"))
        return admitted, False
    for sentence in kept:
        ports.emit(Note(sentence))
    told = () if stage == "started" else kept
    return replace(admitted, item=item, notes=(*admitted.notes, *told)), True
