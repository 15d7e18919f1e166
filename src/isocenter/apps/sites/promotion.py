"""`isocenter promote`: this site takes over; the same steps in the standby process and, without one, in the command."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from isocenter.access import audit
from isocenter.access.caller import system_caller
from isocenter.apps.postgres.replication import become_primary
from isocenter.apps.sites.site import STANDBY, SiteNote, own_leads, site_note, witness_of, write_site_note
from isocenter.apps.wiring import node_name, open_bytes, open_stored_objects
from isocenter.domain.archive.duplicates import Holdings
from isocenter.domain.continuity.take_over import Lead, TakenOver, WordNeeded, say_that_we_lead, settle, take_lead
from isocenter.index.institutions import institutions
from isocenter.index.migrate import migrate
from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict
from isocenter.kit.settings import Settings
from isocenter.storage.lead import LeadView

Progress = Callable[[str], None]


class NoStandby(Conflict):
    """Only a home that follows another site can take over."""

    reason = "no-standby"


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did. seconds: from the command to the moment when everything may be started."""

    taken: TakenOver
    seconds: float


def standby_note(home: Path) -> SiteNote:
    """The note of a home that follows another site. Raises NoStandby."""
    note = site_note(home)
    if note is None or note.role != STANDBY:
        raise NoStandby("This home follows no other site: `isocenter site init-standby` makes one that does.")
    return note


def promote(
    settings: Settings, url: str, *, other_is_down: bool, tell: Progress, view: LeadView | None = None
) -> Promotion:
    """Take the lead, turn the copy of the index into the index, and settle it with the store; may be repeated.

    url: of the database that follows. other_is_down: the operator's word, which counts where there is no witness.
    Raises NoStandby, WordNeeded, OtherSiteLives, PostgresFailed, Exhausted.
    """
    began = time.monotonic()
    note = standby_note(settings.home)
    generation = _lead(settings, note, other_is_down=other_is_down, tell=tell, view=view)
    waited_s = time.monotonic() - began
    tell("The index becomes our own")
    become_primary(url)
    migrate(url)
    tell("What was shipped last is read back")
    lead = Lead(settings.site, node_name(settings), generation, note.leader, waited_s)
    with closing(Database(url, max_connections=4)) as database:
        holdings = Holdings(database, open_bytes(settings, database))
        with closing(holdings.comparisons):
            taken = settle(holdings, open_stored_objects(settings, database), lead)
        _record(database, taken)
    say_that_we_lead(own_leads(settings), settings.site, generation, settings.lead_for.total_seconds())
    write_site_note(settings.home, None)
    return Promotion(taken, time.monotonic() - began)


def _record(database: Database, taken: TakenOver) -> None:
    """On the trail of every institution: whoever reads it later knows where its rows were written."""
    with database.transaction() as connection:
        every = institutions(connection)
    for one in every:
        caller = system_caller(one.institution_id, "promote")
        with database.transaction(one.institution_id) as connection:
            audit.record(
                connection, caller, audit.Action.SITE_TOOK_OVER, generation=taken.generation, missing=taken.missing
            )


def _lead(settings: Settings, note: SiteNote, *, other_is_down: bool, tell: Progress, view: LeadView | None) -> int:
    witness = witness_of(settings)
    if witness is not None:
        tell(f"The lease of the site {note.leader} has to run out")
        return take_lead(witness, settings.site, note.generation, settings.lead_for.total_seconds(), view=view)
    if not other_is_down:
        raise WordNeeded(
            f"No witness knows whether the site {note.leader} is down. Make sure that it is: switch it off, then give"
            " the command with --the-other-site-is-down."
        )
    return note.generation + 1
