"""What several files of this folder share."""

from __future__ import annotations

from tests.adapters.web.reading_room import room

__all__ = ["room"]
