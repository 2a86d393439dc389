"""What runs share: the same promises from a folder and from a Redis server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from redimento.store.bucket import full, taken
from redimento.store.folder import FolderStore
from redimento.store.memory import MemoryStore
from redimento.store.port import Bucket, Store, StoreError
from redimento.store.redis import RedisStore, open_redis
from redimento.store.seal import seal, unseal
from redimento.store.tolerant import TolerantStore
from tests.store.conftest import RedisServer


def reopened(store: Store) -> Store:
    """Return the store as another process opens it."""
    if isinstance(store, FolderStore):
        return FolderStore(store.folder)
    assert isinstance(store, RedisStore)
    return open_redis(f"redis://127.0.0.1:{store.client.get_connection_kwargs()['port']}/0")


def test_value_is_there_until_its_end(store: Store) -> None:
    store.put("a", b"one\n\0two", 60)
    store.put("b", b"short", 0.02)
    assert reopened(store).get("a") == b"one\n\0two"
    time.sleep(0.05)
    assert (store.get("b"), store.get("c")) == (None, None)


def test_numbers_of_many_threads_add_up(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.add("n", 0.5, 60), range(40)))
    assert store.add("n", -20, 60) == pytest.approx(0)


def test_takers_of_a_bucket_queue_up(store: Store) -> None:
    bucket = Bucket("b", 60)
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: store.take(bucket, 1, 1000), range(70)))
    assert waits[50] == 0
    # After the 60 of a minute one each second; what filled in the meantime is at most the time that has passed.
    assert 5 < waits[-1] <= 10
    assert store.take(bucket, 1, 3) > 3
    assert store.take(bucket, 1, 3) == pytest.approx(store.take(bucket, 1, 3), abs=1)  # nothing was taken


def test_empty_bucket_lets_everybody_wait_and_what_is_given_back_can_be_taken(store: Store) -> None:
    bucket = Bucket("b", 600)
    store.empty(bucket, 30)
    assert 28 < store.take(bucket, 1, 0) <= 31
    store.take(bucket, -400, 0)
    assert store.take(bucket, 1, 0) == 0


def test_lock_has_one_holder_and_goes_with_it(store: Store) -> None:
    with store.held("x", 0) as first:
        with reopened(store).held("x", 0) as second:
            assert (first, second) == (True, False)
        with reopened(store).held("y", 0) as other:
            assert other
    with reopened(store).held("x", 0) as again:
        assert again


def hold_for_ever(folder: str, ready: str) -> None:
    with FolderStore(Path(folder)).held("x", 0):
        Path(ready).touch()
        time.sleep(60)


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    process = multiprocessing.get_context("spawn").Process(target=hold_for_ever, args=(str(tmp_path / "s"), str(ready)))
    process.start()
    while not ready.exists():
        time.sleep(0.02)
    store = FolderStore(tmp_path / "s")
    with store.held("x", 0) as got:
        assert not got
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    with store.held("x", 5) as got:
        assert got


def test_only_the_owner_deletes_a_lock_on_redis(redis_server: RedisServer) -> None:
    store = open_redis(redis_server.url)
    other = redis.Redis(port=redis_server.port)
    with store.held("z", 0) as got:
        assert got
        assert 0 < int(str(other.pttl("redimento:lock:z"))) <= 30_000
        other.set("redimento:lock:z", "somebody else")  # ours ended, and another run took it
    assert other.get("redimento:lock:z") == b"somebody else"
    other.delete("redimento:lock:z")


def test_oldest_values_make_room_and_numbers_stay(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, largest=50_000)
    store.add("spent", 3, 30 * 24 * 3600)
    for number in range(10):
        store.put(f"answer {number}", bytes(10_000), 3600 + number)
    assert store.get("answer 0") is None
    assert store.get("answer 9") == bytes(10_000)
    assert store.add("spent", 0, 60) == 3
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 51_000


def test_what_has_ended_leaves_the_disk(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("old", b"1", 60)
    replace(store, clock=lambda: time.time() + 3600).put("new", b"2", 60)
    assert len(list(tmp_path.iterdir())) == 1


def test_forged_moved_and_cut_off_values_are_ignored(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, b"key")
    store.put("a", b"ours", 60)
    assert store.get("a") == b"ours"
    assert FolderStore(tmp_path, b"other").get("a") is None
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for forged in (whole[:-1], whole[:70], b"", b"\n", whole.replace(b"ours", b"mine"), seal(b"", "a", b"x", 1e12)):
        file.write_bytes(forged)
        assert store.get("a") is None
    file.write_bytes(seal(b"key", "b", b"of another key", 1e12))
    assert store.get("a") is None


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_can_be_sealed_and_no_bytes_break_the_reading(value: bytes, junk: bytes) -> None:
    assert unseal(b"k", "key", seal(b"k", "key", value, 2.0), 1.0) == value
    assert unseal(b"k", "key", junk, 1.0) is None


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 50)), max_size=40))
def test_bucket_never_lets_more_through_than_its_size_and_rate(takes: list[tuple[float, float]]) -> None:
    bucket, now, level, begun = Bucket("b", 60), 0.0, full(Bucket("b", 60), 0.0), []
    for amount, later in takes:
        now += later
        level, wait = taken(bucket, level, amount, float("inf"), now)
        begun.append((now + wait, min(amount, bucket.per_minute)))
    for index, (start, _) in enumerate(begun):
        through = sum(amount for at, amount in begun[: index + 1])
        assert through <= bucket.per_minute + start + 1e-6


def test_broken_folder_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "store"
    place.write_text("a file, where the folder should be")
    warnings: list[str] = []
    now = [0.0]
    store = TolerantStore(FolderStore(place), MemoryStore(), warnings.append, clock=lambda: now[0])
    store.put("a", b"1", 60)
    with store.held("a", 0) as got:
        assert got
    assert (store.get("a"), store.add("n", 2, 60), store.take(Bucket("b", 60), 1, 0)) == (b"1", 2, 0)
    store.empty(Bucket("b", 60), 5)
    assert len(warnings) == 1
    place.unlink()
    now[0] = 31.0
    store.put("a", b"2", 60)
    assert FolderStore(place).get("a") == b"2"


def test_full_disk_and_numbers_that_are_none_are_errors_of_the_store(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("n", b"no number", 60)
    store.put("b", b"[]", 60)
    with pytest.raises(StoreError):
        store.add("n", 1, 60)
    with pytest.raises(StoreError):
        store.take(Bucket("b", 60), 1, 0)
    if Path("/dev/full").exists():
        (tmp_path / "full").symlink_to("/dev/full/x")
        with pytest.raises(StoreError):
            FolderStore(tmp_path / "full").put("a", b"1", 60)


def test_redis_that_is_killed_and_restarted_in_the_middle(redis_server: RedisServer) -> None:
    if redis_server.process is None:
        redis_server.start()
    warnings: list[str] = []
    now = [0.0]
    store = TolerantStore(open_redis(redis_server.url), MemoryStore(), warnings.append, clock=lambda: now[0])
    store.put("a", b"1", 60)
    with store.held("a", 0) as got:
        assert got
        redis_server.kill()
        store.put("a", b"2", 60)
    assert store.get("a") == b"2"  # from the spare one
    assert warnings == ["ConnectionError"]
    redis_server.start()
    now[0] = 31.0
    store.put("a", b"3", 60)
    assert open_redis(redis_server.url).get("a") == b"3"
    redis_server.kill()
    redis_server.start()
    assert store.get("a") is None  # a connection of before the restart is not an error
    assert len(warnings) == 1


def test_address_with_a_password_is_in_no_text() -> None:
    store = open_redis("redis://:hunter22@127.0.0.1:1/0")
    with pytest.raises(StoreError) as caught:
        store.get("a")
    assert "hunter22" not in f"{caught.value}{store}"


def test_lock_on_redis_is_renewed_while_it_is_held(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redimento.store.redis._LOCK_LASTS", 0.3)
    with open_redis(redis_server.url).held("r", 0) as got:
        assert got
        time.sleep(0.8)
        with open_redis(redis_server.url).held("r", 0) as second:
            assert not second
    assert threading.active_count() < 50
