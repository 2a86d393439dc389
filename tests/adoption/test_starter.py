"""What `redimento init` proposes for the files and pipelines of a repository, and that a run reads it as it was meant."""

from __future__ import annotations

import json
import shlex
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.adoption.detection import propose
from redimento.adoption.starter import write_starter_files
from redimento.errors import UsageError
from redimento.settings import CheckSettings
from redimento.settings import file as settings_file
from tests.scaling import assert_linear_in

Files = dict[str, str]
VENV = "python3 -m venv .venv"
PIP = ".venv/bin/python -m pip install --quiet"
PYTEST = "pytest: .venv/bin/python -m pytest -q --junitxml=junit-pytest.xml [junit-pytest.xml]"
MODERN = "<TargetFramework>net9.0</TargetFramework>"
WORKFLOW = ".github/workflows/ci.yml"


def proposed(files: Files) -> CheckSettings:
    return propose(sorted(files), lambda path: files.get(path, ""))


def lines(checks: CheckSettings) -> list[str]:
    """Return the checks as `name: command [report]`, an advisory one after a ~."""
    found = []
    for command in checks.commands:
        run = command.run if isinstance(command.run, str) else shlex.join(command.run)
        mark, report = "" if command.required else "~", f" [{command.junit}]" if command.junit else ""
        found.append(f"{mark}{command.name}: {run}{report}")
    return found


def package(**content: object) -> str:
    return json.dumps(content)


def workflow(*runs: str, folder: str = "") -> str:
    steps = [f"      - run: {run}\n" + (f"        working-directory: {folder}\n" if folder else "") for run in runs]
    return "jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n" + "".join(steps)


GO_SETUP = ["go mod download", "go run gotest.tools/gotestsum@v1.12.0 --version"]
GO_TEST = "go test: go run gotest.tools/gotestsum@v1.12.0 --junitfile junit-go.xml --{} ./... [junit-go.xml]"
TRX = "--logger trx --results-directory TestResults [TestResults/*.trx]"
VITEST = "--reporter=default --reporter=junit --outputFile.junit=junit-vitest.xml [junit-vitest.xml]"
JEST = "--ci --reporters=default --reporters=junit-for-jest/node_modules/jest-junit [junit-jest.xml]"
NODE = (
    "--test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=junit-node.xml "
    "[junit-node.xml]"
)
CTEST = "--output-on-failure --output-junit junit-ctest.xml [build/junit-ctest.xml]"
JEST_SETUP = "npm install --silent --no-audit --no-fund --prefix node_modules/junit-for-jest jest-junit@16"

CASES: dict[str, tuple[Files, list[str], list[str]]] = {
    "pip and extras": (
        {"pyproject.toml": "[build-system]\n[project.optional-dependencies]\ntest = ['pytest']\n[tool.ruff]\n", "tests/test_a.py": ""},
        [VENV, f"{PIP} '-e.[test]' pytest ruff"], [PYTEST, "~ruff: .venv/bin/python -m ruff check ."],
    ),
    "requirements": (
        {"requirements.txt": "flask\n", "requirements-dev.txt": "mypy==1\n", "requirements-docs.txt": "", "a_test.py": ""},
        [VENV, f"{PIP} -r requirements-dev.txt -r requirements.txt pytest mypy"], [PYTEST, "~mypy: .venv/bin/python -m mypy ."],
    ),
    "dependency groups": (
        {"pyproject.toml": "[project]\n[dependency-groups]\ntests = ['pytest>=8', {include-group='x'}]\nx = ['attrs', {include-group='tests'}]\n",
         "tests/test_a.py": ""},
        [VENV, f"{PIP} -e. 'pytest>=8' attrs pytest"], [PYTEST],
    ),
    "uv": (
        {"pyproject.toml": "[dependency-groups]\ntest = ['pytest']\n", "uv.lock": "", "tests/test_a.py": "", "docs/test_b.py": ""},
        ["uv sync --quiet --group test"], [PYTEST.replace(" --junit", " tests --junit")],
    ),
    "uv as the pipeline says": (
        {"pyproject.toml": "[project]\ndependencies = ['pytest']", "uv.lock": "", "tests/unit/test_a.py": "",
         WORKFLOW: workflow("uv sync --locked --all-extras --python ${{ matrix.python }}", "uv run pytest -n auto --cov=x tests/unit -m 'not slow'")},
        ["uv sync --quiet --locked --all-extras"], [PYTEST.replace(" --junit", " tests/unit -m 'not slow' --junit")],
    ),
    "Poetry": (
        {"pyproject.toml": "[tool.poetry.dependencies]\npytest = '*'\n", "test_a.py": "", WORKFLOW: workflow("poetry install --with dev")},
        ["POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --no-interaction --quiet --with dev"], [PYTEST],
    ),
    "PDM": (
        {"pyproject.toml": "[project]\n", "pdm.lock": "", "test_a.py": ""}, ["pdm install --quiet", f"{PIP} pytest"], [PYTEST],
    ),
    "Hatch": (
        {"pyproject.toml": "[build-system]\n[tool.hatch.envs.hatch-test]\nextra-dependencies = ['trustme']\n", "tests/test_a.py": ""},
        [VENV, f"{PIP} -e. trustme pytest-mock pytest-rerunfailures pytest-xdist pytest"], [PYTEST],
    ),
    "tox": (
        {"setup.py": "", "tox.ini": "[testenv]\nextras = async\ndeps =\n  -r reqs/t.txt\n  pytest\n  py39: old\ncommands = pytest\n",
         "reqs/t.txt": "", "tests/test_a.py": ""},
        [VENV, f"{PIP} -r reqs/t.txt '-e.[async]' pytest pytest"], [PYTEST],
    ),
    "nox": (
        {"setup.py": "", "noxfile.py": "def unit(session): ...", "tests/test_a.py": ""}, [],
        ["nox: nox -s unit [junit-pytest.xml]"],
    ),
    "pip as the pipeline says": (
        {"setup.py": "", "tests/test_a.py": "", WORKFLOW: workflow("pip install -U pip", "pip install -r a.txt '.[x]'", "pytest")},
        [VENV, f"{PIP} -r a.txt '.[x]'", f"{PIP} pytest"], [PYTEST],
    ),
    "Django": (
        {"manage.py": "", "requirements.txt": "django", "shop/tests.py": "", "shop/settings.py": ""},
        [VENV, f"{PIP} -r requirements.txt unittest-xml-reporting"],
        ["django: .venv/bin/python manage.py test --noinput --testrunner=xmlrunner.extra.djangotestrunner.XMLTestRunner [TEST-*.xml]"],
    ),
    "Django with a runner of its own, below the root": (
        {"app/manage.py": "", "requirements.txt": "django", "app/shop/tests.py": "", "app/settings/ci.py": "TEST_RUNNER = 'x'",
         WORKFLOW: workflow("python app/manage.py test app/ --settings=settings.ci --parallel")},
        [VENV, f"{PIP} -r requirements.txt"], ["django: .venv/bin/python app/manage.py test --noinput app/ --settings=settings.ci"],
    ),
    "Django's own runner": (
        {"pyproject.toml": "[build-system]\n", "tests/runtests.py": "", "tests/test_a.py": ""},
        [VENV, f"{PIP} -e."], ["runtests: .venv/bin/python tests/runtests.py"],
    ),
    "npm": (
        {"package.json": package(scripts={"test": "node x", "lint": "x"}), "package-lock.json": ""},
        ["npm ci --no-audit --no-fund"], ["npm test: npm test", "~npm run lint: npm run lint"],
    ),
    "pnpm and vitest": (
        {"package.json": package(scripts={"build": "x", "test": "vitest --coverage"}), "pnpm-lock.yaml": ""},
        ["pnpm install --frozen-lockfile"], ["pnpm run build: pnpm run build", f"vitest: pnpm exec vitest run {VITEST}"],
    ),
    "Yarn and jest": (
        {"package.json": package(packageManager="yarn@4", scripts={"test": "NODE_ENV=test jest --watch"}), ".yarnrc.yml": ""},
        ["yarn install --immutable", JEST_SETUP], [f"jest: yarn run jest {JEST}"],
    ),
    "a runner after other scripts": (
        {"package.json": package(scripts={"test": "npm run lint && jest --ci", "lint": "x"})},
        ["npm install --no-package-lock --no-audit --no-fund", JEST_SETUP], [f"jest: npx jest {JEST}", "npm run lint: npm run lint"],
    ),
    "a runner that is called twice": (
        {"package.json": package(scripts={"test": "mocha && pnpm test:cjs", "test:cjs": "pnpm build && mocha dist", "build": "x"}),
         "pnpm-lock.yaml": ""},
        ["pnpm install --frozen-lockfile"],
        ["mocha: pnpm exec mocha --reporter xunit --reporter-option output=junit-mocha.xml [junit-mocha.xml]",
         "pnpm run build: pnpm run build", "mocha dist: pnpm exec mocha dist"],
    ),
    "a runner after what no script stands for": (
        {"package.json": package(packageManager="pnpm@10", scripts={"test": "tsc && vitest run"})},
        ["pnpm install --frozen-lockfile"], [f"pnpm test: pnpm run test {VITEST}"],
    ),
    "a runner with a script before it": (
        {"package.json": package(scripts={"pretest": "x", "test": "vitest"}), "package-lock.json": "", WORKFLOW: workflow("npm install")},
        ["npm install --no-save --no-audit --no-fund"], [f"npm test: npm test -- {VITEST}"],
    ),
    "mocha as the pipeline says": (
        {"package.json": package(scripts={"test": "x", "test:unit": "nyc mocha -R dot 'test/*.js'", "build": "x"}),
         "package-lock.json": "", WORKFLOW: workflow("npm ci --ignore-scripts", "npm run test:unit")},
        ["npm ci --no-audit --no-fund --ignore-scripts"],
        ["mocha: npx mocha 'test/*.js' --reporter xunit --reporter-option output=junit-mocha.xml [junit-mocha.xml]"],
    ),
    "Playwright": (
        {"package.json": package(scripts={"test": "playwright test -c e2e"})},
        ["npm install --no-package-lock --no-audit --no-fund", "npx playwright install"],
        ["playwright: npx playwright test -c e2e --reporter=line,junit [junit-playwright.xml]"],
    ),
    "node --test": (
        {"package.json": package(scripts={"test": "node --test src"}), "bun.lock": ""}, ["bun install --frozen-lockfile"],
        [f"node --test: node --test src {NODE}"],
    ),
    "members of a workspace": (
        {"package.json": package(workspaces=["packages/*"]), "package-lock.json": "",
         "packages/a/package.json": package(scripts={"test": "vitest run"}), "packages/b/package.json": "{}"},
        ["npm ci --no-audit --no-fund"],
        [f"vitest (packages/a): cd packages/a && npx vitest run {VITEST.replace('[', '[packages/a/')}"],
    ),
    "members with other runners": (
        {"package.json": "{}", "pnpm-workspace.yaml": "", "a/package.json": package(scripts={"test": "x"})},
        ["pnpm install --frozen-lockfile"], ["pnpm test: pnpm --recursive --if-present run test"],
    ),
    ".NET": (
        {"a.sln": "A.Tests.csproj", "A/A.csproj": MODERN, "A.Tests/A.Tests.csproj": f"{MODERN} Microsoft.NET.Test.Sdk"},
        ["dotnet restore a.sln"], [f"dotnet test: dotnet test a.sln --no-restore {TRX}"],
    ),
    ".NET with a test program instead of a test SDK": (
        {"a.sln": "A.Tests.csproj", "A/A.csproj": MODERN, "A.Tests/A.Tests.csproj": f"{MODERN}<OutputType>Exe</OutputType>"},
        ["dotnet restore a.sln"], ["dotnet run A.Tests: dotnet run --no-restore --project A.Tests/A.Tests.csproj"],
    ),
    ".NET with shared settings": (
        {"src/a.slnx": "A.Tests.csproj", "src/A/A.csproj": "", "test/A.Tests/A.Tests.csproj": "", "Directory.Build.props": MODERN,
         "test/Directory.Build.props": '<PackageReference Include="xunit" />', "Directory.Packages.props": ""},
        ["dotnet restore src/a.slnx"], [f"dotnet test: dotnet test src/a.slnx --no-restore {TRX}"],
    ),
    ".NET on several frameworks": (
        {"a.sln": "", "t/A.Tests.csproj": "<TargetFrameworks>net48;netcoreapp3.1;net9.0</TargetFrameworks> MSTest.Sdk"},
        ["dotnet restore a.sln"], [f"dotnet test A.Tests: dotnet test t/A.Tests.csproj --framework net9.0 {TRX}"],
    ),
    ".NET on the testing platform": (
        {"a.slnx": "", "A.Tests.csproj": '"TUnit"', "global.json": package(test={"runner": "Microsoft.Testing.Platform"})},
        ["dotnet restore a.slnx"],
        ["dotnet test: dotnet test --solution a.slnx --no-restore --report-trx --results-directory TestResults [TestResults/*.trx]"],
    ),
    "several solutions": (
        {"a/a.sln": "A.Tests.csproj", "a/A.Tests.csproj": "MSTest.Sdk", "b/b.sln": r'"..\c\B.Tests.csproj"', "c/B.Tests.csproj": "MSTest.Sdk"},
        ["dotnet restore a/a.sln", "dotnet restore b/b.sln"],
        [f"dotnet test a: dotnet test a/a.sln --no-restore {TRX}", f"dotnet test b: dotnet test b/b.sln --no-restore {TRX}"],
    ),
    ".NET as the pipeline says": (
        {"a.sln": "", "all.slnf": "A.csproj", "A.csproj": "", "azure-pipelines.yml":
         "steps:\n- task: DotNetCoreCLI@2\n  inputs:\n    command: test\n    projects: all.slnf\n"},
        ["dotnet restore all.slnf"], ["dotnet build: dotnet build all.slnf --no-restore"],
    ),
    "Maven": (
        {"pom.xml": "", "mvnw": "", "build.gradle": "", "azure-pipelines.yml":
         "steps:\n- task: Maven@4\n  inputs:\n    mavenPomFile: pom.xml\n    goals: 'verify -Pintegration'\n"},
        [], ["maven: sh ./mvnw --batch-mode --no-transfer-progress --fail-at-end -Pintegration verify [**/target/*-reports/TEST-*.xml]"],
    ),
    "Gradle": (
        {"build.gradle.kts": "", WORKFLOW: workflow("./gradlew build")}, [],
        ["gradle: gradle --no-daemon --console=plain --continue check [**/build/test-results/**/TEST-*.xml]"],
    ),
    "Go": (
        {"go.mod": "", "a_test.go": "", "Makefile": "test: x\n\t@go test -race -tags x ./...\n", WORKFLOW: workflow("make test")},
        GO_SETUP, [GO_TEST.format(" -race -tags=x"), "~go vet: go vet ./..."],
    ),
    "Rust": (
        {"Cargo.toml": "[workspace]\n[package]\n", "Cargo.lock": "", WORKFLOW: workflow("cargo clippy", "cargo test --all-features --target x")},
        [], ["cargo test: cargo test --all-features --workspace --locked",
             "~clippy: cargo clippy --all-targets --all-features --workspace --locked"],
    ),
    "nextest": (
        {"Cargo.toml": "", ".config/nextest.toml": "[profile.ci.junit]\npath = 'junit.xml'", WORKFLOW: workflow("cargo nextest run")},
        [], ["nextest: cargo nextest run --profile ci [target/nextest/ci/junit.xml]"],
    ),
    "PHP": (
        {"composer.json": package(**{"require-dev": {"phpunit/phpunit": "*", "phpstan/phpstan": "*"}}), "phpstan.neon": ""},
        ["composer install --no-interaction --no-progress --prefer-dist"],
        ["phpunit: php vendor/bin/phpunit --log-junit junit-phpunit.xml [junit-phpunit.xml]",
         "~phpstan: php vendor/bin/phpstan analyse --no-progress --memory-limit=1G"],
    ),
    "Ruby with RSpec": (
        {"Gemfile": "gem 'rspec'\ngem 'rspec_junit_formatter'\ngem 'rubocop'", "spec/a_spec.rb": "", ".rubocop.yml": ""},
        ["BUNDLE_PATH=vendor/bundle bundle install --quiet"],
        ["rspec: bundle exec rspec --format progress --format RspecJunitFormatter --out junit-rspec.xml [junit-rspec.xml]",
         "~rubocop: bundle exec rubocop"],
    ),
    "Ruby with minitest": (
        {"Gemfile": "", "test/a_test.rb": ""}, ["BUNDLE_PATH=vendor/bundle bundle install --quiet"], ["rake test: bundle exec rake test"],
    ),
    "CMake": (
        {"CMakeLists.txt": "option(A_BUILD_TESTS x)\noption(A_CUDA_TEST x)\nenable_testing()"},
        ["cmake -S . -B build -DA_BUILD_TESTS=ON"],
        [f"ctest: cmake --build build --parallel && ctest --test-dir build {CTEST}"],
    ),
    "only a Makefile": ({"Makefile": "all:\ncheck: all\n"}, [], ["make check: make check"]),
    "only a pipeline": ({".gitlab-ci.yml": "t:\n  script:\n    - apt install x\n    - sbt test\n"}, [], ["tests: sbt test"]),
    "nothing": ({"README.md": "", "examples/package.json": package(scripts={"test": "jest"}), "test/fixtures/go.mod": ""}, [], []),
}  # fmt: skip


@pytest.mark.parametrize(("files", "setup", "commands"), CASES.values(), ids=CASES)
def test_every_kind_of_project_gets_its_commands_which_a_run_reads_as_they_were_meant(
    tmp_path: Path, files: Files, setup: list[str], commands: list[str]
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    checks = proposed(files)
    write_starter_files(tmp_path, force=False)

    assert (list(checks.setup), lines(checks)) == (setup, commands)
    assert settings_file.read(tmp_path / settings_file.NAME, must_exist=True).checks == checks


def test_each_project_of_a_monorepo_gets_an_entry_for_changes_in_its_folder() -> None:
    checks = proposed({
        "package.json": package(scripts={"lint": "x"}),
        "services/api/pyproject.toml": "[project]\n", "services/api/tests/test_a.py": "",
        "services/web/package.json": package(scripts={"test": "mocha"}), "services/web/samples/package.json": package(scripts={"test": "jest"}),
        "services/web ui/go.mod": "", "services/web ui/a_test.go": "",
        "net/a.sln": "A.csproj ATest.csproj", "net/A/A.csproj": "", "net/ATest/ATest.csproj": '<PackageReference Include="MSTest"',
        ".github/workflows/net.yml": workflow("dotnet test", folder="net"),
        WORKFLOW: workflow("npm test -- --x", folder="services/web"),
    })  # fmt: skip

    assert {one.name: one.paths for one in checks.commands if one.required} == {
        "pytest (services/api)": ("services/api/",),
        "mocha (services/web)": ("services/web/",),
        "dotnet test (net)": ("net/",),
        "go test (services/web ui)": ("services/web ui/",),
    }
    assert checks.commands[0].junit == "services/api/junit-pytest.xml"
    assert checks.setup[0] == "(cd services/api && python3 -m venv .venv)"
    assert str(checks.commands[3].run).startswith("cd 'services/web ui' && ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".github/workflows/test-web.yml", ("on:\n  push:\n    paths:\n      - web/**\n      - 'shared/**'\n      - gone/**\n      - .github/**\n"
         "jobs:\n  t:\n    services:\n      db:\n        image: postgres:16\n        ports:\n          - 5432:5432\n")),
        ("azure-pipelines.yml", ("trigger:\n  paths:\n    include: \n    - /web/*\n    - shared\n    exclude:\n    - docs\n"
         "resources:\n  containers:\n  - container: db\n    image: postgres:16\njobs:\n- job: t\n  services:\n    db: db\n")),
        (".gitlab-ci.yml", "t:\n  services:\n    - postgres:16\n  only:\n    changes: [web/**/*, shared/**/*]\n"),
    ],
)  # fmt: skip
def test_what_a_pipeline_watches_and_starts_beside_a_project_is_said(tmp_path: Path, name: str, text: str) -> None:
    files = {
        name: text,
        "web/go.mod": "",
        "web/a_test.go": "",
        "shared/data.json": "",
        "docs/a.md": "",
        "api/setup.py": "",
        "api/test_a.py": "",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    said = write_starter_files(tmp_path, force=False)

    paths = {one.name: one.paths for one in proposed(files).commands}
    assert (paths["go test (web)"], paths["pytest (api)"]) == (("web/", "shared/"), ("api/",))
    assert "Your pipelines start services beside their tests: postgres:16." in said


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"scripts": null}', '{"scripts": [], "workspaces": 1}', "[" * 50_000, "a={" * 9_000]
)
def test_a_file_that_cannot_be_read_is_no_error(text: str) -> None:
    names = (
        "package.json",
        "pyproject.toml",
        "tox.ini",
        "composer.json",
        "Cargo.toml",
        "global.json",
        "a.sln",
        "A.csproj",
        WORKFLOW,
    )
    proposed({**dict.fromkeys(names, text), "tests/test_a.py": ""})


@settings(max_examples=60)
@given(st.lists(st.text(max_size=40)), st.text(max_size=200))
def test_whatever_a_pipeline_says_the_file_is_valid(runs: list[str], text: str) -> None:
    row = " ".join(text.split())
    files = {
        WORKFLOW: workflow(f"pip install {row}", f"pytest {row}", "npm test", "make test", *runs), "azure-pipelines.yml": text,
        "Makefile": f"test:\n\tgo test {row}", "go.mod": "", "a_test.go": "", "test_a.py": "", "setup.py": text,
        "package.json": package(scripts={"test": f"jest {text}"}), f"{'deep' * 30}/pom.xml": "",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(content, encoding="utf-8", errors="replace")
        write_starter_files(Path(folder), force=False)
        written = settings_file.read(Path(folder) / settings_file.NAME, must_exist=True).checks

    assert {"pytest", "go test"} <= {one.name for one in written.commands}


@pytest.mark.parametrize(
    "row",
    [
        "- run: pytest && cd a",
        "paths:",
        "  services:",
        "- image: x",
        "test_x/" * 3 + "test_a.py",
        "  <A>",
        "$" * 50,
        "-r x",
    ],
)
def test_hostile_files_are_read_in_linear_time(row: str) -> None:
    def made(size: int) -> Files:
        text = f"{row}\n" * size + row * size
        named = {f"a{number}/pyproject.toml": "" for number in range(size)}
        return {WORKFLOW: text, "tox.ini": f"[testenv]\ndeps =\n  {row}\n" * size, "A.Tests.csproj": text, "a.sln": text, "test_a.py": "",
                "setup.py": text, "Makefile": text, "package.json": text, "CMakeLists.txt": text, **named}  # fmt: skip

    assert_linear_in(proposed, made, 150)


def test_scripts_that_call_each_other_are_followed_in_linear_time() -> None:
    def made(size: int) -> Files:
        calls, mocha = " && ".join(["npm run test:a", "npm run test:b"] * 5), f"mocha {'x' * size}"
        scripts = {"test": calls, "test:a": f"{calls} && {mocha}", "test:b": f"{mocha} && {calls}"}
        return {"package.json": package(scripts=scripts)}

    assert_linear_in(proposed, made, 20_000)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / settings_file.NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="link"):
        write_starter_files(tmp_path / "tree", force=True)
    assert not (tmp_path / "elsewhere").exists()


def test_the_schema_that_the_first_line_names_is_there_and_hidden_from_git(tmp_path: Path) -> None:
    said = write_starter_files(tmp_path, force=False)
    first = (tmp_path / settings_file.NAME).read_text().partition("\n")[0]

    assert json.loads((tmp_path / first.partition("$schema=")[2]).read_text())["title"]
    assert (tmp_path / ".redimento/.gitignore").read_text() == "*\n"
    assert "redimento check" in said
