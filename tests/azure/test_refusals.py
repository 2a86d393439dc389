from __future__ import annotations

import pytest

from redimento.azure.client import JSON_PATCH
from redimento.errors import AzureError, ConflictError, NotThereError, PermissionMissingError, SignInError
from tests.azure.clients import OK, PROJECT_ID, client_for
from tests.azure.hostile import Serve, Step, answer, fault, html


@pytest.mark.parametrize(
    "step",
    [
        html(203),
        html(200),
        answer(302, b"", Location="https://spsprodeus1.vssps.visualstudio.com/_signin"),
        html(302, Location="/_signin"),
        answer(401, b"TF400813: not authorized", "text/plain"),
        answer(200, b"\xef\xbb\xbf <!DOCTYPE html><html>", "application/json"),
    ],
)
def test_a_sign_in_page_is_an_error_of_signing_in(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    with pytest.raises(SignInError, match="did not accept the token") as caught:
        client_for(server).get("_apis/projects")
    assert len(server.seen) == 1
    assert "SYSTEM_ACCESSTOKEN" in caught.value.remedy


def test_the_message_of_a_401_is_quoted(serve: Serve) -> None:
    said = "TF400813: The user 'Build\\1' is not authorized to access this resource."
    with pytest.raises(SignInError, match="TF400813"):
        client_for(serve(fault(401, "UnauthorizedRequestException", said))).get("_apis/projects")


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(OK)
    with pytest.raises(SignInError):
        client_for(serve(answer(302, Location=elsewhere.url))).get("_apis/projects")
    assert elsewhere.seen == []


def _needs(account: str) -> str:
    return (
        "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. "
        f"Details: identity 'Build\\{account}', scope 'repository'."
    )


@pytest.mark.parametrize(
    ("account", "who"),
    [
        (PROJECT_ID.upper(), "Shop Build Service (Main)"),
        ("11111111-2222-3333-4444-555555555555", "Project Collection Build Service (Main)"),
    ],
)
def test_a_missing_right_is_named_with_the_account_that_needs_it(serve: Serve, account: str, who: str) -> None:
    server = serve(fault(403, "GitNeedsPermissionException", _needs(account)))
    with pytest.raises(PermissionMissingError) as caught:
        client_for(server).write("POST", "_apis/git/repositories/web/pullrequests", body={}, about="the pull request")
    assert caught.value.sentence == f"{who} lacks the right 'Contribute to pull requests', needed for the pull request."
    assert "Repositories" in caught.value.remedy
    assert "TF401027" in caught.value.remedy
    assert (caught.value.status, caught.value.type_key) == (403, "GitNeedsPermissionException")


def test_both_accounts_are_named_when_the_answer_does_not_tell_which(serve: Serve) -> None:
    server = serve(fault(403, "AccessDeniedException", "Access is denied."))
    with pytest.raises(PermissionMissingError) as caught:
        client_for(server).get("_apis/build/builds/3", about="run 3")
    assert "Shop Build Service (Main)" in str(caught.value)
    assert "Project Collection Build Service (Main)" in str(caught.value)


@pytest.mark.parametrize(
    ("number", "right"), [("TF401289", "Create tag definition"), ("TF237111", "Edit work items in this node")]
)
def test_boards_names_rights_by_number(serve: Serve, number: str, right: str) -> None:
    server = serve(fault(400, "RuleValidationException", f"{number}: The current user does not have permissions."))
    with pytest.raises(PermissionMissingError, match=right):
        client_for(server).write("PATCH", "_apis/wit/workitems/7", body=[], content_type=JSON_PATCH)


def test_a_missing_item_may_be_an_unreadable_one(serve: Serve) -> None:
    server = serve(fault(404, "WorkItemUnauthorizedAccessException", "TF401232: Work item 7 does not exist, or …"))
    with pytest.raises(NotThereError) as caught:
        client_for(server).get("_apis/wit/workitems/7", about="work item 7")
    assert caught.value.sentence == "Work item 7 does not exist, or this job may not read it."
    assert "'View work items in this node'" in caught.value.remedy


def test_a_wrong_route_points_at_the_collection_address(serve: Serve) -> None:
    with pytest.raises(NotThereError, match="SYSTEM_COLLECTIONURI"):
        client_for(serve(answer(404, b"Page not found", "text/plain"))).get("_apis/projects")


@pytest.mark.parametrize("status", [409, 412])
def test_a_concurrent_change_is_a_conflict(serve: Serve, status: int) -> None:
    server = serve(fault(status, "WorkItemRevisionMismatchException", "TF26071: changed by someone else."))
    with pytest.raises(ConflictError, match="TF26071"):
        client_for(server).write("PATCH", "_apis/wit/workitems/7", body=[], about="work item 7")


def test_other_refusals_quote_the_server_neutralised(serve: Serve) -> None:
    server = serve(
        fault(400, "RuleValidationException", "Field 'Priority'\r\n##vso[task.complete result=Succeeded;]\x1b[2J")
    )
    with pytest.raises(AzureError, match="Field 'Priority'") as caught:
        client_for(server).get("_apis/wit/workitems/7")
    assert "##vso" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
