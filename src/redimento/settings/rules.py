"""Checks that the schema cannot express: templates, patterns, addresses, secrets, dependent values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from redimento.settings.secret_names import looks_secret
from redimento.settings.state_names import CATEGORIES, category_named
from redimento.text.marked_yaml import Path
from redimento.text.redaction import NO_SECRETS

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BRANCH = ("id", "slug", "type")
_TITLE = ("id", "title", "type", "kind")
# git-check-ref-format(1): what a reference must not contain, begin or end with.
NOT_IN_REFERENCE = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?=/|$)|^[-./]|[/.]$")
_MAIL = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_TAGS = ("tag_started", "tag_delivered", "tag_questions")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# The variables that pass tokens, keys and addresses with a key in them to this program; checks never see them.
SECRET_VARIABLES = (
    "SYSTEM_ACCESSTOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_OAUTH_ACCESS_TOKEN", "AZURE_DEVOPS_EXT_PAT",
    "REDIMENTO_REDIS_URL", "REDIMENTO_STORE_KEY", "REDIMENTO_TEAMS_URL", "REDIMENTO_SLACK_URL", "REDIMENTO_EVENTS_URL",
    "REDIMENTO_PUSHGATEWAY_URL", "REDIMENTO_OTLP_URL",
)  # fmt: skip

Problem = tuple[Path, str]
Rule = Callable[[str], str]


def problems(data: object) -> Iterator[Problem]:
    """Yield path and reason for each wrong value that the schema accepts.

    `data` may be anything: values that do not fit the schema are ignored.
    """
    for path, value in _texts(data, ()):
        if NO_SECRETS.reveals(value):
            yield path, "contains a key: keys belong in a secret variable of the pipeline, never in a file"
        if "\0" in value:
            yield path, "must not contain a NUL character"
    for section, key, rule in _RULES:
        value = _at(data, section, key)
        for path, text in _texts(value, (section, key)):
            if reason := rule(text):
                yield path, reason
    yield from _repositories(data.get("repositories") if isinstance(data, dict) else None)
    yield from _checks(_at(data, "checks", "commands"))
    tags = [str(_at(data, "updates", key) or "").strip().casefold() for key in _TAGS]
    for key, tag in zip(_TAGS, tags, strict=True):
        if tag and tags.count(tag) > 1:
            yield ("updates", key), "must differ from the other tags, because one takes the place of another"
    yield from _targets(_at(data, "pull_request", "target"))
    if _at(data, "model", "sdk") == "recorded" and not _at(data, "model", "recording"):
        yield ("model", "sdk"), "recorded needs model.recording, the file or run folder with the answers"


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))


def _at(data: object, section: str, key: str) -> Any:
    inner = data.get(section) if isinstance(data, dict) else None
    return inner.get(key) if isinstance(inner, dict) else None


def _repositories(rules: object) -> Iterator[Problem]:
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        for key in ("path", "folder") if isinstance(rule, dict) else ():
            for path, text in _texts(rule.get(key), ("repositories", index, key)):
                if reason := _folder(text):
                    yield path, reason


def _checks(commands: object) -> Iterator[Problem]:
    names: set[str] = set()
    for index, command in enumerate(commands if isinstance(commands, list) else []):
        if not isinstance(command, dict):
            continue
        path: Path = ("checks", "commands", index)
        name = command.get("name")
        if isinstance(name, str) and name in names:
            yield (*path, "name"), "another check has this name: names must be unique to assign evidence"
        names.add(str(name))
        yield from _check(command, path)


def _targets(target: object) -> Iterator[Problem]:
    place: Path = ("pull_request", "target")
    rules = target if isinstance(target, list) else []
    branches = [
        ((*place, index, "branch"), one.get("branch")) for index, one in enumerate(rules) if isinstance(one, dict)
    ]
    for path, name in [(place, target), *branches]:
        if isinstance(name, str) and (reason := _target(name)):
            yield path, reason


def _check(command: dict[str, Any], path: Path) -> Iterator[Problem]:
    variables = command.get("env")
    texts = [*_texts(command.get("paths"), (*path, "paths")), *_texts(command.get("junit"), (*path, "junit"))]
    reasons = [(place, _pattern(text) if "paths" in place else _inside(text)) for place, text in texts]
    reasons += [((*path, "env", name), _variable(name)) for name in (variables if isinstance(variables, dict) else ())]
    yield from ((place, reason) for place, reason in reasons if reason)
    run = command.get("run")
    if (isinstance(run, str) and run and not run.strip()) or (isinstance(run, list) and run and run[0] == ""):
        yield (*path, "run"), "must name a program"


def _branch(template: str) -> str:
    if reason := _placeholders(template, _BRANCH):
        return reason
    if "{id}" not in template:
        return "must contain {id}, which keeps the branches of two work items apart"
    name = _PLACEHOLDER.sub("7", template)
    return "produces a branch name that git does not accept" if NOT_IN_REFERENCE.search(name) else ""


def _title(template: str) -> str:
    return _placeholders(template, _TITLE) or ("must be one line" if "\n" in template else "")


def _placeholders(template: str, known: tuple[str, ...]) -> str:
    allowed = ", ".join(f"{{{name}}}" for name in known)
    for name in _PLACEHOLDER.findall(template):
        if name not in known:
            return f"contains an unknown placeholder; known placeholders are {allowed}"
    rest = _PLACEHOLDER.sub("", template)
    return f"contains an unmatched brace; known placeholders are {allowed}" if "{" in rest or "}" in rest else ""


def _target(branch: str) -> str:
    name = branch.removeprefix("refs/heads/")
    return "is not a branch name that git accepts" if branch and NOT_IN_REFERENCE.search(name) else ""


def _pattern(pattern: str) -> str:
    if pattern.startswith("!"):
        return "must not begin with an exclamation mark: negated patterns are not supported"
    if not pattern.strip() or pattern.startswith("#"):
        return "matches nothing"
    if "\\" in pattern:
        return "must be written with forward slashes"
    if ".." in pattern.split("/"):
        return "must stay inside the repository"
    try:
        GitIgnoreSpec.from_lines([pattern])
    except (GitIgnorePatternError, ValueError, re.error):
        return "is not a valid .gitignore pattern"
    return ""


def _inside(path: str) -> str:
    if not path:
        return ""
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path) or ".." in re.split(r"[/\\]", path):
        return "must be a path inside the repository"
    return "must be written with forward slashes" if "\\" in path else ""


def _folder(path: str) -> str:
    odd = path and not {"", "."}.isdisjoint(path.split("/"))
    return _inside(path) or ("must have no empty part, no `.` and no slash at its end" if odd else "")


def _address(url: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # raises for an invalid port
    except ValueError:
        return "is not an address"
    if not host or parts.scheme not in {"http", "https"}:
        return "must be an address such as https://gateway.example.com"
    if parts.username or parts.password:
        return "must not contain a user or password"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "must begin with https://: otherwise the key is sent unencrypted"
    return ""


def _variable(name: str) -> str:
    return "contains a secret of the job and is never passed to commands" if name.upper() in SECRET_VARIABLES else ""


def _passed(name: str) -> str:
    # The same check as at run time: a valid file must not be refused later.
    return _variable(name) or ("looks like a secret and is never passed to commands" if looks_secret(name) else "")


def _mail(address: str) -> str:
    return "" if _MAIL.fullmatch(address) else "must be an email address"


def _person(name: str) -> str:
    return "must not contain <, > or line breaks" if re.search(r"[<>\r\n]", name) or not name.strip(" .,:;\"'") else ""


def _word(name: str) -> str:
    return "" if name.strip() else "must not be empty"


def _state(name: str) -> str:
    if category_named(name) == "":
        return f"names no category of states; write one of {', '.join(f'category:{known}' for known in CATEGORIES)}"
    return ""


def _tag(name: str) -> str:
    return "must be one tag: a semicolon or a comma ends it" if re.search("[;,]", name) else ""


_RULES: tuple[tuple[str, str, Rule], ...] = (
    ("work_items", "types", _word),
    ("work_items", "states", _word),
    ("work_items", "states", _state),
    ("work_items", "tags", _word),
    ("work_items", "areas", _word),
    ("project", "folder", _folder),
    ("project", "conventions", _inside),
    ("context", "exclude", _pattern),
    ("model", "base_url", _address),
    ("checks", "pass_env", _passed),
    ("change", "protected", _pattern),
    ("change", "allow", _pattern),
    ("pull_request", "branch", _branch),
    ("pull_request", "title", _title),
    ("pull_request", "author_name", _person),
    ("pull_request", "author_email", _mail),
    *(("updates", f"state_{stage}", _state) for stage in ("started", "delivered", "questions")),
    *(("updates", key, _tag) for key in _TAGS),
)
