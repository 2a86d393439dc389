from __future__ import annotations

import pytest

from redimento.delivery.rights import Account
from redimento.errors import ConflictError, GitError
from redimento.repository.rejection import is_transient, rejection


def refused(reason: str) -> str:
    """What `git push --porcelain` prints when the server refuses a reference."""
    return f"error: failed to push some refs to 'https://x'\n!\tabc:refs/heads/b\t[remote rejected] ({reason})"


@pytest.mark.parametrize(
    "said",
    [
        refused("TF401028: The reference 'refs/heads/b' has already been updated by another client."),
        refused("incorrect old value provided"),
        refused("failed to update ref"),
        "!\tabc:refs/heads/b\t[rejected] (stale info)",
        "!\tabc:refs/heads/b\t[rejected] (fetch first)",
    ],
)
def test_a_branch_that_moved_is_a_conflict(said: str) -> None:
    error = rejection("Pushing 'b'", said)

    assert isinstance(error, ConflictError)
    assert not is_transient(said)


@pytest.mark.parametrize(
    ("reason", "page"),
    [
        (
            "TF401027: You need the Git 'GenericContribute' permission to perform this action.",
            "Project settings > Repositories",
        ),
        (
            "TF401027: You need the Git 'CreateBranch' permission to perform this action.",
            "Project settings > Repositories",
        ),
        (
            "TF401027: You need the Git 'GenericRead' permission to perform this action.",
            "Project settings > Repositories",
        ),
        (
            "TF401027: You need the Git 'ForcePush' permission to perform this action.",
            "Project settings > Repositories",
        ),
        ("TF401027: You need the Git 'PullRequestContribute' permission.", "Project settings > Repositories"),
        ("TF402455: Pushes to this branch are not permitted; you must use a pull request.", "pull_request.branch"),
    ],
)
def test_a_refusal_by_azure_repos_names_its_number_and_what_to_grant(reason: str, page: str) -> None:
    error = rejection("Pushing 'b'", refused(reason))

    assert isinstance(error, GitError)
    assert reason.split(":", maxsplit=1)[0] in error.sentence
    assert page in error.remedy


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to access 'https://x/': Could not resolve host: x",
        "fatal: unable to access 'https://x/': Failed to connect to x port 443: Connection refused",
        "fatal: unable to access 'https://x/': The requested URL returned error: 503",
        "error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: the remote end hung up unexpectedly",
        "fatal: early EOF",
    ],
)
def test_network_failures_are_transient(said: str) -> None:
    assert is_transient(said)


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to access 'https://x/': The requested URL returned error: 403",
        "fatal: Authentication failed for 'https://x/'",
        "remote: TF400813: The user is not authorized.\nfatal: the remote end hung up unexpectedly",
    ],
)
def test_a_refusal_is_not_retried(said: str) -> None:
    assert not is_transient(said)


def test_an_unknown_failure_is_quoted_in_short() -> None:
    error = rejection("Pushing 'b'", "fatal: odd\n" + "fatal: more and more\n" * 200)

    assert error.sentence == "Pushing 'b' failed: fatal: odd fatal: more and more."


def test_no_output_is_still_a_sentence() -> None:
    assert rejection("Pushing 'b'", "").sentence == "Pushing 'b' failed: git gave no reason."


def test_a_branch_in_the_way_of_a_name_is_named() -> None:
    said = "error: cannot lock ref 'refs/heads/redimento/7-x': 'refs/heads/redimento' exists; cannot create 'refs/heads/redimento/7-x'"

    error = rejection("Pushing 'redimento/7-x'", said)

    assert isinstance(error, GitError)
    assert "conflicts with the existing branch 'redimento'" in error.sentence
    assert "pull_request.branch" in error.remedy


SHOP = Account("contoso", "Shop", "8d5c2b1e-0000-1111-2222-333344445555")


@pytest.mark.parametrize(
    ("bit", "name"),
    [("GenericContribute", "Contribute"), ("CreateBranch", "Create branch"), ("GenericRead", "Read")],
)
def test_a_missing_right_is_named_with_the_account_that_needs_it(bit: str, name: str) -> None:
    said = refused(f"TF401027: You need the Git '{bit}' permission. Details: identity 'Build\\{SHOP.project_id}'.")
    error = rejection("Pushing 'b'", said, SHOP)

    assert f"the right '{name}' is missing (TF401027)" in error.sentence
    assert error.remedy.endswith("Security to Shop Build Service (contoso).")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("fatal: unable to access 'https://x/': Received HTTP code 407 from proxy after CONNECT", "the proxy asks for"),
        ("fatal: unable to access 'https://x/': CONNECT tunnel failed, response 407", "the proxy asks for"),
        (
            "remote: TF400733: The request has been canceled: Request was blocked due to exceeding usage",
            "is throttling",
        ),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 429", "is throttling"),
        ("fatal: https://x/info/refs not valid: is this a git repository?", "no git server answered"),
        ("error: Cannot access URL https://x/, return code 22\nfatal: git-http-push failed", "no git server answered"),
        ("fatal: protocol error: bad line length character: <htm\nfatal: hung up", "no git server answered"),
        ("remote: TF401019: The Git repository with name or identifier x does not exist", "may not read it"),
    ],
)
def test_failures_that_have_a_name(said: str, words: str) -> None:
    assert words in rejection("Fetching 'b'", said).sentence


def test_throttling_is_waited_for() -> None:
    assert is_transient("remote: TF400733: The request has been canceled: Request was blocked")
