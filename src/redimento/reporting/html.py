"""Foreign text in the pages for people: only what is code in it looks like code."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from redimento.delivery.markdown import split_at_code
from redimento.text import wording
from redimento.text.foreign import visible


def spans(text: str) -> Markup:
    """Return foreign text as HTML in which only code spans are markup."""
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(piece) if is_code else piece for piece, is_code in split_at_code(text))


def address(url: str) -> str:
    """Return an address that is safe to follow, "" for one that could run something (`javascript:`)."""
    return url if url.startswith(("https://", "http://", "file:///")) else ""


wording.add_filter("address", address)
wording.add_filter("spans", spans)
wording.add_filter("visible", visible)


def render(template: str, language: str, **values: Any) -> str:
    """Return a page of `templates/report` filled with `values`."""
    return wording.render(f"report/{template}", language, **values)
