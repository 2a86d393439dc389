"""Read one report, as the tests in this folder want it."""

from __future__ import annotations

from pathlib import Path

from redimento.verification.reports.reading import Reported, read_reports

REPORTS = Path(__file__).parent / "reports"


def read(folder: Path, content: str | bytes) -> Reported:
    (folder / "r.xml").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_reports("r.xml", folder)


def ids(reported: Reported) -> list[str]:
    return [test.id for test in reported.tests]
