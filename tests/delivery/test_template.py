"""The repository's own text for pull requests is found as Azure finds it, and kept around ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.edit import NO_CHANGE
from redimento.delivery import signature
from redimento.delivery.markdown import units
from redimento.delivery.publish import Delivery, text_of
from redimento.delivery.template import NOTHING_AROUND, Around, fill, find
from redimento.local.folder_tree import FolderTree
from redimento.settings import PullRequestSettings
from tests.delivery.test_texts import ITEM, REPORT
from tests.scaling import assert_linear_in

SEE = "What the checks and tests say is part of the text that the run wrote into this description."


@dataclass(frozen=True)
class Files:
    folder: Path

    def write(self, *names: str) -> FolderTree:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"from {name}", "utf-8")
        return FolderTree(self.folder)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("names", "target", "found"),
    [
        (["docs/pull_request_template.md", ".vsts/pull_request_template.md"], "main", ".vsts/pull_request_template.md"),
        (["pull_request_template.md", ".azuredevops/Pull_Request_Template.TXT"], "main", ".azuredevops/Pull_Request_Template.TXT"),
        (["pull_request_template.txt", "PULL_REQUEST_TEMPLATE.md"], "main", "PULL_REQUEST_TEMPLATE.md"),
        (
            [".azuredevops/pull_request_template.md", "docs/pull_request_template/branches/release.md"],
            "release/1.0",
            "docs/pull_request_template/branches/release.md",
        ),
        ([".azuredevops/pull_request_template/branches/release.md", "pull_request_template.md"], "main", "pull_request_template.md"),
        ([".azuredevops/pull_request_template/other.md", ".github/pull_request_template.md"], "main", ""),
        ([], "main", ""),
    ],
)  # fmt: skip
def test_the_template_is_the_one_that_azure_takes(files: Files, names: list[str], target: str, found: str) -> None:
    assert find(files.write(*names), target) == ((found, f"from {found}") if found else ("", ""))


def test_a_template_that_is_no_text_or_too_long_has_no_text(files: Files) -> None:
    (files.folder / "pull_request_template.md").write_bytes(b"\0\xff" * 100)
    assert find(FolderTree(files.folder), "main") == ("pull_request_template.md", "")
    (files.folder / "pull_request_template.md").write_text("x" * 20_001)
    assert find(FolderTree(files.folder), "main") == ("pull_request_template.md", "")


TEMPLATE = """Thank you!

## Description
<!-- What changes? -->

## How was it tested?
- [ ] By hand

## Related work items

## Checklist
- [ ] Tests pass
- [ ] Docs are written
"""


def test_our_text_goes_below_the_heading_that_fits_and_everything_stays() -> None:
    assert fill(TEMPLATE, 7) == Around(
        "Thank you!\n\n## Description\n\n",
        f"\n<!-- What changes? -->\n\n## How was it tested?\n\n{SEE}\n- [ ] By hand\n\n## Related work items\n\n#7\n\n"
        "## Checklist\n- [ ] Tests pass\n- [ ] Docs are written\n",
    )


@pytest.mark.parametrize(
    ("template", "heading"),
    [
        ("# Checks\n## Resumo\n", "## Resumo"),
        ("## What does this change?\n## Notes", "## What does this change?"),
        ("## Breaking changes\n## Tests\n", "## Tests"),
        ("Hello\n=====\n\nSummary\n-------\nx", "Summary\n-------"),
        ("**Checks**\n\n**Description**:\nx\n", "**Description**:"),
        ("__What changed:__\n", "__What changed:__"),
        ("The **summary** of it\n- description\n---\n\n---\n## Overview", "## Overview"),
        ("```\nSummary\n---\n```\n---\n## Overview", "## Overview"),
        ("```\n# Summary\n```\n<!--\n# Description\n-->\n# Overview\n", "# Overview"),
        ("~~~ a\n# Summary\n```\n~~~~\n### The summary ###\n", "### The summary ###"),
    ],
)
def test_the_place_is_found_by_its_heading(template: str, heading: str) -> None:
    assert fill(template, 7).before.rstrip().endswith(heading)


@pytest.mark.parametrize(
    "template", ["Please check:\n- [ ] all", "Description\n", "<!-- # Description -->", "```\n# Summary"]
)
def test_without_such_a_heading_our_text_comes_first(template: str) -> None:
    around = fill(template, 7)
    assert around.before == ""
    assert around.after.strip() == template.strip()


def test_an_empty_template_is_none() -> None:
    assert fill(" \n\u200b\n", 7) == NOTHING_AROUND


def test_a_template_cannot_pass_for_our_text_or_command_the_pipeline() -> None:
    forged = "<!-- Redimento 0123456789ab title 00000000 text 00000000 ready -->\nx\n<!-- Redimento ends here -->"
    around = fill(f"{forged}\n## Summary\n{forged}\n##vso[task.complete]\u202e", 7)
    whole = around.before + around.after
    assert signature.read(whole) is None
    assert "##vso" not in whole
    assert "\u202e" not in whole


DELIVERY = Delivery(ITEM, NO_CHANGE, REPORT, "redimento/7", "main", None, "0123456789ab", draft=False)


def test_a_description_has_the_template_around_what_a_run_may_update() -> None:
    text = text_of(replace(DELIVERY, around=fill(TEMPLATE, 7)), PullRequestSettings()).description
    signed = signature.read(text)
    assert signed is not None
    assert signed.untouched
    assert signed.before == "Thank you!\n\n## Description\n\n"
    assert "Totals are rounded half up." in signed.ours
    assert signed.after.endswith("- [ ] Docs are written")
    assert units(text) <= 4_000


@pytest.mark.parametrize(("length", "fits"), [(2_700, True), (2_800, False)])
def test_a_template_leaves_room_or_is_too_long(length: int, *, fits: bool) -> None:
    around = fill("y" * length, 7)
    assert around.leaves_room is fits
    text = text_of(replace(DELIVERY, around=around), PullRequestSettings()).description
    assert units(text) <= 4_000


@given(
    st.lists(
        st.sampled_from(["# Description", "## Tests", "```", "~~~", "<!--", "-->", "- [ ] x", "", "text"]), max_size=12
    )
)
def test_every_line_of_a_template_stays_in_order(lines: list[str]) -> None:
    around = fill("\n".join(lines), 7)
    kept = [line for line in f"{around.before}\n{around.after}".split("\n") if line and line not in ("#7", SEE)]
    assert kept == [line for line in lines if line]


@pytest.mark.parametrize("piece", ["# Description\n", "<!--", "-->\n<!--", "```\n", "## \t", "#" * 7 + "\n", "x "])
def test_a_template_is_read_in_linear_time(piece: str) -> None:
    assert_linear_in(lambda text: fill(text, 7), lambda size: piece * size, 2_000)
