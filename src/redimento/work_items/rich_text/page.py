"""Clean up foreign HTML: balanced, shallow, and only the elements that carry meaning.

Work item editors leave Word markup, styles, unclosed tags and deep nesting; strangers leave worse. Converting a deep tree
ends in RecursionError, so depth is limited here.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from redimento.text.foreign import plain
from redimento.work_items.rich_text.preformatted import LINES, Preformatted
from redimento.work_items.rich_text.tags import attributes, tokens, unescape

# Marks for what reads the page, which no text has: a space that counts, and the end of a cell or caption.
KEPT_SPACE = "\x02"
CELL_END = "\x03"
_MARKS = re.compile(f"[{KEPT_SPACE}{CELL_END}]")

_SPACE = re.compile(r"[ \t\r\n\f\v\x85\u2028\u2029]+")
_LINE_BREAK = re.compile("\r\n?|\n")
_INDENT = re.compile("[ \xa0]+")
_GAP = re.compile("[ \xa0\t]{2,}")
_CHECKED = re.compile(r"\schecked\b", re.IGNORECASE)
_TAB = 4  # columns
_SPAN = {"colspan": re.compile("[1-9][0-9]?"), "rowspan": re.compile("[0-9]{1,5}")}

STYLED = frozenset({"span", "font", "u", "ins", "mark", "small"})  # shown by their style only
STRUCK = frozenset({"s", "del", "strike"})
INLINE = frozenset({"a", "b", "strong", "i", "em", "code", "kbd", "samp", "q", "sup", "sub"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | {"p", "blockquote", "dl", "dt", "dd"}
_LISTS = frozenset({"ul", "ol"})
_CELLS = frozenset({"td", "th"})
_TABLE = _CELLS | {"table", "tr", "caption"}
_PARTS_OF_TABLE = frozenset({"thead", "tbody", "tfoot"})
_VOID = frozenset({"br", "hr", "img", "input"})
ELEMENTS = INLINE | LINES | _BLOCKS | _LISTS | _TABLE | STRUCK | _VOID | STYLED | _PARTS_OF_TABLE | {"li", "pre"}
_LITERAL = frozenset({"code", "kbd", "samp"})
_NOT_INDENTED = _CELLS | _HEADINGS | {"li", "dt", "caption"}
_BARRIERS = _CELLS | {"li"}
_CLOSED_BY = {"li": frozenset({"li"}), "td": _CELLS, "th": _CELLS, "tr": frozenset({"tr"})}
_MEANING = re.compile(r"vertical-align:(super|sub)\b|font-weight:(?:bold|[6-9]00)")
_NOT_BOLD = re.compile(r"font-weight:(?:normal|400)")
_DEEPEST = 40  # deeper elements are dropped, their text stays
_LONGEST_ADDRESS = 2_000


def tidy(source: str) -> str:
    """Return `source` as balanced HTML at most 40 elements deep; never fails, takes linear time.

    White space that counts becomes `KEPT_SPACE`: of an indented line, and of code.
    """
    source = _MARKS.sub("", source)
    page = _Page()
    position = 0
    for start, end, tag in tokens(source):
        page.text(source[position:start])
        position = end
        if tag is not None:
            page.tag(tag[2].lower(), closing=bool(tag[1]), written=tag[3])
    page.text(source[position:])
    return page.finish()


@dataclass(frozen=True)
class _Style:
    """What an element passes on to the text in it."""

    struck: bool = False
    spaced: bool = False  # white space counts

    def of(self, name: str, written: str) -> _Style:
        """Return the style inside an element with these attributes."""
        given = _style(written)
        spaced = self.spaced or name in _LITERAL
        if "white-space:" in given:
            spaced = "white-space:pre" in given or "white-space:break" in given
        return _Style(self.struck or "line-through" in given, spaced)


_PLAIN = _Style()


class _Page:
    """The clean page as it is written. `_open` holds the elements that are not yet closed."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[tuple[str, _Style]] = []
        self._spans: list[tuple[_Style, str]] = []  # with the element that a style stands for
        self._struck = 0  # <s>, <del> and <strike> that are open; they reach across blocks, as in a browser
        self._numbers: list[int] = []  # the next number of each open list; 0 for bullets
        self._in_head = False
        self._code: Preformatted | None = None
        self._indent: str | None = ""  # of the line that begins here; None behind its first word

    def text(self, raw: str) -> None:
        if not raw:
            return
        text = unescape(raw)
        if self._code is not None:
            self._code.text(text)
        elif self._style.spaced:
            for number, line in enumerate(_LINE_BREAK.split(text)):
                if number:
                    self._break()
                self._line(line.replace("\t", " " * _TAB), spaced=True)
        else:
            self._line(_SPACE.sub(" ", text), spaced=False)

    def tag(self, name: str, *, closing: bool, written: str) -> None:
        if self._code is not None:
            if self._code.tag(name, closing=closing, written=written):
                self._out.append(self._code.html())
                self._code = None
        elif name in _PARTS_OF_TABLE:
            self._in_head = name == "thead" and not closing
        elif name in STYLED:
            self._span(written, closing=closing)
        elif name in STRUCK:
            self._strike(closing=closing)
        elif name in ELEMENTS and (name == "table" or name not in _TABLE or self._is_open("table")):
            if closing:
                self._end(name)
            else:
                self._start(name, written)

    def finish(self) -> str:
        if self._code is not None:
            self._out.append(self._code.html())
        self._close_down_to(0)
        return "".join(self._out)

    @property
    def _style(self) -> _Style:
        around = self._open[-1][1] if self._open else _PLAIN
        within = self._spans[-1][0] if self._spans else _PLAIN
        return _Style(
            around.struck or within.struck or self._struck > 0,
            around.spaced or within.spaced,
        )

    def _is_open(self, name: str) -> bool:
        return any(name == other for other, _ in self._open)

    def _line(self, text: str, *, spaced: bool) -> None:
        """Write text without line breaks."""
        if self._indent is not None:
            lead = _INDENT.match(text)
            if lead:
                # In front of the first space that counts, others do not.
                self._indent += lead[0] if spaced or self._indent else lead[0].lstrip(" ")
                text = text[lead.end() :]
            if not text:
                return
        if spaced:
            text = _GAP.sub(lambda gap: KEPT_SPACE * len(gap[0]), text)
        text = _SPACE.sub(" ", text.replace("\xa0", " "))
        if text.strip():
            self._show_indent()
            self._show_struck()
        self._out.append(html.escape(text, quote=False))

    def _show_indent(self) -> None:
        if self._indent:
            self._out.append(KEPT_SPACE * len(self._indent))
        self._indent = None

    def _show_struck(self) -> None:
        """Open a `<del>`, or close one: struck text is often cut into pieces by other elements."""
        struck = self._style.struck
        if struck != self._is_open("del"):
            if struck:
                self._push("del", "")
            else:
                self._end("del")

    def _break(self) -> None:
        literal = self._open[-1] if self._open and self._open[-1][0] in _LITERAL else None
        if literal:
            self._close_down_to(len(self._open) - 1)
        self._out.append("<br/>")
        self._indent = ""
        if literal:
            self._open.append(literal)
            self._out.append(f"<{literal[0]}>")

    def _span(self, written: str, *, closing: bool) -> None:
        if not closing:
            around = self._spans[-1][0] if self._spans else _PLAIN
            meant = _meant_by(written)
            self._spans.append((around.of("", written), meant))
            if meant:
                self._start_inline(meant, "")
        elif self._spans and (meant := self._spans.pop()[1]):
            self._end(meant)

    def _strike(self, *, closing: bool) -> None:
        self._struck = max(self._struck - 1, 0) if closing else self._struck + 1
        if not self._style.struck:
            self._end("del")

    def _start(self, name: str, written: str) -> None:
        if name == "pre" or (name in LINES and _is_preformatted(written)):
            self._close_inline()
            self._code = Preformatted(name, written)
            self._indent = ""
        elif name == "br":
            self._break()
        elif name in _VOID:
            self._show_indent()
            self._out.append(_void(name, written))
        elif name in INLINE:
            self._start_inline(name, written)
        else:
            self._start_block(name, written)

    def _start_inline(self, name: str, written: str) -> None:
        if self._is_open(name) or len(self._open) >= _DEEPEST:
            return
        if name in ("b", "strong") and _NOT_BOLD.search(_style(written)):  # the frame of all that Google Docs copies
            return
        if self._indent and name not in _LITERAL:
            self._show_indent()
        address = _safe(attributes(written).get("href", "")) if name == "a" else ""
        self._push(name, written, f' href="{html.escape(address)}"' if address else "")

    def _start_block(self, name: str, written: str) -> None:
        self._in_head = self._in_head and name != "table"
        self._close_inline()
        if self._open and self._open[-1][0] == "p":
            self._close_down_to(len(self._open) - 1)
        if name in _CLOSED_BY:
            self._end_open_sibling(_CLOSED_BY[name])
        self._indent = None if name in _NOT_INDENTED else ""
        if len(self._open) >= _DEEPEST:
            return
        if name == "td" and self._in_head:
            name = "th"
        self._push(name, written, self._own_attributes(name, written))

    def _push(self, name: str, written: str, shown: str = "") -> None:
        around = self._open[-1][1] if self._open else _PLAIN
        self._open.append((name, around.of(name, written)))
        self._out.append(f"<{name}{shown}>")

    def _own_attributes(self, name: str, written: str) -> str:
        if name in _LISTS:
            start = attributes(written).get("start", "") if name == "ol" else ""
            first = int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1
            self._numbers.append(first if name == "ol" else 0)
        if name == "li" and self._numbers and self._numbers[-1]:
            self._numbers[-1] += 1
            return f' value="{self._numbers[-1] - 1}"'
        if name in _CELLS:
            spans = {key: attributes(written).get(key, "") for key in ("colspan", "rowspan")}
            return "".join(f' {key}="{span}"' for key, span in spans.items() if _SPAN[key].fullmatch(span))
        return ""

    def _end(self, name: str) -> None:
        if name not in INLINE and name != "del":
            self._indent = ""
        # The next item or the end of the list closes an item: editors put a nested list after `</li>`, not inside it.
        if name == "li":
            self._close_inline()
            return
        names = _CELLS if name in _CELLS else {name}
        crossing = name in _TABLE or name in _LISTS
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] in names:
                self._close_down_to(index)
                return
            if self._open[index][0] in _BARRIERS and not crossing:
                return

    def _end_open_sibling(self, names: frozenset[str]) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] in names:
                self._close_down_to(index)
                return
            if self._open[index][0] in _LISTS or self._open[index][0] == "table":
                return

    def _close_inline(self) -> None:
        index = len(self._open)
        while index and (self._open[index - 1][0] in INLINE or self._open[index - 1][0] == "del"):
            index -= 1
        self._close_down_to(index)

    def _close_down_to(self, index: int) -> None:
        while len(self._open) > index:
            name, _ = self._open.pop()
            if name in _LISTS:
                self._numbers.pop()
            self._out.append(f"</{name}>")


def _style(written: str) -> str:
    return attributes(written).get("style", "").replace(" ", "").lower() if "style" in written.lower() else ""


def _is_preformatted(written: str) -> bool:
    return "white-space:pre;" in f"{_style(written)};"


def _meant_by(written: str) -> str:
    """Return the element that the style of a `<span>` stands for, "" for none."""
    found = _MEANING.search(_style(written))
    return {"super": "sup", "sub": "sub"}.get(found[1] or "", "b") if found else ""


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
    address = _safe(given.get("src", ""))
    if not address and given.get("src"):  # data:, cid: or file:
        words = f"{words} (pasted into the text, not shown)".lstrip()
    if not address and not words:
        return ""
    return f'<img src="{html.escape(address)}" alt="{html.escape(words)}"/>'


def _safe(raw: str) -> str:
    """Return the address if it is safe to show as a link, "" for scripts, embedded data and anchors."""
    address = plain(raw).strip()
    if not address or address.startswith("#") or len(address) > _LONGEST_ADDRESS:
        return ""
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    return quote(address, safe="/:?#[]@!$&'*+,;=%~._-") if scheme in {"", "http", "https", "mailto", "ftp"} else ""
