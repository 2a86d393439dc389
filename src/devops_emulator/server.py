"""Start and stop the organisation: on a port for people, in threads for tests."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from devops_emulator import builds, hooks, oidc, people, projects
from devops_emulator import organisation as organisations
from devops_emulator.boards import areas, attachments, comments, queries, types, work_items
from devops_emulator.faults import StartError
from devops_emulator.organisation import NAME, Organisation
from devops_emulator.pipelines import (
    definitions,
    endpoints,
    permissions,
    queueing,
    queues,
    variable_groups,
    webhooks,
)
from devops_emulator.repos import (
    branch_policies,
    completion,
    contents,
    git,
    iterations,
    marks,
    pull_requests,
    pushes,
    refs,
    repositories,
    rest_pushes,
    threads,
)
from devops_emulator.routing import Watch, application
from devops_emulator.security import entries, evaluation
from devops_emulator.seed import check_seed, plant, read_seed
from devops_emulator.store import Document, Store
from devops_emulator.wire import Resource

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOOPBACK = "127.0.0.1"
_LOOKS_EACH = 0.1  # seconds
_LAST_PORT = 65_535
_BOARDS = (work_items, comments, attachments, types, queries, areas)
_REPOS = (repositories, refs, rest_pushes, contents, pull_requests, iterations, threads, marks, branch_policies)
_PIPELINES = (definitions, queueing, endpoints, variable_groups, queues, permissions, webhooks)
_AREAS = (people, projects, *_BOARDS, *_REPOS, hooks, builds, *_PIPELINES, entries, evaluation, oidc)
_RESOURCES: tuple[Resource, ...] = tuple(resource for area in _AREAS for resource in area.RESOURCES)


@dataclass(frozen=True)
class Emulator:
    """A served organisation: what a client needs to know about it."""

    url: str
    """The collection's URL, ending with a slash."""
    token: str
    tokens: dict[str, str]
    """The access token of each person, by mail address."""
    projects: dict[str, dict[str, Any]]
    """By project name: its `id`, its `process`, and the ids of its `repositories` and `service_connections` by name."""
    environment: dict[str, dict[str, str]]
    """By repository name (`project/name` if two projects share the name): the variables of its job."""


class _Handler(WSGIRequestHandler):
    # Headers and body are two writes: without this each answer on a kept-alive connection waits 40 ms for the client's
    # delayed acknowledgement (measured on Linux loopback).
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Log nothing: stdout carries the start line, and clients report their own requests."""


@contextmanager
def running(
    folder: Path,
    *,
    port: int = 0,
    seed: Path | Mapping[str, Any] | list[Any] | None = None,
    watch: Watch = lambda _method, _path: None,
    around: Callable[[WSGIApplication], WSGIApplication] = lambda application: application,
) -> Iterator[Emulator]:
    """Serve the organisation in `folder` from threads until the context is left.

    Port 0 picks a free one. `watch` is called for each request, in its thread; `around` may put something before the
    organisation, such as a proxy that fails. A seed is a file, or its content (with paths relative to the working directory). Raises
    StartError for a bad seed, a seed for a folder that is not empty, a port in use, and an unusable folder or git.
    """
    git.require()
    seeded = None
    if seed is not None:
        seeded = read_seed(seed) if isinstance(seed, Path) else check_seed(seed)
    base = seed.parent if isinstance(seed, Path) else Path()
    with _listening(port) as listener, ThreadPoolExecutor(1) as deliveries, _opened(folder) as store:
        url = f"http://{_LOOPBACK}:{listener.getsockname()[1]}/{NAME}/"
        organisation = organisations.open_organisation(
            folder, url, store, lambda *about: deliveries.submit(hooks.deliver, store, *about)
        )
        if seeded is not None:
            plant(organisation, seeded, base)
        server = _server(organisation, listener, watch, around)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield _described(organisation)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            deliveries.shutdown(wait=True)


def serve(folder: Path, port: int, seed: Path | None) -> None:
    """Print one JSON line that describes how to reach the organisation, then serve it until SIGINT or SIGTERM.

    Raises StartError as `running` does.
    """
    asked_to_end: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        asked_to_end.append(number)

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(folder, port=port, seed=seed) as emulator:
            sys.stdout.write(json.dumps(asdict(emulator)) + "\n")
            sys.stdout.flush()
            # No lock to wait for: the handler could need it, or another thread get the signal, and this one sleep for ever.
            while not asked_to_end:
                time.sleep(_LOOKS_EACH)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    if not 0 <= port <= _LAST_PORT:
        raise StartError(f"Port {port} does not exist. Choose one up to {_LAST_PORT}, or 0 for any free port.")
    try:
        listener = socket.create_server((_LOOPBACK, port), backlog=128)
    except OSError as error:
        raise StartError(
            f"Port {port} of {_LOOPBACK} cannot be used: {error.strerror}. Choose another one, or 0 for any free port."
        ) from error
    with listener:
        yield listener


@contextmanager
def _opened(folder: Path) -> Iterator[Store]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        store = Store(folder / "organisation.sqlite")
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"The folder {folder} cannot hold an organisation: {error}. Choose another one.") from error
    try:
        yield store
    finally:
        store.close()


def _server(
    organisation: Organisation,
    listener: socket.socket,
    watch: Watch,
    around: Callable[[WSGIApplication], WSGIApplication],
) -> BaseWSGIServer:
    app = around(application(organisation, _RESOURCES, pushes.serve_git, watch, completion.auto_complete))
    return make_server(_LOOPBACK, 0, app, threaded=True, request_handler=_Handler, fd=listener.fileno())


def _described(organisation: Organisation) -> Emulator:
    known = organisations.projects(organisation)
    held = {project["name"]: repositories.repositories_of(organisation, project) for project in known}
    names = [repository["name"] for several in held.values() for repository in several]
    environment = {}
    with organisation.store.transaction():
        for project, several in held.items():
            for repository in several:
                unique = names.count(repository["name"]) == 1
                key = repository["name"] if unique else f"{project}/{repository['name']}"
                environment[key] = builds.job_variables(organisation, repository)
    described = {project["name"]: _project(organisation, project, held[project["name"]]) for project in known}
    tokens = {one["uniqueName"]: people.token(organisation, one) for one in organisation.store.all("person")}
    return Emulator(organisation.url, organisation.token, tokens, described, environment)


def _project(organisation: Organisation, project: Document, several: list[Document]) -> dict[str, Any]:
    return {
        "id": project["id"],
        "process": project["process"],
        "repositories": {repository["name"]: repository["id"] for repository in several},
        "service_connections": {
            connection["name"]: connection["id"] for connection in endpoints.of_project(organisation, project)
        },
    }
