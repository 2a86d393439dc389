from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.expander import ExpansionError, evaluate, expand_pipeline

SCOPE = {"name": "Shop", "none": "", "hook": {"resource": {"id": "7"}}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'", "it's"),
        ("parameters.hook.resource.id", "7"),
        ("parameters.hook.resource.missing.member", ""),
        ("coalesce(parameters.none, parameters.hook.resource.id, 0)", "7"),
        ("coalesce(parameters.none, 0)", "0"),
        ("eq(parameters.name, 'SHOP')", True),
        ("and(true, not(eq(1, 2)), ne('a', 'b'))", True),
        ("or(false, parameters.none)", False),
        ("in(parameters.name, 'a', 'shop')", True),
        ("split('a,b', ',')", ["a", "b"]),
        ("format('{0}-{1}', parameters.name, 7)", "Shop-7"),
    ],
)
def test_expressions_evaluate_as_in_azure(expression: str, value: Any) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    "expression", ["parameters.unknown", "variables.x", "upper('a')", "eq('a')", "eq('a', 'b'", "'a' 'b'", "", "a + b"]
)
def test_an_unknown_expression_is_an_error(expression: str) -> None:
    with pytest.raises(ExpansionError):
        evaluate(expression, SCOPE)


def test_conditions_loops_and_templates_are_expanded(tmp_path: Path) -> None:
    (tmp_path / "step.yml").write_text(
        """
parameters:
- { name: word, type: string }
steps:
- bash: echo ${{ parameters.word }}
"""
    )
    (tmp_path / "main.yml").write_text(
        """
parameters:
- { name: words, type: object, default: [one, two] }
- { name: mode, type: string, default: fast }
variables:
  ${{ if eq(parameters.mode, 'slow') }}:
    speed: '1'
  ${{ elseif eq(parameters.mode, 'fast') }}:
    speed: '2'
  ${{ else }}:
    speed: '3'
steps:
- ${{ each word in parameters.words }}:
  - template: step.yml
    parameters:
      word: ${{ word }}
- ${{ if eq(parameters.mode, 'slow') }}:
  - bash: wait
- ${{ elseif eq(parameters.mode, 'fast') }}:
  - bash: run
- ${{ else }}:
  - bash: walk
"""
    )

    def expand(mode: str) -> Any:
        return expand_pipeline(tmp_path / "main.yml", {"mode": mode}, {})

    fast, other = expand("fast"), expand("other")
    assert fast["steps"] == [{"bash": "echo one"}, {"bash": "echo two"}, {"bash": "run"}]
    assert fast["variables"] == {"speed": "2"}
    assert other["steps"][-1] == {"bash": "walk"}
    assert other["variables"] == {"speed": "3"}


def test_parameters_are_checked_as_azure_checks_them(tmp_path: Path) -> None:
    file = tmp_path / "main.yml"
    file.write_text(
        "parameters:\n- { name: number, type: number }\n- { name: text, type: string, default: '', values: ['', a] }\n"
    )

    assert expand_pipeline(file, {"number": "7", "text": "a"}, {}) == {}
    for values in (
        {},
        {"number": "$(System.AccessToken)"},
        {"number": "7", "text": {}},
        {"number": "7", "text": "b"},
        {"number": "7", "other": "x"},
    ):
        with pytest.raises(ExpansionError):
            expand_pipeline(file, values, {})


def test_a_key_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "main.yml"
    file.write_text("env:\n  ${{ if true }}:\n    a: 1\n  ${{ else }}:\n    a: 2\n  ${{ else }}:\n    b: 2\n")

    with pytest.raises(ExpansionError, match="already defined"):
        expand_pipeline(file, {}, {})
