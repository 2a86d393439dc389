from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from redimento.errors import SettingsError
from redimento.settings import (
    AutoComplete,
    CheckCommand,
    Condition,
    ModelSettings,
    RepositoryRule,
    Reviewer,
    Settings,
    TargetRule,
    WorkItemSettings,
)
from redimento.settings.file import parse, show
from redimento.settings.schema import reference, schema
from tests.scaling import assert_linear
from tests.settings.reference import reference_page, settings_example

NAME = ".redimento.yml"
PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as wrong:
        parse(text, NAME)
    return wrong.value.problems


def keys_of(section: dict[str, Any]) -> dict[str, Any]:
    """The described keys of a section, or of each entry of one that is a list."""
    entries: dict[str, Any] = schema()["$defs"]
    described = section.get("properties") or entries["rule"]["properties"]
    return {name: {**entries.get(key.get("$ref", "").rpartition("/")[2], {}), **key} for name, key in described.items()}


def outcome(text: str) -> tuple[Settings | None, tuple[str, ...]]:
    try:
        return parse(text, NAME), ()
    except SettingsError as wrong:
        return None, wrong.problems


@pytest.mark.parametrize("text", ["", "# nothing\n", "model:\n", "checks: {commands: }\n", "\ufeff"])
def test_nothing_written_gives_the_defaults(text: str) -> None:
    assert parse(text, NAME) == Settings()


def test_everything_written_arrives() -> None:
    read = parse(
        """
work_items: {types: [Bug], states: [Ready], tags: [ai], areas: ['Shop\\Web']}
model: {name: gemini-x, max_cost_usd: 1, max_tokens: 2000.0, thinking: high}
checks:
  setup:
    - make deps
    - [pip, install, "a b"]
  commands:
    - {name: tests, run: [pytest, -q], junit: out/*.xml, timeout: 30, paths: [src/], env: {CI: true, N: 3, S: x}}
    - {name: style, run: ruff check ., level: advisory}
pull_request:
  branch: "ai/{type}/{id}"
  title: "{kind}: {type} {id}: {title}"
  target: [{when: {tag: hotfix}, branch: release/1.0}, {branch: next}]
  reviewers: [ann@example.com, {name: '[Shop]\\Team', required: true}]
  auto_complete: {merge: squash}
updates: {comment: false, state_delivered: In Review, state_started: category:InProgress}
repositories:
  - {when: {area: 'Shop\\Web', tag: web, field: {Custom.Part: Web}}, path: web, folder: services/web}
  - {folder: api}
""",
        NAME,
    )
    assert read.repositories == (
        RepositoryRule(Condition("Shop\\Web", tag="web", field={"Custom.Part": "Web"}), "web", "services/web"),
        RepositoryRule(folder="api"),
    )
    assert read.work_items == WorkItemSettings(("Bug",), ("Ready",), ("ai",), ("Shop\\Web",))
    assert read.model == ModelSettings(name="gemini-x", max_cost_usd=1.0, max_tokens=2000, thinking="high")
    assert isinstance(read.model.max_tokens, int)
    assert read.checks.setup == ("make deps", "pip install 'a b'")
    assert read.checks.commands == (
        CheckCommand("tests", ("pytest", "-q"), 30, True, "out/*.xml", ("src/",), {"CI": "true", "N": "3", "S": "x"}),  # noqa: FBT003 - `required` by position
        CheckCommand("style", "ruff check .", required=False),
    )
    assert read.pull_request.branch == "ai/{type}/{id}"
    rules = (TargetRule("release/1.0", Condition(tag="hotfix")), TargetRule("next"))
    assert read.pull_request.target == rules
    assert read.pull_request.reviewers == (Reviewer("ann@example.com"), Reviewer("[Shop]\\Team", required=True))
    assert read.pull_request.auto_complete == AutoComplete("squash", delete_branch=True)
    assert (read.updates.comment, read.updates.state_delivered) == (False, "In Review")


def test_all_problems_are_named_at_once_with_their_lines() -> None:
    text = """work_item: {}
branch: x
model:
  nam: x
  sdk: google
  max_cost_usd: .inf
  candidates: 0
checks:
  commands:
    - run: ''
      lvl: 1
    - {name: 5, run: 3}
    - name: a
      run: b
      timeout: 5m
  commands: []
work_items:
  states: Ready
pull_request: {branch: redimento}
"""
    assert problems(text) == (
        '.redimento.yml:1: work_item: is not a known setting. Did you mean "work_items"?',
        '.redimento.yml:2: branch: is not a known setting. Did you mean "pull_request.branch"?',
        '.redimento.yml:4: model.nam: is not a known setting. Did you mean "name"?',
        '.redimento.yml:5: model.sdk: must be one of "google-genai", "google-generativeai", "recorded", not "google". Did you mean "google-genai"?',
        ".redimento.yml:6: model.max_cost_usd: must be a finite number.",
        ".redimento.yml:7: model.candidates: must be at least 1, not 0.",
        ".redimento.yml:10: checks.commands[0]: lacks name.",
        ".redimento.yml:10: checks.commands[0].run: must be a non-empty shell line or a non-empty list of words.",
        '.redimento.yml:11: checks.commands[0].lvl: is not a known setting. Did you mean "level"?',
        ".redimento.yml:12: checks.commands[1].name: must be text, not the number 5: put it in quotes.",
        ".redimento.yml:12: checks.commands[1].run: must be a non-empty shell line or a non-empty list of words.",
        ".redimento.yml:15: checks.commands[2].timeout: must be a whole number, not text.",
        ".redimento.yml:16: checks.commands: duplicate key, first used in line 9.",
        ".redimento.yml:18: work_items.states: must be a list, not text: write [Ready].",
        ".redimento.yml:19: pull_request.branch: must contain {id}, which keeps the branches of two work items apart.",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "1: this is not YAML"),
        ("a: b: c", "1: this is not YAML"),
        ("model:\n\tname: x", "2: this is not YAML"),
        ("\n\x00", "2: this is not YAML: it contains a control character"),
        ("model: &m {}\nchecks: *m", "2: aliases such as *m are not allowed"),
        ("model: !!python/object:os.system {}", "1: model: tags are not allowed"),
        ("---\nmodel: {}\n---\nmodel: {}", "3: a second document"),
        ("[" * 100_000, "1: values are nested more than 20"),
        ("# " + "x" * 100_000, "1: the file is longer"),
        ("- 1", "1: must be a mapping, not a list"),
        ("? [a]\n: b", "1: a key must be plain text"),
        ("model:\n  max_tokens: " + "1" * 5_000, "2: model.max_tokens: this value cannot be read"),
        ("model: {name: !!binary eA==}", "1: model.name: tags are not allowed"),
    ],
)
def test_invalid_yaml_is_reported(text: str, problem: str) -> None:
    assert problems(text)[0].startswith(f"{NAME}:{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pull_request: {branch: 'a b/{id}'}", "pull_request.branch: produces a branch name that git does not accept"),
        ("pull_request: {branch: 'x/{id}/{name}'}", "pull_request.branch: contains an unknown placeholder"),
        ("pull_request: {title: '{title'}", "pull_request.title: contains an unmatched brace"),
        ("pull_request: {target: 'a..b'}", "pull_request.target: is not a branch name"),
        ("pull_request: {target: [{branch: 'a b'}]}", "pull_request.target[0].branch: is not a branch name"),
        ("pull_request: {target: [{when: {tags: x}, branch: b}]}", 'pull_request.target[0].when.tags: is not a known setting. Did you mean "tag"?'),
        ("pull_request: {target: [main]}", "pull_request.target[0]: must be a mapping, not text"),
        ("pull_request: {reviewers: [{required: true}]}", "pull_request.reviewers[0]: lacks name"),
        ("pull_request: {auto_complete: true}", "pull_request.auto_complete: must be a mapping"),
        ("pull_request: {author_email: nobody}", "pull_request.author_email: must be an email address"),
        ('pull_request: {author_name: "a\\nb"}', "pull_request.author_name: must not contain"),
        ("context: {exclude: ['!x']}", "context.exclude[0]: must not begin"),
        ("change: {allow: [a, ../x]}", "change.allow[1]: must stay inside"),
        ("change: {protected: ['a\\b']}", "change.protected[0]: must be written with forward slashes"),
        ("project: {conventions: [/etc/passwd]}", "project.conventions[0]: must be a path inside"),
        ("model: {base_url: 'http://gateway.example'}", "model.base_url: must begin with https://"),
        ("model: {base_url: 'https://u:p@gateway.example'}", "model.base_url: must not contain a user"),
        ("model: {base_url: 'https://x:port'}", "model.base_url: is not an address"),
        ("model: {sdk: recorded}", "model.sdk: recorded needs model.recording"),
        ("checks: {pass_env: [SYSTEM_ACCESSTOKEN]}", "checks.pass_env[0]: contains a secret"),
        ("checks: {pass_env: [REGION, NPM_TOKEN]}", "checks.pass_env[1]: looks like a secret"),
        ("checks: {pass_env: ['A B']}", 'checks.pass_env[0]: "A B" is not the name'),
        ("checks: {commands: [{name: a, run: x, env: {GEMINI_API_KEY: x}}]}", "checks.commands[0].env.GEMINI_API_KEY: contains a secret"),
        ("checks: {commands: [{name: a, run: x}, {name: a, run: y}]}", "checks.commands[1].name: another check"),
        ("checks: {commands: [{name: a, run: x, junit: ../x}]}", "checks.commands[0].junit: must be a path inside"),
        ("checks: {commands: [{name: a, run: ' '}]}", "checks.commands[0].run: must name a program"),
        ("repositories: [{path: ../web}]", "repositories[0].path: must be a path inside"),
        ("repositories: [{folder: web/}]", "repositories[0].folder: must have no empty part"),
        ("repositories: [{when: {tags: [a]}}]", 'repositories[0].when.tags: is not a known setting. Did you mean "tag"?'),
        ("repositories: [{when: {field: {Custom.A: 3}}}]", "repositories[0].when.field.Custom.A: must be text"),
        ("project: {folder: /srv}", "project.folder: must be a path inside"),
        ("work_items: {states: [' ']}", "work_items.states[0]: must not be empty"),
        ("work_items: {states: [Ready, 'category:Doing']}", "work_items.states[1]: names no category of states; write one of category:Proposed,"),
        ("updates: {state_delivered: 'category:'}", "updates.state_delivered: names no category"),
        ("updates: {tag_started: 'a; b'}", "updates.tag_started: must be one tag"),
        ("work_items: {states: [On]}", "work_items.states[0]: must be text, not true or false: put it in quotes"),
    ],
)  # fmt: skip
def test_values_are_checked_beyond_the_schema(text: str, problem: str) -> None:
    (found,) = problems(text)
    assert found.startswith(f"{NAME}:1: {problem}")


def test_two_tags_of_one_name_are_refused() -> None:
    found = [*problems("updates: {tag_started: AI, tag_delivered: done, tag_questions: ai}")]
    assert {one.split(": ")[1] for one in found} == {"updates.tag_started", "updates.tag_questions"}


def test_a_key_in_the_file_is_refused_and_not_repeated() -> None:
    key = "AIza" + "x" * 35
    (found,) = problems(f"project: {{architecture: 'the key is {key}'}}")
    assert "contains a key" in found
    assert key not in found


def test_a_loopback_service_may_use_http() -> None:
    assert parse("model: {base_url: 'http://127.0.0.1:8080'}", NAME).model.base_url


def test_a_date_is_the_text_that_was_written() -> None:
    assert parse("model: {name: 2024-99-99}\nproject: {language: 2024-01-01}", NAME).project.language == "2024-01-01"


def test_what_is_shown_reads_back() -> None:
    commands = (CheckCommand("a", ("x", "y z"), 5, False, "j.xml", ("src/",), {"A": "1"}), CheckCommand("b", "c | d"))  # noqa: FBT003 - `required` by position
    written = dataclasses.replace(
        Settings(), checks=dataclasses.replace(Settings().checks, setup=("a", "b 'c d'"), commands=commands)
    )
    for value in (Settings(), written):
        assert parse(show(value), NAME) == value


def test_the_schema_is_one_and_describes_every_key() -> None:
    Draft202012Validator.check_schema(schema())
    for section in schema()["properties"].values():
        assert section["description"]
        for key in keys_of(section).values():
            entry = schema()["$defs"].get(key.get("$ref", "").rpartition("/")[2], {})
            assert {**entry, **key}["description"]


def test_schema_and_values_have_the_same_keys_and_defaults() -> None:
    described: dict[str, Any] = schema()["properties"]
    plain = yaml.safe_load(show(Settings()))
    assert {
        name: section.get("default", {key: each["default"] for key, each in section.get("properties", {}).items()})
        for name, section in described.items()
    } == plain
    shown = yaml.safe_load(
        show(
            dataclasses.replace(
                Settings(), checks=dataclasses.replace(Settings().checks, commands=(CheckCommand("n", "r"),))
            )
        )
    )
    check = schema()["$defs"]["check"]["properties"]
    assert shown["checks"]["commands"] == [
        {"name": "n", "run": "r"} | {key: each["default"] for key, each in check.items() if "default" in each}
    ]


def test_the_page_is_generated_from_the_schema() -> None:
    assert PAGE.read_text("utf-8") == reference_page(), (
        "write the result of tests.settings.reference.reference_page() to docs/settings.md"
    )


def test_every_setting_has_an_example_that_is_valid_and_sets_it() -> None:
    for anchor in reference():
        example = settings_example(anchor)
        assert parse(yaml.safe_dump(example), NAME) != Settings() or not example, anchor


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("work_items: {states: Ready}", "work_items-states"),
        ("checks: {commands: [{name: a, run: []}]}", "checks-commands-run"),
        ("checks: {commands: [{name: a, run: x, env: {GEMINI_API_KEY: x}}]}", "checks-commands-env"),
        ("model: {vertex: {project: 3}}", "model-vertex-project"),
        ("pull_request: {auto_complete: {merge: now}}", "pull_request-auto_complete"),
        ("repositories: [{when: {tags: x}}]", "repositories-when"),
        ("model: {nam: x}", "model"),
        ("a-b.c[3]: x", ""),
    ],
)
def test_a_mistake_leads_to_the_heading_of_its_setting(text: str, anchor: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, NAME)
    assert caught.value.remedy.endswith(f" See docs/settings.md{anchor and f'#{anchor}'}.")
    if anchor:
        assert re.search(rf"^##+ {anchor.replace('-', ' ')}$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_the_example_of_the_page_is_valid() -> None:
    example = reference_page().split("```yaml\n")[1].split("```")[0]
    assert len(parse(example, NAME).checks.commands) == 2


_SECTIONS = st.sampled_from(
    [*schema()["properties"], "commands", "setup", "name", "run", "env", "branch", "timeout", "sdk", "nope"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | _SECTIONS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_SECTIONS, inner, max_size=4),
    max_leaves=12,
)
_TOKENS = st.sampled_from(
    [
        "model:",
        "checks:",
        " commands:",
        "\n",
        "  ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "*a",
        "&a ",
        "!!",
        "'",
        '"',
        "|",
        ">",
        "#",
        "<<",
        "---",
        "%",
    ]
)


@settings(deadline=None)
@given(_VALUES.map(yaml.safe_dump) | st.lists(_TOKENS | st.text(max_size=4), max_size=25).map("".join))
def test_any_text_gives_settings_or_their_problems(text: str) -> None:
    read, found = outcome(text)
    assert (read is None) == bool(found)
    assert all(problem.startswith(f"{NAME}:") and "\n" not in problem for problem in found)
    assert read is None or parse(show(read), NAME) == read


@settings(deadline=None)
@given(
    st.sampled_from(
        sorted((name, key) for name, section in schema()["properties"].items() for key in section.get("properties", ()))
    ),
    _VALUES,
)
def test_any_value_of_any_key_is_read_or_refused(key: tuple[str, str], value: object) -> None:
    read, found = outcome(yaml.safe_dump({key[0]: {key[1]: value}}))
    assert all(key[0] in problem for problem in found)
    assert read is None or parse(show(read), NAME) == read


def test_a_command_split_at_a_comma_is_reported() -> None:
    text = 'checks:\n  commands:\n  - {name: t, run: python3 -c "assert add(1, 1) == 2"}\n'
    with pytest.raises(SettingsError) as caught:
        parse(text, ".redimento.yml")
    assert any(".redimento.yml:3: checks.commands[0]" in problem for problem in caught.value.problems)


def test_a_setting_without_a_value_keeps_its_default_and_an_unknown_one_is_named() -> None:
    assert parse("model:\n  name:\n", "f") == Settings()
    with pytest.raises(SettingsError) as caught:
        parse("model:\n  nmae:\n", "f")
    assert caught.value.problems == ('f:2: model.nmae: is not a known setting. Did you mean "name"?',)


@pytest.mark.parametrize(
    ("start", "piece", "end"),
    [
        ("work_items:\n  tags:\n", "  - a tag\n", ""),
        ("work_items: {tags: [", "'a tag',", "]}"),
        ("checks:\n  commands:\n", "  - {name: a, run: b, paths: ['*.py']}\n", ""),
        ("", "unknown: 1\n", ""),
        ("model:\n", "  unknown:\n", ""),
        ("project: {architecture: '", "word ", "'}"),
        ("project:\n  architecture: |\n", "    word\n", ""),
        ("pull_request: {title: '", "{", "'}"),
        ("pull_request: {author_email: '", "a@", "'}"),
        ("context: {exclude: ['", "**/", "'}"),
        ("context: {exclude: ['", "[", "'}"),
        ("", "# comment\n", ""),
        ("", "---\n", ""),
        ("", "&a ", ""),
        ("a: [", "*a,", "]"),
        ("a: ", "[", ""),
        ("a: ", "9", ""),
        ("a: ", " ", ""),
    ],
)
def test_time_grows_with_the_length_of_the_file(start: str, piece: str, end: str) -> None:
    count = 9_000 // len(piece)
    assert_linear(outcome, start + piece * count + end, start + piece * 2 * count + end)
