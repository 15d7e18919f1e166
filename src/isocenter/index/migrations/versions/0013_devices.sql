-- The title by which peers call this institution, besides the one of the whole installation.
ALTER TABLE institution ADD COLUMN ae_title text COLLATE "C" UNIQUE;
GRANT UPDATE (ae_title) ON institution TO isocenter_app;

-- An application entity of an institution. ae_title '*' stands for every sender without a row of its own and never calls;
-- name '': nobody entered it as a device, something is said about what it sends. networks: where it calls from.
-- certificate: SHA-256 of the client certificate that it must show. plain_allowed: it may call without TLS, from its
-- networks. host, port: where it listens ('' : nowhere), under TLS or not. A device with neither networks nor certificate calls from
-- wherever strangers may.
CREATE TABLE device (
    institution_id integer NOT NULL REFERENCES institution,
    device_id integer GENERATED ALWAYS AS IDENTITY,
    department_id integer,
    name text COLLATE "C" NOT NULL DEFAULT '',
    ae_title text COLLATE "C" NOT NULL,
    networks cidr[] NOT NULL DEFAULT '{}',
    certificate text COLLATE "C",
    plain_allowed boolean NOT NULL DEFAULT true,
    may_store boolean NOT NULL DEFAULT true,
    may_query boolean NOT NULL DEFAULT true,
    active boolean NOT NULL DEFAULT true,
    host text COLLATE "C" NOT NULL DEFAULT '',
    port integer,
    tls boolean NOT NULL DEFAULT false,
    modality text COLLATE "C" NOT NULL DEFAULT '',
    room text COLLATE "C" NOT NULL DEFAULT '',
    manufacturer text COLLATE "C" NOT NULL DEFAULT '',
    station_name text COLLATE "C" NOT NULL DEFAULT '',
    default_character_set text COLLATE "C",
    issuer_of_patient_id text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, device_id),
    UNIQUE (institution_id, ae_title),
    FOREIGN KEY (institution_id, department_id) REFERENCES department
);
INSERT INTO device (institution_id, ae_title, default_character_set, issuer_of_patient_id, created_at, changed_at)
    SELECT institution_id, ae_title, default_character_set, issuer_of_patient_id, changed_at, changed_at FROM sender;
DROP TABLE sender;

-- What listeners saw of a device, written by them. first_store_asked_at: an object is waited for since then, null when
-- none is; first_store: what arrived last while one was.
CREATE TABLE device_contact (
    institution_id integer NOT NULL,
    device_id integer NOT NULL,
    last_seen_at timestamptz,
    last_address text COLLATE "C",
    last_called_ae_title text COLLATE "C",
    last_encrypted boolean,
    first_store_asked_at timestamptz,
    first_store jsonb,
    PRIMARY KEY (institution_id, device_id),
    FOREIGN KEY (institution_id, device_id) REFERENCES device ON DELETE CASCADE
) WITH (fillfactor = 70);

-- Calls that were rejected, those alike counted together.
CREATE TABLE refused_call (
    institution_id integer NOT NULL REFERENCES institution,
    refused_call_id integer GENERATED ALWAYS AS IDENTITY,
    calling_ae_title text COLLATE "C" NOT NULL,
    called_ae_title text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    certificate text COLLATE "C" NOT NULL DEFAULT '',
    reason text COLLATE "C" NOT NULL,
    calls integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (institution_id, refused_call_id),
    UNIQUE (institution_id, calling_ae_title, called_ae_title, address, certificate, reason)
);
CREATE INDEX refused_call_by_time ON refused_call (institution_id, last_at);

ALTER TABLE device ENABLE ROW LEVEL SECURITY;
ALTER TABLE device FORCE ROW LEVEL SECURITY;
CREATE POLICY inside_institution ON device USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
ALTER TABLE device_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_contact FORCE ROW LEVEL SECURITY;
CREATE POLICY inside_institution ON device_contact USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
ALTER TABLE refused_call ENABLE ROW LEVEL SECURITY;
ALTER TABLE refused_call FORCE ROW LEVEL SECURITY;
CREATE POLICY inside_institution ON refused_call USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());

-- A listener must know every device before it knows whose association it is: it says so, and may then only read.
CREATE FUNCTION isocenter_admits() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('isocenter.admission', true) = 'on' $$;
CREATE POLICY admission ON device FOR SELECT USING (isocenter_admits());
CREATE POLICY admission ON device_contact FOR SELECT USING (isocenter_admits());

GRANT SELECT, INSERT, UPDATE, DELETE ON device, device_contact, refused_call TO isocenter_app;
