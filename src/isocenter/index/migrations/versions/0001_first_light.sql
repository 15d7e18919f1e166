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
-- on its page (HOT). study_date and sort_name are '' when unknown, so that keyset cursors need no null.
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
    state text COLLATE "C" NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'sealed')),
    version bigint NOT NULL DEFAULT 1,
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

-- Open instances only, one row each, gone when sealed. digest: BLAKE3 of the received data set. Offsets count bytes in
-- the journal segment. ordinal counts from 0 inside a study and is never given twice.
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

-- Every instance there is, sealed or open. uid_hash: isocenter.index.uid_hash. The columns are ordered by size: 52 bytes.
CREATE TABLE instance_lookup (
    institution_id integer NOT NULL,
    uid_hash uuid NOT NULL,
    study_id integer NOT NULL,
    series_id integer NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (institution_id, uid_hash)
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

-- Journal segments belong to a node, not to an institution. live_members: rows in instance and aside_instance that
-- point into the segment; it may be removed when it is closed and that is 0.
CREATE TABLE segment (
    segment_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node text COLLATE "C" NOT NULL,
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    live_members integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (node, epoch, sequence)
) WITH (fillfactor = 50);

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

CREATE TABLE event (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
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

-- Record the instances of one group, or nothing: returns the next ordinal of each study before the group, or, when some
-- UIDs are known already, those (conflicts) without writing anything. Rows name their study by its place in p_studies
-- and take the ordinal bases[study] + rank. Raises IS001 when a study or segment is gone since the caller looked it up.
CREATE FUNCTION isocenter_record(
    p_institution integer,
    p_studies integer[], p_counts integer[], p_received_at timestamptz,
    p_segments integer[], p_segment_counts integer[],
    p_places integer[], p_ranks integer[], p_series integer[], p_row_segments integer[], p_hashes uuid[],
    p_member_offsets bigint[], p_data_set_offsets bigint[], p_data_set_lengths bigint[], p_pixel_offsets bigint[],
    p_pixel_lengths bigint[], p_header_lengths bigint[], p_received timestamptz[], p_digests text[],
    p_syntaxes text[], p_callers text[], p_doors text[], p_uids text[], p_classes text[], p_instance_numbers integer[],
    p_frames integer[], p_rows integer[], p_columns integer[], p_bits integer[], p_samples integer[],
    p_photometric text[], p_warnings text[],
    OUT bases integer[], OUT conflicts uuid[]
) LANGUAGE plpgsql AS $$
DECLARE
    place integer;
    base integer;
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true);
    SELECT array_agg(l.uid_hash) INTO conflicts FROM instance_lookup l
        WHERE l.institution_id = p_institution AND l.uid_hash = ANY (p_hashes);
    IF conflicts IS NOT NULL THEN
        RETURN;
    END IF;
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
    FOR place IN 1 .. cardinality(p_segments) LOOP
        UPDATE segment s SET live_members = s.live_members + p_segment_counts[place]
        WHERE s.segment_id = p_segments[place];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'segment is gone' USING ERRCODE = 'IS001';
        END IF;
    END LOOP;
    INSERT INTO instance_lookup (institution_id, uid_hash, study_id, series_id, ordinal)
        SELECT p_institution, r.hash, p_studies[r.place], r.series, bases[r.place] + r.rank
        FROM unnest(p_hashes, p_places, p_series, p_ranks) AS r (hash, place, series, rank);
    INSERT INTO instance (
            institution_id, study_id, ordinal, series_id, segment_id, instance_number, number_of_frames, rows, columns,
            bits_allocated, samples_per_pixel, member_offset, data_set_offset, data_set_length, pixel_value_offset,
            pixel_length, header_length, received_at, digest, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
            photometric_interpretation, calling_ae_title, door, warnings)
        SELECT p_institution, p_studies[r.place], bases[r.place] + r.rank, r.series, r.segment, r.number, r.frames,
            r.rows, r.columns, r.bits, r.samples, r.member_offset, r.data_set_offset, r.data_set_length,
            r.pixel_offset, r.pixel_length, r.header_length, r.received_at, decode(r.digest, 'hex'), r.uid, r.class,
            r.syntax, r.photometric, r.caller, r.door, r.warnings
        FROM unnest(p_places, p_ranks, p_series, p_row_segments, p_instance_numbers, p_frames, p_rows, p_columns,
            p_bits, p_samples, p_member_offsets, p_data_set_offsets, p_data_set_lengths, p_pixel_offsets,
            p_pixel_lengths, p_header_lengths, p_received, p_digests, p_uids, p_classes, p_syntaxes, p_photometric,
            p_callers, p_doors, p_warnings)
        AS r (place, rank, series, segment, number, frames, rows, columns, bits, samples, member_offset,
            data_set_offset, data_set_length, pixel_offset, pixel_length, header_length, received_at, digest, uid,
            class, syntax, photometric, caller, door, warnings);
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
