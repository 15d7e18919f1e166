"""Certificates: our own authority, what it issues, what else is trusted, what is revoked (RFC 5280; PS3.15 Annex B).

They live in files of home/secrets/certificates, keys readable by their owner alone, and never in the database. What
speaks TLS with them is `wire.tls`.
"""
