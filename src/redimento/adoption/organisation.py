"""Look at Azure DevOps with the job's token: who it is, what it may do on this repository and area, and this work item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from redimento.adoption.finding import Finding, Topic, problem, unknown
from redimento.azure.address import below
from redimento.azure.permissions import Permissions, Place
from redimento.delivery.rights import (
    AREA_PAGE,
    CREATE_TAG_DEFINITION,
    PIPELINE_PAGE,
    REPOSITORY_PAGE,
    RIGHTS,
    Right,
    lacking,
)
from redimento.errors import AzureError, NotThereError, PermissionMissingError, RedimentoError, UsageError
from redimento.repository import remote
from redimento.repository.checkout import Checkout
from redimento.run.admitting import admit
from redimento.run.job import Ports, Stopped
from redimento.wiring.organisation import Azure, Connection, looking
from redimento.work_items.item import WorkItem

T = TypeVar("T")
_SERVICE: Topic = "azure devops"
_RIGHTS: Topic = "rights"
_ITEM: Topic = "work item"
_MOST_SKEW = 60  # seconds
_MOST_AREAS = 5
_SCOPE_PAGE = "Project settings > Pipelines > Settings"
_COLLECTION_ACCOUNT = "Project Collection Build Service"


@dataclass
class _Look:
    """Azure DevOps, and what was found out so far. `account`: the name of the token's account."""

    connection: Connection
    azure: Azure
    ports: Ports
    checkout: Checkout
    account: str = ""
    found: list[Finding] = field(default_factory=list)

    @property
    def permissions(self) -> Permissions:
        return Permissions(self.azure.client, self.azure.agent.project_id)

    def say(self, finding: Finding) -> None:
        self.found.append(finding)

    def asked(self, topic: Topic, name: str, question: Callable[[], T]) -> T | None:
        """Return the answer to a question; without one say that it is unknown, and return None."""
        try:
            return question()
        except AzureError as error:
            self.say(unknown(topic, name, f"Azure DevOps did not tell: {error.sentence}", error.remedy))
            return None


def examine_organisation(connection: Connection, azure: Azure, *, item_id: int) -> list[Finding]:
    """Return what this job can do in Azure DevOps, and whether it would work on the item; 0 for none."""
    look = _Look(
        connection, azure, looking(azure.site, azure.board, azure.pull_requests, azure.branches), azure.site.given
    )
    try:
        look.account = azure.client.account_name or azure.client.identity.named()
    except RedimentoError as error:
        look.say(problem(_SERVICE, "sign-in", error))
        look.say(unknown(_RIGHTS, "rights", "No right could be looked at, as Azure DevOps did not say who this is."))
        return look.found
    look.say(Finding(_SERVICE, "sign-in", "ok", f"{azure.client.collection_url} knows this job as {look.account}."))
    _clock(look)
    _scope(look)
    missing = _repository_rights(look)
    readable = "Read" not in missing and _repository(look)
    if readable:
        _branches(look)
    item = _item(look, item_id) if item_id else None
    missing |= _area_rights(look, item)
    _view_builds(look)
    _tags(look)
    if item is not None and readable:
        _admission(look, item)
    return look.found


def _clock(look: _Look) -> None:
    try:
        skew = (parsedate_to_datetime(look.azure.client.server_date) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        look.say(unknown(_SERVICE, "clock", "The server did not say what time it is."))
        return
    if abs(skew) <= _MOST_SKEW:
        look.say(Finding(_SERVICE, "clock", "ok", "The clock agrees with the server's."))
        return
    sentence = f"The clock is {abs(skew):.0f} seconds {'behind' if skew > 0 else 'ahead of'} the server's."
    look.say(Finding(_SERVICE, "clock", "note", sentence, "Synchronise it: certificates and tokens have a time."))


def _scope(look: _Look) -> None:
    wide = look.account.startswith(_COLLECTION_ACCOUNT)
    reach = "all projects of the collection" if wide else "its own project"
    shown = look.asked(_SERVICE, "repositories in reach", look.permissions.general_settings)
    narrow = shown is not None and shown.get("enforceReferencedRepoScopedToken") is True
    which = ", and there only repositories that the pipeline names" if narrow else ""
    look.say(
        Finding(
            _SERVICE,
            "job scope",
            "note" if wide else "ok",
            f"The token reaches {reach}, as far as its account may{which}.",
            "If that is too much, limit the job authorization scope to the current project." if wide else "",
            page=_SCOPE_PAGE,
            address=_page(look, "_settings", "settings"),
        )
    )


def _repository(look: _Look) -> bool:
    """Say which repository this is; return whether git can be asked for its branches."""
    agent, name = look.azure.agent, "repository"
    try:
        shown = look.permissions.repository(agent.repository_id)
    except NotThereError as error:
        hint = "If jobs see only repositories that the pipeline names, name it under resources or in a checkout step."
        look.say(problem(_SERVICE, name, type(error)(error.sentence, f"{error.remedy} {hint}")))
        return False
    except AzureError as error:
        look.say(problem(_SERVICE, name, error))
        return False
    if shown.get("isDisabled") is True:
        sentence = f"The repository {agent.repository_name} is disabled, so nothing can be pushed."
        remedy = "Enable it in Project settings > Repositories > (the repository) > Settings."
        look.say(Finding(_SERVICE, name, "problem", sentence, remedy, exit_code=AzureError.exit_code))
        return False
    try:
        found = look.connection.repository(look.checkout)
    except RedimentoError as error:
        look.say(problem(_SERVICE, name, error))
    else:
        look.say(Finding(_SERVICE, name, "ok", f"The checkout is that of {found.name}."))
    return True


def _branches(look: _Look) -> None:
    name, target = "target branch", look.azure.job.target
    try:
        known = remote.heads(look.checkout, look.azure.credentials).branches
    except RedimentoError as error:
        look.say(problem(_SERVICE, name, error))
        return
    if target in known:
        look.say(Finding(_SERVICE, name, "ok", f"Pull requests target {target}, which exists."))
        return
    sentence = f"The target branch {target} does not exist on the server."
    remedy = "Correct `pull_request.target` in .redimento.yml, or start the run on an existing branch."
    look.say(Finding(_SERVICE, name, "problem", sentence, remedy, exit_code=UsageError.exit_code))


def _repository_rights(look: _Look) -> set[str]:
    agent = look.azure.agent
    # The folder of the branches: a right can be taken away for it alone.
    folder = look.azure.job.settings.pull_request.branch.partition("{")[0].rpartition("/")[0]
    place = Place(agent.project_id, agent.repository_id)
    wanted = [
        (right, replace(place, branch=folder) if right.bit in ("GenericContribute", "CreateBranch") else place)
        for right in _needed(REPOSITORY_PAGE)
    ]
    return _judge(look, wanted, "")


def _area_rights(look: _Look, item: WorkItem | None) -> set[str]:
    agent, wanted_areas = look.azure.agent, look.azure.job.settings.work_items.areas
    areas = (item.area,) if item is not None and item.area else wanted_areas[:_MOST_AREAS] or (agent.project,)
    missing: set[str] = set()
    for area in areas:
        name = f"area {area}"
        nodes = look.asked(_RIGHTS, name, lambda path=area: look.permissions.area(path))  # type: ignore[misc]
        if nodes is not None:
            place = Place(agent.project_id, area=nodes)
            missing |= _judge(look, [(right, place) for right in _needed(AREA_PAGE)], area)
    return missing


def _judge(look: _Look, wanted: list[tuple[Right, Place]], area: str) -> set[str]:
    """Say of each right whether it is there; return the names of the missing ones."""
    where = f" ({area})" if area else ""
    try:
        held = look.permissions.held(wanted)
    except AzureError as error:
        for right, _ in wanted:
            finding = unknown(_RIGHTS, f"{right.name}{where}", f"Azure DevOps did not tell: {error.sentence}")
            look.say(_with_right(look, finding, right))
        return set()
    for (right, _), is_held in zip(wanted, held, strict=True):
        if is_held:
            look.say(Finding(_RIGHTS, f"{right.name}{where}", "ok", f"There for {right.needed_for}."))
        else:
            look.say(_missing(look, right, right.needed_for, where))
    return {right.name for (right, _), is_held in zip(wanted, held, strict=True) if not is_held}


def _missing(look: _Look, right: Right, needed_for: str, where: str = "") -> Finding:
    sentence, remedy = lacking(look.account, right, needed_for)
    finding = Finding(_RIGHTS, f"{right.name}{where}", "problem", sentence, remedy)
    return replace(_with_right(look, finding, right), exit_code=PermissionMissingError.exit_code)


def _with_right(look: _Look, finding: Finding, right: Right) -> Finding:
    agent = look.azure.agent
    if right.page == REPOSITORY_PAGE:
        address = f"{_page(look, '_settings', 'repositories')}?repo={agent.repository_id}&_a=permissionsMid"
    elif right.page == AREA_PAGE:
        address = f"{_page(look, '_settings', 'work')}?_a=areas"
    elif right.page == PIPELINE_PAGE:
        address = _page(look, "_build")
    else:
        address = _page(look, "_settings", "permissions")
    return replace(finding, right=right.name, account=look.account, page=right.page, address=address)


def _page(look: _Look, *segments: str) -> str:
    return below(look.azure.agent.collection_url, look.azure.agent.project, *segments)


def _needed(page: str) -> list[Right]:
    return [right for right in RIGHTS if right.needed_for and right.page == page]


def _view_builds(look: _Look) -> None:
    """Look at the run's own build: the token of a right would need the folder of the pipeline."""
    right = _needed(PIPELINE_PAGE)[0]
    build = look.azure.agent.build_id
    if not build:
        look.say(_with_right(look, unknown(_RIGHTS, right.name, "This is no build that could be looked at."), right))
        return
    try:
        look.azure.client.get(f"_apis/build/builds/{build}", project=look.azure.agent.project_id, about=f"run {build}")
    except (PermissionMissingError, NotThereError):
        # A run goes on without it, unless another one left a claim on its item.
        look.say(replace(_missing(look, right, right.needed_for), severity="note", exit_code=0))
    except AzureError as error:
        look.say(_with_right(look, unknown(_RIGHTS, right.name, error.sentence, error.remedy), right))
    else:
        look.say(Finding(_RIGHTS, right.name, "ok", f"There for {right.needed_for}."))


def _tags(look: _Look) -> None:
    right, labels = CREATE_TAG_DEFINITION, look.azure.job.settings.pull_request.labels
    if not labels:
        return
    place = Place(look.azure.agent.project_id)
    held = look.asked(_RIGHTS, right.name, lambda: look.permissions.held([(right, place)]))
    if held == (True,):
        look.say(Finding(_RIGHTS, right.name, "ok", "There for labels that the project does not have yet."))
    elif held is not None:
        missing = _missing(look, right, f"a label that the project does not have yet ({', '.join(labels)})")
        other = "Or create the label once by hand, or set pull_request.labels: []."
        look.say(replace(missing, severity="note", exit_code=0, remedy=f"{missing.remedy} {other}"))


def _item(look: _Look, item_id: int) -> WorkItem | None:
    try:
        item = look.azure.board.load(item_id)
    except RedimentoError as error:
        look.say(problem(_ITEM, f"work item {item_id}", error))
        return None
    look.say(Finding(_ITEM, f"work item {item.id}", "ok", f"{item.type} in {item.area}: {item.title}"))
    return item


def _admission(look: _Look, item: WorkItem) -> None:
    """Ask what a run asks: whether it would go on with this item, and why not."""
    job = look.azure.job
    try:
        admitted = admit(job, look.ports, item)
    except RedimentoError as error:
        look.say(problem(_ITEM, "admission", error))
        return
    if isinstance(admitted, Stopped):
        look.say(Finding(_ITEM, "admission", "note", admitted.outcome.sentence, admitted.outcome.remedy))
        return
    how = "by hand" if job.by_hand else "by a change of the item"
    look.say(
        Finding(
            _ITEM, "admission", "ok", f"A run that is started {how} would take it, on the branch {admitted.branch}."
        )
    )
