-- Which backups of the region were finished, so that somebody hears when there is none of late.

CREATE TABLE backup_made (
    backup_id text COLLATE "C" NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    node text COLLATE "C" NOT NULL,
    with_packs boolean NOT NULL,
    object_count bigint NOT NULL,
    PRIMARY KEY (finished_at, backup_id)
);
GRANT SELECT, INSERT ON backup_made TO isocenter_app;
