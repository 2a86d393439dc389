from __future__ import annotations

from pathlib import Path

import pytest

from redimento.verification.evidence import TestResult
from redimento.verification.runners import asked, is_test_runner, narrowed


def failing(*ids: str) -> list[TestResult]:
    return [TestResult(one, "failed") for one in ids]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "test_a.py").touch()
    (tmp_path / "tests" / "deep" / "test_b.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "ids", "expected"),
    [
        ("pytest -q tests --junitxml=j.xml", ["tests.test_a::test_x[1-b c]"],
         "pytest -q --junitxml=j.xml|tests/test_a.py::test_x[1-b c]"),
        ("python -m pytest", ["tests.deep.test_b.TestIt::test_y", "tests.deep.test_b"],
         "python -m pytest|tests/deep/test_b.py::TestIt::test_y|tests/deep/test_b.py"),
        ("npx jest --ci", ["cart total::cart total (of 1)"], "npx jest --ci -t|(cart total .of 1.)$"),
        ("npx vitest run", ["a/b.test.ts::cart > total"], "npx vitest run -t|(cart total)$"),
        ("go test ./...", ["shop/cart::TestTotal/empty", "shop/cart::TestAdd"],
         "go test -count=1 -run|^(TestTotal|TestAdd)$|./..."),
        ("npx mocha --reporter xunit", ["cart total::adds (up)"], "npx mocha --reporter xunit --grep|(adds .up.)$"),
        ("dotnet test a.sln", ["Shop.CartTests::Total(1, 2)"], "dotnet test a.sln --filter|FullyQualifiedName=Shop.CartTests.Total"),
        ("./gradlew --no-daemon test", ["shop.CartTest::total()"], "./gradlew --no-daemon test --tests|shop.CartTest.total"),
    ],
)  # fmt: skip
def test_a_known_runner_runs_only_the_chosen_tests(tree: Path, command: str, ids: list[str], expected: str) -> None:
    first, *rest = (
        expected.split("|")
        if "^(" not in expected
        else [expected[: expected.index("|")], "^(TestTotal|TestAdd)$", "./..."]
    )
    assert narrowed(command, failing(*ids), tree) == (*first.split(" "), *rest)


def test_gotestsum_passes_the_chosen_tests_on(tree: Path) -> None:
    chosen = narrowed("go run x/gotestsum@v1 --junitfile j.xml -- -race ./...", failing("shop::TestAdd"), tree)
    assert chosen is not None
    assert chosen[5:] == ("--", "-count=1", "-run", "^(TestAdd)$", "-race", "./...")


def test_maven_gets_classes_and_methods(tree: Path) -> None:
    chosen = narrowed("mvn -B test", failing("shop.CartTest::total(int)[1]", "shop.CartTest::[2] x"), tree)
    assert chosen is not None
    assert chosen[:4] == ("mvn", "-B", "test", "-Dtest=shop.CartTest#total,shop.CartTest")


@pytest.mark.parametrize(
    "command",
    ["make test", "cd x && cd y && pytest", "cd $X && pytest", "cd a b && pytest", "pytest | tee log", "A=1 pytest", "pytest $ARGS", "pytest 'open", "dotnet test --filter x",
     "mvn -Dtest=A test", ""],
)  # fmt: skip
def test_an_unknown_command_is_not_narrowed(tree: Path, command: str) -> None:
    assert narrowed(command, failing("tests.test_a::test_x"), tree) is None


@pytest.mark.parametrize("enters", ["cd 'the api' && ", "cd 'the api' || exit\nexec "])
def test_a_runner_in_a_folder_of_the_repository_is_known_there(tree: Path, enters: str) -> None:
    (tree / "the api" / "tests").mkdir(parents=True)
    (tree / "the api" / "tests" / "test_x.py").touch()
    (tree / "the api" / "tests" / "test_a.py").touch()
    command = f"{enters}.venv/bin/python -m pytest -q"
    alone = "cd 'the api' && .venv/bin/python -m pytest -q tests/test_x.py::test_y"

    assert narrowed(command, failing("tests.test_x::test_y"), tree) == alone
    assert asked(command, ["the api/tests/test_x.py::test_y"], tree) == f"{alone} -rP"
    assert asked(command, ["tests/test_a.py"], tree) is None  # of another project


def test_a_test_without_a_known_file_is_not_guessed(tree: Path) -> None:
    assert narrowed("pytest", failing("elsewhere.test_z::test_x"), tree) is None


def test_a_hostile_name_stays_one_argument(tree: Path) -> None:
    chosen = narrowed("npx jest", failing("x::$(touch /tmp/owned); --config=/tmp/x"), tree)
    assert chosen is not None
    assert len(chosen) == 4


@pytest.mark.parametrize(
    "command", ["pytest -q", "npm run test", "cargo test", "go test ./...", "./mvnw verify", "make test"]
)
def test_test_runners_are_recognised(command: str) -> None:
    assert is_test_runner(command)


@pytest.mark.parametrize("command", ["ruff check .", "npm run lint", "go vet ./...", "mypy src", "make latest"])
def test_other_checks_are_not_taken_for_test_runners(command: str) -> None:
    assert not is_test_runner(command)


def test_the_value_of_an_option_is_not_taken_for_a_place(tmp_path: Path) -> None:
    (tmp_path / "cart").mkdir()
    (tmp_path / "cart" / "test_a.py").write_text("")
    command = ("pytest", "--rootdir", ".", "-q", "cart")
    chosen = narrowed(command, [TestResult("cart.test_a::test_one", "passed")], tmp_path)
    assert chosen == ("pytest", "--rootdir", ".", "-q", "cart/test_a.py::test_one")


@pytest.mark.parametrize(
    ("command", "names", "expected"),
    [
        ("pytest -q tests", ["tests/test_a.py", "tests/deep/test_b.py::TestIt::test_y[1]"],
         "pytest -q tests/test_a.py tests/deep/test_b.py::TestIt::test_y[1] -rP"),
        ("pytest -q", ["tests.test_a::test_x"], "pytest -q tests/test_a.py::test_x -rP"),
        ("npx jest --ci", ["web/a.test.ts"], "npx jest web/a.test.ts --ci"),
        ("npx vitest run --ui", ["web/a.test.ts::adds"], "npx vitest run web/a.test.ts --ui -t (adds)$"),
        ("node --test --test-reporter junit tests", ["web/a.test.ts::adds"], "node --test --test-reporter junit web/a.test.ts"),
        ("go test ./...", ["shop/cart_test.go"], "go test -count=1 -run ^(TestOne|FuzzTwo)$ ./... -v"),
        ("go test ./...", ["shop/cart_test.go::TestOne"], "go test -count=1 -run ^(TestOne)$ ./... -v"),
        ("dotnet test a.sln", ["Shop.Tests/CartTests.cs::Total"], "dotnet test a.sln --filter FullyQualifiedName~CartTests.Total"),
        ("dotnet test a.sln", ["Shop.Tests/CartTests.cs"], "dotnet test a.sln --filter FullyQualifiedName~CartTests."),
        ("gradle test", ["src/test/java/shop/CartTest.java::total"], "gradle test --tests CartTest.total"),
    ],
)  # fmt: skip
def test_tests_are_asked_for_by_their_place(tree: Path, command: str, names: list[str], expected: str) -> None:
    for path in ("web/a.test.ts", "shop/cart_test.go", "Shop.Tests/CartTests.cs", "src/test/java/shop/CartTest.java"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text("func TestOne(t *testing.T) {}\nfunc help() {}\nfunc FuzzTwo(f *testing.F) {}\n")
    assert asked(command, names, tree) == tuple(expected.split(" "))


@pytest.mark.parametrize(
    "name", ["-p evil", "--config=x", "/etc/test_a.py", "../test_a.py", "..etc.test_a::test_x", "tests", ""]
)
def test_a_name_that_is_no_test_of_the_tree_is_not_asked_for(tree: Path, name: str) -> None:
    assert asked("pytest", [name], tree) is None
