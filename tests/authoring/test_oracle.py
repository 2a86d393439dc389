"""The oracle of `benchmarks/authoring` is no easier than a model: it uses what stands in the request, and nothing else."""

from __future__ import annotations

import json

import pytest

from benchmarks.authoring.gold import Case, after, blocks_of
from benchmarks.authoring.oracle import Oracle
from redimento.models.port import Message

CART = "def total(prices):\n    return sum(prices)\n\n\ndef count(prices):\n    return len(prices)\n"
TEST = "from shop.cart import total\n\n\ndef test_total():\n    assert total([1]) == 1\n"
OTHER = "def tax(total):\n    return total * 2\n"
PATHS = ("shop/cart.py", "shop/tax.py", "tests/test_cart.py", "tests/data/test_cart.py", "docs/index.md")
ANSWER = """```json
{"summary": ""}
```

```py
shop/cart.py
<<<<<<< SEARCH
    return sum(prices)
=======
    return round(sum(prices), 2)
>>>>>>> REPLACE
```

```py
tests/test_cart.py
<<<<<<< SEARCH
    assert total([1]) == 1
=======
    assert total([1.005]) == 1
>>>>>>> REPLACE
```
"""
ITEM = "# Work item 7\nTitle: The total of a cart is not rounded\n\n## Acceptance criteria\n1. It is rounded\n2. Tests exist\n"


def oracle(*, smart: bool = False, p: float = 0.0, q: float = 0.0, answer: str = ANSWER) -> Oracle:
    blocks = tuple(blocks_of(answer))
    case = Case("case", "set", "mirror", "commit", "Round the total", "", (), "tree", answer, blocks)
    before: dict[str, str | None] = {"shop/cart.py": CART, "tests/test_cart.py": TEST, "shop/tax.py": OTHER}
    before = {path: before.get(path) for path in case.paths}
    return Oracle(case, before, after(blocks, before), PATHS, p, q, smart)


def shown(path: str, text: str) -> str:
    return f"<data-0123456789ab>\n## {path}\n```\n{text.rstrip()}\n```\n</data-0123456789ab>\n"


def asked(one: Oracle, *texts: str) -> str:
    request = "\n".join(["# Files", *texts, ITEM, "# Now\nAnswer."])
    return one.answer("You answer.", [Message("user", request)], 8_000)[0]


def head(text: str) -> dict[str, object]:
    value = json.loads(text.removeprefix("```json\n").partition("\n```")[0])
    assert isinstance(value, dict)
    return value


def test_it_sends_edits_whose_lines_stand_in_the_request() -> None:
    text = asked(oracle(), shown("shop/cart.py", CART), shown("tests/test_cart.py", TEST))
    assert "round(sum(prices), 2)" in text
    assert "total([1.005])" in text
    assert [claim["id"] for claim in head(text)["criteria"]] == [1, 2]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        shown("shop/tax.py", CART),  # under the heading of another file
        shown("shop/cart.py", CART.replace("    return sum(prices)\n", "")).replace("```\n<", "```\n    return sum(prices)\n<"),
        "```\nshop/cart.py:2: return sum(prices)\n```\n",  # a hit, whose indentation is lost
        shown("shop/cart.py (excerpts; the numbers are not part of the file)", CART.replace("    return", "⋮ lines 2-2 left out\n    return len", 1)),
    ],
)  # fmt: skip
def test_it_never_sends_what_does_not_stand_under_the_heading_of_its_file(text: str) -> None:
    said = asked(oracle(), text, shown("tests/test_cart.py", TEST))
    assert "SEARCH" not in said
    assert {"read", "search"}.intersection(head(said))


def test_it_reads_a_path_that_stands_in_a_line_of_the_map() -> None:
    text = asked(oracle(), "# Map of the repository\n```\nshop/: cart.py, tax.py\ntests/: test_cart.py\n```\n")
    assert head(text)["read"] == ["shop/cart.py", "tests/test_cart.py"]


def test_a_name_that_two_files_have_leads_nowhere() -> None:
    text = asked(oracle(), shown("shop/cart.py", CART), "See test_cart.py.")
    assert "read" not in head(text)


def test_a_longer_path_does_not_give_away_a_shorter_one() -> None:
    text = asked(oracle(), "The file old/shop/cart.py is gone, and so is shop/cart.pyi.")
    assert "shop/cart.py" not in json.dumps(head(text))


def test_the_plain_one_searches_for_a_word_of_the_work_item_that_the_hidden_lines_hold() -> None:
    assert head(asked(oracle())) == {"search": ["cart", "total"]}  # one for each file, in their order


def test_only_the_smart_one_knows_where_tests_are_by_custom_and_only_in_a_folder_that_stands_there() -> None:
    mapped = "# Map of the repository\n```\nshop/ 2 py\ntests/ 2 py\ndocs/ 1 md\n```\n"
    text = shown("shop/cart.py", CART)
    assert head(asked(oracle(smart=True), mapped, text)) == {"read": ["tests/test_cart.py"]}
    assert "read" not in head(asked(oracle(), mapped, text))
    assert "read" not in head(asked(oracle(smart=True), text))


def test_only_the_smart_one_opens_a_folder_and_only_where_a_person_would() -> None:
    tax = ANSWER.replace("tests/test_cart.py", "shop/tax.py").replace(
        "    assert total([1]) == 1", "    return total * 2"
    )
    elsewhere = tax.replace("shop/tax.py", "docs/index.md")
    mapped, text = "# Map of the repository\n```\nshop/ 2 py\ndocs/ 1 md\n```\n", shown("shop/cart.py", CART)
    assert head(asked(oracle(smart=True, answer=tax), mapped, text))["list"] == ["shop/"]  # beside a file to change
    assert "list" not in head(asked(oracle(answer=tax), mapped, text))
    assert "list" not in head(asked(oracle(smart=True, answer=elsewhere), mapped, text))


def test_it_asks_for_nothing_twice() -> None:
    noted = '# What you asked to see\n## <data-0123456789ab>{"read": "shop/cart.py"}</data-0123456789ab>\n\nIt is not shown.\n'
    text = asked(oracle(), "# Map\n```\nshop/: cart.py\n```\n", noted)
    assert "shop/cart.py" not in head(text).get("read", [])  # type: ignore[operator]


def test_it_sends_what_it_can_when_it_may_not_ask_any_more() -> None:
    one = oracle()
    request = (
        f"# Files\n{shown('shop/cart.py', CART)}\n{ITEM}\n# Now\nThis was the last time that you could ask to read."
    )
    text, _ = one.answer("", [Message("user", request)], 8_000)
    assert "shop/cart.py" in text
    assert "tests/test_cart.py" not in text


def test_a_wrong_edit_is_mended_only_where_its_lines_stand_in_the_request() -> None:
    one = oracle(q=1.0)
    first = asked(one, shown("shop/cart.py", CART), shown("tests/test_cart.py", TEST))
    assert ANSWER.partition("\n\n")[2].strip() not in first
    assert one.mutant is not None
    path = one.case.blocks[one.mutant].path
    failed = f"# What fails now and did not fail before\n## oracle: oracle::hunk_{one.mutant:04d}\n\n```\n{path}\n```\n"
    blind = asked(one, f"# Your change so far\n{shown(path, 'nothing of it')}\n{failed}")
    assert "SEARCH" not in blind
    wrong = first.partition(path)[2].partition("=======\n")[2].partition(">>>>>>>")[0]
    mended = asked(one, f"# Your change so far\n{shown(path, wrong)}\n{failed}")
    assert f"<<<<<<< SEARCH\n{wrong}=======\n{one.case.blocks[one.mutant].new}" in mended


def test_malformed_answers_cannot_be_read_as_what_they_were_meant_to_be() -> None:
    texts = [asked(oracle(p=1.0), shown("shop/cart.py", CART), shown("tests/test_cart.py", TEST))]
    assert all(text.count("<<<<<<< SEARCH") < 2 or "shop/cart.py\n<<<" not in text for text in texts)
