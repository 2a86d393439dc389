"""What several commands share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from redimento import defect
from redimento.errors import RedimentoError
from redimento.text.redaction import Secrets

if TYPE_CHECKING:
    pass

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
USAGE = 2  # the exit code of wrong use


@contextmanager
def own_defects(secrets: Secrets, environment: Mapping[str, str]) -> Iterator[None]:
    """Report a bug without what its traceback may show: only the caller knows what is secret."""
    try:
        yield
    except (RedimentoError, BrokenPipeError):
        raise
    except Exception:  # noqa: BLE001  a bug
        raise defect.saved(defect.details(secrets), environment) from None
