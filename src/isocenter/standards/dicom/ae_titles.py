"""Application entity titles (PS3.5 6.2, VR AE)."""

from __future__ import annotations

from isocenter.kit.errors import Invalid

MAX_CHARACTERS = 16


class InvalidAeTitle(Invalid):
    """Not an AE title."""

    reason = "invalid-ae-title"


def check_ae_title(title: str) -> str:
    """The title without padding. Raises InvalidAeTitle unless it is 1 to 16 characters of ASCII without backslash."""
    bare = title.strip(" ")
    if not 0 < len(bare) <= MAX_CHARACTERS or "\\" in bare or not all(" " <= each <= "~" for each in bare):
        raise InvalidAeTitle("An AE title is 1 to 16 letters, digits and signs of ASCII, without a backslash.")
    return bare
