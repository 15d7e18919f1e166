"""An index as large as a region's, made by SQL without pixels: studies of 20 sealed instances in 4 series.

The same distributions at every size: 50 studies a day, two studies a patient, 20 studies a family name, one study in
ten of somebody called Wang, so that the same question has as many answers in a large index as in a small one (but for
Wang).
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

PER_STUDY = 20
SERIES = 4
CHUNK = 20_000
ROOT = "1.2.826.0.1.3680043.10.1337"

_STUDIES = """
INSERT INTO study (institution_id, study_id, study_instance_uid, patient_key, patient_id, patient_name,
    patient_birth_date, patient_sex, study_date, study_time, accession_number, dicom_study_id, study_description,
    referring_physician_name, sort_name, modalities, state, series_count, instance_count, next_ordinal,
    first_received_at, last_received_at, token_rules, told_version)
OVERRIDING SYSTEM VALUE
SELECT %(institution)s, %(base)s + n, '{root}.' || n, 1 + n / 2, 'P' || lpad((n / 2)::text, 8, '0'),
    CASE WHEN n %% 10 = 0 THEN 'Wang^XiaoMing' || n %% 1000 || '=王^小明' ELSE {family} || '^Given' || n %% 997 END,
    (1920 + n %% 100) || '0101', 'F', to_char(date '2000-01-01' + n / 50, 'YYYYMMDD'),
    lpad((n %% 24)::text, 2, '0') || '1530',
    'A' || lpad(n::text, 9, '0'), n::text, 'CT chest with contrast', 'Referring^Doctor' || n %% 500,
    CASE WHEN n %% 10 = 0 THEN 'wang^xiaoming' || n %% 1000 || '=王^小明'
        ELSE lower({family}) || '^given' || n %% 997 END,
    '{{CT,SR}}', 'sealed', {series}, {per_study}, {per_study}, now(), now(), 1, 1
FROM generate_series(%(first)s::integer, %(last)s::integer) n
"""
_TOKENS = """
INSERT INTO study_token (institution_id, study_id, kind, token)
SELECT DISTINCT %(institution)s, %(base)s + n, t.kind::"char", t.token
FROM generate_series(%(first)s::integer, %(last)s::integer) n, LATERAL (VALUES
    ('d', 'ct'), ('d', 'chest'), ('d', 'with'), ('d', 'contrast'),
    ('n', CASE WHEN n %% 10 = 0 THEN 'wang' ELSE lower({family}) END),
    ('n', CASE WHEN n %% 10 = 0 THEN 'xiaoming' || n %% 1000 ELSE 'given' || n %% 997 END),
    ('p', CASE WHEN n %% 10 = 0 THEN 'fn' ELSE substr(md5((n / 20)::text), 1, 4) END), ('p', 'kfn'),
    ('n', CASE WHEN n %% 10 = 0 THEN '王小明' END), ('n', CASE WHEN n %% 10 = 0 THEN '王' END),
    ('n', CASE WHEN n %% 10 = 0 THEN '小明' END), ('y', CASE WHEN n %% 10 = 0 THEN 'wangxiaoming' END),
    ('y', CASE WHEN n %% 10 = 0 THEN 'wangxm' END), ('y', CASE WHEN n %% 10 = 0 THEN 'wxm' END)
) t (kind, token) WHERE t.token IS NOT NULL
"""
_OTHERS = (
    """
INSERT INTO patient (institution_id, patient_key, patient_id, patient_name, patient_birth_date, patient_sex)
OVERRIDING SYSTEM VALUE
SELECT %(institution)s, %(base)s + 1 + n, 'P' || lpad(n::text, 8, '0'), 'Family^Given', '19700101', 'F'
FROM generate_series(%(first)s::integer / 2, %(last)s::integer / 2) n ON CONFLICT DO NOTHING
""",
    """
INSERT INTO study_modality (institution_id, study_id, modality, study_date)
SELECT %(institution)s, %(base)s + n, m, to_char(date '2000-01-01' + n / 50, 'YYYYMMDD')
FROM generate_series(%(first)s::integer, %(last)s::integer) n, unnest(ARRAY['CT', 'SR']) m
""",
    """
INSERT INTO series (institution_id, study_id, series_id, series_instance_uid, modality, series_number,
    series_description, body_part_examined, sealed_instance_count, sealed_frame_count)
SELECT %(institution)s, %(base)s + n, s, '{root}.' || n || '.' || s,
    CASE s WHEN {series} THEN 'SR' ELSE 'CT' END, s, 'Lung 1.0', 'CHEST', {per_study} / {series}, {per_study} / {series}
FROM generate_series(%(first)s::integer, %(last)s::integer) n, generate_series(1, {series}) s
""",
    """
INSERT INTO pack (institution_id, study_id, object_key, size_bytes, received_bytes, instance_count, digest)
SELECT %(institution)s, %(base)s + n,
    'packs/' || substr(md5(n::text), 1, 2) || '/' || md5(%(institution)s::integer || 'p' || n) || '.tar',
    5000000, 10000000, {per_study}, sha256(n::text::bytea)
FROM generate_series(%(first)s::integer, %(last)s::integer) n
""",
)
# As isocenter.index.uid_hash makes them: 4 bytes of the series, 12 of the instance.
_LOOKUP = """
INSERT INTO instance_lookup (institution_id, uid_hash, study_id, series_id, ordinal)
SELECT %(institution)s, (substr(md5('s' || n || '.' || s), 1, 8)
    || substr(md5(%(institution)s::integer || '.' || n || '.' || s || '.' || i), 1, 24))::uuid,
    %(base)s + n, s, (s - 1) * {per_series} + i
FROM generate_series(%(first)s::integer, %(last)s::integer) n, generate_series(1, {series}) s,
    generate_series(0, {per_series} - 1) i
"""


def fill(
    url: str, institution_id: int, studies: int, *, first: int = 0, said: Callable[[str], None] = lambda _: None
) -> None:
    """Add studies `first` … `studies` - 1 to an institution. url: of the owner, bound by no row-level security."""
    words = {
        "root": ROOT,
        "series": SERIES,
        "per_study": PER_STUDY,
        "per_series": PER_STUDY // SERIES,
        "family": "'Family' || n / 20",
    }
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        row = connection.execute("SELECT coalesce(max(study_id), 0) + 1 FROM study").fetchone()
        assert row is not None
        base = int(row[0]) - first
        for start in range(first, studies, CHUNK):
            last = min(start + CHUNK, studies) - 1
            values = {"institution": institution_id, "base": base, "first": start, "last": last}
            for statement in (_STUDIES, _TOKENS, *_OTHERS, _LOOKUP):
                connection.execute(statement.format(**words).encode(), values)
            said(f"{last + 1} of {studies} studies")
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('study', 'study_id'), (SELECT max(study_id) FROM study))"
        )
        connection.execute("VACUUM ANALYZE")


def bytes_by_table(url: str) -> dict[str, tuple[int, int]]:
    """(bytes of the table, bytes of its indexes) of what describes sealed studies."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            """
            SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND relname IN ('study', 'series', 'patient', 'study_token', 'study_modality', 'pack',
                    'instance_lookup')
            ORDER BY pg_total_relation_size(oid) DESC
            """
        ).fetchall()
    return {str(name): (int(table), int(index)) for name, table, index in rows}
