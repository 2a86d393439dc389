"""The forms of the tokens that large providers give out: a fixed beginning, so that nothing else looks like them.

Facts from the providers' pages on their tokens and from the tables of public scanners (gitleaks, detect-secrets, GitHub's
"Supported secret scanning patterns").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_FORMS = {
    "AWS key": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    # learn.microsoft.com, Purview: "Azure DevOps personal access token": 84 characters with AZDO near the end; before
    # 2024 it was 52 characters of base 32.
    "Azure DevOps token": r"[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}|[a-z2-7]{52}",
    # Keys with a signature near the end: storage, Batch, Cosmos DB, Event Hubs, Service Bus, Relay, IoT, Functions, ...
    "Azure key": r"[A-Za-z0-9+/]{33,76}(?:\+(?:ASt|ABa|AMC|AEh|ASb|ARm|ACR)|AIoT|ACDb|AzFu|AzSe|AzCa|APIM)[A-Za-z0-9+/]{5,7}={0,2}",
    "Azure client secret": r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}",
    "GitHub token": r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{36,255}",
    "GitLab token": r"(?:gl(?:pat|dt|cbt|ptt|ft|imt|agent|oas|rt|soat|ffct)|GR1348941)-?[A-Za-z0-9_-]{20,300}",
    "Google API key": r"AIza[\w-]{20,40}|AQ\.[\w-]{20,200}",
    "Google token": r"GOCSPX-[\w-]{28}|ya29\.[\w-]{20,500}",
    "Slack token": r"xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+",
    "webhook address": r"hooks\.slack\.com/(?:services|workflows)/[\w/+-]{30,80}"
    r"|discord(?:app)?\.com/api/webhooks/\d{15,20}/[\w-]{60,80}|webhook\.office\.com/webhookb2/[\w@/-]{80,300}",
    "Stripe key": r"(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/=]{24,100}",
    "npm token": r"npm_[A-Za-z0-9]{36}",
    "PyPI token": r"pypi-AgE[\w-]{50,1000}",
    "NuGet key": r"oy2[a-z0-9]{43}",
    "RubyGems key": r"rubygems_[0-9a-f]{48}",
    "crates.io token": r"cio[A-Za-z0-9]{32}",
    "OpenAI key": r"sk-(?:proj|svcacct|admin|None)-[\w-]{20,250}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{48}",
    "Anthropic key": r"sk-ant-[\w-]{20,250}",
    "key of a model provider": r"gsk_[A-Za-z0-9]{52}|xai-[A-Za-z0-9]{80}|pplx-[A-Za-z0-9]{48}|r8_[A-Za-z0-9]{37}|sk-or-v1-[0-9a-f]{64}",
    "Hugging Face token": r"(?:hf_|api_org_)[A-Za-z0-9]{34}",
    "SendGrid key": r"SG\.[\w-]{22}\.[\w-]{43}",
    "Twilio key": r"SK[0-9a-f]{32}",
    "Mailgun or Mailchimp key": r"key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}",
    "Telegram token": r"\d{8,10}:AA[\w-]{33}",
    "Discord token": r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,38}",
    "Databricks token": r"dapi[0-9a-f]{32}(?:-\d)?",
    "DigitalOcean token": r"do[opr]_v1_[0-9a-f]{64}",
    "Shopify token": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "Square token": r"sq0[a-z]{3}-[\w-]{22,43}|EAAA[\w-]{60}",
    "Heroku key": r"HRKU-AA[\w-]{58}",
    "Docker token": r"dckr_(?:pat|oat)_[\w-]{27,32}",
    "HashiCorp token": r"hv[sb]\.[\w-]{24,300}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}",
    "Atlassian token": r"ATATT3[\w=-]{180,250}|ATBB[A-Za-z0-9]{32}|ATCTT3[\w=-]{100,250}",
    "Grafana token": r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/=]{32,400}",
    "Sentry token": r"sntrys_eyJ[\w+/=-]{80,400}|sntryu_[0-9a-f]{64}",
    "New Relic key": r"NRAK-[A-Z0-9]{27}",
    "Postman key": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "Pulumi token": r"pul-[0-9a-f]{40}",
    "PlanetScale token": r"pscale_(?:tkn|pw|oauth)_[\w.=-]{32,64}",
    "Supabase key": r"sbp_[0-9a-f]{40}|sb_secret_[\w-]{31,40}",
    "Linear or Notion key": r"lin_api_[A-Za-z0-9]{40}|ntn_\d{11}[A-Za-z0-9]{35}",
    "Airtable token": r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
    "Figma token": r"figd_[\w-]{40,60}",
    "Artifactory key": r"AKCp[A-Za-z0-9]{69}",
    "age key": r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    "JSON web token": r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000}",
}
_ANY = re.compile(
    r"(?<![\w+/-])(?:" + "|".join(f"(?P<k{n}>{form})" for n, form in enumerate(_FORMS.values())) + r")(?![A-Za-z0-9])"
)
_KINDS = tuple(_FORMS)
_EXAMPLE = re.compile(
    r"example|placeholder|dummy|redacted|sample|change.?me|your[-_]|x{6,}|\*{3}|\.{3}|0{8,}", re.IGNORECASE
)
_FEWEST_CHARACTERS = 8  # of different kinds in a real token; the examples of manuals repeat one


def tokens(line: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) for each token in a line, without those that manuals show."""
    for found in _ANY.finditer(line):
        if not is_example(found.group()):
            yield _KINDS[int((found.lastgroup or "k0")[1:])], found.group()


def is_example(value: str) -> bool:
    """Return whether a long random value is none: it says so, repeats a few characters, or counts up."""
    counted = sum(ord(after) - ord(before) == 1 for before, after in pairwise(value))
    return len(set(value)) < _FEWEST_CHARACTERS or 4 * counted > 3 * len(value) or _EXAMPLE.search(value) is not None
