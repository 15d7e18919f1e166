-- Text is compared byte by byte (collation C) everywhere: ranges over text can then use the indexes, in any database,
-- and under row-level security, where only leakproof operators (=, <, >=, not LIKE) reach an index.

-- Which institution the present transaction is for; null when it is for none.
CREATE FUNCTION isocenter_institution() RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('isocenter.institution_id', true), '')::integer $$;

-- The hash or name that someone shows who is not known yet; null when none.
CREATE FUNCTION isocenter_credential() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('isocenter.credential', true), '') $$;

CREATE TABLE institution (
    institution_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The DICOM hierarchy ------------------------------------------------------------------------------------------------

CREATE TABLE patient (
    institution_id integer NOT NULL REFERENCES institution,
    patient_key integer GENERATED ALWAYS AS IDENTITY,
    patient_id text COLLATE "C" NOT NULL,
    issuer_of_patient_id text COLLATE "C" NOT NULL DEFAULT '',
    patient_name text COLLATE "C",
    patient_birth_date text COLLATE "C",
    patient_sex text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, patient_key),
    UNIQUE (institution_id, patient_id, issuer_of_patient_id)
);

-- One row per study, written once per group of arriving instances: what changes then is in no index, so the update stays
-- on its page (HOT). No check constraints: they are parsed anew at every update. state: open or sealed. version counts up
-- from the microsecond of creation, so that a study erased and sent again never meets its old versions in a cache.
-- study_date and sort_name are '' when unknown, so that keyset cursors need no null.
CREATE TABLE study (
    institution_id integer NOT NULL REFERENCES institution,
    study_id integer GENERATED ALWAYS AS IDENTITY,
    study_instance_uid text COLLATE "C" NOT NULL,
    patient_key integer,
    patient_id text COLLATE "C",
    issuer_of_patient_id text COLLATE "C",
    patient_name text COLLATE "C",
    patient_birth_date text COLLATE "C",
    patient_sex text COLLATE "C",
    study_date text COLLATE "C" NOT NULL DEFAULT '',
    study_time text COLLATE "C",
    accession_number text COLLATE "C",
    dicom_study_id text COLLATE "C",
    study_description text COLLATE "C",
    referring_physician_name text COLLATE "C",
    timezone_offset_from_utc text COLLATE "C",
    sort_name text COLLATE "C" NOT NULL DEFAULT '',
    modalities text[] NOT NULL DEFAULT '{}',
    state text COLLATE "C" NOT NULL DEFAULT 'open',
    version bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    series_count integer NOT NULL DEFAULT 0,
    instance_count integer NOT NULL DEFAULT 0,
    next_ordinal integer NOT NULL DEFAULT 0,
    first_received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    PRIMARY KEY (institution_id, study_id),
    UNIQUE (institution_id, study_instance_uid)
) WITH (fillfactor = 70);
CREATE INDEX study_by_date ON study (institution_id, study_date, study_id);
CREATE INDEX study_by_name ON study (institution_id, sort_name, study_id);
CREATE INDEX study_by_patient_id ON study (institution_id, patient_id, study_id);
CREATE INDEX study_by_accession_number ON study (institution_id, accession_number, study_id);
CREATE INDEX study_open ON study (institution_id, study_id) WHERE state = 'open';

-- What a study is found by: words of names (kind n) and of the description (kind d), casefolded.
CREATE TABLE study_token (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    kind "char" NOT NULL,
    token text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, token, kind, study_id)
);

CREATE TABLE study_modality (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    modality text COLLATE "C" NOT NULL,
    study_date text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, modality, study_date, study_id)
);

-- series_id counts from 1 inside a study. The sealed_ columns describe what lies in packs; open instances have rows.
CREATE TABLE series (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    series_id integer NOT NULL,
    series_instance_uid text COLLATE "C" NOT NULL,
    modality text COLLATE "C",
    series_number integer,
    series_description text COLLATE "C",
    body_part_examined text COLLATE "C",
    laterality text COLLATE "C",
    protocol_name text COLLATE "C",
    station_name text COLLATE "C",
    sealed_instance_count integer NOT NULL DEFAULT 0,
    sealed_frame_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, study_id, series_id),
    UNIQUE (institution_id, series_instance_uid, study_id)
);

-- Open instances only, one row each, gone when sealed. digest: BLAKE3 of the received data set. member_offset and
-- data_set_offset count from the start of the journal segment, pixel_value_offset from the start of the data set. ordinal counts from 0 inside a study and is never given twice.
CREATE TABLE instance (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    ordinal integer NOT NULL,
    series_id integer NOT NULL,
    segment_id integer NOT NULL,
    instance_number integer,
    number_of_frames integer NOT NULL,
    rows integer,
    columns integer,
    bits_allocated integer,
    samples_per_pixel integer,
    member_offset bigint NOT NULL,
    data_set_offset bigint NOT NULL,
    data_set_length bigint NOT NULL,
    pixel_value_offset bigint,
    pixel_length bigint,
    header_length bigint NOT NULL,
    received_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    sop_class_uid text COLLATE "C" NOT NULL,
    transfer_syntax_uid text COLLATE "C" NOT NULL,
    photometric_interpretation text COLLATE "C",
    calling_ae_title text COLLATE "C" NOT NULL,
    door text COLLATE "C" NOT NULL,
    warnings text COLLATE "C",
    PRIMARY KEY (institution_id, study_id, ordinal)
);

-- Every instance there is, sealed or open: 56 bytes and 24 in the index. uid_hash: isocenter.index.uid_hash, of the
-- institution and the UID, so that the same UID at two hospitals is two rows though the key is one column.
CREATE TABLE instance_lookup (
    institution_id integer NOT NULL,
    uid_hash uuid NOT NULL,
    study_id integer NOT NULL,
    series_id integer NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (uid_hash)
);

-- Versions that are not current: other content under a known UID, or a known UID in another study or series.
-- study_id: of the study that holds the current version. segment_id null: in the pack of that study.
CREATE TABLE aside_instance (
    institution_id integer NOT NULL,
    aside_id integer GENERATED ALWAYS AS IDENTITY,
    study_id integer NOT NULL,
    reason text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    series_instance_uid text COLLATE "C" NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    sop_class_uid text COLLATE "C" NOT NULL,
    transfer_syntax_uid text COLLATE "C" NOT NULL,
    segment_id integer,
    member_offset bigint NOT NULL,
    data_set_offset bigint NOT NULL,
    data_set_length bigint NOT NULL,
    digest bytea NOT NULL,
    received_at timestamptz NOT NULL,
    calling_ae_title text COLLATE "C" NOT NULL,
    door text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, aside_id),
    UNIQUE (institution_id, study_id, sop_instance_uid, digest)
);

-- Something for a person to look at, raised once per fingerprint.
CREATE TABLE quality_task (
    institution_id integer NOT NULL,
    task_id integer GENERATED ALWAYS AS IDENTITY,
    study_id integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    detail jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    PRIMARY KEY (institution_id, task_id),
    UNIQUE (institution_id, study_id, kind, fingerprint)
);

-- What was erased stays gone when a journal is read again: members received up to erased_at are passed over.
CREATE TABLE erasure (
    institution_id integer NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (institution_id, study_instance_uid)
);

-- Bytes --------------------------------------------------------------------------------------------------------------

CREATE TABLE pack (
    institution_id integer NOT NULL,
    pack_id integer GENERATED ALWAYS AS IDENTITY,
    study_id integer NOT NULL,
    object_key text COLLATE "C" NOT NULL UNIQUE,
    size_bytes bigint NOT NULL,
    received_bytes bigint NOT NULL,
    instance_count integer NOT NULL,
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, pack_id)
);
CREATE INDEX pack_by_study ON pack (institution_id, study_id);

-- Journal segments belong to a node, not to an institution. A closed one before the checkpoint may be removed when no row
-- of instance and aside_instance points into it.
CREATE TABLE segment (
    segment_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node text COLLATE "C" NOT NULL,
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (node, epoch, sequence)
);

-- Everything of the epoch before this place is in the index for good.
CREATE TABLE checkpoint (
    node text COLLATE "C" NOT NULL,
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    end_offset bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, epoch)
) WITH (fillfactor = 50);

-- Emptied by PostgreSQL after every crash: a new life_id tells that commits may have been lost.
CREATE UNLOGGED TABLE server_life (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    life_id uuid NOT NULL DEFAULT gen_random_uuid()
);
CREATE FUNCTION isocenter_server_life() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found uuid;
BEGIN
    SELECT life_id INTO found FROM server_life;
    IF found IS NULL THEN
        INSERT INTO server_life DEFAULT VALUES ON CONFLICT DO NOTHING;
        SELECT life_id INTO found FROM server_life;
    END IF;
    RETURN found;
END;
$$;

-- Outbox -------------------------------------------------------------------------------------------------------------

-- Numbers are given before commits: transaction tells a reader which events may still have unseen ones before them.
CREATE TABLE event (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C",
    detail jsonb NOT NULL DEFAULT '{}'
);

-- Access -------------------------------------------------------------------------------------------------------------

CREATE TABLE user_account (
    user_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id integer NOT NULL REFERENCES institution,
    username text COLLATE "C" NOT NULL UNIQUE,
    display_name text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    password_hash text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE TABLE enrolment (
    token_hash bytea PRIMARY KEY,
    institution_id integer NOT NULL REFERENCES institution,
    role text COLLATE "C" NOT NULL,
    username text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
    institution_id integer NOT NULL REFERENCES institution,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    user_agent text COLLATE "C" NOT NULL DEFAULT '',
    address text COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE api_token (
    token_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    institution_id integer NOT NULL REFERENCES institution,
    role text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

CREATE TABLE audit_event (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    caller_kind text COLLATE "C" NOT NULL,
    caller_id text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C",
    sitting text COLLATE "C",
    detail jsonb NOT NULL DEFAULT '{}'
);
-- Looking at a study is recorded once per caller and sitting.
CREATE UNIQUE INDEX audit_event_one_look ON audit_event (institution_id, caller_kind, caller_id, study_instance_uid, sitting)
    WHERE action = 'study-opened';

-- Ingest -------------------------------------------------------------------------------------------------------------

-- One arriving instance: place and rank say which ordinal it takes, bases[place] + rank.
CREATE TYPE isocenter_arrival AS (
    place integer, rank integer, hash uuid, series_id integer, segment_id integer, instance_number integer,
    number_of_frames integer, rows integer, columns integer, bits_allocated integer, samples_per_pixel integer,
    member_offset bigint, data_set_offset bigint, data_set_length bigint, pixel_value_offset bigint,
    pixel_length bigint, header_length bigint, received_at timestamptz, digest bytea, sop_instance_uid text,
    sop_class_uid text, transfer_syntax_uid text, photometric_interpretation text, calling_ae_title text, door text,
    warnings text
);

-- Record a group of instances, whole or not at all; returns the ordinal each study was at before the group. Raises IS001
-- when a study is gone since the caller looked it up, IS002 when one of the UIDs is known already. A single instance, the
-- common group of a slow sender, takes the two cheapest statements there are.
CREATE FUNCTION isocenter_record(
    p_institution integer, p_studies integer[], p_counts integer[], p_received_at timestamptz,
    p_arrivals isocenter_arrival[]
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    base integer;
    bases integer[];
    one isocenter_arrival;
    written integer;
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true);
    FOR place IN 1 .. cardinality(p_studies) LOOP
        UPDATE study s SET
            next_ordinal = s.next_ordinal + p_counts[place],
            instance_count = s.instance_count + p_counts[place],
            last_received_at = greatest(s.last_received_at, p_received_at),
            version = s.version + 1,
            state = 'open'
        WHERE s.institution_id = p_institution AND s.study_id = p_studies[place]
        RETURNING s.next_ordinal - p_counts[place] INTO base;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'study is gone' USING ERRCODE = 'IS001';
        END IF;
        bases := bases || base;
    END LOOP;
    IF cardinality(p_arrivals) = 1 THEN
        one := p_arrivals[1];
        INSERT INTO instance_lookup (institution_id, uid_hash, study_id, series_id, ordinal)
            VALUES (p_institution, one.hash, p_studies[1], one.series_id, base) ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written = 1 THEN
            INSERT INTO instance VALUES (
                p_institution, p_studies[1], base, one.series_id, one.segment_id, one.instance_number,
                one.number_of_frames, one.rows, one.columns, one.bits_allocated, one.samples_per_pixel,
                one.member_offset, one.data_set_offset, one.data_set_length, one.pixel_value_offset, one.pixel_length,
                one.header_length, one.received_at, one.digest, one.sop_instance_uid, one.sop_class_uid,
                one.transfer_syntax_uid, one.photometric_interpretation, one.calling_ae_title, one.door, one.warnings);
        END IF;
    ELSE
        INSERT INTO instance_lookup (institution_id, uid_hash, study_id, series_id, ordinal)
            SELECT p_institution, a.hash, p_studies[a.place], a.series_id, bases[a.place] + a.rank
            FROM unnest(p_arrivals) AS a ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written = cardinality(p_arrivals) THEN
            INSERT INTO instance
                SELECT p_institution, p_studies[a.place], bases[a.place] + a.rank, a.series_id, a.segment_id,
                    a.instance_number, a.number_of_frames, a.rows, a.columns, a.bits_allocated, a.samples_per_pixel,
                    a.member_offset, a.data_set_offset, a.data_set_length, a.pixel_value_offset, a.pixel_length,
                    a.header_length, a.received_at, a.digest, a.sop_instance_uid, a.sop_class_uid,
                    a.transfer_syntax_uid, a.photometric_interpretation, a.calling_ae_title, a.door, a.warnings
                FROM unnest(p_arrivals) AS a;
        END IF;
    END IF;
    IF written <> cardinality(p_arrivals) THEN
        RAISE EXCEPTION 'a UID is known already' USING ERRCODE = 'IS002';
    END IF;
    RETURN bases;
END;
$$;

-- Walls --------------------------------------------------------------------------------------------------------------

DO $$
DECLARE
    name text;
    condition text;
BEGIN
    FOR name IN
        SELECT c.table_name FROM information_schema.columns c
        WHERE c.table_schema = current_schema AND c.column_name = 'institution_id' AND c.table_name <> 'institution'
    LOOP
        condition := 'institution_id = isocenter_institution()';
        IF name IN ('session', 'api_token', 'enrolment') THEN
            condition := condition || ' OR encode(token_hash, ''hex'') = isocenter_credential()';
        ELSIF name = 'user_account' THEN
            condition := condition || ' OR username = isocenter_credential()';
        END IF;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (%s) WITH CHECK (institution_id = isocenter_institution())', name, condition);
    END LOOP;
END;
$$;

GRANT USAGE ON SCHEMA public TO isocenter_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO isocenter_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO isocenter_app;
REVOKE UPDATE, DELETE ON audit_event FROM isocenter_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM isocenter_app;
