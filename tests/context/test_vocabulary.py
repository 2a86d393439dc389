from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from redimento.context.vocabulary import Wanted
from redimento.context.words import identifiers, terms

WORDS = st.from_regex(re.compile(r"\w{1,12}"), fullmatch=True)
CODE = st.text(st.sampled_from("aZ_09 .\n(é\x1c") | st.characters(codec="utf-8"), max_size=150)


@given(CODE)
def test_identifiers_are_the_same_next_to_another_script(text: str) -> None:
    assert [*identifiers(text), "é"] == identifiers(f"{text} é")


@given(words=st.lists(WORDS, max_size=20), wanted=st.sets(WORDS.map(str.lower), max_size=20))
def test_the_wanted_terms_of_a_word_are_found(words: list[str], wanted: set[str]) -> None:
    wanted |= {term for word in words[::3] for term in terms(word)}
    expected = {word: found for word in words if (found := tuple(term for term in terms(word) if term in wanted))}
    vocabulary = Wanted(wanted)
    assert vocabulary.among(set(words)) == expected
    assert list(vocabulary.among(set(words))) == sorted(expected)
    assert [vocabulary.terms(word) for word in words] == [expected.get(word, ()) for word in words]


def test_wanted_terms_are_counted_in_a_text() -> None:
    found, number = Wanted({"total", "pric", "total_pric", "x"}).in_text("total_prices = 2 * 3dTotal\nprice")
    assert (found, number) == (["total", "pric", "total", "pric"], 3)
