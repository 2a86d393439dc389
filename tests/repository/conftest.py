"""Real repositories in temporary folders, and a real git server on loopback that can refuse, fail and stall."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOKEN = "job-token-0123456789"
SIGNED_IN = f"Basic {base64.b64encode(f'redimento:{TOKEN}'.encode()).decode()}"


@dataclass
class Repo:
    """A test repository, driven by plain git."""

    path: Path

    def git(self, *arguments: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@example.com",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.com",
        }
        done = subprocess.run(
            ["git", *map(_in_utf_8, arguments)],
            cwd=self.path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            target = self.path / _in_utf_8(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes], message: str = "work") -> str:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def _in_utf_8(name: str) -> str:
    """Return what Python encodes to UTF-8 as an argument or file name, whatever the locale."""
    return os.fsdecode(name.encode(errors="surrogateescape"))


def make_repo(path: Path, files: dict[str, str | bytes]) -> Repo:
    path.mkdir(parents=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.commit(files, "Start")
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repo(
        tmp_path / "repo",
        {"src/cart.py": "def total():\n    return 0\n", "README.md": "# Shop\n", "run.sh": "exit 0\n"},
    )


@dataclass
class Server:
    """One bare repository behind `git http-backend`; `troubles` are sent first, one per request.

    `page` is sent in place of every answer of git.
    """

    bare: Path
    url: str = ""
    troubles: list[int | str] = field(default_factory=list)
    authorizations: list[list[str]] = field(default_factory=list)
    redirect: str = ""
    page: str | None = None
    during_push: Callable[[], object] | None = None

    @property
    def repo(self) -> Repo:
        return Repo(self.bare)

    def tip(self, branch: str) -> str:
        return self.repo.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def install_hook(self, name: str, script: str) -> None:
        hook = self.bare / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self, body: bytes) -> None:
        sent = self.headers.get_all("Authorization") or []
        self.served.authorizations.append(sent)
        if sent != [SIGNED_IN]:
            self._answer(401, [("WWW-Authenticate", 'Basic realm="org"'), ("Content-Length", "0")], b"")
            return
        path, _, query = self.path.partition("?")
        if self.served.redirect:
            self._answer(
                302, [("Location", self.served.redirect + "/info/refs?" + query), ("Content-Length", "0")], b""
            )
            return
        if self.served.page is not None:
            content = self.served.page.encode()
            self._answer(200, [("Content-Type", "text/html"), ("Content-Length", str(len(content)))], content)
            return
        if path.endswith("git-receive-pack") and body and self.served.during_push:
            self.served.during_push()
        trouble = self.served.troubles.pop(0) if self.served.troubles else None
        if isinstance(trouble, int):
            self._answer(trouble, [("Content-Length", "0")], b"")
            return
        status, headers, content = self._backend(path, query, body)
        if trouble == "lose the answer":
            self.close_connection = True
            return
        self._answer(status, headers, content)

    def _backend(self, path: str, query: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.served.bare.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "REMOTE_USER": "build",
            "PATH_INFO": path.replace("/org/Shop/_git/web", f"/{self.served.bare.name}"),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        headers = [(line[0], line[1]) for line in lines if line[0] != "Status"]
        status = next((int(line[1].split()[0]) for line in lines if line[0] == "Status"), 200)
        return status, [*headers, ("Content-Length", str(len(content)))], content

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    seed = make_repo(tmp_path / "seed", {"src/cart.py": "def total():\n    return 0\n"})
    for number in range(3):
        seed.commit({"notes.txt": f"{number}\n"}, f"Note {number}")
    seed.git("clone", "--quiet", "--bare", str(seed.path), str(tmp_path / "web.git"))
    served = Server(tmp_path / "web.git")
    served.repo.git("config", "http.receivepack", "true")
    handler = type("Handler", (_Handler,), {"served": served})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.daemon_threads = True
    served.url = f"http://127.0.0.1:{httpd.server_port}/org/Shop/_git/web"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def job(server: Server, tmp_path: Path) -> Repo:
    """A checkout like the agent's: depth 1, detached, no identity, `origin` without credentials."""
    path = tmp_path / "s"
    path.mkdir()
    repo = Repo(path)
    repo.git("init", "--quiet")
    repo.git("remote", "add", "origin", server.url)
    # Over file:, not HTTP: a token in a command line here would fail the test that looks for one.
    repo.git("fetch", "--quiet", "--depth=1", server.bare.as_uri(), "+refs/heads/main:refs/remotes/origin/main")
    repo.git("checkout", "--quiet", "--detach", "refs/remotes/origin/main")
    return repo
