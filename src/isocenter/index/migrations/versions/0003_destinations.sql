-- Where objects are sent, what was promised to whom, and what rejection notes took out of sight.

-- Application entities that objects are sent to. calling_ae_title '' is our own; transfer_syntaxes 'stored' sends what
-- lies here where the peer takes it and decodes otherwise, 'decoded' always decodes. availability_since: notices of
-- studies that went quiet from then on (PS3.4 Annex R); null: none.
CREATE TABLE destination (
    institution_id integer NOT NULL REFERENCES institution,
    destination_id integer GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL,
    ae_title text COLLATE "C" NOT NULL,
    host text COLLATE "C" NOT NULL,
    port integer NOT NULL,
    calling_ae_title text COLLATE "C" NOT NULL DEFAULT '',
    transfer_syntaxes text COLLATE "C" NOT NULL DEFAULT 'stored',
    associations integer NOT NULL DEFAULT 1,
    send_allowed boolean NOT NULL DEFAULT true,
    availability_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, destination_id),
    UNIQUE (institution_id, name),
    UNIQUE (institution_id, ae_title)
);

-- One order to send. state: waiting, sending, done, failed, stopped. destination_name stays when the destination goes.
CREATE TABLE transfer (
    institution_id integer NOT NULL,
    transfer_id integer GENERATED ALWAYS AS IDENTITY,
    destination_id integer NOT NULL,
    destination_name text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    series_instance_uids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    sop_instance_uids text[] COLLATE "C" NOT NULL DEFAULT '{}',
    state text COLLATE "C" NOT NULL DEFAULT 'waiting',
    total integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    last_error text COLLATE "C",
    caller_kind text COLLATE "C" NOT NULL,
    caller_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (institution_id, transfer_id)
);
CREATE INDEX transfer_unfinished ON transfer (institution_id, destination_id, transfer_id)
    WHERE state IN ('waiting', 'sending');

-- What became of each instance of a transfer that is not finished, so that a later attempt goes on where the last one
-- ended; of a finished one only failures stay. status: of C-STORE (PS3.4 B.2.3), 0 and B000 to BFFF are sent.
CREATE TABLE transfer_instance (
    institution_id integer NOT NULL,
    transfer_id integer NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    status integer NOT NULL,
    comment text COLLATE "C",
    PRIMARY KEY (institution_id, transfer_id, sop_instance_uid)
);

-- Requests for storage commitment (PS3.4 Annex J), kept before they are answered. references_asked: [[class, instance],
-- …]; failures: [[class, instance, reason], …], null while unchecked. state: waiting, reported, failed.
CREATE TABLE commitment_request (
    institution_id integer NOT NULL,
    commitment_id integer GENERATED ALWAYS AS IDENTITY,
    transaction_uid text COLLATE "C" NOT NULL,
    calling_ae_title text COLLATE "C" NOT NULL,
    called_ae_title text COLLATE "C" NOT NULL,
    peer_address text COLLATE "C" NOT NULL,
    references_asked jsonb NOT NULL,
    failures jsonb,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting',
    asked integer NOT NULL DEFAULT 1,
    attempts integer NOT NULL DEFAULT 0,
    last_error text COLLATE "C",
    requested_at timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    reported_at timestamptz,
    PRIMARY KEY (institution_id, commitment_id),
    UNIQUE (institution_id, calling_ae_title, transaction_uid)
);
CREATE INDEX commitment_unfinished ON commitment_request (institution_id, commitment_id) WHERE state = 'waiting';

-- The last notice of a study's availability to a destination. wanted_at: when the study changed last.
CREATE TABLE availability_notice (
    institution_id integer NOT NULL,
    destination_id integer NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    wanted_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting',
    attempts integer NOT NULL DEFAULT 0,
    last_error text COLLATE "C",
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    told_at timestamptz,
    PRIMARY KEY (institution_id, destination_id, study_instance_uid)
);

-- Rejection notes (IHE RAD-66): key object selections whose title is of CID 7011. state: active, restored.
CREATE TABLE rejection (
    institution_id integer NOT NULL,
    rejection_id integer GENERATED ALWAYS AS IDENTITY,
    sop_instance_uid text COLLATE "C" NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    instance_count integer NOT NULL,
    calling_ae_title text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'active',
    rejected_at timestamptz NOT NULL DEFAULT now(),
    restored_at timestamptz,
    restored_by text COLLATE "C",
    PRIMARY KEY (institution_id, rejection_id),
    UNIQUE (institution_id, sop_instance_uid)
);

-- What the notes refer to, whether it is here or not: an instance that arrives later is rejected already.
CREATE TABLE rejected_instance (
    institution_id integer NOT NULL,
    rejection_id integer NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, rejection_id, sop_instance_uid)
);
CREATE INDEX rejected_instance_by_study ON rejected_instance (institution_id, study_instance_uid);

-- Instances that are here and out of sight: they are not in study.instance_count, and number_of_frames and one instance
-- each are to be taken off what the series hold. refreshed_version: of the study that they were worked out for.
CREATE TABLE hidden_instance (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    ordinal integer NOT NULL,
    series_id integer NOT NULL,
    number_of_frames integer NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, study_id, ordinal)
);
CREATE TABLE rejected_study (
    institution_id integer NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    refreshed_version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (institution_id, study_instance_uid)
);

-- Key object selections that arrived and were not looked into yet: a rejection note among them takes effect when a job
-- has read it. Written in the transaction that makes the object visible, whatever door it came through.
CREATE TABLE arrived_key_object (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    sop_instance_uid text COLLATE "C" NOT NULL,
    calling_ae_title text COLLATE "C" NOT NULL,
    PRIMARY KEY (institution_id, study_id, sop_instance_uid)
);
CREATE FUNCTION isocenter_key_object_arrived() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    word text := 'read-key-objects/' || NEW.institution_id;
BEGIN
    INSERT INTO arrived_key_object (institution_id, study_id, sop_instance_uid, calling_ae_title)
        VALUES (NEW.institution_id, NEW.study_id, NEW.sop_instance_uid, NEW.calling_ae_title) ON CONFLICT DO NOTHING;
    BEGIN
        PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('promises', 'read-key-objects', 0, word, word,
            jsonb_build_object('institution_id', NEW.institution_id), NULL)::procrastinate_job_to_defer_v1]);
    EXCEPTION WHEN unique_violation THEN
        NULL;  -- one waits already
    END;
    RETURN NULL;
END;
$$;
CREATE TRIGGER key_object_arrived AFTER INSERT ON instance FOR EACH ROW
    WHEN (NEW.sop_class_uid = '1.2.840.10008.5.1.4.1.1.88.59') EXECUTE FUNCTION isocenter_key_object_arrived();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['destination', 'transfer', 'transfer_instance', 'commitment_request',
        'availability_notice', 'rejection', 'rejected_instance', 'hidden_instance', 'rejected_study',
        'arrived_key_object']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (institution_id = isocenter_institution()) WITH CHECK (institution_id = isocenter_institution())', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO isocenter_app', name);
    END LOOP;
END;
$$;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO isocenter_app;
