"""Find secrets in added lines: tokens by their form, passwords and keys by the words before them, private keys.

A value counts, not its label: "password": "Password is required" is a message, and `secretName: db-password` a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from redimento.change.guards.line_diff import Added
from redimento.change.guards.token_forms import is_example, tokens

_TESTS = re.compile(
    r"(?:^|[/._-])(?:tests?|specs?|__tests__|fixtures?|mocks?|testdata|samples?|e2e|cypress|cy)(?:[/._-]|$)|Tests?\.\w+$",
    re.IGNORECASE,
)
# In these files a value needs no quotes. In code, an unquoted word is a name.
_BARE_VALUES = (
    ".env", ".properties", ".ini", ".cfg", ".conf", ".yml", ".yaml", ".toml", ".tfvars", ".sh", ".bash", ".ps1", ".bat", ".cmd", ".txt",
)  # fmt: skip
_WORD = (
    r"(?P<word>password|passwd|passphrase|passwort|pwd|secret|api[_-]?key|token|access[_-]?key|account[_-]?key|"
    r"(?:private|auth|encryption|signing|shared|subscription|storage|master|session|license|functions?|host)[_-]?key|credentials?|"
    r"(?<![a-z])pass(?![a-z]))(?P<rest>[\w-]{0,40})"
)
# What may stand between a name and its value: `: `, ` = `, ` => `, `(`, `>`, `" value="`, `: str = `, a space in SQL.
_QUOTED_VALUE = re.compile(
    _WORD
    + r"[\"'`\])]{0,2}(?:\s{0,9}:\s{0,3}\w{1,20})?(?:\s{0,20}(?::=|=>|={1,3}|[:(])\s{0,20}|\s{1,3}(?:BY\s)?(?:value\s{0,3}=\s{0,3})?)"
    r"(?:@|\$|[bBfFuUrR]{1,2})?(?P<quote>[\"'`])(?P<value>[^\"'`\s]{6,300})(?P=quote)",
    re.IGNORECASE,
)
_ELEMENT_VALUE = re.compile(_WORD + r">(?P<value>[^<>\s]{6,300})</", re.IGNORECASE)
_BARE_VALUE = re.compile(
    r"^[\s-]{0,80}(?:export\s|set\s|\$env:)?[\w.-]{0,60}?"
    + _WORD
    + r"(?:\s{0,3}[:=]\s{0,3})(?P<value>[^\s\"'`,;]{6,300})\s{0,20}(?:#.*)?$",
    re.IGNORECASE,
)
# `;Password=…` in a connection string, `&password=…` in an address, `user=… password=…` for libpq, `host:6380,password=…`
# for StackExchange.Redis.
_CONNECTION = re.compile(
    r"(?:[;\"'`?&]|=[^\s=;,\"']{1,100}\s|:\d{2,5},)\s{0,3}(?:password|pwd|pass)\s{0,3}=\s{0,3}(?:&quot;|[\"'\\]{1,2})?(?P<value>[^;&\"'`\s\\)]{4,300})",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?P<kind>AccountKey|SharedAccessKey|SharedSecretValue|SharedAccessSignature|[?&;\"'](?:sig|X-Amz-Signature|X-Goog-Signature))\s{0,3}=\s{0,3}(?P<value>(?:s[a-z]=[^;\"'`\s<>]{8})?[\w%+/=&.:-]{32,2000})",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"://(?P<user>[^\s/:@\"'`<>\[\]]{0,80}):(?P<value>[^\s/:@\"'`<>\[\]]{3,200})@(?=[\w.\[-])")
_HEADER = re.compile(r"\b(?:Bearer|Basic)\s{1,3}(?P<value>[\w.~+/-]{20,2000}={0,2})")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?P<inside>.*)")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/]{32}")
_KEY_LINES = 6  # after the first one, that may be comments or headers

_PLACEHOLDER = re.compile(
    r"example|placeholder|change.?me|change.?it|dummy|fake|sample|your|my.?secret|redacted|replace|insert|todo|"
    r"x{4,}|\*{3,}|\.{3}|0{6,}|1234|<[^>]*>|\$\{|\{\{|%\(|#\{|test|secret|pass(?:word|wd)?\d?$|none|null|undefined",
    re.IGNORECASE,
)
# Read from elsewhere: ${X} $X $(X) %X% {0} {name} @Microsoft.KeyVault(…) #{X}# <X> env:X op://… vault:… !Ref ENC[…]
_REFERENCE = re.compile(
    r"[$%<{@!~/.\[]|#\{|env[:.]|op:|vault:|ref\+|secretref:|keyvault:|arn:|projects/|ENC[\[(]|\w+://|[\w.]+[\[(]|(?:process|os|System|Environment|config(?:uration)?|settings|secrets|vars|self|this)\.",
    re.IGNORECASE,
)
_PATTERN = re.compile(r"\(\?|\.\*|\[[A-Za-z0-9^\\]-|\\[dws]|\{\d+,|%[sd@]|\{\d?\}|\{\w+\}|\$\(|\$\{|%\w+%")
_HASH_OR_ID = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d[\d.,:/-]*|(?:sha\d+|md5)[-:=].*|0x[0-9a-f]+", re.IGNORECASE
)
_CODE = re.compile(r"[(){};,]")
_MOST_CODE = 2
_NAME_PART = re.compile(r"[^\W\d_]*\d{0,4}")
_NAME_JOINTS = re.compile(r"[-_./:\\@,+=|~ ]+")
_LABEL = re.compile(
    r"name|(?:^|[_-])id|Id$|hash|ur[li]|path|file|folder|field|label|hint|placeholder|message|error|regex|pattern|policy|type|length|"
    r"env|var|ref|param|prefix|suffix|header|scope|count|limit|expir|ttl|format|title|text|help|desc|input|selector|column|"
    r"algorithm|digest|checksum|version|index|kind|class|store|provider|rule|valid|min|max|icon|link|page|route|screen|view|"
    r"public|cancel|next|csrf|xsrf|start|end|syntax|lexer|i18n|locale",
    re.IGNORECASE,
)
_LABEL_BEFORE = re.compile(
    r"(?:public(?:[_-]?key)?|hash(?:ed)?|next|page|cancel(?:lation)?|csrf|xsrf|min|max|continuation|sync)[_-]?$|"
    r"\b(?:get|read|fetch|find|load|delete|remove|has|contains|is|list|validate|check|resolve)[a-z_]{0,20}$",
    re.IGNORECASE,
)
_SHORTEST = {"password": 6, "passwd": 6, "passphrase": 6, "passwort": 6, "pwd": 6, "pass": 6}
_SHORTEST_OTHER = 12
# What images and databases are delivered with.
_DEFAULTS = "postgres root guest admin sa mysql mongo mariadb rabbitmq minioadmin redis user pwd pass"
# The keys of Microsoft's emulators are the same everywhere (learn.microsoft.com, "Use the Azurite emulator", "Cosmos DB emulator").
_EMULATORS = ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq", "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw")  # fmt: skip

_Found = Iterator[tuple[str, str]]


def secrets_in(path: str, lines: Sequence[Added], known: str = "") -> Iterator[tuple[int, str]]:
    """Yield (line number, kind of secret) for what looks like a real secret, never the secret itself.

    A secret that is already in `known`, the old text of the file, is not reported. In tests, a password is part of the
    test; a token is one also there.
    """
    old: set[str] | None = None
    for number, kind, value in _all_found(path, lines):
        if old is None:
            texts = [Added(number, text) for number, text in enumerate(known.split("\n"), 1)]
            old = {value for _, _, value in _all_found(path, texts)}
        if value not in old:
            yield number, kind


def _all_found(path: str, lines: Iterable[Added]) -> Iterator[tuple[int, str, str]]:
    in_key = 0  # lines in which the key has to begin
    for line in lines:
        yield from ((line.number, kind, value) for kind, value in _found(path, line.text))
        block = _KEY_BLOCK.search(line.text)
        in_key = _KEY_LINES if block else in_key - 1
        if in_key > 0 and (body := _KEY_BODY.search(block["inside"] if block else line.text)):
            yield line.number, "private key", body.group()
            in_key = 0


def _found(path: str, line: str) -> _Found:
    known = list(tokens(line))
    yield from known
    others = [*_signed(line), *(() if _TESTS.search(path) else _passwords(path, line))]
    yield from (other for other in others if not any(value in other[1] or other[1] in value for _, value in known))


def _signed(line: str) -> _Found:
    for found in _SIGNED.finditer(line):
        value = found["value"]
        if not _REFERENCE.match(value) and not is_example(value) and not value.startswith(_EMULATORS):
            is_signature = found["kind"].lower().endswith(("sig", "signature"))
            yield "signature" if is_signature else "account key", value
    for found in _HEADER.finditer(line):
        if _is_random(found["value"]):
            yield "authorization header", found["value"]


def _passwords(path: str, line: str) -> _Found:
    for found in _ADDRESS.finditer(line):
        if found["value"] not in {*_DEFAULTS.split(), found["user"]} and not _is_placeholder(found["value"]):
            yield "password in an address", found["value"]
    for found in _CONNECTION.finditer(line):
        if (
            found["value"].lower() not in _DEFAULTS.split()
            and not _is_placeholder(found["value"])
            and not _is_expression(found["value"])
        ):
            yield "password in a connection string", found["value"]
    forms = [_QUOTED_VALUE, _ELEMENT_VALUE, *([_BARE_VALUE] if path.lower().endswith(_BARE_VALUES) else [])]
    for form in forms:
        for found in form.finditer(line):
            word, value = found["word"].lower(), found["value"]
            is_label = _LABEL.search(found["rest"]) or _LABEL_BEFORE.search(
                line[max(0, found.start("word") - 24) : found.start("word")]
            )
            if not is_label and len(value) >= _SHORTEST.get(word, _SHORTEST_OTHER) and _is_random(value):
                yield f"value of {word}", value


def _is_placeholder(value: str) -> bool:
    return bool(_PLACEHOLDER.search(value) or _REFERENCE.match(value) or _PATTERN.search(value))


def _is_expression(value: str) -> bool:
    """Return whether a value is code rather than text: `dto.Password`, `read()`."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[\w.]+\(.*", value))


def _is_random(value: str) -> bool:
    """Return whether a value was made up to be hard to guess: no words, no name of something, no hash.

    Letters of other scripts belong to people's texts.
    """
    if (
        not value.isascii()
        or _is_placeholder(value)
        or _HASH_OR_ID.fullmatch(value)
        or len(_CODE.findall(value)) > _MOST_CODE
    ):
        return False
    parts = [part for part in _NAME_JOINTS.split(value) if any(map(str.isalnum, part))]
    return not parts[0].isalpha() if len(parts) == 1 else not all(map(_NAME_PART.fullmatch, parts))
