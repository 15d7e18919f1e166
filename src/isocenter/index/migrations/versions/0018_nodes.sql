-- Nodes: the hosts of a region, and the journal segments that each of them has copied to the object store.

-- Of the region as a whole. A row is made when a node starts for the first time. Times are the database's.
CREATE TABLE node (
    node text COLLATE "C" PRIMARY KEY,
    home_id uuid NOT NULL,  -- of the home that bears the name now: two homes never write under one name
    address text COLLATE "C",  -- host:port where its keeper answers other nodes; null: it answers nobody
    version text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'up',  -- up, draining, stopped, gone
    state_since timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    two_copies boolean NOT NULL DEFAULT false,  -- what it acknowledged lies on another node's disk too
    alone_bytes bigint NOT NULL DEFAULT 0,  -- of its journals: neither sealed nor shipped, when it last looked
    said_by text COLLATE "C"  -- who declared it gone or told it to drain
);

-- Copies of closed segments in the store (docs/formats.md). The digest is BLAKE3 of the segment's bytes.
CREATE TABLE shipped_segment (
    node text COLLATE "C" NOT NULL,
    epoch integer NOT NULL,
    sequence integer NOT NULL,
    size_bytes bigint NOT NULL,
    digest bytea NOT NULL,
    file_changed_ns bigint NOT NULL,  -- when the segment's file had last changed; 0: copied from a replica
    shipped_at timestamptz NOT NULL DEFAULT now(),
    unneeded_since timestamptz,  -- nothing that is not sealed lies in it; a while later the copy goes
    PRIMARY KEY (node, epoch, sequence)
);

-- What must be the same on every node, as fingerprints: a node with other keys would write what no other can read.
CREATE TABLE region_key (
    name text COLLATE "C" PRIMARY KEY,
    fingerprint bytea NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON node, shipped_segment, region_key TO isocenter_app;
