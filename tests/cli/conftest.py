"""The command line in this process: arguments in, exit code and both streams out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from redimento.cli import main
from tests.run.conftest import write_sample


@dataclass(frozen=True)
class Said:
    code: object
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be a single JSON value."""
        return json.loads(self.out)


SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "outcome.schema.json").read_text("utf-8"))


def published(text: str) -> Any:
    """Return what `--json` printed: one object on one line, as docs/outcome.schema.json says, without further members."""
    (line,) = text.splitlines()
    value = json.loads(line)
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    for one in value.get("items", [value]):
        assert set(one) <= set(SCHEMA["$defs"]["run"]["properties"])
    return value


Command = Callable[..., Said]


@pytest.fixture
def redimento(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str | Path) -> Said:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(ended.value.code, said.out, said.err)

    return call


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout of the calculator whose add() subtracts."""
    return write_sample(tmp_path / "calc")


@pytest.fixture
def story(tmp_path: Path) -> Path:
    file = tmp_path / "story.md"
    file.write_text("add adds\n\ncalc.add subtracts.\n\n## Acceptance criteria\n\n- add(1, 1) is 2\n")
    return file
