"""Stand in for `go test` and `dotnet test`, whose SDKs are too large to install: the same inputs, the same reports.

What it understands of Go and C# is one comparison in each test and one expression in each function; how tests are found,
left out, skipped and reported is as in the programs themselves. Only the standard library, for it runs alone.

    go test --junit r.xml             as gotestsum writes it
    dotnet test --trx|--nunit|--xunit r.xml
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

FUNCTION = re.compile(r"(\w+)\((?:\w[^)]*)?\)[^\n{]*\{\s*return ([^;\n}]+?);?\s*\}")
GO_TEST = re.compile(r"func (Test\w+)\(t \*testing\.T\) \{(.*?)\n\}", re.DOTALL)
CS_TEST = re.compile(r"((?:\[[^\n]*\]\s*)+)public void (\w+)\(\)\s*\{(.*?)\n    \}", re.DOTALL)
COMPARISON = re.compile(
    r"(?:if (\w+\(.*?\)) != (\S+) \{)|(?:\w*Equal\(([^,]+), (\w+\(.*?\))\))|(?:NotNull\((\w+\(.*?\))\))"
)
SKIPPED = re.compile(r"t\.Skip\(|\bSkip = |\b(?:Ignore|Explicit)\b")


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    outcome: str  # Passed, Failed, Skipped
    message: str = ""


def functions(files: Iterator[Path]) -> dict[str, Any]:
    """Return the functions of the source: each takes up to two numbers, `a` and `b`, and returns one expression."""
    found: dict[str, Any] = {}
    for file in files:
        for name, expression in FUNCTION.findall(file.read_text("utf-8")):
            found[name] = eval(f"lambda a=0, b=0: {expression}", found)
    return found


def case(group: str, name: str, head: str, body: str, source: dict[str, Any]) -> Case:
    if SKIPPED.search(head + body):
        return Case(group, name, "Skipped")
    for comparison in COMPARISON.finditer(body):
        go, go_wanted, wanted, call, bare = comparison.groups()
        value = eval(go or call or bare, dict(source))
        expected = go_wanted or wanted
        if expected and abs(value - float(expected)) > 1e-9:
            said = (
                f"cart_test.go:9: got {value}, want {expected}"
                if go
                else f"Assert.Equal() Failure: Expected: {expected}, Actual: {value}"
            )
            return Case(group, name, "Failed", said)
    return Case(group, name, "Passed")


def go(folder: Path) -> list[Case]:
    """Find tests as Go does: files named _test.go without a build tag; a TestMain decides whether they run."""
    source = functions(file for file in folder.rglob("*.go") if not file.name.endswith("_test.go"))
    cases = []
    for file in sorted(folder.rglob("*_test.go")):
        text = file.read_text("utf-8")
        if text.startswith("//go:build"):
            continue
        if "func TestMain(" in text and "m.Run()" not in text:
            return []
        group = "shop/" + file.parent.relative_to(folder).as_posix()
        cases += [case(group, name, "", body, source) for name, body in GO_TEST.findall(text)]
    return cases


def dotnet(folder: Path) -> list[Case]:
    """Find tests as MSBuild and VSTest do: what the project compiles, less what .runsettings filters out."""
    projects = [*folder.rglob("Directory.Build.*"), *folder.rglob("*.csproj")]
    removed = " ".join(re.findall(r'Compile Remove="([^"]+)"', " ".join(file.read_text("utf-8") for file in projects)))
    settings = " ".join(file.read_text("utf-8") for file in folder.rglob("*.runsettings"))
    left_out = re.findall(r"FullyQualifiedName!~(\w+)", settings)
    files = [file for file in sorted(folder.rglob("*.cs")) if file.name not in removed]
    source = functions(file for file in files if "Tests" not in file.name)
    cases = []
    for file in files:
        for head, name, body in CS_TEST.findall(file.read_text("utf-8")):
            if not any(word in f"Shop.Tests.{file.stem}.{name}" for word in left_out):
                cases.append(case(f"Shop.Tests.{file.stem}", name, head, body, source))
    return cases


def junit(cases: list[Case]) -> str:
    """Write the messages of the tests that `--raw` names in colour, which breaks the report off; some writers do."""
    raw = sys.argv[sys.argv.index("--raw") + 1] if "--raw" in sys.argv else ""
    inner = {
        "Passed": "",
        "Skipped": "<skipped/>",
        "Failed": '<failure message="Failed" type="">    {said}</failure>',
    }
    lines = [
        f"<testcase classname={quoteattr(one.group)} name={quoteattr(one.name)}>"
        + inner[one.outcome].format(said=("\x1b[31m" if one.name == raw else "") + one.message)
        + "</testcase>"
        for one in cases
    ]
    return f"<testsuites><testsuite name='shop'>{''.join(lines)}</testsuite></testsuites>"


def trx(cases: list[Case]) -> str:
    outcomes = {"Passed": "Passed", "Failed": "Failed", "Skipped": "NotExecuted"}
    results, definitions = "", ""
    for number, one in enumerate(cases):
        full = quoteattr(f"{one.group}.{one.name}")
        output = f"<Output><ErrorInfo><Message>{one.message}</Message></ErrorInfo></Output>" if one.message else ""
        results += f'<UnitTestResult testId="{number}" testName={full} outcome="{outcomes[one.outcome]}" duration="00:00:00.0010000">{output}</UnitTestResult>'
        definitions += f'<UnitTest name={full} id="{number}"><TestMethod className={quoteattr(one.group)} name={quoteattr(one.name)}/></UnitTest>'
    space = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"
    return f'<TestRun xmlns="{space}"><Results>{results}</Results><TestDefinitions>{definitions}</TestDefinitions></TestRun>'


def nunit(cases: list[Case]) -> str:
    lines = [
        f'<test-case name={quoteattr(one.name)} fullname={quoteattr(f"{one.group}.{one.name}")} classname={quoteattr(one.group)} result="{one.outcome}">'
        + (f"<failure><message>{one.message}</message></failure>" if one.message else "")
        + "</test-case>"
        for one in cases
    ]
    return f'<test-run><test-suite type="Assembly" name="Shop.Tests.dll">{"".join(lines)}</test-suite></test-run>'


def xunit(cases: list[Case]) -> str:
    outcomes = {"Passed": "Pass", "Failed": "Fail", "Skipped": "Skip"}
    lines = [
        f'<test name={quoteattr(f"{one.group}.{one.name}")} type={quoteattr(one.group)} method={quoteattr(one.name)} result="{outcomes[one.outcome]}">'
        + (f"<failure><message>{one.message}</message></failure>" if one.message else "")
        + "</test>"
        for one in cases
    ]
    return f'<assemblies><assembly name="Shop.Tests.dll"><collection name="all">{"".join(lines)}</collection></assembly></assemblies>'


WRITERS: dict[str, Callable[[list[Case]], str]] = {"--junit": junit, "--trx": trx, "--nunit": nunit, "--xunit": xunit}


def chosen(cases: list[Case]) -> list[Case]:
    """Keep what `-run` of Go and `--filter` of dotnet ask for."""
    for option, words in zip(sys.argv, sys.argv[1:], strict=False):
        if option == "-run":
            cases = [one for one in cases if re.search(words, one.name)]
        if option == "--filter":
            names = re.findall(r"FullyQualifiedName=([\w.]+)", words)
            cases = [one for one in cases if f"{one.group}.{one.name}" in names]
    return cases


def main() -> None:
    cases = chosen(go(Path.cwd()) if sys.argv[1] == "go" else dotnet(Path.cwd()))
    for option, path in zip(sys.argv, sys.argv[1:], strict=False):
        if option in WRITERS:
            Path(path).write_text(WRITERS[option](cases), encoding="utf-8")
    for one in cases:
        print(f"{one.outcome}: {one.group}.{one.name} {one.message}")
    sys.exit(any(one.outcome == "Failed" for one in cases))


if __name__ == "__main__":
    main()
