"""Identity providers and who comes through them, OAuth2 clients, scopes of tokens, accounts of directories."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = {
    "identity_provider": "isocenter_credential() = 'identity-providers:'",
    "federated_identity": None,
    "oauth_client": "client_id = isocenter_credential()",
    "oauth_client_secret": "client_id = isocenter_credential()",
}


def upgrade() -> None:
    """Before the institution is known a provider is seen by who asks for all of them, a client by its own id."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(
        """
        -- OpenID Connect providers. second_factor: 'asked' the provider asks for one each time, 'told' it says so in
        -- amr, 'here' ours is asked. roles_by_value: {value of role_claim: role}. sealed_secret null: a public client.
        CREATE TABLE identity_provider (
            institution_id integer NOT NULL REFERENCES institution,
            provider_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            issuer text COLLATE "C" NOT NULL,
            client_id text COLLATE "C" NOT NULL,
            sealed_secret bytea,
            scopes text[] NOT NULL,
            second_factor text COLLATE "C" NOT NULL CHECK (second_factor IN ('asked', 'told', 'here')),
            enabled boolean NOT NULL,
            shown boolean NOT NULL,
            username_claim text COLLATE "C" NOT NULL DEFAULT 'preferred_username',
            name_claim text COLLATE "C" NOT NULL DEFAULT 'name',
            role_claim text COLLATE "C" NOT NULL DEFAULT '',
            roles_by_value jsonb NOT NULL DEFAULT '{}',
            default_roles text[] NOT NULL DEFAULT '{}',
            creates_accounts boolean NOT NULL DEFAULT false,
            matches_accounts boolean NOT NULL DEFAULT false,
            created_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (institution_id, name)
        );

        -- Whom a provider means by a subject. Never read by name, which changes; the subject does not.
        CREATE TABLE federated_identity (
            institution_id integer NOT NULL REFERENCES institution,
            provider_id integer NOT NULL REFERENCES identity_provider ON DELETE CASCADE,
            subject text COLLATE "C" NOT NULL,
            user_id integer NOT NULL REFERENCES user_account ON DELETE CASCADE,
            since timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (provider_id, subject)
        );
        CREATE INDEX federated_identity_by_user ON federated_identity (user_id);

        CREATE TABLE oauth_client (
            institution_id integer NOT NULL REFERENCES institution,
            client_id text COLLATE "C" PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            roles text[] NOT NULL,
            scopes text[] NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            created_by text COLLATE "C" NOT NULL,
            ended_at timestamptz,
            last_used_at timestamptz
        );
        CREATE INDEX oauth_client_by_institution ON oauth_client (institution_id);

        -- At most two are valid at a time: the old one until every copy of the program has the new one.
        CREATE TABLE oauth_client_secret (
            institution_id integer NOT NULL REFERENCES institution,
            secret_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            client_id text COLLATE "C" NOT NULL REFERENCES oauth_client,
            secret_hash bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz,
            ended_at timestamptz
        );
        CREATE INDEX oauth_client_secret_by_client ON oauth_client_secret (client_id) WHERE ended_at IS NULL;

        -- scopes null: all that the roles include. client_id: an access token of that client.
        ALTER TABLE api_token ADD COLUMN scopes text[], ADD COLUMN client_id text COLLATE "C" REFERENCES oauth_client;
        CREATE INDEX api_token_by_client ON api_token (client_id, expires_at) WHERE client_id IS NOT NULL;
        GRANT DELETE ON api_token TO isocenter_app;

        -- external_id: what a directory calls the account. withdrawn_at: the directory deleted it; the trail keeps it.
        ALTER TABLE user_account ADD COLUMN external_id text COLLATE "C", ADD COLUMN withdrawn_at timestamptz;
        """
    )
    for table, also in TABLES.items():
        seen = "institution_id = isocenter_institution()" + (f" OR {also}" if also else "")
        connection.execute(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY inside_institution ON {table} USING ({seen})"
            " WITH CHECK (institution_id = isocenter_institution());"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO isocenter_app;"
        )
    connection.execute(
        "GRANT SELECT, USAGE ON SEQUENCE identity_provider_provider_id_seq, oauth_client_secret_secret_id_seq"
        " TO isocenter_app"
    )
