from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.context.clues import read_clues
from redimento.context.digest import digest
from redimento.context.exclusion import reason
from redimento.context.languages import is_test, language, role
from redimento.context.naming import named_files
from redimento.context.outline import outline
from redimento.context.segments import cut
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


def test_the_outline_stays_within_its_budget() -> None:
    paths = [f"src/part{n}/file{m}.py" for n in range(50) for m in range(3)]
    assert outline(paths, 40) == "src/ 150 py\n"
    assert "src/part7/ 3 py" in outline(paths, 5_000)


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
