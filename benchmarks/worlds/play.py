"""Play a world: start its runs, let its events happen, let everything settle, and ask whether the claim holds."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from queue import Empty

from benchmarks.worlds import child
from benchmarks.worlds.answers import scripted
from benchmarks.worlds.claim import CLAIM, History
from benchmarks.worlds.ended import Ended, read
from benchmarks.worlds.gate import Counted
from benchmarks.worlds.people import DEEDS, People
from benchmarks.worlds.place import ITEM, Place, settled, state_of
from benchmarks.worlds.world import CLOCK, SECONDS, Event, Start, World, draw

_SECONDS = 90.0  # after which a run hangs
_HOOK, _HAND = Start(by_hand=False, answers="good"), Start(by_hand=True, answers="good")
_REVISE = replace(_HOOK, revise=True)
_MEMORY = Path("/dev/shm")
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass
class _Run:
    """A run that has begun."""

    counted: Counted
    process: ForkServerProcess
    build: str
    start: Start
    checkout: Path
    temporary: Path
    output: Path
    cancelled: bool = False


@dataclass(frozen=True)
class Played:
    """What a world came to: the sentences of the claim that do not hold, and what happened, in order."""

    broken: tuple[str, ...]
    trace: tuple[str, ...]
    seconds: float


def play_seed(seed: int) -> tuple[int, Played]:
    """Play the world of a seed."""
    return seed, play(draw(seed))


def play(world: World) -> Played:
    """Play a world in a folder of its own, in memory where that is possible."""
    began, memory = time.monotonic(), _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix=f"world-{world.seed}-", dir=memory) as made,
        settled(Path(made), world) as place,
    ):
        director = _Director(world, place)
        try:
            broken = list(director.play())
        finally:
            director.stop()
        return Played(tuple(broken), tuple(place.gate.trace), time.monotonic() - began)


class _Director:
    """Keeps one run moving at a time, so that a world plays the same way each time."""

    def __init__(self, world: World, place: Place) -> None:
        self.world, self.place, self.people = world, place, People(place)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([child.LOADED])
        self.begun: list[_Run] = []
        self.ended: list[Ended] = []
        self.other: _Run | None = None  # a second run that waits
        self.zombies: list[str] = []
        self.broken: list[str] = []

    def play(self) -> Iterator[str]:
        """Play everything and yield what does not hold."""
        for number, start in enumerate(self.world.starts):
            for event in self._events(number, during=False):
                self._happens(event, None)
            self._whole(number, start, self._events(number, during=True))
        for build in self.zombies:
            self.place.end_build(build)
        before = len(self.ended)
        revise = [_REVISE] if self.people.remarked else []
        for start in (_HOOK, _HAND, *revise, _HOOK, *revise, _HOOK):
            self._whole(len(self.ended), start, [])
        seen = self.place.look()
        yield from dict.fromkeys(self.broken)
        history = History(self.world, self.place, seen, self.people, tuple(self.ended), before)
        for claim in CLAIM:
            yield from (f"{claim.__name__}: {sentence}" for sentence in claim(history))

    def stop(self) -> None:
        """End what still runs, if playing failed."""
        for run in self.begun:
            if run.process.is_alive():
                _kill(run)
                run.counted.go_on.set()

    def _events(self, run: int, *, during: bool) -> list[Event]:
        return [event for event in self.world.events if event.run == run and (event.request > 0) is during]

    def _whole(self, number: int, start: Start, events: list[Event]) -> None:
        """Run to the end, and let a second run that waits come to its end, too."""
        self._drive(self._begin(number, start, events, "agent-1"))
        if self.other is not None:
            other, self.other = self.other, None
            while not self._drive(other):
                pass  # at its pauses nobody else is there any more
        for sentence in self.people.broken(self.place.look()) if self.people.relied_on else ():
            self.broken.append(f"nothing_of_a_person_is_overwritten: after run {number}: {sentence}")
            self.people.relied_on = {key: one for key, one in self.people.relied_on.items() if one[0] != sentence}

    def _begin(self, number: int, start: Start, events: list[Event], agent: str) -> _Run:
        checkout, build = self.place.check_out(agent), self.place.queue_build()
        self._say(f"run {number}{'b' if agent != 'agent-1' else ''} begins: {start}")
        temporary = self.place.folder / agent / f"temp-{build}"
        temporary.mkdir()
        environment = {
            **self.place.variables,
            "PATH": _PATH,
            "HOME": str(temporary.parent),
            "AGENT_TEMPDIRECTORY": str(temporary),
            "TMPDIR": str(self.place.folder),
            "BUILD_BUILDID": build,
            "BUILD_REASON": "Manual" if start.by_hand else "ResourceTrigger",
        }
        config, output = temporary / "settings.json", temporary / "output.txt"
        recording = temporary / "answers.jsonl"
        recording.write_text("".join(json.dumps(row) + "\n" for row in scripted(start.answers, int(build))))
        settings = json.loads(json.dumps(self.world.settings))
        settings["model"]["recording"] = str(recording)
        config.write_text(json.dumps(settings))
        reviewed = self._own_pull() if start.revise else 0
        what = ["revise", "--pull-request", str(reviewed)] if reviewed else ["run", "--work-item", ITEM]
        words = [*what, "--repo", str(checkout), "--config", str(config), "--json"]
        arguments = (words, environment, output, self.place.clock, self.world.seed)
        process = self.context.Process(target=child.main, args=arguments)
        process.start()
        run = _Run(Counted(number, events), process, build, start, checkout, temporary, output)
        self.begun.append(run)
        return run

    def _own_pull(self) -> int:
        """Return the newest pull request of a run, an open one if there is one, 0 for none."""
        rows = [one for one in self.place.look().pulls.values() if one["createdBy"]["id"] == self.place.job]
        return max(((one["status"] == "active", int(one["pullRequestId"])) for one in rows), default=(False, 0))[1]

    def _drive(self, run: _Run) -> bool:
        """Let a run move until it has ended; return False if it waits for the other one."""
        before, self.place.gate.active = self.place.gate.active, run.counted
        run.counted.go_on.set()
        until = time.monotonic() + _SECONDS
        try:
            while True:
                try:
                    events = run.counted.reached.get(timeout=0.004)
                except Empty:
                    if not run.process.is_alive():
                        break
                    if time.monotonic() > until:
                        self.broken.append(f"every_run_ends: run {run.counted.number} hangs")
                        _kill(run)
                    continue
                for event in events:
                    if event.what == "pause":
                        return False
                    self._happens(event, run)
                    self.place.gate.active = run.counted
                run.counted.go_on.set()
        finally:
            self.place.gate.active = before
        self._note_end(run)
        return True

    def _note_end(self, run: _Run) -> None:
        run.process.join()
        if not (run.counted.dead and run.build in self.zombies):
            self.place.end_build(run.build)
        restored = state_of(run.checkout) == self.place.pristine[run.checkout]
        ended = read(
            run.counted, run.start, run.output, run.temporary, int(run.process.exitcode or 0),
            restored=restored, cancelled=run.cancelled,
        )  # fmt: skip
        self.ended.append(ended)
        self._say(f"run {run.counted.number} {ended}")

    def _happens(self, event: Event, run: _Run | None) -> None:
        if event.what == CLOCK:
            seconds = SECONDS[event.value % len(SECONDS)]
            self.place.set_clock(seconds)
            self._say(f"{event}: the clocks of all machines are wrong by {seconds / 3_600:+,.0f} hours")
        elif event.what in DEEDS:
            active, self.place.gate.active = self.place.gate.active, None
            self._say(f"{event}: {self.people.act(event) or 'done'}")
            self.place.gate.active = active
        elif run is not None and event.what == "kill":
            if event.value % 4 == 0:  # the agent is lost, and Azure does not know yet
                self.zombies.append(run.build)
            self._say(str(event))
            _kill(run)
        elif run is not None and event.what == "cancel":
            self._say(str(event))
            self._cancel(run)
        elif run is not None and event.what == "second run":
            self._second(event, run)
        elif event.what == "switch" and self.other is not None and run is not self.other:
            self._say(str(event))
            self._drive_other()

    def _cancel(self, run: _Run) -> None:
        """Cancel a run and wait until it says something new or has ended: its request was answered, but it did not listen."""
        run.cancelled = True
        if run.process.pid:
            os.kill(run.process.pid, signal.SIGTERM)
        counted = run.counted.requests
        until = time.monotonic() + 1
        while run.process.is_alive() and run.counted.requests == counted and time.monotonic() < until:
            time.sleep(0.002)

    def _second(self, event: Event, run: _Run) -> None:
        if self.other is not None or run.checkout.parent.name != "agent-1":
            return
        self._say(str(event))
        pauses = [1 + event.value % 7, 5 + event.value % 11] if event.value % 3 else []
        stops = [Event("pause", run.counted.number, number, "after") for number in pauses]
        self.place.gate.active = None
        revise = bool(self.people.remarked) and event.value % 5 < 2
        start = Start(by_hand=bool(event.value % 2), answers="good", revise=revise)
        self.other = self._begin(run.counted.number, start, stops, "agent-2")
        self._drive_other()

    def _drive_other(self) -> None:
        other, self.other = self.other, None
        if other is not None and not self._drive(other):
            self.other = other

    def _say(self, text: str) -> None:
        self.place.gate.trace.append(text)


def _kill(run: _Run) -> None:
    """Kill a run with everything it has started, as an agent that is lost does."""
    run.counted.dead = True
    for process in _family(run.process.pid or 0):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    run.process.join()


def _family(ancestor: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [ancestor]
    for process in found:
        found += [one for one, parent in parents.items() if parent == process]
    return found


def shrunk(world: World) -> tuple[World, Played]:
    """Return the world without the events that its failure does not need."""
    dropped: set[int] = set()
    played = play(world)
    for number in range(len(world.events)):
        smaller = play(world.without({*dropped, number}))
        if smaller.broken:
            dropped.add(number)
            played = smaller
    return world.without(dropped), played
