"""One request to Azure DevOps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]


@dataclass(frozen=True)
class Request:
    """`about`: the resource, for errors. `writes`: it may change something. `most`: bytes of the answer, 0 for those of JSON."""

    method: Method
    url: str
    body: bytes | None
    content_type: str
    api_version: str
    about: str
    writes: bool = False
    accept: str = "application/json"
    most: int = 0

    @property
    def call(self) -> str:
        """Method and URL for error messages, without the query."""
        return f"{self.method} {self.url.partition('?')[0]}"

    @property
    def doubt(self) -> str:
        """What an error says of a request without an answer."""
        return " The request may have been carried out." if self.writes else ""
