-- Alliances belong to the region: like institutions, they are of no tenant.
CREATE TABLE alliance (
    alliance_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text COLLATE "C" NOT NULL,
    ended_at timestamptz
);
CREATE TABLE alliance_member (
    alliance_id integer NOT NULL REFERENCES alliance,
    institution_id integer NOT NULL REFERENCES institution,
    since timestamptz NOT NULL DEFAULT now(),
    until timestamptz,
    PRIMARY KEY (alliance_id, institution_id, since)
);
CREATE UNIQUE INDEX alliance_member_now ON alliance_member (institution_id, alliance_id) WHERE until IS NULL;

-- What an institution gives to people of an ally. modalities {}: all; first_study_date '': all; last_days null: all.
CREATE TABLE sharing_rule (
    rule_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    institution_id integer NOT NULL REFERENCES institution,
    ally_institution_id integer NOT NULL REFERENCES institution,
    roles text[] NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    modalities text[] NOT NULL DEFAULT '{}',
    first_study_date text COLLATE "C" NOT NULL DEFAULT '',
    last_days integer,
    since timestamptz NOT NULL DEFAULT now(),
    until timestamptz,
    given_by text COLLATE "C" NOT NULL,
    ended_at timestamptz,
    ended_by text COLLATE "C",
    CHECK (institution_id <> ally_institution_id)
);
CREATE INDEX sharing_rule_of_giver ON sharing_rule (institution_id, rule_id);
CREATE INDEX sharing_rule_of_ally ON sharing_rule (ally_institution_id) WHERE ended_at IS NULL;

-- kind: vip, staff (seen by who cares for the patient only), no-sharing (with no ally), legal-hold (nothing goes).
CREATE TABLE patient_restriction (
    institution_id integer NOT NULL,
    restriction_id integer GENERATED ALWAYS AS IDENTITY,
    patient_key integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text COLLATE "C" NOT NULL,
    lifted_at timestamptz,
    lifted_by text COLLATE "C",
    lifted_reason text COLLATE "C",
    PRIMARY KEY (institution_id, restriction_id),
    FOREIGN KEY (institution_id, patient_key) REFERENCES patient
);
CREATE UNIQUE INDEX patient_restriction_now ON patient_restriction (institution_id, patient_key, kind)
    WHERE lifted_at IS NULL;

-- source: order, assigned, self (the patient herself).
CREATE TABLE care_relationship (
    institution_id integer NOT NULL,
    care_id integer GENERATED ALWAYS AS IDENTITY,
    user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
    patient_key integer NOT NULL,
    source text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    until timestamptz,
    given_by text COLLATE "C" NOT NULL,
    ended_at timestamptz,
    ended_by text COLLATE "C",
    PRIMARY KEY (institution_id, care_id),
    FOREIGN KEY (institution_id, patient_key) REFERENCES patient
);
CREATE INDEX care_relationship_of_user ON care_relationship (institution_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX care_relationship_of_patient ON care_relationship (institution_id, patient_key, care_id);

-- judgement: justified, not-justified; null while nobody has reviewed it.
CREATE TABLE broken_glass (
    institution_id integer NOT NULL,
    glass_id integer GENERATED ALWAYS AS IDENTITY,
    user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
    patient_key integer NOT NULL,
    reason text COLLATE "C" NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL,
    reviewed_at timestamptz,
    reviewed_by text COLLATE "C",
    judgement text COLLATE "C",
    note text COLLATE "C",
    PRIMARY KEY (institution_id, glass_id),
    FOREIGN KEY (institution_id, patient_key) REFERENCES patient
);
CREATE INDEX broken_glass_of_user ON broken_glass (institution_id, user_id, until);
CREATE INDEX broken_glass_to_review ON broken_glass (institution_id, glass_id) WHERE reviewed_at IS NULL;

ALTER TABLE sharing_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE sharing_rule FORCE ROW LEVEL SECURITY;
ALTER TABLE patient_restriction ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_restriction FORCE ROW LEVEL SECURITY;
ALTER TABLE care_relationship ENABLE ROW LEVEL SECURITY;
ALTER TABLE care_relationship FORCE ROW LEVEL SECURITY;
ALTER TABLE broken_glass ENABLE ROW LEVEL SECURITY;
ALTER TABLE broken_glass FORCE ROW LEVEL SECURITY;
-- The ally reads the rules that give it something; only the giver writes them.
CREATE POLICY inside_institution ON sharing_rule
    USING (institution_id = isocenter_institution()) WITH CHECK (institution_id = isocenter_institution());
CREATE POLICY for_the_ally ON sharing_rule FOR SELECT USING (ally_institution_id = isocenter_institution());
CREATE POLICY inside_institution ON patient_restriction USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
CREATE POLICY inside_institution ON care_relationship USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
CREATE POLICY inside_institution ON broken_glass USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
-- History is kept: nothing of these is deleted.
GRANT SELECT, INSERT, UPDATE ON alliance, alliance_member, sharing_rule, patient_restriction, care_relationship,
    broken_glass TO isocenter_app;

-- Sight: '' is all of the institution (our own jobs); hidden: all but isocenter.patient_keys; shown: those only;
-- guest: what a sharing rule gives, without isocenter.patient_keys. Any other word: nothing. The keys are sorted, so
-- that width_bucket finds one among thousands in no time.
CREATE FUNCTION isocenter_sight() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('isocenter.sight', true), '') $$;
CREATE FUNCTION isocenter_patient_keys() RETURNS integer[] LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('isocenter.patient_keys', true), ''), '{}')::integer[] $$;
CREATE FUNCTION isocenter_is_among(p_key integer, p_sorted integer[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(p_sorted[width_bucket(p_key, p_sorted)] = p_key, false) $$;
CREATE FUNCTION isocenter_shared_modalities() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(current_setting('isocenter.shared_modalities', true), ''), '{}')::text[] $$;
CREATE FUNCTION isocenter_shared_since() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('isocenter.shared_since', true), '') $$;

-- Who is restricted now, as every transaction needs to know: worked out when a restriction or a merge changes. A
-- restriction holds for everybody that the patient was merged with.
CREATE TABLE restricted_patient (
    institution_id integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    patient_key integer NOT NULL,
    PRIMARY KEY (institution_id, kind, patient_key)
);
ALTER TABLE restricted_patient ENABLE ROW LEVEL SECURITY;
ALTER TABLE restricted_patient FORCE ROW LEVEL SECURITY;
CREATE POLICY inside_institution ON restricted_patient USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
GRANT SELECT, INSERT, DELETE ON restricted_patient TO isocenter_app;
CREATE FUNCTION isocenter_restrictions_followed() RETURNS TABLE (kind text, patient_key integer)
    LANGUAGE sql STABLE AS $$
    WITH RECURSIVE held AS (
        SELECT r.patient_key, r.kind FROM patient_restriction r WHERE r.lifted_at IS NULL
        UNION
        SELECT n.patient_key, h.kind FROM held h CROSS JOIN LATERAL (
            SELECT p.merged_into AS patient_key FROM patient p
                WHERE p.patient_key = h.patient_key AND p.merged_into IS NOT NULL
            UNION ALL SELECT p.patient_key FROM patient p WHERE p.merged_into = h.patient_key
        ) n
    ) SELECT held.kind, held.patient_key FROM held $$;
CREATE FUNCTION isocenter_work_out_restricted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sight text := isocenter_sight();
BEGIN
    -- No SET clause: before a setting of ours is known, only a superuser may name it there.
    PERFORM set_config('isocenter.sight', '', true);
    PERFORM pg_advisory_xact_lock(hashtext('isocenter.restricted'), isocenter_institution());
    DELETE FROM restricted_patient WHERE (kind, patient_key) NOT IN (SELECT * FROM isocenter_restrictions_followed());
    INSERT INTO restricted_patient (institution_id, kind, patient_key)
        SELECT isocenter_institution(), f.kind, f.patient_key FROM isocenter_restrictions_followed() f
        ON CONFLICT DO NOTHING;
    PERFORM set_config('isocenter.sight', sight, true);
    RETURN NULL;
END;
$$;
CREATE TRIGGER work_out_restricted AFTER INSERT OR UPDATE ON patient_restriction
    FOR EACH STATEMENT EXECUTE FUNCTION isocenter_work_out_restricted();
CREATE TRIGGER work_out_restricted AFTER UPDATE OF merged_into ON patient
    FOR EACH STATEMENT EXECUTE FUNCTION isocenter_work_out_restricted();

-- Patients whom a user cares for now, or has broken the glass for, and everybody that they were merged with. Asked before
-- the sight is narrowed.
CREATE FUNCTION isocenter_patients_of(p_user integer) RETURNS SETOF integer
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    keys integer[];
BEGIN
    IF p_user IS NULL THEN
        RETURN;
    END IF;
    keys := ARRAY(
        SELECT c.patient_key FROM care_relationship c WHERE c.user_id = p_user AND c.ended_at IS NULL
            AND c.since <= now() AND (c.until IS NULL OR c.until > now())
        UNION SELECT g.patient_key FROM broken_glass g WHERE g.user_id = p_user AND g.until > now());
    IF cardinality(keys) > 0 THEN
        RETURN QUERY WITH RECURSIVE known AS (
            SELECT unnest(keys) AS patient_key
            UNION
            SELECT n.patient_key FROM known k CROSS JOIN LATERAL (
                SELECT p.merged_into AS patient_key FROM patient p
                    WHERE p.patient_key = k.patient_key AND p.merged_into IS NOT NULL
                UNION ALL SELECT p.patient_key FROM patient p WHERE p.merged_into = k.patient_key
            ) n
        ) SELECT known.patient_key FROM known;
    END IF;
END;
$$;

-- Whose rows a transaction sees from here on, in one round trip.
CREATE FUNCTION isocenter_look_as(p_institution integer, p_user integer, p_every_patient boolean) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    keys integer[];
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true),
        set_config('isocenter.sight', '', true);
    IF NOT p_every_patient THEN
        keys := ARRAY(SELECT isocenter_patients_of(p_user) ORDER BY 1);
        PERFORM set_config('isocenter.sight', 'shown', true), set_config('isocenter.patient_keys', keys::text, true);
    ELSIF EXISTS (SELECT FROM restricted_patient WHERE kind IN ('vip', 'staff')) THEN
        keys := ARRAY(SELECT r.patient_key FROM restricted_patient r WHERE r.kind IN ('vip', 'staff')
            EXCEPT SELECT isocenter_patients_of(p_user) ORDER BY 1);
        IF cardinality(keys) > 0 THEN
            PERFORM set_config('isocenter.sight', 'hidden', true),
                set_config('isocenter.patient_keys', keys::text, true);
        END IF;
    END IF;
END;
$$;

-- The same for a guest of the institution, whom a sharing rule lets in.
CREATE FUNCTION isocenter_look_as_guest(p_institution integer, p_modalities text[], p_since text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    keys integer[];
BEGIN
    PERFORM set_config('isocenter.institution_id', p_institution::text, true),
        set_config('isocenter.sight', '', true);
    keys := ARRAY(SELECT DISTINCT r.patient_key FROM restricted_patient r
        WHERE r.kind IN ('vip', 'staff', 'no-sharing') ORDER BY 1);
    PERFORM set_config('isocenter.sight', 'guest', true), set_config('isocenter.patient_keys', keys::text, true),
        set_config('isocenter.shared_modalities', p_modalities::text, true),
        set_config('isocenter.shared_since', p_since, true);
END;
$$;

-- For other rows than studies; those name a patient or a Study Instance UID, whose study may be deleted or erased.
CREATE FUNCTION isocenter_sees_patient(p_patient_key integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE isocenter_sight()
        WHEN '' THEN true
        WHEN 'hidden' THEN NOT isocenter_is_among(p_patient_key, isocenter_patient_keys())
        WHEN 'shown' THEN isocenter_is_among(p_patient_key, isocenter_patient_keys())
        ELSE false END $$;
CREATE FUNCTION isocenter_study_has_patient(p_study_instance_uid text) RETURNS boolean
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    sight text := isocenter_sight();
    deleted text := coalesce(current_setting('isocenter.deleted', true), '');
    found boolean;
BEGIN
    PERFORM set_config('isocenter.sight', '', true), set_config('isocenter.deleted', 'shown', true);
    found := EXISTS (SELECT FROM study s WHERE s.study_instance_uid = p_study_instance_uid
        AND s.patient_key = ANY (isocenter_patient_keys()));
    PERFORM set_config('isocenter.sight', sight, true), set_config('isocenter.deleted', deleted, true);
    RETURN found;
END;
$$;
CREATE FUNCTION isocenter_sees_study(p_study_instance_uid text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE isocenter_sight()
        WHEN '' THEN true
        WHEN 'hidden' THEN p_study_instance_uid IS NULL OR NOT isocenter_study_has_patient(p_study_instance_uid)
        WHEN 'shown' THEN isocenter_study_has_patient(p_study_instance_uid)
        ELSE false END $$;

-- The sub-selects are evaluated once in a statement, so that a row costs a comparison (and the usual sight not more);
-- isocenter_is_among is written out, because PostgreSQL would call it as a function here.
CREATE POLICY in_sight ON study AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR CASE (SELECT isocenter_sight())
        WHEN 'shown' THEN coalesce((SELECT isocenter_patient_keys())[width_bucket(patient_key,
            (SELECT isocenter_patient_keys()))] = patient_key, false)
        WHEN 'hidden' THEN NOT coalesce((SELECT isocenter_patient_keys())[width_bucket(patient_key,
            (SELECT isocenter_patient_keys()))] = patient_key, false)
        WHEN 'guest' THEN NOT coalesce((SELECT isocenter_patient_keys())[width_bucket(patient_key,
            (SELECT isocenter_patient_keys()))] = patient_key, false)
            AND study_date >= (SELECT isocenter_shared_since())
            AND ((SELECT cardinality(isocenter_shared_modalities()) = 0)
                OR modalities && (SELECT isocenter_shared_modalities()))
        ELSE false END);
CREATE POLICY in_sight ON patient AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR isocenter_sees_patient(patient_key));
CREATE POLICY in_sight ON patient_identifier AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR isocenter_sees_patient(patient_key));
CREATE POLICY in_sight ON quality_task AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR EXISTS (SELECT FROM study s
        WHERE s.institution_id = quality_task.institution_id AND s.study_id = quality_task.study_id));
CREATE POLICY in_sight ON aside_instance AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR EXISTS (SELECT FROM study s
        WHERE s.institution_id = aside_instance.institution_id AND s.study_id = aside_instance.study_id));
CREATE POLICY in_sight ON correction AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR (
        (study_instance_uid IS NULL OR isocenter_sees_study(study_instance_uid))
        AND (patient_key IS NULL OR isocenter_sees_patient(patient_key))
        AND (into_patient_key IS NULL OR isocenter_sees_patient(into_patient_key))));
CREATE POLICY in_sight ON transfer AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR isocenter_sees_study(study_instance_uid));
CREATE POLICY in_sight ON rejection AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR isocenter_sees_study(study_instance_uid));
CREATE POLICY in_sight ON event AS RESTRICTIVE FOR SELECT USING (
    (SELECT isocenter_sight() = '') OR isocenter_sees_study(study_instance_uid));
