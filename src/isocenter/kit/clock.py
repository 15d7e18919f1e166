"""The one place that reads the clock. Our own events are aware UTC; DICOM dates never pass through here."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)
