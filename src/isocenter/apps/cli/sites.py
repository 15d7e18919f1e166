"""`isocenter site`, `isocenter standby`, `isocenter promote`: two sites, of which one leads."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from isocenter.apps.cli.options import JsonOption
from isocenter.apps.cli.terminal import out, tell_json
from isocenter.kit.settings import Settings

app = typer.Typer()


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Who leads, and how far the other site is behind; on a standby, how far this one is."""
    from isocenter.apps.cli.running import running_isocenter
    from isocenter.apps.home import is_running
    from isocenter.apps.settings_from_environment import settings_from_environment
    from isocenter.apps.sites.continuity import state_of
    from isocenter.apps.sites.site import site_note

    settings = settings_from_environment()
    note = site_note(settings.home)
    if note is not None:
        value: dict[str, object] = {**asdict(note), "running": is_running(settings.home), **_standby(settings)}
    else:
        with running_isocenter() as running:
            value = asdict(state_of(running.caller, running.settings, running.database))
    if as_json:
        tell_json(value)
        return
    for name, each in value.items():
        out.print(f"{name.replace('_', ' '):<24} {each if not isinstance(each, dict) else json.dumps(each)}")


def _standby(settings: Settings) -> dict[str, object]:
    try:
        found: dict[str, object] = json.loads((settings.home / "run" / "standby.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


@app.command()
def invite(
    site: Annotated[str, typer.Argument(help="Name of the other site.")],
    to: Annotated[Path, typer.Option(help="File to write; it holds the secrets of the archive.")],
    address: Annotated[
        str | None, typer.Option(help="host:port where the other site reaches our PostgreSQL, if not as we name it.")
    ] = None,
) -> None:
    """Let another site follow this one: write the file that `isocenter site init-standby` reads there."""
    from isocenter.apps.cli.running import running_isocenter
    from isocenter.apps.sites.continuity import invite as invite_site

    with running_isocenter() as running:
        invite_site(running.caller, running.settings, running.database, site, to, address)
    out.print(f"{to} lets the site {site} follow. Carry it there by a safe way, and delete it afterwards:")
    out.print("whoever reads it can read the archive.")


@app.command("init-standby")
def init_standby(
    source: Annotated[Path, typer.Option("--from", help="The file that `isocenter site invite` wrote.")],
) -> None:
    """Make this empty home follow another site: its secrets, and a copy of its index."""
    from isocenter.apps.settings_from_environment import settings_from_environment
    from isocenter.apps.sites.continuity import init_standby as make_standby

    note = make_standby(settings_from_environment(), source)
    out.print(f"This home follows the site {note.leader}. Start it with `isocenter standby`.")


@app.command()
def forget(site: Annotated[str, typer.Argument(help="Name of the site that does not come back.")]) -> None:
    """Keep nothing more of the index's log for a site that does not come back."""
    from isocenter.apps.cli.running import running_isocenter
    from isocenter.apps.sites.continuity import forget_site

    with running_isocenter() as running:
        dropped = forget_site(running.caller, running.settings, site)
    out.print("Forgotten." if dropped else "There was nothing to forget, or that site is connected now.")


@app.command()
def rejoin(
    source: Annotated[Path, typer.Option("--from", help="The file that `isocenter site invite` of the leader wrote.")],
) -> None:
    """Let a site that led follow the one that leads now; what only it has is kept aside there first."""
    from isocenter.apps.settings_from_environment import settings_from_environment
    from isocenter.apps.sites.continuity import rejoin as rejoin_site

    brought = rejoin_site(settings_from_environment(), source)
    out.print(
        f"{brought.segments} journal segments and {brought.objects} objects ({brought.bytes} bytes) that only this site"
        " had are kept aside at the leader; `isocenter site adopt` takes them in there."
    )
    for folder, count in sorted(brought.by_folder.items()):
        out.print(f"  {folder:<16} {count}")
    out.print("This home follows now. Start it with `isocenter standby`.")


@app.command()
def adopt(as_json: JsonOption = False) -> None:
    """Take in what a site that led brought when it came back: what it had acknowledged and we had not heard of."""
    from isocenter.apps.cli.running import running_isocenter
    from isocenter.apps.sites.continuity import adopt_aside

    with running_isocenter() as running:
        done = adopt_aside(running.caller, running.settings, running.database)
    if as_json:
        tell_json([asdict(one) for one in done])
        return
    for one in done:
        out.print(
            f"{one.name}: {one.members} objects in {one.segments} journal segments, {one.recorded} of them new to the"
            f" index; {one.restored} missing objects came back; {sum(one.left.values())} stay aside."
        )
    if not done:
        out.print("Nothing lies aside.")


@app.command()
def compare(
    digests: Annotated[bool, typer.Option("--digests", help="Read every byte of both stores.")] = False,
    mend: Annotated[
        bool, typer.Option("--mend", help="Copy again what the other site lacks or has otherwise.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare both object stores. Ends with 1 when they differ in more than what is on its way."""
    from isocenter.apps.cli.running import running_isocenter
    from isocenter.apps.sites.continuity import compare_sites

    with running_isocenter() as running:
        found = compare_sites(running.caller, running.settings, running.database, digests=digests, mend=mend)
    if as_json:
        tell_json(asdict(found))
    else:
        out.print(f"{found.same} objects ({found.same_bytes} bytes) are the same, {found.waiting} are on their way,")
        out.print(f"{found.only_ours} only here, {found.only_theirs} only there, {found.different} differ.")
        for key in found.named:
            out.print(f"  {key}", markup=False)
    raise typer.Exit(0 if found.equal else 1)


def standby() -> int:
    """Follow until told to take over, then lead; on a home that leads already, just lead."""
    from isocenter.apps.cli.start import show_started
    from isocenter.apps.settings_from_environment import settings_from_environment
    from isocenter.apps.sites.site import site_note
    from isocenter.apps.sites.standby import Standby
    from isocenter.apps.up import Supervisor

    settings = settings_from_environment()
    if site_note(settings.home) is not None and not Standby(settings, out).run():
        return 0
    return Supervisor(settings, out).run(show_started)


def promote(*, other_is_down: bool, as_json: bool) -> None:
    """Ask the standby process that runs here; without one, do it and leave starting to the operator."""
    from isocenter.apps.settings_from_environment import settings_from_environment
    from isocenter.apps.sites.continuity import promote_home

    answer = promote_home(
        settings_from_environment(), other_is_down=other_is_down, tell=lambda line: out.print(f"{line} …")
    )
    if as_json:
        tell_json(answer)
        return
    taken = answer["promotion"]["taken"]
    out.print(f"This site leads, generation {taken['generation']}, after {answer['promotion']['seconds']:.1f} s.")
    if taken["age_s"] is not None:
        out.print(f"Its index had heard of the other site {taken['age_s']:.0f} s before that.")
    if taken["missing"]:
        out.print(
            f"{taken['missing']} objects ({taken['missing_bytes']} bytes) had not come; they answer 503 until they do."
        )
    if not answer["starts"]:
        out.print("Start it with `isocenter up` (or `isocenter standby`, which now leads).")


def drill(*, count: int, as_json: bool) -> int:
    """Rehearse on the home that runs here, leader or standby; 0 when the goals were met and nothing was wrong."""
    from isocenter.access.caller import system_caller
    from isocenter.apps.postgres import embedded
    from isocenter.apps.settings_from_environment import settings_from_environment
    from isocenter.apps.sites.drilling import NoPrivateDatabase
    from isocenter.apps.sites.drilling import drill as hold_drill

    settings = settings_from_environment()
    url = embedded.running(settings.home)
    if url is None:
        raise NoPrivateDatabase(
            "No PostgreSQL of its own runs on this home: start `isocenter standby` or `isocenter up`."
        )
    held = hold_drill(
        system_caller(0, "command-line"), settings, url, count=count, tell=lambda line: out.print(f"{line} …")
    )
    if as_json:
        tell_json(held)
    else:
        out.print(
            f"RTO {held['rto_s']:.1f} s (goal {held['rto_goal_s']:.0f} s), {held['lease_s']:.1f} s of it for the lease."
        )
        out.print(f"RPO {held['rpo_s']:.1f} s (goal {held['rpo_goal_s']:.0f} s).")
        out.print(f"{held['right']} objects read back right, {held['wrong']} wrong, {held['away']} not here.")
        out.print(f"Evidence: {held['drill_id']}", style="bold")
    return 0 if held["passed"] else 1
