"""Proxies and certificates that cannot work are refused before anything is sent, and one variable serves all libraries."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from redimento.errors import UsageError
from redimento.models.network import certificates, refuse_unusable, trust


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "address", ["socks5://127.0.0.1:1080", "socks://proxy:1080", "SOCKS5H://user:secret@proxy:1080"]
)
def test_socks_proxy_is_named_and_refused(name: str, address: str) -> None:
    with pytest.raises(UsageError, match=f"{name} names a SOCKS proxy") as caught:
        refuse_unusable({name: address})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["ftp://proxy:21", "http://", "http://proxy:99999", "http://[", "//", "proxy.pac?x=://", "file:///etc/passwd"],
)
def test_address_that_is_no_proxy_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="HTTPS_PROXY is not the address of a proxy"):
        refuse_unusable({"HTTPS_PROXY": address})


@pytest.mark.parametrize(
    "address", ["", "http://proxy.example.com:8080", "https://user:word@proxy.example.com", "proxy.example.com:8080"]
)
def test_ordinary_proxy_is_accepted(address: str) -> None:
    refuse_unusable({"HTTPS_PROXY": address, "NO_PROXY": "*"})


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_cannot_be_read_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{name} names {tmp_path}/absent.pem, which does not exist"):
        refuse_unusable({name: f"{tmp_path}/absent.pem"})
    (tmp_path / "page.pem").write_text("<html>Not found</html>")
    with pytest.raises(UsageError, match="which holds no certificate"):
        refuse_unusable({name: f"{tmp_path}/page.pem"})


def test_certificates_of_one_library_serve_all(tmp_path: Path) -> None:
    bundle = certifi.where()
    refuse_unusable({"SSL_CERT_FILE": bundle, "REQUESTS_CA_BUNDLE": str(tmp_path)})
    assert certificates({"SSL_CERT_FILE": bundle}) == bundle
    assert certificates({"REQUESTS_CA_BUNDLE": bundle}) == bundle
    assert certificates({"REQUESTS_CA_BUNDLE": " ", "CURL_CA_BUNDLE": str(tmp_path)}) == str(tmp_path)
    assert certificates({}) == ""
    context = trust(bundle)
    assert context is not None
    assert len(context.get_ca_certs()) > 10
    assert trust(str(tmp_path)) is not None
    assert trust("") is None
