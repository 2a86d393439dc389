from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.context.clues import read_clues
from redimento.context.digest import digest
from redimento.context.exclusion import reason
from redimento.context.imports import import_graph
from redimento.context.languages import is_test, language, role
from redimento.context.likely_tests import likely_tests
from redimento.context.naming import named_files
from redimento.context.outline import outline
from redimento.context.segments import cut
from redimento.context.survey import File
from redimento.context.tokens import estimate
from redimento.context.words import terms

SOURCES = {
    "python": ("class Cart:\n    def total(self):\n        return 1\n", "Cart.total"),
    "javascript": ("class Cart {\n  total() {\n    return 1;\n  }\n}\n", "Cart.total"),
    "typescript": ("export class Cart {\n  total(): number {\n    return 1;\n  }\n}\n", "Cart.total"),
    "tsx": ("export const View = () => {\n  return <p/>;\n};\n", "View"),
    "go": ("package shop\n\nfunc (c *Cart) Total() int {\n\treturn 1\n}\n", "Total"),
    "java": ("class Cart {\n    public int total() {\n        return 1;\n    }\n}\n", "Cart.total"),
    "rust": ("impl Cart {\n    fn total(&self) -> u8 {\n        1\n    }\n}\n", "Cart.total"),
    "csharp": ("class Cart\n{\n    public int Total() { return 1; }\n}\n", "Cart.Total"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_definitions_are_found_in_every_language(name: str) -> None:
    source, dotted = SOURCES[name]
    assert dotted in [segment.name for segment in cut(source.encode(), name) if segment.signature]
    assert dotted.rpartition(".")[2] in digest(source.encode(), name).definitions


@given(name=st.sampled_from([*SOURCES, ""]), content=st.binary(max_size=2_000))
def test_segments_cover_every_line_once(name: str, content: bytes) -> None:
    covered = [line for s in cut(content, name) for line in range(s.first, s.last + 1)]
    lines = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    assert covered == list(range(1, lines + 1))


def test_a_long_definition_is_cut_without_losing_a_line() -> None:
    content = ("def long():\n" + "".join(f"    step({n})\n" for n in range(400))).encode()
    pieces = cut(content, "python")
    assert len(pieces) > 3
    assert (pieces[0].first, pieces[-1].last) == (1, 401)


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("totalPrice", ("total", "pric", "totalprice")),
        ("total_prices", ("total", "pric", "total_prices")),
        ("HTTPServer", ("http", "serv", "httpserver")),
        ("parsing", ("pars",)),
        ("the", ()),
        ("S3", ("s3",)),
        ("sha256", ("sha", "sha256")),
        ("x509Cert", ("cert", "x509cert")),
    ],
)
def test_names_are_split_and_kept_whole(identifier: str, found: tuple[str, ...]) -> None:
    assert set(found) - {"serv"} <= set(terms(identifier))
    assert bool(found) == bool(terms(identifier))


def test_forms_of_a_word_have_the_same_term() -> None:
    assert len({terms(word) for word in ("parse", "parses", "parsed", "parsing")}) == 1


def test_clues_are_read_from_an_item() -> None:
    clues = read_clues(
        "# Wrong total in CartView\n\nSee `src/shop/cart.py` and https://github.com/o/r/blob/main/src/a/b.go#L12.\n"
        '<!-- template -->\n```\nValueError: cannot add a voucher twice\n  File "/app/x/money.py", line 3\n```\n'
        'It says "the voucher is not valid" after calling apply_voucher().'
    )
    assert {"src/shop/cart.py", "src/a/b.go"} <= set(clues.paths)
    assert "/app/x/money.py" not in clues.paths
    assert {"CartView", "apply_voucher"} <= set(clues.names)
    assert ("wrong", "total") in clues.pairs
    assert {"the voucher is not valid", "cannot add a voucher twice"} <= set(clues.phrases)
    assert "templat" not in clues.terms


def test_names_in_code_examples_are_not_told_names() -> None:
    clues = read_clues("Wrong total\n\n`apply_voucher` is wrong:\n\n```\nmake_basket()\n```")
    assert "make_basket" in clues.names
    assert clues.told_names == {"apply_voucher"}


def test_pasted_code_counts_as_code_without_a_fence() -> None:
    pasted = "import basket\nbasket.make_basket(3)\nfor entry in basket:\n    print(entry)"
    clues = read_clues(
        f"Wrong total\n\nI ran this, twice:\n\n{pasted}\n\nIt prints vouchers.\n\n    - indented\n    - list"
    )
    fenced = read_clues(
        f"Wrong total\n\nI ran this, twice:\n\n```\n{pasted}\n```\n\nIt prints vouchers.\n\n    - indented\n    - list"
    )
    assert (clues.terms, clues.told_names) == (fenced.terms, fenced.told_names)
    assert clues.terms["basket"] < clues.terms["voucher"]
    assert "indent" in clues.terms


def test_a_hyphenated_name_is_looked_for_as_code_writes_it() -> None:
    clues = read_clues("Wrong text\n\nThe command `set-cmd-text` fails in a built-in way.")
    assert {"set_cmd_text", "setCmdText"} <= clues.told_names
    assert {"set_cmd_text", "setcmdtext"} <= clues.terms.keys()
    assert "builtIn" not in clues.told_names


def test_a_title_without_end_is_no_title() -> None:
    assert len(read_clues("word " * 1_000).title) == 1
    assert "unique" not in read_clues("word " * 1_000 + "unique").title


def test_words_that_every_report_uses_weigh_less_than_others() -> None:
    clues = read_clues("x\n\nThe expected behavior of vouchers")
    assert clues.terms["voucher"] > clues.terms["behavior"] > 0


@pytest.mark.parametrize(
    "text", ["a" * 60_000, "-/" * 30_000, "<!--" * 15_000, "`" * 60_000, "A_" * 30_000, "a.b" * 20_000]
)
def test_clues_are_read_from_hostile_text(text: str) -> None:
    assert read_clues(f"Title\n{text}").title == frozenset({"titl"})


@pytest.mark.parametrize(
    "path",
    [".env", ".env.production", "deploy/id_ed25519", "certs/site.pem", "a/.aws/credentials", "x/secrets.yaml",
     "vendor/a/b.go", "web/node_modules/x.js", "a.min.js", "Cargo.lock", "api.pb.go", "logo.png", "docs/javadoc/A.html"],
)  # fmt: skip
def test_files_that_must_not_be_shown_are_known_by_their_names(path: str) -> None:
    assert reason(path, 10)


@pytest.mark.parametrize(
    "path", [".env.example", "src/key.py", "src/distance.py", "environment.ts", "secrets.py", "a/credentials.go"]
)
def test_a_name_that_only_resembles_a_secret_is_shown(path: str) -> None:
    assert reason(path, 10) == ""


@pytest.mark.parametrize(
    ("pattern", "path", "hidden"),
    [
        ("*.sql", "db/a.sql", True),
        ("db/*.sql", "db/a.sql", True),
        ("db/*.sql", "db/old/a.sql", False),
        ("db/**", "db/old/a.sql", True),
        ("**/old/", "db/old/a.sql", True),
        ("old", "db/old/a.sql", True),
        ("old", "db/older/a.sql", False),
    ],
)
def test_patterns_mean_what_they_mean_in_gitignore(pattern: str, path: str, hidden: bool) -> None:  # noqa: FBT001 - a table
    assert bool(reason(path, 10, (pattern,))) is hidden


@pytest.mark.parametrize(
    "path", ["tests/a.py", "src/test_a.py", "a_test.go", "web/a.spec.ts", "CartTest.java", "Shop.Tests/Cart.cs"]
)
def test_tests_are_known_by_their_paths(path: str) -> None:
    assert is_test(path)
    assert role(path) == "test"


def test_roles_and_languages_are_known_by_their_paths() -> None:
    assert [role(path) for path in ("src/attest.py", "README.md", "a.json")] == ["source", "prose", "data"]
    assert [language(path) for path in ("a.tsx", "b.cs", "c.rb")] == ["tsx", "csharp", ""]


def test_imports_are_read_with_what_they_name() -> None:
    found = digest(b"from .money import rounded, Sum as S\nimport os.path\n", "python").imports
    assert set(found) == {".money", ".money.rounded", ".money.Sum", "os.path"}


def test_the_estimate_is_above_what_the_vocabulary_counts() -> None:
    # Counted with the Gemma 3 vocabulary.
    assert estimate("def total(self):\n    return 1\n") >= 10
    assert estimate("0123456789") >= 10
    assert estimate("") <= 2


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_estimate_grows_with_the_text(one: str, other: str) -> None:
    assert estimate(f"{one}\n{other}") >= max(estimate(one), estimate(other))


SPREAD = [f"src/part{n}/file{m}.py" for n in range(50) for m in range(3)]


@pytest.mark.parametrize("budget", [0, 10, 40, 100, 400, 1_000, 5_000])
def test_the_map_stays_within_its_budget_and_counts_every_file(budget: int) -> None:
    text = outline(SPREAD, budget, best=["src/part7/file0.py"])
    assert not text or estimate(text) <= budget
    counted = sum(int(number) for number in re.findall(r"(\d+) (?:py|more)", text))
    assert counted + len(re.findall(r"file\d\.py", text)) == (150 if text else 0)


def test_the_map_names_the_files_beside_the_most_promising_ones_first() -> None:
    text = outline(SPREAD, 60, best=["src/part7/file1.py"], tests=["src/part9/file2.py"])
    assert "src/part7/: file0.py, file1.py, file2.py\n" in text
    assert "src/part9/: file2.py, … (2 more)\n" in text
    assert text.startswith("src/ 144 py\n")


def test_the_map_of_a_small_repository_names_every_file() -> None:
    assert outline(["a.py", "b/c.py", "b/d/e.md"], 1_000) == "./: a.py\nb/: c.py\nb/d/: e.md\n"


def test_a_file_name_with_a_line_break_is_counted_but_not_written() -> None:
    assert outline(["a/x.py", "a/evil\nfake: x.py"], 1_000) == "a/: x.py, … (1 more)\n"


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("src/shop/cart.py", "tests/shop/test_cart.py"),
        ("shop/cart.go", "shop/cart_test.go"),
        ("src/views/Cart.tsx", "test/views/Cart-test.tsx"),
        ("src/cart/index.ts", "src/cart/cart.spec.ts"),
        ("src/main/java/shop/Cart.java", "src/test/java/shop/CartTest.java"),
        ("src/Shop/Cart.cs", "tests/Shop.Tests/CartTests.cs"),
        ("shop/cart.py", "tests/test_cart_totals.py"),
    ],
)
def test_a_test_belongs_to_a_source_by_custom(source: str, test: str) -> None:
    others = ["tests/shop/test_money.py", "tests/login/test_session.py", source]
    assert likely_tests([*others, test], [source], {}) == {source: (test,)}


def test_of_tests_with_the_same_stem_the_one_in_the_mirrored_folder_comes_first() -> None:
    paths = ["tests/admin/test_views.py", "tests/shop/test_views.py", "tests/blog/test_views.py"]
    assert likely_tests(paths, ["src/shop/views.py"], {})["src/shop/views.py"][0] == "tests/shop/test_views.py"


def test_a_test_that_imports_the_source_belongs_to_it() -> None:
    importers = {"shop/compiler.py": {"tests/ordering/tests.py": 1.0, "tests/all/tests.py": 0.1}}
    found = likely_tests(["tests/ordering/tests.py"], ["shop/compiler.py"], importers)
    assert found["shop/compiler.py"] == ("tests/ordering/tests.py", "tests/all/tests.py")


@pytest.mark.parametrize(
    ("component", "look"),
    [
        ("src/views/rooms/CartTile.tsx", "res/css/views/rooms/_CartTile.pcss"),
        ("src/cart-list.component.ts", "src/cart-list.component.html"),
        ("shop/cart.py", "templates/cart.html"),
    ],
)
def test_a_component_imports_the_style_sheet_or_template_with_its_stem(component: str, look: str) -> None:
    others = ["src/other/rooms/Session.tsx", "res/css/views/other/_Session.pcss"]
    files = [
        File(path, 1, "source", language(path), 1, {}, frozenset(), (), asked=False, key="")
        for path in (component, look, *others)
    ]
    assert import_graph(files)[:2] == [(1,), ()]


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("src/shop/cart.py", {"src/shop/cart.py"}),
        ("/app/src/shop/cart.py", {"src/shop/cart.py"}),
        ("shop/Cart.py", {"src/shop/cart.py"}),
        ("cart.py", set()),
        ("other/cart.py", set()),
        ("views/index.ts", set()),
        ("views/index.ts/", set()),
        ("web/views/index.ts", {"web/views/index.ts"}),
    ],
)
def test_a_path_names_a_file_with_its_folder_and_only_one(written: str, named: set[str]) -> None:
    paths = ["src/shop/cart.py", "web/views/index.ts", "admin/web/views/index.ts"]
    assert named_files([written], paths) == named


def test_told_paths_are_those_in_prose_not_in_code_or_stack_traces() -> None:
    clues = read_clues(
        "Crash\n\nChange `src/shop/cart.py` and web/view.ts:12 please.\n\n"
        '  File "/app/src/shop/a.py", line 3\n    at run (src/shop/b.js:3:4)\nsrc/shop/c.go:12: undefined\n'
        "```\nimport x from 'src/shop/d.ts'\n```\n"
    )
    assert set(clues.told_paths) == {"src/shop/cart.py", "web/view.ts"}
