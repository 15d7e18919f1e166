-- Two sites: what the other one still has to be told, who leads since when, and what a take-over found missing.

-- Every object that is made or removed is written down before it happens; a row goes when the other site has it.
-- Without a second site nothing is written here.
CREATE TABLE site_change (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane smallint NOT NULL,  -- 0: facts, keys, journals, what is small and first; 1: packs
    object_key text COLLATE "C" NOT NULL,
    gone boolean NOT NULL DEFAULT false,
    size bigint NOT NULL DEFAULT 0,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failures integer NOT NULL DEFAULT 0,
    not_before timestamptz,
    problem text COLLATE "C"
);
CREATE INDEX site_change_in_order ON site_change (lane, number);
CREATE INDEX site_change_of_object ON site_change (object_key, number);

-- One row for each lane: what was copied, and when last.
CREATE TABLE site_copied (
    lane smallint PRIMARY KEY,
    objects bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    last_at timestamptz
);

-- The leading site says every few seconds that it lives: what the other site's copy of this row says is how old it is.
CREATE TABLE site_beat (
    beat smallint PRIMARY KEY DEFAULT 1 CHECK (beat = 1),
    site text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    at timestamptz NOT NULL
);

-- Who led, from when. generation: grows with every take-over.
CREATE TABLE site_lead (
    generation bigint PRIMARY KEY,
    site text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL,
    account jsonb NOT NULL DEFAULT '{}'
);

-- Objects that the index of a site that took over knows of, and that had not been copied to it: they come back with the
-- other site.
CREATE TABLE site_missing (
    object_key text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    generation bigint NOT NULL,
    found_at timestamptz
);

-- Comparisons of both sites, object by object, newest last.
CREATE TABLE site_comparison (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digests boolean NOT NULL,
    account jsonb NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON site_change, site_copied, site_beat, site_lead, site_missing, site_comparison
    TO isocenter_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO isocenter_app;
