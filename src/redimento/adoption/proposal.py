"""The pull request that adds the settings and the pipeline file: nothing is ever pushed to a branch of the team."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from redimento.adoption.plan import Step
from redimento.adoption.site import MARK, Json, Site
from redimento.azure.shape import readable
from redimento.errors import AzureError, NotThereError, PermissionMissingError
from redimento.text import wording

FILE = "azure-pipelines-redimento.yml"
BRANCH = "refs/heads/redimento/install"
_NEW = "0" * 40


def pipeline_file(site: Site, templates: tuple[str, str, str]) -> str:
    """Return the text of the pipeline file."""
    project, repository, reference = templates
    return wording.render(
        "adoption/azure-pipelines.yml.j2",
        templates=f"{project}/{repository}",
        reference=reference,
        connection=site.pipeline,
        choices=site.choices,
        federated=_federated(site),
        mark=MARK,
    )


def _federated(site: Site) -> str:
    """Return the id of the service connection with which the job signs in, "" for none."""
    name = site.choices.service_connection
    found = site.connection(name) if name else None
    if name and found is None:
        raise AzureError(
            f"There is no service connection {name} that your account can see.", "Check --service-connection."
        )
    return str(found["id"]) if found else ""


@readable
def look_at_files(site: Site, files: Mapping[str, Callable[[], str]]) -> list[Step]:
    """Look at the files by path; each knows how to write its text when it is not there yet."""
    there = {path: _content(site, path, site.branch) for path in files}
    missing = [path for path in files if there[path] is None]
    target = site.branch.removeprefix("refs/heads/")
    what, page = (
        "pull request with the settings and the pipeline file",
        site.link("_git", site.repository, "pullrequests"),
    )
    if not missing:
        return [_kept(site, files, there[FILE], Step(what, "keep", f"{' and '.join(files)} are on {target}.", page))]
    pulls, tip = _pull_requests(site), _tip(site, BRANCH)
    for pull in pulls:
        page = _page(site, pull)
        if pull.get("status") == "active":
            waits = Step(what, "keep", f"Pull request {pull['pullRequestId']} waits for a review.", page)
            return [_kept(site, files, there[FILE] or _content(site, FILE, BRANCH), waits)]
        if pull.get("status") == "abandoned" and tip:
            why = f"Pull request {pull['pullRequestId']} was abandoned: reactivate it, or delete its branch and run this again."
            return [Step(what, "by hand", why, page)]
    texts = {path: files[path]() for path in missing}
    why = f"It adds {' and '.join(missing)} to {target}."
    return [Step(what, "create", why, page, partial(_propose, site, texts, tip))]


def _kept(site: Site, files: Mapping[str, Callable[[], str]], found: str | None, step: Step) -> Step:
    """Return the step of files that stay, or what a person has to do for the pipeline file to be as was chosen."""
    if not site.choices.image or found is None or found.split() == files[FILE]().split():
        return step
    why = f"{step.why} {FILE} differs there from your options, and stays: edit it for yours."
    return replace(step, change="by hand", why=why)


@readable
def remove_files(site: Site, paths: tuple[str, ...]) -> list[Step]:
    steps = []
    ours = [pull for pull in _pull_requests(site) if MARK in str(pull.get("description") or "")]
    for pull in ours:
        if pull.get("status") == "active":
            page = _page(site, pull)
            what = f"pull request {pull['pullRequestId']}"
            steps.append(Step(what, "remove", f"{MARK} It is abandoned.", page, partial(_abandon, site, pull)))
    if ours and (tip := _tip(site, BRANCH)):
        steps.append(Step("branch redimento/install", "remove", MARK, act=partial(_move_branch, site, tip, _NEW)))
    target = site.branch.removeprefix("refs/heads/")
    merged = [pull["description"] for pull in ours if pull.get("status") == "completed"]
    for path in paths:
        if any(f"`{path}`" in described for described in merged) and _content(site, path, site.branch) is not None:
            why = f"It is on {target}, where a person merged it: delete it there."
            steps.append(Step(path, "by hand", why, site.link("_git", site.repository, path=f"/{path}")))
    return steps


def _page(site: Site, pull: Json) -> str:
    return site.link("_git", site.repository, "pullrequest", str(pull["pullRequestId"]))


def _git(site: Site) -> str:
    return f"_apis/git/repositories/{site.repository_id}"


def _content(site: Site, path: str, branch: str) -> str | None:
    """Return the text of a file on a branch, None if it is not there."""
    query = {
        "path": f"/{path}",
        "includeContent": "true",
        "$format": "json",
        "versionDescriptor.version": branch.removeprefix("refs/heads/"),
        "versionDescriptor.versionType": "branch",
    }
    try:
        row = site.client.get(f"{_git(site)}/items", project=site.project, query=query, about=f"the file {path}")
    except NotThereError:
        return None
    return str(row.get("content") or "")


def _tip(site: Site, reference: str) -> str:
    """Return the commit of a branch, "" if there is none."""
    query = {"filter": reference.removeprefix("refs/")}
    rows = site.client.get(f"{_git(site)}/refs", project=site.project, query=query).get("value") or []
    return next((str(row["objectId"]) for row in rows if row.get("name") == reference), "")


def _pull_requests(site: Site) -> list[Json]:
    query = {"searchCriteria.sourceRefName": BRANCH, "searchCriteria.status": "all", "$top": "10"}
    rows = site.client.get(f"{_git(site)}/pullrequests", project=site.project, query=query).get("value") or []
    return sorted(rows, key=lambda row: -int(row["pullRequestId"]))


@readable
def _propose(site: Site, texts: Mapping[str, str], tip: str) -> str:
    """Make the branch, its commit and the pull request, of which a killed run may have left any; return its page."""
    if not tip:
        tip = _tip(site, site.branch)
        _move_branch(site, _NEW, tip)
    if missing := [path for path in texts if _content(site, path, BRANCH) is None]:
        changes = [
            {
                "changeType": "add",
                "item": {"path": f"/{path}"},
                "newContent": {"content": texts[path], "contentType": "rawText"},
            }
            for path in missing
        ]
        body = {
            "refUpdates": [{"name": BRANCH, "oldObjectId": tip}],
            "commits": [{"comment": "Add Redimento", "changes": changes}],
        }
        site.client.write("POST", f"{_git(site)}/pushes", project=site.project, body=body, about="the branch")
    opened = {
        "sourceRefName": BRANCH,
        "targetRefName": site.branch,
        "title": "Add Redimento",
        "description": wording.render("adoption/description.md.j2", files=texts, mark=MARK),
    }
    made = site.client.write(
        "POST",
        f"{_git(site)}/pullrequests",
        project=site.project,
        body=opened,
        happened=lambda: next((row for row in _pull_requests(site) if row.get("status") == "active"), None),
        about="the pull request",
    )
    return _page(site, made)


def _abandon(site: Site, pull: Json) -> None:
    path = f"{_git(site)}/pullrequests/{pull['pullRequestId']}"
    site.client.write("PATCH", path, project=site.project, body={"status": "abandoned"}, happened=lambda: None)


def _move_branch(site: Site, before: str, after: str) -> None:
    """Create or delete the branch of the pull request; raises PermissionMissingError, as a refusal comes with 200."""
    body = [{"name": BRANCH, "oldObjectId": before, "newObjectId": after}]
    answer = site.client.write("POST", f"{_git(site)}/refs", project=site.project, body=body, about="the branch")
    for row in answer.get("value") or []:
        if not row.get("success"):
            raise PermissionMissingError(
                "Azure DevOps did not move the branch redimento/install.",
                f"Azure DevOps said: {row.get('customMessage') or row.get('updateStatus')}",
            )
