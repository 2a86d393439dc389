"""Secrets in added lines are refused; placeholders and existing secrets are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from redimento.change.edit import Replace, WriteWhole
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

# Concatenated, so that no scanner reports this file.
SECRETS = {
    "AWS": 'key = "AKIA' + 'QWERTYUIOPASDFGH"',
    "Google": "key = '" + "AIza" + "SyB3x0a9Qw8Zr7Tt6Yy5Uu4Ii3Oo2Pp1Aa2'",
    "GitHub": "token: ghp_" + "qWeRtYuIoPaSdFgHjKlZxCvBnM0987654321",
    "Azure DevOps": "pat = '" + "Ab1" * 25 + "c" + "AZDO" + "9xYz" + "'",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "basic auth": "url = 'https://bob:" + "n0tV3ryG00d@host.invalid/'",
    "keyword": 'password = "' + 'c0rrecth0rseb4ttery"',
    "allowlisted": 'password = "' + 'c0rrecth0rseb4ttery"  # pragma: allow' + "list secret",
    "behind a long line": "x" * 3_000 + ' password = "' + 'c0rrecth0rseb4ttery"',
    "JWT": "t = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI5ODc2NTQzMjEwIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk0'",
}


@pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_refused_and_not_repeated(line: str, tmp_path: Path) -> None:
    planned = plan(tmp_path, [WriteWhole("conf.txt", f"first\n{line}\n")], ChangeSettings())
    assert planned.change.files == ()
    reasons = " ".join(refusal.reason for refusal in planned.refusals)
    assert "Line 2 of conf.txt looks like a secret" in reasons
    assert not any(part in reasons for part in line.replace("'", '"').split('"') if len(part) > 12)


@pytest.mark.parametrize(
    "line",
    [
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
    ],
)
def test_placeholders_and_ordinary_values_pass(line: str, tmp_path: Path) -> None:
    assert plan(tmp_path, [WriteWhole("conf.txt", f"{line}\n")], ChangeSettings()).refusals == ()


def test_a_password_in_a_test_passes_but_a_token_does_not(tmp_path: Path) -> None:
    assert (
        plan(tmp_path, [WriteWhole("tests/test_login.txt", SECRETS["keyword"] + "\n")], ChangeSettings()).refusals == ()
    )
    assert plan(tmp_path, [WriteWhole("tests/test_login.txt", SECRETS["AWS"] + "\n")], ChangeSettings()).refusals


def test_an_existing_secret_does_not_stop_an_edit(tmp_path: Path) -> None:
    (tmp_path / "conf.txt").write_text(f"a = 1\n{SECRETS['keyword']}\n")
    edits = [Replace("conf.txt", f"a = 1\n{SECRETS['keyword']}\n", f"{SECRETS['keyword']}\na = 2\n")]
    assert plan(tmp_path, edits, ChangeSettings()).refusals == ()
