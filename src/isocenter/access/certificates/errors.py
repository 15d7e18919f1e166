"""What can be wrong with certificates."""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound


class InvalidCertificate(Invalid):
    """A certificate, key, request or name that cannot be used; `field` says which."""

    reason = "invalid-certificate"


class NoAuthority(NotFound):
    """This home has no authority of its own."""

    reason = "no-authority"


class AuthorityExists(Conflict):
    """This home has an authority already: what it issued would be worth nothing with another."""

    reason = "authority-exists"


class UnknownCertificate(NotFound):
    """There is no such certificate, or it is another institution's."""

    reason = "unknown-certificate"


class AlreadyRevoked(Conflict):
    """The certificate is revoked already."""

    reason = "already-revoked"
