from __future__ import annotations

import json

import pytest

from redimento.azure.client import JSON_PATCH
from redimento.azure.exchange import HttpAnswer
from redimento.azure.refusals import SIGN_IN_REMEDY, is_sign_in_page, refusal, sign_in_error
from redimento.delivery.rights import Account
from redimento.errors import AzureError, ConflictError, NotThereError, PermissionMissingError, SignInError
from tests.azure.clients import OK, PROJECT_ID, client_for
from tests.azure.hostile import Serve, Step, answer, fault, html

pytestmark = pytest.mark.undescribed  # what is asked for does not matter here


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


PROJECT_ACCOUNT = "Shop Build Service (Main)"
COLLECTION_ACCOUNT = "Project Collection Build Service (Main)"
EITHER_ACCOUNT = f"{PROJECT_ACCOUNT} (or {COLLECTION_ACCOUNT}, where jobs are not limited to their project)"
AREAS = "Project settings > Project configuration > Areas > (the area) > Security"
REPOSITORIES = "Project settings > Repositories > (the repository) > Security"
PIPELINES = "Pipelines > (the pipeline) > Manage security"
PROJECT = "Project settings > Permissions"
FORCE_PUSH = "Force push (rewrite history, delete branches and tags)"
JOB = Account("Main", "Shop", PROJECT_ID)


def error_for(status: int, message: str, path: str, identity: Account = JOB, type_key: str = "X") -> AzureError:
    body = json.dumps({"message": message, "typeKey": type_key}).encode()
    call = f"GET https://host/Main/_apis/{path}"
    return refusal(HttpAnswer(status, {}, body), call=call, about="item 7", identity=identity)


@pytest.mark.parametrize(
    ("identity", "message", "who"),
    [
        (JOB, "no", EITHER_ACCOUNT),
        (JOB, f"identity 'Build\\{PROJECT_ID}'", PROJECT_ACCOUNT),
        (JOB, f"identity 'build\\{PROJECT_ID.upper()}'", PROJECT_ACCOUNT),
        (JOB, "identity 'Build\\11111111-2222-3333-4444-555555555555'", COLLECTION_ACCOUNT),
        (Account("Main", "Shop", PROJECT_ID.upper()), f"identity 'Build\\{PROJECT_ID}'", PROJECT_ACCOUNT),
        (Account("Main", "Shop"), f"identity 'Build\\{PROJECT_ID}'", EITHER_ACCOUNT),
        (Account("Main"), f"identity 'Build\\{PROJECT_ID}'", COLLECTION_ACCOUNT),
        (Account("Main", "", PROJECT_ID), f"identity 'Build\\{PROJECT_ID}'", COLLECTION_ACCOUNT),
    ],
)
def test_the_account_that_needs_a_right(identity: Account, message: str, who: str) -> None:
    assert error_for(403, message, "wit/x", identity).sentence == f"{who} lacks a right that is needed for item 7."


@pytest.mark.parametrize(
    ("status", "message", "path", "right", "page"),
    [
        (403, "You need the Git 'GenericContribute' permission", "git/x", "Contribute", REPOSITORIES),
        (403, "You need the Git 'CreateBranch' permission", "git/x", "Create branch", REPOSITORIES),
        (403, "You need the Git 'CreateTag' permission", "git/x", "Create tag", REPOSITORIES),
        (403, "You need the Git 'ForcePush' permission", "git/x", FORCE_PUSH, REPOSITORIES),
        (403, "You need the Git 'PolicyExempt' permission", "git/x", "Bypass policies when pushing", REPOSITORIES),
        (403, "You need the 'NewBitOfNextYear' permission", "git/x", "NewBitOfNextYear", REPOSITORIES),
        (403, "You need the 'ViewBuilds' permission", "build/x", "View builds", PIPELINES),
        (403, "You need the 'GenericRead' permission", "projects", "Read", PROJECT),
        (403, "TF401289: no", "wit/x", "Create tag definition", PROJECT),
        (400, "TF401289: no", "wit/x", "Create tag definition", PROJECT),
        (400, "TF401289: no", "git/x", "Create tag definition", PROJECT),
        (400, "TF237111: no", "wit/x", "Edit work items in this node", AREAS),
        (403, "TF237111: no", "git/x", "Edit work items in this node", AREAS),
        (404, "TF237111: no", "wit/x", "Edit work items in this node", AREAS),
        (403, "no", "wit/x", "", AREAS),
        (403, "no", "git/x", "", REPOSITORIES),
        (403, "no", "build/x", "", PIPELINES),
        (403, "no", "projects", "", PROJECT),
        (403, "", "projects", "", PROJECT),
    ],
)
def test_a_missing_right_and_the_page_that_grants_it(
    status: int, message: str, path: str, right: str, page: str
) -> None:
    error = error_for(status, message, path)
    assert isinstance(error, PermissionMissingError)
    lacks = f"the right '{right}', needed for item 7." if right else "a right that is needed for item 7."
    assert error.sentence == f"{EITHER_ACCOUNT} lacks {lacks}"
    advice = f"Grant it in {page}." if right else f"Check its rights in {page}."
    assert error.remedy == advice + (f" Azure DevOps said: {message}" if message else "")
    assert (error.status, error.type_key) == (status, "X")


@pytest.mark.parametrize(
    ("path", "right", "page"),
    [
        ("wit/x", "View work items in this node", AREAS),
        ("git/x", "Read", REPOSITORIES),
        ("build/x", "View builds", PIPELINES),
        ("projects", "View project-level information", PROJECT),
    ],
)
def test_the_right_to_read_and_the_page_that_grants_it(path: str, right: str, page: str) -> None:
    error = error_for(404, "TF401232: gone.", path)
    assert isinstance(error, NotThereError)
    assert error.sentence == "Item 7 does not exist, or this job may not read it."
    assert error.remedy == (
        f"Check the name or number; if it exists, grant {EITHER_ACCOUNT} the right '{right}' in {page}. "
        "Azure DevOps said: TF401232: gone."
    )
    assert (error.status, error.type_key) == (404, "X")


@pytest.mark.parametrize(
    ("status", "message", "sentence", "remedy"),
    [
        (400, "Bad field.", "Azure DevOps refused {call} (400): Bad field.", ""),
        (499, "", "Azure DevOps refused {call} (499): it gave no reason.", ""),
        (500, "Boom", "Azure DevOps failed at {call} (500): Boom.", "See https://status.dev.azure.com and run it again."),
        (409, "TF1: x.", "Somebody else changed item 7 first: TF1: x.", "Run it again."),
        (412, "", "Somebody else changed item 7 first: 412.", "Run it again."),
        (429, "x", "Azure DevOps is throttling this pipeline: {call} was refused with 429.", "Wait five minutes, or run fewer jobs at a time."),
    ],
)  # fmt: skip
def test_other_error_answers(status: int, message: str, sentence: str, remedy: str) -> None:
    error = error_for(status, message, "wit/x")
    assert error.sentence == sentence.format(call="GET https://host/Main/_apis/wit/x")
    assert (error.remedy, error.status, error.type_key) == (remedy, status, "X")


@pytest.mark.parametrize(
    ("status", "how"),
    [(401, "with 401"), (300, "with a redirect (300)"), (302, "with a redirect (302)"), (399, "with a redirect (399)"), (203, "with a sign-in page (203)")],
)  # fmt: skip
def test_how_a_token_is_rejected(status: int, how: str) -> None:
    answer_ = HttpAnswer(status, {}, b"")
    assert is_sign_in_page(answer_)
    error = sign_in_error(answer_, "GET https://host/x")
    assert error.sentence == f"Azure DevOps did not accept the token: GET https://host/x was answered {how}."
    assert (error.remedy, error.status) == (SIGN_IN_REMEDY, status)


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (299, b"{}"), (400, b"<html>"), (403, b"<html>")])
def test_other_answers_do_not_ask_to_sign_in(status: int, body: bytes) -> None:
    assert not is_sign_in_page(HttpAnswer(status, {}, body))


@pytest.mark.parametrize(
    ("message", "sentence", "remedy"),
    [
        (
            "TF401320: Rule Error for field Found In. Error code: Required, InvalidEmpty.",
            "A rule of the process for the field 'Found In' (Required, InvalidEmpty) does not let item 7 be saved.",
            "Give 'Found In' a valid value on the work item, or change the rule in the process.",
        ),
        (
            "TF401398: The pull request cannot be activated.",
            "A branch of item 7 does not exist (any more), so it cannot be opened.",
            "Check `pull_request.target` in .redimento.yml, and run it again.",
        ),
    ],
)
def test_errors_that_a_number_explains(message: str, sentence: str, remedy: str) -> None:
    error = error_for(400, message, "wit/x")
    assert type(error) is AzureError
    assert (error.sentence, error.remedy) == (sentence, f"{remedy} Azure DevOps said: {message}")


def test_a_second_pull_request_for_a_branch_is_a_conflict_that_says_so() -> None:
    error = error_for(409, "TF401179: An active pull request already exists.", "git/x")
    assert isinstance(error, ConflictError)
    assert error.sentence == "There is already an active pull request for this branch, so item 7 was not opened."


def test_an_older_server_refuses_another_revision_with_400() -> None:
    assert isinstance(error_for(400, "TF26071: changed by somebody else.", "wit/x"), ConflictError)


def test_a_proxy_that_asks_for_a_password_is_named() -> None:
    error = error_for(407, "", "wit/x")
    assert error.sentence.startswith("The proxy before Azure DevOps asks for a user name and a password")


def test_an_outage_page_is_not_a_bad_token(serve: Serve) -> None:
    page = answer(200, b"<html><title>Azure DevOps Services Unavailable</title>", "text/html")
    assert client_for(serve(page, OK)).get("_apis/projects") == {"id": 7}
    with pytest.raises(AzureError, match="a page that says it is out of order") as caught:
        client_for(serve(*[page] * 6)).get("_apis/projects")
    assert not isinstance(caught.value, SignInError)


def test_a_long_message_is_cut_at_600_characters() -> None:
    assert error_for(500, "x" * 1_000, "wit/x").sentence.count("x") == 600 + "https://host/Main/_apis/wit/x".count("x")


def test_without_a_name_the_call_itself_is_named() -> None:
    body = json.dumps({"message": "gone", "typeKey": "X"}).encode()
    conflict, missing = (
        refusal(HttpAnswer(status, {}, body), call="GET https://host/x", about="", identity=JOB)
        for status in (409, 404)
    )
    assert conflict.sentence == "Somebody else changed GET https://host/x first: gone."
    assert missing.sentence == "GET https://host/x does not exist, or this job may not read it."
