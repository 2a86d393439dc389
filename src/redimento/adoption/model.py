"""Look at the way to the model: its name, the sign-in hop by hop, and whether the service would take a call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from redimento.adoption.finding import Finding, Topic, problem, unknown
from redimento.azure.pipelines import in_pipeline, variable
from redimento.errors import RedimentoError
from redimento.models import lifetimes, network, prices
from redimento.models.access import Access, Identity
from redimento.models.port import Message, ModelError, ModelRequest
from redimento.models.service import ServiceModel
from redimento.settings import ModelSettings
from redimento.wiring.service import open_service
from redimento.wiring.site import Site

_TOPIC: Topic = "model"
_SECONDS = 30.0
_CALL_SECONDS = 120.0
_MOST_TOKENS = 1024  # thinking included: about a cent at most
_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_MACRO = re.compile(r"\s*\$\([^)]*\)\s*")


def examine_model(site: Site, today: date, *, call: bool) -> Iterator[Finding]:
    """Yield what stands between this job and an answer. `call`: ask the model for a word, which costs up to a cent."""
    settings = site.settings.model
    if settings.sdk == "recorded":
        yield Finding(_TOPIC, "name", "note", "A recording answers in place of a model (model.sdk: recorded).")
        return
    yield from _name(settings, today)
    try:
        found, model = open_service(site)
    except RedimentoError as error:
        if variable(site.environment, "REDIMENTO_PART") == "collect":
            yield unknown(_TOPIC, "sign-in", "This job has no sign-in, as only the job author asks the model.")
            return
        yield problem(_TOPIC, "sign-in", error)
        yield from _why_no_key(site.environment)
        yield unknown(_TOPIC, "service", "Whether the model can be called was not found out, as there is no sign-in.")
        return
    yield from _sign_in(site, found, model, call=call)


def _name(settings: ModelSettings, today: date) -> Iterator[Finding]:
    if warning := lifetimes.warning(settings.name, today):
        yield Finding(_TOPIC, "name", "note", warning, "Set model.name to another.")
    else:
        ending = lifetimes.ending(settings.name)
        until = f" It ends on {ending.on}." if ending else " No end of it is announced."
        yield Finding(_TOPIC, "name", "ok", f"The model is {settings.name}.{until}")
    try:
        prices.price_of(settings)
    except RedimentoError as error:
        yield problem(_TOPIC, "price", error)


def _why_no_key(environment: Mapping[str, str]) -> Iterator[Finding]:
    for name in _KEYS:
        value = environment.get(name, "")
        if _MACRO.fullmatch(value):
            yield Finding(
                _TOPIC,
                name,
                "note",
                f"{name} is an unexpanded macro: the job has no variable of that name.",
                "Link the variable group to the pipeline and allow the pipeline to use it, or define the secret there.",
            )
        elif name in environment and not value.strip() and in_pipeline(environment):
            forked = variable(environment, "SYSTEM_PULLREQUEST_ISFORK").lower() == "true"
            why = "a build of a fork gets no secrets" if forked else "the variable has no value"
            yield Finding(
                _TOPIC, name, "note", f"{name} is empty: {why}.", "Give it a value, or sign in without a key."
            )


def _sign_in(site: Site, found: Access, model: ServiceModel, *, call: bool) -> Iterator[Finding]:
    if found.identity:
        hops = [*_hops(site, found.identity)]
        yield from hops
        if any(hop.severity != "ok" for hop in hops):
            yield unknown(_TOPIC, "service", "Whether the model can be called was not found out: there is no token.")
            return
    else:
        yield Finding(_TOPIC, "sign-in", "ok", "There is one way to sign in: a key.")
    where = f"{model.name} at {found.host}"
    try:
        model.reach(_SECONDS)
    except ModelError as error:
        yield problem(_TOPIC, "service", error)
        return
    yield Finding(_TOPIC, "service", "ok", f"{where} takes calls from here (asked to count a word, which is free).")
    if call:
        yield _call(model, where, site.settings.model)


def _hops(site: Site, identity: Identity) -> Iterator[Finding]:
    """Walk from the job's token to Google's; each hop stands on a line of its own."""
    from redimento.models.bounded import BoundedClient  # noqa: PLC0415  needs httpx2, which comes with the SDK
    from redimento.models.keyless import SignIn  # noqa: PLC0415  see above

    sign_in = SignIn(identity, BoundedClient(network.certificates(site.environment)), _SECONDS, site.issued)
    before, failure = len(site.issued), None
    try:
        sign_in.walk()
    except ModelError as error:
        failure = error
    passed = len(site.issued) - before
    for number, hop in enumerate(sign_in.hops):
        name = f"sign-in {number + 1}: {hop.who}"
        if number < passed:
            yield Finding(_TOPIC, name, "ok", f"{hop.who} gave {hop.what}.")
        elif number == passed and failure is not None:
            yield problem(_TOPIC, name, failure)
        else:
            yield unknown(_TOPIC, name, f"{hop.who} was not asked for {hop.what}.")


def _call(model: ServiceModel, where: str, settings: ModelSettings) -> Finding:
    asked = (Message("user", "Answer with one word: ready"),)
    request = ModelRequest("doctor", "", asked, _MOST_TOKENS, settings.thinking, _CALL_SECONDS)
    try:
        reply = model.answer(request)
    except ModelError as error:
        return problem(_TOPIC, "call", error)
    return Finding(_TOPIC, "call", "ok", f"{where} answered within {reply.seconds:.1f} s.")
