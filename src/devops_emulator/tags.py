"""Tag definitions of a project: a new word, as tag of a work item or label of a pull request, needs a right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devops_emulator.boards import items
from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation, denied
from devops_emulator.store import Document


def check_may_use(organisation: Organisation, project: Document, words: Iterable[str]) -> None:
    """Refuse a tag that the project does not have yet if the caller may not create one; raises Fault 403 TF401289."""
    wanted = {word.strip().casefold() for word in words if word.strip()}
    if not wanted or not denied(organisation, project, "CreateTagDefinition"):
        return
    if new := sorted(wanted - set(_known(organisation, project))):
        raise Fault(
            403,
            "AccessDeniedException",
            f"TF401289: The current user does not have permissions to create tags: {', '.join(new)}.",
        )


def _known(organisation: Organisation, project: Document) -> Iterator[str]:
    for item in organisation.store.all("work_item"):
        if item["project"] == project["id"] and item["revisions"]:
            tags = str(items.latest(item)["fields"].get("System.Tags") or "")
            yield from (word.strip().casefold() for word in tags.split(";"))
    for pull in organisation.store.all("pull_request"):
        if pull["project"] == project["id"]:
            yield from (label["name"].casefold() for label in pull["labels"])
