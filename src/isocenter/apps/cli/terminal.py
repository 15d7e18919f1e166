"""What the commands write with: facts to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from isocenter.standards.dicom.unseen_characters import marked


class InertConsole(Console):
    """Shows control and unseen characters marked: file names and values of objects cannot command the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string, alone or in a table, passes here."""
        return super().render_str(marked(text), **options)


out = InertConsole(highlight=False, soft_wrap=True)
err = InertConsole(stderr=True, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """One line on standard error."""
    err.print(f"isocenter: {sentence}", style="red", markup=False)


def tell_json(value: Any) -> None:
    """One JSON document for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str, indent=1) + "\n")
