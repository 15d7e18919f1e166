"""What cannot be done with keys."""

from __future__ import annotations

from isocenter.kit.errors import Invalid, NotFound


class NothingEncrypted(NotFound):
    """The home has no master key, or the institution no key: nothing of it is encrypted."""

    reason = "nothing-encrypted"


class InvalidPassphrase(Invalid):
    """Too short, or not the one that the recovery file was made with."""

    reason = "invalid-passphrase"


class NoRecoveryFile(Invalid):
    """The file is not a recovery file, or it is damaged."""

    reason = "no-recovery-file"
