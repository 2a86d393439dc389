"""Clean up foreign HTML: balanced, shallow, and only the elements that carry meaning.

Work item editors leave Word markup, styles, unclosed tags and deep nesting; strangers leave worse. One pass with one
regular expression reads any input in linear time. (The standard library's parser took 77 s for 400,000 characters of
`<!--`, measured on Python 3.11.7, and converting a deep tree ends in RecursionError.)
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote, urlsplit

from redimento.text.foreign import plain as plain_text

# A tag ends at the next `>` outside quotes and never spans another `<`; possessive, so that nothing is tried twice.
TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]*+)((?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""")
# The lookbehind stops a search inside a name: without it one name of n letters and no value takes n² steps.
_ATTRIBUTE = re.compile(r"""(?<![A-Za-z0-9-])([A-Za-z][A-Za-z0-9-]*+)\s*+=\s*+("[^"]*"|'[^']*'|[^\s"'>]++)""")
_SPACE = re.compile(r"[ \t\r\n\f\v]+")
# html.unescape converts the digits to an int, and Python refuses more than 4,300 of them.
_OVERLONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
_CHECKED = re.compile(r"\schecked\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source|brush)[-:\s]+([A-Za-z0-9+#]+)")

INLINE = frozenset({"a", "b", "strong", "i", "em", "s", "del", "strike", "code", "kbd", "samp", "q"})
LINES = frozenset({"div", "section", "article", "figure", "figcaption", "header", "footer", "main", "address"})
_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "dl", "dt", "dd"})
_LISTS = frozenset({"ul", "ol"})
_TABLE = frozenset({"table", "tr", "td", "th", "caption"})
ELEMENTS = INLINE | LINES | _BLOCKS | _LISTS | _TABLE | {"li", "pre", "br", "hr", "img", "input"}
# Elements whose content is not meant for a reader.
_SILENT = frozenset({"script", "style", "title", "xml", "template", "svg", "math", "object", "iframe"})
_CELLS = frozenset({"td", "th"})
_BARRIERS = _CELLS | {"li"}
_CLOSED_BY = {"li": frozenset({"li"}), "td": _CELLS, "th": _CELLS, "tr": frozenset({"tr"})}
_DEEPEST = 40  # deeper elements are dropped, their text stays
_LONGEST_ADDRESS = 2_000


def tidy(source: str) -> str:
    """Return `source` as balanced HTML at most 40 elements deep; never fails, takes linear time."""
    page = _Page()
    position = 0
    for start, end, tag in _Tokens(source):
        page.text(source[position:start])
        position = end
        if tag is not None:
            page.tag(tag)
    page.text(source[position:])
    return page.finish()


def attributes(text: str) -> dict[str, str]:
    """Return the attributes in `text`, names in lower case."""
    return {name.lower(): unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(text)}


def unescape(text: str) -> str:
    """Return `text` with its character references resolved; oversized ones become U+FFFD."""
    return html.unescape(_OVERLONG_REFERENCE.sub("\ufffd", text))


class _Tokens:
    """The tags, comments and silent elements of a source, each as (start, end, tag match or None to skip it)."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lower = source.lower()
        self._unclosed: set[str] = set()  # endings that no longer occur: searched for only once

    def __iter__(self) -> _Tokens:
        self._position = 0
        return self

    def __next__(self) -> tuple[int, int, re.Match[str] | None]:
        while (start := self._source.find("<", self._position)) >= 0:
            if self._source.startswith(("<!", "<?"), start):
                self._position = self._after_declaration(start)
                return start, self._position, None
            tag = TAG.match(self._source, start)
            if tag is None:
                self._position = start + 1
                continue
            self._position = tag.end()
            if tag[2].lower() in _SILENT:
                self._position = self._after_silent(tag)
                return start, self._position, None
            return start, self._position, tag
        raise StopIteration

    def _after_declaration(self, start: int) -> int:
        if self._source.startswith("<!--", start):
            return self._after("-->", start + 2, otherwise=start + 4)
        return self._after(">", start, otherwise=start + 2)

    def _after_silent(self, tag: re.Match[str]) -> int:
        if tag[1] or tag[3].endswith("/"):
            return tag.end()
        return self._after(f"</{tag[2].lower()}>", tag.end(), otherwise=tag.end())

    def _after(self, ending: str, start: int, *, otherwise: int) -> int:
        if ending in self._unclosed:
            return otherwise
        found = self._lower.find(ending, start)
        if found < 0:
            self._unclosed.add(ending)
            return otherwise
        return found + len(ending)


class _Page:
    """The clean page as it is written; `_open` names the elements not yet closed."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        self._numbers: list[int] = []  # the next number of each open list; 0 for bullets
        self._inner_tables = 0
        self._code: _Preformatted | None = None

    def text(self, raw: str) -> None:
        if not raw:
            return
        plain = plain_text(unescape(raw)).replace("\xa0", " ")
        if self._code is not None:
            self._code.text(plain)
            return
        self._out.append(html.escape(_SPACE.sub(" ", plain), quote=False))

    def tag(self, tag: re.Match[str]) -> None:
        name = tag[2].lower()
        if self._code is not None:
            if self._code.tag(name, closing=bool(tag[1]), written=tag[3]):
                self._out.append(self._code.html())
                self._code = None
            return
        if name not in ELEMENTS or (name in _TABLE and self._belongs_to_cell(name, closing=bool(tag[1]))):
            return
        if tag[1]:
            self._end(name)
            return
        self._start(name, tag[3])

    def finish(self) -> str:
        if self._code is not None:
            self._out.append(self._code.html())
        self._close_down_to(0)
        return "".join(self._out)

    def _start(self, name: str, written: str) -> None:
        if name == "pre" or (name in LINES and "white-space" in written and _is_preformatted(written)):
            self._close_inline()
            self._code = _Preformatted(name, written)
        elif name in {"br", "hr", "img", "input"}:
            self._out.append(_void(name, written))
        elif name in INLINE:
            self._start_inline(name, written)
        else:
            self._start_block(name, written)

    def _start_inline(self, name: str, written: str) -> None:
        if name in self._open or len(self._open) >= _DEEPEST:
            return
        self._open.append(name)
        address = _address(attributes(written).get("href", "")) if name == "a" else ""
        self._out.append(f'<a href="{html.escape(address)}">' if address else f"<{name}>")

    def _start_block(self, name: str, written: str) -> None:
        self._close_inline()
        if self._open and self._open[-1] == "p":
            self._close_down_to(len(self._open) - 1)
        if name in _CLOSED_BY:
            self._end_open_sibling(_CLOSED_BY[name])
        if len(self._open) >= _DEEPEST:
            return
        self._open.append(name)
        self._out.append(f"<{name}{self._own_attributes(name, written)}>")

    def _belongs_to_cell(self, name: str, *, closing: bool) -> bool:
        """Return whether this tag belongs to a table inside a cell: Markdown cannot nest tables, so its text joins the cell."""
        if name == "table" and any(cell in self._open for cell in _CELLS):
            if closing and not self._inner_tables:
                return False
            self._inner_tables += -1 if closing else 1
            return True
        if self._inner_tables:
            self._out.append(" ")
        return self._inner_tables > 0 or (name != "table" and "table" not in self._open)

    def _own_attributes(self, name: str, written: str) -> str:
        if name in _LISTS:
            start = attributes(written).get("start", "") if name == "ol" else ""
            first = int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1
            self._numbers.append(first if name == "ol" else 0)
        if name == "li" and self._numbers and self._numbers[-1]:
            self._numbers[-1] += 1
            return f' value="{self._numbers[-1] - 1}"'
        if name in _CELLS and (span := attributes(written).get("colspan", "")) and re.fullmatch("[1-9][0-9]?", span):
            return f' colspan="{span}"'
        return ""

    def _end(self, name: str) -> None:
        # The next item or the end of the list closes an item: editors put a nested list after `</li>`, not inside it.
        if name == "li":
            self._close_inline()
            return
        crossing = name in _TABLE or name in _LISTS
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] == name:
                self._close_down_to(index)
                return
            if self._open[index] in _BARRIERS and not crossing:
                return

    def _end_open_sibling(self, names: frozenset[str]) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] in names:
                self._close_down_to(index)
                return
            if self._open[index] in _LISTS or self._open[index] == "table":
                return

    def _close_inline(self) -> None:
        index = len(self._open)
        while index and self._open[index - 1] in INLINE:
            index -= 1
        self._close_down_to(index)

    def _close_down_to(self, index: int) -> None:
        while len(self._open) > index:
            name = self._open.pop()
            if name in _LISTS:
                self._numbers.pop()
            self._out.append(f"</{name}>")


class _Preformatted:
    """Code as it is read: white space counts, and `<br>` and `<div>` are line breaks."""

    def __init__(self, name: str, written: str) -> None:
        self._name = name
        self._depth = 1
        self._parts: list[str] = []
        self._language = _language(written)

    def text(self, plain: str) -> None:
        self._parts.append(plain.replace("\r\n", "\n").replace("\r", "\n"))

    def tag(self, name: str, *, closing: bool, written: str) -> bool:
        """Read one tag; return whether it ends the code."""
        if name == self._name:
            self._depth += -1 if closing else 1
            if self._depth == 0:
                return True
        if name == "br":
            self._parts.append("\n")
        elif name in LINES or name in {"p", "li", "tr"}:
            self._new_line()
        elif name == "code" and not closing:
            self._language = self._language or _language(written)
        return False

    def html(self) -> str:
        code = "".join(self._parts).strip("\n")
        language = f' class="{self._language}"' if self._language else ""
        return f"<pre{language}>{html.escape(code, quote=False)}</pre>" if code.strip() else ""

    def _new_line(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self._parts.append("\n")


def _is_preformatted(written: str) -> bool:
    style = attributes(written).get("style", "").replace(" ", "").lower()
    return "white-space:pre;" in f"{style};"


def _language(written: str) -> str:
    found = _LANGUAGE.search(attributes(written).get("class", ""))
    return found[1].lower() if found else ""


def _void(name: str, written: str) -> str:
    # Always closed: BeautifulSoup 4 keeps a list of the void elements written open and searches it at every end tag,
    # which takes quadratic time (16,000 lines of `<div>…<br></div>` took 2.9 s).
    given = attributes(written)
    if name == "input":
        if given.get("type", "").lower() != "checkbox":
            return ""
        return "[x] " if _CHECKED.search(written) else "[ ] "
    if name != "img":
        return f"<{name}/>"
    words = _SPACE.sub(" ", given.get("alt", "")).replace("[", "(").replace("]", ")")[:200]
    address = _address(given.get("src", ""))
    if not address and not words:
        return ""
    return f'<img src="{html.escape(address)}" alt="{html.escape(words)}"/>'


def _address(raw: str) -> str:
    """Return the address if it is safe to show as a link, "" for scripts, embedded data and anchors."""
    address = plain_text(raw).strip()
    if not address or address.startswith("#") or len(address) > _LONGEST_ADDRESS:
        return ""
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    if scheme not in {"", "http", "https", "mailto", "ftp"}:
        return ""
    return quote(address, safe="/:?#[]@!$&'*+,;=%~._-")
