"""What teams write around their criteria, in the languages they write: titles, what is left out, that there are none."""

from __future__ import annotations

import re

TITLE = re.compile(
    r"(?:acceptance\s+(?:criteria|criterion|tests?)|success\s+criteria|definition\s+of\s+done|done\s+when|ac"
    r"|akzeptanzkriterien|abnahmekriterien|crit[eè]res\s+d.acceptation|criterios\s+de\s+aceptaci[oó]n"
    r"|crit[eé]rios\s+de\s+(?:aceita[cç][aã]o|aceite)|criteri\s+di\s+accettazione|acceptatiecriteria|kryteria\s+akceptacji"
    r"|критерии\s+при[её]мки|验收标准|驗收標準|受け?入れ?(?:基準|条件))",
    re.IGNORECASE,
)
_EXCLUDED = (
    r"(?:explicitly\s+)?"
    r"(?:(?:(?:out|outside)\s+of\s+(?:the\s+)?|out-of-|not\s+in\s+(?:the\s+)?)scope(?:\s+(?:items?|topics?|(?:for|of|in)\s.{0,30}))?"
    r"|not\s+part\s+of\s+this\b.{0,30}"
    r"|non-?\s?goals?|no\s+goals|not\s+included|exclu(?:ded|sions?)|won.?t\s+(?:do|have)|not\s+required|off\s+scope"
    r"|nicht\s+im\s+(?:umfang|scope)|au(?:ß|ss)erhalb\s+des\s+(?:umfangs|scopes?)|nicht\s+enthalten|nicht-?ziele|abgrenzung"
    r"|nicht\s+bestandteil(?:\s.{0,30})?|hors\s+(?:du\s+)?(?:p[eé]rim[eè]tre|scope|sujet)|non\s+inclus|exclusions"
    r"|fuera\s+de(?:l)?\s+alcance|no\s+incluido|fora\s+d[oe]\s+escopo|n[aã]o\s+inclu[ií]do|fuori\s+(?:ambito|scope|perimetro)"
    r"|buiten\s+(?:de\s+)?scope|poza\s+zakresem|вне\s+(?:рамок|scope|объ[её]ма)(?:\s.{0,30})?|не\s+входит(?:\s.{0,30})?"
    r"|超出范围|不在范围(?:内)?|范围(?:之)?外|不包括|範囲外|対象外|スコープ外|범위\s*외)"
    r"(?:\s*\([^()\n]{0,60}\))?"
)
EXCLUDED_TITLE = re.compile(_EXCLUDED, re.IGNORECASE)
EXCLUDED_START = re.compile(rf"[\s*_>#]*+{_EXCLUDED}[*_]{{0,3}}\s*(?:[:;\uff1a\u2013-]|\n|$)", re.IGNORECASE)
NONE = re.compile(
    r"(?:n\s?[./]\s?a\.?|none|nothing|nil|tb[dca]|todo|to\s+be\s+(?:defined|determined|done|added|confirmed)|not\s+applicable"
    r"|keine?|nicht\s+(?:zutreffend|anwendbar)|entf[aä]llt|k\.\s?a\.?|aucune?|n[eé]ant|sans\s+objet|ningun[oa]|no\s+aplica"
    r"|nenhuma?|n[aã]o\s+se\s+aplica|nessun[oa]?|non\s+applicabile|geen|n\.?v\.?t\.?|brak|нет|не\s+применимо"
    r"|无|無|なし|不适用|該当なし|[-\u2013\u2014.\u2026?/]+)"
    r"[.!]?",
    re.IGNORECASE,
)
