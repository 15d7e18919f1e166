"""Backing a home up, making one of a backup, making an index anew: what the commands do, on a home at rest or not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from isocenter.access import audit
from isocenter.access.caller import Caller, system_caller
from isocenter.apps.home import HomeLock, make_home
from isocenter.apps.postgres.dump import dump_index, load_index
from isocenter.apps.postgres.embedded import EmbeddedPostgres
from isocenter.apps.wiring import node_name, open_bytes, open_storage, open_stored_objects
from isocenter.domain.archive.erase import facts_key_path
from isocenter.domain.continuity.backup import BackupReport, BackupSource, back_up, fact_heads
from isocenter.domain.continuity.forward import Forward, bring_forward, make_institutions
from isocenter.domain.continuity.replay import FactReplay
from isocenter.domain.continuity.restore import (
    Examined,
    abandon_restore,
    begin_restore,
    end_restore,
    examine_backup,
    lay_out,
)
from isocenter.index.adoption import UNFINISHED_REBUILD
from isocenter.index.backups import backup_made
from isocenter.index.institutions import institutions
from isocenter.index.migrate import migrate, newest_revision, prepare_roles
from isocenter.index.snapshot import loaded_counts, settle_loaded
from isocenter.kit.clock import utc_now
from isocenter.kit.database import Database, translated_errors
from isocenter.kit.errors import Conflict
from isocenter.kit.settings import Settings
from isocenter.storage.errors import Damaged
from isocenter.storage.facts import make_key_file, read_key_file
from isocenter.storage.object_store import LocalObjectStore, ObjectStore

NOBODYS = 0
"""Of no institution: what is done to a home as a whole."""


class IndexInUse(Conflict):
    """The database holds an index already."""

    reason = "index-in-use"


@dataclass(frozen=True, slots=True)
class Restored:
    """A home that was made of a backup, and what was taken in beyond its index."""

    examined: Examined
    forward: Forward


def backup_store(settings: Settings, place: str) -> ObjectStore:
    """Where backups lie: a folder, or the URL of an object store whose credentials this home has."""
    if "://" in place:
        return open_storage(settings, place)
    folder = Path(place).expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalObjectStore(folder)


def back_up_home(
    settings: Settings, target: ObjectStore, *, with_packs: bool, keep: int | None, index_url: str | None
) -> BackupReport:
    """Back a home up. settings: with database_url while it runs; a home at rest has its own database started for it.

    index_url: of a role that sees every row, where database_url is none.
    """
    with database_of(settings) as url, closing(Database(url)) as database:
        source = BackupSource(
            home=settings.home,
            store=open_stored_objects(settings, database),
            index_url=index_url or url,
            dump=partial(dump_index, index_url or url),
            key=read_key_file(facts_key_path(settings.home)),
            node=node_name(settings),
        )
        report = back_up(_caller("backup"), source, target, with_packs=with_packs, keep=keep)
        _record(url, "backup", audit.Action.BACKUP_MADE, backup_id=report.backup_id, with_packs=with_packs)
        with database.transaction() as connection:
            backup_made(
                connection, report.backup_id, source.node, with_packs=with_packs, object_count=report.object_count
            )
        return report


def restore_home(
    settings: Settings, source: ObjectStore, backup_id: str | None, secrets_folder: Path | None
) -> Restored:
    """Make the home of the settings of a backup; it must be empty, and its database too when it is one of yours.

    Whatever fails, the home is empty again. Raises what `examine_backup`, `lay_out` and `bring_forward` raise,
    HomeNotEmpty, IndexInUse.
    """
    caller = _caller("restore")
    examined = examine_backup(caller, source, backup_id, secrets_folder=secrets_folder)
    if settings.database_url is not None:
        _check_empty(settings.database_url)
    begin_restore(settings.home)
    try:
        make_home(settings.home)
        dump = lay_out(source, examined, settings.home, open_stored_objects(settings))
        with locked(settings.home), database_of(settings) as url:
            try:
                _load(url, dump, examined)
                forward = _forward(replace(settings, database_url=url), caller, examined)
                _record(url, "restore", audit.Action.BACKUP_RESTORED, backup_id=examined.manifest.backup_id)
            except BaseException:
                if settings.database_url is not None:
                    _clear(settings.database_url)
                raise
        dump.unlink()
        end_restore(settings.home)
    except BaseException:
        _remove_outside(settings.home)
        abandon_restore(settings.home)
        raise
    return Restored(examined, forward)


def rebuild_index(settings: Settings, *, replace_index: bool) -> Forward:
    """Make the index of a home at rest anew, of packs, journals and facts.

    replace_index: an index that is there is set aside under another name (a private one), else it is left and
    IndexInUse raised. Until all is done no other program opens the new one; an interrupted rebuild begins anew.
    """
    caller = _caller("rebuild-index")
    make_home(settings.home)
    make_key_file(facts_key_path(settings.home))
    with locked(settings.home), database_of(settings) as url:
        _make_room(url, replace_index=replace_index, private=settings.database_url is None)
        migrate(url)
        _mark(url, UNFINISHED_REBUILD)
        data = open_bytes(settings)
        make_institutions(url, data, settings.institution_name)
        with closing(Database(url)) as database:
            work = FactReplay(database, data, facts_key_path(settings.home), recoverable_for=settings.recoverable_for)
            forward = bring_forward(caller, work)
            _record(url, "rebuild-index", audit.Action.INDEX_REBUILT, problems=len(forward.problems))
        _mark(url, newest_revision())
    return forward


def forward_index(settings: Settings) -> Forward:
    """Take in what the index of a home at rest does not know: packs of a storage that was added, an older index.

    It may be interrupted and called again. Raises DatabaseUnfit when there is no whole index.
    """
    caller = _caller("rebuild-index")
    with locked(settings.home), database_of(settings) as url:
        migrate(url)
        running = replace(settings, database_url=url)
        with closing(Database(url)) as database:
            data = open_bytes(running, database)
            work = FactReplay(database, data, facts_key_path(settings.home), recoverable_for=settings.recoverable_for)
            forward = bring_forward(caller, work, after=fact_heads(data.store))
        _record(url, "rebuild-index", audit.Action.INDEX_REBUILT, problems=len(forward.problems))
    return forward


def _record(url: str, job: str, action: audit.Action, **detail: Any) -> None:
    """On the trail of the first institution, as starts and stops are; a home without one has no trail."""
    with closing(Database(url, max_connections=1)) as database:
        with database.transaction() as connection:
            every = institutions(connection)
        if every:
            first = every[0].institution_id
            with database.transaction(first) as connection:
                audit.record(connection, system_caller(first, job), action, None, **detail)


def _caller(job: str) -> Caller:
    return system_caller(NOBODYS, job)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Nobody else runs on the home meanwhile. Raises AlreadyRunning."""
    lock = HomeLock(home)
    lock.take()
    try:
        yield
    finally:
        lock.give_back()


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The address of the home's database: the one of the settings, or its own, started meanwhile."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with ExitStack() as stack:
        postgres = EmbeddedPostgres(settings.home)
        stack.callback(postgres.stop)
        yield postgres.start()


def _load(url: str, dump: Path, examined: Examined) -> None:
    prepare_roles(url)
    load_index(url, dump)
    with translated_errors(), psycopg.connect(url, autocommit=True) as connection:
        counts = loaded_counts(connection)
        differing = sorted(name for name, count in examined.manifest.counts.items() if counts.get(name) != count)
        if differing:
            raise Damaged("The index that was loaded has not the rows that were saved.", tables=", ".join(differing))
        settle_loaded(connection)
    migrate(url)


def _forward(settings: Settings, caller: Caller, examined: Examined) -> Forward:
    assert settings.database_url is not None
    with closing(Database(settings.database_url)) as database:
        work = FactReplay(
            database,
            open_bytes(settings, database),
            facts_key_path(settings.home),
            recoverable_for=settings.recoverable_for,
        )
        return bring_forward(caller, work, after=examined.manifest.facts)


def _is_empty(url: str) -> bool:
    with translated_errors(), psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchone()
    return row == (0,)


def _check_empty(url: str) -> None:
    if not _is_empty(url):
        raise IndexInUse("The database of ISOCENTER_DATABASE_URL is not empty: make a new one for the restore.")


def _make_room(url: str, *, replace_index: bool, private: bool) -> None:
    """An empty database: what an interrupted rebuild left is cleared, an index of before is set aside or left."""
    if _is_empty(url):
        return
    if _is_unfinished(url):
        _clear(url)
    elif replace_index and private:
        _set_aside(url, utc_now())
    else:
        raise IndexInUse(
            "There is an index. With --replace a private one is set aside and made anew; "
            "of a database of yours make a new, empty one."
        )


def _is_unfinished(url: str) -> bool:
    with translated_errors(), psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return False
        return connection.execute("SELECT version_num FROM alembic_version").fetchone() in (
            None,
            (UNFINISHED_REBUILD,),
        )


def _mark(url: str, revision: str) -> None:
    with translated_errors(), psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [revision])


def _clear(url: str) -> None:
    with translated_errors(), psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _set_aside(url: str, now: datetime) -> None:
    name = str(conninfo_to_dict(url)["dbname"])
    aside = f"{name}_before_{now:%Y%m%d%H%M%S}"
    with translated_errors(), psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(aside))
        )
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name))
        )


def _remove_outside(home: Path) -> None:
    """The private database of root may lie outside the home (`embedded_postgres`)."""
    from isocenter.apps.postgres.embedded import folder_of

    folder = folder_of(home)
    if folder is not None and not folder.is_relative_to(home.absolute()):
        with suppress(OSError):
            shutil.rmtree(folder)
