"""What other people's tools say of the pipeline files: each test skips where its tool is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipelines.expander import load
from tests.pipelines.test_pipeline_files import FILES, ROOT, in_schema, leaves, schema

SERVICE = Path(__file__).parent / "node_modules"
YAMLLINT = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, indentation: {indent-sequences: false}, comments: {min-spaces-from-content: 1}, comments-indentation: disable}}"


def needs(program: str) -> str:
    found = shutil.which(program)
    if not found:
        pytest.skip(f"needs {program}, which .ci/run installs")
    return found


def said(*command: str | Path, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_yamllint_has_nothing_to_say() -> None:
    assert said(needs("yamllint"), "--strict", "-d", YAMLLINT, *FILES, ROOT / "action" / "keda.yaml") == ""


def test_shellcheck_has_nothing_to_say_of_the_scripts() -> None:
    shellcheck = needs("shellcheck")
    scripts = [value for file in FILES for path, value in leaves(load(file)) if path[-1] == "bash"]

    assert len(scripts) >= 4
    # SC2154: Azure Pipelines sets the variables in capitals.
    assert [said(shellcheck, "--shell=bash", "--exclude=SC2154", "-", text=script) for script in scripts] == [""] * len(
        scripts
    )
    assert said(shellcheck, ROOT / "action" / "install") == ""


def test_microsofts_language_service_has_nothing_to_say(tmp_path: Path) -> None:
    node = needs("node")
    if not SERVICE.is_dir():
        pytest.skip("needs azure-pipelines-language-service, which .ci/run installs beside this file")
    (tmp_path / "schema.json").write_text(json.dumps(schema()))
    wrong = tmp_path / "wrong.yml"
    wrong.write_text((ROOT / "action" / "checkout.yml").read_text().replace("fetchTags", "fetchTag"))
    files = [tmp_path / file.name for file in FILES]
    for file, source in zip(files, FILES, strict=True):
        file.write_text(in_schema(source.read_text("utf-8")), "utf-8")
    validate = Path(__file__).with_name("language_service.js")

    found = said(node, validate, SERVICE, tmp_path / "schema.json", *files, wrong)

    assert found.splitlines() == [f"{wrong}:{line}: Unexpected property fetchTag" for line in (15, 25)]
