"""Checks of Maven and Gradle builds, with their wrappers."""

from __future__ import annotations

import re
from typing import Final

from redimento.adoption.detection.project import Project, Proposal
from redimento.settings import CheckCommand

MAVEN: Final = r"pom\.xml"
GRADLE: Final = r"(?:settings|build)\.gradle(?:\.kts)?"
_SECONDS: Final = 3_600
_PUBLISHING: Final = re.compile(r"release|deploy|sign|sonar|docker|native|publish")


def maven(project: Project) -> Proposal | None:
    # A wrapper that was committed on Windows is not executable.
    program = ("sh", "./mvnw") if project.has("mvnw") else ("mvn",)
    given = [word for line in project.runs(r"mvnw?")[:10] for word in line]
    goals = [word for word in given if word in {"test", "verify", "install", "package"}]
    profiles = [
        word
        for word in (project.ran(r"mvnw?") or [])
        if re.fullmatch(r"-P[\w,!.-]+", word) and not _PUBLISHING.search(word)
    ]
    goal = "verify" if {"verify", "install"} & {*goals} else "test"
    run = (*program, "--batch-mode", "--no-transfer-progress", "--fail-at-end", *profiles, goal)
    return Proposal((), (CheckCommand("maven", run, _SECONDS, junit="**/target/*-reports/TEST-*.xml"),))


def gradle(project: Project) -> Proposal | None:
    given = [word for line in project.runs(r"gradlew?")[:10] if "-x" not in line for word in line]
    if project.has("pom.xml") and (project.ran(r"mvnw?") or not given):
        return None  # the same build twice
    program = ("sh", "./gradlew") if project.has("gradlew") else ("gradle",)
    task = "check" if "check" in given or "build" in given else "test"
    # Without --continue, one failing module hides the tests of all others.
    run = (*program, "--no-daemon", "--console=plain", "--continue", task)
    return Proposal((), (CheckCommand("gradle", run, _SECONDS, junit="**/build/test-results/**/TEST-*.xml"),))
