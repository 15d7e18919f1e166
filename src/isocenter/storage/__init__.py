"""Bytes that last: journals, packs, manifests, facts, and the object store below them (docs/formats.md)."""
