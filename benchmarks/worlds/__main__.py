"""Play worlds: `python -m benchmarks.worlds --seeds 0:1000 --jobs 2`, or one that failed, `--seed 123`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from benchmarks.worlds.play import Played, play, play_seed, shrunk
from benchmarks.worlds.world import draw


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the worlds that the arguments name; return 1 if the claim does not hold in one of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worlds", description=__doc__)
    parser.add_argument("--seed", type=int, help="play one world, and print what happens")
    parser.add_argument("--without", type=int, nargs="*", default=[], help="numbers of events to leave out")
    parser.add_argument("--shrink", action="store_true", help="leave out every event that the failure does not need")
    parser.add_argument("--seeds", default="0:100", help="first:last, without the last")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    root = Path(__file__).parents[2]
    os.environ["PYTHONHASHSEED"] = "0"  # a set has the same order each time
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(root / "src"), str(root)]
    )  # for the server that runs are forked from
    if options.seed is not None:
        return _one(options.seed, options.without, shrink=options.shrink)
    first, _, last = options.seeds.partition(":")
    return _many(range(int(first), int(last)), options.jobs)


def _one(seed: int, without: Sequence[int], *, shrink: bool) -> int:
    world = draw(seed).without(without)
    world, played = shrunk(world) if shrink else (world, play(world))
    print(*played.trace, sep="\n")
    print(f"\nsettings: {world.settings}\nitem: {world.item}")
    for number, event in enumerate(draw(seed).events):
        print(f"event {number}{' (left out)' if number in world.dropped else ''}: {event}")
    print(*(f"BROKEN {sentence}" for sentence in played.broken), sep="\n")
    return bool(played.broken)


def _played(seeds: Sequence[int], jobs: int) -> Iterator[tuple[int, Played]]:
    if jobs == 1:
        yield from map(play_seed, seeds)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in as_completed([pool.submit(play_seed, seed) for seed in seeds]):
            yield done.result()


def _many(seeds: Sequence[int], jobs: int) -> int:
    began, failed = time.monotonic(), 0
    for number, (seed, played) in enumerate(_played(seeds, jobs), start=1):
        if number % 25 == 0:
            print(
                f"{number} worlds, {failed} failed, {number / (time.monotonic() - began) * 60:.0f} a minute", flush=True
            )
        if played.broken:
            failed += 1
            print(f"python -m benchmarks.worlds --seed {seed}")
            print(*(f"  {sentence[:300]}" for sentence in played.broken), sep="\n", flush=True)
    minutes = (time.monotonic() - began) / 60
    print(f"{len(seeds)} worlds, {failed} failed, {len(seeds) / minutes:.0f} a minute")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
