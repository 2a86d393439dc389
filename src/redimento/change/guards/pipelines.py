"""YAML files that are pipelines, or templates of one, by their content: the name of the file may be any."""

from __future__ import annotations

from redimento.change.document import decode
from redimento.change.guards.yaml_outline import Outline, Part, is_expression, outlines
from redimento.text.encoding import NotTextError

# What may stand at the top of a pipeline or of a template (learn.microsoft.com, "YAML schema reference for Azure Pipelines").
_AZURE = """
appendCommitMessageToRunName container continueOnError environment extends jobs lockBehavior name parameters pool pr resources
schedules services stages steps strategy target timeoutInMinutes trigger variables workspace
"""
# What an item of one of these lists has in Azure Pipelines, GitHub and Gitea, Google Cloud Build, Drone and Woodpecker.
_WORK = ("stages", "jobs", "steps")
_WORK_KEYS = """
bash checkout deployment download downloadBuild getPackage job powershell publish pwsh reviewApp script stage task template run
uses args entrypoint commands plugin
"""
_RESOURCES = "builds containers packages pipelines repo repositories webhooks"
_POOL = "demands name vmImage"
_EVENTS = "batch branches paths tags drafts autoCancel cron"
_VARIABLES = "group name template value"
# docs.gitlab.com, "CI/CD YAML syntax reference": what a job has besides its script.
_GITLAB = """
after_script allow_failure artifacts before_script cache dependencies environment except extends image needs only rules
services stage tags variables when
"""
_NOTHING = Part("scalar")
_WORDS = f"{_WORK_KEYS} {_RESOURCES} {_POOL} {_EVENTS} {_VARIABLES} {_GITLAB} script using template parameters".split()


def is_pipeline(path: str, *contents: bytes | None) -> bool:
    """Return whether one of its contents makes a YAML file a pipeline definition or a template of one."""
    return path.lower().endswith((".yml", ".yaml")) and any(
        _is_pipeline(outline) for content in contents if content for outline in outlines(_text(content), _WORDS)
    )


def _text(content: bytes) -> str:
    try:
        return decode(content).text
    except NotTextError:  # such as UTF-16 without a byte-order mark
        return content.decode("utf-8", "replace").replace("\0", "")


def _is_pipeline(outline: Outline) -> bool:
    keys = {key for key in outline if not is_expression(key)}
    if len(keys) < len(outline):  # an expression as a key may insert steps
        return True
    azure = {*_AZURE.split()}
    if any(_is_work(outline[name], alone=keys <= azure) for name in _WORK if name in outline):
        return True
    return (keys <= azure and _is_azure(outline)) or _is_github(outline) or any(map(_is_gitlab_job, outline.values()))


def _is_work(part: Part, *, alone: bool) -> bool:
    return part.kind == "expression" or (part.kind == "list" and (alone or _has(part, _WORK_KEYS)))


def _is_azure(outline: Outline) -> bool:
    """Return whether one of the keys holds what Azure Pipelines would find there; all of them are known to it."""
    extends, variables = outline.get("extends", _NOTHING), outline.get("variables", _NOTHING)
    return (
        (extends.kind == "mapping" and _has(extends, "template parameters"))
        or variables.kind in {"mapping", "expression"}
        or (variables.kind == "list" and _has(variables, _VARIABLES))
        or _has(outline.get("resources", _NOTHING), _RESOURCES)
        or _has(outline.get("pool", _NOTHING), _POOL)
        or any(_has(outline.get(name, _NOTHING), _EVENTS) for name in ("trigger", "pr", "schedules"))
        or len(outline.keys() & {"trigger", "pr", "pool", "schedules", "parameters"}) > 1
        or ("trigger" in outline and outline["trigger"].kind in {"list", "scalar"})
    )


def _is_github(outline: Outline) -> bool:
    """Return whether it is a workflow or a composite action (docs.github.com, "Workflow syntax", "Metadata syntax")."""
    is_workflow = "on" in outline and outline.get("jobs", _NOTHING).kind == "mapping"
    return is_workflow or ("runs" in outline and _has(outline["runs"], "using"))


def _is_gitlab_job(part: Part) -> bool:
    return part.kind == "mapping" and "script" in part.keys and _has(part, _GITLAB)


def _has(part: Part, keys: str) -> bool:
    """Return whether a value has one of the keys, or one that is an expression."""
    return not part.keys.isdisjoint(keys.split()) or any(map(is_expression, part.keys))
