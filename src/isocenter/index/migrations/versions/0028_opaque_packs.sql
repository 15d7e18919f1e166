-- Packs with objects whose elements nobody knows, because what read them broke off or could not: they are tried again. A row
-- without a try is kept, for the day on which what reads them can do more. All there are now are looked at once.

CREATE TABLE opaque_pack (
    object_key text COLLATE "C" PRIMARY KEY REFERENCES pack (object_key) ON DELETE CASCADE,
    since timestamptz NOT NULL DEFAULT now(),
    failed_at timestamptz,  -- NULL: nobody has looked
    try_at timestamptz      -- NULL: not again
);
CREATE INDEX opaque_pack_due ON opaque_pack (try_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON opaque_pack TO isocenter_app;

ALTER TABLE pack NO FORCE ROW LEVEL SECURITY;  -- an owner that is no superuser has to see the rows here
INSERT INTO opaque_pack (object_key, try_at) SELECT object_key, now() FROM pack;
ALTER TABLE pack FORCE ROW LEVEL SECURITY;
