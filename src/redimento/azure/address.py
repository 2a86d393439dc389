"""URLs of an organisation or collection, and of pages below it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from redimento.errors import UsageError

_NEW_HOST = "dev.azure.com"
_OLD_HOST = ".visualstudio.com"
_ATTACHMENT = re.compile(
    r"(?:([^/]{1,400})/)?_apis/wit/attachments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)

_HOSTED_SSH = re.compile(
    r"(?:ssh://)?[^/@\s]{1,200}@(?:vs-)?ssh\.(?:dev\.azure|visualstudio)\.com(?::22)?[:/]v3/"
    r"(?P<organisation>[^/]{1,200})/(?P<project>[^/]{1,400})/(?P<name>[^/]{1,400}?)/?"
)
# `DefaultCollection` may stand in the older address of an organisation; `_full` and `_optimized` choose what git fetches.
_REPOSITORY = re.compile(
    r"(?:DefaultCollection/)?(?:(?P<project>[^/]{1,400})/)?_git/(?:_full/|_optimized/)?(?P<name>[^/]{1,400}?)/?",
    re.IGNORECASE,
)


def collection_url(text: str) -> str:
    """Return the URL with a trailing slash; raise UsageError unless it is a plain http or https URL."""
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UsageError(
            "The address of the Azure DevOps organisation is not a plain http or https address.",
            "SYSTEM_COLLECTIONURI should look like https://dev.azure.com/organisation/.",
        )
    return text.strip().rstrip("/") + "/"


def organisation(collection: str) -> str:
    """Return the name that the build accounts of this collection carry in brackets."""
    parts = urlsplit(collection)
    host = parts.hostname or ""
    if host.endswith(".visualstudio.com"):
        return host.partition(".")[0]
    return parts.path.strip("/").rpartition("/")[2] or host


def attachment(url: str, collection: str) -> tuple[str, str] | None:
    """Return the project ("" for none) and the id of the attachment at `url`, None unless it is in the collection.

    An organisation has two addresses, https://dev.azure.com/name/ and https://name.visualstudio.com/.
    """
    parts, own = _modern(url), _modern(collection)
    if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
        return None
    found = _ATTACHMENT.fullmatch(_behind(parts, own))
    return (unquote(found[1] or ""), found[2].lower()) if found else None


def _split(url: str) -> SplitResult:
    """Return the parts of an address, none of one that cannot be read."""
    try:
        return urlsplit(url.strip())
    except ValueError:
        return SplitResult("", "", "", "", "")


def _behind(parts: SplitResult, collection: SplitResult) -> str:
    """Return the path below a collection, "" elsewhere."""
    path, own = parts.path, collection.path
    return path[len(own) :] if path.casefold().startswith(own.casefold()) else ""


def _modern(url: str) -> SplitResult:
    """Return the parts of an address; of an organisation's older one, those of its newer one."""
    parts = _split(url)
    parts = parts._replace(netloc=parts.netloc.lower())
    name = parts.netloc.removesuffix(_OLD_HOST)
    if parts.scheme != "https" or not re.fullmatch("[a-z0-9-]+", name) or name == parts.netloc:
        return parts
    return parts._replace(netloc=_NEW_HOST, path=f"/{name}{parts.path}")


def repository(url: str, collection: str) -> tuple[str, str] | None:
    """Return project and name (or the ids) of the repository that git knows by `url`, None if it is not in the collection.

    Forms: {collection}/{project}/_git/{name}, also with a user, at an organisation's older address, without the project
    where it has the same name, and over ssh: git@ssh.dev.azure.com:v3/{organisation}/{project}/{name}
    (learn.microsoft.com/azure/devops/repos/git/use-ssh-keys-to-authenticate).
    """
    parts, own = _modern(_over_https(url.strip())), _modern(collection)
    # On a server of one's own, ssh has another port, and TLS may end before the agent.
    same_host = parts.netloc == own.netloc or (parts.scheme == "ssh" and parts.hostname == own.hostname)
    found = _REPOSITORY.fullmatch(_behind(parts, own)) if same_host else None
    if found is None:
        return None
    name = unquote(found["name"])
    return unquote(found["project"] or "") or name, name


def of_repository(url: str) -> tuple[str, str, str]:
    """Return the collection's URL, project and name of the repository that git knows by `url`, as `repository` does.

    Raises UsageError for another address.
    """
    parts = _modern(_over_https(url.strip()))
    above = parts.path.partition("/_git/")[0].strip("/").split("/")
    # A repository with its project's name is also known without the project.
    names = above[:1] if parts.netloc == _NEW_HOST else above[:-1] or above
    collection = f"{parts.scheme}://{parts.netloc}/{'/'.join(names)}/"
    place = repository(url, collection) if parts.scheme in ("http", "https") and parts.hostname else None
    if place is None:
        raise UsageError(
            "This is not the address of a repository in Azure Repos.",
            "It looks like https://dev.azure.com/organisation/project/_git/repository.",
        )
    return (collection, *place)


def same(one: str, other: str) -> bool:
    """Return whether two addresses of a repository differ in no more than user and letter case."""
    known = _over_https(one.strip()).casefold()
    return known != "" and known == _over_https(other.strip()).casefold()


def _over_https(url: str) -> str:
    """Return an address without its user, and one of the hosted service's ssh addresses as the https one it stands for."""
    if found := _HOSTED_SSH.fullmatch(url):
        return f"https://{_NEW_HOST}/{found['organisation']}/{found['project']}/_git/{found['name']}"
    parts = _split(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def route(url: str) -> str:
    """Return the path below `_apis/` with `{}` for names and ids: after the area come kinds and names in turn."""
    area, *rest = url.partition("?")[0].partition("/_apis/")[2].split("/")
    return "/".join(["_apis", area, *(_kind(part) if place % 2 == 0 else "{}" for place, part in enumerate(rest))])


def _kind(segment: str) -> str:
    return segment.lower() if segment.isascii() and segment.isalpha() else "{}"


def below(base: str, *segments: str) -> str:
    """Return `base` followed by the segments, each percent-encoded."""
    return base + "/".join(quote(segment, safe="") for segment in segments)
