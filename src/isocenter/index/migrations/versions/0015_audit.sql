-- The audit trail, chained: who holds a chain's lock appends to it; each row's digest covers the one before it.

ALTER TABLE audit_event NO FORCE ROW LEVEL SECURITY;  -- an owner that is no superuser has to see the rows here
ALTER TABLE audit_event
    ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN outcome smallint NOT NULL DEFAULT 0,  -- EventOutcomeIndicator, PS3.15 A.5.2: 0, 4, 8, 12
    ADD COLUMN address text COLLATE "C",
    ADD COLUMN chain integer,
    ADD COLUMN position bigint,  -- from 1 without gaps in (institution_id, chain)
    ADD COLUMN digest bytea;

-- What of the trail was written to sealed files in the object store; only this, and only when old, can be removed here.
CREATE TABLE audit_archive (
    institution_id integer NOT NULL,
    chain integer NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    last_at timestamptz NOT NULL,
    last_digest bytea NOT NULL,
    object_key text COLLATE "C" NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (institution_id, chain, first_position)
);

-- The head of every chain at one moment, as signed and put into the object store under the same number.
CREATE TABLE audit_anchor (
    institution_id integer NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (institution_id, number)
);

-- How far each chain has been sent to the audit repository; chain -1 is the anchors.
CREATE TABLE audit_shipped (
    institution_id integer NOT NULL,
    chain integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (institution_id, chain)
);

-- The line of a row that its digest covers: a JSON array of everything in the row but the digest.
CREATE FUNCTION isocenter_audit_line(e audit_event) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_array(e.institution_id, e.chain, e.position, e.sequence,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.caller_kind, e.caller_id, e.roles,
        e.action, e.outcome, e.address, e.study_instance_uid, e.sitting, e.detail)::text
$$;

CREATE FUNCTION isocenter_audit_digest(previous bytea, line text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT sha256(convert_to(coalesce(encode(previous, 'hex'), '') || line, 'UTF8')) $$;

-- Chains are as many as there are transactions that write at one time: none waits for another. The head is read from the
-- rows, not kept beside them, so that a row that is not inserted after all (ON CONFLICT) leaves no gap.
CREATE FUNCTION isocenter_chain_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    slots CONSTANT integer := 256;
    base CONSTANT bigint := (421::bigint << 48) + (NEW.institution_id::bigint << 16);
    slot integer := 0;
    head_position bigint;
    head_digest bytea;
BEGIN
    WHILE NOT pg_try_advisory_xact_lock(base + slot) LOOP
        slot := slot + 1;
        IF slot = slots THEN
            slot := pg_backend_pid() % slots;
            PERFORM pg_advisory_xact_lock(base + slot);
            EXIT;
        END IF;
    END LOOP;
    SELECT a.position, a.digest INTO head_position, head_digest FROM audit_event a
        WHERE a.institution_id = NEW.institution_id AND a.chain = slot ORDER BY a.position DESC LIMIT 1;
    IF head_position IS NULL THEN
        SELECT a.last_position, a.last_digest INTO head_position, head_digest FROM audit_archive a
            WHERE a.institution_id = NEW.institution_id AND a.chain = slot ORDER BY a.first_position DESC LIMIT 1;
    END IF;
    IF current_user = 'isocenter_app' THEN
        NEW.at := clock_timestamp();
    END IF;
    NEW.chain := slot;
    NEW.position := coalesce(head_position, 0) + 1;
    NEW.digest := isocenter_audit_digest(head_digest, isocenter_audit_line(NEW));
    RETURN NEW;
END;
$$;

CREATE FUNCTION isocenter_keep_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '183 days' AND EXISTS (
        SELECT FROM audit_archive a WHERE a.institution_id = OLD.institution_id AND a.chain = OLD.chain
            AND OLD.position BETWEEN a.first_position AND a.last_position
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'IS015';
END;
$$;

-- Remove what is archived and older than half a year; returns how many rows.
CREATE FUNCTION isocenter_forget_audit_events(p_chain integer, p_last_position bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM audit_event WHERE institution_id = isocenter_institution() AND chain = p_chain
        AND position <= p_last_position;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END;
$$;
REVOKE EXECUTE ON FUNCTION isocenter_forget_audit_events(integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION isocenter_forget_audit_events(integer, bigint) TO isocenter_app;

-- What was recorded before there were chains becomes the beginning of chain 0 of its institution.
DO $$
DECLARE
    e audit_event;
    institution integer := 0;
    head bytea;
    place bigint;
BEGIN
    FOR e IN SELECT * FROM audit_event ORDER BY institution_id, sequence LOOP
        IF e.institution_id <> institution THEN
            institution := e.institution_id;
            head := NULL;
            place := 0;
        END IF;
        place := place + 1;
        e.chain := 0;
        e.position := place;
        head := isocenter_audit_digest(head, isocenter_audit_line(e));
        UPDATE audit_event SET chain = 0, position = place, digest = head WHERE sequence = e.sequence;
    END LOOP;
END;
$$;

ALTER TABLE audit_event
    ALTER COLUMN chain SET NOT NULL, ALTER COLUMN position SET NOT NULL, ALTER COLUMN digest SET NOT NULL;
CREATE UNIQUE INDEX audit_event_chained ON audit_event (institution_id, chain, position);
CREATE INDEX audit_event_in_order ON audit_event (institution_id, sequence);
CREATE INDEX audit_event_by_study ON audit_event (institution_id, study_instance_uid, sequence)
    WHERE study_instance_uid IS NOT NULL;
CREATE INDEX audit_event_by_caller ON audit_event (institution_id, caller_id, sequence);
ALTER TABLE audit_event FORCE ROW LEVEL SECURITY;

CREATE TRIGGER chained BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION isocenter_chain_audit_event();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION isocenter_keep_audit_event();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON audit_event EXECUTE FUNCTION isocenter_keep_audit_event();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_archive', 'audit_anchor', 'audit_shipped'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY inside_institution ON %I USING (institution_id = isocenter_institution())
            WITH CHECK (institution_id = isocenter_institution())', name);
    END LOOP;
END;
$$;
GRANT SELECT, INSERT ON audit_archive, audit_anchor TO isocenter_app;
GRANT SELECT, INSERT, UPDATE ON audit_shipped TO isocenter_app;
