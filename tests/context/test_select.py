from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.context.explain import as_json, as_text, left_out
from redimento.context.select import select
from redimento.context.selection import Context
from redimento.context.tokens import estimate
from redimento.context.tree import Entry, PastChange, PastCommit
from redimento.local.folder_tree import FolderTree
from redimento.settings import ContextSettings

SHOP = {
    "src/shop/cart.py": '''"""The cart."""
from shop.money import rounded


class Cart:
    """What a customer is about to buy."""

    def add(self, entry):
        self.entries.append(entry)

    def total_price(self):
        return rounded(sum(entry.price for entry in self.entries))
''',
    "src/shop/money.py": "def rounded(amount):\n    return round(amount, 2)\n",
    "src/shop/login.py": "class Session:\n    def open(self, user):\n        return user\n",
    "tests/test_cart.py": "def test_total_price_of_an_empty_cart():\n    assert Cart().total_price() == 0\n",
    "web/checkout.ts": "export function renderCheckout(cart: Cart): string {\n  return `${cart.total}`;\n}\n",
    "AGENTS.md": "Write tests first.\n",
    ".env": "PASSWORD=hunter2\n",
    "package-lock.json": '{"lockfileVersion": 3}\n',
    "node_modules/left/index.js": "module.exports = function cart() {}\n",
}
ITEM = "Total price of a cart is wrong\n\nThe `total_price` of a cart is not rounded."


class CountingTree:
    """A tree in memory with blob ids and a history. It counts what is read."""

    def __init__(self, files: dict[str, str], past: Sequence[PastCommit] = ()) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        self.past = past
        self.commit = "c0ffee"
        self.read_paths: list[str] = []
        self.history_reads = 0

    def entries(self) -> Sequence[Entry]:
        return [Entry(path, len(data), sha1(data).hexdigest()) for path, data in sorted(self.files.items())]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            self.read_paths.append(path)
            yield path, self.files[path]

    def history(self, limit: int) -> Sequence[PastCommit]:
        self.history_reads += 1
        return self.past[:limit]

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:
        return ()


def written(root: Path, files: dict[str, str]) -> FolderTree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return FolderTree(root)


def crowded(functions: int = 60) -> dict[str, str]:
    """The shop and so much else that a small budget cannot hold it all."""
    files = dict(SHOP)
    for number in range(40):
        body = "\n".join(f"def step_{number}_{n}(value):\n    return value + {n}\n" for n in range(functions))
        files[f"src/steps/step_{number}.py"] = body
    return files


def chosen(context: Context) -> list[str]:
    return [file["path"] for file in as_json(context, {})["files"]]


def test_the_file_that_the_item_is_about_comes_first(tmp_path: Path) -> None:
    context = select(written(tmp_path, crowded()), ITEM, settings=ContextSettings(), budget=3_000)
    assert chosen(context)[0] == "src/shop/cart.py"
    assert context.language == "python"


def test_among_similar_files_the_one_whose_path_is_in_the_item_comes_first(tmp_path: Path) -> None:
    text = "It is slow\n\nProfiling points at `src/steps/step_9.py`."
    context = select(written(tmp_path, crowded()), text, settings=ContextSettings(), budget=3_000)
    assert chosen(context)[0] == "src/steps/step_9.py"


def test_a_test_that_the_item_names_comes_right_after_the_best_source(tmp_path: Path) -> None:
    files = crowded() | {"tests/test_login.py": "def test_login():\n    assert 1 + 1 == 2\n"}
    text = f"{ITEM}\n\nSee `tests/test_login.py`."
    context = select(written(tmp_path, files), text, settings=ContextSettings(), budget=3_000)
    assert chosen(context)[:2] == ["src/shop/cart.py", "tests/test_login.py"]


@pytest.mark.parametrize("path", ["src/steps/step_9.py", "docs/guide.md"])
def test_a_file_whose_path_the_item_names_comes_before_all_others(tmp_path: Path, path: str) -> None:
    files = crowded() | {
        "docs/guide.md": "# Guide\n",
        "tests/test_login.py": "def test_login():\n    assert 1 + 1 == 2\n",
    }
    text = f"{ITEM} `Cart.total_price` in the cart calls `rounded`.\n\nDescribe it in `{path}` too."
    context = select(written(tmp_path, files), text, settings=ContextSettings(), budget=3_000)
    assert chosen(context)[0] == path
    assert "src/shop/cart.py" in chosen(context)


def test_a_stack_trace_names_its_files(tmp_path: Path) -> None:
    trace = 'Crash\n\n```\nTraceback:\n  File "/app/src/steps/step_7.py", line 3, in run\nValueError\n```\n'
    context = select(written(tmp_path, crowded()), trace, settings=ContextSettings(), budget=3_000)
    assert chosen(context)[0] == "src/steps/step_7.py"


PAST = [PastCommit("Apply the surcharge", ("src/steps/step_3.py",))] * 5
TOGETHER = [PastCommit("Release", ("src/shop/cart.py", "src/steps/step_4.py"))] * 8
SURCHARGE = "The surcharge is doubled"


def reasons(context: Context) -> dict[str, str]:
    return {one.path: "; ".join(one.reasons) for one in context.excerpts}


def test_a_file_that_similar_commits_changed_is_found() -> None:
    context = select(CountingTree(crowded(), PAST), SURCHARGE, settings=ContextSettings(), budget=3_000)
    assert chosen(context)[0] == "src/steps/step_3.py"
    assert reasons(context)["src/steps/step_3.py"] == "similar past commits changed it"


def test_among_similar_files_the_one_that_changes_with_a_strong_candidate_comes_first() -> None:
    context = select(CountingTree(crowded(), TOGETHER), ITEM, settings=ContextSettings(), budget=3_000)
    assert next(path for path in chosen(context) if "steps" in path) == "src/steps/step_4.py"
    assert reasons(context)["src/steps/step_4.py"] == "often changes with src/shop/cart.py"


def test_a_commit_that_changed_everything_is_ignored() -> None:
    everything = [PastCommit("Apply the surcharge", tuple(crowded()))]
    context = select(CountingTree(crowded(), everything), SURCHARGE, settings=ContextSettings(), budget=3_000)
    assert not any("commits" in why or "often" in why for why in reasons(context).values())


def test_the_history_of_a_commit_is_read_once(tmp_path: Path) -> None:
    tree = CountingTree(crowded(), PAST)
    first, again = (select(tree, ITEM, settings=ContextSettings(), budget=3_000, cache=tmp_path) for _ in range(2))
    assert first == again
    assert tree.history_reads == 1
    tree.commit = "decaf"
    select(tree, ITEM, settings=ContextSettings(), budget=3_000, cache=tmp_path)
    assert tree.history_reads == 2


def test_secrets_lock_files_and_foreign_code_are_never_shown(tmp_path: Path) -> None:
    context = select(written(tmp_path, SHOP), ITEM, settings=ContextSettings(), budget=50_000)
    assert not {".env", "package-lock.json", "node_modules/left/index.js"} & set(chosen(context))
    assert "hunter2" not in repr(context)
    assert ".env" not in context.outline


def test_a_snapshot_takes_no_room(tmp_path: Path) -> None:
    tree = written(tmp_path, SHOP | {"web/__snapshots__/checkout.test.ts.snap": "checkout total\n"})
    context = select(tree, ITEM, settings=ContextSettings(), budget=50_000)
    assert "snap" not in repr((chosen(context), context.outline))


def test_the_settings_exclude_files(tmp_path: Path) -> None:
    hidden = ContextSettings(exclude=("src/shop/cart.py", "web/"))
    context = select(written(tmp_path, SHOP), ITEM, settings=hidden, budget=50_000)
    assert not {"src/shop/cart.py", "web/checkout.ts"} & set(chosen(context))


def test_a_repository_that_fits_is_sent_whole_in_path_order(tmp_path: Path) -> None:
    context = select(written(tmp_path, SHOP), ITEM, settings=ContextSettings(), budget=50_000)
    paths = [excerpt.path for excerpt in context.excerpts]
    assert paths == sorted(paths)
    assert all(excerpt.spans is None for excerpt in context.excerpts)
    assert chosen(context)[0] == "src/shop/cart.py"


def test_a_folder_of_decisions_gives_the_newest_first_and_no_copy_twice() -> None:
    files = SHOP | {"CLAUDE.md": SHOP["AGENTS.md"]} | {f"docs/adr/{n:04}.md": f"# Decision {n}\n" for n in range(400)}
    names = ("AGENTS.md", "CLAUDE.md", "docs/adr/")
    context = select(CountingTree(files), ITEM, settings=ContextSettings(), budget=2_000, conventions=names)
    paths = [excerpt.path for excerpt in context.conventions]
    assert paths[:3] == ["AGENTS.md", "docs/adr/0399.md", "docs/adr/0398.md"]
    assert 0 < sum(excerpt.tokens for excerpt in context.conventions) <= 2_000 / 8


def test_conventions_come_separately_and_only_once(tmp_path: Path) -> None:
    names = ("AGENTS.md", "CONTRIBUTING.md")
    context = select(written(tmp_path, SHOP), ITEM, settings=ContextSettings(), budget=50_000, conventions=names)
    assert [excerpt.text for excerpt in context.conventions] == ["Write tests first."]
    assert "AGENTS.md" not in chosen(context)


def test_the_same_item_gives_the_same_context(tmp_path: Path) -> None:
    tree = written(tmp_path, crowded())
    first, second = (select(tree, ITEM, settings=ContextSettings(), budget=2_000) for _ in range(2))
    assert first == second


def test_the_fitting_definition_of_a_large_file_is_shown_with_its_line_numbers(tmp_path: Path) -> None:
    files = crowded(functions=400)
    files["src/steps/step_3.py"] += "\n\ndef apply_discount(cart):\n    return cart.total * 0.9\n"
    text = "apply_discount ignores vouchers\n\n`apply_discount` must look at vouchers."
    tree = written(tmp_path, files)
    context = select(tree, text, settings=ContextSettings(), budget=2_500)
    excerpt = next(one for one in context.excerpts if one.path == "src/steps/step_3.py")
    assert excerpt.spans is not None
    assert "return cart.total * 0.9" in excerpt.text
    lines = files["src/steps/step_3.py"].split("\n")
    for first, last in excerpt.spans:
        assert "\n".join(lines[first - 1 : last]) in excerpt.text


def test_a_huge_best_file_leaves_room_for_the_next_ones(tmp_path: Path) -> None:
    huge = "".join(f"def total_price_of_cart_{n}(cart):\n    return cart.total_price()\n\n" for n in range(3_000))
    others = {f"src/shop/rounding_{n}.py": f"def total_price_{n}(cart):\n    return cart\n" for n in range(6)}
    files = crowded() | others | {"src/shop/cart.py": huge}
    context = select(written(tmp_path, files), ITEM, settings=ContextSettings(), budget=8_000)
    assert {"src/shop/cart.py", *others} <= set(chosen(context))


def test_a_sure_case_does_not_fill_a_large_budget(tmp_path: Path) -> None:
    files = crowded(functions=400)
    files["src/steps/step_3.py"] += "\n\ndef apply_discount(cart):\n    return cart.total * 0.9\n"
    text = "apply_discount ignores vouchers\n\n`apply_discount` in `src/steps/step_3.py` must look at vouchers."
    context = select(written(tmp_path, files), text, settings=ContextSettings(), budget=100_000)
    assert context.tokens < 60_000


BUILD = '[project]\nrequires-python = ">=3.11"\n'


def test_the_map_names_the_likely_test_and_the_files_beside_the_best_one(tmp_path: Path) -> None:
    context = select(written(tmp_path, crowded()), ITEM, settings=ContextSettings(), budget=3_000)
    assert "src/shop/: cart.py, login.py, money.py\n" in context.outline
    assert "tests/: test_cart.py\n" in context.outline


def test_the_ranked_files_are_told_most_promising_first(tmp_path: Path) -> None:
    context = select(written(tmp_path, crowded()), ITEM, settings=ContextSettings(), budget=3_000)
    assert context.best[0] == "src/shop/cart.py"
    assert set(chosen(context)) <= set(context.best)


def test_a_large_context_shows_the_nearest_test_and_the_build_file(tmp_path: Path) -> None:
    files = crowded(functions=200) | {"pyproject.toml": BUILD}
    tree = written(tmp_path, files)
    context = select(tree, ITEM, settings=ContextSettings(), budget=30_000)
    shown = {excerpt.path: excerpt for excerpt in context.excerpts}
    assert shown["tests/test_cart.py"].text == files["tests/test_cart.py"].rstrip()
    assert shown["tests/test_cart.py"].reasons == ("the nearest test of src/shop/cart.py",)
    assert shown["pyproject.toml"].text == BUILD.rstrip()
    assert chosen(context)[0] == "src/shop/cart.py"
    assert context.facts == ("Python >=3.11 (pyproject.toml)",)


def test_of_a_long_test_the_head_and_the_fitting_places_are_shown(tmp_path: Path) -> None:
    cases = "".join(f"\n\ndef test_other_{n}():\n    assert {n} == {n}\n" * 3 for n in range(400))
    test = f'"""Tests of the cart."""\nfrom shop.cart import Cart\n{cases}\n\ndef test_total_price_is_rounded():\n    assert Cart()\n'
    build = "[project]\n" + "".join(f"# {n} pinned for a reason\n" for n in range(3_000))
    files = crowded(functions=200) | {"tests/test_cart.py": test, "pyproject.toml": build}
    context = select(written(tmp_path, files), ITEM, settings=ContextSettings(), budget=60_000)
    shown = {excerpt.path: excerpt for excerpt in context.excerpts}
    assert "from shop.cart import Cart" in shown["tests/test_cart.py"].text
    assert "def test_total_price_is_rounded" in shown["tests/test_cart.py"].text
    assert shown["tests/test_cart.py"].spans is not None
    ((first, last),) = shown["pyproject.toml"].spans or ()
    assert shown["pyproject.toml"].text.endswith(f"⋮ lines {last + 1}-3001 left out")
    assert (first, shown["pyproject.toml"].text.split("\n")[last - 1]) == (1, f"# {last - 2} pinned for a reason")


@settings(max_examples=25, deadline=None)
@given(budget=st.integers(0, 30_000), text=st.text(max_size=300))
def test_no_budget_is_ever_exceeded(budget: int, text: str) -> None:
    context = select(CountingTree(crowded(20)), f"Cart {text}", settings=ContextSettings(), budget=budget)
    assert context.tokens <= budget
    shown = sum(estimate(one.text) for one in (*context.excerpts, *context.conventions))
    assert shown + (estimate(context.outline) if context.outline else 0) <= context.tokens


def test_a_second_run_reads_only_what_changed(tmp_path: Path) -> None:
    tree = CountingTree(crowded())
    cold = select(tree, ITEM, settings=ContextSettings(), budget=2_000, cache=tmp_path / "cache")
    read_cold = len(tree.read_paths)
    tree.read_paths.clear()
    warm = select(tree, ITEM, settings=ContextSettings(), budget=2_000, cache=tmp_path / "cache")
    assert warm == cold
    survey_reads = read_cold - len(tree.read_paths)
    assert survey_reads == sum(path.endswith((".py", ".ts")) for path in tree.files)


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"garbage\n", b'abc.python\t[{"x": 1}\n'])
def test_a_damaged_cache_is_worked_around(tmp_path: Path, damage: bytes) -> None:
    tree = CountingTree(crowded(), PAST)
    sound = select(tree, ITEM, settings=ContextSettings(), budget=2_000, cache=tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:200] + damage)
    assert select(tree, ITEM, settings=ContextSettings(), budget=2_000, cache=tmp_path) == sound


@pytest.mark.parametrize(
    "cuts", ['{"x": 1}', "7", "[[1, 2]]", '[[9, 1, "name", 9]]', '[["1", 2, "name", 0]]', "[null]"]
)
def test_cached_segments_in_another_format_are_not_used(tmp_path: Path, cuts: str) -> None:
    tree = CountingTree(crowded())
    sound = select(tree, ITEM, settings=ContextSettings(), budget=2_000, cache=tmp_path)
    (kept,) = tmp_path.glob("segments-*")
    keys = [line.partition("\t")[0] for line in kept.read_text().splitlines()]
    kept.write_text("".join(f"{key}\t{cuts}\n" for key in keys))
    assert select(tree, ITEM, settings=ContextSettings(), budget=2_000, cache=tmp_path) == sound


def test_binary_and_generated_files_are_ignored(tmp_path: Path) -> None:
    files = crowded() | {
        "src/shop/cart_api.go": "// Code generated by protoc. DO NOT EDIT.\npackage shop\nfunc TotalPrice() {}\n",
        "src/shop/total_price.js": "\0binary total price cart",
    }
    context = select(written(tmp_path, files), ITEM, settings=ContextSettings(), budget=6_000)
    assert not {"src/shop/cart_api.go", "src/shop/total_price.js"} & set(chosen(context))


def test_an_empty_repository_gives_an_empty_context(tmp_path: Path) -> None:
    context = select(FolderTree(tmp_path), ITEM, settings=ContextSettings(), budget=1_000)
    assert (context.excerpts, context.outline, context.tokens, context.language) == ((), "", 0, "")


def test_a_reason_names_the_words_the_place_and_the_candidate(tmp_path: Path) -> None:
    context = select(written(tmp_path, crowded()), ITEM, settings=ContextSettings(), budget=3_000)
    why = reasons(context)
    assert "defines total_price" in why["src/shop/cart.py"]
    assert "best place: Cart.total_price" in why["src/shop/cart.py"]
    assert "says price, Total, total_price" in why["src/shop/cart.py"]
    assert why["src/shop/money.py"] == "its folder fits; imported by src/shop/cart.py"


@pytest.mark.parametrize("width", [50, 60, 140])
def test_people_read_whole_paths_and_no_line_wider_than_their_terminal(tmp_path: Path, width: int) -> None:
    tree = written(tmp_path, crowded())
    context = select(tree, ITEM, settings=ContextSettings(), budget=3_000)
    text = as_text(context, left_out(tree.entries(), (), context), width)
    assert all(f"  {one.path}\n" in text for one in context.excerpts)
    paths = {entry.path for entry in tree.entries()}
    assert all(len(line) <= width or line.split()[-1].rstrip(",;") in paths for line in text.splitlines())


def test_what_was_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    tree = written(tmp_path, crowded())
    context = select(tree, ITEM, settings=ContextSettings(exclude=("web/",)), budget=3_000)
    hidden = left_out(tree.entries(), ("web/",), context)
    by_path = {path: reason for reason, paths in hidden.items() for path in paths}
    assert by_path["web/checkout.ts"] == "`context.exclude` or a git filter matches it"
    assert "secret" in by_path[".env"]
    shown = {one.path for one in (*context.excerpts, *context.conventions)}
    assert by_path.keys() == {entry.path for entry in tree.entries()} - shown
    assert any(reason.startswith("the budget has no room for them") for reason in by_path.values())


@given(budget=st.integers(0, 20_000), gaps=st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_no_budget_is_exceeded(budget: int, gaps: int) -> None:
    """The lines that stand for what is left out cost up to two in a hundred more than was reckoned."""
    function = "def step_{0}(cart):\n    return total_price(cart) + {0}\n\n" + "UNRELATED = 1\n" * gaps
    files = SHOP | {f"src/steps/step_{n}.py": "".join(function.format(m) for m in range(n * 7)) for n in range(12)}
    context = select(CountingTree(files), ITEM, settings=ContextSettings(), budget=budget)
    assert context.tokens <= budget
