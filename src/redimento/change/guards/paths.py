"""Which paths a change may name: rules on the text of a path, checked before any file is opened."""

from __future__ import annotations

import re
import unicodedata

_LONGEST_NAME = 255  # bytes, of every common file system
_LONGEST_PATH = 1024  # bytes, well above what people write and below PATH_MAX
# Windows reserves these names for devices in every folder, with any extension, also with the superscript digits of
# Latin-1 (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])", re.IGNORECASE)
# NTFS opens `GIT~1` as `.git`, and `AZURE-~1.YML` as the first file whose name begins like that.
_SHORT_NAME = re.compile(r"[^.]{1,7}~\d{1,6}(?:\.[^.]{0,3})?")
_NOT_ON_WINDOWS = '<>"|?*'
# Invisible characters: HFS+ ignores some (`.g<U+200C>it` is `.git` there), the others hide or break text.
_INVISIBLE = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


def fold(path: str) -> str:
    """Normalize a path: paths that any common file system treats as the same become equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def problem(path: str) -> str:
    """Return why a change may not name `path`, to complete a sentence that begins with the path; "" if it may."""
    if not path:
        return "is empty"
    if any(unicodedata.category(character) in _INVISIBLE for character in path):
        return "contains a control or invisible character"
    if "\\" in path:
        return "contains a backslash: write forward slashes"
    if path.startswith(("/", "~/")):
        return "is not relative to the root of the repository"
    if ":" in path:
        return "contains a colon, which names a drive or a stream on Windows"
    if len(path.encode()) > _LONGEST_PATH:
        return f"is longer than {_LONGEST_PATH} bytes"
    return next((reason for name in path.split("/") if (reason := _name_problem(name))), "")


def _name_problem(name: str) -> str:
    if name in {"", ".", ".."}:
        return f'contains the part "{name}", which leaves or repeats a folder'
    if len(name.encode()) > _LONGEST_NAME:
        return f"has a part longer than {_LONGEST_NAME} bytes"
    if name[-1] in ". " or name[0] == " ":
        return "has a part that begins with a space or ends with a dot or a space, which Windows drops"
    if any(character in _NOT_ON_WINDOWS for character in name):
        return f"contains one of {_NOT_ON_WINDOWS}, which Windows cannot store"
    folded = fold(name)
    if folded.rstrip(". ") == ".git":
        return "is inside the .git folder"
    if _SHORT_NAME.fullmatch(folded):
        return "looks like the Windows short name of another file"
    if _DEVICE.fullmatch(folded.split(".")[0].rstrip(" ")):
        return "has the name of a Windows device"
    return ""
