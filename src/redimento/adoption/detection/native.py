"""Checks of Go modules, Rust crates, CMake builds, and of what only a Makefile knows."""

from __future__ import annotations

import re
from typing import Final

from redimento.adoption.detection.project import Project, Proposal, table
from redimento.settings import CheckCommand

GO: Final = r"go\.(?:mod|work)"
RUST: Final = r"Cargo\.toml"
CMAKE: Final = r"CMakeLists\.txt"
MAKE: Final = r"(?:GNU)?[Mm]akefile"
_SECONDS: Final = 1_800
_GOTESTSUM: Final = "gotest.tools/gotestsum@v1.12.0"


def go(project: Project) -> Proposal | None:
    if not project.matching(r".*_test\.go"):
        return None
    given = project.ran(r"go test") or project.ran(r"gotestsum") or []
    flags = [word for word in given if re.fullmatch(r"-(?:race|short|tags=[\w,]+|timeout=\w+|p=\d+)", word)]
    flags += [f"-tags={given[place + 1]}" for place, word in enumerate(given[:-1]) if word == "-tags"]
    modules = re.findall(r"^\s*(?:use\s+)?(\.[\w./-]*)\s*$", project.read("go.work"), re.MULTILINE)
    targets = [f"{name.rstrip('/')}/..." for name in modules] or ["./..."]
    run = ("go", "run", _GOTESTSUM, "--junitfile", "junit-go.xml", "--", *flags, *targets)
    test = CheckCommand("go test", run, _SECONDS, junit="junit-go.xml")
    vet = CheckCommand("go vet", ("go", "vet", *targets), required=False)
    return Proposal(("go mod download", f"go run {_GOTESTSUM} --version"), (test, vet))


def rust(project: Project) -> Proposal | None:
    manifest = project.toml("Cargo.toml")
    given = project.ran(r"cargo (?:\+\w+ )?test")
    profile = next(
        (name for name, one in table(project.toml(".config/nextest.toml"), "profile").items() if table(one, "junit")),
        "",
    )
    nextest = project.ran(r"cargo nextest run")
    kept = (
        "--all-features",
        "--workspace",
        "--all",
        "--locked",
        "--all-targets",
        "--no-default-features",
        "--tests",
        "--lib",
    )
    flags = [word for word in (nextest or given or []) if word in kept or word.startswith("--features=")]
    if "workspace" in manifest and "package" in manifest and not {"--workspace", "--all"} & {*flags}:
        flags.append("--workspace")
    if project.has("Cargo.lock") and "--locked" not in flags:
        flags.append("--locked")
    lint = CheckCommand(
        "clippy",
        ("cargo", "clippy", "--all-targets", *(one for one in flags if one not in kept[4:])),
        _SECONDS,
        required=False,
    )
    lints = (lint,) if project.ran(r"cargo clippy") else ()
    if nextest and profile:
        run = ("cargo", "nextest", "run", "--profile", profile, *flags)
        return Proposal(
            (), (CheckCommand("nextest", run, _SECONDS, junit=f"target/nextest/{profile}/junit.xml"), *lints)
        )
    return Proposal((), (CheckCommand("cargo test", ("cargo", "test", *flags), _SECONDS), *lints))


def cmake(project: Project) -> Proposal | None:
    text = project.texts(project.matching(r"(?:[^/]+/){0,2}CMakeLists\.txt"))
    if not re.search(
        r"\b(?:enable_testing|add_test|include\s*\(\s*CTest|gtest_discover_tests|catch_discover_tests)\b", text
    ):
        return None
    options = re.findall(
        r"^\s*(?:option|cmake_dependent_option)\s*\(\s*((?:[A-Za-z0-9]+_)?(?:(?:BUILD|ENABLE|WITH)_?)?TEST(?:S|ING)?)\b",
        text,
        re.MULTILINE | re.IGNORECASE,
    )
    given = [
        word for word in project.ran("cmake") or [] if re.fullmatch(r"(?i)-D\w*TEST\w*(?::BOOL)?=(?:ON|1|TRUE)", word)
    ]
    switches = given or [f"-D{name}=ON" for name in dict.fromkeys(options)][:5]
    build = "cmake --build build --parallel"
    test = "ctest --test-dir build --output-on-failure --output-junit junit-ctest.xml"
    check = CheckCommand("ctest", f"{build} && {test}", _SECONDS, junit="build/junit-ctest.xml")
    return Proposal((" ".join(("cmake -S . -B build", *switches)),), (check,))


def make(project: Project) -> Proposal | None:
    text = project.read(project.first("GNUmakefile", "Makefile", "makefile"))
    targets = re.findall(r"^([\w-]+)\s*:(?!=)", text, re.MULTILINE)
    ran = project.ran(r"make") or []
    wanted = [word for word in ran[1:] if word in targets and re.search("test|check", word)] + [
        "test",
        "check",
        "tests",
    ]
    target = next((name for name in wanted if name in targets), "")
    return Proposal((), (CheckCommand(f"make {target}", ("make", target), _SECONDS),)) if target else None
