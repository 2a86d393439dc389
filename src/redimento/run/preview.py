"""Make the first request of a run, and send it to nobody."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from redimento.context.explain import LeftOut, left_out
from redimento.context.selection import Context
from redimento.models.port import ModelReply, ModelRequest
from redimento.run import flow
from redimento.run.candidates import Baseline, attempts, open_bench
from redimento.run.job import NOTHING_WANTED, Job, Ports
from redimento.sandbox.bench import close_workbench
from redimento.text.foreign import neutralise
from redimento.verification.evidence import Checks


@dataclass(frozen=True)
class Preview:
    """What the model would see of the repository, what not, and the first request all in all."""

    context: Context
    left_out: LeftOut
    request: ModelRequest

    def as_json(self) -> dict[str, Any]:
        messages = [
            {"role": one.role, "text": one.text, "images": [image.media_type for image in one.images]}
            for one in self.request.messages
        ]
        return {"purpose": self.request.purpose, "system": self.request.system, "messages": messages}

    def as_text(self) -> str:
        """Return the texts as they are; a terminal must not show what is hidden in them."""
        images = [f"[{image.media_type}]" for one in self.request.messages for image in one.images]
        return neutralise("\n\n".join([self.request.system, *(one.text for one in self.request.messages), *images]))


class _MadeError(Exception):
    """Carry the request out of the run that made it."""

    def __init__(self, request: ModelRequest) -> None:
        super().__init__("The request is made.")
        self.request = request


@dataclass(frozen=True)
class _Unasked:
    name: str

    def answer(self, request: ModelRequest) -> ModelReply:
        raise _MadeError(request)


def preview(job: Job, ports: Ports) -> Preview:
    """Return what a first run for the item of the job would send; no command of the team runs. Raises RedimentoError."""
    with ExitStack() as cleanup:
        ports = replace(ports, model=_Unasked(ports.model.name))
        item = flow.load(job, ports)
        attachments = flow.attachments_of(job, ports, item)
        context = flow.gather(job, ports, item, attachments, NOTHING_WANTED)
        bench = open_bench(job, ports, job.root, "checks")
        cleanup.callback(close_workbench, bench)
        session = flow.open_session(job, ports, item, context, [], attachments=attachments, wanted=NOTHING_WANTED)
        try:
            attempts(job, ports, session, item, Baseline(bench, Checks))
        except _MadeError as made:
            hidden = left_out(ports.tree.entries(), flow.hidden(job, ports), context)
            return Preview(context, hidden, job.secrets.redacted(made.request))
        raise AssertionError("A run asks the model before anything else.")
