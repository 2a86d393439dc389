from __future__ import annotations

from encodings.aliases import aliases
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.verification.evidence import TestResult
from redimento.verification.reports.reading import Reported, read_reports
from tests.verification.reading import REPORTS, ids, read


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty or not XML"), ("\x00", "is empty or not XML"), ("\x01", "is not XML"), ("no xml", "is not XML"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>', "has a DOCTYPE, which is not read"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&a;"/></testsuite>', "has a DOCTYPE, which is not read"),
        ('<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><testsuite><testcase name="a"/></testsuite>', "has a DOCTYPE, which is not read"),
        ('<?xml version="1.0" encoding="klingon"?><testsuite/>', "has an encoding that is not known here (klingon)"),
        ('<?xml version="1.0" encoding="zlib"?><testsuite/>', "has an encoding that is not known here (zlib)"),
        ('<?xml version="1.0" encoding="idna"?><testsuite/>', "has an encoding that is not known here (idna)"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_read_is_a_problem(tmp_path: Path, content: str, why: str) -> None:
    assert read(tmp_path, content) == Reported(problems=(f"r.xml {why}: its tests are not complete.",))


@pytest.mark.parametrize(
    ("content", "why", "tests"),
    [
        ("<testsuite name='s'>\n<testcase name='a'/>\n<testcase name='b'><fail", "breaks off at line 3", ["s::a"]),
        ("<testsuite name='s'><testcase name='a'/>", "breaks off at line 1", ["s::a"]),
        ("<testsuite name='s'><testcase name='a'/><testcase name='&b;'/>", "breaks off at line 1", ["s::a"]),
        (b"<testsuite name='s'><testcase name='a'/><testcase name='\xff'/></testsuite>", "has bytes that its encoding does not know", ["s::a", "s::\ufffd"]),
        ("<testsuite name='s'><testcase name='a'/>" + "<p>" * 300, "goes beyond what is read (3,000,000 elements, 100 deep, 500 attributes each)", ["s::a"]),
        ("<testsuite name='s'><testcase name='a'/><p " + " ".join(map("a{}=''".format, range(600))) + "/></testsuite>", "goes beyond what is read (3,000,000 elements, 100 deep, 500 attributes each)", ["s::a"]),
        (f"<testsuite name='s'><testcase name='a'/><p a='{'a' * 5_000_000}'/></testsuite>", "has a tag of more than 4 MB", ["s::a"]),
    ],
)  # fmt: skip
def test_of_a_broken_report_the_tests_before_the_break_count(
    tmp_path: Path, content: str | bytes, why: str, tests: list[str]
) -> None:
    reported = read(tmp_path, content)
    assert ids(reported) == tests
    assert reported.problems == (f"r.xml {why}: its tests are not complete.",)


def test_a_report_of_more_than_64_megabytes_is_a_problem(tmp_path: Path) -> None:
    with (tmp_path / "r.xml").open("wb") as stream:
        stream.truncate(64 * 1024 * 1024 + 1)
    assert read_reports("r.xml", tmp_path).problems == (
        "r.xml is larger than 64 MB or no ordinary file: its tests are not complete.",
    )


def test_many_broken_reports_are_counted(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.xml").write_text("<testsuite>")
    problems = read_reports("*.xml", tmp_path).problems
    assert len(problems) == 6
    assert problems[-1] == "3 more reports could not be read to their end."


@pytest.mark.parametrize(
    "declared", ["GB2312", "gbk", "GB18030", "Shift_JIS", "EUC-JP", "Big5", "UTF-8", "utf-16", "utf-32", "ISO-2022-JP"]
)
def test_a_report_is_decoded_as_it_declares(tmp_path: Path, declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<testsuite name="s"><testcase name="中文"/></testsuite>'
    assert read(tmp_path, text.encode(declared)) == Reported((TestResult("s::中文", "passed"),))


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0" encoding="utf-16"?><testsuite name="s"><testcase name="\xc3\xa4"/></testsuite>',
        '<testsuite name="s"><testcase name="ä"/></testsuite>'.encode("utf-16-le"),
        b'\n <?xml version="1.1"?>\n<testsuite name="s"><testcase name="\xc3\xa4"/></testsuite>',
        b'\xef\xbb\xbf<?xml version="1.0" encoding="ascii"?><testsuite name="s"><testcase name="\xc3\xa4"/></testsuite>',
        b'<?xml version="1.0" encoding="latin-1"?><testsuite name="s"><testcase name="\xe4"/></testsuite>',
        '<?xml version="1.0" encoding="gb2312"?><testsuite name="s"><testcase name="ä"/></testsuite>'.encode("gb18030"),
    ],
)  # fmt: skip
def test_a_report_whose_declaration_is_not_quite_right_is_decoded(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == Reported((TestResult("s::ä", "passed"),))


def test_what_xml_forbids_is_cleaned_and_read_on(tmp_path: Path) -> None:
    reported = read(
        tmp_path,
        b"<testsuite name='s'><testcase name='a'><failure message='\x1b[31mred\x1b[0m &#27;[1;4mbold &#x1B; &#xD800; &#0;.'>"
        b"\x00\x08\xed\xa0\x80 &#65; &lt; \xef\xbf\xbe</failure></testcase><testcase name='b'/></testsuite>",
    )
    assert ids(reported) == ["s::a", "s::b"]
    assert reported.tests[0].message == "red bold   .\n A <"
    assert reported.problems == ()


@pytest.mark.parametrize("forbidden", [b"\x1b[31m", b"&#27;", b"\xed\xa0\x80", "中".encode()])
@pytest.mark.parametrize("offset", range(8))
def test_what_xml_forbids_is_cleaned_wherever_a_piece_ends(tmp_path: Path, forbidden: bytes, offset: int) -> None:
    start = b"<testsuite name='s'><testcase name='a'><failure>"
    filling = b"x" * (256 * 1024 - len(start) - offset)
    assert read(tmp_path, start + filling + forbidden + b"</failure></testcase></testsuite>").problems == ()


@pytest.mark.parametrize(
    "content",
    ["<a/>", "<testsuites/>", "<!DOCTYPE coverage SYSTEM 'http://127.0.0.1:1/x.dtd'>\n<coverage/>", "<!DOCTYPE html><p>"],
)  # fmt: skip
def test_a_document_without_a_test_is_said(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == Reported(remarks=("r.xml names no test.",))


def test_a_pattern_that_matches_nothing_is_said(tmp_path: Path) -> None:
    assert read_reports("out/*.xml", tmp_path) == Reported(
        remarks=("No report matches `out/*.xml`, so there is no evidence per test.",)
    )
    assert read_reports("", tmp_path) == Reported()


SAMPLES = [path.read_bytes() for path in sorted(REPORTS.glob("*.xml"))]


@settings(deadline=None)
@given(st.sampled_from(SAMPLES), st.binary(max_size=300), st.integers(min_value=0, max_value=900))
def test_no_bytes_make_the_reader_fail(
    tmp_path_factory: pytest.TempPathFactory, sample: bytes, junk: bytes, cut: int
) -> None:
    reported = read(tmp_path_factory.mktemp("junk"), sample[:cut] + junk + sample[cut:])
    assert all(test.id and test.copies > 0 and test.failing <= test.copies for test in reported.tests)
    assert reported.tests or reported.problems or reported.remarks


@settings(deadline=None)
@given(
    st.sampled_from([*sorted(set(aliases.values())), "unicode_escape", "undefined", "x\0y", "../os", "ü", ""]),
    st.binary(max_size=200),
)
def test_no_encoding_makes_the_reader_fail(
    tmp_path_factory: pytest.TempPathFactory, encoding: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("encoding")
    head = f'<?xml version="1.0" encoding="{encoding}"?><testsuite><testcase name="a"/>'.encode()
    reported = read(folder, head + content)
    assert reported.problems or reported.tests
