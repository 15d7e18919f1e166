-- Identity and correction: patients under several identifiers, what was corrected, what studies said as received.

-- Every identifier of a patient, the one of its own row among them. Merged patients keep theirs, so that a merge can be
-- undone; whoever looks a patient up follows patient.merged_into.
CREATE TABLE patient_identifier (
    institution_id integer NOT NULL,
    patient_id text COLLATE "C" NOT NULL,
    issuer_of_patient_id text COLLATE "C" NOT NULL DEFAULT '',
    patient_key integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, patient_id, issuer_of_patient_id)
);
CREATE INDEX patient_identifier_by_patient ON patient_identifier (institution_id, patient_key);
ALTER TABLE patient NO FORCE ROW LEVEL SECURITY;
INSERT INTO patient_identifier (institution_id, patient_id, issuer_of_patient_id, patient_key, created_at)
    SELECT institution_id, patient_id, issuer_of_patient_id, patient_key, created_at FROM patient;
ALTER TABLE patient FORCE ROW LEVEL SECURITY;
ALTER TABLE patient ADD COLUMN merged_into integer;
CREATE INDEX patient_merged ON patient (institution_id, merged_into) WHERE merged_into IS NOT NULL;

-- One act of correcting. kind: merge, move, attributes, reception, identifier-added, identifier-removed. patient_key: the
-- patient it is about (of a merge, the one that is merged into into_patient_key). object_key: of the object in the store
-- that holds its values, named by its signed fact. before and after hold patient data: shown, never logged.
CREATE TABLE correction (
    institution_id integer NOT NULL,
    correction_id integer GENERATED ALWAYS AS IDENTITY,
    kind text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C",
    series_instance_uid text COLLATE "C",
    patient_key integer,
    into_patient_key integer,
    reason text COLLATE "C" NOT NULL,
    before jsonb NOT NULL DEFAULT '{}',
    after jsonb NOT NULL DEFAULT '{}',
    object_key text COLLATE "C",
    caller_kind text COLLATE "C" NOT NULL,
    caller_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    undone_by text COLLATE "C",
    PRIMARY KEY (institution_id, correction_id)
);
CREATE INDEX correction_by_study ON correction (institution_id, study_instance_uid, correction_id);
CREATE INDEX correction_merges ON correction (institution_id, correction_id) WHERE kind = 'merge';

-- What an act laid over a study, in the order of step. series_id null: over all of it. replacements: [[tag, vr, text], …];
-- patient_key: whose study it became, null: unchanged. reason_code: COERCE or CORRECT (PS3.3 C.12.1.1.9).
CREATE TABLE study_correction (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    step bigint GENERATED ALWAYS AS IDENTITY,
    correction_id integer NOT NULL,
    series_id integer,
    patient_key integer,
    replacements jsonb NOT NULL,
    reason_code text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    PRIMARY KEY (institution_id, study_id, step)
);
CREATE INDEX study_correction_by_act ON study_correction (institution_id, correction_id);

-- What a corrected study, and its corrected series (series_id > 0), said as received: column → text.
CREATE TABLE study_received (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    series_id integer NOT NULL DEFAULT 0,
    received jsonb NOT NULL,
    PRIMARY KEY (institution_id, study_id, series_id)
);

-- Who decided what about a quality task.
ALTER TABLE quality_task ADD COLUMN resolution text COLLATE "C";
ALTER TABLE quality_task ADD COLUMN note text COLLATE "C";
ALTER TABLE quality_task ADD COLUMN resolved_by text COLLATE "C";
CREATE INDEX quality_task_open ON quality_task (institution_id, task_id) WHERE resolved_at IS NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['patient_identifier', 'correction', 'study_correction', 'study_received']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (institution_id = isocenter_institution()) WITH CHECK (institution_id = isocenter_institution())', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO isocenter_app', name);
    END LOOP;
END;
$$;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO isocenter_app;
