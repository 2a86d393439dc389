from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in order, continuation lines joined, without comments."""
    lines = [
        line
        for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def last_stage(instructions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    starts = [number for number, (word, _) in enumerate(instructions) if word == "FROM"]
    assert len(starts) > 1, "one stage builds, another one is the image"
    return instructions[starts[-1] :]


def test_it_builds_without_a_fetched_frontend_and_without_heredocs() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert not re.search(r"^#\s*(syntax|escape)\s*=", text, re.MULTILINE | re.IGNORECASE)
    assert "<<" not in text


def test_the_base_is_only_what_the_image_ends_in_and_the_one_digest_is_that_of_python(
    instructions: list[tuple[str, str]],
) -> None:
    assert [rest.split()[0] for word, rest in instructions if word == "FROM"] == [
        "${PYTHON}",
        "dependencies",
        "${BASE}",
    ]
    digests = [rest for _, rest in instructions if "@sha256:" in rest]
    assert len(digests) == 1
    assert re.fullmatch(r"PYTHON=debian:[a-z]+-slim@sha256:[0-9a-f]{64}", digests[0])


def test_the_agent_finds_root_and_no_entrypoint(
    instructions: list[tuple[str, str]], last_stage: list[tuple[str, str]]
) -> None:
    assert "CMD" not in [word for word, _ in instructions]
    assert [rest for word, rest in last_stage if word == "ENTRYPOINT"] == ["[]"]
    assert [rest for word, rest in last_stage if word == "USER"] == ["root"]


def test_the_account_of_the_checks_gets_no_rights() -> None:
    script = (ROOT / "image" / "prepare_base").read_text(encoding="utf-8")

    (options,) = re.findall(r"useradd ([^&]*redimento-checks)", script)
    assert not re.search(r"-G|--groups|-o\b|--uid 0", options)
    assert re.search(r"--uid 6\d{4} --gid 6\d{4} ", options), "a fixed number that no agent has"
    assert "usermod" not in script
    assert "sudoers" not in script


def test_every_package_from_an_index_is_checked_by_its_hash(instructions: list[tuple[str, str]]) -> None:
    installs = [
        command
        for word, rest in instructions
        if word == "RUN"
        for command in rest.split("&&")
        if re.search(r"pip (install|wheel)", command)
    ]

    assert len(installs) >= 3
    for command in installs:
        assert re.search(
            r"--no-deps --require-hashes -r requirements\S*\.lock|--no-index|--no-build-isolation", command
        ), command


def test_every_environment_is_checked_to_be_complete_while_it_has_pip(instructions: list[tuple[str, str]]) -> None:
    script = "&&".join(rest for word, rest in instructions if word == "RUN")

    for pip in ("/opt/redimento/bin/pip", "/opt/tools/bin/pip"):
        after_installs = script.partition(f"{pip} install --no-cache-dir ")[2]
        assert f"{pip} check" in after_installs.partition(f"{pip} uninstall")[0]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock"])
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    packages = re.findall(r"^\S+==\S+", text, re.MULTILINE)
    assert packages
    assert len(re.findall(r"^\S+==[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) == len(packages)
    assert not re.search(r"https?://|^--(index|extra|find)", text, re.MULTILINE)


def test_the_lock_has_every_dependency_of_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}

    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert needed <= {canonicalize_name(name) for name in locked}


def test_the_emulator_and_history_stay_out_of_the_build() -> None:
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]

    assert lines[0] == "*"
    assert not [line for line in lines if "devops_emulator" in line or line.startswith(("!src\n", "!.git", "!tests"))]
    assert "!src/redimento" in lines
    assert "!src" not in lines


def test_docker_ignores_nothing_that_is_copied(instructions: list[tuple[str, str]]) -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        source
        for word, rest in instructions
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]

    assert copied
    assert all(
        {f"!{source}", f"!{source.partition('/')[0]}"} & set(allowed) and (ROOT / source).exists() for source in copied
    )


@pytest.mark.parametrize(
    ("version", "tools", "said"),
    [
        ("2.34.1", ["bash", "git", "sudo", "useradd"], "The base has git 2.34.1, and 2.38 or newer is needed"),
        ("2.45.0", ["bash"], "The base lacks git sudo useradd and has no apt"),
    ],
)
def test_a_base_that_does_not_suit_is_refused_with_a_remedy(
    tmp_path: Path, version: str, tools: list[str], said: str
) -> None:
    for name in ("cut", "head", "sort", "xargs", "echo"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    for name in tools:
        (tmp_path / name).write_text(f"#!/bin/sh\necho git version {version}\n")
        (tmp_path / name).chmod(0o755)

    script = ROOT / "image" / "prepare_base"
    done = subprocess.run(["/bin/sh", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith(said)
