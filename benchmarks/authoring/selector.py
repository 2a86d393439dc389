"""Measure how often the right one of several candidates is chosen.

    python -m benchmarks.authoring.selector [folder] [--draws N] [--mistaken SHARE] [--only NAME]

`selection.yml` has the projects, each with one right change and wrong ones. A candidate is one of these with tests of its
own: the example of the work item, and two more that pass with its code. One candidate of a draw is right. A wrong author's
tests are right, but blind to its fault; with `--mistaken`, that share of them expect one wrong value of their code. Only draws
count in which some test fails on each wrong version. The program's own verdicts and its own choice decide. Needs pip, and
some minutes for each project.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from benchmarks.authoring.workshop import Workshop, change_of, judged, laid_out, workshop
from benchmarks.proof.run import PROJECTS, prepare
from redimento.authoring.answer import Answer
from redimento.run.attempt import Attempt
from redimento.run.selection import best_first

SIZES = (2, 4, 8)
RIGHT = 0  # the number of the right version
_CHECK = {
    "name": "tests",
    "run": "python3 -m pytest -q -p no:cacheprovider --junitxml=.junit.xml",
    "junit": ".junit.xml",
}
_OWN_TESTS = "test_candidate.py"
_MOST_DRAWS = 1_000
_AUTHORS = 2  # of each version, with tests of their own
_BELIEFS = 2  # that a candidate tests
_TOOLS = ("pytest==8.4.2",)


@dataclass(frozen=True)
class Version:
    """The source as one author would write it, and the value that each expression has with it; None: it raises."""

    source: str
    values: Mapping[str, str | None]


@dataclass(frozen=True)
class Drawn:
    """A candidate: the number of its version, and the beliefs that it tests."""

    version: int
    beliefs: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A project with its right version and the wrong ones that its expressions can tell from it."""

    name: str
    path: str  # of the source
    importing: str
    examples: Sequence[str]
    beliefs: Sequence[str]
    right: Version
    wrong: Sequence[Version]

    def version(self, number: int) -> Version:
        return self.wrong[number - 1] if number else self.right

    def asserted(self, one: Drawn, text: str) -> str | None:
        """Return what a candidate expects: of an example what the work item says, else what its own code gives."""
        return (self.right if text in self.examples else self.version(one.version)).values[text]


def main() -> None:
    options = _options()
    folder = (options.folder or Path(tempfile.mkdtemp(prefix="redimento-selection-"))).resolve()
    wanted = yaml.safe_load(Path(__file__).with_name("selection.yml").read_text("utf-8"))
    print("| project | wrong versions | " + " | ".join(f"right of {size}" for size in SIZES) + " |")
    print("|---" * (len(SIZES) + 2) + "|")
    chosen: list[dict[int, int]] = []
    for one in wanted:
        if options.only in one["name"]:
            versions, right = measured(one, folder / one["name"], options)
            chosen.append(right)
            print(
                f"| {one['name']} | {versions} | " + " | ".join(str(right[size]) for size in SIZES) + " |", flush=True
            )
    shares = [sum(right[size] for right in chosen) / (len(chosen) * options.draws) for size in SIZES]
    print("| all | | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")


def measured(wanted: Mapping[str, Any], folder: Path, options: argparse.Namespace) -> tuple[int, dict[int, int]]:
    """Return how many wrong versions there are, and how often the right one was chosen, by the number of candidates."""
    checkout, path, texts = _laid_out(wanted, folder)
    with workshop(checkout, {"isolation": "process", "commands": [_CHECK]}, path) as shop:
        project = _project(wanted, shop, texts)
        known: dict[Drawn, Attempt] = {}
        return len(project.wrong), {
            size: sum(
                _right_is_chosen(shop, known, project, drawn)
                for drawn in islice(_draws(project, size, options.mistaken), options.draws)
            )
            for size in SIZES
        }


def _draws(project: Project, size: int, mistaken: float) -> Iterator[list[Drawn]]:
    """Yield candidates, of which the tests can tell the right one: one of them fails on each wrong version."""
    for number in range(_MOST_DRAWS):
        rng = random.Random(f"{project.name} {size} {number}")
        versions = rng.sample(range(1, len(project.wrong) + 1), min(size - 1, len(project.wrong)))
        versions.insert(rng.randrange(len(versions) + 1), RIGHT)
        drawn = [_drawn(project, version, rng.randrange(_AUTHORS), mistaken) for version in versions]
        tests = {(text, project.asserted(one, text)) for one in drawn for text in (*project.examples, *one.beliefs)}
        true = [(text, value) for text, value in tests if project.right.values[text] == value]
        wrong = [project.version(version) for version in versions if version != RIGHT]
        if all(any(version.values[text] != value for text, value in true) for version in wrong):
            yield drawn


def _drawn(project: Project, version: int, author: int, mistaken: float) -> Drawn:
    """Return the candidate of one author: it tests what its code does right and, if it is mistaken, one thing that it does not."""
    rng = random.Random(f"{project.name} {version} {author}")
    values = project.version(version).values
    good = [text for text in project.beliefs if values[text] == project.right.values[text]]
    bad = [text for text in project.beliefs if text not in good]
    chosen = rng.sample(good, min(_BELIEFS, len(good)))
    if bad and rng.random() < mistaken:
        chosen = [*chosen[: _BELIEFS - 1], rng.choice(bad)]
    return Drawn(version, tuple(chosen))


def _right_is_chosen(shop: Workshop, known: dict[Drawn, Attempt], project: Project, drawn: Sequence[Drawn]) -> bool:
    """Let the program judge the candidates and choose."""
    made: list[Attempt] = []
    for number, one in enumerate(drawn, 1):
        if one not in known:
            known[one] = judged(shop, _attempt(shop, project, one))
        made.append(replace(known[one], number=number))
    best = best_first(made, shop.bench, shop.root, shop.journal)[0]
    return drawn[best.number - 1].version == RIGHT


def _attempt(shop: Workshop, project: Project, one: Drawn) -> Attempt:
    lines = [project.importing, ""]
    for number, text in enumerate((*project.examples, *one.beliefs)):
        if (value := project.asserted(one, text)) is not None:
            lines += ["", f"def test_candidate_{number}():", f"    assert {text} == {value}", ""]
    source = project.version(one.version).source
    return Attempt(Answer(), change_of(shop.root, {project.path: source, _OWN_TESTS: "\n".join(lines)}))


def _laid_out(wanted: Mapping[str, Any], folder: Path) -> tuple[Path, str, tuple[str, list[str]]]:
    """Return the checkout with the old version, PATH for its tests, and the right and the wrong versions."""
    if "project" in wanted:
        bench = prepare(PROJECTS / wanted["project"], folder)
        old = (bench.checkout / wanted["source"]).read_text("utf-8")
        defects = yaml.safe_load((PROJECTS / wanted["project"] / "project.yml").read_text("utf-8"))["defect"]
        right = old
        for defect in defects:
            right = right.replace(defect["after"], defect["before"])
        return bench.checkout, f"{bench.tools}:{_system_path()}", (right, _versions(right, wanted["wrong"]))
    checkout = folder / "repository"
    right = wanted["right"]
    files = {
        wanted["source"]: _versions(right, [wanted["old"]])[0],
        "test_before.py": wanted["tests"],
        ".gitignore": ".junit.xml\n__pycache__/\n",
    }
    if not (checkout / ".git").exists():
        laid_out(files, checkout)
    tools = _tools(folder.parent / "venv")
    return checkout, f"{tools}:{_system_path()}", (right, _versions(right, wanted["wrong"]))


def _tools(folder: Path) -> Path:
    if not (folder / "bin" / "pytest").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *_TOOLS], check=True)
    return folder / "bin"


def _system_path() -> str:
    return "/usr/local/bin:/usr/bin:/bin"


def _versions(right: str, changes: Sequence[Mapping[str, str]]) -> list[str]:
    versions = []
    for change in changes:
        text = right
        for old, new in change.items():
            if text.count(old) != 1:
                sys.exit(f"The text to replace does not occur exactly once: {old}")
            text = text.replace(old, new)
        versions.append(text)
    return versions


def _project(wanted: Mapping[str, Any], shop: Workshop, texts: tuple[str, list[str]]) -> Project:
    expressions = [*wanted["examples"], *wanted["beliefs"]]
    values = [_values(shop, wanted, text, expressions) for text in (texts[0], *texts[1])]
    right = Version(texts[0], values[0])
    wrong = [Version(text, value) for text, value in zip(texts[1], values[1:], strict=True) if value != values[0]]
    return Project(
        wanted["name"], wanted["source"], wanted["import"], wanted["examples"], wanted["beliefs"], right, wrong
    )


def _values(shop: Workshop, wanted: Mapping[str, Any], text: str, expressions: Sequence[str]) -> dict[str, str | None]:
    """Return the value of each expression with this version, as Python writes it; None where it raises."""
    program = f"""
import json
{wanted["import"]}
values = {{}}
for text in {expressions!r}:
    try:
        values[text] = repr(eval(text))
    except Exception:
        values[text] = None
print(json.dumps(values))
"""
    source = shop.root / wanted["source"]
    before = source.read_text("utf-8")
    source.write_text(text, encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-c", program], cwd=shop.root, capture_output=True, text=True, check=False
        )
    finally:
        source.write_text(before, encoding="utf-8")
    if done.returncode:
        return dict.fromkeys(expressions)
    values = json.loads(done.stdout)
    assert isinstance(values, dict)
    return values


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--draws", type=int, default=6, help="for each project and number of candidates")
    parser.add_argument("--mistaken", type=float, default=0.0)
    parser.add_argument("--only", default="")
    return parser.parse_args()


if __name__ == "__main__":
    main()
