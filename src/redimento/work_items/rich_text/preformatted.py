"""Code in foreign HTML."""

from __future__ import annotations

import html
import re

from redimento.work_items.rich_text.tags import attributes

_LANGUAGE = re.compile(r"\b(?:language|lang|highlight-source|brush)[-:\s]+([A-Za-z0-9+#]+)")
LINES = frozenset({"div", "section", "article", "figure", "figcaption", "header", "footer", "main", "address"})
_BREAKING = LINES | {"p", "li", "tr"}
_RAISED = {"sup": "^", "sub": "_"}


class Preformatted:
    """Code as it is read: white space counts, and `<br>` and `<div>` are line breaks."""

    def __init__(self, name: str, written: str) -> None:
        self._name = name
        self._depth = 1
        self._parts: list[str] = []
        self._language = _language(written)

    def text(self, text: str) -> None:
        self._parts.append(text.replace("\xa0", " ").replace("\r\n", "\n").replace("\r", "\n"))

    def tag(self, name: str, *, closing: bool, written: str) -> bool:
        """Read one tag; return whether it ends the code."""
        if name == self._name:
            self._depth += -1 if closing else 1
            if self._depth == 0:
                return True
        if name == "br":
            self._parts.append("\n")
        elif name in _RAISED and not closing:
            self._parts.append(_RAISED[name])
        elif name in _BREAKING:
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


def _language(written: str) -> str:
    found = _LANGUAGE.search(attributes(written).get("class", ""))
    return found[1].lower() if found else ""
