"""What can go wrong with bytes.

Exhausted  ├── StorageFull       no room; the same write succeeds when there is
           │   └── NoSecondCopy  no other node could take the second copy that an acknowledgement needs
           ├── JournalPoisoned   the disk failed a write or a sync; nothing unsynced of that segment is acknowledged
           ├── BytesAway         the bytes exist elsewhere (a journal of another or a dead node), not here, not now
           ├── StoreAway         the object store does not answer, or not as it should
           └── KeyLost           the key is not here; what it encrypts can be read when it is put back
NotFound   └── NoSuchObject      the store has no such key
               └── KeyDestroyed  the object's key was destroyed: nobody can read it any more
Conflict   └── ObjectExists      create-only: the key is taken
Invalid    └── UnknownFormat     a version, cipher or rule of a file that this program does not know
(root)     └── Damaged           bytes that we wrote do not have the digest we wrote down
               └── ForgedFact    the fact log has a gap, a broken chain or a wrong signature
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Exhausted, Invalid, IsocenterError, NotFound


class StorageFull(Exhausted):
    """No room on the disk. Nothing of the failed write is left; the same write succeeds when there is room again."""

    reason = "storage-full"


class NoSecondCopy(StorageFull):
    """Two copies are wanted and no other node could take one in time: nothing of the group is acknowledged."""

    reason = "no-second-copy"


class JournalPoisoned(Exhausted):
    """The disk failed a write or a sync of a segment: what was not durable before can never be acknowledged.

    fields: `segments`, their names as text. Ask `JournalWriter.is_durable` for each location.
    """

    reason = "journal-poisoned"


class BytesAway(Exhausted):
    """The bytes are not on this node now."""

    reason = "bytes-away"


class StoreAway(Exhausted):
    """The object store does not answer, or not as it should."""

    reason = "store-away"


class KeyLost(Exhausted):
    """The key that something is encrypted with is not here; nothing is wrong with what it encrypts."""

    reason = "key-lost"


class NoSuchObject(NotFound):
    """The store has no object under this key."""

    reason = "no-such-object"


class KeyDestroyed(NoSuchObject):
    """The key of an encrypted object was destroyed: it is as good as gone."""

    reason = "key-destroyed"


class ObjectExists(Conflict):
    """The key is taken; objects are created once and never changed."""

    reason = "object-exists"


class UnknownFormat(Invalid):
    """The file is of a version, or uses a cipher, that this program does not know."""

    reason = "unknown-format"


class Damaged(IsocenterError):
    """Bytes of ours do not have the digest or the form that we wrote down."""

    reason = "damaged"


class ForgedFact(Damaged):
    """The fact log has a gap, a broken chain or a wrong signature."""

    reason = "forged-fact"
