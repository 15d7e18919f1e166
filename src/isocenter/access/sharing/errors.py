"""What can go wrong around sharing.

Invalid  └── InvalidSharing    the field `attribute` says what
NotFound ├── UnknownAlliance
         ├── UnknownAlly       no institution that an alliance joins with the caller's
         └── UnknownRule
Conflict └── AlreadyAllied     the name is taken, or the institution is a member already
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound


class InvalidSharing(Invalid):
    """A rule or an alliance cannot be made like this; `attribute` in the fields says what is wrong."""

    reason = "invalid-sharing"


class UnknownAlliance(NotFound):
    """There is no such alliance, or it has ended."""

    reason = "unknown-alliance"


class UnknownAlly(NotFound):
    """No such institution is joined with the caller's by an alliance, or is in the region."""

    reason = "unknown-ally"


class UnknownRule(NotFound):
    """The institution gives no such rule, or it has ended."""

    reason = "unknown-sharing-rule"


class AlreadyAllied(Conflict):
    """An alliance of this name exists, or the institution is a member already."""

    reason = "already-allied"
