from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.azure import pipelines
from redimento.azure.pipelines import job_environment
from redimento.errors import UsageError
from redimento.text.foreign import neutralise

JOB = {
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/contoso/",
    "SYSTEM_TEAMPROJECT": "My Shop",
    "SYSTEM_TEAMPROJECTID": "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c",
    "SYSTEM_ACCESSTOKEN": "secret-token-0123456789",
    "BUILD_BUILDID": "345",
    "BUILD_REPOSITORY_ID": "3411ebc1-d5aa-464f-9615-0b527bc66719",
    "BUILD_REPOSITORY_NAME": "web",
    "BUILD_REPOSITORY_PROVIDER": "TfsGit",
}


def test_a_job_is_read_from_its_variables() -> None:
    job = job_environment(JOB)
    assert (job.project, job.repository_name, job.build_id) == ("My Shop", "web", "345")
    assert job.build_url == "https://dev.azure.com/contoso/My%20Shop/_build/results?buildId=345"


def test_the_token_is_not_in_what_is_printed_of_a_job() -> None:
    assert "secret-token" not in repr(job_environment(JOB))


def test_outside_a_pipeline_there_is_no_run_page() -> None:
    job = job_environment({name: value for name, value in JOB.items() if name != "BUILD_BUILDID"})
    assert job.build_url == ""


def test_the_older_name_of_the_collection_address_is_read_too() -> None:
    job = {**JOB, "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://tfs.contoso.com/tfs/Main"}
    del job["SYSTEM_COLLECTIONURI"]
    assert job_environment(job).collection_url == "https://tfs.contoso.com/tfs/Main/"


@pytest.mark.parametrize("value", ["", "  ", "$(System.AccessToken)", "$(anything at all)"])
def test_a_value_that_was_never_expanded_counts_as_unset(value: str) -> None:
    with pytest.raises(UsageError, match="SYSTEM_ACCESSTOKEN") as caught:
        job_environment({**JOB, "SYSTEM_ACCESSTOKEN": value})
    assert "env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)" in str(caught.value)


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        job_environment({})
    for name in ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_REPOSITORY_ID", "SYSTEM_ACCESSTOKEN"):
        assert name in str(caught.value)


@pytest.mark.parametrize("provider", ["GitHub", "ExternalGit", "TfsVersionControl", "Evil\r##vso[task.complete]"])
def test_a_repository_elsewhere_is_refused_with_what_is_supported(provider: str) -> None:
    with pytest.raises(UsageError, match="Azure Repos") as caught:
        job_environment({**JOB, "BUILD_REPOSITORY_PROVIDER": provider})
    assert "##vso" not in str(caught.value)


def test_commands_are_written_as_the_agent_reads_them() -> None:
    assert pipelines.log_issue("error", "50% done; [x]\r\nnext", path="src/a.py", line=3) == (
        "##vso[task.logissue type=error;sourcepath=src/a.py;linenumber=3;]50%AZP25 done%3B [x%5D%0Anext"
    )
    assert pipelines.set_variable("outcome", "draft") == "##vso[task.setvariable variable=outcome;isOutput=true;]draft"
    assert pipelines.set_progress(140, "checks") == "##vso[task.setprogress value=100;]checks"
    assert pipelines.upload_summary(Path("/__w/_temp/summary.md")) == "##vso[task.uploadsummary]/__w/_temp/summary.md"


def test_a_run_is_named_after_its_item() -> None:
    job = {"BUILD_BUILDNUMBER": "redimento-20261127-1"}
    title = 'Round "all" totals: half up?'
    named = [*pipelines.name_run(job, 7, title)]
    assert named == [
        "##vso[build.addbuildtag]work-item-7",
        "##vso[build.updatebuildnumber]redimento-20261127-1 work item 7 Round all totals half up",
    ]
    _, _, number = _as_the_agent_reads(named[1])
    for other in ({}, {"BUILD_BUILDNUMBER": number}, {**job, "SYSTEM_TOTALJOBSINPHASE": "3"}):
        assert [*pipelines.name_run(other, 7, title)] == named[:1]
    assert [*pipelines.name_run(job, 0, title)] == []


@given(st.text())
def test_a_run_has_a_name_that_azure_accepts(title: str) -> None:
    for line in pipelines.name_run({"BUILD_BUILDNUMBER": "1"}, 7, title):
        _, _, data = _as_the_agent_reads(line)
        assert len(data) <= 255
        assert not re.search(r"[\r\n\"/:<>'\\|?@*]|[. ]$", data)


def test_headings_are_one_neutral_line() -> None:
    assert pipelines.group("Checks\n##vso[task.complete]") == "##[group]Checks # # vso[task.complete]"
    assert pipelines.endgroup() == "##[endgroup]"


def _as_the_agent_reads(line: str) -> tuple[str, dict[str, str], str]:
    """Read one command: the first `]` ends the properties, and the escape sign is undone last."""

    def plain(text: str) -> str:
        for code, sign in (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")):
            text = text.replace(code, sign)
        return text

    command = re.fullmatch(r"##vso\[([^\]\s]+)(?: ([^\]]*))?\](.*)", line)
    assert command is not None
    pairs = [pair.partition("=") for pair in (command[2] or "").split(";") if pair]
    return command[1], {key: plain(value) for key, _, value in pairs}, plain(command[3])


@given(st.text(), st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_the_agent_reads_back_exactly_the_value_of_a_variable(value: str, name: str) -> None:
    line = pipelines.set_variable(name, value)
    assert not {"\n", "\r"} & set(line)
    assert _as_the_agent_reads(line) == ("task.setvariable", {"variable": name, "isOutput": "true"}, value)


@given(st.text() | st.just("##vso[task.complete result=Succeeded;]"), st.text())
def test_log_messages_contain_no_commands_of_their_own(message: str, path: str) -> None:
    line = pipelines.log_issue("warning", message, path=path, line=1)
    assert line.lower().count("##vso[") == 1
    name, properties, data = _as_the_agent_reads(line)
    assert (name, data) == ("task.logissue", neutralise(message))
    assert properties.get("sourcepath", "") == neutralise(path)
