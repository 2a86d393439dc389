"""What happens during a run, as facts with times; handlers turn them into output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock, Thread
from time import monotonic
from typing import ClassVar, Literal

from redimento.errors import RedimentoError


@dataclass(frozen=True)
class StepStarted:
    """A step of the run begins; `title` is for people."""

    fact: ClassVar[str] = "step.started"
    name: str
    title: str


@dataclass(frozen=True)
class StepEnded:
    fact: ClassVar[str] = "step.ended"
    name: str
    seconds: float
    ok: bool = True


@dataclass(frozen=True)
class Note:
    """Progress worth a line."""

    fact: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Warned:
    """Something a person should look at; the run continues. `path`: a file of the repository, or ""."""

    fact: ClassVar[str] = "warning"
    text: str
    path: str = ""


@dataclass(frozen=True)
class Loaded:
    """The work item is known."""

    fact: ClassVar[str] = "work_item.loaded"
    id: int
    type: str
    title: str


@dataclass(frozen=True)
class ItemAdmitted:
    """The run goes on to work on the item, and may spend money."""

    fact: ClassVar[str] = "work_item.admitted"
    id: int
    type: str
    title: str


@dataclass(frozen=True)
class Requested:
    """An HTTP request to Azure DevOps has ended. `status` 0: without an answer.

    `route`: the path without names and ids. `activity`: of a refused request, by which Microsoft's support finds it.
    """

    fact: ClassVar[str] = "request"
    method: str
    route: str
    status: int
    seconds: float
    activity: str = ""


@dataclass(frozen=True)
class Asked:
    """A call of the model begins, the `number`-th of this run. `purpose`: author, repair, criteria and so on."""

    fact: ClassVar[str] = "asked"
    purpose: str
    model: str
    number: int


@dataclass(frozen=True)
class Answered:
    """A call of the model has ended. `status`: ok, kept (by another run, for nothing), or the kind of failure.

    `prompt` tokens include the `cached` ones. `tokens_so_far` and `usd_so_far`: of the whole run.
    """

    fact: ClassVar[str] = "answered"
    purpose: str
    model: str
    status: str
    seconds: float
    prompt: int
    cached: int
    output: int
    thoughts: int
    usd: float
    tokens_so_far: int
    usd_so_far: float

    @property
    def tokens(self) -> int:
        return self.prompt + self.output + self.thoughts


@dataclass(frozen=True)
class Refused:
    """Edits of an answer cannot be applied, and the model is asked to correct them. `where`: their files, in words."""

    fact: ClassVar[str] = "refused"
    edits: int
    where: str

    @property
    def text(self) -> str:
        return f"Asking the model to correct edits that cannot be applied ({self.where})."


@dataclass(frozen=True)
class Applied:
    """A change is in the tree, to be checked: `edits` of the answer, as so many `files`, lines `added` and `removed`."""

    fact: ClassVar[str] = "applied"
    edits: int
    files: int
    added: int
    removed: int


# The untouched tree, while the model is asked; the tree with the change; the change with the tests as they were.
Stage = Literal["before", "after", "old tests"]


@dataclass(frozen=True)
class CheckStarted:
    """A check begins, the `number`-th of those that run one after another."""

    fact: ClassVar[str] = "check.started"
    name: str
    stage: Stage
    number: int
    of: int


@dataclass(frozen=True)
class CheckFinished:
    fact: ClassVar[str] = "check.finished"
    name: str
    stage: Stage
    number: int
    of: int
    seconds: float
    ok: bool


@dataclass(frozen=True)
class Proved:
    """The change is judged: `proving` of the `tests` that it adds or alters fail without it. `failures`: new ones."""

    fact: ClassVar[str] = "proved"
    proving: int
    tests: int
    failures: int


@dataclass(frozen=True)
class Repair:
    """The model is asked to repair `failures` new failures, for the `round`-th time."""

    fact: ClassVar[str] = "repair"
    round: int
    of: int
    failures: int

    @property
    def text(self) -> str:
        return f"Repair round {self.round}: {self.failures} new failure{'s' * (self.failures != 1)}."


@dataclass(frozen=True)
class PullRequestWritten:
    """The change is pushed, and its pull request created or updated. In a dry run `id` is 0."""

    id: int
    url: str
    draft: bool
    created: bool

    @property
    def fact(self) -> str:
        return "pull_request.created" if self.created else "pull_request.updated"


@dataclass(frozen=True)
class RunEnded:
    """How the run ended, the last fact. `run_url`: its page, "" outside a pipeline. `tokens` and `usd`: of the whole run."""

    kind: Literal["delivered", "draft", "questions", "skipped", "failed", "continues"]
    sentence: str
    remedy: str
    item_id: int
    item_type: str
    title: str
    repository: str
    seconds: float
    tokens: int
    usd: float
    pull_request_id: int = 0
    pull_request_url: str = ""
    run_url: str = ""
    language: str = "en"

    @property
    def fact(self) -> str:
        return f"run.{self.kind}"


Event = (
    StepStarted | StepEnded | Note | Warned | Loaded | ItemAdmitted | Requested | Asked | Answered | Refused | Applied
    | CheckStarted | CheckFinished | Proved | Repair | PullRequestWritten | RunEnded
)  # fmt: skip
Emit = Callable[[Event], None]


_UNKNOWN = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Moment:
    """An event, `seconds` after the start of the run; `at`: in UTC."""

    seconds: float
    event: Event
    at: datetime = _UNKNOWN


Handler = Callable[[Moment], None]

_MOST_KEPT = 2_000  # events
_SENDING_SECONDS = 10.0


@dataclass
class EventBus:
    """Gives each event to all handlers. One that fails is left out from then on, and a warning says so once.

    `kept`: what a handler that comes later is told first.
    """

    kept: list[Moment] = field(default_factory=list)
    _handlers: dict[str, Handler] = field(default_factory=dict)
    _sending: set[str] = field(default_factory=set)
    _began: float = field(default_factory=monotonic)
    _lock: RLock = field(default_factory=RLock)  # the baseline runs in a thread

    def add(self, name: str, handler: Handler, *, sends: bool = False) -> None:
        """Add a handler. Those that `sends` to other machines are told at the same time: five that hang must not add up."""
        with self._lock:
            self._handlers[name] = handler
            if sends:
                self._sending.add(name)
            problems: list[Warned] = []
            for moment in [*self.kept]:
                if not problems:
                    self._tell(name, moment, problems)
            for problem in problems:
                self.publish(problem)

    def publish(self, event: Event) -> None:
        moment = Moment(monotonic() - self._began, event, datetime.now(UTC))
        with self._lock:
            if len(self.kept) < _MOST_KEPT:
                self.kept.append(moment)
            problems: list[Warned] = []
            threads: list[Thread] = []
            for name in [*self._handlers]:
                if name in self._sending:
                    threads.append(Thread(target=self._tell, args=(name, moment, problems), daemon=True))
                    threads[-1].start()
                else:
                    self._tell(name, moment, problems)
            until = monotonic() + _SENDING_SECONDS
            for thread in threads:
                thread.join(max(until - monotonic(), 0.0))
            for problem in problems:  # now that all have heard of the event
                self.publish(problem)

    def _tell(self, name: str, moment: Moment, problems: list[Warned]) -> None:
        try:
            self._handlers[name](moment)
        except Exception as error:  # noqa: BLE001  whatever fails there is not the run's
            del self._handlers[name]
            why = str(error) if isinstance(error, RedimentoError) else f"{type(error).__name__}: {error}"
            problems.append(Warned(f"{name} gets no more news of this run: {why}"))


def ignore(_event: Event) -> None:
    """Listen to nothing."""


@contextmanager
def step(emit: Emit, name: str, title: str) -> Iterator[None]:
    """Emit the start and, even on failure, the end of a step."""
    emit(StepStarted(name, title))
    started = monotonic()
    ok = False
    try:
        yield
        ok = True
    finally:
        emit(StepEnded(name, monotonic() - started, ok))
