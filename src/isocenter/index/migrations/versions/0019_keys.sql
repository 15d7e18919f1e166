-- An instance that was erased although its study stays: what was received before does not come back from a journal.
CREATE TABLE erased_instance (
    institution_id integer NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (institution_id, sop_instance_uid)
);

-- Every erasing: what there was of it in stores and journals, and the certificate once nothing is left of it there.
-- objects: [{"key", "size_bytes", "digest"}]. sop_instance_uid: null for a whole study.
CREATE TABLE erasure_record (
    institution_id integer NOT NULL,
    record_id bigint GENERATED ALWAYS AS IDENTITY,
    study_instance_uid text COLLATE "C" NOT NULL,
    sop_instance_uid text COLLATE "C",
    sop_instance_uids text[] NOT NULL,
    instance_count integer NOT NULL,
    erased_at timestamptz NOT NULL,
    reason text NOT NULL,
    caller_kind text COLLATE "C" NOT NULL,
    caller_id text COLLATE "C" NOT NULL,
    approvals text[] NOT NULL DEFAULT '{}',
    objects jsonb NOT NULL,
    fact_sequence bigint NOT NULL,
    fact_digest text COLLATE "C" NOT NULL,
    certified_at timestamptz,
    PRIMARY KEY (institution_id, record_id)
);
CREATE INDEX erasure_record_of_study ON erasure_record (institution_id, study_instance_uid, record_id);
CREATE INDEX erasure_record_open ON erasure_record (institution_id, record_id) WHERE certified_at IS NULL;

-- The received forms on one node were overwritten, in its journals and in what it keeps of others'. segments: which.
CREATE TABLE journal_wipe (
    institution_id integer NOT NULL,
    record_id bigint NOT NULL,
    node text COLLATE "C" NOT NULL,
    member_count integer NOT NULL,
    segments text[] NOT NULL DEFAULT '{}',
    wiped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, record_id, node),
    FOREIGN KEY (institution_id, record_id) REFERENCES erasure_record
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['erased_instance', 'erasure_record', 'journal_wipe'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution())', name);
    END LOOP;
END;
$$;
-- Evidence: nobody removes it, and of a record only the date of its certificate changes.
GRANT SELECT, INSERT ON erasure_record, journal_wipe TO isocenter_app;
GRANT UPDATE (certified_at) ON erasure_record TO isocenter_app;
GRANT SELECT, INSERT, UPDATE ON erased_instance TO isocenter_app;
