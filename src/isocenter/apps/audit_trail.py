"""How a process gets at the audit trail: keys, the repository of the settings, the application's own start and stop."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit

from isocenter import __version__
from isocenter.access import audit
from isocenter.access.caller import system_caller
from isocenter.access.trail.jobs import TrailWork
from isocenter.access.trail.shipping import Repository
from isocenter.adapters.syslog.audit_repository import RepositoryAddress, SyslogRepository
from isocenter.apps.wiring import node_name
from isocenter.domain.archive.erase import facts_key_path
from isocenter.kit.database import Database
from isocenter.kit.settings import Settings
from isocenter.storage.facts import read_key_file
from isocenter.storage.object_store import ObjectStore


def trail_work(settings: Settings, database: Database, store: ObjectStore) -> TrailWork:
    """What the work on the trail needs, in this home."""
    return TrailWork(
        database=database,
        store=store,
        key=read_key_file(facts_key_path(settings.home)),
        kept_for=settings.audit_kept_for,
        node=node_name(settings),
        ae_title=settings.ae_title.strip(),
        repository=audit_repository(settings),
    )


def audit_repository(settings: Settings) -> Repository | None:
    """The audit repository of the settings, not yet connected to. Raises UnusableCertificates."""
    if settings.audit_syslog is None:
        return None
    where = urlsplit(f"//{settings.audit_syslog}")
    address = RepositoryAddress(
        where.hostname or "",
        where.port or 0,
        settings.audit_syslog_authorities,
        settings.audit_syslog_certificate,
        settings.audit_syslog_key,
    )
    return SyslogRepository(address, node_name(settings))


def record_application(database_url: str, institution_id: int, action: audit.Action, node: str) -> None:
    """Application Activity (PS3.15 A.5.3.1): that Isocenter starts or stops. Raises DatabaseAway."""
    with closing(Database(database_url)) as database, database.transaction(institution_id) as connection:
        caller = system_caller(institution_id, "up")
        audit.record(connection, caller, action, None, version=__version__, node=node)
