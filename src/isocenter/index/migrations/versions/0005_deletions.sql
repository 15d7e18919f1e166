-- Deleted studies: hidden at once, erased when recoverable_until has passed, whole again when restored before.
--
-- Hiding is done here and nowhere else: a deleted study's row is seen only by a transaction that has said so
-- (isocenter.deleted = shown: ingest, restoring, erasing). Every query begins at study, so every door leaves it out.
ALTER TABLE study ADD COLUMN deleted_at timestamptz;

CREATE FUNCTION isocenter_sees_deleted() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('isocenter.deleted', true), '') = 'shown' $$;

CREATE POLICY not_deleted ON study AS RESTRICTIVE USING (deleted_at IS NULL OR isocenter_sees_deleted());

CREATE TABLE deleted_study (
    institution_id integer NOT NULL,
    study_id integer NOT NULL,
    study_instance_uid text COLLATE "C" NOT NULL,
    deleted_at timestamptz NOT NULL,
    recoverable_until timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    caller_kind text COLLATE "C" NOT NULL,
    caller_id text COLLATE "C" NOT NULL,
    late_instance_count integer NOT NULL DEFAULT 0,
    PRIMARY KEY (institution_id, study_id)
);
CREATE INDEX deleted_study_by_end ON deleted_study (institution_id, recoverable_until);

-- What still arrives is kept with the study, hidden like it, and somebody is told.
CREATE FUNCTION isocenter_arrived_after_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE deleted_study SET late_instance_count = late_instance_count + NEW.next_ordinal - OLD.next_ordinal
        WHERE institution_id = NEW.institution_id AND study_id = NEW.study_id;
    INSERT INTO quality_task (institution_id, study_id, kind, fingerprint, detail)
        VALUES (NEW.institution_id, NEW.study_id, 'arrived-after-deletion', '',
            jsonb_build_object('study_instance_uid', NEW.study_instance_uid))
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;
CREATE TRIGGER arrived_after_deletion AFTER UPDATE OF next_ordinal ON study FOR EACH ROW
    WHEN (NEW.deleted_at IS NOT NULL AND NEW.next_ordinal > OLD.next_ordinal)
    EXECUTE FUNCTION isocenter_arrived_after_deletion();

ALTER TABLE deleted_study ENABLE ROW LEVEL SECURITY;
ALTER TABLE deleted_study FORCE ROW LEVEL SECURITY;
CREATE POLICY inside_institution ON deleted_study USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
GRANT SELECT, INSERT, UPDATE, DELETE ON deleted_study TO isocenter_app;
