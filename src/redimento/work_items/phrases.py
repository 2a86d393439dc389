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
    r"(?:(?:explicitly|what(?:.s|\s+is)|items?|scope|the\s+following\s+(?:items\s+)?(?:is|are)|o\s+que)\s+)?"
    r"(?:(?:(?:out|outside)\s+(?:of\s+)?(?:the\s+|this\s+)?|out-of-|off\s+|not\s+in\s+(?:the\s+)?)scope(?:\s+(?:items?|topics?|(?:for|of|in)\s.{0,30}))?"
    r"|not\s+(?:part\s+of|in)\s+this\b.{0,30}|not\s+(?:included|covered|planned)(?:\s+(?:in|by)\s.{0,30})?|not\s+required|oos"
    r"|non-?\s?goals?|no\s+goals|no-?go(?:e?s|als)|exclu(?:de[ds]|sions?)|won.?t\s+(?:do|have)|(?:we\s+)?will\s+not(?:\s+(?:do|have))?"
    r"|nicht\s+im\s+(?:umfang|scope)|au(?:ß|ss)erhalb\s+des\s+(?:umfangs|scopes?)|nicht\s+enthalten|nicht-?ziele|abgrenzung"
    r"|nicht\s+(?:bestand)?teil(?:\s.{0,30})?|hors[\s-]+(?:du\s+)?(?:p[eé]rim[eè]tre|scope|sujet)|exclusions"
    r"|non\s+(?:inclus|compris|couvert)e?s?|ne\s+fait\s+pas\s+partie(?:\s.{0,30})?"
    r"|fuera\s+de(?:l)?\s+alcance|no\s+(?:alcance|(?:se\s+)?incluy?(?:ido|en?))|exclusiones"
    r"|(?:est[aá]\s+)?fora\s+d[oe]\s+escopo|exclus[oõ]es(?:\s+d[oe]\s+escopo)?"
    r"|n[aã]o\s+(?:inclu(?:[ií]do|so|i)s?|contempla(?:do)?s?|faz(?:em)?\s+parte|est[aá]\s+no\s+escopo)(?:\s.{0,30})?"
    r"|fuori\s+(?:ambito|scope|perimetro)|buiten\s+(?:de\s+)?scope|poza\s+zakresem|mimo\s+rozsah|kapsam\s+d[\u0131i]ş[\u0131i]"
    r"|utanf[oö]r\s+(?:scope|omfattningen)|(?:ikke|inte)\s+i\s+scope"
    r"|(?:вне|за)\s+(?:рамок|рамками|scope|объ[её]ма)(?:\s.{0,30})?|не\s+(?:входит|в\s+рамках)(?:\s.{0,30})?"
    r"|超出(?:本次)?范围|不在(?:本次)?(?:需求)?范围(?:内|之内)?|(?:本次)?(?:需求)?范围(?:之)?外|本次不(?:做|包含|包括)|不(?:包括|包含|涉及)|不在範圍內|範圍外"
    r"|範囲外|対象外|スコープ外|やらないこと|対象としない(?:もの|こと)|범위\s*(?:외|밖)|제외(?:\s*(?:사항|범위))?"
    r"|خارج\s+(?:ال)?نطاق(?:\s.{0,30})?|خارج\s+از\s+محدوده|מחוץ\s+לתחום)"
    r"(?:\s*/\s*.{1,20})?(?:\s*\([^()\n]{0,60}\))?"
)
EXCLUDED_TITLE = re.compile(rf"{_EXCLUDED}|deferred|future\s+(?:work|scope)", re.IGNORECASE)
EXCLUDED_START = re.compile(rf"[\s*_>#]*+{_EXCLUDED}[*_]{{0,3}}\s*(?:[:;\uff1a\u2013-]|\n|$)", re.IGNORECASE)
NONE = re.compile(
    r"(?:n\s?[./\\]\s?[ad]\.?|na|n/?a\s*[-\u2013:,(].{1,60}|none|nothing|nil|null|tb[dca]|todo"
    r"|to\s+be\s+(?:defined|determined|done|added|confirmed)|not\s+applicable|no\s+acceptance\s+criteria"
    r"|(?:please\s+)?see\s+(?:the\s+)?(?:description|above)|same\s+as\s+above"
    r"|keine?|nicht\s+(?:zutreffend|anwendbar)|entf[aä]llt|k\.\s?a\.?|offen|siehe\s+(?:oben|(?:die\s+)?beschreibung)"
    r"|aucune?|n[eé]ant|sans\s+objet|non\s+applicable|[aà]\s+d[eé]finir|voir\s+(?:la\s+)?description"
    r"|ningun[oa]|no\s+aplica|(?:por|sin)\s+definir|nenhuma?|n[aã]o\s+(?:se\s+aplica|aplic[aá]vel)|a\s+definir"
    r"|ver\s+(?:a\s+|la\s+)?descri[pcç]+i?[aãoó]+[on]?|nessun[oa]?|non\s+applicabile|geen|n\.?v\.?t\.?|brak|yok"
    r"|нет|не\s+применимо|не\s+требуется|无|無|暂无|待定|没有|不适用|なし|特になし|未定|該当なし|없음|해당\s*없음|미정"
    r"|لا\s+يوجد|غير\s+متاح|[-\u2013\u2014.\u2026?/]+)"
    r"[.!]?",
    re.IGNORECASE,
)
