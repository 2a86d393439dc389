"""A Redis server, started once, and a store of each kind."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from redimento.store.folder import FolderStore
from redimento.store.port import Store
from redimento.store.redis import open_redis


@dataclass
class RedisServer:
    """A real Redis on loopback, without files, that a test can kill and start again."""

    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                redis.Redis(port=self.port).ping()
            except redis.RedisError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("The Redis server did not start.")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian: redis-server)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        server = RedisServer(free.getsockname()[1])
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["folder", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    server: RedisServer = request.getfixturevalue("redis_server")
    if server.process is None:
        server.start()
    redis.Redis(port=server.port).flushall()
    return open_redis(server.url)
