"""Programs that come in by themselves: OAuth2 clients (RFC 6749 4.4), what they may do, and how secrets change."""
