"""Syslog as a client: messages of RFC 5424 over TLS (RFC 5425), to the audit repository of the hospital or region."""
