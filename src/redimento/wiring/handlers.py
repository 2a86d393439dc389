"""Who outside hears of a run: the environment says where, because these addresses are secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from redimento.azure.pipelines import variable
from redimento.events import Handler
from redimento.models import network
from redimento.run_options import RunOptions

TEAMS, SLACK, EVENTS = "REDIMENTO_TEAMS_URL", "REDIMENTO_SLACK_URL", "REDIMENTO_EVENTS_URL"
GATEWAY, COLLECTOR, FOLDER = "REDIMENTO_PUSHGATEWAY_URL", "REDIMENTO_OTLP_URL", "REDIMENTO_METRICS_FOLDER"
_ALL = (TEAMS, SLACK, EVENTS, GATEWAY, COLLECTOR, FOLDER)


def far_handlers(options: RunOptions, environment: Mapping[str, str]) -> dict[str, Handler]:
    """Return handlers by name, for all that the environment names; none for a dry run, which writes nothing elsewhere."""
    named = {name: found for name in _ALL if (found := variable(environment, name))}
    if options.dry_run or not named:
        return {}
    # These load HTTP and the library for metrics in 0.1 s, which other runs do not need.
    from redimento.telemetry import metrics, notices, otlp  # noqa: PLC0415  see above
    from redimento.telemetry.sending import Hook  # noqa: PLC0415  see above

    trusted = network.certificates(environment)
    made: dict[str, Handler] = {}
    formats: list[tuple[str, str, notices.Format]] = [
        (TEAMS, "Teams", notices.teams_card),
        (SLACK, "Slack", notices.slack_message),
        (EVENTS, "The receiver of events", notices.cloud_event),
    ]
    for name, what, form in formats:
        if name in named:
            made[what] = notices.notify(Hook(name, named[name], trusted), form)
    place = [variable(environment, name) for name in ("SYSTEM_TEAMPROJECT", "BUILD_REPOSITORY_NAME")]
    repository = "/".join(filter(None, place)) or options.repo.resolve().name
    run = variable(environment, "BUILD_BUILDID")
    exports: dict[str, metrics.Export] = {}
    if GATEWAY in named:
        exports["The Pushgateway"] = metrics.to_gateway(Hook(GATEWAY, named[GATEWAY], trusted))
    if COLLECTOR in named:
        exports["The collector of metrics"] = otlp.to_collector(Hook(COLLECTOR, named[COLLECTOR], trusted))
    if FOLDER in named:
        exports["The folder of metrics"] = metrics.to_folder(Path(named[FOLDER]))
    made |= {what: metrics.measure(repository, run, export) for what, export in exports.items()}
    return made
