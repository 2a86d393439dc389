"""Everything the documents name exists: links, paths, commands, make targets and settings."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import click
import pytest
import yaml

from devops_emulator.seed import check_seed
from redimento import errors
from redimento.cli import cli
from redimento.delivery.rights import RIGHTS
from redimento.models.port import ModelError
from redimento.outcome import INTERRUPTED
from redimento.run_folder import FILES, dropped
from redimento.settings import Settings
from redimento.settings.file import parse
from redimento.settings.schema import schema
from tests.pipelines.expander import expand_pipeline

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
    """Return a document without code and quotations, which name files of other repositories."""
    return re.sub(r"```.*?```|^>.*?$", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def code_spans(name: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(name))


def yaml_of(name: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)


def command_lines(name: str) -> list[str]:
    fenced = re.findall(r"```\w*\n(.*?)```", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in fenced for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in (*lines, *code_spans(name)) if line]


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document, for headings without punctuation: renderers disagree on the others."""
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    return {title.lower().replace(" ", "-") for title in re.findall(r"^#+ ([\w -]+)$", text, flags=re.MULTILINE)}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_exist(name: str) -> None:
    here = ROOT / name
    links = [link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", prose(name)) if "://" not in link]
    files = [(here.parent / path if path else here, anchor) for path, _, anchor in links]
    assert [path.as_posix() for path, _ in files if not path.exists()] == []
    assert [f"{path.name}#{anchor}" for path, anchor in files if anchor and anchor not in anchors(path)] == []


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
    found = [re.search(r"^(?:\S*/)?redimento (.*)", line) for line in command_lines(name)]
    named = [match[1].split() for match in found if match]
    assert [" ".join(words) for words in named if not is_command(words)] == []


def is_command(words: list[str]) -> bool:
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.commands.get(words[0])
        if found is None:
            return False
        command, words = found, words[1:]
    known = {"-h", "--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}
    return {word.split("=")[0] for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_settings_that_are_shown_are_valid(name: str) -> None:
    for text in yaml_of(name):
        if set(yaml.safe_load(text)) <= set(schema()["properties"]):
            parse(text, name)


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


def test_each_message_of_the_troubleshooting_page_is_one_of_ours() -> None:
    cells = re.findall(r"^\| ([^|]*) \|", prose("docs/troubleshooting.md"), flags=re.MULTILINE)
    quoted = [span for cell in cells for span in re.findall(r"`([^`]+)`", cell) if " " in span]
    ours = [*strings(), *macros()]
    forms = {span: re.compile(r".*?".join(map(re.escape, span.strip("…").split("…"))), re.DOTALL) for span in quoted}
    assert [span for span, form in forms.items() if not any(form.search(text) for text in ours)] == []
    assert len(quoted) > 20


@cache
def strings() -> list[str]:
    """Return the texts of the program, with `…` for what an f-string fills in."""
    nodes = (
        node
        for path in (ROOT / "src" / "redimento").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    )
    return [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        if isinstance(node, ast.JoinedStr)
        else str(node.value)
        for node in nodes
        if isinstance(node, ast.JoinedStr | ast.Constant)
    ]


def macros() -> list[str]:
    texts = (path.read_text("utf-8") for path in (ROOT / "templates" / "en").rglob("*.j2"))
    pieces = (piece for text in texts for piece in text.split("{% macro"))
    return [" ".join(re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "…", piece, flags=re.DOTALL).split()) for piece in pieces]


def test_the_troubleshooting_page_has_every_number_and_exit_code() -> None:
    page = prose("docs/troubleshooting.md")
    known = {number for text in strings() for number in re.findall(r"\b(?:TF|VS)\d{5,7}\b", text)}
    assert {number for number in known if number not in page and number != "TF401232"} == set()
    kinds = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.RedimentoError)
    ]
    assert {0, INTERRUPTED, ModelError.exit_code, *(each.exit_code for each in kinds)} == {
        int(code) for code in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)
    }


def test_the_rights_are_those_that_errors_name() -> None:
    rows = re.findall(r"^\| \*(.+)\* \| (.+) \| (.+) \|$", prose("docs/rights.md"), flags=re.MULTILINE)
    assert rows == [(right.name, right.page, right.needed_for) for right in RIGHTS if right.needed_for]


def test_the_page_about_the_run_folder_has_every_file() -> None:
    rows = dict(re.findall(r"^\| `([\w.-]+)` \|.*\| (kept)? ?\|$", prose("docs/run-folder.md"), flags=re.MULTILINE))
    assert set(rows) == set(FILES)
    assert {name for name, kept in rows.items() if not kept} == dropped("summary")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_extras_that_are_named_exist(name: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    text = (ROOT / name).read_text("utf-8")
    assert set(re.findall(r"pip install '\.\[(\w+)\]'", text)) <= set(extras)
    assert "redimento[" not in text  # the package is on no index


def test_the_template_of_the_page_about_many_repositories_expands(tmp_path: Path) -> None:
    (ours,) = yaml_of("docs/scaling.md")
    for name in ("azure-pipelines-template.yml", "action"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "ours.yml").write_text(ours, "utf-8")
    pipeline = (ROOT / "action" / "azure-pipelines.yml").read_text("utf-8")
    begin, _, end = pipeline.replace("azure-pipelines-template.yml@", "ours.yml@").partition("    image: IMAGE\n")
    (tmp_path / "pipeline.yml").write_text(begin + end.replace("    variableGroup: redimento\n", ""), "utf-8")

    expanded = expand_pipeline(tmp_path / "pipeline.yml", {"workItem": 7}, {"redimento": tmp_path})
    assert "registry.example.com/redimento@sha256:…" in str(expanded["jobs"])


def test_the_seed_of_the_page_about_the_emulator_is_valid() -> None:
    (seed,) = yaml_of("docs/emulator.md")
    assert check_seed(yaml.safe_load(seed))


def test_the_limits_of_the_page_about_cost_are_the_defaults() -> None:
    rows = re.findall(r"^\| [^|]+ \| (.*) \| (.*) \|$", prose("docs/cost.md").split("## What")[0], flags=re.MULTILINE)
    limits = [(re.findall(r"`([^`]+)`", keys), values.split(", ")) for keys, values in rows[1:]]
    assert len(limits) == 4
    for keys, values in limits:
        sections = [(getattr(Settings(), section), name) for section, name in (key.split(".") for key in keys)]
        defaults = [getattr(section, name) for section, name in sections]
        shown = [re.sub(r"\$|,| (?:tokens|minutes|runs)$", "", value) for value in values]
        assert shown == [str(int(value)) for value in defaults if value is not None] or {*values} == {"none"}, keys


def test_both_readmes_lead_to_the_same_places() -> None:
    english, portuguese = (
        {*re.findall(r"\]\((?!README)([^)]+)\)", prose(name))} for name in ("README.md", "README.pt-BR.md")
    )
    assert english == portuguese
    assert {*command_lines("README.pt-BR.md")} - {*command_lines("README.md")} == {"language: pt-BR", ".redimento.yml"}


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
