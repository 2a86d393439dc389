"""Secrets in added lines are refused; placeholders and existing secrets are not."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from redimento.change.edit import Replace, WriteWhole
from redimento.change.guards.line_diff import Added
from redimento.change.guards.secret_scan import secrets_in
from redimento.change.guards.token_forms import is_example
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

RANDOM = "Kx9$vTq2mWz7"
KEY = "aB3cDe9fGhIj" * 7 + "ab=="
# Concatenated, so that no scanner reports this file.
SECRETS = {
    "AWS": 'key = "AKIA' + 'QWERTYUIOPASDFGH"',
    "Google": "key = '" + "AIza" + "SyB3x0a9Qw8Zr7Tt6Yy5Uu4Ii3Oo2Pp1Aa2'",
    "GitHub": "token: ghp_" + "qWeRtYuIoPaSdFgHjKlZxCvBnM0987654321",
    "Azure DevOps": "pat = '" + "Ab1kZ" * 15 + "c" + "AZDO" + "9xYz" + "'",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
    "basic auth": "url = 'https://bob:" + "n0tV3ryG00d@host.invalid/'",
    "keyword": 'password = "' + 'c0rrecth0rseb4ttery"',
    "allowlisted": 'password = "' + 'c0rrecth0rseb4ttery"  # pragma: allow' + "list secret",
    "behind a long line": "x" * 3_000 + ' password = "' + 'c0rrecth0rseb4ttery"',
    "JWT": "t = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5ODc2NTQzMjEwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk0'",
    "SQL Server": f'var c = "Server=db;Database=shop;User Id=sa;Password={RANDOM};";',
    "a word": '"Default": "Server=tcp:x.invalid,1433;Initial Catalog=a;Pwd=Sommerzeit;"',
    "storage": f'x = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY};EndpointSuffix=core.windows.net"',
    "service bus": 'x = "Endpoint=sb://x.invalid/;SharedAccessKeyName=Root;SharedAccessKey=kZ3dEFqH1jklmnopqrsXuvwxyzABDCEFGHIJKLM5op4="',
    "SAS": 'url = "https://x.invalid/c?sv=2022-11-02&se=2030&sig=Ab3dEf%2Fgh1jklmn0pqrstuvwxyzABCDEF%3D"',
    "shared access signature": '"BlobEndpoint=https://x.invalid;SharedAccessSignature=sv=2021&sig=abdcefAB3456ghijklmnopqrstuvwxyz"',
    "libpq": f'"host=db user=sa password={RANDOM} dbname=x"',
    "JDBC": f'jdbc = "jdbc:mysql://h/db?user=x&password={RANDOM}"',
    "an attribute": '<add key="ApiKey" value="k3J9x2Lm8Qw7Rt5Z" />',
    "an element": "<password>" + "Kx9vTq2m</password>",
    "a type": f"password: str = '{RANDOM}'",
    "verbatim": 'Password = @"P@ssw0rd",',
    "a season": 'password = "Summer' + '2024!"',
    "SQL": f"CREATE LOGIN x WITH PASSWORD = '{RANDOM}'",
    "hexadecimal": '"clientSecret": "0d1f5a8f3c9b4e7a6d2c1b0a9f8e7d6c"',
    "a call": 'setPassword("' + 'c0rrecth0rse")',
    "bearer": 'headers = {"Authorization": "Bearer 3f9Kx0aLq82mZp7Tt6Yy5Uu4"}',
    "without quotes": "DB_PASSWORD=" + RANDOM,
    "Redis": f'"x.redis.cache.windows.net:6380,password={"Kx9vTq2mWz7" * 3}=,ssl=True"',
    "a short name": "SMTP_PASS=" + RANDOM,
    "a key of Azure": '"storageKey": "0d1f5a8f3c9b4e7a6d2c1b0a9f8e7d6c"',
}


@pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_refused_and_not_repeated(line: str, tmp_path: Path) -> None:
    planned = plan(tmp_path, [WriteWhole("conf.txt", f"first\n{line}\n")], ChangeSettings())
    assert planned.change.files == ()
    reasons = " ".join(refusal.reason for refusal in planned.refusals)
    assert "Line 2 of conf.txt looks like a secret" in reasons
    assert not any(part in reasons for part in line.replace("'", '"').split('"') if len(part) > 12)
    assert RANDOM not in reasons


@pytest.mark.parametrize(
    "line",
    [
        '"password": "Password is required"',
        '"password": "Passwort"',
        '"password": "Wachtwoord"',
        '"password": "密码不能少于8位"',
        '"password": "PasswordRequired"',
        "secretName: db-password-v2",
        '"passwordHint": "Min8Zeichen!"',
        '"ClientSecret": "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y/)"',
        "password: $(dbPassword)",
        "Password=%DB_PASS%;",
        '"Server=.;Password=<your password>;"',
        '"Server=(localdb)\\\\mssqllocaldb;Database=x;Trusted_Connection=True"',
        '"Server=x;Password={0};"',
        '"Host=db;Username=postgres;Password=postgres"',
        '"Server=x;Password=$(password);"',
        'token = parser.next("IDENTIFIER_2")',
        'PublicKeyToken="31bf3856ad364e35"',
        '"publicKeyToken": "31bf3856ad364e35"',
        'if text.startswith("-----BEGIN PRIVATE KEY-----"):',
        '"passwordHash": "5f4dcc3b5aa765d61d8327deb882cf99"',
        '"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="',
        '"integrity": "sha512-3x0a9Qw8Zr7Tt6Yy5Uu4Ii3Oo2Pp1Aa23x0a9Qw8Zr7Tt6Yy5Uu4Ii3Oo2Pp1Aa2gggggggggggggggggggggg=="',
        "new User { Name = n, Password = dto.Password };",
        'connect(user="x", password=pass1word)',
        "postgres://postgres:postgres@localhost/x",
        "amqp://guest:guest@rabbit",
        "https://user:${PASS}@host",
        '"secret": "kv-prod-app-secret-01"',
        '"SecretName": "Sql--Password2"',
        'const TOKEN_TYPE = "BearerToken2"',
        '[Required(ErrorMessage = "Password1")]',
        'password.addEventListener("click2x")',
        'tokenUrl: "https://login.x/oauth2/v2.0/token"',
        '"tokenEndpoint": "/connect/token2x"',
        '<label for="password">Pass2word</label>',
        '"Password": "^(?=.*[A-Z])(?=.*\\\\d).{8,}$"',
        'password=os.environ["X1"]',
        'key: "0d1f5a8f3c9b4e7a6d2c1b0a9f8e7d6c5b4a3f2e"',
        '"password_reset": "errors.password.min8"',
        'passwordInput = page.locator("#pwd1-field")',
        'input(type="password", "form-control2")',
        "DB_PASSWORD: ${DB_PASSWORD:-x1y2z3}",
        '"token": "eyJ..."',
        'getSecret("Db-Password-2")',
        'secret = client.get_secret("MyAppDbPassword1")',
        'services.AddX(o => o.ApiKey = config["Keys:Api2"]);',
        'api_key = "AZURE_OPENAI_KEY_2"',
        '"apiKey": "{{apiKey1}}"',
        'password: "Mot de passe"',
        'Configuration["ConnectionStrings:Default1"]',
        'password = "changeme"',
        'api_key = "<your-api-key>"',
        'password: "${DB_PASSWORD}"',
        'secret = os.environ["SECRET"]',
        'key = "AKIA' + 'IOSFODNN7EXAMPLE"',
        "url = 'https://user:password@host.invalid/'",
        'password = getpass("Password: ")',
        "integrity sha512-3x0a9Qw8Zr7Tt6Yy5Uu4Ii3Oo2Pp1Aa2==",
        'commit = "0d1f5a8f3c9b4e7a6d2c1b0a9f8e7d6c5b4a3f2e"',
        "const password = process.env.PASSWORD",
        "secrets: [db_password]",
        '"passenger": "Kx9vTq2mWz7Kx9"',
        "connect(host,password=pw1x2y3)",
    ],
)
def test_placeholders_labels_and_names_pass(line: str) -> None:
    for path in ("conf.txt", "de.json", "a.cs", "values.yml"):
        assert list(secrets_in(path, [Added(1, line)])) == []


def test_a_password_in_a_test_passes_but_a_token_does_not(tmp_path: Path) -> None:
    assert (
        plan(tmp_path, [WriteWhole("tests/test_login.txt", SECRETS["keyword"] + "\n")], ChangeSettings()).refusals == ()
    )
    assert plan(tmp_path, [WriteWhole("tests/test_login.txt", SECRETS["AWS"] + "\n")], ChangeSettings()).refusals


def test_an_existing_secret_does_not_stop_an_edit(tmp_path: Path) -> None:
    (tmp_path / "conf.txt").write_text(f"a = 1\n{SECRETS['keyword']}\n")
    edits = [Replace("conf.txt", f"a = 1\n{SECRETS['keyword']}\n", f"{SECRETS['keyword']}\na = 2\n")]
    assert plan(tmp_path, edits, ChangeSettings()).refusals == ()


def test_a_private_key_counts_with_its_body_only() -> None:
    begin, body = "-----BEGIN PRIVATE " + "KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"

    def lines(*texts: str) -> list[tuple[int, str]]:
        return list(secrets_in("a.pem", [Added(number, text) for number, text in enumerate(texts, 1)]))

    assert lines(begin, body, body) == [(2, "private key")]
    assert lines(f'key = "{begin}', "Proc-Type: 4,ENCRYPTED", "", f'"{body}"') == [(4, "private key")]
    assert lines(f'if text.startswith("{begin}"):', "    return True") == []


def test_a_kind_of_secret_is_said_once_for_a_file(tmp_path: Path) -> None:
    text = "".join(f"token_{n}: ghp_{n}" + "qWeRtYuIoPaSdFgHjKlZxCvBnM098765432\n" for n in range(9))
    (refusal,) = plan(tmp_path, [WriteWhole("conf.txt", text)], ChangeSettings()).refusals
    assert "Line 1 (and 8 more lines) of conf.txt looks like a secret (GitHub token)" in refusal.reason


LETTERS = string.ascii_letters + string.digits
TOKENS = [
    ("AKIA", 16, string.ascii_uppercase), ("ghp_", 36, LETTERS), ("github" + "_pat_", 82, LETTERS), ("glpat-", 20, LETTERS),
    ("AIza", 35, LETTERS), ("GOCSPX-", 28, LETTERS), ("xoxb-", 40, LETTERS), ("sk_live_", 24, LETTERS), ("npm_", 36, LETTERS),
    ("pypi-AgEIcHlwaS5vcmc", 60, LETTERS), ("sk-proj-", 48, LETTERS), ("sk-ant-", 90, LETTERS), ("hf_", 34, LETTERS),
    ("dapi", 32, "0123456789abcdef"), ("dop_v1_", 64, "0123456789abcdef"), ("shpat_", 32, "0123456789abcdef"), ("SK", 32, "0123456789abcdef"),
    ("110201543:AA", 33, LETTERS), ("", 52, string.ascii_lowercase + "234567"), ("hvs.", 24, LETTERS), ("abc8Q~", 32, LETTERS),
]  # fmt: skip
CONTEXTS = [
    "{}", 'x = "{}"', "x = '{}'", "call(`{}`)", "KEY={}", "key: {}", '"key": "{}",', "<key>{}</key>", "https://x.invalid/?key={}&a=b",
    "-H 'Authorization: token {}'", '  - "{}"', "id = get('{}')", "// {}", "curl -u a:{} x", '["{}"]', "key={};", "a,{},b",
]  # fmt: skip


@given(st.sampled_from(TOKENS), st.sampled_from(CONTEXTS), st.data())
def test_a_token_is_found_in_every_context(token: tuple[str, int, str], context: str, data: st.DataObject) -> None:
    prefix, length, letters = token
    tail = "".join(data.draw(st.lists(st.sampled_from(letters), min_size=length, max_size=length)))
    assume(not is_example(prefix + tail))
    for path in ("a.py", "tests/test_a.py", "a.json"):
        assert [number for number, _ in secrets_in(path, [Added(3, context.format(prefix + tail))])]


@given(st.sampled_from(["password", "Passwort", "apiKey", "token", "secret"]), st.text(min_size=1, max_size=60))
def test_a_text_of_words_is_no_secret(word: str, text: str) -> None:
    words = " ".join(re.findall(r"[^\W\d_]+", text)) or "x"
    assert list(secrets_in("de.json", [Added(1, f'"{word}": "{words}"')])) == []
