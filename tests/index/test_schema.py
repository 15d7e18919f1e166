"""The schema: migrated equals the snapshot, and two hospitals never see each other."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from procrastinate import __version__ as procrastinate_version
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from tests.index.builders import rows_of_a_study

import isocenter.index
from isocenter.index.ingest import Ingest
from isocenter.index.institutions import Institution
from isocenter.index.migrate import DatabaseUnfit, migrate, newest_revision
from isocenter.kit.database import Database

SNAPSHOT = Path(isocenter.index.__file__).with_name("schema.sql")

# Everything a schema consists of, as text that does not depend on the order of creation.
CATALOG = """
    SELECT 'column', concat(c.relname, '.', a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attidentity, l.collname, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        AND c.relkind IN ('r', 'v', 'c')
    UNION ALL SELECT 'table', relname, concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity,
        reloptions) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v')
    UNION ALL SELECT 'grant', c.relname, p.privilege_type FROM pg_class c, aclexplode(c.relacl) p
    WHERE c.relnamespace = 'public'::regnamespace AND p.grantee = 'isocenter_app'::regrole
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'policy', tablename || '.' || policyname, coalesce(qual, '') || coalesce(with_check, '')
    FROM pg_policies WHERE schemaname = 'public'
    UNION ALL SELECT 'type', t.typname, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY 2
"""


def catalog(url: str) -> set[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(CATALOG.encode()).fetchall())


def test_the_migrated_schema_equals_the_snapshot(database_url: str, empty_database_url: str) -> None:
    """scripts/write_schema.py writes the snapshot anew after a migration."""
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("SET check_function_bodies = off")  # functions come before the tables that they read
        connection.execute(SNAPSHOT.read_bytes())
    migrated, fresh = catalog(database_url), catalog(empty_database_url)
    assert migrated - fresh == set()
    assert fresh - migrated == set()


def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = catalog(database_url)
    migrate(database_url)
    assert catalog(database_url) == before
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (newest_revision(),)


def test_a_database_of_a_newer_isocenter_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseUnfit, match="newer Isocenter"):
        migrate(database_url)


def test_procrastinate_is_the_version_its_tables_were_made_for() -> None:
    """A newer one needs its own migrations in ours first."""
    assert procrastinate_version.startswith("3.10."), procrastinate_version


def test_every_table_with_an_institution_has_row_level_security_forced(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        open_tables = connection.execute(
            """
            SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'institution_id'
            WHERE c.relkind = 'r' AND c.relname NOT IN ('institution', 'alliance_member') -- the region's own
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
            """
        ).fetchall()
        leading = connection.execute(
            """
            SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            WHERE i.indisprimary AND c.relname IN ('patient', 'study', 'series', 'instance', 'pack',
                'study_token', 'study_modality', 'aside_instance', 'quality_task', 'erasure')
                AND pg_get_indexdef(i.indexrelid, 1, true) <> 'institution_id'
            """
        ).fetchall()
    assert open_tables == []
    assert leading == []


def test_a_transaction_sees_its_institution_alone_and_without_one_nothing(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    ingest = Ingest(database.ingest_connection)
    ingest.record(rows_of_a_study(1, slices=2, institution_id=institution.institution_id))
    ingest.close()
    tables = ("patient", "study", "series", "instance", "instance_lookup", "study_token", "study_modality")
    for table in tables:
        query = f"SELECT count(*) FROM {table}".encode()
        for institution_id, seen in (
            (institution.institution_id, True),
            (other_institution.institution_id, False),
            (None, False),
        ):
            with database.transaction(institution_id) as connection:
                assert (connection.execute(query).fetchone() != (0,)) is seen, (table, institution_id)


def test_a_row_cannot_be_written_into_another_institution(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    statement = "INSERT INTO patient (institution_id, patient_id) VALUES (%s, 'P')"
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.transaction(institution.institution_id) as connection,
    ):
        connection.execute(statement, [other_institution.institution_id])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as connection:
        connection.execute(statement, [institution.institution_id])


_ANOTHER = """
    SELECT isocenter_record(%s, ARRAY[i.study_id], ARRAY[1], now(), ARRAY[ROW(1, 0, gen_random_uuid(), i.series_id,
        i.segment_id, i.instance_number, i.number_of_frames, i.rows, i.columns, i.bits_allocated, i.samples_per_pixel,
        i.member_offset, i.data_set_offset, i.data_set_length, i.pixel_value_offset, i.pixel_length, i.header_length,
        i.received_at, i.digest, i.sop_instance_uid, i.sop_class_uid, i.transfer_syntax_uid,
        i.photometric_interpretation, i.calling_ae_title, i.door, i.warnings)::isocenter_arrival])
    FROM public.instance i
"""


@pytest.fixture
def instance(database: Database, institution: Institution) -> None:
    """One that is recorded."""
    ingest = Ingest(database.ingest_connection)
    ingest.record(rows_of_a_study(1, slices=1, institution_id=institution.institution_id))
    ingest.close()


@pytest.mark.usefixtures("instance")
def test_recording_reaches_no_study_of_another_institution(
    database: Database, institution: Institution, other_institution: Institution
) -> None:
    with (
        pytest.raises(psycopg.DatabaseError, match="study is gone"),
        database.transaction(institution.institution_id) as connection,
    ):
        connection.execute(_ANOTHER.encode(), [other_institution.institution_id])


@pytest.mark.usefixtures("instance")
def test_recording_is_led_astray_by_no_table_of_the_session(database: Database, institution: Institution) -> None:
    with database.transaction(institution.institution_id) as connection:
        for table in ("study", "instance", "instance_lookup"):
            connection.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table})".encode())
        connection.execute(_ANOTHER.encode(), [institution.institution_id])
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM instance), (SELECT count(*) FROM public.instance),"
            " (SELECT instance_count FROM public.study)"
        ).fetchone()
    assert counts == (0, 2, 2)


def test_what_is_done_as_the_owner_is_for_the_application_alone(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        functions = connection.execute(
            """
            SELECT p.proname, p.proconfig, has_function_privilege('isocenter_app', p.oid, 'EXECUTE'),
                EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
            FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace ORDER BY 1
            """
        ).fetchall()
    path = ["search_path=public, pg_temp"]
    assert functions == [
        ("isocenter_forget_audit_events", path, True, False),
        ("isocenter_record", path, True, False),
    ]


def test_the_application_owns_nothing_and_keeps_the_audit_trail(database: Database, institution: Institution) -> None:
    with database.transaction(institution.institution_id) as connection:
        connection.execute(
            "INSERT INTO audit_event (institution_id, caller_kind, caller_id, action) VALUES (1, 'user', 'u', 'looked')"
        )
    for statement in ("UPDATE audit_event SET action = ''", "DELETE FROM audit_event", "DROP TABLE study"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(1) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def ordinary_role_url(empty_database_url: str) -> str:
    """A login that owns the database and may nothing else, as on a server of someone else's."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute("DROP ROLE IF EXISTS ordinary")
        connection.execute("CREATE ROLE ordinary LOGIN PASSWORD 'ordinary' NOCREATEROLE")
        connection.execute(f"ALTER DATABASE {name} OWNER TO ordinary".encode())
    return make_conninfo(empty_database_url, user="ordinary", password="ordinary")


def test_a_role_that_may_not_create_roles_is_told_the_sql_to_run(
    ordinary_role_url: str, empty_database_url: str
) -> None:
    with pytest.raises(DatabaseUnfit) as refusal:
        migrate(ordinary_role_url)
    assert 'GRANT isocenter_app TO "ordinary"' in refusal.value.message
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute('GRANT isocenter_app TO "ordinary"')
    migrate(ordinary_role_url)
    database = Database(ordinary_role_url)
    with database.transaction() as connection:
        connection.execute("INSERT INTO institution (name) VALUES ('Demo')")
    ingest = Ingest(database.ingest_connection)
    assert ingest.record(rows_of_a_study(1, slices=2))[0].result == "stored"
    ingest.close()
    database.close()
    with psycopg.connect(ordinary_role_url) as owner:  # row-level security is forced: it binds the owner too
        assert owner.execute("SELECT count(*) FROM study").fetchone() == (0,)


def upgrade(url: str, revision: str) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(SNAPSHOT.with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_rows_come_along_in_an_upgrade_by_an_owner_whom_row_level_security_binds(
    ordinary_role_url: str, empty_database_url: str
) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute('GRANT isocenter_app TO "ordinary"')
    upgrade(ordinary_role_url, "0008")
    with psycopg.connect(empty_database_url) as superuser:
        superuser.execute("INSERT INTO institution (name) VALUES ('Demo')")
        superuser.execute(
            "INSERT INTO user_account (institution_id, username, display_name, role, password_hash)"
            " VALUES (1, 'ada', 'Ada', 'administrator', '')"
        )
        superuser.execute(
            "INSERT INTO api_token (token_hash, institution_id, role, label) VALUES ('', 1, 'modality', '')"
        )
    upgrade(ordinary_role_url, "0015")
    with psycopg.connect(empty_database_url) as superuser:
        assert superuser.execute("SELECT role FROM user_role").fetchall() == [("administrator",)]
        assert superuser.execute("SELECT roles FROM api_token").fetchall() == [(["modality"],)]
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE relname IN ('user_role', 'study', 'audit_event')"
        assert superuser.execute(forced).fetchall() == [(True,)] * 3
