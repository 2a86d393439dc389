from __future__ import annotations

from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.errors import ConflictError, GitError, UsageError
from redimento.repository.checkout import Checkout, open_checkout
from redimento.repository.commits import commit_change
from redimento.repository.remote import (
    DEFAULT_BRANCH,
    Credentials,
    Heads,
    fetch_branch,
    heads,
    push,
    remote_url,
)
from tests.repository.conftest import SIGNED_IN, TOKEN, Repo, Server

BRANCH = "redimento/7-total"


@pytest.fixture
def checkout(job: Repo) -> Checkout:
    return open_checkout(job.path)


@pytest.fixture
def credentials(server: Server) -> Credentials:
    return Credentials(server.url, TOKEN)


def make_commit(checkout: Checkout, content: str, *parents: str) -> str:
    change = Change((FileChange("src/cart.py", b"", content.encode()),))
    return commit_change(
        checkout,
        change,
        parents=parents or (checkout.head,),
        message="Change {}\n".format,
        author_name="Redimento",
        author_email="r@example.com",
    )


def test_a_new_branch_is_pushed_from_a_shallow_detached_checkout(
    server: Server, checkout: Checkout, credentials: Credentials
) -> None:
    assert checkout.shallow
    assert BRANCH not in heads(checkout, credentials).branches

    commit = make_commit(checkout, "one\n")
    push(checkout, credentials, commit, BRANCH, expected=None)

    assert server.tip(BRANCH) == commit
    assert heads(checkout, credentials).branches[BRANCH] == commit
    assert server.repo.git("show", f"{commit}:src/cart.py") == "one"


def test_the_next_commit_continues_the_branch(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    first = make_commit(checkout, "one\n")
    push(checkout, credentials, first, BRANCH, expected=None)

    second = make_commit(checkout, "two\n", first)
    push(checkout, credentials, second, BRANCH, expected=first)

    assert server.tip(BRANCH) == second


def test_creating_an_existing_branch_is_a_conflict(
    server: Server, checkout: Checkout, credentials: Credentials
) -> None:
    # The other branch starts at our parent: without the lease git would fast-forward it.
    server.repo.git("branch", BRANCH, "main")

    with pytest.raises(ConflictError, match="somebody else changed the branch first"):
        push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    assert server.tip(BRANCH) == server.tip("main")


def test_a_branch_that_moved_on_is_left_alone(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    mine = make_commit(checkout, "one\n")
    push(checkout, credentials, mine, BRANCH, expected=None)
    theirs = make_commit(checkout, "theirs\n", mine)
    push(checkout, credentials, theirs, BRANCH, expected=mine)

    with pytest.raises(ConflictError):
        push(checkout, credentials, make_commit(checkout, "two\n", mine), BRANCH, expected=mine)

    assert server.tip(BRANCH) == theirs


def test_a_rival_who_pushes_during_our_push_wins(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    server.during_push = lambda: server.repo.git("branch", "--force", BRANCH, "main")

    with pytest.raises(ConflictError):
        push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    assert server.tip(BRANCH) == server.tip("main")


def test_a_branch_is_never_rewritten(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    first = make_commit(checkout, "one\n")
    push(checkout, credentials, first, BRANCH, expected=None)

    with pytest.raises(GitError, match="never rewritten"):
        push(checkout, credentials, make_commit(checkout, "other\n"), BRANCH, expected=first)

    assert server.tip(BRANCH) == first


def test_a_target_branch_that_is_absent_locally_is_fetched(
    server: Server, job: Repo, checkout: Checkout, credentials: Credentials
) -> None:
    release = server.repo.git("rev-parse", "main~2")
    server.repo.git("branch", "release", release)
    references = job.git("show-ref")

    assert fetch_branch(checkout, credentials, "release") == release
    assert job.git("show-ref") == references
    assert job.git("log", "--format=%s", release) == "Note 0\nStart"


def test_a_full_clone_stays_full(server: Server, tmp_path: Path, credentials: Credentials) -> None:
    server.repo.git("clone", "--quiet", str(server.bare), str(tmp_path / "full"))
    clone = Repo(tmp_path / "full")
    newer = Repo(tmp_path / "seed").commit({"late.txt": "late\n"})
    Repo(tmp_path / "seed").git("push", "--quiet", str(server.bare), "main")
    checkout = open_checkout(clone.path)

    assert fetch_branch(checkout, credentials, "main") == newer
    assert not (clone.path / ".git" / "shallow").exists()
    assert clone.git("rev-list", "--count", newer) == "5"


def test_a_branch_that_the_server_lacks_is_not_fetched(checkout: Checkout, credentials: Credentials) -> None:
    assert fetch_branch(checkout, credentials, "nowhere") is None


def test_the_default_branch_is_found_and_fetched_without_its_name(
    server: Server, checkout: Checkout, credentials: Credentials
) -> None:
    next_ = server.repo.git("commit-tree", "main^{tree}", "-p", "main", "-m", "Next")
    server.repo.git("update-ref", "refs/heads/team/next", next_)
    server.repo.git("symbolic-ref", "HEAD", "refs/heads/team/next")
    assert heads(checkout, credentials).default == next_
    assert fetch_branch(checkout, credentials, DEFAULT_BRANCH, depth=1) == next_
    server.repo.git("symbolic-ref", "HEAD", "refs/heads/gone")
    assert heads(checkout, credentials).default is None


def test_names_of_other_branches_do_not_disturb(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    for other in ("\udcff", "\u2028", "\x85"):  # bytes that are no UTF-8, and characters that may end a line
        server.repo.git("update-ref", f"refs/heads/{other}/refs/heads/main", "main")
    assert heads(checkout, credentials).branches["main"] == server.repo.git("rev-parse", "main")


def test_a_policy_rejection_names_its_number_and_the_way_out(
    server: Server, checkout: Checkout, credentials: Credentials
) -> None:
    text = "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch."
    server.install_hook("update", f"echo '{text}' >&2; exit 1")

    with pytest.raises(GitError, match=r"branch policy .*TF402455") as caught:
        push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    assert "pull_request.branch" in caught.value.remedy


@pytest.mark.parametrize(
    ("right", "name"), [("GenericContribute", "'Contribute'"), ("CreateBranch", "'Create branch'")]
)
def test_a_missing_right_is_named_as_the_security_page_names_it(
    server: Server, checkout: Checkout, credentials: Credentials, right: str, name: str
) -> None:
    text = f"TF401027: You need the Git '{right}' permission to perform this action. Details: identity 'Build\\\\g'."
    server.install_hook("pre-receive", f'echo "{text}" >&2; exit 1')

    with pytest.raises(GitError, match=rf"{name} is missing \(TF401027\)") as caught:
        push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    assert "Project settings > Repositories" in caught.value.remedy
    assert "Build Service" in caught.value.remedy


@pytest.mark.parametrize("token", ["", "expired-token-987654"])
def test_a_rejected_token_is_reported_without_retries(server: Server, checkout: Checkout, token: str) -> None:
    with pytest.raises(GitError, match="did not accept the token") as caught:
        heads(checkout, Credentials(server.url, token))

    assert "SYSTEM_ACCESSTOKEN" in caught.value.remedy
    assert not token or token not in str(caught.value)


def test_a_repository_that_does_not_exist_is_an_error(checkout: Checkout, server: Server) -> None:
    with pytest.raises(GitError, match="does not exist, is disabled, or this job may not read it"):
        heads(checkout, Credentials(f"{server.url}-gone", TOKEN))


@pytest.mark.parametrize("page", ["", "<html>Sorry</html>", "<html>\nSorry\n</html>"])
def test_a_page_in_place_of_the_branches_is_not_an_empty_repository(
    server: Server, checkout: Checkout, credentials: Credentials, page: str
) -> None:
    server.page = page

    with pytest.raises(GitError, match="no git server answered"):
        heads(checkout, credentials)


def test_all_branches_are_listed_at_once(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    server.repo.git("update-ref", "refs/heads/a/b", "main")
    server.repo.git("update-ref", "refs/other/refs/heads/c", "main")
    tip = server.tip("main")

    assert heads(checkout, credentials) == Heads({"a/b": tip, "main": tip}, tip)


def test_transient_server_errors_are_retried(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    server.troubles = [503, 502]

    assert heads(checkout, credentials).branches["main"] == server.tip("main")


def test_a_lasting_server_error_is_reported(server: Server, checkout: Checkout, credentials: Credentials) -> None:
    server.troubles = [503] * 10

    with pytest.raises(GitError, match="4 attempts"):
        heads(checkout, credentials)

    assert len(server.troubles) == 6


def test_a_push_whose_answer_got_lost_is_not_repeated(
    server: Server, checkout: Checkout, credentials: Credentials
) -> None:
    commit = make_commit(checkout, "one\n")
    server.install_hook("post-receive", "echo pushed >> received")
    server.during_push = lambda: server.troubles.insert(0, "lose the answer")

    push(checkout, credentials, commit, BRANCH, expected=None)

    assert server.troubles == []
    assert server.tip(BRANCH) == commit
    assert (server.bare / "received").read_text() == "pushed\n"


def test_only_our_token_is_sent_even_if_the_checkout_stores_another(
    server: Server, job: Repo, credentials: Credentials
) -> None:
    job.git("config", f"http.{server.url}.extraheader", "Authorization: Bearer stored-by-persistCredentials")
    checkout = open_checkout(job.path)

    push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    # Git sends it when the server asks for it.
    assert [sent for sent in server.authorizations if sent] == [[SIGNED_IN]] * 2


def test_the_token_is_where_no_other_process_can_read_it(
    server: Server, job: Repo, checkout: Checkout, credentials: Credentials, tmp_path: Path
) -> None:
    """Nor in what /proc shows of git and its children to every process of the same account, but for their memory."""
    shown: list[bytes] = []

    def look() -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            if b"git" in _read(folder / "cmdline"):
                shown.extend(_read(folder / name) for name in ("cmdline", "environ"))
                shown.extend(_read(path) for path in _files_behind(folder / "fd"))

    server.during_push = look
    push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    assert any(b"git\0push" in text for text in shown)
    assert not any(secret in text for text in shown for secret in (TOKEN.encode(), SIGNED_IN[-20:].encode()))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    assert TOKEN not in repr(credentials)


def _files_behind(descriptors: Path) -> list[Path]:
    """Return the open files of a process, but for pipes: reading one would take its data away or wait for ever."""
    try:
        return [path for path in descriptors.iterdir() if path.is_file()]
    except OSError:
        return []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended, or is not ours
        return b""


def test_our_secrets_do_not_reach_git(
    server: Server, checkout: Checkout, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-not-for-git")
    seen: list[bytes] = []

    def look() -> None:
        processes = [folder for folder in Path("/proc").glob("[0-9]*") if b"git\0push" in _read(folder / "cmdline")]
        seen.extend(_read(folder / "environ") for folder in processes)

    server.during_push = look
    push(checkout, credentials, make_commit(checkout, "one\n"), BRANCH, expected=None)

    assert any(b"GIT_CONFIG_COUNT=" in environment for environment in seen)
    assert not any(b"AIza-not-for-git" in environment for environment in seen)


def test_the_address_comes_from_the_pipeline_first(job: Repo, checkout: Checkout, server: Server) -> None:
    given = {"BUILD_REPOSITORY_URI": "https://org@dev.azure.com/org/Shop%20Floor/_git/web"}

    assert remote_url(checkout, given) == "https://dev.azure.com/org/Shop%20Floor/_git/web"
    assert remote_url(checkout, {}) == server.url
    assert remote_url(checkout, {"BUILD_REPOSITORY_URI": "$(Build.Repository.Uri)"}) == server.url


def test_an_address_without_http_is_refused(job: Repo, checkout: Checkout) -> None:
    job.git("remote", "set-url", "origin", "git@ssh.dev.azure.com:v3/org/Shop/web")

    with pytest.raises(UsageError, match=r"no http\(s\) address"):
        remote_url(checkout, {})
