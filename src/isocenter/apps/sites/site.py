"""Which of two sites a process belongs to, whether it may write, and what it tells the other site."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from isocenter.apps.postgres.listening import Listening
from isocenter.apps.settings_from_environment import database_url_of
from isocenter.apps.wiring import open_storage, open_stored_objects
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.continuity.copying import OtherSite
from isocenter.domain.continuity.evidence import EvidenceStores
from isocenter.domain.continuity.leadership import Leadership
from isocenter.index.sites import leads, record_lead
from isocenter.kit.database import Database
from isocenter.kit.errors import Conflict, Invalid
from isocenter.kit.files import sync_path, write_whole
from isocenter.kit.leading import always_leads
from isocenter.kit.settings import Settings
from isocenter.storage.facts import read_key_file
from isocenter.storage.lead import LeadEntry, Witness

STANDBY, FENCED = "standby", "fenced"


class OtherSiteLeads(Conflict):
    """This home follows another site, or was overtaken by it: nothing may be started on it that writes."""

    reason = "other-site-leads"


@dataclass(frozen=True, slots=True)
class SiteNote:
    """home/site.json: only of a home that does not lead. role: standby or fenced; leader: the site that leads."""

    role: str
    leader: str
    generation: int


def site_note(home: Path) -> SiteNote | None:
    """What is noted about a home; None when it leads, or is the only one. Raises Invalid when it cannot be read."""
    try:
        text = (home / "site.json").read_text()
    except FileNotFoundError:
        return None
    try:
        return SiteNote(**json.loads(text))
    except (ValueError, TypeError):
        raise Invalid("home/site.json is not a note about a site.") from None


def write_site_note(home: Path, note: SiteNote | None) -> None:
    """Replace the note, whole or not at all; None removes it."""
    path = home / "site.json"
    if note is None:
        path.unlink(missing_ok=True)
        sync_path(home)
    else:
        write_whole(path, json.dumps(asdict(note)).encode())


def witness_of(settings: Settings) -> Witness | None:
    """The witness of this home; None when there is none. Raises Invalid."""
    return None if settings.witness_url is None else _witness_at(settings, settings.witness_url)


def own_leads(settings: Settings) -> Witness:
    """Where this site writes down, in its own store, that it leads: the other site looks there."""
    return _witness_at(settings, settings.storage_url or (settings.home / "store").absolute().as_uri())


def _witness_at(settings: Settings, url: str) -> Witness:
    return Witness(open_storage(settings, url, one_database=False), read_key_file(facts_key_path(settings.home)))


def leadership_of(settings: Settings, generation: int) -> Leadership | None:
    """This process's knowledge of the lead; None where there is no other site that could have it."""

    def fenced(entry: LeadEntry) -> None:
        write_site_note(settings.home, SiteNote(FENCED, entry.site, entry.generation))

    witness = witness_of(settings)
    renews = witness is not None
    if witness is None and settings.second_site_url is not None:
        witness = _witness_at(settings, settings.second_site_url)
    if witness is None:
        return None
    valid_for_s = settings.lead_for.total_seconds()
    return Leadership(witness, settings.site, generation, valid_for_s=valid_for_s, renews=renews, on_fenced=fenced)


@contextmanager
def open_database(settings: Settings, *, max_connections: int = 10) -> Iterator[Database]:
    """The database of a process, which commits nothing while another site leads. Raises DatabaseAway."""
    url = database_url_of(settings)
    with ExitStack() as stack:
        may_write = always_leads
        if has_two_sites(settings):
            leadership = leadership_of(settings, generation_of(url))
            assert leadership is not None
            may_write = leadership.start().require
            stack.callback(leadership.close)
        yield stack.enter_context(closing(Database(url, max_connections=max_connections, may_write=may_write)))


def other_site_of(settings: Settings, database: Database, stopping: threading.Event) -> OtherSite | None:
    """What copying to the other site needs; None when there is none."""
    if settings.second_site_url is None:
        return None
    return OtherSite(
        database,
        open_stored_objects(settings, database),
        open_storage(settings, settings.second_site_url),
        settings.site,
        generation_of(database.url),
        bytes_per_s=settings.second_site_bytes_per_s,
        stopping=stopping,
    )


def evidence_stores_of(settings: Settings) -> EvidenceStores:
    """Where evidence of drills lies: in our store and in the other site's."""
    stores = [open_stored_objects(settings)]
    if settings.second_site_url is not None:
        stores.append(open_storage(settings, settings.second_site_url))
    return EvidenceStores(stores, read_key_file(facts_key_path(settings.home)))


def listening_of(settings: Settings) -> Listening | None:
    """Where the private PostgreSQL listens for the other site; None: nowhere."""
    if settings.replication_address is None:
        return None
    parts = urlsplit(f"//{settings.replication_address}")
    return Listening(parts.hostname or "", parts.port or 0)


def has_two_sites(settings: Settings) -> bool:
    """Whether another site could lead."""
    return settings.witness_url is not None or settings.second_site_url is not None


def generation_of(url: str) -> int:
    """Which generation of the lead this database belongs to; 1 when nobody ever took over."""
    with closing(Database(url, max_connections=1)) as database, database.transaction() as connection:
        history = leads(connection)
    return history[0].generation if history else 1


def check_leads(settings: Settings, url: str) -> None:
    """Raise OtherSiteLeads when `up` must not start here. A witness that does not answer stops nobody: processes wait.

    Writes down who leads when nobody ever did.
    """
    if not has_two_sites(settings):
        return
    leadership = leadership_of(settings, generation_of(url))
    assert leadership is not None
    leadership.step()
    state = leadership.state()
    if not state.leads and state.holder != settings.site:
        message = f"The site {state.holder} leads. Let this one follow it: `isocenter site rejoin`."
        raise OtherSiteLeads(message, generation=state.generation)
    with closing(Database(url, max_connections=1)) as database, database.transaction() as connection:
        if not leads(connection):
            record_lead(connection, 1, settings.site, {})


def check_note(settings: Settings) -> None:
    """Raise OtherSiteLeads when this home is not one that leads."""
    note = site_note(settings.home)
    if note is None:
        return
    advice = (
        "`isocenter standby` follows it, `isocenter promote` takes over"
        if note.role == STANDBY
        else "`isocenter site rejoin` makes this site follow it"
    )
    raise OtherSiteLeads(f"The site {note.leader} leads: {advice}.", generation=note.generation)
