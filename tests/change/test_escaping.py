"""Text that is not what the file has to hold: escaped code, our own marks, text for binary files."""

from __future__ import annotations

import pytest

from redimento.change.apply import apply
from redimento.change.beneath import Found
from redimento.change.edit import Edit, Replace, WriteWhole


def reasons(path: str, before: str | None, edit: Edit) -> str:
    outcome = apply([edit], lambda _: None if before is None else Found(before.encode(), 0o100644))
    return " ".join(refusal.reason for refusal in outcome.refusals)


@pytest.mark.parametrize("path", ["a.py", "a.tsx", "a.html", "README.md", "a.resx"])
@pytest.mark.parametrize(
    ("before", "search"),
    [
        ("if a < b:\n    x()\n", "if a &lt; b:\n"),
        ("if a < b:\n    x()\n", "  if a &lt; b:\n"),
        ("<p>\n  Tom & Jerry\n</p>\n", "&lt;p&gt;\n  Tom &amp; Jerry\n&lt;/p&gt;\n"),
        ('say("it\'s")\n', "say(&quot;it&#39;s&quot;)\n"),
    ],
)
def test_a_search_text_that_matches_only_without_its_entities_is_refused(path: str, before: str, search: str) -> None:
    assert "is escaped" in reasons(path, before, Replace(path, search, search.replace("a", "c")))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("a.py", "if a &lt; b:\n    return 1\n"),
        ("a.ts", "const f = (x) =&gt; x;\n"),
        ("a.cs", "List&lt;int&gt; list = new();\n"),
        ("a.go", "if err != nil &amp;&amp; ok {\n"),
        ("a.py", "print(&quot;hi&quot;)\n"),
        ("a.html", "&lt;p&gt;Hello&lt;/p&gt;\n"),
        ("a.csproj", "&lt;Project /&gt;\n"),
        ("a.c", "#include &lt;stdio.h&gt;\n"),
        ("Dockerfile", "RUN a &amp;&amp; b\n"),
    ],
)
def test_a_new_text_that_is_escaped_as_a_whole_is_refused(path: str, new: str) -> None:
    assert "is escaped" in reasons(path, None, WriteWhole(path, new))
    assert "is escaped" in reasons(path, "x = 1\n", Replace(path, "x = 1\n", new))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("a.html", "<p>Tom &amp; Jerry</p>\n"),
        ("a.html", "Tom &amp; Jerry\n"),
        ("a.tsx", "  Tom &amp; Jerry\n"),
        ("a.md", "&lt;br&gt; breaks the line\n"),
        ("a.resx", "    <value>a &lt; b</value>\n"),
        ("a.yml", "title: Tom &amp; Jerry\n"),
        ("a.json", '{"t": "a &lt; b"}\n'),
        ("a.py", 'TEXT = "Tom &amp; Jerry"\n'),
        ("a.py", "text = text.replace('<', '&lt;')\n"),
        ("a.py", '    """\n    Turn a sign into &lt;\n    """\n'),
        ("a.java", " * A List&lt;String&gt; of names\n"),
        ("a.cs", "    /// A List&lt;int&gt;\n"),
        ("a.js", 'return s.replace(/x/g, "&quot;");\n'),
        ("a.ts", "const t = `\n  Tom &amp; Jerry\n`;\n"),
        ("a.py", "# &lt; is a sign\nx = 1\n"),
    ],
)
def test_honest_entities_are_let_through(path: str, new: str) -> None:
    assert reasons(path, None, WriteWhole(path, new)) == ""
    assert reasons(path, "x = 1\n", Replace(path, "x = 1\n", new)) == ""


def test_entities_that_the_file_has_itself_are_let_through() -> None:
    before = "a = b &lt; c\n"
    assert reasons("a.py", before, Replace("a.py", before, "a = b &gt; c\n")) == ""


def test_markup_in_a_script_is_let_through() -> None:
    assert reasons("a.js", "  return <b>\n  Tom\n</b>;\n", Replace("a.js", "  Tom\n", "  Tom &amp; Jerry\n")) == ""


@pytest.mark.parametrize("line", ["\u22ee lines 10-20 left out", "# \u22ee lines 3-9 left out", "  // \u22ee lines 1-2 left out", "<!-- \u22ee lines 1-2 left out -->", "... lines 10-20 left out ...", "\u2026 lines 4-5 left out", "x" * 200 + "\u22ee 1,200 characters left out \u22ee", "lines 10-20 left out"])  # fmt: skip
@pytest.mark.parametrize("path", ["a.py", "a.md"])
def test_the_mark_of_an_excerpt_never_gets_into_a_file(path: str, line: str) -> None:
    assert "leaves out code" in reasons(path, None, WriteWhole(path, f"x = 1\n{line}\ny = 2\n"))
    assert "leaves out code" in reasons(path, "x = 1\n", Replace(path, "x = 1\n", f"x = 1\n{line}\n"))


def test_such_a_mark_on_both_sides_stands_for_the_lines_between() -> None:
    before = "a()\nb()\nc()\nd()\n"
    mark = "\u22ee lines 2-3 left out\n"
    outcome = apply(
        [Replace("a.py", f"a()\n{mark}d()\n", f"A()\n{mark}d()\n")], lambda _: Found(before.encode(), 0o100644)
    )
    found = outcome.files["a.py"]
    assert found is not None
    assert found.content == b"A()\nb()\nc()\nd()\n"


@pytest.mark.parametrize("line", ["\u22ee", "<b>\u22ee</b>", "Three lines are left out.", "x = 1  # left out"])
def test_a_sign_of_a_menu_is_let_through(line: str) -> None:
    assert reasons("a.tsx", None, WriteWhole("a.tsx", f"{line}\n")) == ""


@pytest.mark.parametrize("path", ["logo.png", "docs/Logo.PNG", "fonts/a.woff2", "lib.jar", "a.pdf"])
@pytest.mark.parametrize("content", ["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ\n", "data:image/png;base64,iVBORw0KGgo=\n", "(binary)\n"])  # fmt: skip
def test_text_for_a_new_binary_file_is_refused(path: str, content: str) -> None:
    assert "would be a binary file" in reasons(path, None, WriteWhole(path, content))
    assert "would be a binary file" in reasons(path, None, Replace(path, "", content))


def test_a_text_file_may_be_edited_whatever_its_name_says() -> None:
    assert reasons("fake.png", "no image\n", Replace("fake.png", "no image\n", "none\n")) == ""
    assert reasons("a.svg", None, WriteWhole("a.svg", "<svg/>\n")) == ""


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.vue", "<p>x</p>\n", "&lt;p&gt;y&lt;/p&gt;\n"),
        ("a.kt", "val x: List<Int> = y\n", "val x: List&lt;Int&gt; = z\n"),
        ("a.sh", "a && b\n", "a &amp;&amp; c\n"),
    ],
)
def test_a_new_text_that_is_escaped_is_refused_although_the_old_one_is_not(path: str, old: str, new: str) -> None:
    assert "is escaped" in reasons(path, f"<!-- -->\n{old}", Replace(path, old, new))


def test_base64_of_a_picture_is_refused_whatever_its_name_says() -> None:
    picture = "iVBORw0KGgo" + "AAAANSUhEUgAAAAEAAAAB" * 5
    assert "binary" in reasons("logo", None, WriteWhole("logo", f"{picture}\n"))
    assert reasons("logo.b64", None, WriteWhole("logo.b64", f"{picture}\n")) == ""
    page = f'<img src="data:image/png;base64,{picture}">\n'
    assert reasons("a.html", None, WriteWhole("a.html", page)) == ""
