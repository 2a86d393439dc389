from __future__ import annotations

import re
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


def test_both_stages_use_the_base_of_the_build_argument(instructions: list[tuple[str, str]]) -> None:
    assert instructions[0] == ("ARG", "BASE=python:3.12-slim")
    assert [rest.split()[0] for word, rest in instructions if word == "FROM"] == ["${BASE}", "${BASE}"]


def test_the_agent_finds_root_and_no_entrypoint(
    instructions: list[tuple[str, str]], last_stage: list[tuple[str, str]]
) -> None:
    words = [word for word, _ in instructions]
    assert "ENTRYPOINT" not in words
    assert "CMD" not in words
    assert [rest for word, rest in last_stage if word == "USER"] == ["root"]


def test_the_image_has_what_the_agent_and_the_program_need(last_stage: list[tuple[str, str]]) -> None:
    (install,) = [rest for word, rest in last_stage if word == "RUN" and "apt-get install" in rest]

    assert {"bash", "git", "sudo", "passwd", "ca-certificates"} <= set(install.split())
    assert "rm -rf /var/lib/apt/lists/*" in install


def test_the_account_of_the_checks_gets_no_rights(last_stage: list[tuple[str, str]]) -> None:
    script = " ".join(rest for word, rest in last_stage if word == "RUN")

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

    for pip in ("/opt/venv/bin/pip", "/opt/tools/bin/pip"):
        after_installs = script.rpartition(f"{pip} install ")[2]
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


def test_bytecode_is_validated_by_hash_never_by_time(instructions: list[tuple[str, str]]) -> None:
    runs = [rest for word, rest in instructions if word == "RUN"]

    assert any("compileall" in run and "--invalidation-mode unchecked-hash /opt/venv/lib" in run for run in runs)
    for run in runs:
        for command in run.split("&&"):
            assert "/opt/venv/bin/pip install" not in command or "--no-compile" in command, command


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
    assert all(f"!{source}" in allowed and (ROOT / source).exists() for source in copied)
