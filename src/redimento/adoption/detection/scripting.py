"""Checks of PHP and Ruby projects."""

from __future__ import annotations

import re
from typing import Final

from redimento.adoption.detection.project import Project, Proposal, table
from redimento.settings import CheckCommand

PHP: Final = r"composer\.json"
RUBY: Final = r"Gemfile|Rakefile|[^/]+\.gemspec"
_SECONDS: Final = 1_800


def php(project: Project) -> Proposal | None:
    manifest = project.json("composer.json")
    needed = {**table(manifest, "require"), **table(manifest, "require-dev")}
    own = project.has("phpunit") and bool(project.matching(r"phpunit\.xml(?:\.dist)?"))
    runner = "pest" if "pestphp/pest" in needed else "phpunit"
    if not own and not {"pestphp/pest", "phpunit/phpunit", "symfony/phpunit-bridge"} & needed.keys():
        return None
    bridge = "simple-phpunit" if "phpunit/phpunit" not in needed and runner == "phpunit" else runner
    run = ("php", "phpunit" if own else f"vendor/bin/{bridge}", "--log-junit", "junit-phpunit.xml")
    commands = [CheckCommand(runner, run, _SECONDS, junit="junit-phpunit.xml")]
    if "phpstan/phpstan" in needed and project.matching(r"phpstan[\w.]*\.neon(?:\.dist)?"):
        analyse = ("php", "vendor/bin/phpstan", "analyse", "--no-progress", "--memory-limit=1G")
        commands.append(CheckCommand("phpstan", analyse, required=False))
    setup = ["composer install --no-interaction --no-progress --prefer-dist"]
    if "laravel/framework" in needed and project.has(".env.example"):
        setup += ["test -f .env || cp .env.example .env", "php artisan key:generate --no-interaction"]
    return Proposal(tuple(setup), tuple(commands))


def ruby(project: Project) -> Proposal | None:
    said = project.texts(
        [
            *project.matching(r"Gemfile|Rakefile|[^/]+\.gemspec|Gemfile\.lock"),
            *project.matching(r"(?:gemfiles|tasks)/[^/]+"),
        ]
    )
    specs, tests = (
        project.matching(r"(?:.*/)?[^/]+_spec\.rb"),
        project.matching(r"(?:.*/)?(?:[^/]+_test|test_[^/]+|spec_[^/]+)\.rb"),
    )
    formats = "rspec_junit_formatter" in said
    if specs and "rspec" in said:
        report = (
            ("--format", "progress", "--format", "RspecJunitFormatter", "--out", "junit-rspec.xml") if formats else ()
        )
        test = CheckCommand(
            "rspec", ("bundle", "exec", "rspec", *report), _SECONDS, junit="junit-rspec.xml" if report else ""
        )
    elif tests and project.has("bin/rails"):
        test = CheckCommand("rails test", ("bundle", "exec", "rails", "test"), _SECONDS)
    elif tests or (specs and project.has("Rakefile")):
        test = CheckCommand("rake test", ("bundle", "exec", "rake", "test"), _SECONDS)
    else:
        return None
    lint = CheckCommand("rubocop", ("bundle", "exec", "rubocop"), required=False)
    lints = (lint,) if project.has(".rubocop.yml") and re.search(r"\brubocop\b", said) else ()
    return Proposal(("BUNDLE_PATH=vendor/bundle bundle install --quiet",), (test, *lints))
