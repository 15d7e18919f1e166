-- What each institution uses, a day at a time (UTC): the meter for billing and for looking ahead.

-- Held: as counted at counted_at, so that a row says how its day ended; null when nobody counted. first_received: studies whose first
-- object arrived on that day, as far as they were still there two days later.
CREATE TABLE metered_day (
    institution_id integer NOT NULL,
    day date NOT NULL,
    studies bigint,
    instances bigint,
    packs bigint,
    packed_bytes bigint,
    open_bytes bigint,  -- received and not sealed yet
    copy_bytes bigint,  -- in all storages, the first included
    first_received bigint NOT NULL DEFAULT 0,
    up_to_study_id integer NOT NULL DEFAULT 0,  -- the newest study when this day was counted last
    counted_at timestamptz,
    took_ms bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (institution_id, day)
);
ALTER TABLE metered_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE metered_day FORCE ROW LEVEL SECURITY;
CREATE POLICY inside_institution ON metered_day USING (institution_id = isocenter_institution())
    WITH CHECK (institution_id = isocenter_institution());
GRANT SELECT, INSERT, UPDATE ON metered_day TO isocenter_app;
