"""One attempt at a case in this process: the program's own conversation and guards, without a service, checks or delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from benchmarks.authoring import hunks
from benchmarks.authoring.gold import is_test
from benchmarks.authoring.oracle import Oracle
from benchmarks.authoring.trees import Ground
from redimento.authoring import prompt
from redimento.authoring.conversation import LEAST_BUDGET, ModelSession
from redimento.change import writer
from redimento.change.edit import Change
from redimento.commands.opening import open_tree
from redimento.context.tokens import estimate
from redimento.errors import RedimentoError
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Changed, Explore, Finding, Wish
from redimento.models.metered import MeteredModel
from redimento.models.port import ModelReply, ModelRequest, Usage
from redimento.models.prices import cost_usd, price_of
from redimento.run.attempt import AttemptPlan, make_attempt
from redimento.run.proposal import Workspace
from redimento.settings import CheckCommand, Settings
from redimento.verification.comparison import compare
from redimento.verification.evidence import CheckResult, Checks, TestResult, Verdict

CHECK = CheckCommand(name="oracle", run=("python3", "hunks.py", "spec.json", "junit.xml"), junit="junit.xml")
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Ending:
    """How an attempt ended. `wrong`: paths of the change that are not as merged. `stray`: others that were changed.

    `tokens`: of all prompts, four bytes each. `repeated`: those of the second call on that stand in a beginning which is
    the same as that of the call before. `later`: all of the second call on. `usd_cached`: the dollars if that beginning is
    charged as cached.
    """

    case: str
    set: str
    p: float
    q: float
    outcome: str  # changed, asked, failed
    sentence: str
    wrong: tuple[str, ...]
    stray: tuple[str, ...]
    calls: int
    tokens: int
    repeated: int
    later: int
    usd: float
    usd_cached: float
    cause: str = ""
    barred: str = ""

    @property
    def right(self) -> bool:
        return self.outcome == "changed" and not self.wrong and not self.stray

    @property
    def source_right(self) -> bool:
        """Whether all files are right that are no tests."""
        return self.outcome == "changed" and all(map(is_test, self.wrong))


@dataclass
class OracleModel:
    """The oracle behind the Model port."""

    oracle: Oracle
    name: str = "oracle"
    prompts: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def answer(self, request: ModelRequest) -> ModelReply:
        text, truncated = self.oracle.answer(request.system, request.messages, request.max_output_tokens)
        self.prompts.append("\0".join([request.system, *(message.text for message in request.messages)]))
        self.answers.append(text)
        usage = Usage(prompt=_tokens(self.prompts[-1]), output=max(1, _tokens(text)))
        return ModelReply(text, "oracle", usage, "MAX_TOKENS" if truncated else "STOP", truncated=truncated)


def attempted(ground: Ground, p: float, q: float, *, smart: bool) -> tuple[Ending, Oracle, OracleModel]:
    """Let the oracle author the change, and put the tree back."""
    settings = Settings()
    oracle = Oracle(ground.case, ground.before, ground.after, ground.paths, p, q, smart)
    model = OracleModel(oracle)
    metered = MeteredModel(model, settings.model, price_of(settings.model), estimate, lambda _: None)
    attempt, change, sentence = None, Change(), ""
    with _tree_put_back(ground) as journal:
        try:
            attempt = make_attempt(
                _session(ground, settings, metered), _plan(ground, settings, journal), lambda _: None
            )
            change = attempt.change
        except RedimentoError as error:
            sentence = str(error)
    repeated = sum(_beginning(*pair) for pair in pairwise(model.prompts))
    got = {file.path: None if file.after is None else file.after.decode("utf-8", "replace") for file in change.files}
    wrong = tuple(path for path in ground.after if got.get(path, ground.before[path]) != ground.after[path])
    ending = Ending(
        case=ground.case.id,
        set=ground.case.set,
        p=p,
        q=q,
        outcome="changed" if change.files else "asked" if attempt else "failed",
        sentence=sentence,
        wrong=wrong,
        stray=tuple(path for path in got if path not in ground.after),
        calls=len(model.prompts),
        tokens=sum(map(_tokens, model.prompts)),
        repeated=repeated,
        later=sum(map(_tokens, model.prompts[1:])),
        usd=metered.spent.usd,
        usd_cached=metered.spent.usd - _saved(settings, repeated),
        barred=ground.barred,
    )
    return ending, oracle, model


@contextmanager
def _tree_put_back(ground: Ground) -> Iterator[Path]:
    journal = ground.root.parent / "journal"
    try:
        yield journal
    finally:
        writer.recover(ground.root, journal)
    if hunks.texts(ground.root, ground.case.paths) != ground.before:
        raise AssertionError(f"{ground.case.id}: the tree was not put back.")


def _session(ground: Ground, settings: Settings, model: MeteredModel) -> ModelSession:
    budget = max(settings.context.budget_tokens, LEAST_BUDGET)
    return ModelSession(
        model,
        settings.model,
        prompt.briefing(ground.item, ground.context, settings.project, change=settings.change, checks=(CHECK,)),
        _remembering(ground, settings),
        settings.model.thinking,
        budget,
        budget,
    )


def _remembering(ground: Ground, settings: Settings) -> Explore:
    """Return the program's own exploration; what it finds in the untouched tree is found once for all points."""
    best = [excerpt.path for excerpt in ground.context.excerpts]
    explored = explorer(open_tree(ground.root), exclude=settings.context.exclude, best=best, cache=None)

    def explore(wishes: Sequence[Wish], changed: Changed) -> Sequence[Finding]:
        if changed:
            return explored(wishes, changed)
        new = [wish for wish in wishes if wish not in ground.found]
        ground.found.update(zip(new, explored(new, {}), strict=True))
        return [ground.found[wish] for wish in wishes]

    return explore


def _plan(ground: Ground, settings: Settings, journal: Path) -> AttemptPlan:
    before = _checks(ground)

    def verify(*_: object) -> Verdict:
        after = _checks(ground)
        found = compare(before, after)
        return Verdict(before, after, found.new, found.known, (), found.fixed)

    return AttemptPlan(
        workspace=Workspace(ground.root, settings.change),
        journal=journal,
        criteria=ground.item.acceptance_criteria,
        settle=lambda: None,
        verify=verify,
        rounds=settings.checks.repair_rounds,
        save=lambda _: None,
    )


def _checks(ground: Ground) -> Checks:
    now = hunks.texts(ground.root, ground.case.paths)
    messages = hunks.failures(ground.case.blocks, ground.before, ground.after, now)
    tests = tuple(
        TestResult(f"oracle::{hunks.name(number)}", "failed" if message else "passed", 0.0, message)
        for number, message in enumerate(messages)
    )
    failed = int(any(messages))
    return Checks(
        (CheckResult(CHECK.name, "hunks.py", required=True, exit_code=failed, seconds=0.1, output="", tests=tests),)
    )


def _saved(settings: Settings, cached: int) -> float:
    price, today = price_of(settings.model), datetime.now(UTC).date()
    dear, cheap = Usage(prompt=cached), Usage(prompt=cached, cached=cached)
    return cost_usd(price, dear, on=today) - cost_usd(price, cheap, on=today)


def _beginning(one: str, other: str) -> int:
    """Return the tokens with which both prompts begin."""
    size = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return _tokens(one[:size])


def _tokens(text: str) -> int:
    return len(text.encode()) // _BYTES_PER_TOKEN
