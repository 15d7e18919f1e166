"""Who may do what: institutions, users, sessions, tokens, rights, audit. Every verb takes a `Caller` first."""
