"""Signing in: policy of an institution, passkeys, authenticator apps, recovery codes, known devices, resets."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = ("sign_in_policy", "passkey", "authenticator_app", "recovery_code", "known_device", "sign_in_reset")


def upgrade() -> None:
    """Sessions say how they were opened; those of before count as opened by a password alone."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        -- An institution without a row has the strict policy (access/sign_in/policy.py).
        CREATE TABLE sign_in_policy (
            institution_id integer PRIMARY KEY REFERENCES institution,
            second_factor text COLLATE "C" NOT NULL CHECK (second_factor IN ('required', 'offered')),
            idle_minutes integer NOT NULL,
            session_hours integer NOT NULL,
            min_password_length integer NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(),
            changed_by text COLLATE "C" NOT NULL
        );

        -- WebAuthn credentials. rp_id: the host name that the passkey is bound to.
        CREATE TABLE passkey (
            institution_id integer NOT NULL REFERENCES institution,
            passkey_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
            credential_id bytea NOT NULL UNIQUE,
            rp_id text COLLATE "C" NOT NULL,
            public_key bytea NOT NULL,
            sign_count bigint NOT NULL,
            transports text[] NOT NULL DEFAULT '{}',
            backed_up boolean NOT NULL,
            label text COLLATE "C" NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz
        );
        CREATE INDEX passkey_by_user ON passkey (user_id);

        -- One a person. last_step: the newest 30 s step whose code was used; a code opens once.
        CREATE TABLE authenticator_app (
            institution_id integer NOT NULL REFERENCES institution,
            user_id integer PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
            sealed_seed bytea NOT NULL, -- empty until the first one is confirmed
            pending_seed bytea,
            last_step bigint NOT NULL DEFAULT 0,
            made_at timestamptz NOT NULL DEFAULT now(),
            confirmed_at timestamptz,
            failures integer NOT NULL DEFAULT 0,
            failures_since timestamptz NOT NULL DEFAULT now()
        );

        CREATE TABLE recovery_code (
            institution_id integer NOT NULL REFERENCES institution,
            user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
            code_hash bytea NOT NULL,
            made_at timestamptz NOT NULL DEFAULT now(),
            used_at timestamptz,
            PRIMARY KEY (user_id, code_hash)
        );

        -- Browsers in which a person has signed in completely: guesses from elsewhere do not slow them.
        CREATE TABLE known_device (
            institution_id integer NOT NULL REFERENCES institution,
            user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
            device_hash bytea NOT NULL,
            last_used_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, device_hash)
        );

        -- One-time links with which somebody sets a new password. forget_factors: and new second factors.
        CREATE TABLE sign_in_reset (
            token_hash bytea PRIMARY KEY,
            institution_id integer NOT NULL REFERENCES institution,
            user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
            forget_factors boolean NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        );

        -- Challenges of WebAuthn that were answered, until they have expired: an answer counts once.
        CREATE TABLE answered_challenge (
            challenge bytea PRIMARY KEY,
            expires_at timestamptz NOT NULL
        );
        GRANT SELECT, INSERT, DELETE ON answered_challenge TO isocenter_app;

        -- second_factor: whether one was proved in this session. confirmed_at: when she last proved to be herself.
        ALTER TABLE session
            ADD COLUMN second_factor boolean NOT NULL DEFAULT false,
            ADD COLUMN method text COLLATE "C" NOT NULL DEFAULT 'password',
            ADD COLUMN confirmed_at timestamptz;
        CREATE INDEX session_by_institution ON session (institution_id, last_seen_at);
        """
    )
    for table in TABLES:
        seen = "institution_id = isocenter_institution()"
        if table == "passkey":
            seen += " OR encode(credential_id, 'hex') = isocenter_credential()"
        if table == "sign_in_reset":
            seen += " OR encode(token_hash, 'hex') = isocenter_credential()"
        connection.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY inside_institution ON {table} USING ({seen})"
            " WITH CHECK (institution_id = isocenter_institution());"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO isocenter_app;"
        )
    connection.execute("GRANT SELECT, USAGE ON SEQUENCE passkey_passkey_id_seq TO isocenter_app")
