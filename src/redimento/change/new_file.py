"""Format a new file as `.editorconfig` asks, or as its neighbours are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from statistics import mode

from redimento.change.beneath import Found
from redimento.change.document import Document, decode, plain
from redimento.change.original import Original
from redimento.text.declared_encoding import codecs_of, is_wide, mark_of, own_declaration
from redimento.text.encoding import Encoding, NotTextError

_DECLARED_WITHIN = 1024  # characters
_MOST_READ = 12  # files, and folders beside each other that are looked into
_CUSTOM = 2  # files from which an encoding other than UTF-8 is a custom
_PLAIN = 0o100644
_SCRIPT = 0o100755
_WIDTHS = {str(width): width for width in range(1, 9)}
_ENDINGS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
# In these files indentation is content.
_KEEP_INDENTATION = (".md", ".markdown", ".rst", ".yml", ".yaml", ".txt", ".diff", ".patch", "makefile", ".mk")


def new_file(path: str, content: str, tree: Original) -> tuple[Document, int]:
    """Return a new file, formatted as `.editorconfig` asks, else like its neighbours, and its mode."""
    wanted, script_mode = _custom_around(path, tree)
    charset = tree.encoding_of(path) or wanted.get("charset", "")
    document = _formatted(path, content, wanted | tree.format_of(path), charset)
    return document, script_mode if content.startswith("#!") else _PLAIN


def _formatted(path: str, content: str, wanted: dict[str, str], charset: str) -> Document:
    """Return a new file formatted as the properties ask; by default with LF and a final newline.

    It is encoded as it declares itself, else as `charset` says, by default UTF-8.
    """
    text = plain(content)
    if wanted.get("trim_trailing_whitespace") == "true":
        text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    if not path.lower().endswith(_KEEP_INDENTATION):
        text = _indented(text, wanted)
    if wanted.get("insert_final_newline") == "false":
        text = text.rstrip("\n")
    elif text and not text.endswith("\n"):
        text += "\n"
    ending = _ENDINGS.get(wanted.get("end_of_line", ""), "\n")
    return Document(text, (ending,) * text.count("\n"), _encoding(path, text, charset))


def _encoding(path: str, text: str, name: str) -> Encoding:
    own = codecs_of(own_declaration(text[:_DECLARED_WITHIN].encode("utf-8", "replace"), path))
    if own and not is_wide(own[0]):
        return Encoding(own[0])
    return next((Encoding(codec, mark_of(name)) for codec in codecs_of(name)), Encoding("utf-8"))


def _indented(text: str, wanted: dict[str, str]) -> str:
    style = wanted.get("indent_style")
    sizes = [wanted.get("indent_size"), wanted.get("tab_width")]
    width = next((_WIDTHS[size] for size in sizes if size in _WIDTHS), 4)
    if style == "tab":
        return "\n".join(_with_tabs(line, width) for line in text.split("\n"))
    if style == "space":
        return "\n".join(_with_spaces(line, width) for line in text.split("\n"))
    return text


def _with_tabs(line: str, width: int) -> str:
    body = line.lstrip(" ")
    tabs, rest = divmod(len(line) - len(body), width)
    return "\t" * tabs + " " * rest + body if tabs and not rest else line


def _with_spaces(line: str, width: int) -> str:
    body = line.lstrip("\t")
    return " " * width * (len(line) - len(body)) + body


def _custom_around(path: str, tree: Original) -> tuple[dict[str, str], int]:
    """Return what the nearest files of the same kind have in common; if there are none, the nearest files.

    The properties are written as in `.editorconfig`; the mode is that of files that start with `#!`.
    """
    kind = PurePosixPath(path).suffix
    alike = ([name for name in names if PurePosixPath(name).suffix == kind] for names in _nearest(path, tree))
    kin = next(filter(None, (_texts(names, tree) for names in alike)), [])
    near = kin or next(filter(None, (_texts(names, tree) for names in _nearest(path, tree))), [])
    properties = _charset([document for _, document in kin])
    if breaks := [document.endings[0] for _, document in near if document.endings]:
        properties["end_of_line"] = next(name for name, ending in _ENDINGS.items() if ending == mode(breaks))
    modes = [found.mode for found, _ in kin if found.content.startswith(b"#!")]
    return properties, mode(modes) if modes else _SCRIPT


def _nearest(path: str, tree: Original) -> Iterator[list[str]]:
    """Yield the paths in the folder, then for each folder above it those in the folders beside and in itself."""
    folder = path.rpartition("/")[0]
    yield _paths(folder, tree)
    while folder:
        folder = folder.rpartition("/")[0]
        here = _paths(folder, tree)
        yield here
        yield [below for beside in here[: _MOST_READ * 4] for below in _paths(beside, tree)]


def _paths(folder: str, tree: Original) -> list[str]:
    return [f"{folder}/{name}".lstrip("/") for name in sorted(tree.names_in(folder)) if name != ".git"]


def _texts(paths: list[str], tree: Original) -> list[tuple[Found, Document]]:
    texts = []
    for path in paths[:_MOST_READ]:
        found = tree.look_at(path)
        with suppress(NotTextError):
            if found and found.content:
                texts.append((found, decode(found.content, path)))
    return texts


def _charset(documents: list[Document]) -> dict[str, str]:
    """Return the encoding in which all the files are that show one, if it is known for sure."""
    shown = {
        (document.encoding.codec, document.encoding.mark, document.encoding.rivals)
        for document in documents
        if document.encoding.mark or not document.text.isascii()
    }
    if len(documents) < _CUSTOM or len(shown) != 1:
        return {}
    ((codec, mark, rivals),) = shown
    if rivals:
        return {}
    if mark:
        bare = any(not document.encoding.mark for document in documents)
        return {} if bare else {"charset": f"{codec}-bom"}
    return {"charset": codec}
