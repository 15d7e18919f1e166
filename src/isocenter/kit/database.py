"""Connections to PostgreSQL (15 or newer): a pool, transactions inside one institution, the connection of ingest.

Every connection acts as the role isocenter_app, which owns nothing and is bound by row-level security: a query sees the
rows of the institution its transaction was opened for, and none without one. Errors of psycopg become `DatabaseAway`
and `DatabaseBusy` here.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from isocenter.kit.errors import Exhausted
from isocenter.kit.leading import MayWrite, NotLeading, always_leads

APPLICATION_ROLE = "isocenter_app"
POOL_TIMEOUT_S = 5.0
_SHORT_QUERIES = {"jit": "off", "max_parallel_workers_per_gather": "0"}
"""Ours find a page by an index: starting workers or compiling takes longer than that."""

Connection = psycopg.Connection[tuple[object, ...]]


class DatabaseAway(Exhausted):
    """PostgreSQL does not answer, or ended the connection."""

    reason = "database-away"


class DatabaseBusy(Exhausted):
    """PostgreSQL gave up on a statement: too long, a lock, a deadlock, no space. The same request may succeed later."""

    reason = "database-busy"


@dataclass(frozen=True, slots=True)
class ServerLife:
    """Which life of which server this is. A changed value: commits with synchronous_commit=off may be gone.

    life_id is kept in an unlogged table, which PostgreSQL empties after every crash: also after one of a single
    backend, where the start time of the server stays.
    """

    system_identifier: int
    timeline: int
    started_at: datetime
    life_id: str


class Database:
    """A pool of connections of one process. url: of a role that is a member of isocenter_app (see index/migrate.py).

    Thread-safe. Not to be carried over fork: make one per process.
    """

    def __init__(self, url: str, *, max_connections: int = 10, may_write: MayWrite = always_leads) -> None:
        """may_write: raises NotLeading while another site takes what is written; transactions only read then."""
        self.url = url
        self.may_write = may_write
        self._pool = ConnectionPool(
            application_conninfo(url),
            min_size=0,
            max_size=max_connections,
            timeout=POOL_TIMEOUT_S,
            check=_check,
            open=True,
            name="isocenter",
            kwargs={"autocommit": True},  # BEGIN is ours: it travels with what comes first
        )

    @contextmanager
    def transaction(self, institution_id: int | None = None) -> Iterator[Connection]:
        """One transaction that sees and writes the rows of one institution; None: only tables without institutions.

        Commits synchronously at the end, rolls back on an exception. Raises DatabaseAway or DatabaseBusy.
        """
        first = "" if institution_id is None else _INSTITUTION.format(int(institution_id))
        with self.transaction_with(first) as connection:
            yield connection

    @contextmanager
    def credential_transaction(self, credential: str) -> Iterator[Connection]:
        """A transaction before the institution is known: it sees the one row that belongs to the credential.

        credential: hexadecimal hash of a session token, API token or enrolment token, or a user name. Row-level
        security shows the session, api_token, enrolment or user_account row with exactly that value. Go on with
        set_institution.
        """
        with self.transaction_with("") as connection:
            connection.execute("SELECT set_config('isocenter.credential', %s, true)", [credential])
            yield connection

    @contextmanager
    def transaction_with(self, first: str) -> Iterator[Connection]:
        """A transaction whose beginning and first statement are one message to the server.

        first: a statement without parameters, made of nothing that came from outside; "" for none. A site that does not
        lead commits nothing: it is asked at the beginning, and again at the end.
        """
        with translated_errors(), self._pool.connection() as connection:
            leads = self.leads()
            begin = "BEGIN; " if leads else "BEGIN READ ONLY; "
            connection.execute((begin + first).encode(), prepare=False)
            try:
                yield connection
                if leads:
                    self.may_write()
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def leads(self) -> bool:
        """Whether what is written now would be committed."""
        try:
            self.may_write()
        except NotLeading:
            return False
        return True

    def ingest_connection(self) -> Connection:
        """A connection of its own with synchronous_commit=off and autocommit: the journal is the log of what it writes.

        The caller closes it, and opens another when it broke (and then compares server_life).
        """
        with translated_errors():
            # What arrives for a deleted study is kept with it (index.deletions).
            settings = {
                "synchronous_commit": "off",
                "plan_cache_mode": "force_generic_plan",
                "isocenter.deleted": "shown",
            }
            # Prepared at once: half of what the first instance of a study costs is planning. After a rollback psycopg
            # lets go of all prepared statements, the caller's own too.
            conninfo = application_conninfo(self.url, **settings)
            return psycopg.connect(conninfo, autocommit=True, prepare_threshold=0)

    def server_life(self) -> ServerLife:
        """Which life of which server answers now."""
        with translated_errors(), self._pool.connection() as connection:
            return fingerprint(connection)

    def answers(self) -> bool:
        """Whether a query would succeed now."""
        try:
            with translated_errors(), self._pool.connection(timeout=1.0) as connection:
                connection.execute("SELECT 1")
        except Exhausted:
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def _check(connection: Connection) -> None:
    """Before a connection is lent: a server that ended it has said so on its socket, and only then is it asked.

    Asking each time cost half of a short transaction. Raises psycopg.OperationalError: the pool takes another one.
    """
    arrival = select.poll()
    arrival.register(connection.pgconn.socket, select.POLLIN)
    if arrival.poll(0):
        ConnectionPool.check_connection(connection)


_INSTITUTION = "SELECT set_config('isocenter.institution_id', '{}', true)"


def set_institution(connection: Connection, institution_id: int) -> None:
    """From here to the end of the transaction, see and write the rows of this institution."""
    connection.execute("SELECT set_config('isocenter.institution_id', %s, true)", [str(institution_id)])


def current_institution(connection: Connection) -> int:
    """The institution whose rows this transaction sees; it must have one."""
    row = connection.execute("SELECT isocenter_institution()", prepare=True).fetchone()
    assert row is not None and isinstance(row[0], int), "the transaction was opened without an institution"
    return row[0]


def application_conninfo(url: str, **settings: str) -> str:
    """The address with the application's role and these server settings."""
    known = conninfo_to_dict(url)
    wanted = {"role": APPLICATION_ROLE, "statement_timeout": "60s", "lock_timeout": "30s", **_SHORT_QUERIES} | settings
    options = " ".join([str(known.get("options") or ""), *(f"-c {name}={value}" for name, value in wanted.items())])
    return make_conninfo(
        url,
        options=options.strip(),
        connect_timeout=str(known.get("connect_timeout") or 5),
        application_name=str(known.get("application_name") or "isocenter"),
    )


def fingerprint(connection: Connection) -> ServerLife:
    """Which life of which server this connection talks to; asked on start and after every reconnect."""
    row = connection.execute(
        """
        SELECT (SELECT system_identifier FROM pg_control_system()),
               CASE WHEN pg_is_in_recovery() THEN 0
                    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
               pg_postmaster_start_time(),
               isocenter_server_life()::text
        """
    ).fetchone()
    assert row is not None
    system_identifier, timeline, started_at, life_id = row
    assert isinstance(system_identifier, int)
    assert isinstance(timeline, int)
    assert isinstance(started_at, datetime)
    return ServerLife(system_identifier, timeline, started_at, str(life_id))


@contextmanager
def translated_errors() -> Iterator[None]:
    """Errors of psycopg that mean "not now" become ours; programming errors pass."""
    try:
        yield
    except (PoolTimeout, PoolClosed) as error:
        raise DatabaseAway("The database does not answer.") from error
    except psycopg.errors.OperationalError as error:
        raise _translated(error) from error
    except psycopg.InterfaceError as error:
        raise DatabaseAway("The connection to the database was lost.") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise NotLeading("Nothing is written here now: this site does not lead.") from error


def _translated(error: psycopg.OperationalError) -> Exhausted:
    state = error.sqlstate
    # Without a state, or with class 08 (connection) or 57P0x (shutdown, crash, starting up), nobody answers.
    if state is None or state.startswith(("08", "57P0")):
        return DatabaseAway("The database does not answer.")
    return DatabaseBusy("The database could not finish in time; try again.", sqlstate=state)
