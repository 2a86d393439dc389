"""Read the tests of a report, one after the other, before they have ids.

Reports come from code that a model may have written: no entity is expanded, and the size, number, depth and width of
elements are limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import create_parser

from redimento.text.wording import Sentence
from redimento.verification.evidence import Outcome
from redimento.verification.reports.decoding import Piece, Unreadable

_DEEPEST = 100
_WIDEST = 500
_MOST_PARTS = 50_000  # of one test; its rows, if data drive it
_MOST_ELEMENTS = 3_000_000
_LONGEST_TOKEN = 4 * 1024 * 1024  # a tag; the parser starts it anew with every piece it gets
_REPORT = re.compile(r"<(?:\w+:)?(?:testsuites?|testcase|TestRun|test-run|test-results|assemblies|assembly)\b")


class Case(NamedTuple):
    """What a report says of one test. `suites`: the names of the suites around it, outermost first.

    `definition`: what TRX calls the place where the class name stands. The message is in pieces because most messages
    are never needed.
    """

    name: str
    classname: str
    outcome: Outcome
    suites: tuple[str, ...] = ()
    file: str = ""
    seconds: str = ""
    headline: str = ""
    kind: str = ""
    text: str = ""
    definition: str = ""


class Definition(NamedTuple):
    """The class name of the tests that name this definition."""

    name: str
    classname: str


class Format(NamedTuple):
    """The tags that stand for a test, and what `cases` one tells of, given the elements around it, outermost first."""

    tests: frozenset[str]
    cases: Callable[[Element, Sequence[Element]], Iterable[Case | Definition]]


def read_cases(
    pieces: Iterable[Piece], format_of: Callable[[str], Format], take: Callable[[Case | Definition], None]
) -> None:
    """Hand every test of a report to `take`; `format_of` chooses by the root's tag. Raises Unreadable."""
    handler = _Handler(format_of, take)
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
    def __init__(self, format_of: Callable[[str], Format], take: Callable[[Case | Definition], None]) -> None:
        super().__init__()
        self.events = 0
        self.elements = 0
        self._depth = 0
        self._parts = 0  # of this test
        self._around: list[Element] = []
        self._test: TreeBuilder | None = None
        self._choose = format_of
        self._format: Format | None = None
        self._take = take

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX
        self.events += 1
        self.elements += 1
        self._depth += 1
        self._parts += 1
        tag = name.rpartition(":")[2]
        self._format = self._format or self._choose(tag)
        if self._test is None:
            self._parts = 0
            if tag in self._format.tests:
                self._test = TreeBuilder()
        if (
            self._depth > _DEEPEST
            or self.elements > _MOST_ELEMENTS
            or len(attrs) > _WIDEST
            or self._parts > _MOST_PARTS
        ):
            raise _beyond()
        if self._test is None:
            self._around.append(Element(tag, dict(attrs.items())))
        else:
            self._test.start(tag, dict(attrs.items()))

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX
        self.events += 1
        self._depth -= 1
        if self._test is None or self._format is None:
            self._around.pop()
            return
        self._test.end(name)
        if self._depth == len(self._around):
            element, self._test = self._test.close(), None
            for case in self._format.cases(element, self._around):
                self._take(case)

    def characters(self, content: str) -> None:
        self.events += 1
        if self._test is not None:
            self._test.data(content)
