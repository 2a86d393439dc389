"""What several commands share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from redimento import defect
from redimento.errors import RedimentoError, UsageError
from redimento.text.redaction import Secrets

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
PLAIN = click.option("--plain", is_flag=True, help="Words in place of marks, no colour, and nothing that moves.")
USAGE = 2  # the exit code of wrong use
RUNS = (
    "0 delivered, draft, questions or skipped; 2 wrong use or settings; 3 Azure DevOps or git; 4 the model; 5 a limit, or a "
    "check that attacked its supervisor; 130 interrupted; 1 a bug in Redimento."
)
OTHERS = "0 done; 2 wrong use; 130 interrupted; 1 a bug in Redimento."


def epilog(*examples: str, codes: str = OTHERS) -> str:
    """Return what `--help` ends with: examples, and what the exit codes mean."""
    lines = "\n".join(f"  redimento {example}" for example in examples)
    return f"\b\nExamples:\n{lines}\n\nExit codes: {codes}"


def refuse_two_items(number: object, file: object) -> None:
    """Raise UsageError if both name a work item."""
    if number and file:
        raise UsageError("Both a work item and --work-item-file are given.", "Give one of them.")


@contextmanager
def own_defects(secrets: Secrets, environment: Mapping[str, str]) -> Iterator[None]:
    """Report a bug without what its traceback may show: only the caller knows what is secret."""
    try:
        yield
    except (RedimentoError, BrokenPipeError):
        raise
    except Exception:  # noqa: BLE001  a bug
        raise defect.saved(defect.details(secrets), environment) from None
