"""The pages as a reader has them: in Chromium, full of hostile text, on a screen, on a phone, in the dark, on paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.change.edit import Refusal
from redimento.context.selection import Context, Excerpt
from redimento.events import Moment, Note, StepEnded, StepStarted, Warned
from redimento.models.conversation import to_json
from redimento.models.port import Message, ModelReply, ModelRequest, Usage
from redimento.reporting.files import write_files
from redimento.reporting.history import read_history, write_history
from redimento.run.job import Finished, Job
from redimento.run_folder import open_run_folder
from redimento.settings import CheckCommand, CheckSettings, Settings
from redimento.verification.trial import TrialResult
from redimento.work_items.item import Comment
from tests.reporting.chromium import Tab, chromium

NASTY = (
    "</style></pre></code><script>document.title='ran'</script><img src=http://evil.invalid/a.png onerror=alert(1)>"
    "<h2 id=criteria>Acceptance criteria</h2><iframe src=http://evil.invalid></iframe><base href=//evil.invalid>"
    "\" autofocus onfocus=alert(1) x='<style>@import url(http://evil.invalid/a.css)</style> "
    + "W" * 600
    + " {{ 7 * 7 }} \u202e\u2066rtl "
)
# The lowest contrast of any visible text with what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """(() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = node => { for (; node; node = node.parentElement) {
    const colour = channels(getComputedStyle(node).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour; } };
  let lowest = [21, ''];
  for (const node of document.querySelectorAll('body *')) {
    if (![...node.childNodes].some(one => one.nodeType === 3 && one.data.trim())) continue;
    const [a, b] = [light(channels(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < lowest[0]) lowest = [ratio, node.outerHTML.slice(0, 200)];
  }
  return lowest; })()"""
HIDDEN_DETAILS = """[...document.querySelectorAll('details')].filter(one => ![...one.children].slice(1)
  .some(child => child.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})
    && child.getBoundingClientRect().height > 0)).length"""


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    with chromium(program, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(seen: Finished, job: Job) -> Path:
    """The page of a run in which every foreign text is hostile, and that has something in every section."""
    reply = ModelReply(NASTY, NASTY, Usage(1_000, 10, 200, 30), "STOP", seconds=2.0)
    request = ModelRequest(
        NASTY, NASTY, (Message("user", f"{NASTY}\n# {NASTY}\n```\n# no heading\n```\n"),), 10, "low", 9
    )
    for _ in range(2):
        job.folder.append_line("conversation.jsonl", to_json(request, reply, model=NASTY))
    job.folder.write_text(
        "change.patch",
        f"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,3 @@\n-x = 1 # {NASTY}\n+y = '{NASTY}'\n+# {NASTY}\n def f():\n",
    )
    assert seen.item is not None
    assert seen.report is not None
    excerpt = Excerpt(NASTY, NASTY, 1_234, 1.0, ((1, 2),), (NASTY,))
    trial = TrialResult(NASTY, (NASTY,), (), NASTY)
    attempt = replace(seen.attempts[0], trials=(trial,), refused=(Refusal(NASTY, NASTY),))
    item = replace(
        seen.item,
        title=NASTY,
        description=NASTY,
        url="javascript:alert(1)",
        comments=(Comment(1, NASTY, NASTY, NASTY),),
    )
    timeline = (
        Moment(0.1, StepStarted("author", "Write")),
        Moment(0.2, Note(NASTY)),
        Moment(0.3, Warned(NASTY)),
        Moment(0.4, StepEnded("author", 0.3)),
    )
    hostile = replace(
        seen,
        outcome=replace(seen.outcome, pull_request_url="javascript:alert(1)", questions=(NASTY,), problems=(NASTY,)),
        item=item,
        report=replace(seen.report, summary=NASTY, draft_reasons=(NASTY,), reproduction=seen.report.further_proofs),
        context=Context((excerpt,), "", (excerpt,), 2_468, 60_000, "python", facts=(NASTY,)),
        attempts=(attempt, attempt),
        timeline=timeline,
    )
    checks = CheckSettings(commands=(CheckCommand(NASTY, NASTY),))
    write_files(job.folder, hostile, replace(job, settings=replace(Settings(), checks=checks), base="ab" * 20))
    return job.folder.path / "report.html"


@pytest.fixture
def runs(page: Path, tmp_path: Path) -> Path:
    """The page over two runs, one of them with a hostile record."""
    record = json.loads((page.parent / "record.json").read_text())
    other = open_run_folder(tmp_path / "other")
    more = {"kind": "draft", "sentence": NASTY, "pull_request_id": 9}
    other.write_json(
        "record.json",
        {**record, "title": NASTY, "workItemType": NASTY, "repository": NASTY, "draftReasons": [NASTY],
         "outcome": record["outcome"] | more},
    )  # fmt: skip
    write_history(read_history([tmp_path], None), tmp_path / "runs.html", "pt-BR")
    return tmp_path / "runs.html"


@pytest.mark.parametrize("name", ["page", "runs"])
def test_hostile_text_neither_runs_nor_loads_nor_looks_like_ours(
    tab: Tab, name: str, request: pytest.FixtureRequest
) -> None:
    file: Path = request.getfixturevalue(name)
    tab.open(file)

    requested = [told["request"]["url"] for event, told in tab.events if event == "Network.requestWillBeSent"]
    assert requested == [file.as_uri()]
    assert tab.value("document.title") != "ran"
    assert not [
        event for event, _ in tab.events if event in {"Page.javascriptDialogOpening", "Runtime.consoleAPICalled"}
    ]
    assert tab.value("document.querySelectorAll('script, img, iframe, base, object, [onerror], [onfocus]').length") == 0
    assert tab.value("[...document.links].filter(one => !/^(https?|file):/.test(one.href)).length") == 0
    # Each heading of ours is in a section with the name that the contents link.
    assert tab.value("[...document.querySelectorAll('h2')].every(one => one.parentElement.matches('main > section'))")
    linked = "[...document.querySelectorAll('nav a')].map(one => one.getAttribute('href').slice(1))"
    assert tab.value(linked) == tab.value("[...document.querySelectorAll('main > section')].map(one => one.id)")


@pytest.mark.parametrize("name", ["page", "runs"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_phone_and_can_be_read_there_and_in_the_dark(
    tab: Tab, name: str, scheme: str, request: pytest.FixtureRequest
) -> None:
    file = request.getfixturevalue(name)
    for width in (390, 800, 1280):
        tab.open(file, width=width, scheme="dark" if scheme == "dark" else "light")
        tab.value("document.querySelectorAll('details').forEach(one => one.open = true)")
        wide = "[...document.querySelectorAll('body *:not(thead, thead *)')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
        assert tab.value(f"{wide}.map(one => one.outerHTML.slice(0, 200))") == []
        assert tab.value("document.documentElement.scrollWidth") <= width
    lowest, where = tab.value(CONTRAST)
    assert lowest >= 4.5, where


def test_what_is_folded_is_open_on_paper(tab: Tab, page: Path) -> None:
    tab.open(page)
    assert tab.value(HIDDEN_DETAILS) > 5
    tab.open(page, media="print", width=700)
    assert tab.value(HIDDEN_DETAILS) == 0
    assert tab.value("document.documentElement.scrollWidth") <= 700
    lowest, where = tab.value(CONTRAST)
    assert lowest >= 4.5, where
    assert tab.pdf().startswith(b"%PDF")


def test_every_section_has_something_in_it(tab: Tab, page: Path) -> None:
    tab.open(page)
    assert set(tab.value("[...document.querySelectorAll('main > section')].map(one => one.id)")) == {
        "steering", "forbidden", "reproduction", "criteria", "checks", "tests", "dependencies", "change", "words", "item",
        "refused", "timeline", "context", "conversation", "candidates", "settings",
    }  # fmt: skip
    assert tab.value(
        "[...document.querySelectorAll('main > section')].every(one => one.innerText.split('\\n').length > 2)"
    )
