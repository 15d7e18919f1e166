"""What the commands about sites do: they name files, homes and addresses, which no room below knows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from isocenter.access import audit
from isocenter.access.caller import Caller
from isocenter.access.roles import Right
from isocenter.apps.home import HomeLock, is_running, make_home
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.postgres.replication import (
    Source,
    allow_standby,
    copy_index,
    forget_standby,
    set_aside_index,
    slot_of,
)
from isocenter.apps.settings_from_environment import database_url_of
from isocenter.apps.sites.invitation import (
    Invitation,
    lay_out_secrets,
    read_invitation,
    shared_secrets,
    write_invitation,
)
from isocenter.apps.sites.promotion import promote, standby_note
from isocenter.apps.sites.site import STANDBY, SiteNote, generation_of, listening_of, site_note, write_site_note
from isocenter.apps.sites.standby import ask_to_promote
from isocenter.apps.wiring import announced, open_bytes, open_storage, open_stored_objects
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.continuity.aside import Adopted, Brought, adopt, bring_aside
from isocenter.domain.continuity.comparison import Compared, compare
from isocenter.domain.continuity.sites import SiteState, site_state
from isocenter.index.sites import leads, record_lead
from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict, Invalid
from isocenter.kit.settings import Settings

_DOUBT = timedelta(minutes=10)
"""Clocks differ, and files are touched a little after what they hold: so much more is brought."""


class NotPromoted(Conflict):
    """The standby process would not take over; its words are in the message."""

    reason = "not-promoted"


def state_of(caller: Caller, settings: Settings, database: Database) -> SiteState:
    """Who leads, and how far the other site is behind."""
    return site_state(
        caller,
        database,
        settings.site,
        has_other=settings.second_site_url is not None,
        has_witness=settings.witness_url is not None,
        alarm_after_s=settings.second_site_lag_alarm.total_seconds(),
    )


def invite(caller: Caller, settings: Settings, database: Database, site: str, to: Path, address: str | None) -> None:
    """Write an invitation for another site. address: host:port where it reaches our private PostgreSQL.

    Raises Invalid, Conflict, NotListening.
    """
    caller.require(Right.MANAGE_STORAGE)
    slot_of(site)
    if site == settings.site:
        raise Invalid("This is our own name; the other site needs another.", site=site)
    source = _source(settings, site, address)
    with database.transaction() as connection:
        record_lead(connection, 1, settings.site, {})
    invitation = Invitation(
        leader=settings.site,
        site=site,
        generation=generation_of(database.url),
        leader_store=settings.storage_url or (settings.home / "store").absolute().as_uri(),
        store=settings.second_site_url,
        witness_url=settings.witness_url,
        source=source,
        secrets=shared_secrets(settings.home),
        heard_until=_heard_until(database),
    )
    write_invitation(to, invitation)
    with database.transaction(caller.institution_id) as connection:
        audit.record(connection, caller, audit.Action.SITE_INVITED, site=site)


def _heard_until(database: Database) -> str | None:
    """When the site that led before us was last heard of, in our index; None when nobody did."""
    with database.transaction() as connection:
        newest = leads(connection)[0]
    age_s = newest.account.get("age_s")
    return None if age_s is None else (newest.since - timedelta(seconds=float(age_s))).isoformat()


def _source(settings: Settings, site: str, address: str | None) -> Source | None:
    listening = listening_of(settings)
    if listening is None and "passfile=" not in database_url_of(settings):
        return None  # a region's own PostgreSQL is replicated by those who run it
    if address is not None:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname or "", parts.port or 0
    else:
        host, port = (listening.host, listening.port) if listening is not None else ("", 0)
    return allow_standby(settings.home, database_url_of(settings), site, host, port)


def init_standby(settings: Settings, file: Path) -> SiteNote:
    """Make an empty home follow the site that wrote the invitation.

    Raises Invalid, Conflict when the home is not empty or is another site's, PostgresFailed, AlreadyRunning.
    """
    invitation = read_invitation(file)
    if invitation.site != settings.site:
        raise Invalid(f"This invitation is for the site {invitation.site}; ISOCENTER_SITE says {settings.site}.")
    make_home(settings.home)
    lock = HomeLock(settings.home)
    lock.take()
    try:
        if site_note(settings.home) is not None or any((settings.home / "journal").iterdir()):
            raise Conflict(
                "This home is not empty: a standby begins with an empty one, `site rejoin` with an old leader's."
            )
        return _follow(settings, invitation)
    finally:
        lock.give_back()


def _follow(settings: Settings, invitation: Invitation) -> SiteNote:
    """Take the leader's secrets and a copy of its index; from then on the home follows."""
    lay_out_secrets(settings.home, invitation.secrets)
    if settings.database_url is None:
        if invitation.source is None:
            raise Invalid("The leader uses a PostgreSQL of its own: set ISOCENTER_DATABASE_URL to a replica of that.")
        copy_index(settings.home, invitation.source, invitation.site)
    note = SiteNote(STANDBY, invitation.leader, invitation.generation)
    write_site_note(settings.home, note)
    return note


def rejoin(settings: Settings, file: Path) -> Brought:
    """Make the home of a site that led follow the one that leads now. What only it has is kept aside there first.

    Its index and its journals are renamed, not deleted. Raises Invalid, Conflict, AlreadyRunning, Exhausted.
    """
    invitation = read_invitation(file)
    if invitation.site != settings.site:
        raise Invalid(f"This invitation is for the site {invitation.site}; ISOCENTER_SITE says {settings.site}.")
    if settings.second_site_url is None:
        raise Invalid(
            "Set ISOCENTER_SECOND_SITE_URL to the store of the site that leads: what only we have goes there."
        )
    heard = None if invitation.heard_until is None else datetime.fromisoformat(invitation.heard_until) - _DOUBT
    lock = HomeLock(settings.home)
    lock.take()
    try:
        own, leader = open_stored_objects(settings), open_storage(settings, settings.second_site_url)
        generation = invitation.generation - 1
        brought = bring_aside(settings.home / "journal", own, leader, settings.site, generation, heard)
        set_aside_index(settings.home, f"{generation}")
        _set_aside_journal(settings.home, generation)
        _follow(settings, invitation)
    finally:
        lock.give_back()
    return brought


def _set_aside_journal(home: Path, generation: int) -> None:
    """What it holds lies at the leader now; the files stay until somebody deletes them."""
    kept = home / f"journal.aside-{generation}"
    if not kept.exists():
        (home / "journal").rename(kept)
        make_home(home)


def compare_sites(caller: Caller, settings: Settings, database: Database, *, digests: bool, mend: bool) -> Compared:
    """Compare our store with the other site's. Raises Invalid without one."""
    if settings.second_site_url is None:
        raise Invalid("There is no other site: ISOCENTER_SECOND_SITE_URL is not set.")
    ours, theirs = open_stored_objects(settings, database), open_storage(settings, settings.second_site_url)
    return compare(caller, database, ours, theirs, digests=digests, mend=mend)


def adopt_aside(caller: Caller, settings: Settings, database: Database) -> list[Adopted]:
    """Take in what an old leader brought when it came back."""
    holdings = Holdings(database, open_bytes(settings, database))
    with closing(holdings.comparisons):
        done = adopt(caller, holdings, announced(settings, database, open_stored_objects(settings, database)))
    with database.transaction(caller.institution_id) as connection:
        for one in done:
            audit.record(connection, caller, audit.Action.SITE_ADOPTED, name=one.name, recorded=one.recorded)
    return done


def promote_home(settings: Settings, *, other_is_down: bool, tell: Callable[[str], None]) -> dict[str, Any]:
    """Let the home take over, by its standby process when one runs.

    "starts": whether that process goes on as the leader. Raises NoStandby, NotPromoted, WordNeeded, OtherSiteLives …
    """
    standby_note(settings.home)
    if is_running(settings.home):
        answer = ask_to_promote(settings.home, other_is_down=other_is_down)
        if "promoted" not in answer:
            raise NotPromoted(str(answer.get("message")), why=answer.get("reason"))
        return {"promotion": answer["promoted"], "starts": True}
    lock = HomeLock(settings.home)
    lock.take()
    postgres = None
    try:
        url = settings.database_url
        if url is None:
            postgres = EmbeddedPostgres(settings.home, listening=listening_of(settings))
            url = postgres.start()
        done = promote(settings, url, other_is_down=other_is_down, tell=tell)
    finally:
        if postgres is not None:
            postgres.stop()
        lock.give_back()
    return {"promotion": asdict(done), "starts": False}


def forget_site(caller: Caller, settings: Settings, site: str) -> bool:
    """Throw away what is kept of the index's log for a site; whether there was anything."""
    caller.require(Right.MANAGE_STORAGE)
    return forget_standby(database_url_of(settings), site)
