"""What can be wrong with pixels."""

from __future__ import annotations

from isocenter.kit.errors import Invalid


class InvalidImageDescription(Invalid):
    """The attributes that describe the pixels (PS3.3 C.7.6.3) are missing, impossible or too large."""

    reason = "invalid-image-description"


class UndecodableFrame(Invalid):
    """The bytes of a frame do not give the image that is described."""

    reason = "undecodable-frame"


class UnsupportedSyntax(UndecodableFrame):
    """No decoder of ours reads this transfer syntax (video, or unknown)."""

    reason = "unsupported-syntax"
