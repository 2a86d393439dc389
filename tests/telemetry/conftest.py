"""A receiver of hooks, and a real Pushgateway and Prometheus, each started once and killed by tests."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import yaml

from tests.run.conftest import organise, site

__all__ = ["organise", "site"]  # fixtures

ALERTS = Path(__file__).parents[2] / "action" / "monitoring" / "alerts.yml"


@dataclass
class Receiver:
    """Takes every POST and PUT; `statuses` by path, else 202. A path with `slow` in it gets its answer too late."""

    url: str = ""
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(body) for found, _, body in self.received if found == path]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.received.append((self.path, dict(self.headers), body))
            if "slow" in self.path:
                time.sleep(1.0)
            self.send_response(made.statuses.get(self.path, 202))
            self.send_header("Location", made.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PUT = do_POST  # noqa: N815  the name that the server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Server:
    """A program that serves HTTP on loopback."""

    command: list[str]
    url: str
    ready: str
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, cwd=self.folder, stderr=subprocess.DEVNULL)
        eventually(lambda: requests.get(self.url + self.ready, timeout=5).ok, f"{self.command[0]} did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def eventually(true: Callable[[], Any], otherwise: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if true():
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise AssertionError(otherwise)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("prometheus-pushgateway") is None:
        pytest.skip("prometheus-pushgateway is not installed (Debian: prometheus-pushgateway)")
    place, folder = f"127.0.0.1:{_free_port()}", tmp_path_factory.mktemp("gateway")
    server = Server(
        ["prometheus-pushgateway", f"--web.listen-address={place}", "--persistence.file=kept", "--persistence.interval=1s"],
        f"http://{place}", "/-/ready", folder,
    )  # fmt: skip
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def prometheus(gateway: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prometheus that looks at the gateway, and at the rules, each second."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    place, folder = f"127.0.0.1:{_free_port()}", tmp_path_factory.mktemp("prometheus")
    (folder / "alerts.yml").write_text(ALERTS.read_text("utf-8").replace("interval: 1m", "interval: 1s"))
    target = gateway.url.removeprefix("http://")
    scrape = {"job_name": "gateway", "honor_labels": True, "static_configs": [{"targets": [target]}]}
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape], "rule_files": ["alerts.yml"]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    server = Server(
        ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={place}"],
        f"http://{place}", "/-/ready", folder,
    )  # fmt: skip
    server.start()
    yield server
    server.kill()
