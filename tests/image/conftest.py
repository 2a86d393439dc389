"""The image, built on stand-ins for bases that a team may have: without Python, without git, with an environment of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def output(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)), env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout.strip()


def exists(image: str) -> bool:
    return subprocess.run(["podman", "image", "exists", image], check=False).returncode == 0


def made(image: str, base: str, script: str = "true", *options: str, certificates: Path | None = None) -> str:
    """Return `image`, made with `script` from `base` if it does not exist yet."""
    if not exists(image):
        container = output("buildah", "from", base)
        if certificates:
            output("buildah", "copy", container, certificates, "/usr/local/share/index.crt")
        output("buildah", "run", "--isolation", "chroot", container, "--", "sh", "-euc", script)
        if options:
            output("buildah", "config", *options, container)
        output("buildah", "commit", "--rm", container, image)
    return image


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Debian without Python and git."""
    image = "localhost/redimento-test-debian:12"
    if not exists(image):
        tree = tmp_path_factory.mktemp("debian") / "tree"
        output("debootstrap", "--variant=minbase", "bookworm", tree)
        container = output("buildah", "from", "scratch")
        output("buildah", "add", container, tree, "/")
        output("buildah", "commit", "--rm", container, image)
    return image


@pytest.fixture(scope="session")
def build(debian: str) -> Callable[[str], str]:
    """Build the image on a base."""
    # An index behind a certificate that only this machine knows: the stage that runs pip has to know it, too.
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    trusting = "printf '[global]\\ncert = /usr/local/share/index.crt\\n' >/etc/pip.conf"
    python = (
        made("localhost/redimento-test-python:12", debian, trusting, certificates=Path(certificates))
        if certificates
        else debian
    )

    def build(base: str) -> str:
        image = base.replace("-test-", "-on-")
        arguments = [f"--build-arg=BASE={base}", f"--build-arg=PYTHON={python}"]
        output("buildah", "bud", "--layers", "--isolation", "chroot", "--pull-never", *arguments, "--tag", image, ROOT)
        return image

    return build


@pytest.fixture(scope="session")
def node_like(debian: str, build: Callable[[str], str]) -> str:
    """Git and an account 1000, as images of Node have them; and what hinders a foreign Python or a job container."""
    script = "apt-get update && apt-get install -y --no-install-recommends git && useradd -m node"
    environment = ["PYTHONHOME=/usr/local", "PYTHONPATH=/app", "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu"]
    hindering = [*(f"--env={each}" for each in environment), '--entrypoint=["/nonexistent"]', "--user=node"]
    return build(made("localhost/redimento-test-node:12", debian, script, *hindering))


@pytest.fixture(scope="session")
def dotnet_like(debian: str, build: Callable[[str], str]) -> str:
    """Certificates alone, and an account of its own, as images of .NET have them."""
    script = "apt-get update && apt-get install -y --no-install-recommends ca-certificates && useradd -u 1654 app"
    return build(made("localhost/redimento-test-dotnet:12", debian, script, "--user=app"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "IMAGE_TEST" not in os.environ:
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.skip(reason="it builds the image: make image-test"))
