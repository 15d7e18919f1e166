"""What can go wrong with programs.

Refused  └── BadClient        unknown, or a wrong secret (never says which)
Invalid  ├── InvalidClient
         └── InvalidScope     unknown, or more than is held
NotFound └── UnknownClient
Conflict └── TooManySecrets
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound, Refused


class BadClient(Refused):
    """The client is not known or its secret is not right; never says which."""

    reason = "bad-client"


class InvalidClient(Invalid):
    """A client cannot be made like this."""

    reason = "invalid-client"


class InvalidScope(Invalid):
    """There is no such scope, or it is more than the one who asks holds."""

    reason = "invalid-scope"


class UnknownClient(NotFound):
    """There is no such client or secret in this institution, or it has ended."""

    reason = "unknown-client"


class TooManySecrets(Conflict):
    """Two secrets work already."""

    reason = "too-many-secrets"
