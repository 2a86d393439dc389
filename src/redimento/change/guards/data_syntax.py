"""Whether a data file is well-formed: JSON with and without comments, XML, TOML and YAML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any
from xml.parsers import expat

from redimento.change.guards.yaml_outline import yaml_error

Check = Callable[[str], str]  # from a text to its first error, "" if it has none

_JSON = ".json .ipynb .geojson .topojson .webmanifest .har .jsonld .gltf .map .avsc .arb .sarif .xcstrings .importmap"
# JSON in which comments are usual: VS Code and its kin, and names whose tools read comments (TypeScript, Babel, ESLint,
# Deno, Biome, Turborepo, Nx, Angular, API Extractor, development containers, ASP.NET Core's configuration).
_COMMENTED = """
*.jsonc *.code-workspace *.code-snippets *.sublime-* *.resjson .*.json *rc.json .babelrc .swcrc .jshintrc .hintrc
tsconfig*.json jsconfig*.json devcontainer*.json api-extractor*.json appsettings*.json launchsettings.json deno.json
biome.json turbo.json nx.json project.json angular.json workspace.json typedoc*.json tslint.json rush.json tsdoc.json
asv.conf*.json wrangler.json global.json host.json local.settings.json
"""
_XML = """
.xml .csproj .fsproj .vbproj .vcxproj .sqlproj .wixproj .shproj .projitems .proj .props .targets .pubxml .slnx .filters
.resx .resw .xaml .axaml .axml .config .svg .nuspec .ruleset .runsettings .testsettings .vsixmanifest .appxmanifest .wxs
.wxi .wxl .plist .storyboard .xib .entitlements .xsd .xsl .xslt .wsdl .xhtml .xlf .xliff .edmx .fxml .jrxml .tmx .ui .qrc
.rss .atom .gpx .kml .rdf .owl .bpmn .dita .iml .pom .manifest .settings .dtproj .dtsx .rdlc .rdl .sitemap .vsct .vstemplate
.snippet .ccproj .sfproj .dcproj .esproj .njsproj .pyproj .wapproj .natvis .cscfg .csdef .dbml .xamlx .ps1xml .dotsettings
.tld .jspx
"""
_MAYBE_XML = (
    ".config .manifest .settings .snippet .plist .props .filters .ui .proj"  # other tools use these endings, too
)
_TOML = ".toml pipfile"
_LONGEST_TOML_LINE = 20_000  # tomllib takes quadratic time for a dotted key: 250 s for one of a megabyte
_YAML = ".yml .yaml .cff"
# Whole comments, and what closes neither: an unclosed string ends with its line, an unclosed comment with the text.
_JSON_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_JSON_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|,(?=\s*+[\]}])')
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'')
# Jinja, Helm, cookiecutter and Handlebars; ERB and EJS. Quoted, they are part of a value: "Hello {{name}}".
_TEMPLATE = re.compile(r"\{\{[-~#/^>!&]?\s*[\w.$(]|\{%|<%")


def check_for(path: str, before: str | None) -> Check | None:
    """Return the check for a data file at `path`, None if its form is unknown.

    `before`: the old text, None for a new file. What it uses (comments in JSON) is allowed further on.
    """
    name = path.rpartition("/")[2].lower()
    if name.endswith(tuple(_YAML.split())):
        return _unless_template(partial(yaml_error, unique=before is None or not yaml_error(before)))
    check = _strict_check(path, name, before)
    return check if check is None or before is not None else _unless_template(check)


def _strict_check(path: str, name: str, before: str | None) -> Check | None:
    if name.endswith(tuple(_TOML.split())):
        return _toml_error
    if name.endswith(tuple(_XML.split())):
        return _maybe_xml_error if before is None and name.endswith(tuple(_MAYBE_XML.split())) else _xml_error
    if ".vscode/" in path or any(fnmatchcase(name, pattern) for pattern in _COMMENTED.split()):
        return commented_json_error
    if name.endswith(tuple(_JSON.split())):
        return json_error if before is None or not json_error(before) else commented_json_error
    return None


def _unless_template(check: Check) -> Check:
    return lambda text: "" if _TEMPLATE.search(_QUOTED.sub('""', text)) else check(text)


def json_error(text: str) -> str:
    """Return the first error of a JSON text, "" if there is none."""
    try:
        json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    except (RecursionError, ValueError):
        return "it is nested too deeply or contains a number that is too long"
    return ""


def commented_json_error(text: str) -> str:
    """Return the first error of a JSON text that may have comments and trailing commas, "" if there is none."""
    bare = _JSON_TOKEN.sub(lambda token: token[0] if token[0][0] == '"' else re.sub(r"[^\n]", " ", token[0]), text)
    return (
        json_error(_JSON_COMMA.sub(lambda token: token[0] if token[0][0] == '"' else " ", bare)) if bare.strip() else ""
    )


def _xml_error(text: str) -> str:
    # No entity is expanded and no DTD is read. The text is already decoded, so the encoding that it declares no longer holds.
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_inner_dtd
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)  # noqa: FBT003  # the end of the text
    except expat.ExpatError as error:
        return f"line {error.lineno}: {expat.ErrorString(error.code)}"
    except ValueError as error:
        return f"line {parser.CurrentLineNumber}: {error}"
    return ""


def _refuse_inner_dtd(_name: str, _system: str | None, _public: str | None, has_internal_subset: int) -> None:
    if has_internal_subset:
        raise ValueError("it declares entities or elements of its own")


def _maybe_xml_error(text: str) -> str:
    return _xml_error(text) if text.lstrip("\ufeff \t\n").startswith("<") else ""


def _toml_error(text: str) -> str:
    try:
        parse_toml(text)
    except (RecursionError, ValueError) as error:
        return str(error)
    return ""


def parse_toml(text: str) -> dict[str, Any]:
    """Parse a TOML text. Raises ValueError, or RecursionError if it is nested too deeply."""
    if any(len(line) > _LONGEST_TOML_LINE for line in text.split("\n")):
        raise ValueError(f"a line is longer than {_LONGEST_TOML_LINE} characters")
    return tomllib.loads(text)
