"""Azure Repos for the page over many runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from redimento.azure.pipelines import variable
from redimento.models import network
from redimento.run_options import known_secrets

if TYPE_CHECKING:
    from redimento.azure.acceptance import AzureReviews


@contextmanager
def reviews(environment: Mapping[str, str]) -> Iterator[AzureReviews | None]:
    """Provide what became of pull requests, None where the environment has no token, organisation or project.

    Addresses in records are never asked: the token would go wherever their author wants.
    """
    collection = variable(environment, "SYSTEM_COLLECTIONURI")
    project, token = variable(environment, "SYSTEM_TEAMPROJECT"), variable(environment, "SYSTEM_ACCESSTOKEN")
    if not (collection and project and token):
        yield None
        return
    from redimento.azure.acceptance import AzureReviews  # noqa: PLC0415  loads HTTP, which a page alone does not need
    from redimento.azure.client import AzureClient  # noqa: PLC0415  see above

    client = AzureClient(
        collection,
        token,
        deadline_seconds=60.0,
        project=project,
        project_id=variable(environment, "SYSTEM_TEAMPROJECTID"),
        certificates=network.certificates(environment),
        secrets=known_secrets(environment),
    )
    try:
        yield AzureReviews(client, project)
    finally:
        client.close()
