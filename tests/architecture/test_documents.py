"""Everything the documents name exists: links, paths, commands, make targets and settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from redimento.cli import cli
from redimento.settings.schema import schema

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "action/*.md", "benchmarks/*.md", "benchmarks/*/README.md")
    for path in ROOT.glob(pattern)
)
# A path is recognised by its first folder. Files of a run or of the reader's repository are not checked.
FOLDERS = ("src/", "tests/", "docs/", "action/", "benchmarks/", "templates/", ".ci/")
ROOMS = tuple(f"{path.name}/" for path in (ROOT / "src" / "redimento").iterdir() if path.is_dir())


def prose(name: str) -> str:
    return re.sub(r"```.*?```", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)


def code_spans(name: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(name))


def command_lines(name: str) -> list[str]:
    fenced = re.findall(r"```\w*\n(.*?)```", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in fenced for line in block.splitlines()]
    return [line for line in (*lines, *code_spans(name)) if line]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_link_targets_exist(name: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose(name))
    broken = [link for link in links if "://" not in link and not ((ROOT / name).parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_exist(name: str) -> None:
    paths = [
        span.split("::")[0] for span in code_spans(name) if span.startswith((*FOLDERS, *ROOMS)) and " " not in span
    ]
    places = (ROOT, ROOT / "src" / "redimento", ROOT / "src", (ROOT / name).parent)
    missing = [
        path
        for path in paths
        if not re.search(r"[{*<…]", path) and not any((place / path).exists() for place in places)
    ]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_and_their_options_exist(name: str) -> None:
    named = [line.split() for line in command_lines(name) if line.startswith("redimento ")]
    assert [" ".join(words) for words in named if not is_command(words[1:])] == []


def is_command(words: list[str]) -> bool:
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.commands.get(words[0])
        if found is None:
            return False
        command, words = found, words[1:]
    known = {"--help", "--version", *(option for each in command.params for option in each.opts)}
    return {word.split("=")[0] for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {line.split()[1] for line in command_lines(name) if re.match(r"make \w", line)}
    assert named <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_modules_that_are_run_exist(name: str) -> None:
    modules = {found for line in command_lines(name) for found in re.findall(r"python3? -m (benchmarks[\w.]+)", line)}
    files = {
        module: (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__main__.py") for module in modules
    }
    assert [module for module, names in files.items() if not any((ROOT / name).is_file() for name in names)] == []


@pytest.mark.parametrize("name", [each for each in DOCUMENTS if each != "docs/settings.md"])
def test_settings_that_are_named_exist(name: str) -> None:
    sections = schema()["properties"]
    named = [span.split(".") for span in code_spans(name) if re.fullmatch(r"[a-z_]+\.[a-z_]+", span)]
    unknown = [
        ".".join(parts)
        for parts in named
        if parts[0] in sections and parts[1] not in sections[parts[0]].get("properties", ())
    ]
    # `context.json`, `change.patch` and so on are files.
    assert [key for key in unknown if not key.endswith((".json", ".patch", ".py", ".yml"))] == []


def test_no_committed_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if listed.returncode:
        pytest.skip("the tree is not a git checkout")
    hosts = re.compile(
        rb"files\.pythonhosted\.org|pypi\.org/simple|registry\.npmjs\.org|--index-url|/work/(main|shared)\b"
    )
    named = [
        name
        for name in listed.stdout.split("\0")
        if name
        and name != Path(__file__).relative_to(ROOT).as_posix()
        and (ROOT / name).is_file()
        and hosts.search((ROOT / name).read_bytes())
    ]
    assert named == []


def test_lock_files_contain_hashes_and_no_addresses() -> None:
    for lock in ROOT.glob("*.lock"):
        text = lock.read_text("utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text, lock.name
