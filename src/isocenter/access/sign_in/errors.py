"""What can go wrong on the way in beyond a wrong password.

Refused  ├── NotSignedIn ├── SecondFactorNeeded     the password was right; a second factor is still to be shown
         │               └── SecondFactorMissing    the institution requires one and the person has none yet
         ├── BadCredentials ├── WrongCode
         │                  └── PasskeyRefused
         └── ConfirmationNeeded   somebody signed in a while ago; what follows asks for the password again
Conflict ├── LastSecondFactor
         └── TooManyPasskeys
NotFound ├── UnknownPasskey
         ├── UnknownSession
         └── UnknownReset         never issued, used or expired (never says which)
"""

from __future__ import annotations

from isocenter.access.errors import BadCredentials, NotSignedIn
from isocenter.kit.errors import Conflict, NotFound, Refused


class SecondFactorNeeded(NotSignedIn):
    """The password was right; a second factor is still to be shown."""

    reason = "second-factor-needed"


class SecondFactorMissing(NotSignedIn):
    """The institution requires a second factor, and the person has to set one up first."""

    reason = "second-factor-missing"


class WrongCode(BadCredentials):
    """The code is not right, or was used before."""

    reason = "wrong-code"


class PasskeyRefused(BadCredentials):
    """The answer of an authenticator does not open anything here; never says why."""

    reason = "passkey-refused"


class ConfirmationNeeded(Refused):
    """The person signed in a while ago and has to show again that it is her."""

    reason = "confirmation-needed"


class LastSecondFactor(Conflict):
    """The institution requires a second factor, and this is the last one."""

    reason = "last-second-factor"


class TooManyPasskeys(Conflict):
    """A person keeps a bounded number of passkeys."""

    reason = "too-many-passkeys"


class UnknownPasskey(NotFound):
    """The person has no such passkey."""

    reason = "unknown-passkey"


class UnknownSession(NotFound):
    """There is no such session, or the caller may not know that there is."""

    reason = "unknown-session"


class UnknownReset(NotFound):
    """The link was never issued, is used up or has expired."""

    reason = "unknown-reset"
