"""`spec-kitty tracker …`: which tracker a project is bound to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from specify_cli.cli.acting import notices
from specify_cli.cli.asking import can_ask, chosen, confirmed
from specify_cli.cli.output import Reply, safe, say, style
from specify_cli.cli.text import clipped, table
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused, UsageError
from specify_cli.kernel.text import plural
from specify_cli.sync.project_identity import repo_slug_notice
from specify_cli.tracker import service
from specify_cli.tracker.config import (
    LOCAL_PROVIDERS,
    SAAS_PROVIDERS,
    TICKET_PROVIDERS,
    TrackerProjectConfig,
    config_path,
    load_tracker_config,
    provider_named,
)
from specify_cli.tracker.local_service import LocalTrackerService
from specify_cli.tracker.saas_service import Candidate, Resolution, SaaSTrackerService

# What the keys of a local tracker's status are called for people.
_LABELS = {
    "doctrine_mode": "whose word counts",
    "db_path": "cache",
    "issue_count": "issues in it",
    "mapping_count": "mapped work packages",
    "credentials_present": "settings kept here",
}

ProviderFlag = Annotated[
    str, typer.Option("--provider", metavar="PROVIDER", help="One that `tracker providers` lists.")
]


def providers() -> Reply:
    """List the trackers that a project can be bound to."""
    local, saas = sorted(LOCAL_PROVIDERS), sorted(SAAS_PROVIDERS)
    rows = [["through a program here", ", ".join(local)], ["through the server", ", ".join(saas)]]
    step = style("spec-kitty tracker bind --provider PROVIDER", "bold")
    return Reply({"local": local, "saas": saas}, f"{table(rows, indent=2)}\n\n  Next: {step}")


def discover(provider: ProviderFlag) -> Reply:
    """List what projects can be bound to at a provider, as the server knows it."""
    name = _of_server(provider)
    found = SaaSTrackerService(_here()).resources(name)
    step = spec_kitty("tracker bind", "--provider", name)
    if not found:
        lines = [f"The server knows nothing of {name} yet: connect it at the dashboard.", f"\n  Next: {step}"]
        return Reply(found, "\n".join(lines))
    head = [style(title, "bold") for title in ("resource", "provider", "workspace", "status")]
    rows = [head, *([*_resource(each, name)] for each in found)]
    return Reply(found, "\n".join([table(rows, indent=2), "", f"  Next: {style(step, 'bold')}"]))


def bind(
    provider: ProviderFlag,
    bind_ref: Annotated[
        str | None, typer.Option("--bind-ref", metavar="REF", help="A binding that exists at the server.")
    ] = None,
    select: Annotated[
        int | None, typer.Option("--select", metavar="N", min=1, help="Take number N of what fits.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workspace: Annotated[
        str | None,
        typer.Option("--workspace", metavar="NAME", help="Of a local tracker; for github-cli OWNER/NAME, else this."),
    ] = None,
    doctrine_mode: Annotated[
        str | None, typer.Option("--doctrine-mode", metavar="MODE", help="Whose word counts in a local tracker.")
    ] = None,
    field_owner: Annotated[
        list[str] | None, typer.Option("--field-owner", metavar="FIELD=OWNER", help="The same for one field.")
    ] = None,
    credential: Annotated[
        list[str] | None,
        typer.Option("--credential", metavar="KEY=VALUE", help="For a local tracker: command or cwd of its program."),
    ] = None,
) -> Reply:
    """Bind this project to a tracker.

    At the server, what fits the project is looked up; several candidates are shown and one is chosen. The binding is
    written to the committed config, for everybody who works on the project.
    """
    name, here = provider_named(provider), _here()
    owners, settings = _pairs("--field-owner", field_owner), _pairs("--credential", credential)
    before = load_tracker_config(here)
    if before.is_configured and not yes and can_ask():
        say(f"This project is bound to {safe(before.provider)} ({safe(_bound_to(before))}).")
        if not confirmed("Bind it anew?"):
            return Reply({"result": "canceled", "changed": False}, "Nothing was changed.")
    if name in LOCAL_PROVIDERS:
        return _bound(service.bind_local(here, name, workspace, doctrine_mode, owners, settings))
    if settings:
        raise UsageError(
            f"credentials of {name} are kept at the server, none here: connect it at the dashboard",
            "CREDENTIAL_NOT_HERE",
            hint=spec_kitty("tracker discover", "--provider", name),
        )
    asked = SaaSTrackerService(here)
    if bind_ref is not None:
        return _bound(asked.validate(name, bind_ref))
    found = asked.resolve(name)
    if found.binding_ref:
        return _bound(asked.keep(name, {"binding_ref": found.binding_ref}, found.label))
    pick = _pick(found, name, select, yes=yes)
    if pick is None:
        return Reply({"result": "canceled", "changed": False}, "Nothing was changed.")
    return _bound(asked.confirm(name, pick))


def status(
    wide: Annotated[
        bool, typer.Option("--all", help="All bindings of the provider, of every project, as the server knows them.")
    ] = False,
) -> Reply:
    """Show the tracker of this project, and how it stands."""
    bound = load_tracker_config(_here())
    if not bound.is_configured:
        step = style("spec-kitty tracker providers", "bold")
        unbound = {"configured": False, "provider": bound.provider}
        return Reply(unbound, f"This project is bound to no tracker.\n\n  Next: {step}")
    found = service.service_for(_here())
    if isinstance(found, LocalTrackerService):
        if wide:
            raise UsageError(f"{found.provider} is a program here: there is nothing wider to show", "USAGE_ERROR")
        data = found.status()
        return Reply({"configured": True, **data}, _rows({_LABELS.get(key, key): data[key] for key in data}))
    if wide:
        answer = found.client.status(str(found.config.provider), installation_wide=True)
        return Reply(answer, _wide(answer))
    answer = found.routed(found.client.status)
    path = answer.get("identity_path")
    shown = {
        "provider": found.config.provider,
        "bound to": _bound_to(found.config),
        "type": path.get("type") if isinstance(path, dict) else None,
        "sync_state": answer.get("sync_state"),
    }
    config = {"provider": found.config.provider, "binding_ref": found.config.binding_ref}
    return Reply({**answer, **config, "configured": True}, _rows(shown))


def unbind() -> Reply:
    """Take the tracker out of this project; the tracker itself is not touched."""
    before = service.unbind(_here())
    step = f"\n\n  Next: {style('spec-kitty tracker providers', 'bold')}"
    gone = f"The binding to {safe(before)} is gone from {safe(config_path(_here()))}; commit it."
    said = (gone if before else "This project was bound to no tracker.") + step
    return Reply({"result": "success", "changed": before is not None, "provider": before}, said)


def _pick(found: Resolution, provider: str, select: int | None, *, yes: bool) -> Candidate | None:
    """The candidate that a person or an option chose; None where the answer was no.

    Raises:
        Refused: `NO_CANDIDATES`, `CHOICE_REQUIRED`.
        UsageError: `SELECT_OUT_OF_RANGE`.
    """
    bind = spec_kitty("tracker bind", "--provider", provider)
    if not found.candidates:
        raise Refused(
            f"nothing of {provider} fits this project: connect it at the dashboard of the server first",
            "NO_CANDIDATES",
            hint=spec_kitty("tracker discover", "--provider", provider),
        )
    numbers = [each.number for each in found.candidates]
    if select is not None:
        if select not in numbers:
            raise UsageError(
                f"--select {select}: there are candidates {numbers[0]} to {numbers[-1]}",
                "SELECT_OUT_OF_RANGE",
                hint=bind.adding("--select", numbers[0]),
            )
        return next(each for each in found.candidates if each.number == select)
    if found.is_exact and yes:
        return found.candidates[0]
    say(_choices(found))
    if not can_ask():
        raise Refused(
            f"{plural(len(numbers), 'candidate')} for this project, and nobody to choose",
            "CHOICE_REQUIRED",
            hint=bind.adding("--select", numbers[0]),
            details={"candidates": [each.to_dict() for each in found.candidates]},
        )
    if found.is_exact:
        return found.candidates[0] if confirmed(f"Bind to {found.candidates[0].label}?") else None
    number = chosen(numbers)
    return next(each for each in found.candidates if each.number == number)


def _choices(found: Resolution) -> str:
    head = [style(title, "bold") for title in ("#", "resource", "fits", "by")]
    rows = [
        [str(each.number), clipped(safe(each.label), 40), safe(each.confidence), clipped(safe(each.reason), 24)]
        for each in found.candidates
    ]
    return table([head, *rows], indent=2)


def _bound(config: TrackerProjectConfig) -> Reply:
    path, odd = config_path(_here()), repo_slug_notice(paths.discover(_here()))
    data = {
        "result": "success",
        "provider": config.provider,
        "binding_ref": config.binding_ref,
        "workspace": config.workspace,
        "display_label": config.display_label,
        "config_file": path,
        "warnings": notices([odd] if odd else []),
    }
    said = f"{style('Bound', 'bold', 'green')} to {safe(config.provider)}: {safe(_bound_to(config))}"
    rows = [["reference", safe(config.binding_ref)]] if config.binding_ref else []
    lines = [said, table([*rows, ["written", f"{safe(path)}; commit it"]], indent=2)]
    step = "spec-kitty mission from-ticket" if config.provider in TICKET_PROVIDERS else "spec-kitty tracker sync pull"
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]))


def _bound_to(config: TrackerProjectConfig) -> str:
    return config.display_label or config.workspace or config.project_slug or config.binding_ref or "nothing"


def _resource(found: dict[str, Any], provider: str) -> list[str]:
    context = found.get("provider_context")
    place = context.get("workspace_name") if isinstance(context, dict) else None
    return [
        clipped(safe(found.get("display_label") or found.get("candidate_token")), 36),
        safe(found.get("provider") or provider),
        clipped(safe(place or "-"), 20),
        "bound" if found["is_bound"] else style("available", "green"),
    ]


def _wide(answer: dict[str, Any]) -> str:
    bindings = answer.get("bindings")
    count = len(bindings) if isinstance(bindings, list) else bindings
    state = answer.get("status") or ("connected" if answer.get("connected") else "not connected")
    return _rows({"state": state, "bindings": count, "resources": answer.get("resource_count")})


def _rows(data: dict[str, object]) -> str:
    shown = {None: "-", True: "yes", False: "no"}
    told = {name: shown[value] if value is None or isinstance(value, bool) else value for name, value in data.items()}
    return table([[name, safe(value)] for name, value in told.items()], indent=2)


def _of_server(provider: str) -> str:
    name = provider_named(provider)
    if name in LOCAL_PROVIDERS:
        raise Refused(
            f"{name} is a program here: there is nothing to discover at a server",
            "TRACKER_UNSUPPORTED",
            hint=spec_kitty("tracker bind", "--provider", name, "--workspace", "NAME"),
        )
    return name


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    found = {}
    for text in given or []:
        key, _, value = (part.strip() for part in text.partition("="))
        if not key or not value or not key.replace("_", "").isalnum():
            raise UsageError(f"{option} wants KEY=VALUE", "USAGE_ERROR", hint=spec_kitty("tracker bind", "--help"))
        found[key] = value
    return found


def _here() -> Path:
    return paths.discover(paths.starting_point()).checkout
