"""Bytes that last: journals, packs, manifests, facts, and the object store below them (docs/formats.md).

What the bytes mean as DICOM is known in `standards`; who may read them is decided in `access`; where an instance
lies is remembered in `index`.
"""
