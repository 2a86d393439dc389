"""Measure start-up, and whole runs with a model that answers immediately: time, processor, memory, and imports.

python -m benchmarks.run.measure [--files N ...] [--repeat N] [--only start|recorded|google-genai]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from benchmarks.run.organisation import ITEM, Organisation, commit_all, organised
from benchmarks.run.processes import Cost, measure
from tests.models.gemini_server import GeminiServer, text

REDIMENTO = (sys.executable, "-m", "redimento")
STORY = {
    "System.Title": "The calculator adds",
    "System.Description": "<div>Two numbers are <b>subtracted</b> by <code>calc.add</code>. It should add them.</div>",
    "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>add(1, 1) is 2</li></ul>",
}
ANSWER = """```json
{"summary": "add() adds.", "criteria": [{"id": 1, "status": "done", "tests": [], "note": "calc.py"}]}
```
```python
calc.py
<<<<<<< SEARCH
    return a - b
=======
    return a + b
>>>>>>> REPLACE
```
"""
# The check does nothing: this measures us, not a team's test suite.
SETTINGS = {"checks": {"isolation": "process", "commands": [{"name": "nothing", "run": "true"}]}}
_WORDS = """
    account address basket buyer cancel carrier cart catalogue change charge code cost count country credit currency
    customer date delivery discount draft due entry export fee file filter fit gift group handle image import index
    invoice item label ledger limit line list load location mail margin match method model name note number offer
    order package page parcel part partner payment person phase plan point policy price print product profile quota
    rate reader receipt record refund region report request reserve return review role row rule sale sample schedule
    search section seller session share ship size source stage state stock store sum supplier table tax team term
    text ticket total track trade transfer type unit update user value vendor version visit voucher weight window zone
""".split()  # noqa: SIM905  easier to read than a list of quoted words


def main() -> None:
    """Print one line per measurement, medians of all repetitions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[20, 5_000], help="sizes of the repository")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", choices=("start", "recorded", "google-genai"))
    options = parser.parse_args()
    print(f"{'':34}{'wall s':>8}{'processor s':>13}{'imports s':>11}{'own MB':>9}{'child MB':>10}")
    with tempfile.TemporaryDirectory(prefix="redimento-measure-") as folder:
        if options.only in {None, "start"}:
            _start(Path(folder) / "start", options.repeat)
        for files in options.files:
            for sdk in ("recorded", "google-genai"):
                if options.only in {None, sdk}:
                    _runs(Path(folder) / f"{sdk}-{files}", sdk, files, options.repeat)


def _start(folder: Path, repeat: int) -> None:
    folder.mkdir()
    (folder / ".redimento.yml").write_text(json.dumps(SETTINGS))
    for words in (("--help",), ("config", "validate", "--repo", str(folder))):
        _print(f"redimento {' '.join(words[:2])}", repeat, lambda _, words=words: (words, {}))  # type: ignore[misc]


def _runs(folder: Path, sdk: str, files: int, repeat: int) -> None:
    """Measure runs of one model in a new organisation."""
    origin = folder / "origin"
    write_repository(origin, files)
    recording, config = folder / "answer.md", folder / "settings.yml"
    recording.write_text(ANSWER)
    model = {"sdk": sdk, "recording": str(recording)} if sdk == "recorded" else {"sdk": sdk}
    config.write_text(json.dumps({**SETTINGS, "model": model}))
    with GeminiServer(text(ANSWER)) if sdk == "google-genai" else nullcontext() as gemini:
        key = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": gemini.url} if gemini else {}
        with organised(folder, origin, STORY) as organisation:

            def job(number: int) -> tuple[Sequence[str], dict[str, str]]:
                return _job(organisation, f"job-{number}", config), organisation.environment(f"job-{number}", **key)

            _print(f"run, {sdk}, {files:,} files", repeat, job)


def _job(organisation: Organisation, name: str, config: Path) -> Sequence[str]:
    checkout = organisation.checkout(name)
    # Each job has its own branch: the second would find the work of the first.
    settings = json.loads(config.read_text())
    own = config.with_name(f"{name}.yml")
    own.write_text(json.dumps({**settings, "pull_request": {"branch": f"{name}/{{id}}-{{slug}}"}}))
    return ("run", "--work-item", ITEM, "--repo", str(checkout), "--config", str(own), "--json")


def _print(name: str, repeat: int, job: Callable[[int], tuple[Sequence[str], dict[str, str]]]) -> None:
    """Measure `repeat` plain runs, and as many with -X importtime for the time of the imports."""
    plain: list[Cost] = []
    imports: list[float] = []
    for number in range(2 * repeat):
        words, environment = job(number)
        importing = number % 2 == 1
        program = (REDIMENTO[0], "-X", "importtime", *REDIMENTO[1:]) if importing else REDIMENTO
        cost = measure([*program, *words], environment)
        if words[0] == "run" and json.loads(cost.output)["outcome"] != "delivered":
            raise SystemExit(f"The run did not deliver: {cost.output}")
        if importing:
            imports.append(cost.imports)
        else:
            plain.append(cost)
    wall, processor, own, child = (
        statistics.median(getattr(cost, part) for cost in plain)
        for part in ("wall", "processor", "own_peak", "child_peak")
    )
    print(f"{name:34}{wall:8.2f}{processor:13.2f}{statistics.median(imports):11.2f}{own:9.0f}{child:10.0f}", flush=True)


def write_repository(folder: Path, files: int) -> None:
    """Write a git repository of `files` files: modules of 40 to 80 lines in packages of 25, and one with a mistake."""
    chance = random.Random(files)
    folder.mkdir(parents=True)
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    for number in range(files - 1):
        package = folder / "src" / f"{_WORDS[number // 25 % len(_WORDS)]}_{number // 25}"
        package.mkdir(parents=True, exist_ok=True)
        name = "_".join(chance.sample(_WORDS, 2))
        (package / f"{name}_{number}.py").write_text(_module(chance))
    commit_all(folder)


def _module(chance: random.Random) -> str:
    lines = [f'"""{" ".join(chance.sample(_WORDS, 8)).capitalize()}."""', "", "import json", ""]
    for _ in range(chance.randint(2, 4)):
        noun, *parts = chance.sample(_WORDS, 6)
        lines += ["", f"class {noun.title()}{parts[0].title()}:"]
        for verb in parts:
            one, two, three = chance.sample(_WORDS, 3)
            lines += [
                f"    def {verb}_{one}(self, {two}, {three}):",
                f'        """Return the {verb} of the {one}."""',
                f"        return json.dumps([self.{verb}, {two}, {three}])",
                "",
            ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
