-- What readers keep: it lies in the index alone. reader: kind and id of the caller, with her own institution's number
-- behind it when she reads as an ally's guest.

-- Measurements of one reader in one study, as JSON (domain/reading/measurements.py). Erasing the study takes them along.
CREATE TABLE measurement_draft (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    reader text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    measurements jsonb NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, study_id, reader)
);

CREATE TABLE reading_preferences (
    institution_id integer NOT NULL,
    reader text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    preferences jsonb NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, reader)
);

-- Of one reader, of one department, or, with neither, of the institution.
CREATE TABLE hanging_protocol (
    institution_id integer NOT NULL,
    hanging_protocol_id integer GENERATED ALWAYS AS IDENTITY,
    reader text COLLATE "C",
    department_id integer,
    name text COLLATE "C" NOT NULL,
    document jsonb NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, hanging_protocol_id),
    FOREIGN KEY (institution_id, department_id) REFERENCES department ON DELETE CASCADE,
    CHECK (reader IS NULL OR department_id IS NULL)
);
CREATE INDEX hanging_protocol_of_reader ON hanging_protocol (institution_id, reader, hanging_protocol_id);
CREATE INDEX hanging_protocol_of_department ON hanging_protocol (institution_id, department_id, hanging_protocol_id);

-- workstation: a random word that a browser keeps.
CREATE TABLE display_check (
    institution_id integer NOT NULL,
    display_check_id integer GENERATED ALWAYS AS IDENTITY,
    reader text COLLATE "C" NOT NULL,
    workstation text COLLATE "C" NOT NULL,
    answers jsonb NOT NULL,
    screen jsonb NOT NULL,
    note text COLLATE "C",
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, display_check_id)
);
CREATE INDEX display_check_last ON display_check (institution_id, reader, workstation, display_check_id);

CREATE TABLE display_check_rule (
    institution_id integer PRIMARY KEY,
    due_after_days integer NOT NULL CHECK (due_after_days BETWEEN 1 AND 3650),
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text COLLATE "C" NOT NULL
);

-- A view on its way from one device of a reader to another of hers, for ten minutes. id_hash: what the address holds is
-- not kept.
CREATE TABLE handed_over_view (
    institution_id integer NOT NULL,
    id_hash bytea NOT NULL,
    reader text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    view jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (institution_id, id_hash)
);
CREATE INDEX handed_over_view_ends ON handed_over_view (institution_id, expires_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['measurement_draft', 'reading_preferences', 'hanging_protocol', 'display_check',
            'display_check_rule', 'handed_over_view'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution())', name);
    END LOOP;
END;
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON measurement_draft, reading_preferences, hanging_protocol, display_check_rule,
    handed_over_view TO isocenter_app;
GRANT SELECT, INSERT ON display_check TO isocenter_app;
