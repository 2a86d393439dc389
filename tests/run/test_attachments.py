"""What is attached to a work item reaches the model, and what never starts a run costs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.run.conftest import GOOD_FIX, Site

Organise = Callable[..., Site]
SECRET = "AIza" + "SyD-1234567890abcdefghijklmnopqrstu"  # looks like a key of Gemini
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(64) + b"IEND\xaeB`\x82"


def seeded(tmp_path: Path, kind: str = "User Story") -> dict[str, Any]:
    (tmp_path / "shot.bin").write_bytes(PNG)
    (tmp_path / "boom.log").write_text(f"calc.py line 2: add subtracts\n{SECRET}\n")
    (tmp_path / "all.zip").write_bytes(b"PK\x03\x04\0")
    fields = {"System.Title": "add adds", "System.State": "Active", "System.Description": "<p>calc.add subtracts.</p>"}
    files = [str(tmp_path / name) for name in ("shot.bin", "boom.log", "all.zip")]
    return {"work_items": [{"id": 7, "type": kind, "fields": fields, "attachments": files}]}


def test_pictures_and_logs_reach_the_model_and_other_files_are_named(organise: Organise, tmp_path: Path) -> None:
    ended = organise(seeded(tmp_path)).run([GOOD_FIX])
    first = ended.conversation()[0]["request"]["messages"][0]
    assert first["images"] == [{"media_type": "image/png", "bytes": len(PNG)}]
    assert "calc.py line 2: add subtracts" in first["text"]
    assert all(SECRET not in path.read_text("utf-8", "replace") for path in ended.folder.rglob("*") if path.is_file())
    assert "all.zip: it is neither text nor a PNG, JPEG or WebP picture" in first["text"]
    noted = json.loads((ended.folder / "attachments.json").read_text())
    assert [each["name"] for each in noted] == ["shot.bin", "boom.log", "all.zip"]
    assert noted[0]["picture"] == {"media_type": "image/png", "content": f"{len(PNG)} bytes"}
    said = [str(event) for event in ended.events if "2 of 3 attachments" in str(event)]
    assert len(said) == 1


@pytest.mark.parametrize("kind", ["Feature", "Epic"])
def test_a_type_that_never_starts_a_run_is_skipped(organise: Organise, tmp_path: Path, kind: str) -> None:
    ended = organise(seeded(tmp_path, kind)).run([])
    assert ended.kind == "skipped"
    assert "too large for one pull request" in ended.finished.outcome.sentence
