from __future__ import annotations

import json

import pytest

from redimento.settings import CheckSettings
from redimento.verification.detection import propose


def proposed(files: dict[str, str]) -> CheckSettings:
    return propose(sorted(files), files.__getitem__)


def lines(settings: CheckSettings) -> list[str]:
    return [run if isinstance(run := command.run, str) else " ".join(run) for command in settings.commands]


def package(**content: object) -> str:
    return json.dumps(content)


@pytest.mark.parametrize(
    ("files", "setup", "commands"),
    [
        ({"pyproject.toml": "[build-system]\n[tool.ruff]\n", "tests/test_a.py": ""},
         ["python3 -m venv .venv", ".venv/bin/python -m pip install --quiet -e . pytest ruff"],
         [".venv/bin/python -m pytest -q --junitxml=junit.xml", ".venv/bin/python -m ruff check ."]),
        ({"requirements.txt": "flask\n", "requirements-dev.txt": "mypy==1\n", "a_test.py": ""},
         ["python3 -m venv .venv",
          ".venv/bin/python -m pip install --quiet -r requirements-dev.txt -r requirements.txt pytest mypy"],
         [".venv/bin/python -m pytest -q --junitxml=junit.xml", ".venv/bin/python -m mypy ."]),
        ({"package.json": package(scripts={"test": "mocha", "lint": "x"}), "package-lock.json": ""},
         ["npm ci --no-audit --no-fund"], ["npm test", "npm run lint"]),
        ({"package.json": package(devDependencies={"vitest": "1"}, scripts={"build": "x"}), "pnpm-lock.yaml": ""},
         ["pnpm install --frozen-lockfile"],
         ["npx vitest run --reporter=default --reporter=junit --outputFile.junit=junit.xml", "pnpm run build"]),
        ({"package.json": package(devDependencies={"jest": "1", "jest-junit": "1"}), "yarn.lock": ""},
         ["yarn install --frozen-lockfile"], ["npx jest --ci --reporters=default --reporters=jest-junit"]),
        ({"package.json": package(scripts={"test": 'echo "Error: no test specified" && exit 1'})},
         ["npm install --no-audit --no-fund --no-package-lock"], []),
        ({"a.sln": "", "A/A.csproj": "", "A.Tests/A.Tests.csproj": "Microsoft.NET.Test.Sdk JunitXml.TestLogger"},
         ["dotnet restore a.sln"],
         ["dotnet build a.sln --no-restore",
          "dotnet test a.sln --no-restore --logger junit;LogFilePath=TestResults/{assembly}.junit.xml"]),
        ({"A.csproj": ""}, ["dotnet restore A.csproj"], ["dotnet build A.csproj --no-restore"]),
        ({"pom.xml": "", "mvnw": ""}, [], ["./mvnw --batch-mode --no-transfer-progress test"]),
        ({"build.gradle.kts": ""}, [], ["gradle --no-daemon --console=plain --continue test"]),
        ({"go.mod": ""}, ["go mod download"], ["go test ./...", "go vet ./..."]),
        ({"Cargo.toml": "", "Cargo.lock": ""}, [], ["cargo test --locked"]),
        ({"README.md": "", "deep/package.json": "{}"}, [], []),
    ],
)  # fmt: skip
def test_every_language_gets_its_usual_commands(files: dict[str, str], setup: list[str], commands: list[str]) -> None:
    settings = proposed(files)
    assert (list(settings.setup), lines(settings)) == (setup, commands)


@pytest.mark.parametrize("manifest", ["", "no json", "[]", '{"scripts": null}', '{"scripts": [], "dependencies": "x"}'])
def test_a_broken_manifest_is_not_an_error(manifest: str) -> None:
    assert lines(proposed({"package.json": manifest})) == []


def test_several_languages_are_proposed_together_under_different_names() -> None:
    settings = proposed({
        "pyproject.toml": "[project]", "test_a.py": "", "package.json": package(scripts={"build": "x", "test": "x"}),
        "A.csproj": "Microsoft.NET.Test.Sdk",
    })  # fmt: skip
    names = [command.name for command in settings.commands]
    assert len(names) == len(set(names)) == 5


def test_tests_are_required_and_style_checks_are_advisory() -> None:
    settings = proposed({"pyproject.toml": "[project]\n[tool.mypy]", "test_a.py": ""})
    assert [(command.name, command.required) for command in settings.commands] == [("pytest", True), ("mypy", False)]
