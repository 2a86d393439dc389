from __future__ import annotations

from typing import Any


def test_the_job_has_an_identity(rest: Any) -> None:
    me = rest("GET", "_apis/connectionData", version="7.1-preview")["authenticatedUser"]
    assert me["providerDisplayName"] == "Project Collection Build Service (emulated)"
    assert me["id"] == rest.emulator.environment["web"]["BUILD_REQUESTEDFORID"]


def test_people_are_found_by_mail_name_and_id(rest: Any) -> None:
    def ids(**params: str) -> list[str]:
        return [one["id"] for one in rest("GET", "_apis/identities", params=params)["value"]]

    by_mail = ids(searchFilter="General", filterValue="JANE@example.com")
    assert len(by_mail) == 1
    assert ids(searchFilter="DisplayName", filterValue="Jane Doe") == by_mail
    assert ids(identityIds=by_mail[0]) == by_mail
    assert ids(searchFilter="MailAddress", filterValue="nobody@example.com") == []
    rest("GET", "_apis/identities", status=400)
