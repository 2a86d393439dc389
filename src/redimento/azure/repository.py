"""Which repository a run works on: that of its checkout, which has to be the job's own unless a rule chose another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from redimento.azure import address
from redimento.azure.client import AzureClient
from redimento.azure.pipelines import JobEnvironment
from redimento.azure.shape import readable
from redimento.errors import NotThereError, UsageError
from redimento.text.foreign import neutralise

_SCOPE = (
    "A pipeline's token sees the repositories that its file names (resources.repositories and a `checkout:` step) if "
    "'Protect access to repositories in YAML pipelines' is on, and those of other projects only while 'Limit job "
    "authorization scope to current project for non-release pipelines' is off (Project settings > Pipelines > Settings)."
)


@dataclass(frozen=True)
class Repository:
    """A repository of the collection, which may belong to another project than the pipeline."""

    project: str
    project_id: str
    name: str
    id: str
    url: str = ""  # for git; "" for the job's own, whose address its variables have


@dataclass(frozen=True)
class Repositories:
    """The repositories of a collection, as a job sees them."""

    client: AzureClient
    job: JobEnvironment

    def of_checkout(self, root: object, origin: str, *, chosen: bool = False) -> Repository:
        """Return the repository of the checkout at `root`, whose remote has the URL `origin`.

        With several `checkout:` steps the job's variables say nothing about a checkout. Raises UsageError if it is not the
        repository of the job, and no rule has `chosen` it, NotThereError if the token may not see it.
        """
        own = self.own
        # A server of one's own may call itself by another name here than in the address of the collection.
        if origin and address.same(origin, self.job.repository_url):
            return own
        place = address.repository(origin, self.client.collection_url)
        if place is None:
            raise UsageError(
                f"The checkout at {root} is not of a repository in {self.client.collection_url}, so nothing could be pushed "
                "from it.",
                "Its remote 'origin' must have the address of a repository there: let a `checkout:` step make it.",
            )
        if _folded(place) in self._own_names():
            return own
        found = self._named(*place)
        if found.id == own.id:
            return own
        if chosen:
            return found
        raise UsageError(
            f"The checkout at {root} is of the repository {neutralise(found.name)}, but this job would push to "
            f"{neutralise(own.name)}.",
            "Start the step in the folder of `checkout: self` (--repo), or map the item to the other checkout with a rule "
            "under `repositories` in .redimento.yml.",
        )

    @property
    def own(self) -> Repository:
        job = self.job
        return Repository(job.project, job.project_id, job.repository_name, job.repository_id)

    def _own_names(self) -> set[tuple[str, ...]]:
        """Return what the job's variables call its repository."""
        job = self.job
        if place := address.repository(job.repository_url, self.client.collection_url):
            return {_folded(place)}
        return {_folded((job.project, job.repository_name)), _folded((job.project_id, job.repository_id))}

    @readable
    def _named(self, project: str, name: str) -> Repository:
        path, about = f"_apis/git/repositories/{quote(name, safe='')}", f"the repository {neutralise(name)}"
        try:
            answer: Mapping[str, Any] = self.client.get(path, project=project, about=about)
        except NotThereError as error:
            raise NotThereError(error.sentence, f"{error.remedy} {_SCOPE}", status=error.status) from error
        owner = answer["project"]
        url = self.client.web_url(str(owner["name"]), "_git", str(answer["name"]))
        return Repository(str(owner["name"]), str(owner["id"]), str(answer["name"]), str(answer["id"]).lower(), url)


def _folded(place: tuple[str, str]) -> tuple[str, ...]:
    return tuple(part.casefold() for part in place)
