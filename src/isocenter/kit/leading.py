"""Whether this site may write: asked before every commit and every acknowledgement, where there are two sites.

Nothing here knows how it is decided; `domain/continuity/leadership.py` does.
"""

from __future__ import annotations

from collections.abc import Callable

from isocenter.kit.errors import Exhausted

MayWrite = Callable[[], None]
"""Returns when this site leads now; raises NotLeading when it does not, or cannot know."""


class NotLeading(Exhausted):
    """Another site takes what is written, or this one cannot know whether it still may."""

    reason = "not-leading"


def always_leads() -> None:
    """The answer of an Isocenter without a second site."""
