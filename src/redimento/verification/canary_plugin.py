"""A pytest plugin that adds one test which has to fail, after all others. Copied beside the checks, never imported here."""

from __future__ import annotations

import os
import unittest
from typing import Any

import pytest

NAME = os.environ.get("REDIMENTO_CANARY", "")
_failed: list[str] = []


class _Canary(pytest.Item):
    """Fails while assertions of both kinds work: where they are patched, or outcomes forged, it passes."""

    def runtest(self) -> None:
        try:
            unittest.TestCase().assertEqual(1, 2)  # noqa: PT009  the other kind
        except AssertionError:
            one = 1
            assert one == 2, NAME  # noqa: PLR2004, S101  this is a test

    def repr_failure(self, _excinfo: Any, _style: Any = None) -> str:
        return f"{NAME}: fails, as it should"

    def reportinfo(self) -> tuple[Any, None, str]:
        return self.path, None, NAME


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: Any, items: list[Any]) -> None:
    """Put the canary last, where whatever the others patch is in force."""
    if NAME and items:
        # Beside the last test, so that the hooks of its conftest.py reach it.
        items.append(_Canary.from_parent(items[-1].parent or session, name=NAME))


def pytest_runtest_logreport(report: Any) -> None:
    """Note that the canary failed."""
    if report.nodeid.endswith(NAME) and report.failed:
        _failed.append(NAME)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    """Take the canary out of the exit code: what else failed decides."""
    if exitstatus == session.exitstatus == pytest.ExitCode.TESTS_FAILED and _failed and session.testsfailed == 1:
        session.exitstatus = pytest.ExitCode.OK
