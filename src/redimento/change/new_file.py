"""Format a new file as `.editorconfig` asks, or as its neighbours are."""

from __future__ import annotations

from redimento.change.document import Document, plain
from redimento.change.neighbours import custom_around
from redimento.change.original import Original
from redimento.text.declared_encoding import codecs_of, is_wide, mark_of, own_declaration
from redimento.text.encoding import Encoding

_DECLARED_WITHIN = 1024  # characters
_PLAIN = 0o100644
_WIDTHS = {str(width): width for width in range(1, 9)}
_ENDINGS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
# In these files indentation is content.
_KEEP_INDENTATION = (".md", ".markdown", ".rst", ".yml", ".yaml", ".txt", ".diff", ".patch", "makefile", ".mk")


def new_file(path: str, content: str, tree: Original) -> tuple[Document, int]:
    """Return a new file, formatted as `.editorconfig` asks, else like its neighbours, and its mode."""
    custom = custom_around(path, tree.names_in, tree.look_at)
    wanted = custom.properties | tree.format_of(path)
    document = formatted(path, content, wanted, tree.encoding_of(path) or custom.properties.get("charset", ""))
    return document, custom.script_mode if content.startswith("#!") else _PLAIN


def formatted(path: str, content: str, wanted: dict[str, str], charset: str) -> Document:
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
