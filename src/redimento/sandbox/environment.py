"""Build the environment of a foreign command from an allow-list."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from redimento.errors import SettingsError
from redimento.settings.secret_names import looks_secret
from redimento.text.redaction import NO_SECRETS, Secrets

# What compilers, package managers and test runners need: paths, locale, proxies, certificates.
_ALLOWED = frozenset({
    "PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT",
    "JAVA_HOME", "M2_HOME", "MAVEN_HOME", "GRADLE_HOME", "ANDROID_HOME", "ANDROID_SDK_ROOT",
    "GOROOT", "GOPATH", "GOTOOLCHAIN", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "DOTNET_ROOT", "NVM_DIR", "NVM_BIN",
    "PYENV_ROOT", "VIRTUAL_ENV", "CONDA_PREFIX",
})  # fmt: skip
_ALLOWED_PATTERN = re.compile(r"LC_[A-Z]+|JAVA_HOME_[0-9A-Z_]+|GOROOT_[0-9A-Z_]+")
_PASSWORD_IN_URL = re.compile(r"//[^/\s@]*@")


def refuse_secret_names(names: Sequence[str]) -> None:
    """Raise SettingsError when `checks.pass_env` names a variable that looks like a secret."""
    problems = tuple(f"checks.pass_env: {name} looks like a secret." for name in names if looks_secret(name))
    if problems:
        raise SettingsError(
            f"checks.pass_env would hand secrets to code that a model wrote: {' '.join(problems)}",
            "Remove these names; give the checks a test double or a public value.",
            problems,
        )


def build_environment(
    own: Mapping[str, str],
    *,
    home: Path,
    temporary: Path,
    tree: Path,
    pass_env: Sequence[str] = (),
    secrets: Secrets = NO_SECRETS,
) -> dict[str, str]:
    """Return a command's environment: the allowed part of `own`, plus what keeps its home, git and caches separate.

    Values that reveal one of `secrets` or a URL with a password are left out, even under an allowed name. Raises
    SettingsError for a name in `pass_env` that looks like a secret.
    """
    refuse_secret_names(pass_env)
    allowed = {
        name: value
        for name, value in own.items()
        if (name in _ALLOWED or name in pass_env or _ALLOWED_PATTERN.fullmatch(name))
        and not secrets.reveals(value)
        and not _PASSWORD_IN_URL.search(value)
    }
    # rustup looks for toolchains in HOME, which is another one here. They hold no secrets (.cargo may).
    rustup = Path(own.get("HOME", "/nonexistent"), ".rustup")
    if "RUSTUP_HOME" not in allowed and os.access(rustup, os.R_OK | os.X_OK):
        allowed["RUSTUP_HOME"] = str(rustup)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **allowed,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "CI": "true",
        "TERM": "dumb",
        # Java ignores HOME and asks the system for the account's home, where Maven and Gradle keep passwords.
        "MAVEN_OPTS": f"-Duser.home={home}",
        "GRADLE_USER_HOME": str(home / ".gradle"),
        # Python compares bytecode with its source by size and mtime in whole seconds (PEP 3147): bytecode of the new
        # source could run after the old source was put back.
        "PYTHONDONTWRITEBYTECODE": "1",
        "DOTNET_NOLOGO": "1",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        **_GIT_WITHOUT_CREDENTIALS,
        # Git refuses a tree owned by another account (CVE-2022-24765) unless it is listed as safe.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": str(tree),
    }


_GIT_WITHOUT_CREDENTIALS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GCM_INTERACTIVE": "never",
}
