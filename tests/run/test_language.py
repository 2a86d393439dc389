"""Whole runs for a team that writes Portuguese: what they leave on the server and in the run folder."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any, Final

import pytest

from redimento.delivery import texts
from tests.run.conftest import GOOD_FIX, Ended, Site, git
from tests.run.test_pull_request import LONG_FIX, TEMPLATE, add_template, threads
from tests.run.test_revise import answers, ask, push_as_mallory, revise, revised
from tests.run.test_showing import at_step, killed_while_it_works

ENGLISH: Final = Path(__file__).parents[2] / "templates" / "en"
PORTUGUESE: Final = {"language": "pt-BR", "pull_request": {"status": True}}
FIX: Final = GOOD_FIX.replace("add() adds.", "A soma agora soma.")
PULL_REQUESTS: Final = "_apis/git/repositories/calc/pullrequests"
COMMENTS: Final = "_apis/wit/workItems/7/comments"


def triples(text: str) -> set[str]:
    """Return the sequences of three words, without code and what is quoted from elsewhere in English."""
    text = re.sub(
        r"<style>.*?</style>|<pre>.*?</pre>|<[^<>]*>|em inglês:.*|`[^`]*`|\w*[._/]\w[\w./]*", " ", text, flags=re.DOTALL
    )
    words = re.findall(r"[^\W\d_]{2,}", text.lower())
    return {" ".join(words[at : at + 3]) for at in range(len(words) - 2)}


def said_in_english() -> set[str]:
    sources = "\n".join(path.read_text() for path in ENGLISH.iterdir())
    texts = re.findall(r"(?:^|[%}]\})([^{]*)", sources) + re.findall(r'"([^"]*)"', sources)
    return set[str]().union(*map(triples, texts))


def everything(site: Site, ended: Ended) -> dict[str, str]:
    """Return all that a run wrote for people."""
    outcome = ended.finished.outcome
    written = {"comment": comments(site)[0]}
    for name in ("summary.md", "report.html"):
        written[name] = html.unescape((ended.folder / name).read_text("utf-8"))
    if outcome.pull_request_id:
        written["description"] = pull_request(site)["description"]
        written["status"] = site.get(f"{PULL_REQUESTS}/1/statuses")["value"][-1]["description"]
    if outcome.commit:
        written["commit"] = git(site.checkout, "log", "-1", "--format=%B", outcome.commit)
    return written


def comments(site: Site) -> list[str]:
    return [row["text"] for row in site.get(COMMENTS, api_version="7.1-preview.4")["comments"]]


def pull_request(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"{PULL_REQUESTS}/1")
    return found


@pytest.mark.parametrize(
    ("answers", "kind", "said"),
    [
        ([FIX], "delivered", {"description": "Pronta para revisão.", "commit": "Critérios: 1 comprovado."}),
        (
            [FIX.replace("a + b", "a * b"), *["nada a dizer"] * 9],
            "draft",
            {"status": "1 teste ou verificação obrigatória falha por causa desta alteração.", "comment": "🟡 [Rascunho"},
        ),
        (['```json\n{"questions": ["Qual arredondamento?"]}\n```'], "questions", {"comment": "**1.** Qual arredondamento?"}),
        (['```json\n{"nothing_to_do": "Já soma."}\n```'], "skipped", {"comment": "nada para alterar: Já soma."}),
        (
            [{"error": {"kind": "unavailable", "sentence": "The model is down.", "remedy": "Wait."}}],
            "failed",
            {"comment": "O modelo recusou o pedido ou falhou."},
        ),
    ],
)  # fmt: skip
def test_all_that_a_run_writes_for_the_team_is_in_its_language(
    site: Site, answers: list[str | dict[str, Any]], kind: str, said: dict[str, str]
) -> None:
    ended = site.run(answers, PORTUGUESE)

    assert ended.kind == kind, ended.finished.outcome
    written, english = everything(site, ended), said_in_english()
    for name, words in said.items():
        assert words in written[name].replace("\\", "")
    for name, text in written.items():
        assert triples(text) & english == set(), name
    assert '<html lang="pt-BR">' in written["report.html"]
    assert re.search(r"\d\d/\d\d/\d{4} \d\d:\d\d UTC", written["report.html"])
    assert re.search(r"US\$ \d,\d{4}", written["summary.md"])


def test_log_and_record_stay_english(site: Site) -> None:
    ended = site.run([FIX], PORTUGUESE)

    assert ended.finished.outcome.sentence == "Pull request 1 is ready for review."
    assert '"sentence": "Pull request 1 is ready for review."' in (ended.folder / "record.json").read_text()


def test_the_model_is_told_the_language(site: Site) -> None:
    asked = site.run([FIX], PORTUGUESE).conversation()[0]["request"]
    assert "in Brazilian Portuguese" in " ".join(asked["system"].split())


def test_in_english_everything_is_english(site: Site) -> None:
    ended = site.run([GOOD_FIX], {**PORTUGUESE, "language": "en"})
    assert all(triples(text) & said_in_english() for text in everything(site, ended).values())


@pytest.mark.parametrize(("before", "after"), [("en", "pt-BR"), ("pt-BR", "en")])
def test_a_team_that_changes_its_language_gets_its_texts_updated(site: Site, before: str, after: str) -> None:
    site.run([FIX], {"language": before, "checks": {"commands": []}})
    site.change_item(description="<p>It should add, and say so.</p>")
    ended = site.run([FIX.replace("a + b", "b + a")], {"language": after, "checks": {"commands": []}})

    assert ended.kind == "draft"
    (comment,) = comments(site)
    (_,) = site.get(PULL_REQUESTS, query={"searchCriteria.status": "all"})["value"]
    described = pull_request(site)["description"]
    assert described.count("<!-- Redimento") == 2
    for text in (comment, described):
        assert ("Nenhuma verificação" in text, "No checks" in text) == (
            (True, False) if after == "pt-BR" else (False, True)
        )
    assert re.search(r": 2, 0[.,]00 USD", comment)


def test_a_run_in_another_language_finds_what_the_last_one_did(site: Site) -> None:
    site.run([FIX], PORTUGUESE)
    again = site.run([], {"language": "en"})

    assert again.kind == "skipped"
    assert "already answers this work item" in again.finished.outcome.sentence
    assert not (again.folder / "conversation.jsonl").exists()


def test_questions_asked_in_one_language_are_not_asked_again_in_another(site: Site) -> None:
    site.run(['```json\n{"questions": ["Qual?"]}\n```'], PORTUGUESE)
    again = site.run([], {"language": "en"})

    assert (again.kind, len(comments(site))) == ("skipped", 1)
    assert "not answered" in again.finished.outcome.sentence


PLAIN: Final = {"language": "pt-BR", "checks": {"commands": []}}


def is_portuguese(text: str) -> bool:
    return triples(text) & said_in_english() == set()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (revised("Agora diz.", "Um comentário diz."), "Feito no commit "),
        (revised("Agora diz.", "Só em parte.", status="partly"), "Feito em parte no commit "),
        ('```json\n{"questions": ["Qual retorno?"]}\n```', "Antes que algo seja alterado, responda, por favor:"),
        ('```json\n{"nothing_to_do": "Já diz."}\n```', "Nada foi alterado."),
        ({"error": {"kind": "unavailable", "sentence": "It is down.", "remedy": "Wait."}}, "O modelo recusou o pedido"),
    ],
)
def test_reviewers_are_answered_in_the_language_of_the_team(site: Site, reply: Any, said: str) -> None:
    site.run([FIX], PLAIN)
    stranger = ask(site, "/redimento adicione algo")
    revise(site, [], PLAIN)
    push_as_mallory(site)
    number = ask(site, "/redimento diga o que retorna", line=2)
    ended = revise(site, [reply], PLAIN)

    (refused,), (answer,) = answers(site, stranger), answers(site, number)
    assert "O Redimento só atende a comentários de pessoas" in refused
    assert said in answer
    for text in (refused, answer, *comments(site), (ended.folder / "summary.md").read_text()):
        assert is_portuguese(text), text


def test_while_a_run_works_its_comment_says_so_in_the_language_of_the_team(site: Site) -> None:
    seen: list[str] = []
    site.carry_out([FIX], PLAIN, emit=at_step("author", lambda: seen.extend(comments(site))))
    (text,) = seen
    assert re.search(r"Em andamento desde \d\d/\d\d/\d{4} \d\d:\d\d UTC: \[execução\]", text)
    assert is_portuguese(text)


@pytest.mark.parametrize(("before", "after"), [("en", "pt-BR"), ("pt-BR", "en")])
def test_a_killed_run_is_known_after_the_language_has_changed(site: Site, before: str, after: str) -> None:
    site.run([FIX], {**PLAIN, "language": before})
    site.change_item(description="<p>Once more.</p>")
    killed_while_it_works(site, {**PLAIN, "language": before})
    ended = site.run([], {**PLAIN, "language": after, "work_items": {"tags": ["ai"]}})

    assert ended.kind == "skipped"
    (text,) = comments(site)
    assert "⏳" not in text
    assert ("Uma execução anterior a esta terminou antes de ter um resultado." in text) == (after == "pt-BR")
    assert re.search(r": 2, 2[.,]\d\d USD$", text)


@pytest.mark.parametrize(("before", "after"), [("en", "pt-BR"), ("pt-BR", "en")])
def test_replies_and_questions_meet_across_languages(site: Site, before: str, after: str) -> None:
    site.run(['```json\n{"questions": ["Qual?", "Quanto?"]}\n```'], {**PLAIN, "language": before})
    site.mallory.write("POST", COMMENTS, project="Shop", body={"text": "2: três"}, api_version="7.1-preview.4")
    ended = site.run([FIX], {**PLAIN, "language": after})

    asked = str(ended.conversation()[0]["request"]["messages"][0]["text"])
    assert "três" in asked.partition("## Questions that you asked")[2].partition("## Discussion")[0]
    text = next(text for text in comments(site) if "Redimento, calc" in text)
    assert "**2.** Quanto?" in text
    assert ("Perguntas feitas anteriormente" in text) == (after == "pt-BR")


@pytest.mark.parametrize(("draft", "others"), [(False, False), (True, False), (True, True)])
def test_a_pull_request_that_is_opened_from_a_commit_is_in_the_language_of_the_team(
    *, draft: bool, others: bool
) -> None:
    text = texts.from_commit("Soma.", 7, draft=draft, others=others, language="pt-BR")
    assert ("Rascunho." if draft else "Pronta para revisão.") in text
    assert is_portuguese(text)
    assert is_portuguese(texts.status("pending" if draft else "succeeded", language="pt-BR"))


def test_the_whole_text_and_the_teams_template_are_in_the_language_of_the_team(site: Site) -> None:
    add_template(site)
    site.run([LONG_FIX], PORTUGUESE)
    described = pull_request(site)["description"]
    (whole,) = threads(site)

    assert "Texto reduzido: o texto completo está no primeiro comentário abaixo" in described
    assert "faz parte do texto que a execução escreveu nesta descrição." in described
    (comment,) = whole["comments"]
    for text in (described.replace(TEMPLATE, ""), comment["content"]):
        assert is_portuguese(text)


def test_the_question_to_which_repository_an_item_belongs_is_asked_in_the_language_of_the_team(site: Site) -> None:
    settings = {**PLAIN, "repositories": [{"when": {"tag": "web"}, "path": "web"}]}
    assert site.run([], settings).kind == "questions"
    (text,) = comments(site)
    assert "**1.** Ele pertence a web? Então precisa da marca web." in text.replace("\\", "")
    assert is_portuguese(text)


@pytest.mark.parametrize(("language", "word"), [("en", "Draft"), ("pt-BR", "Rascunho")])
def test_a_summary_of_a_draft_says_once_that_it_is_one(site: Site, language: str, word: str) -> None:
    ended = site.run([FIX], {**PLAIN, "language": language})
    lines = (ended.folder / "summary.md").read_text("utf-8").splitlines()
    assert lines[:2] == ["# add adds", ""]
    assert lines[2].startswith(f"**{word}.** ")
    assert "\n".join(lines).lower().count(word.lower()) == 1
