"""Which repository a checkout is of, by the address of its remote."""

from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.azure.address import repository
from redimento.azure.client import AzureClient
from redimento.azure.queries import Queries
from redimento.azure.repository import Repositories
from redimento.errors import AzureError, UsageError
from tests.azure.conftest import Connected
from tests.azure.hostile import Serve, json_answer
from tests.scaling import assert_linear_in

ORGANISATION = "https://dev.azure.com/contoso/"


@pytest.mark.parametrize(
    "url",
    [
        "https://dev.azure.com/contoso/My%20Shop/_git/web%20app",
        "https://contoso@dev.azure.com/contoso/My%20Shop/_git/web%20app",
        "https://user:secret@dev.azure.com/contoso/My%20Shop/_git/web%20app/",
        "https://DEV.azure.com/Contoso/My%20Shop/_git/web%20app",
        "https://dev.azure.com/contoso/My%20Shop/_git/_optimized/web%20app",
        "https://contoso.visualstudio.com/My%20Shop/_git/web%20app",
        "https://contoso.visualstudio.com/DefaultCollection/My%20Shop/_git/_full/web%20app",
        "git@ssh.dev.azure.com:v3/contoso/My%20Shop/web%20app",
        "ssh://git@ssh.dev.azure.com:22/v3/contoso/My%20Shop/web%20app",
        "contoso@vs-ssh.visualstudio.com:v3/contoso/My%20Shop/web%20app",
    ],
)
@pytest.mark.parametrize("collection", [ORGANISATION, "https://contoso.visualstudio.com/"])
def test_every_form_of_an_address_names_project_and_repository(url: str, collection: str) -> None:
    assert repository(url, collection) == ("My Shop", "web app")


@pytest.mark.parametrize(
    ("url", "collection", "place"),
    [
        ("https://dev.azure.com/contoso/_git/shop", ORGANISATION, ("shop", "shop")),
        ("https://tfs.example.com/tfs/Main/Shop/_git/web", "https://tfs.example.com/tfs/Main/", ("Shop", "web")),
        ("ssh://tfs.example.com:22/tfs/Main/Shop/_git/web", "https://tfs.example.com/tfs/Main/", ("Shop", "web")),
        ("http://127.0.0.1:80/emulated/Shop/_git/web", "http://127.0.0.1:80/emulated/", ("Shop", "web")),
    ],
)
def test_short_addresses_and_servers_of_ones_own(url: str, collection: str, place: tuple[str, str]) -> None:
    assert repository(url, collection) == place


def test_the_jobs_own_address_counts_whatever_the_collection_is_called(azure: Connected) -> None:
    job = replace(azure.job, repository_url="https://tfs.internal/tfs/Main/Shop/_git/web")
    repositories = Repositories(azure.client, job)

    found = repositories.of_checkout("/s", "https://agent@TFS.internal/tfs/Main/Shop/_git/web")

    assert (found.id, found.url) == (job.repository_id, "")
    with pytest.raises(UsageError, match="is not of a repository in"):
        repositories.of_checkout("/s", "https://tfs.internal/tfs/Main/Shop/_git/other")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/web.git",
        "https://github.com/contoso/web",
        "https://dev.azure.com/fabrikam/Shop/_git/web",
        "https://dev.azure.com.evil.example/contoso/Shop/_git/web",
        "https://evil.example/contoso/Shop/_git/web",
        "https://dev.azure.com/contoso/Shop/_git/web/../other",
        "https://dev.azure.com/contoso/a/b/_git/web",
        "https://dev.azure.com/contosos/Shop/_git/web",
        "git@ssh.dev.azure.com.evil:v3/contoso/Shop/web",
        "git@ssh.dev.azure.com:v3/fabrikam/Shop/web",
        "https://[",
        "ext::sh -c evil",
    ],
)
def test_other_addresses_name_none(url: str) -> None:
    assert repository(url, ORGANISATION) is None


def test_an_address_is_read_in_linear_time() -> None:
    def read(text: str) -> object:
        return repository(f"https://dev.azure.com/contoso/{text}", ORGANISATION)

    assert_linear_in(read, lambda size: "a/_git/" * size, 20_000)


@pytest.mark.parametrize(
    "found",
    [
        {"workItems": [{"id": "7; evil"}]},
        {"workItems": [{"id": "7"}]},
        {"workItems": [{"id": 7.5}]},
        {"workItems": [{"id": True}]},
        {"workItems": [{"id": -7}]},
        {"workItems": [{"id": 2**31}]},
        {"workItems": [{"id": None}]},
        {"workItems": [{}]},
        {"workItems": [7]},
        {"workItems": "7"},
        [],
        "7",
        None,
    ],
)
def test_a_query_result_of_another_shape_is_an_error(serve: Serve, found: object) -> None:
    server = serve(json_answer(found))

    with pytest.raises(AzureError, match="another shape"):
        Queries(AzureClient(server.url, "a-token"), "Shop").asked("SELECT [System.Id] FROM WorkItems")


def test_of_links_both_ends_count_once_and_no_more_than_the_limit(serve: Serve) -> None:
    links = [
        {"rel": None, "source": None, "target": {"id": 9}},
        {"rel": "System.LinkTypes.Hierarchy-Forward", "source": {"id": 9}, "target": {"id": 4}},
        *({"source": None, "target": {"id": number}} for number in range(10_000, 12_000)),
    ]
    server = serve(json_answer({"workItemRelations": links, "sortColumns": [{}]}))

    numbers = Queries(AzureClient(server.url, "a-token"), "Shop").asked("SELECT [System.Id] FROM WorkItemLinks")

    assert numbers[:3] == (9, 4, 10_000)
    assert len(numbers) == 1_000
    assert server.seen[0].target.endswith("/Shop/_apis/wit/wiql?%24top=1000")
