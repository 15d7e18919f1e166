"""What storages and policies refuse, and why."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound


class UnknownStorage(NotFound):
    """There is no storage of this number or name."""

    reason = "unknown-storage"


class InvalidStorage(Invalid):
    """What is said of a storage cannot be."""

    reason = "invalid-storage"


class StorageInUse(Conflict):
    """The storage cannot be changed so: objects are born there, a policy names it, or another region uses it."""

    reason = "storage-in-use"


class UnknownPolicy(NotFound):
    """There is no placement policy of this number."""

    reason = "unknown-placement-policy"


class InvalidPolicy(Invalid):
    """What is said of a placement policy cannot be."""

    reason = "invalid-placement-policy"
