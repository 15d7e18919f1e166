"""The key of the instance lookup: 16 bytes of (institution, SOP Instance UID), near for UIDs that end differently."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from blake3 import blake3


def uid_hash(institution_id: int, sop_instance_uid: str) -> UUID:
    """4 bytes of BLAKE3 of institution and UID up to its last dot, then 12 bytes of BLAKE3 of institution and UID.

    Instances of one series mostly differ in the last component: their keys then lie together, and an insert touches few
    pages of a large index. The 96 bits behind decide; a clash would only make a caller compare digests. The institution
    is inside, so that the index holds nothing else (docs/decisions/0021).
    """
    return UUID(bytes=uid_key(institution_id, sop_instance_uid))


def uid_key(institution_id: int, sop_instance_uid: str) -> bytes:
    """The same as 16 bytes."""
    text = f"{institution_id}/{sop_instance_uid}".encode("utf-8", "replace")
    return _of_root(text[: text.rfind(b".") + 1]) + blake3(text).digest(12)


@lru_cache(maxsize=1024)
def _of_root(root: bytes) -> bytes:
    return blake3(root).digest(4)
