"""Apply edits in order to files held in memory; nothing is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from redimento.change.beneath import BlockedError, Found
from redimento.change.document import Document, UnwritableError, decode, encode, new_document, plain, rewritten, splice
from redimento.change.edit import Delete, Edit, Refusal, Rename, Replace, Undivided, WriteWhole
from redimento.change.matching import dividing, escaping, match
from redimento.change.matching.elision import is_elision
from redimento.change.matching.fuzzy import resembles_any
from redimento.change.matching.nearest import nearest
from redimento.change.matching.placeholders import is_prose, new_placeholder
from redimento.text.encoding import NotTextError

_PLAIN = 0o100644
_MIN_LETTERS = 12  # a shorter replacement may be in a file by chance
_SAME_LINE = 0.8  # similarity from which two lines count as versions of one line
# Whatever text a model writes into a new file of these names, as a rule base64, it cannot be opened.
_BINARY = (
    ".png", ".jpg", ".jpeg", ".gif", ".ico", ".bmp", ".webp", ".avif", ".tif", ".tiff", ".psd", ".pdf", ".docx", ".xlsx", ".pptx",
    ".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".jar", ".war", ".class", ".dll", ".exe", ".so", ".dylib", ".pyc",
    ".whl", ".nupkg", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".mp3", ".mp4", ".wav", ".ogg", ".webm", ".mov", ".avi", ".sqlite",
    ".sqlite3", ".npy", ".npz", ".pkl", ".parquet", ".jks", ".pfx", ".p12", ".bin", ".wasm", ".heic", ".a", ".o", ".lib",
    ".pyd", ".mdb", ".accdb", ".der", ".svgz", ".onnx", ".gguf", ".safetensors",
)  # fmt: skip
# The first bytes of PNG, JPEG, GIF, ZIP, PDF and gzip.
_BASE64 = re.compile(r"\s*(?:iVBORw0KGgo|/9j/|R0lGOD|UEsDB|JVBERi0|H4sI)[A-Za-z0-9+/=\s]{40,}")
_MAY_BE_BASE64 = (".b64", ".base64", ".txt")


class RefusedError(Exception):
    """An edit cannot be applied; the message is a sentence, and `nearest` are the nearest lines if any."""

    def __init__(self, reason: str, nearest_lines: str = "") -> None:
        super().__init__(reason)
        self.nearest = nearest_lines


@dataclass(frozen=True)
class Applied:
    """The touched files (None: deleted), the edits that were applied, the refused ones, and what was forgiven.

    `encodings`: Python's codec for each file edited as text that is not UTF-8.
    """

    files: dict[str, Found | None]
    encodings: dict[str, str]
    edits: tuple[Edit, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


@dataclass
class _State:
    """The files after the edits so far. A file stays decoded once it was edited as text."""

    read: Callable[[str], Found | None]
    new_file: Callable[[str, str], tuple[Document, int]]
    declared: Callable[[str], str]
    files: dict[str, Found | None] = field(default_factory=dict)
    texts: dict[str, Document] = field(default_factory=dict)
    earlier: dict[str, Document] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def file(self, path: str) -> Found | None:
        if path not in self.files:
            self.files[path] = self.read(path)
        return self.files[path]

    def text(self, path: str, found: Found) -> Document:
        if path not in self.texts:
            try:
                self.texts[path] = decode(found.content, path, self.declared(path))
            except NotTextError as error:
                raise RefusedError(f"{path} is a binary file, which cannot be edited as text.") from error
            self.earlier.setdefault(path, self.texts[path])
        return self.texts[path]


def apply(
    edits: Sequence[Edit],
    read: Callable[[str], Found | None],
    new_file: Callable[[str, str], tuple[Document, int]] = lambda _, content: (new_document(content), _PLAIN),
    declared: Callable[[str], str] = lambda _: "",
) -> Applied:
    """Apply each edit to the result of the edits before it.

    `read` returns the current file and may raise BlockedError; `new_file` formats the content of a new file for its path
    and chooses its mode; `declared` returns the encoding that the settings of the repository give to a path, "" if none.
    Refused edits change nothing and are reported.
    """
    state = _State(read, new_file, declared)
    done: list[Edit] = []
    refusals: list[Refusal] = []
    for edit in edits:
        try:
            _apply_one(state, edit)
        except RefusedError as refused:
            refusals.append(Refusal(edit.path, str(refused), refused.nearest))
        except BlockedError as blocked:
            refusals.append(Refusal(edit.path, f"{edit.path} {blocked}."))
        else:
            done.append(edit)
    codecs = {path: text.encoding.codec for path, text in state.texts.items() if text.encoding.codec != "utf-8"}
    return Applied(_encoded(state, refusals), codecs, tuple(done), tuple(refusals), tuple(state.notes))


def _encoded(state: _State, refusals: list[Refusal]) -> dict[str, Found | None]:
    files = dict(state.files)
    for path, document in state.texts.items():
        found = state.files[path]
        if found is None:
            continue
        try:
            files[path] = Found(encode(document, found.content), found.mode)
        except UnwritableError as error:
            refusals.append(Refusal(path, f"{path} {error}."))
            if not found.content:  # a new file: without its text there is none
                del files[path]
    return files


def _apply_one(state: _State, edit: Edit) -> None:
    match edit:
        case Replace():
            _replace(state, edit)
        case Undivided():
            _replace(state, _divided(state, edit))
        case WriteWhole():
            _write(state, edit.path, plain(edit.content))
        case Delete():
            if state.file(edit.path) is None:
                raise RefusedError(f"{edit.path} cannot be deleted, because it does not exist.")
            state.files[edit.path] = None
            state.texts.pop(edit.path, None)
        case Rename():
            _rename(state, edit)


def _rename(state: _State, edit: Rename) -> None:
    found = state.file(edit.path)
    if found is None:
        raise RefusedError(f"{edit.path} cannot be renamed, because it does not exist.")
    if state.file(edit.new_path) is not None:
        raise RefusedError(f"{edit.path} cannot be renamed, because {edit.new_path} already exists.")
    state.files[edit.new_path], state.files[edit.path] = found, None
    for texts in (state.texts, state.earlier):
        if edit.path in texts:
            texts[edit.new_path] = texts.pop(edit.path)


def _write(state: _State, path: str, content: str) -> None:
    found = state.file(path)
    if found is None:
        if (path.lower().endswith(_BINARY) and content.strip()) or (
            not path.lower().endswith(_MAY_BE_BASE64) and _BASE64.fullmatch(content)
        ):
            raise RefusedError(f"{path} would be a binary file, which an answer cannot contain: leave it out.")
        _refuse_slips(path, "", content, "")
        state.texts[path], mode = state.new_file(path, content)
        state.files[path] = Found(b"", mode)
    else:
        document = state.text(path, found)
        _refuse_slips(path, "", content, document.text)
        state.texts[path] = rewritten(document, content)
    state.earlier[path] = state.texts[path]


def _refuse_slips(path: str, search: str, written: str, known: str) -> None:
    """Refuse a new text that leaves out code, or is escaped as in a web page."""
    line = new_placeholder(path, written, known)
    if line:
        raise RefusedError(f'The block for {path} leaves out code ("{line}"): write every line of the new code.')
    if escaping.is_escaped(path, search, written, known, prose=is_prose(path)):
        raise _escaped(path)


def _escaped(path: str) -> RefusedError:
    return RefusedError(
        f"The block for {path} is escaped (&lt; &amp; …): write the characters < > & and quotes as they are."
    )


def _divided(state: _State, edit: Undivided) -> Replace:
    """Return the reading that the file shows to be meant."""
    path = edit.path
    found = state.file(path)
    text = state.text(path, found).text if found else ""
    meant = dividing.meant(text, edit.readings, prose=is_prose(path))
    if meant is None:
        raise RefusedError(
            f"A SEARCH block for {path} has several ======= lines, and it is not clear which one divides it: write its three "
            "marks longer than any such line of the file, with nine characters or more.",
        )
    return Replace(path, *meant, everywhere=edit.everywhere)


def _replace(state: _State, edit: Replace) -> None:
    path, search, replacement = edit.path, plain(edit.search), plain(edit.replace)
    found = state.file(path)
    if not search.strip():
        if found is not None and found.content.strip():
            raise RefusedError(f"The SEARCH text for {path} is empty, but the file exists: quote the lines to replace.")
        _write(state, path, replacement)
        return
    if found is None:
        raise RefusedError(f"{path} does not exist: name an existing file, or write the whole file.")
    if _is_diff(search, replacement):
        raise RefusedError(f"The REPLACE text for {path} is a diff: write only the new lines, without diff marks.")
    document = state.text(path, found)
    if edit.everywhere:
        state.texts[path] = _replace_all(document, path, search, replacement)
        return
    places = _places(state, document, path, search, replacement)
    if any(dividing.underlines_twice(document.text, place.start, place.end, place.new) for place in places):
        raise RefusedError(
            f"A block for {path} would leave two lines under one heading: quote the heading with its underline."
        )
    state.texts[path] = splice(document, [(place.start, place.end, place.new) for place in places])


def _is_diff(search: str, replacement: str) -> bool:
    """Return whether the replacement is a diff of the search text, whose marks would get into the file."""
    new = replacement.splitlines()
    if not {line[:1] for line in new} <= {" ", "-", "+"} or not any(line.startswith(("-", "+")) for line in new):
        return False
    kept = [line[1:] for line in new if not line.startswith("+")]
    return bool(kept) and kept == search.splitlines()


def _replace_all(document: Document, path: str, search: str, replacement: str) -> Document:
    text = document.text
    places = match.everywhere(text, search, replacement)
    if places:
        return splice(document, [(place.start, place.end, place.new) for place in places])
    lines = [match.line_number(text, place) for place in match.occurrences(text, search.strip())]
    if not lines or "\n" in search.strip():
        raise _not_found(path, text, search)
    raise RefusedError(
        f"SEARCH ALL for {path} replaces whole lines only, exactly as they are in the file, and its text is only a part of lines "
        f"{', '.join(map(str, dict.fromkeys(lines)))}: write a SEARCH block for each of these lines, with the whole line and its indentation.",
    )


def _places(state: _State, document: Document, path: str, search: str, replacement: str) -> tuple[match.Place, ...]:
    """Return where the block applies, nothing if it is already applied. Raises RefusedError."""
    raw = escaping.unescaped(search)
    if raw != search and search not in document.text and match.find(document.text, raw, replacement) is not None:
        raise _escaped(path)
    outcome = match.find(document.text, search, replacement)
    if isinstance(outcome, match.Ambiguous):
        where = ", ".join(map(str, outcome.lines))
        raise RefusedError(
            f"The SEARCH text for {path} matches more than one place (lines {where}): add surrounding lines until it matches only one.",
        )
    if outcome is None:
        matched_before = match.find(state.earlier[path].text, search, replacement) is not None
        if _is_applied(document.text, search, replacement, matched_before=matched_before):
            state.notes.append(f"{path}: a block was already applied.")
            return ()
        if matched_before:
            raise _overlaps(path, document.text, search)
        raise _not_found(path, document.text, search)
    # Only an exact match may change what an earlier block wrote; a lenient one would undo it.
    earlier = state.earlier[path].text
    if any(place.rung != "exact" and document.text[place.start : place.end] not in earlier for place in outcome):
        raise _overlaps(path, document.text, search)
    if not any(is_elision(line) for line in search.split("\n")):
        _refuse_slips(path, search, replacement, document.text)
    if all(_would_repeat(document.text, place, search, replacement) for place in outcome):
        state.notes.append(f"{path}: a block was already applied.")
        return ()
    rungs = {place.rung for place in outcome} - {"exact"}
    state.notes.extend(
        f"{path}, line {match.line_number(document.text, outcome[0].start)}: matched by {rung}." for rung in rungs
    )
    return outcome


def _overlaps(path: str, text: str, search: str) -> RefusedError:
    return RefusedError(
        f"A block for {path} overlaps an earlier block that changed its lines: put both changes into one block.",
        nearest(text, search),
    )


def _not_found(path: str, text: str, search: str) -> RefusedError:
    near = nearest(text, search)
    hint = "copy the lines exactly as they are" if near else "read the file before you edit it"
    return RefusedError(f"The SEARCH text for {path} is not in the file: {hint}.", near)


def _is_applied(text: str, search: str, replacement: str, *, matched_before: bool) -> bool:
    """Return whether the text holds the replacement exactly once because the block was already applied.

    `matched_before`: the search text matched before an earlier block. Otherwise lines that the block only keeps prove
    nothing, because they were there before; nor does a single line unlike every searched one, which may belong to
    another place.
    """
    old, new = _stripped(search), _stripped(replacement)
    if sum(character.isalnum() for character in replacement) < _MIN_LETTERS:
        return False
    if not matched_before and _joined(new) in _joined(old):
        return False
    if not matched_before and len(new) == 1 and not resembles_any(new[0], old, _SAME_LINE):
        return False
    return match.occurs_once(text, replacement)


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"\n{line}\n" for line in lines)


def _would_repeat(text: str, place: match.Place, search: str, replacement: str) -> bool:
    """Return whether the lines that the block adds around its search text are already there."""
    offset = replacement.find(search)
    start, end = place.start - offset, place.start - offset + len(replacement)
    if offset < 0 or replacement.count("\n") == search.count("\n") or start < 0:
        return False
    return text.startswith(replacement, start) and (replacement.endswith("\n") or text[end : end + 1] in {"", "\n"})
