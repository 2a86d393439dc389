"""An author who knows the merged change, but edits only lines that stand in the request it answers.

`README.md` has the rules. Between requests it keeps nothing that helps it: only the number of its calls and whether it has
made its one mistake, which its flaws need.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.authoring import looking
from benchmarks.authoring.answers import FLAWS_OF_EDITS, FLAWS_OF_HEADS, Flaw, Written, marked, mutated, rendered
from benchmarks.authoring.gold import Block, Case, lines_of
from benchmarks.authoring.request import Request, read_request
from redimento.models.port import Message

_BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Call:
    """What one request held and what the oracle answered, in numbers of blocks."""

    number: int
    purpose: str
    tokens: int
    flaw: Flaw
    known: tuple[str, ...]  # paths of the change that stand in the request
    sendable: tuple[int, ...]
    sent: tuple[int, ...] = ()
    asked: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass
class Oracle:
    """The oracle of one case. `p`: share of malformed answers. `q`: share of cases whose first edits have a wrong line."""

    case: Case
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    paths: Sequence[str]
    p: float = 0.0
    q: float = 0.0
    smart: bool = False
    calls: list[Call] = field(default_factory=list)
    mutant: int | None = None
    _proposed: bool = False

    def __post_init__(self) -> None:
        self._repository = looking.Repository(frozenset(self.paths), Counter(p.rpartition("/")[2] for p in self.paths))
        self._errs = random.Random(f"{self.case.id}:q").random() < self.q

    def answer(self, system: str, messages: Sequence[Message], limit: int) -> tuple[str, bool]:
        """Return the text, and whether it was cut off at `limit` tokens."""
        request = read_request(messages)
        head, edits = self._thought(request)
        number = len(self.calls) + 1
        rng = random.Random(f"{self.case.id}:{number}:p")
        flaws = FLAWS_OF_EDITS if edits else FLAWS_OF_HEADS
        flaw: Flaw = rng.choice(flaws) if rng.random() < self.p else ""
        text = rendered(head, edits, flaw, rng)
        if edits and flaw not in FLAWS_OF_HEADS:
            self._proposed = True
        size = len(system.encode()) + sum(len(message.text.encode()) for message in messages)
        blocks = self.case.blocks
        self.calls.append(
            Call(
                number=number,
                purpose=request.purpose,
                tokens=size // _BYTES_PER_TOKEN,
                flaw=flaw,
                known=tuple(path for path in self.case.paths if looking.knows(path, request, self._repository)),
                sendable=tuple(n for n, block in enumerate(blocks) if self._sendable(block, request)),
                sent=tuple(edit.number for edit in edits),
                asked={kind: head[kind] for kind in looking.KINDS if kind in head},
            )
        )
        most = limit * _BYTES_PER_TOKEN
        return text[:most], len(text) > most

    def _thought(self, request: Request) -> tuple[dict[str, Any], list[Written]]:
        if request.purpose == "criteria":
            return self._head(request), []
        if request.failing is not None:
            return self._repaired(request, request.failing)
        wanted = [number for number, block in enumerate(self.case.blocks) if block.path not in request.kept]
        if request.cut:
            wanted = [number for number in wanted if marked(self.case.blocks[number]) not in request.said]
        sendable = [number for number in wanted if self._sendable(self.case.blocks[number], request)]
        missing = [number for number in wanted if number not in sendable]
        if missing and request.may_ask and (wishes := self._wishes(missing, sendable, request)):
            return wishes, []
        if not sendable and not request.kept and not request.cut:
            return {"questions": ["Where is the code that this is about?"]}, []
        return self._head(request), list(self._edits(sendable, request))

    def _wishes(self, missing: Sequence[int], sendable: Sequence[int], request: Request) -> dict[str, Any]:
        blocks = self.case.blocks
        return looking.wishes(
            [blocks[number] for number in missing],
            [blocks[number] for number in sendable],
            request,
            self._repository,
            self.before,
            smart=self.smart,
        )

    def _head(self, request: Request) -> dict[str, Any]:
        claims = [
            {"id": number, "status": "done", "tests": [], "note": "see the change"}
            for number in range(1, request.criteria + 1)
        ]
        return {"summary": f"Fix: {self.case.title}", "criteria": claims, "build_instructions": "", "documentation": ""}

    def _sendable(self, block: Block, request: Request) -> bool:
        if block.kind == "replace":
            return _visible(block, request) is not None
        if block.kind == "delete":
            return request.names(block.path)
        folder = self._repository.nearest_folder(block.path)
        return not folder or request.names_folder(folder)

    def _edits(self, numbers: Sequence[int], request: Request) -> Iterator[Written]:
        wrong = self._wrong(numbers)
        whole: set[str] = set()
        for number in numbers:
            block = self.case.blocks[number]
            if block.path in request.to_write_whole and block.kind == "replace" and request.shown_whole(block.path):
                if block.path not in whole:
                    whole.add(block.path)
                    yield Written(number, Block(block.path, "whole", "", self.after[block.path] or ""))
            elif number == wrong:
                yield Written(number, Block(block.path, block.kind, block.old, self._mutated(number) or block.new))
            else:
                yield Written(number, _visible(block, request) or block)

    def _wrong(self, numbers: Sequence[int]) -> int | None:
        """Return the block that gets a wrong line: one of the first edits, if this case errs."""
        if not self._errs or self._proposed:
            return None
        if self.mutant is None:
            able = [n for n in numbers if self.case.blocks[n].kind != "delete" and self._mutated(n)]
            self.mutant = random.Random(f"{self.case.id}:which").choice(able) if able else None
        return self.mutant

    def _mutated(self, number: int) -> str | None:
        return mutated(self.case.blocks[number], f"{self.case.id}:mutant")

    def _repaired(self, request: Request, failing: frozenset[int]) -> tuple[dict[str, Any], list[Written]]:
        """Mend the blocks that failures name, where the lines to replace stand in the request."""
        edits: list[Written] = []
        lost: list[int] = []
        for number in sorted(failing):
            block = self.case.blocks[number]
            if block.kind == "delete" or (block.kind == "whole" and request.names(block.path)):
                edits.append(Written(number, block))
            elif block.kind == "replace" and not request.stands_now(block.path, block.new_lines):
                old = self._replaceable(number, request)
                if old is None:
                    lost.append(number)
                else:
                    edits.append(Written(number, Block(block.path, "replace", old, block.new)))
        if lost and request.may_ask and (wishes := self._wishes(lost, [], request)):
            return wishes, []
        return self._head(request), edits

    def _replaceable(self, number: int, request: Request) -> str | None:
        """Return the lines that stand where the block belongs: the wrong ones as they are now, else the old ones."""
        block, wrong = self.case.blocks[number], self._mutated(number)
        for text in filter(None, (wrong, block.old)):
            if request.stands(block.path, lines_of(text)):
                return text
        return None


def _visible(block: Block, request: Request) -> Block | None:
    """Return the block if its old lines stand in the request, less the empty lines at its end: a fence hides those of a file."""
    for one in (block, replace(block, old=f"{block.old.rstrip()}\n", new=f"{block.new.rstrip()}\n")):
        if request.stands(block.path, one.old_lines) and _end(block.old) == _end(block.new):
            return one
    return None


def _end(text: str) -> str:
    return text[len(text.rstrip()) :]
