-- Failed sign-ins of the last minutes, counted for all web processes of the region together. The key is a hash of a
-- name and an address: nothing here tells whom somebody tried to be.

CREATE TABLE failed_attempt (
    attempt_key bytea PRIMARY KEY,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX failed_attempt_by_time ON failed_attempt (last_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON failed_attempt TO isocenter_app;
