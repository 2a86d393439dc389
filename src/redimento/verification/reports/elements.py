"""Read the elements of a report that stand for tests, one after the other.

Reports come from code that a model may have written: no entity is expanded, and the size, number, depth and width of
elements are limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

from redimento.text.wording import Sentence
from redimento.verification.reports.decoding import Piece, Unreadable

_DEEPEST = 100
_WIDEST = 500
_MOST_PARTS = 50_000  # of one test; its rows, if data drive it
_MOST_ELEMENTS = 3_000_000
_LONGEST_TOKEN = 4 * 1024 * 1024  # a tag; the parser starts it anew with every piece it gets
_REPORT = re.compile(r"<(?:\w+:)?(?:testsuites?|testcase|TestRun|test-run|test-results|assemblies|assembly)\b")


@dataclass(slots=True)
class Element:
    """An element, growing while it is read: `children` and `text` only inside an element that stands for a test."""

    tag: str
    attributes: Mapping[str, str]
    parent: Element | None
    children: list[Element]
    pieces: list[str]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def get(self, name: str) -> str:
        """Return an attribute, or ""."""
        return self.attributes.get(name, "")

    def child(self, tag: str) -> Element | None:
        """Return the first child with this tag."""
        for child in self.children:
            if child.tag == tag:
                return child
        return None


@dataclass(frozen=True)
class Vocabulary:
    """The tags of a format: those that stand for a test, and those inside them that are worth keeping."""

    tests: frozenset[str]
    parts: frozenset[str]


def read_elements(
    pieces: Iterable[Piece], vocabulary: Callable[[str], Vocabulary], take: Callable[[Element], None]
) -> None:
    """Hand every element that stands for a test to `take`; `vocabulary` chooses by the root's tag. Raises Unreadable."""
    handler = _Handler(vocabulary, take)
    parser = create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    damaged, waiting = False, 0
    for text, bad in pieces:
        damaged = damaged or bad
        before = handler.events
        try:
            parser.feed(text)
        except SAXParseException as error:
            raise _broken(error, handler) from error
        except DefusedXmlException as error:
            if _REPORT.search(text):
                raise Unreadable(Sentence("report_doctype")) from error
            return  # some other document: a coverage report, a web page
        waiting = waiting + len(text) if handler.events == before else 0
        if waiting > _LONGEST_TOKEN:
            raise Unreadable(Sentence("report_tag_too_large"))
    try:
        parser.close()
    except SAXParseException as error:
        raise _broken(error, handler) from error
    if damaged:
        raise Unreadable(Sentence("report_undecodable"))


def _beyond() -> Unreadable:
    return Unreadable(Sentence("report_beyond", elements=_MOST_ELEMENTS, depth=_DEEPEST, attributes=_WIDEST))


def _broken(error: SAXParseException, handler: _Handler) -> Unreadable:
    if not handler.elements:
        return Unreadable(Sentence("report_empty"))
    return Unreadable(Sentence("report_breaks_off", line=error.getLineNumber() or 1))


class _Handler(ContentHandler):
    def __init__(self, vocabulary: Callable[[str], Vocabulary], take: Callable[[Element], None]) -> None:
        super().__init__()
        self.events = 0
        self.elements = 0
        self._depth = 0
        self._ignored = 0  # the depth of the outermost element that nobody reads
        self._open: Element | None = None
        self._test: Element | None = None
        self._parts = 0  # of this test
        self._choose = vocabulary
        self._vocabulary: Vocabulary | None = None
        self._take = take

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX
        self.events += 1
        self.elements += 1
        self._depth += 1
        if self._depth > _DEEPEST or self.elements > _MOST_ELEMENTS or len(attrs) > _WIDEST:
            raise _beyond()
        if self._ignored:
            return
        tag = name.rpartition(":")[2]
        if self._vocabulary is None:
            self._vocabulary = self._choose(tag)
        if self._test is not None and tag not in self._vocabulary.parts:
            self._ignored = self._depth
            return
        self._open = Element(tag, dict(attrs.items()), self._open, [], [])
        if self._test is not None and self._open.parent is not None:
            self._open.parent.children.append(self._open)
            self._parts += 1
            if self._parts > _MOST_PARTS:
                raise _beyond()
        elif tag in self._vocabulary.tests:
            self._test, self._parts = self._open, 0

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 - SAX
        self.events += 1
        self._depth -= 1
        if self._ignored:
            if self._depth < self._ignored:
                self._ignored = 0
            return
        ended = self._open
        if ended is None:  # cannot be: the parser checks that elements are paired
            return
        self._open = ended.parent
        if ended is self._test:
            self._test = None
            self._take(ended)

    def characters(self, content: str) -> None:
        self.events += 1
        if self._test is not None and self._open is not None and not self._ignored and self._open is not self._test:
            self._open.pieces.append(content)
