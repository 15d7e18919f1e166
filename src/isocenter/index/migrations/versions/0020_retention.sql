-- How long studies are kept, and their destruction afterwards. Orders are by number, never by the clock.

-- The newest row of an institution holds; without one the law's own years do. applies false: a demo, nothing is kept by law.
CREATE TABLE retention_policy (
    institution_id integer NOT NULL,
    policy_id integer GENERATED ALWAYS AS IDENTITY,
    applies boolean NOT NULL,
    outpatient_years integer NOT NULL CHECK (outpatient_years BETWEEN 0 AND 200),
    inpatient_years integer NOT NULL CHECK (inpatient_years BETWEEN 0 AND 200),
    reason text COLLATE "C" NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, policy_id)
);

-- Visits and inpatient stays, under the identifier that the hospital said them with: known before the patient is, and
-- followed through merges. ended_on: of a stay, the discharge; null while it lasts.
CREATE TABLE visit (
    institution_id integer NOT NULL,
    visit_id integer GENERATED ALWAYS AS IDENTITY,
    patient_id text COLLATE "C" NOT NULL,
    issuer_of_patient_id text COLLATE "C" NOT NULL DEFAULT '',
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('visit', 'stay')),
    number text COLLATE "C" NOT NULL DEFAULT '',
    began_on date NOT NULL,
    ended_on date CHECK (ended_on IS NULL OR (ended_on >= began_on AND kind = 'stay')),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by text COLLATE "C" NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text COLLATE "C",
    withdrawn_reason text COLLATE "C",
    PRIMARY KEY (institution_id, visit_id)
);
CREATE UNIQUE INDEX visit_once ON visit (institution_id, patient_id, issuer_of_patient_id, kind, number,
    (CASE WHEN number = '' THEN began_on ELSE '0001-01-01' END)) WHERE withdrawn_at IS NULL;
CREATE INDEX visit_of_identifier ON visit (institution_id, patient_id, issuer_of_patient_id, visit_id);

-- One proposal to destroy studies, with who approved it.
CREATE TABLE destruction (
    institution_id integer NOT NULL,
    destruction_id integer GENERATED ALWAYS AS IDENTITY,
    reason text COLLATE "C" NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    proposed_by text COLLATE "C" NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text COLLATE "C",
    withdrawn_reason text COLLATE "C",
    PRIMARY KEY (institution_id, destruction_id)
);
CREATE TABLE destruction_approval (
    institution_id integer NOT NULL,
    approval_id integer GENERATED ALWAYS AS IDENTITY,
    destruction_id integer NOT NULL,
    approved_by text COLLATE "C" NOT NULL,
    powers text[] NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, approval_id),
    FOREIGN KEY (institution_id, destruction_id) REFERENCES destruction,
    UNIQUE (institution_id, destruction_id, approved_by)
);

-- Studies that are kept no longer: where each stands. What is destroyed keeps its row, without the patient.
CREATE TABLE destruction_study (
    institution_id integer NOT NULL,
    item_id integer GENERATED ALWAYS AS IDENTITY,
    study_instance_uid text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL
        CHECK (state IN ('due', 'proposed', 'approved-once', 'approved', 'held', 'destroyed')),
    destruction_id integer,
    kept_until date NOT NULL,
    study_date text COLLATE "C" NOT NULL DEFAULT '',
    modalities text[] NOT NULL DEFAULT '{}',
    instance_count integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now(),
    record_id bigint,  -- of what was erased, for its certificate
    PRIMARY KEY (institution_id, item_id),
    FOREIGN KEY (institution_id, destruction_id) REFERENCES destruction
);
CREATE UNIQUE INDEX destruction_study_once ON destruction_study (institution_id, study_instance_uid)
    WHERE state <> 'destroyed';
CREATE INDEX destruction_study_in_state ON destruction_study (institution_id, state, kept_until, item_id);
CREATE INDEX destruction_study_of ON destruction_study (institution_id, destruction_id, item_id);

-- Every step of every study, in order of their numbers.
CREATE TABLE destruction_event (
    institution_id integer NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    study_instance_uid text COLLATE "C" NOT NULL,
    destruction_id integer,
    from_state text COLLATE "C" NOT NULL,
    to_state text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    caller_kind text COLLATE "C" NOT NULL,
    caller_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, event_id)
);
CREATE INDEX destruction_event_of_study ON destruction_event (institution_id, study_instance_uid, event_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['retention_policy', 'visit', 'destruction', 'destruction_approval',
            'destruction_study', 'destruction_event'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution())', name);
    END LOOP;
END;
$$;
-- Policies, approvals and events are history: nobody changes or removes them.
GRANT SELECT, INSERT ON retention_policy, destruction_approval, destruction_event TO isocenter_app;
GRANT SELECT, INSERT, UPDATE ON destruction TO isocenter_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON visit, destruction_study TO isocenter_app;

-- The last day that was believed, of the region as a whole: a clock that leaps makes nothing old.
CREATE TABLE retention_clock (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    seen_on date NOT NULL,
    confirmed_at timestamptz,
    confirmed_by text COLLATE "C"
);
GRANT SELECT, INSERT, UPDATE ON retention_clock TO isocenter_app;

-- Whoever adds what keeps studies takes the lock together with others; whoever erases takes it alone, from asking until
-- the rows are gone. So nothing is destroyed beside a hold or a visit that was recorded before.
CREATE FUNCTION isocenter_keeping_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('isocenter.keeping'), isocenter_institution());
    RETURN NULL;
END;
$$;
CREATE TRIGGER keeping_changes BEFORE INSERT OR UPDATE ON patient_restriction
    FOR EACH STATEMENT EXECUTE FUNCTION isocenter_keeping_changes();
CREATE TRIGGER keeping_changes BEFORE INSERT OR UPDATE ON visit
    FOR EACH STATEMENT EXECUTE FUNCTION isocenter_keeping_changes();
CREATE TRIGGER keeping_changes BEFORE INSERT ON retention_policy
    FOR EACH STATEMENT EXECUTE FUNCTION isocenter_keeping_changes();
CREATE TRIGGER keeping_changes BEFORE UPDATE OF merged_into ON patient
    FOR EACH STATEMENT EXECUTE FUNCTION isocenter_keeping_changes();
