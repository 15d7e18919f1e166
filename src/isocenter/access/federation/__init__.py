"""Signing in through a hospital's own identity provider (OpenID Connect Core 1.0, code flow with PKCE)."""
