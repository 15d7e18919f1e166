"""The key under which the lookup knows a SOP Instance UID: 16 bytes, near for UIDs that differ only at their end."""

from __future__ import annotations

from uuid import UUID

from blake3 import blake3


def uid_hash(sop_instance_uid: str) -> UUID:
    """4 bytes of BLAKE3 of the UID up to its last dot, then 12 bytes of BLAKE3 of the whole UID.

    Instances of one series mostly differ in the last component: their keys then lie together, and an insert touches few
    pages of a large index. The 96 bits behind decide; a clash would only make a caller compare digests.
    """
    text = sop_instance_uid.encode()
    root = text[: text.rfind(b".") + 1]
    return UUID(bytes=blake3(root).digest(4) + blake3(text).digest(12))
