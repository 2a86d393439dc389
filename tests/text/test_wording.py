"""Every language says the same things, and the templates that lay them out have no words of their own."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import jinja2
import pytest

from redimento.settings import Settings
from redimento.settings.schema import schema
from redimento.text.redaction import REDACTED, Secrets
from redimento.text.wording import LANGUAGES, Sentence, macros, say

ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = ROOT / "templates"
OTHERS: Final = sorted(set(LANGUAGES) - {"en"})
LAID_OUT: Final = sorted(
    path for room in ("comments", "pull_request", "report") for path in TEMPLATES.glob(f"{room}/*")
)
NAMES: Final = sorted(macros("en"))
# One thing that a macro may be told, by the name of its argument; a set names all that there are.
USAGE: Final = SimpleNamespace(prompt=1_234, cached=0, output=2, thoughts=3)
CHECK: Final = SimpleNamespace(
    name="tests", before=Sentence("not_run"), after=Sentence("ended", exit_code=2), standing="fails"
)
ENDINGS: Final = {"passed", "failed", "error", "skipped"}
TOLD: Final[dict[str, Any]] = {
    "check": {"tests"},
    "every": {True, False},
    "how": {"answers", "completed", "abandoned", "deleted", "gone"},
    "kind": {"user", "process"},
    "signal": {
        "text", "title", "path", "mentioned", "imported", "importing", "tested", "folder", "place", "phrase",
        "message", "together",
    },
    "standing": {"proved", "passes", "fails", "claimed", "partly", "not", "unanswered"},
    "status": {"completed", "abandoned"},
    "what": {"LimitError", "Anything"},
}  # fmt: skip
OF_ONE: Final[dict[tuple[str, str], set[Any]]] = {
    ("against", "kind"): {"judge", "steering", "missing", "rewritten", "fails"},
    ("changed_tests_while_running", "what"): {"tests/test_a.py"},
    ("check_before_and_after", "check"): set(),
    ("check_ended", "how"): {"passou"},
    ("check_standing", "name"): {"passes", "fails", "lost tests", "flaky", "fails as before", "not needed"},
    ("branch_of_a_person", "over"): {True, False},
    ("column", "name"): set(
        re.findall(r'say\("column", name="([^"]+)"\)', "".join(path.read_text() for path in TEMPLATES.glob("report/*")))
    ),
    ("command_not_found", "name"): {"pytest"},
    ("done_in_commit", "status"): {"done", "partly", "not", ""},
    ("history", "before"): {*ENDINGS, "absent", ""},
    ("history", "after"): {*ENDINGS, "absent", ""},
    ("killed_by_signal", "signal"): {"SIGKILL"},
    ("nobody_asks", "strangers"): {True, False},
    ("outcome", "kind"): {"delivered", "draft", "questions", "skipped", "failed"},
    ("test_outcome", "name"): ENDINGS,
    ("working_since", "since"): {datetime(2026, 3, 1, 9, 5, tzinfo=UTC)},
}
COUNTS: Final = [0, 1, 2, 1_234]
PLURALS: Final = {"names", "known", "needs", "numbers", "failing", "files", "manifests", "sentences"}
COUNTED: Final = {
    "attributes", "as_before", "before", "bytes", "calls", "corrections", "criterion", "decimals", "depth", "elements", "errors",
    "estimated", "exit_code", "failed", "failures", "id", "line_number", "megabytes", "more", "most", "most_usd", "next_usd", "number",
    "of", "passed", "passing", "processes", "places", "proved", "runs", "seconds", "skipped", "spent", "tests", "times", "usd", "used",
    "worst",
}  # fmt: skip
OPTIONAL: Final = {"closed", "doubt", "exposed", "owner", "place", "test", "source", "version", "was"}


def _told(name: str, argument: str) -> Sequence[Any]:
    """Return what a macro may be told as this argument."""
    if (name, argument) == ("check_before_and_after", "check"):
        return [CHECK]
    if known := OF_ONE.get((name, argument)) or TOLD.get(argument):
        return sorted(known, key=str)
    if argument == "usage":
        return [USAGE]
    if argument == "checks":
        return [[], [Sentence("check_ended", check="lint", how=Sentence("not_needed"))]]
    if argument in PLURALS:
        return [["a"], ["a", "b::c"], ["a", "b", "4", "d", "e"]]
    if argument in COUNTED:
        return COUNTS
    return ["x", "src/a.py", "1.0", *([""] if argument in OPTIONAL else [])]


def test_the_languages_are_those_of_the_settings() -> None:
    described = schema()["properties"]["language"]
    assert described["enum"] == list(LANGUAGES)
    assert described["default"] == Settings().language == "en"


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_files_with_the_same_words(language: str) -> None:
    for path in (TEMPLATES / "en").iterdir():
        said = [re.findall(r"{% macro (.*?) %}", file.read_text()) for file in (path, TEMPLATES / language / path.name)]
        assert said[0] == said[1]
    assert {path.name for path in (TEMPLATES / language).iterdir()} == {
        path.name for path in (TEMPLATES / "en").iterdir()
    }
    assert len(NAMES) == sum(len(re.findall("{% macro ", path.read_text())) for path in (TEMPLATES / "en").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_everything_can_be_said_in_every_language(name: str) -> None:
    told = {argument: _told(name, argument) for argument in macros("en")[name].arguments}
    for values in itertools.islice(itertools.product(*told.values()), 300):
        for language in LANGUAGES:
            said = say(name, language, **dict(zip(told, values, strict=True)))
            assert said
            assert not re.search(r"None|True|False| [,.;:](?!\w)|\(\)|\( | \)|\$ *[,.]", said), said


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_said_in_english_elsewhere(language: str) -> None:
    english = [name for name in NAMES if _words("en", name) & _words(language, name)]
    assert english == []


def _words(language: str, name: str) -> set[str]:
    """Return the sequences of three words in a macro, without what stands for itself: settings, code, files."""
    sources = "\n".join(path.read_text() for path in (TEMPLATES / language).iterdir())
    body = sources.partition(f"{{% macro {name}(")[2].partition("{% endmacro %}")[0].partition("%}")[2]
    texts = re.findall(r"(?:^|[%}]\})([^{]*)", body) + re.findall(r'"([^"]*)"', body)
    found = [re.findall(r"[^\W\d_]{2,}", re.sub(r"`.*?`|\w*[._]\w[\w.]*", "", text)) for text in texts]
    return {" ".join(words[at : at + 3]).lower() for words in found for at in range(len(words) - 2)}


def test_every_word_is_used() -> None:
    code = "".join(path.read_text() for path in (ROOT / "src" / "redimento").rglob("*.py"))
    laid_out = "".join(path.read_text() for path in TEMPLATES.rglob("*.j2"))
    made = {f"draft_{kind}" for kind in ("steering", "missing", "rewritten", "fails")}  # of a kind of failure
    used = {*re.findall(r"[\"'](\w+)[\"']", code + laid_out), *re.findall(r"{{ (\w+)\(", laid_out), *made}
    used |= {f"line_{word}" for word in used}
    assert [name for name in NAMES if name not in used and f" {name}(" not in laid_out.replace("macro ", "macro")] == []


@pytest.mark.parametrize("path", LAID_OUT, ids=lambda path: path.name)
def test_what_lays_a_text_out_has_no_words(path: Path) -> None:
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<style>.*?</style>", " ", path.read_text(), flags=re.DOTALL)
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_data = seen.append  # type: ignore[assignment, method-assign]
    parser.feed(text)
    assert set(re.findall(r"[^\W\d_]{2,}", " ".join(seen))) <= {"Redimento"}


def test_a_sentence_is_english_until_a_text_in_another_language_has_it() -> None:
    sentence = Sentence("ended_for_a_reason", reason=Sentence("timed_out", seconds="5"))

    assert sentence == "timed out after 5 s"
    assert say("several", "pt-BR", sentences=[sentence]) == "tempo esgotado após 5 s"
    assert say("several", "pt-BR", sentences=[copy.deepcopy(sentence)]) == "tempo esgotado após 5 s"


def test_a_secret_in_what_a_sentence_tells_is_redacted_in_every_language() -> None:
    secrets = Secrets(("hunter2hunter2",))
    sentence = Sentence("not_restored", path="hunter2hunter2.py")

    (redacted,) = secrets.redacted((sentence,))
    assert redacted == f"{REDACTED}.py was changed by an earlier run and could not be restored."
    assert say("several", "pt-BR", sentences=[redacted]).startswith(f"{REDACTED}.py foi alterado")


def test_unknown_words_and_values_are_errors() -> None:
    with pytest.raises(KeyError):
        Sentence("no_such_words")
    with pytest.raises(jinja2.UndefinedError):
        Sentence("timed_out")
    with pytest.raises(TypeError):
        Sentence("timed_out", seconds="5", hours="1")


@pytest.mark.parametrize(
    ("language", "thousands", "cost", "one", "several"),
    [
        ("en", "1,234 tokens", "$1,234.50", "1 repair round", "2 repair rounds"),
        ("pt-BR", "1.234 tokens", "US$ 1.234,50", "1 rodada de correção", "2 rodadas de correção"),
    ],
)
def test_numbers_are_written_as_people_write_them(
    language: str, thousands: str, cost: str, one: str, several: str
) -> None:
    assert say("tokens", language, number=1_234) == thousands
    assert say("dollars", language, usd=1_234.5) == cost
    assert [say("repair_rounds", language, number=number) for number in (1, 2)] == [one, several]
