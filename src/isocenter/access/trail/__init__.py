"""The audit trail after it was written: verified, anchored, archived, searched, told as PS3.15 A.5 messages, sent.

`access.audit.record` writes it; the database chains and keeps it (index/migrations/versions/0015_audit.sql).
"""
